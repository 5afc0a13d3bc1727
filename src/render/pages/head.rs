//! The head of a page: for browsers, search engines, feed readers and link previews.
//!
//! Open Graph protocol (ogp.me), Twitter cards, and JSON-LD in the vocabulary of schema.org.

use minijinja::Value;
use serde::Serialize;

use super::address::Addresses;
use crate::config::Config;
use crate::post::Direction;
use crate::render::Format;
use crate::render::clean::language;
use crate::render::xml_text::one_line;

/// The value `head` of the templates.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    /// The title of the document, which includes the site's.
    pub(super) title: String,
    /// A sentence about it; may be empty.
    pub(super) description: String,
    /// Its language (RFC 5646).
    pub(super) language: String,
    /// Its text direction.
    pub(super) direction: Direction,
    /// Its path on the site; empty if it has none.
    pub(super) path: String,
    /// Its absolute address, if search engines may index it.
    pub(super) canonical: Option<String>,
    /// The `robots` directive for crawlers.
    pub(super) robots: Option<&'static str>,
    /// The page before it.
    pub(super) previous: Option<String>,
    /// The page after it.
    pub(super) next: Option<String>,
    /// The feeds of its scope, then those of the site.
    pub(super) feeds: Vec<FeedLink>,
    /// Open Graph: property and content.
    pub(super) graph: Vec<Meta>,
    /// The Twitter card.
    pub(super) card: &'static str,
    /// JSON-LD, safe in a `script`.
    pub(super) data: Option<Value>,
}

/// A feed, as a link.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FeedLink {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) r#type: &'static str,
    pub(super) url: String,
}

/// A property of Open Graph.
#[derive(Debug, Serialize)]
pub(super) struct Meta {
    pub(super) name: &'static str,
    pub(super) content: String,
}

impl Head {
    /// The head of the page at the absolute address `canonical`. `title` is empty for the site's first page. A page without an address
    /// is not indexed by search engines. `scope` is the path and the name of the page's scope.
    pub(super) fn new(
        config: &Config,
        addresses: &Addresses,
        title: &str,
        canonical: Option<String>,
        scope: (&str, &str),
    ) -> Head {
        let site = one_line(&config.site.title).into_owned();
        let language = language(&config.site.language).unwrap_or_default();
        let is_home = title.is_empty();
        let mut graph = Vec::new();
        if let Some(canonical) = &canonical {
            graph.push(meta("og:site_name", &site));
            graph.push(meta("og:url", canonical));
            graph.push(meta("og:title", if is_home { &site } else { title }));
        }
        Head {
            title: if is_home { site } else { format!("{title} · {site}") },
            description: one_line(&config.site.description).into_owned(),
            direction: Direction::of_language(&language),
            language,
            path: canonical.clone().map(|url| addresses.relative(url)).unwrap_or_default(),
            robots: canonical.is_none().then_some("noindex"),
            canonical,
            previous: None,
            next: None,
            feeds: feeds(config, addresses, scope),
            graph,
            card: "summary",
            data: None,
        }
    }

    /// The same head for a page that is not an article.
    pub(super) fn of_website(mut self, config: &Config) -> Head {
        if self.canonical.is_some() {
            self.graph.push(meta("og:type", "website"));
            if !self.description.is_empty() {
                self.graph.push(meta("og:description", &self.description));
            }
            self.add_picture(config.site.image.as_ref().map(url::Url::as_str));
        }
        self
    }

    /// Adds the picture at `url` for link previews.
    pub(super) fn add_picture(&mut self, url: Option<&str>) {
        if let Some(url) = url {
            self.graph.push(meta("og:image", url));
            self.card = "summary_large_image";
        }
    }

    /// The same head with `data` as JSON-LD.
    pub(super) fn with_data(mut self, data: &serde_json::Value) -> Head {
        self.data = Some(in_script(data));
        self
    }
}

/// A property of Open Graph.
pub(super) fn meta(name: &'static str, content: &str) -> Meta {
    Meta {
        name,
        content: content.to_owned(),
    }
}

/// `data` escaped for a `script` element: nothing in it ends the element or begins a comment (HTML, section 4.12.1.3).
fn in_script(data: &serde_json::Value) -> Value {
    Value::from_safe_string(data.to_string().replace('<', "\\u003c").replace('>', "\\u003e"))
}

/// The feeds of the scope at this path with this name, and then those of the site.
pub(super) fn feeds(config: &Config, addresses: &Addresses, (path, name): (&str, &str)) -> Vec<FeedLink> {
    let site = one_line(&config.site.title);
    let links = |path: &str, title: &str| {
        Format::ALL.map(|format| FeedLink {
            name: format_name(format),
            title: title.to_owned(),
            r#type: format.link_type(),
            url: addresses.feed(path, format),
        })
    };
    let mut feeds = Vec::new();
    if !path.is_empty() {
        feeds.extend(links(path, &format!("{site}: {}", one_line(name))));
    }
    feeds.extend(links("", &site));
    feeds
}

/// The name of the format for people.
pub(super) fn format_name(format: Format) -> &'static str {
    match format {
        Format::Rss => "RSS",
        Format::Atom => "Atom",
        Format::Json => "JSON Feed",
    }
}
