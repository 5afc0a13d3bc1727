//! A post in a feed: what feeds show of it, made from the post and cleaned once for all formats.

use std::ops::Deref;
use std::sync::Arc;

use smol_str::SmolStr;

use super::super::address::{post_url, resolved, web_address};
use super::super::xml_text::one_line;
use super::super::{Content, Format, clean};
use super::serialized_item::SerializedItem;
use crate::config::{Config, Person};
use crate::post::reference::{PAGE_EXTENSIONS, References, Role};
use crate::post::{Enclosure, Post};
use crate::time::Moment;

/// A post in a feed, with absolute addresses. Documents contain it only cleaned, as a [`CleanItem`].
#[derive(Clone, Debug)]
pub struct Item {
    /// The id in RSS and JSON Feed.
    pub id: String,
    /// The id in Atom, an IRI.
    pub atom_id: String,
    /// The post's own address.
    pub url: String,
    /// The title; may be empty.
    pub title: String,
    /// The summary as plain text; may be empty.
    pub summary: String,
    /// The whole text as clean HTML; `None` if the feed has summaries only, is full, or the text cannot be read.
    pub content: Option<Arc<str>>,
    /// The whole text as Markdown; `None` if `content` is, or if the feed has no Markdown.
    pub markdown: Option<Arc<str>>,
    /// When it was published.
    pub published: Moment,
    /// When it last changed; not before `published`.
    pub modified: Moment,
    /// Its authors.
    pub authors: Vec<Person>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its language, if it names one.
    pub language: Option<String>,
    /// Its picture.
    pub image: Option<String>,
    /// The page that it is about.
    pub link: Option<String>,
    /// Its enclosures, with absolute `url`s.
    pub enclosures: Vec<Enclosure>,
}

/// The item of `post`, with clean texts and absolute addresses, which `references` resolves. If the post names no author, the author
/// is the site's.
///
/// Without `content` the item has only the summary. Pictures and files whose address is not an http(s) URL are left out.
#[must_use]
pub fn item(post: &Post, config: &Config, references: &References, content: Option<Content>) -> CleanItem {
    let url = post_url(&config.base(), &post.address);
    let absolute = |reference: &str, role| resolved(references, reference, role);
    let enclosure = |enclosure: &Enclosure| {
        let url = absolute(&enclosure.url, Role::Part)?;
        has_file(enclosure, references).then(|| Enclosure {
            url,
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
        id: post.id.to_string(),
        atom_id: post.atom_id().to_string(),
        title: post.title.to_string(),
        summary: post.summary.to_string(),
        content,
        markdown: markdown.filter(|_| config.feed.markdown),
        published: post.date,
        modified: post.modified(),
        authors,
        tags: post.tags.iter().map(SmolStr::to_string).collect(),
        language: post.language.as_deref().map(str::to_owned),
        image: post.image.as_ref().and_then(|image| absolute(image, Role::Part)),
        link: post.link.as_ref().and_then(|link| absolute(link, Role::Link)),
        enclosures: post.enclosures.iter().filter_map(enclosure).collect(),
        url,
    }
    .into()
}

/// Whether `enclosure` is a file: if it is on this site, it is there, and it has not the address of a page. An author who names the
/// length knows that it is one.
pub(in crate::render) fn has_file(enclosure: &Enclosure, references: &References) -> bool {
    let is_missing = references.target_of(&enclosure.url, Role::Part) == Some(None);
    let path = enclosure.url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let has_ending = name.contains('.') && !PAGE_EXTENSIONS.iter().any(|ending| name.ends_with(&format!(".{ending}")));
    let is_page = !has_ending && ["application/octet-stream", "text/html"].contains(&enclosure.media_type.as_str());
    enclosure.length > 0 || !(is_missing || is_page)
}

/// An item without anything that could break a document. It is made once for all formats, and cached until its post changes.
#[derive(Clone, Debug)]
pub struct CleanItem(Arc<(Item, SerializedItem)>);

impl From<Item> for CleanItem {
    /// Cleans the item.
    fn from(item: Item) -> CleanItem {
        CleanItem(Arc::new((item.cleaned(), SerializedItem::default())))
    }
}

impl CleanItem {
    /// The item alone in `format`. `write` serializes it on the first call only.
    pub(super) fn serialized(&self, format: Format, write: impl FnOnce(&Item) -> String) -> &str {
        let (item, written) = &*self.0;
        written.get_or_write(format, || write(item))
    }
}

impl Deref for CleanItem {
    type Target = Item;

    fn deref(&self) -> &Item {
        let (item, _) = &*self.0;
        item
    }
}

impl Item {
    /// The item without anything that could break a document. Cleaning a second time changes nothing.
    fn cleaned(&self) -> Item {
        let content = clean::some_text(self.content.as_ref());
        Item {
            id: clean::id(&self.id),
            atom_id: clean::id(&self.atom_id),
            url: web_address(&self.url).unwrap_or_else(|| one_line(&self.url).into_owned()),
            title: one_line(&self.title).into_owned(),
            summary: one_line(&self.summary).into_owned(),
            markdown: content.as_ref().and(clean::some_text(self.markdown.as_ref())),
            content,
            published: self.published,
            modified: self.modified.max(self.published),
            authors: clean::people(&self.authors),
            tags: clean::tags(&self.tags),
            language: self.language.as_deref().and_then(clean::language),
            image: self.image.as_deref().and_then(web_address),
            link: self.link.as_deref().and_then(web_address),
            enclosures: self.enclosures.iter().filter_map(clean::enclosure).collect(),
        }
    }
}

#[cfg(test)]
pub(in crate::render) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::Person;
    use crate::post::reference::Targets;
    use crate::post::{Origin, Status};
    use crate::time::Moment;

    /// A post with a value in every field.
    pub(in crate::render) fn post() -> Post {
        Post {
            id: "tag:example.com,2026:kelp".into(),
            slug: "kelp".into(),
            address: "/posts/kelp & co".into(),
            title: "Kelp & co".into(),
            summary: "All of it.".into(),
            date: Moment::utc("2026-01-02T03:04:05Z".parse().unwrap()),
            status: Status::Published,
            in_feeds: true,
            tags: ["sea".into()].into(),
            authors: vec![Person {
                name: "Ada Quill".to_owned(),
                ..Person::default()
            }],
            section: Some("shore".into()),
            image: Some("kelp.png".into()),
            link: Some("https://elsewhere.example".into()),
            extra: Some(Box::new(serde_json::Map::from_iter([("mood".to_owned(), "green".into())]))),
            text: "Kelp.".into(),
            ..Post::unknown("shore/kelp.md".into(), Origin::Default)
        }
    }

    fn config() -> Config {
        let mut config = Config::default();
        config.site.base_url = Some("https://example.com/blog/".parse().unwrap());
        config
    }

    fn references(post: &Post) -> References {
        crate::render::references(post, &config().base(), &Targets::default())
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
        let item = item(&post, &config(), &references(&post), None);
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
        let references = references(&post);
        let short = item(&post, &config(), &references, None);
        assert_eq!((&short.content, &short.markdown), (&None, &None));
        let markdown = post.text.loaded().unwrap();
        let content = Content {
            html: "<p>Kelp.</p>".into(),
            markdown: Arc::clone(markdown),
        };
        let usual = item(&post, &config(), &references, Some(content.clone()));
        assert_eq!((usual.content.as_deref(), &usual.markdown), (Some("<p>Kelp.</p>"), &None));
        let mut with_markdown = config();
        with_markdown.feed.markdown = true;
        let whole = item(&post, &with_markdown, &references, Some(content));
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
        let item = |post: &Post, config: &Config| item(post, config, &references(post), None);
        assert_eq!(item(&post, &config).authors[0].name, "Ada Quill");
        post.authors.clear();
        assert_eq!(item(&post, &config).authors, [site]);
    }
}
