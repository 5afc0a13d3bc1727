//! Where a post is read: from its front matter, else from the site's pattern.

use url::Url;

use super::Origin;
use super::fields::Fields;
use super::front_matter::Node;
use super::slug::{self, PathName};
use crate::config::Config;
use crate::time::Moment;

/// Where a post is read.
#[derive(Debug)]
pub struct Place {
    /// See [`super::Post::slug`].
    pub slug: String,
    /// See [`super::Post::address`].
    pub address: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Why an address that was asked for is not used.
#[derive(Debug)]
pub enum Refusal {
    /// Another tool's pattern or template.
    Pattern,
    /// It is not below the site's own address, which this is.
    Elsewhere(String),
    /// Percent-encoded, but not UTF-8.
    NotUtf8,
    /// It holds what no path can hold.
    NoPath,
    /// It holds what no part of a path can hold.
    NoPart,
    /// It would stand where feedmill's own documents are.
    Reserved,
}

impl Refusal {
    /// What is wrong with it, as the end of a sentence.
    pub fn why(&self) -> String {
        match self {
            Refusal::Pattern => "patterns of other tools are not followed".to_owned(),
            Refusal::Elsewhere(base) => format!("it is not below the site's own address, {base}"),
            Refusal::NotUtf8 => "it is not UTF-8".to_owned(),
            Refusal::NoPath => "an address holds no `..`, `?`, `#` or `\\`, and nothing empty between two `/`".to_owned(),
            Refusal::NoPart => "a slug holds no `?`, `#` or `\\`".to_owned(),
            Refusal::Reserved => "addresses that begin so are feedmill's own".to_owned(),
        }
    }

    /// What to do about it.
    pub fn mend(&self) -> &'static str {
        match self {
            Refusal::Pattern => "write the address itself, or set `posts.permalink` for all posts",
            Refusal::Elsewhere(_) => "write a path such as `/notes/hello`; a page elsewhere is an `external_url`",
            Refusal::NoPart => "write a word such as `hello`, or leave the key out",
            _ => "write a path such as `/notes/hello`, or leave the key out",
        }
    }
}

/// First parts of paths that feedmill answers itself (see `http::target`); a post may not stand there.
const RESERVED: [&str; 33] = [
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

/// A longer path is refused: some clients and proxies cannot ask for it.
const LONGEST_PATH: usize = 1024;

/// The address of the post at `path` with these fields, published at `date`; and what in the fields could not be used, with why.
pub fn read<'a>(fields: &Fields<'a>, path: &PathName, date: Moment, config: &Config) -> (Place, Vec<(&'a Node, Refusal)>) {
    let named = |key: &str, address: String| Place {
        slug: last_part(&address),
        address,
        origin: Origin::Field(key.to_owned()),
    };
    let mut refused = Vec::new();
    let mut slug = path.slug.clone();
    let mut origin = Origin::FileName;
    if let Some((key, node, text)) = fields.first_text(&["slug"]) {
        let trimmed = text.trim_matches('/');
        if text.contains('/') && !trimmed.is_empty() {
            match written(text, config) {
                Ok(address) => return (named(key, address), refused),
                Err(why) => refused.push((node, why)),
            }
        } else if is_part(trimmed) {
            trimmed.clone_into(&mut slug);
            origin = Origin::Field(key.to_owned());
        } else {
            refused.push((node, Refusal::NoPart));
        }
    }
    for key in ["url", "path", "permalink", "link"] {
        let Some((key, node, text)) = fields.first_text(&[key]) else {
            continue;
        };
        // `link` is a post's address in Blot and the page it is about elsewhere; `permalink: false` is no address
        if key.eq_ignore_ascii_case("link") && text.contains("://") || text.eq_ignore_ascii_case("false") {
            continue;
        }
        match written(text, config) {
            Ok(address) => return (named(key, address), refused),
            Err(why) => refused.push((node, why)),
        }
    }
    let address = by_pattern(&slug, path, date, config);
    (Place { slug, address, origin }, refused)
}

/// The address that the site's pattern gives.
pub fn by_pattern(slug: &str, path: &PathName, date: Moment, config: &Config) -> String {
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
    // a translation named in the file's name stands beside its original, not in its place
    let address = match &path.language {
        Some(language) if address.starts_with('/') && !language.eq_ignore_ascii_case(&config.site.language) => {
            format!("/{}{address}", language.to_lowercase())
        }
        _ => address,
    };
    // a folder or a post named `tags` is published all the same
    if address.starts_with('/') && is_reserved(&address) {
        format!("/posts{address}")
    } else {
        address
    }
}

/// Whether `path` begins as an address of feedmill's own.
fn is_reserved(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    // the parts of a large site map are numbered
    let part = first.strip_prefix("sitemap-").and_then(|rest| rest.strip_suffix(".xml"));
    RESERVED.contains(&first) || part.is_some_and(|part| part.parse::<usize>().is_ok())
}

/// The address that `text` asks for.
fn written(text: &str, config: &Config) -> Result<String, Refusal> {
    if text.contains("{{") || text.contains("{%") || text.contains("/:") || text.starts_with(':') {
        return Err(Refusal::Pattern);
    }
    from_root(below_site(text, config)?)
}

/// What of `text`, a path or a URL, is a path below the site's own address. A URL of the same host is one of the site, whichever
/// scheme it was written with.
pub(super) fn below_site<'t>(text: &'t str, config: &Config) -> Result<&'t str, Refusal> {
    let Some((_, rest)) = text.split_once("://").filter(|_| !text.starts_with('/')) else {
        return Ok(text);
    };
    let base = config.base();
    let place = |text: &str| {
        let url = Url::parse(text).ok()?;
        Some((url.host_str()?.to_owned(), url.port()))
    };
    let folder = base
        .split_once("://")
        .map_or("", |(_, own)| own.split_at(own.find('/').unwrap_or(own.len())).1);
    let path = rest.split_at(rest.find('/').unwrap_or(rest.len())).1;
    let here = place(text).is_some() && place(text) == place(&base);
    path.strip_prefix(folder)
        .filter(|path| here && (path.is_empty() || path.starts_with('/')))
        .ok_or(Refusal::Elsewhere(base))
}

/// `path`, percent-encoded or not, as an address from the site's root on.
pub(super) fn from_root(path: &str) -> Result<String, Refusal> {
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| Refusal::NotUtf8)?;
    checked(&path)
}

/// `path`, not percent-encoded, as an address from the site's root on; for a folder's `index.html` the folder's.
pub(super) fn checked(path: &str) -> Result<String, Refusal> {
    let path = format!("/{}", path.trim_start_matches('/'));
    let path = match path.strip_suffix(INDEX) {
        Some(folder) => format!("{folder}/"),
        None => path,
    };
    let inner = path.trim_matches('/');
    if inner.is_empty() || path.len() > LONGEST_PATH || !inner.split('/').all(is_part) {
        return Err(Refusal::NoPath);
    }
    if is_reserved(inner) {
        return Err(Refusal::Reserved);
    }
    Ok(path)
}

/// The file that stands for its folder.
const INDEX: &str = "/index.html";

/// `address` without what browsers, links and other tools put at the end of one page's address or leave away: `/old` of `/old/` and
/// `/old/index.html`. Every other ending, `.html` too, tells two pages apart.
#[must_use]
pub fn bare(address: &str) -> &str {
    address.strip_suffix(INDEX).unwrap_or(address).trim_end_matches('/')
}

/// Whether `text` can be one part of a path.
pub(super) fn is_part(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains(|c: char| c.is_control() || matches!(c, '/' | '\\' | '?' | '#'))
}

fn last_part(address: &str) -> String {
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
        let (found, refused) = read(&Fields::new(&parts.fields), &slug::read_path(path.into()), date, &config);
        (
            found.address,
            found.slug,
            refused.into_iter().map(|(_, refusal)| refusal.why()).collect(),
        )
    }

    #[test]
    fn every_habit() {
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
    fn what_cannot_be_an_address_is_said_and_the_default_holds() {
        let cases = [
            ("permalink: /blog/:title/", "patterns"),
            ("permalink: \"/{{ page.slug }}/\"", "patterns"),
            ("url: https://elsewhere.example/x", "not below the site's own address"),
            ("path: ../../etc/passwd", "holds no `..`"),
            ("path: a//b", "an address holds"),
            ("path: /", "an address holds"),
            ("path: \"a\\nb\"", "an address holds"),
            ("path: rss.xml", "feedmill's own"),
            ("path: /media/a.png", "feedmill's own"),
            ("path: /sitemap-2.xml", "feedmill's own"),
            ("url: /tags/x", "feedmill's own"),
            ("slug: a?b", "a slug holds"),
        ];
        for (front_matter, why) in cases {
            let (found, _, refused) = address(front_matter, "hello.md", "");
            assert_eq!(found, "/posts/hello", "{front_matter}");
            assert!(refused.contains(why), "{front_matter}: {refused}");
        }
    }

    #[test]
    fn patterns_of_the_site() {
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
