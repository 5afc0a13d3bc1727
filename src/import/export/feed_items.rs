//! Reads RSS, Atom and JSON Feed as posts, and the two exports of Blogger, which are Atom with elements of their own.
//!
//! Everything in a feed was for everybody. In an export of Blogger only what says so is.

use serde_json::Value;
use url::Url;

use super::element::Element;
use super::text::{date_in, date_of, escaped_paragraphs, plain, push_new};
use super::xml::{XmlPart, XmlParts};
use crate::import::imported::{Audience, FoundItem, ImportedDate, ImportedEnclosure, ImportedKind, ImportedPost, SiteFacts};
use crate::time::Timestamp;

/// One document of a feed.
#[derive(Debug, Default)]
pub(super) struct FeedFile {
    pub(super) format: &'static str,
    pub(super) site: SiteFacts,
    pub(super) found: Vec<FoundItem>,
    /// The document with older items.
    pub(super) older: Option<Url>,
    /// Whether WordPress wrote it, whose feeds have pages without linking to them.
    pub(super) is_wordpress: bool,
    /// Items whose text seems to be only a summary.
    pub(super) cut_items: usize,
    /// The authors of items without any.
    authors: Vec<String>,
    language: String,
}

/// The most items of one document.
const MOST_ITEMS: usize = 100_000;

/// Reads the XML feed or export in `parts`, which was fetched from `found_at`.
pub(super) fn read_xml(mut parts: XmlParts, found_at: Option<&Url>, now: Timestamp) -> FeedFile {
    let mut document = FeedFile::default();
    let mut items = 0;
    while let Some(part) = parts.next_part() {
        match part {
            XmlPart::Mistake(line, message) => document.found.push(FoundItem::Mistake {
                place: format!("line {line}"),
                message,
            }),
            XmlPart::Element(element) => {
                let is_item = matches!(element.name.as_str(), "item" | "atom:entry");
                if is_item && items < MOST_ITEMS {
                    items += 1;
                    let found = if element.name == "item" {
                        document.format = "RSS";
                        document.rss_item(&element, found_at)
                    } else {
                        document.atom_entry(&element, found_at, now)
                    };
                    document.found.push(found);
                } else if !is_item {
                    document.add_fact(&element, found_at);
                }
            }
        }
    }
    document
}

/// Reads the JSON Feed `feed`, which was fetched from `found_at`.
pub(super) fn read_json(feed: &Value, found_at: Option<&Url>) -> FeedFile {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let url = |key: &str| {
        Url::options()
            .base_url(found_at)
            .parse(&text(feed, key))
            .ok()
            .filter(|_| !text(feed, key).is_empty())
    };
    let mut document = FeedFile {
        format: "JSON Feed",
        site: SiteFacts {
            title: text(feed, "title"),
            home: url("home_page_url"),
            feed: url("feed_url"),
        },
        older: url("next_url"),
        authors: json_authors(feed),
        language: text(feed, "language"),
        ..FeedFile::default()
    };
    let items = feed
        .get("items")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (item, number) in items.iter().zip(1..).take(MOST_ITEMS) {
        let found = document.json_item(item, number);
        document.found.push(found);
    }
    document
}

fn json_authors(value: &Value) -> Vec<String> {
    let listed = value.get("authors").and_then(Value::as_array).cloned().unwrap_or_default();
    let all = listed.iter().chain(value.get("author"));
    let mut names = Vec::new();
    for author in all {
        push_new(
            &mut names,
            plain(author.get("name").and_then(Value::as_str).unwrap_or_default()),
        );
    }
    names
}

impl FeedFile {
    fn add_fact(&mut self, element: &Element, found_at: Option<&Url>) {
        let parse = |text: &str| {
            Url::options()
                .base_url(found_at)
                .parse(text.trim())
                .ok()
                .filter(|_| !text.trim().is_empty())
        };
        match element.name.as_str() {
            "title" | "atom:title" => self.site.title = plain(&element.text()),
            "link" => self.site.home = parse(&element.text()),
            "atom:link" => {
                let url = parse(element.attribute("href"));
                match element.attribute("rel") {
                    "self" => self.site.feed = url,
                    "prev-archive" | "next" => self.older = url,
                    "alternate" | "" if self.site.home.is_none() => self.site.home = url,
                    _ => {}
                }
            }
            "generator" | "atom:generator" => self.is_wordpress |= element.text().to_lowercase().contains("wordpress"),
            "language" => self.language = element.text().trim().to_owned(),
            "atom:author" => push_new(&mut self.authors, plain(&element.text_of("atom:name"))),
            "dc:creator" => push_new(&mut self.authors, plain(&element.text())),
            _ => {}
        }
    }

    /// The last steps that all formats share.
    fn finish(&mut self, mut post: ImportedPost, full: String, summary: String) -> FoundItem {
        if full.is_empty() {
            if plain(&summary).trim_end().ends_with(['…', ']']) || plain(&summary).trim_end().ends_with("...") {
                self.cut_items += 1;
            }
            post.html = summary;
        } else {
            post.summary = plain(&summary);
            // a summary that feedmill makes of the text says nothing new
            let words = plain(&full);
            let start = post.summary.trim_end_matches(['…', '.']).trim();
            if words.starts_with(start) {
                post.summary.clear();
            }
            post.html = full;
        }
        // Atom needs an author (RFC 4287, section 4.1.1): where there is none, tools write the title of the site
        let is_title = matches!(self.authors.as_slice(), [name] if *name == self.site.title);
        if post.authors.is_empty() && !is_title {
            post.authors.clone_from(&self.authors);
        }
        if post.slug.is_empty() {
            let last = post
                .url
                .as_ref()
                .and_then(|url| url.path_segments()?.rfind(|part| !part.is_empty()).map(str::to_owned));
            post.slug = last.unwrap_or_default();
        }
        if post.id.is_empty() {
            // readers take the address for the id
            post.id = post.url.as_ref().map(Url::to_string).unwrap_or_default();
        }
        FoundItem::Post(Box::new(post))
    }

    fn rss_item(&mut self, item: &Element, found_at: Option<&Url>) -> FoundItem {
        let guid = item.text_of("guid");
        let link = [item.text_of("link"), item.text_of("feedburner:origLink")]
            .into_iter()
            .rfind(|link| !link.is_empty());
        let is_link = guid.contains("://")
            && item
                .all("guid")
                .next()
                .is_some_and(|guid| guid.attribute("isPermaLink") != "false");
        let link = link.or_else(|| is_link.then(|| guid.clone())).unwrap_or_default();
        let mut post = ImportedPost {
            place: format!("line {}", item.line),
            audience: Audience::Everybody,
            id: guid,
            source_key: format!("rss {link} {} {}", item.text_of("title"), item.text_of("pubDate")),
            title: plain(&item.text_of("title")),
            date: date_in(&item.text_of("pubDate")).or_else(|| date_in(&item.text_of("dc:date"))),
            updated: date_in(&item.text_of("atom:updated")),
            url: Url::options()
                .base_url(found_at)
                .parse(&link)
                .ok()
                .filter(|_| !link.is_empty()),
            ..ImportedPost::default()
        };
        for author in item.all("dc:creator") {
            push_new(&mut post.authors, plain(&author.text()));
        }
        if post.authors.is_empty() {
            push_new(&mut post.authors, name_in(&item.text_of("author")));
        }
        for category in item.all("category") {
            push_new(&mut post.tags, plain(&category.text()));
        }
        for enclosure in item.all("enclosure") {
            post.enclosures.push(ImportedEnclosure {
                url: enclosure.attribute("url").to_owned(),
                media_type: enclosure.attribute("type").to_owned(),
                length: enclosure.attribute("length").trim().parse().unwrap_or(0),
            });
        }
        self.finish(post, item.text_of("content:encoded"), item.text_of("description"))
    }

    fn atom_entry(&mut self, entry: &Element, found_at: Option<&Url>, now: Timestamp) -> FoundItem {
        self.format = "Atom";
        let blogger = blogger_kind(entry);
        if blogger.is_some() {
            self.format = "Blogger";
        }
        let state = entry.text_of("blogger:status");
        if let Some(kind) = blogger.as_deref().filter(|kind| !matches!(*kind, "post" | "page")) {
            return FoundItem::LeftOut {
                kind: kind.to_owned(),
                state,
                why: String::new(),
            };
        }
        let link = |relation: &str| {
            entry.all("atom:link").find(
                |link| matches!(link.attribute("rel"), found if found == relation || relation == "alternate" && found.is_empty()),
            )
        };
        let url = link("alternate").and_then(|link| Url::options().base_url(found_at).parse(link.attribute("href")).ok());
        let mut post = ImportedPost {
            kind: if blogger.as_deref() == Some("page") {
                ImportedKind::Page
            } else {
                ImportedKind::Post
            },
            place: format!("line {}", entry.line),
            id: entry.text_of("atom:id"),
            source_key: format!("atom {}", entry.text_of("atom:title")),
            title: entry
                .all("atom:title")
                .next()
                .map(text_construct)
                .map(|html| plain(&html))
                .unwrap_or_default(),
            date: date_in(&entry.text_of("atom:published")).or_else(|| date_in(&entry.text_of("atom:updated"))),
            updated: date_in(&entry.text_of("atom:updated")),
            url,
            ..ImportedPost::default()
        };
        if blogger.is_some() {
            self.add_blogger(entry, &state, now, &mut post);
        } else {
            post.audience = if is_draft(entry) {
                Audience::Draft
            } else {
                Audience::Everybody
            };
        }
        add_names_and_files(entry, &mut post);
        let construct = |name: &str| entry.all(name).next().map(text_construct).unwrap_or_default();
        self.finish(post, construct("atom:content"), construct("atom:summary"))
    }

    /// What an entry of Blogger's own exports says besides. Takeout names the state of each post; the old export marks drafts.
    fn add_blogger(&self, entry: &Element, state: &str, now: Timestamp, post: &mut ImportedPost) {
        let is_takeout = entry.elements().any(|element| element.name.starts_with("blogger:"));
        let is_ahead = post
            .date
            .and_then(ImportedDate::moment)
            .is_some_and(|date| date.timestamp() > now);
        post.audience = match (is_takeout, state) {
            _ if entry.is_cut || is_draft(entry) => Audience::Draft,
            (true, "LIVE") => Audience::Everybody,
            (true, "SCHEDULED") if is_ahead => Audience::Everybody,
            (true, _) => Audience::Draft,
            // an entry that was never published has no address
            (false, _) if post.url.is_none() => Audience::Draft,
            (false, _) => Audience::Everybody,
        };
        post.state = match state {
            "" if post.audience == Audience::Draft => "draft".to_owned(),
            "" => "published".to_owned(),
            state => state.to_owned(),
        };
        let file = entry.text_of("blogger:filename");
        if file.starts_with('/') {
            post.url = post.url.take().or_else(|| self.site.home.as_ref()?.join(&file).ok());
            post.slug = file.rsplit('/').next().unwrap_or_default().to_owned();
            post.aliases.push(file);
        }
    }

    fn json_item(&mut self, item: &Value, number: usize) -> FoundItem {
        let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = match item.get("id") {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => String::new(),
        };
        let non_empty = |text: String| Some(text).filter(|text| !text.is_empty());
        let mut post = ImportedPost {
            place: format!("item {number}"),
            audience: Audience::Everybody,
            id,
            source_key: format!("json {} {}", text("title"), text("date_published")),
            title: plain(&text("title")),
            date: date_of(item.get("date_published")),
            updated: date_of(item.get("date_modified")),
            url: text("url").parse().ok(),
            external_url: non_empty(text("external_url")),
            image: non_empty(text("image")).or_else(|| non_empty(text("banner_image"))),
            authors: json_authors(item),
            ..ImportedPost::default()
        };
        let language = text("language");
        if language != self.language {
            post.language = language;
        }
        for tag in item
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            push_new(&mut post.tags, plain(tag));
        }
        for file in item.get("attachments").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| file.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            post.enclosures.push(ImportedEnclosure {
                url: text("url"),
                media_type: text("mime_type"),
                length: file.get("size_in_bytes").and_then(Value::as_u64).unwrap_or(0),
            });
        }
        let full = match text("content_html") {
            html if html.is_empty() => escaped_paragraphs(&text("content_text")),
            html => html,
        };
        self.finish(post, full, text("summary"))
    }
}

/// Adds the authors, tags and enclosures of an entry.
fn add_names_and_files(entry: &Element, post: &mut ImportedPost) {
    for author in entry.all("atom:author") {
        push_new(&mut post.authors, plain(&author.text_of("atom:name")));
    }
    for category in entry
        .all("atom:category")
        .filter(|category| !category.attribute("scheme").ends_with("#kind"))
    {
        let label = [category.attribute("label"), category.attribute("term")]
            .into_iter()
            .find(|text| !text.is_empty());
        push_new(&mut post.tags, plain(label.unwrap_or_default()));
    }
    for link in entry.all("atom:link").filter(|link| link.attribute("rel") == "enclosure") {
        post.enclosures.push(ImportedEnclosure {
            url: link.attribute("href").to_owned(),
            media_type: link.attribute("type").to_owned(),
            length: link.attribute("length").trim().parse().unwrap_or(0),
        });
    }
}

/// The HTML in a text construct of Atom (RFC 4287, section 3.1).
fn text_construct(element: &Element) -> String {
    match element.attribute("type") {
        "xhtml" | "application/xhtml+xml" => element.html(),
        "html" | "text/html" => element.text(),
        _ => html_escape::encode_text(&element.text()).into_owned(),
    }
}

/// Whether an entry is a draft (RFC 5023, section 13.1.1).
fn is_draft(entry: &Element) -> bool {
    entry
        .all("app:control")
        .any(|control| control.text_of("app:draft").eq_ignore_ascii_case("yes"))
}

/// What an entry of Blogger is: `post`, `page`, `comment`, `settings`, `template`; `None` if it is not of Blogger's exports.
fn blogger_kind(entry: &Element) -> Option<String> {
    let takeout = entry.text_of("blogger:type");
    if !takeout.is_empty() {
        return Some(takeout.to_lowercase());
    }
    let mut kinds = entry
        .all("atom:category")
        .filter(|category| category.attribute("scheme").ends_with("schemas.google.com/g/2005#kind"));
    kinds.find_map(|kind| {
        kind.attribute("term")
            .rsplit_once("kind#")
            .map(|(_, kind)| kind.to_lowercase())
    })
}

/// The name in the `author` of an RSS item: `a@example.com (Name)`.
fn name_in(author: &str) -> String {
    match author.split_once('(') {
        Some((_, name)) => plain(name.trim_end_matches(')')),
        None if author.contains('@') => String::new(),
        None => plain(author),
    }
}
