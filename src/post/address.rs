//! Where a post is read: from its front matter, else from the site's pattern.

use super::Origin;
use super::fields::{self, Fields};
use super::front_matter::Node;
use super::slug::{self, PathName};
use crate::config::Config;
use crate::time::Moment;

/// A post's address, and the slug in it.
#[derive(Debug)]
pub struct Address {
    /// See [`super::Post::slug`].
    pub slug: String,
    /// See [`super::Post::address`].
    pub address: String,
    /// Where it came from.
    pub origin: Origin,
}

/// First parts of paths that are feedmill's own (DESIGN: addresses); a post may not stand there.
const RESERVED: [&str; 24] = [
    "api",
    "archive",
    "atom",
    "atom.xml",
    "authors",
    "feed",
    "feed.atom",
    "feed.json",
    "feed.rss",
    "feed.xml",
    "feeds.opml",
    "healthz",
    "index.json",
    "index.xml",
    "openapi.json",
    "page",
    "readyz",
    "robots.txt",
    "rss",
    "rss.xml",
    "sections",
    "sitemap.xml",
    "subscribe",
    "tags",
];

/// A longer path is refused: some clients and proxies cannot ask for it.
const LONGEST_PATH: usize = 1024;

/// The address of the post at `path` with these fields, published at `date`; and what in the fields could not be used, with why.
pub fn read<'a>(fields: &Fields<'a>, path: &PathName, date: Moment, config: &Config) -> (Address, Vec<(&'a Node, String)>) {
    let mut refused = Vec::new();
    let mut slug = path.slug.clone();
    let mut origin = Origin::FileName;
    if let Some((key, node)) = fields.first(&["slug"])
        && let Some(text) = fields::text(node)
    {
        let trimmed = text.trim_matches('/');
        if text.contains('/') && !trimmed.is_empty() {
            match written(text, config) {
                Ok(address) => {
                    return (
                        Address {
                            slug: last_part(&address),
                            address,
                            origin: Origin::Field(key.to_owned()),
                        },
                        refused,
                    );
                }
                Err(why) => refused.push((node, why)),
            }
        } else if is_part(trimmed) {
            slug = trimmed.to_owned();
            origin = Origin::Field(key.to_owned());
        } else {
            refused.push((node, "it is no part of an address".to_owned()));
        }
    }
    for key in ["url", "path", "permalink", "link"] {
        let Some((key, node)) = fields.first(&[key]) else { continue };
        let Some(text) = fields::text(node) else { continue };
        // `link` is a post's address in Blot and the page it is about elsewhere; `permalink: false` is no address
        if key.eq_ignore_ascii_case("link") && text.contains("://") || text.eq_ignore_ascii_case("false") {
            continue;
        }
        match written(text, config) {
            Ok(address) => {
                return (
                    Address {
                        slug: last_part(&address),
                        address,
                        origin: Origin::Field(key.to_owned()),
                    },
                    refused,
                );
            }
            Err(why) => refused.push((node, why)),
        }
    }
    let address = by_pattern(&slug, path, date, config);
    (Address { slug, address, origin }, refused)
}

/// The address that the site's pattern gives.
pub fn by_pattern(slug: &str, path: &PathName, date: Moment, config: &Config) -> String {
    let date = date.date();
    let section = path.section.as_deref().map(slug::slugify).unwrap_or_default();
    let address = config
        .posts
        .permalink
        .replace("{slug}", slug)
        .replace("{year}", &format!("{:04}", date.year()))
        .replace("{month}", &format!("{:02}", date.month()))
        .replace("{day}", &format!("{:02}", date.day()))
        .replace(
            "/{section}",
            &if section.is_empty() {
                String::new()
            } else {
                format!("/{section}")
            },
        )
        .replace("{section}", &section);
    // a translation named in the file's name stands beside its original, not in its place
    match &path.language {
        Some(language) if address.starts_with('/') && !language.eq_ignore_ascii_case(&config.site.language) => {
            format!("/{}{address}", language.to_lowercase())
        }
        _ => address,
    }
}

/// The address that `text` asks for.
fn written(text: &str, config: &Config) -> Result<String, String> {
    if text.contains("{{") || text.contains("{%") || text.contains("/:") || text.starts_with(':') {
        return Err("patterns of other tools are not followed; set posts.permalink, or write the address".to_owned());
    }
    let path = if text.contains("://") {
        let base = config.base();
        match text
            .strip_prefix(&base)
            .filter(|path| path.is_empty() || path.starts_with('/'))
        {
            Some(path) => path.to_owned(),
            None => return Err(format!("it is not below the site's own address, {base}")),
        }
    } else {
        format!("/{}", text.trim_start_matches('/'))
    };
    let path = percent_encoding::percent_decode_str(&path)
        .decode_utf8()
        .map_err(|_| "it is not UTF-8".to_owned())?;
    let path = path.trim_end_matches("index.html");
    let inner = path.trim_matches('/');
    if inner.is_empty() || path.len() > LONGEST_PATH || !inner.split('/').all(is_part) {
        return Err("it is no path that an address can hold".to_owned());
    }
    if RESERVED.contains(&inner.split('/').next().unwrap_or_default()) {
        return Err("addresses that begin so are feedmill's own".to_owned());
    }
    Ok(path.to_owned())
}

/// Whether `text` can be one part of a path.
fn is_part(text: &str) -> bool {
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
        (found.address, found.slug, refused.into_iter().map(|(_, why)| why).collect())
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
            ("path: ../../etc/passwd", "no path"),
            ("path: a//b", "no path"),
            ("path: /", "no path"),
            ("path: \"a\\nb\"", "no path"),
            ("path: rss.xml", "feedmill's own"),
            ("url: /tags/x", "feedmill's own"),
            ("slug: a?b", "no part"),
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
        ];
        for (pattern, path, expected) in cases {
            let (found, ..) = address("title: x", path, &format!("[posts]\npermalink = '{pattern}'"));
            assert_eq!(found, expected);
        }
    }
}
