//! Determines the address of a post or page: from its front matter, else from the site's pattern (`posts.permalink`) or the page's path.

use camino::Utf8Path;
use url::Url;

use super::Origin;
use super::fields::Fields;
use super::kind::{Kind, address_of_page};
use super::node::Node;
use super::slug::{self, PathName};
use crate::config::Config;
use crate::time::Moment;

/// The address of a post, with its slug.
#[derive(Debug)]
pub struct PostAddress {
    /// See [`super::Post::slug`].
    pub slug: String,
    /// See [`super::Post::address`].
    pub address: String,
    /// Where the address came from.
    pub origin: Origin,
}

/// Why an address in the front matter is not used.
#[derive(Debug)]
pub enum AddressError {
    /// It is another tool's pattern or template.
    Pattern,
    /// It is not below the site's own address, which this is.
    Elsewhere(String),
    /// It is percent-encoded, but not UTF-8.
    NotUtf8,
    /// It contains something that a path cannot contain.
    NoPath,
    /// It contains something that a segment of a path cannot contain.
    NoPart,
    /// It begins like the addresses of feedmill's own documents.
    Reserved,
}

impl AddressError {
    /// Returns what is wrong with it, as the end of a sentence.
    pub fn why(&self) -> String {
        match self {
            AddressError::Pattern => "patterns of other tools are not followed".to_owned(),
            AddressError::Elsewhere(base) => format!("it is not below the site's own address, {base}"),
            AddressError::NotUtf8 => "it is not UTF-8".to_owned(),
            AddressError::NoPath => "an address cannot contain `..`, `?`, `#`, `\\` or an empty part between two `/`".to_owned(),
            AddressError::NoPart => "a slug cannot contain `?`, `#` or `\\`".to_owned(),
            AddressError::Reserved => "addresses that begin so are feedmill's own".to_owned(),
        }
    }

    /// Returns how to fix it.
    pub fn mend(&self) -> &'static str {
        match self {
            AddressError::Pattern => "write the address itself, or set `posts.permalink` for all posts",
            AddressError::Elsewhere(_) => "write a path such as `/notes/hello`; a page elsewhere is an `external_url`",
            AddressError::NoPart => "write a word such as `hello`, or leave the key out",
            _ => "write a path such as `/notes/hello`, or leave the key out",
        }
    }
}

/// First segments of the paths that feedmill answers itself (see `http::target`): no post may have such an address.
const RESERVED: [&str; 34] = [
    "api",
    "archive",
    "atom",
    "atom.xml",
    "authors",
    "favicon.ico",
    "favicon.svg",
    "feed",
    "feed.atom",
    "feed.json",
    "feed.rss",
    "feed.xml",
    "feeds.opml",
    "healthz",
    "hub",
    "icon.png",
    "index.atom",
    "index.json",
    "index.rss",
    "index.xml",
    "media",
    "openapi.json",
    "page",
    "readyz",
    "robots.txt",
    "rss",
    "rss.xml",
    "search",
    "sections",
    "sitemap.xml",
    "style.css",
    "subscribe",
    "tags",
    "years",
];

/// In bytes. A longer path is refused: some clients and proxies cannot request it.
const LONGEST_PATH: usize = 1024;

/// What the address of a post or page is made from where its front matter contains none.
#[derive(Clone, Copy, Debug)]
pub(super) struct AddressParts<'a> {
    pub(super) kind: Kind,
    pub(super) file: &'a Utf8Path,
    pub(super) path: &'a PathName,
    /// When it is published.
    pub(super) date: Moment,
}

/// Returns the address of the post or page of `parts` with these fields, and the fields that cannot be used, with the reasons.
pub(super) fn read_address<'a>(
    fields: &Fields<'a>,
    parts: AddressParts,
    config: &Config,
) -> (PostAddress, Vec<(&'a Node, AddressError)>) {
    let named = |key: &str, address: String| PostAddress {
        slug: last_segment(&address),
        address,
        origin: Origin::Field(key.into()),
    };
    let mut refused = Vec::new();
    let mut slug = parts.path.slug.clone();
    let mut origin = Origin::FileName;
    if let Some((key, node, text)) = fields.first_text(&["slug"]) {
        let trimmed = text.trim_matches('/');
        if text.contains('/') && !trimmed.is_empty() {
            match parse_address(text, config) {
                Ok(address) => return (named(key, address), refused),
                Err(why) => refused.push((node, why)),
            }
        } else if is_segment(trimmed) {
            trimmed.clone_into(&mut slug);
            origin = Origin::Field(key.into());
        } else {
            refused.push((node, AddressError::NoPart));
        }
    }
    for key in ["url", "path", "permalink", "link"] {
        let Some((key, node, text)) = fields.first_text(&[key]) else {
            continue;
        };
        // `link` is the post's address in Blot, in other tools the page that the post is about; `permalink: false` is not an address
        if key.eq_ignore_ascii_case("link") && text.contains("://") || text.eq_ignore_ascii_case("false") {
            continue;
        }
        match parse_address(text, config) {
            Ok(address) => return (named(key, address), refused),
            Err(why) => refused.push((node, why)),
        }
    }
    let address = made_address(&slug, parts, config);
    (PostAddress { slug, address, origin }, refused)
}

/// Before the address of a page that would be one of feedmill's own.
pub(super) const ADDRESSES_OF_PAGES: &str = "/pages";

/// Returns the address of a post by the site's pattern, or of a page by its path.
pub(super) fn made_address(slug: &str, parts: AddressParts, config: &Config) -> String {
    let AddressParts { kind, file, path, date } = parts;
    let address = if kind.is_page() {
        address_of_page(file, slug)
    } else {
        address_by_pattern(slug, path, date, config)
    };
    // a translation, marked in the file's name, must not get the address of its original
    let address = match &path.language {
        Some(language) if address.starts_with('/') && !language.eq_ignore_ascii_case(&config.site.language) => {
            format!("/{}{address}", language.to_lowercase())
        }
        _ => address,
    };
    // a folder or a post named `tags` is published too, below another address
    if address.starts_with('/') && is_reserved(&address) {
        let below = if kind.is_page() { ADDRESSES_OF_PAGES } else { "/posts" };
        format!("{below}{address}")
    } else {
        address
    }
}

/// Returns the address by the site's pattern (`posts.permalink`).
fn address_by_pattern(slug: &str, path: &PathName, date: Moment, config: &Config) -> String {
    let mut address = config.posts.permalink.replace("{slug}", slug);
    if address.contains('{') {
        let date = date.date();
        let section = path.section.as_deref().map(slug::slugify).unwrap_or_default();
        let below_section = if section.is_empty() {
            String::new()
        } else {
            format!("/{section}")
        };
        address = address
            .replace("{year}", &format!("{:04}", date.year()))
            .replace("{month}", &format!("{:02}", date.month()))
            .replace("{day}", &format!("{:02}", date.day()))
            .replace("/{section}", &below_section)
            .replace("{section}", &section);
    }
    address
}

/// Whether `path` begins like an address of feedmill's own.
pub(crate) fn is_reserved(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    // the parts of a large sitemap are numbered
    let part = first.strip_prefix("sitemap-").and_then(|rest| rest.strip_suffix(".xml"));
    RESERVED.contains(&first) || part.is_some_and(|part| part.parse::<usize>().is_ok())
}

/// Parses an address in the front matter.
fn parse_address(text: &str, config: &Config) -> Result<String, AddressError> {
    if text.contains("{{") || text.contains("{%") || text.contains("/:") || text.starts_with(':') {
        return Err(AddressError::Pattern);
    }
    address_from_root(path_on_site(text, config)?)
}

/// Returns the path of `text` (a path or a URL) below the site's own address. A URL of the same host belongs to the site, whatever its
/// scheme.
pub(super) fn path_on_site<'t>(text: &'t str, config: &Config) -> Result<&'t str, AddressError> {
    let Some((_, rest)) = text.split_once("://").filter(|_| !text.starts_with('/')) else {
        return Ok(text);
    };
    let base = config.base();
    let host_and_port = |text: &str| {
        let url = Url::parse(text).ok()?;
        Some((url.host_str()?.to_owned(), url.port()))
    };
    let folder = base
        .split_once("://")
        .map_or("", |(_, own)| own.split_at(own.find('/').unwrap_or(own.len())).1);
    let path = rest.split_at(rest.find('/').unwrap_or(rest.len())).1;
    let is_here = host_and_port(text).is_some() && host_and_port(text) == host_and_port(&base);
    path.strip_prefix(folder)
        .filter(|path| is_here && (path.is_empty() || path.starts_with('/')))
        .ok_or(AddressError::Elsewhere(base))
}

/// Returns `path`, percent-encoded or not, as an address from the site's root.
pub(super) fn address_from_root(path: &str) -> Result<String, AddressError> {
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| AddressError::NotUtf8)?;
    checked_address(&path)
}

/// Returns `path`, not percent-encoded, as an address from the site's root; a folder's `index.html` becomes the folder.
pub(super) fn checked_address(path: &str) -> Result<String, AddressError> {
    let path = format!("/{}", path.trim_start_matches('/'));
    let path = match path.strip_suffix(INDEX) {
        Some(folder) => format!("{folder}/"),
        None => path,
    };
    let inner = path.trim_matches('/');
    if inner.is_empty() || path.len() > LONGEST_PATH || !inner.split('/').all(is_segment) {
        return Err(AddressError::NoPath);
    }
    if is_reserved(inner) {
        return Err(AddressError::Reserved);
    }
    Ok(path)
}

/// The end of the address of a folder's index page.
const INDEX: &str = "/index.html";

/// Returns the part of `address` by which two addresses are those of one page: without a final `/` or `/index.html`, so `/old` for
/// `/old/` and `/old/index.html`. Every other ending distinguishes two pages, `.html` too.
#[must_use]
pub fn page_key(address: &str) -> &str {
    address.strip_suffix(INDEX).unwrap_or(address).trim_end_matches('/')
}

/// Whether `text` can be one segment of a path.
pub(super) fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains(|c: char| c.is_control() || matches!(c, '/' | '\\' | '?' | '#'))
}

/// The last segment of `address`, without `.html`.
fn last_segment(address: &str) -> String {
    let part = address.trim_matches('/').rsplit('/').next().unwrap_or_default();
    let part = part
        .strip_suffix(".html")
        .or_else(|| part.strip_suffix(".htm"))
        .unwrap_or(part);
    part.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter;

    fn address(front_matter: &str, path: &str, config: &str) -> (String, String, String) {
        let text = format!("---\n{front_matter}\n---\n");
        let parts = front_matter::parse("a.md".into(), &text).unwrap();
        let config = Config::parse("feedmill.toml".into(), config).unwrap();
        let date = Moment::utc("2026-01-31T09:00:00Z".parse().unwrap());
        let made_from = AddressParts {
            kind: Kind::Post,
            file: path.into(),
            path: &slug::parse_path(path.into()),
            date,
        };
        let (found, refused) = read_address(&Fields::new(&parts.fields), made_from, &config);
        (
            found.address,
            found.slug,
            refused.into_iter().map(|(_, refusal)| refusal.why()).collect(),
        )
    }

    #[test]
    fn addresses_in_every_form() {
        let cases = [
            ("title: x", "/posts/hello", "hello"),
            ("slug: greeting", "/posts/greeting", "greeting"),
            ("slug: 日本語", "/posts/日本語", "日本語"),
            ("slug: /blog/x", "/blog/x", "x"),
            ("url: /2014/x.html", "/2014/x.html", "x"),
            ("path: 2014/12/12/1.0-Timeline", "/2014/12/12/1.0-Timeline", "1.0-Timeline"),
            ("permalink: /x/", "/x/", "x"),
            ("permalink: /x/index.html", "/x/", "x"),
            ("permalink: https://example.com/x", "/x", "x"),
            ("Link: /x", "/x", "x"),
            ("link: https://elsewhere.example/x", "/posts/hello", "hello"),
            ("permalink: false", "/posts/hello", "hello"),
            ("path: caf%C3%A9", "/café", "café"),
            ("path: /my-index.html", "/my-index.html", "my-index"),
            ("permalink: http://example.com/x", "/x", "x"),
        ];
        for (front_matter, expected, slug) in cases {
            let found = address(front_matter, "hello.md", "[site]\nbase_url = 'https://example.com'");
            assert_eq!(found, (expected.to_owned(), slug.to_owned(), String::new()), "{front_matter}");
        }
    }

    #[test]
    fn an_unusable_address_is_reported_and_the_default_is_used() {
        let cases = [
            ("permalink: /blog/:title/", "patterns"),
            ("permalink: \"/{{ page.slug }}/\"", "patterns"),
            ("url: https://elsewhere.example/x", "not below the site's own address"),
            ("path: ../../etc/passwd", "cannot contain `..`"),
            ("path: a//b", "an address cannot contain"),
            ("path: /", "an address cannot contain"),
            ("path: \"a\\nb\"", "an address cannot contain"),
            ("path: rss.xml", "feedmill's own"),
            ("path: /media/a.png", "feedmill's own"),
            ("path: /sitemap-2.xml", "feedmill's own"),
            ("url: /tags/x", "feedmill's own"),
            ("slug: a?b", "a slug cannot contain"),
        ];
        for (front_matter, why) in cases {
            let (found, _, refused) = address(front_matter, "hello.md", "");
            assert_eq!(found, "/posts/hello", "{front_matter}");
            assert!(refused.contains(why), "{front_matter}: {refused}");
        }
    }

    #[test]
    fn addresses_by_the_sites_pattern() {
        let cases = [
            ("/{year}/{month}/{day}/{slug}", "notes/hello.md", "/2026/01/31/hello"),
            ("/{section}/{slug}/", "Field Notes/hello.md", "/field-notes/hello/"),
            ("/{section}/{slug}", "hello.md", "/hello"),
            (
                "https://example.com/blog/{slug}",
                "hello.md",
                "https://example.com/blog/hello",
            ),
            ("/posts/{slug}", "hello.fr.md", "/fr/posts/hello"),
            ("/posts/{slug}", "hello.en.md", "/posts/hello"),
            ("/{slug}", "tags.md", "/posts/tags"),
            ("/{section}/{slug}", "api/hello.md", "/posts/api/hello"),
            ("/{slug}", "tags-and-so.md", "/tags-and-so"),
            ("https://example.com/{slug}", "tags.md", "https://example.com/tags"),
        ];
        for (pattern, path, expected) in cases {
            let (found, ..) = address("title: x", path, &format!("[posts]\npermalink = '{pattern}'"));
            assert_eq!(found, expected);
        }
    }
}
