//! Makes a feed item from a post.

use super::super::address::{post_url, resolved};
use super::super::{CleanItem, Content, Item};
use crate::config::Config;
use crate::post::reference::{References, Role};
use crate::post::{Enclosure, Post};

/// The item of `post`, with clean texts and absolute addresses. If the post names no author, the author is the site's.
///
/// Without `content` the item has only the summary. Pictures and files whose address is not an http(s) URL are left out.
#[must_use]
pub fn item(post: &Post, config: &Config, content: Option<Content>) -> CleanItem {
    let url = post_url(&config.base(), &post.address);
    let references = References::new(&config.base(), &url, &post.source);
    let absolute = |reference: &str, role| resolved(&references, reference, role);
    let enclosure = |enclosure: &Enclosure| {
        Some(Enclosure {
            url: absolute(&enclosure.url, Role::Part)?,
            ..enclosure.clone()
        })
    };
    let authors = if post.authors.is_empty() {
        config.site.author.iter().cloned().collect()
    } else {
        post.authors.clone()
    };
    let (content, markdown) = content.map(|Content { html, markdown }| (html, markdown)).unzip();
    Item {
        id: post.id.clone(),
        atom_id: post.atom_id().to_string(),
        title: post.title.clone(),
        summary: post.summary.clone(),
        content,
        markdown: markdown.filter(|_| config.feed.markdown),
        published: post.date,
        modified: post.modified(),
        authors,
        tags: post.tags.clone(),
        language: post.language.as_deref().map(str::to_owned),
        image: post.image.as_ref().and_then(|image| absolute(image, Role::Part)),
        link: post.link.as_ref().and_then(|link| absolute(link, Role::Link)),
        enclosures: post.enclosures.iter().filter_map(enclosure).collect(),
        url,
    }
    .into()
}

#[cfg(test)]
pub(in crate::render) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Person;
    use crate::post::{Direction, Fingerprint, Origin, Origins, Status};
    use crate::time::Moment;

    /// A post with a value in every field.
    pub(in crate::render) fn post() -> Post {
        Post {
            source: "shore/kelp.md".into(),
            id: "tag:example.com,2026:kelp".to_owned(),
            atom_id: None,
            other_ids: Box::default(),
            slug: "kelp".to_owned(),
            address: "/posts/kelp & co".to_owned(),
            aliases: Box::default(),
            names: Box::default(),
            title: "Kelp & co".to_owned(),
            summary: "All of it.".to_owned(),
            date: Moment::utc("2026-01-02T03:04:05Z".parse().unwrap()),
            updated: None,
            expires: None,
            status: Status::Published,
            in_feeds: true,
            minor: None,
            tags: vec!["sea".to_owned()],
            authors: vec![Person {
                name: "Ada Quill".to_owned(),
                ..Person::default()
            }],
            section: Some("shore".into()),
            language: None,
            direction: Direction::LeftToRight,
            image: Some("kelp.png".into()),
            link: Some("https://elsewhere.example".into()),
            enclosures: Box::default(),
            extra: Some(Box::new(serde_json::Map::from_iter([("mood".to_owned(), "green".into())]))),
            origins: Origins {
                title: Origin::Default,
                id: Origin::Default,
                address: Origin::Default,
                date: Origin::Default,
                status: Origin::Default,
                summary: Origin::Default,
            },
            content: Fingerprint::default(),
            file: crate::post::Digest::default(),
            text: "Kelp.".into(),
            touched: crate::time::Timestamp::UNIX_EPOCH.into(),
            told: None,
            is_out_already: false,
            is_held: false,
            has_long_text: false,
        }
    }

    fn config() -> Config {
        let mut config = Config::default();
        config.site.base_url = Some("https://example.com/blog/".parse().unwrap());
        config
    }

    #[test]
    fn addresses_are_absolute() {
        let mut post = post();
        let file = |url: &str| Enclosure {
            url: url.to_owned(),
            media_type: String::new(),
            length: 7,
            duration: None,
            title: None,
        };
        post.enclosures = [file("kelp.mp3"), file("/kelp.mp3"), file("file:///etc/passwd")].into();
        let item = item(&post, &config(), None);
        assert_eq!(item.url, "https://example.com/blog/posts/kelp%20&%20co");
        assert_eq!(item.image.as_deref(), Some("https://example.com/blog/media/shore/kelp.png"));
        assert_eq!(item.link.as_deref(), Some("https://elsewhere.example/"));
        let files: Vec<_> = item.enclosures.iter().map(|file| file.url.as_str()).collect();
        assert_eq!(
            files,
            [
                "https://example.com/blog/media/shore/kelp.mp3",
                "https://example.com/kelp.mp3"
            ]
        );
        assert_eq!(item.enclosures[0].media_type, "application/octet-stream");
    }

    #[test]
    fn markdown_is_included_if_configured_and_not_copied() {
        let post = post();
        let short = item(&post, &config(), None);
        assert_eq!((&short.content, &short.markdown), (&None, &None));
        let markdown = post.text.loaded().unwrap();
        let content = Content {
            html: "<p>Kelp.</p>".into(),
            markdown: Arc::clone(markdown),
        };
        let usual = item(&post, &config(), Some(content.clone()));
        assert_eq!((usual.content.as_deref(), &usual.markdown), (Some("<p>Kelp.</p>"), &None));
        let mut with_markdown = config();
        with_markdown.feed.markdown = true;
        let whole = item(&post, &with_markdown, Some(content));
        assert_eq!(whole.content.as_deref(), Some("<p>Kelp.</p>"));
        assert!(whole.markdown.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, markdown)));
    }

    #[test]
    fn posts_without_an_author_have_the_one_of_the_site() {
        let mut config = config();
        let site = Person {
            name: "Site".to_owned(),
            ..Person::default()
        };
        config.site.author = Some(site.clone());
        let mut post = post();
        assert_eq!(item(&post, &config, None).authors[0].name, "Ada Quill");
        post.authors.clear();
        assert_eq!(item(&post, &config, None).authors, [site]);
    }
}
