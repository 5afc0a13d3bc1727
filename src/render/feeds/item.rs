//! A post as a feed shows it.

use super::super::address::{post_url, resolved};
use super::super::{CleanItem, Content, Item};
use crate::config::Config;
use crate::post::reference::{References, Role};
use crate::post::{Enclosure, Post};

/// The item of `post`: its texts cleaned, its addresses absolute, the site's author where it names none.
///
/// Without `content` the item carries the summary alone.
/// A picture or file whose address is no http(s) URL is left out.
#[must_use]
pub fn item(post: &Post, config: &Config, content: Option<Content>) -> CleanItem {
    let url = post_url(&config.base(), post.address());
    let references = References::new(&config.base(), &url, post.source());
    let absolute = |reference: &String, role| resolved(&references, reference, role);
    let enclosure = |enclosure: &Enclosure| {
        Some(Enclosure {
            url: absolute(&enclosure.url, Role::Part)?,
            ..enclosure.clone()
        })
    };
    let authors = if post.alike.authors.is_empty() {
        config.site.author.iter().cloned().collect()
    } else {
        post.alike.authors.to_vec()
    };
    let (content, markdown) = content.map(|Content { html, markdown }| (html, markdown)).unzip();
    Item {
        id: post.id().to_string(),
        atom_id: post.atom_id().to_string(),
        title: post.title().to_string(),
        summary: post.summary().to_string(),
        content,
        markdown: markdown.filter(|_| config.feed.markdown),
        published: post.date,
        modified: post.modified(),
        authors,
        tags: post.tags.iter().map(ToString::to_string).collect(),
        language: post.alike.language.as_deref().map(str::to_owned),
        image: post.rare.image.as_ref().and_then(|image| absolute(image, Role::Part)),
        link: post.rare.link.as_ref().and_then(|link| absolute(link, Role::Link)),
        enclosures: post.rare.enclosures.iter().filter_map(enclosure).collect(),
        url,
    }
    .into()
}

#[cfg(test)]
pub(in crate::render) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Person;
    use crate::post::{Alike, Direction, Each, Fingerprint, Origin, Origins, Rare, RareFields, Status, Words};
    use crate::time::Moment;

    /// A post with a bit of everything.
    pub(in crate::render) fn post() -> Post {
        Post {
            words: Words::from(Each {
                source: "shore/kelp.md".into(),
                id: "tag:example.com,2026:kelp",
                slug: "kelp",
                address: "/posts/kelp & co",
                title: "Kelp & co",
                summary: "All of it.",
            }),
            date: Moment::utc("2026-01-02T03:04:05Z".parse().unwrap()),
            updated: None,
            standing: Status::Published,
            in_feeds: true,
            minor: None,
            tags: vec!["sea".into()].into(),
            alike: Arc::new(Alike {
                authors: [Person {
                    name: "Ada Quill".to_owned(),
                    ..Person::default()
                }]
                .into(),
                section: Some("shore".into()),
                language: None,
                origins: Arc::new(Origins {
                    title: Origin::Default,
                    id: Origin::Default,
                    address: Origin::Default,
                    date: Origin::Default,
                    standing: Origin::Default,
                    summary: Origin::Default,
                }),
            }),
            direction: Direction::LeftToRight,
            rare: Rare::from(RareFields {
                image: Some("kelp.png".to_owned()),
                link: Some("https://elsewhere.example".to_owned()),
                extra: serde_json::Map::from_iter([("mood".to_owned(), "green".into())]),
                ..RareFields::default()
            }),
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
        post.rare.enclosures = vec![file("kelp.mp3"), file("/kelp.mp3"), file("file:///etc/passwd")];
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
    fn markdown_comes_with_the_content_where_it_is_wanted_and_is_not_copied() {
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
    fn the_site_wrote_what_nobody_signed() {
        let mut config = config();
        let site = Person {
            name: "Site".to_owned(),
            ..Person::default()
        };
        config.site.author = Some(site.clone());
        let mut post = post();
        assert_eq!(item(&post, &config, None).authors[0].name, "Ada Quill");
        Arc::make_mut(&mut post.alike).authors = Arc::default();
        assert_eq!(item(&post, &config, None).authors, [site]);
    }
}
