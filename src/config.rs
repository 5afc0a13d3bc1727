//! What can be set, with its defaults: `feedmill.toml`.
//!
//! The command line and the environment are laid over it by `cli`; nothing here reads either, nor the disk.

mod colour;
mod redirect;
mod tables;

use jiff::tz::TimeZone;
use serde::Deserialize;
use url::Url;

pub use self::colour::Colour;
pub use self::redirect::{Redirect, Redirects, path_on_site};
pub use self::tables::*;
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::source::file_type::is_markdown_ending;

/// Everything that can be set. Every table and key may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What the feeds say of themselves.
    pub site: Site,
    /// The feed documents.
    pub feed: Feed,
    /// The listing and the pages.
    pub list: List,
    /// How posts are read.
    pub posts: Posts,
    /// How they are served.
    pub server: Server,
    /// How the folder is watched.
    pub watch: Watch,
    /// What is remembered between runs.
    pub state: State,
    /// How long answers may be kept.
    pub cache: Cache,
    /// How often one client may ask without conditions.
    pub pace: Pace,
    /// Addresses that have moved.
    pub redirect: Redirects,
}

impl Config {
    /// Reads `text`, the content of the configuration file at `path`.
    ///
    /// # Errors
    ///
    /// The first thing in it that is not understood or not possible, with its place and what would be.
    pub fn parse(path: &camino::Utf8Path, text: &str) -> Result<Config, Diagnostic> {
        let config: Config = toml::from_str(text).map_err(|error| {
            let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
            let diagnostic = Diagnostic::new(Severity::Error, "config", path, message);
            match error.span() {
                Some(span) => {
                    let length = text
                        .get(span.clone())
                        .map_or(1, |marked| marked.lines().next().unwrap_or("").chars().count());
                    diagnostic.at(text, Position::of(text, span.start), length)
                }
                None => diagnostic,
            }
        })?;
        config.checked().map_err(|(key, message)| {
            let diagnostic = Diagnostic::new(Severity::Error, "config", path, format!("{key}: {message}"));
            let name = key.rsplit('.').next().unwrap_or(key);
            match text.find(&format!("{name} ")).or_else(|| text.find(&format!("{name}="))) {
                Some(offset) => diagnostic.at(text, Position::of(text, offset), name.len()),
                None => diagnostic,
            }
        })
    }

    /// The configuration itself if every value in it is possible, else the key and what it needs.
    ///
    /// # Errors
    ///
    /// The first impossible value.
    pub fn checked(self) -> Result<Config, (&'static str, String)> {
        if !(1..=200).contains(&self.list.per_page) {
            return Err(("list.per_page", "a number from 1 to 200 is needed".to_owned()));
        }
        if !(1..=1000).contains(&self.feed.limit) {
            return Err(("feed.limit", "a number from 1 to 1000 is needed".to_owned()));
        }
        self.server.checked()?;
        if self.state.dir.as_ref().is_some_and(|dir| dir.as_str().is_empty()) {
            return Err((
                "state.dir",
                "a folder is needed, or nothing at all for the usual one".to_owned(),
            ));
        }
        if TimeZone::get(&self.site.timezone).is_err() {
            let message = format!(
                "`{}` is no time zone; write an IANA name such as `Europe/Berlin`",
                self.site.timezone
            );
            return Err(("site.timezone", message));
        }
        for (key, url) in [("site.base_url", &self.site.base_url), ("site.identity", &self.site.identity)] {
            if let Some(url) = url
                && (!matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some())
            {
                return Err((key, "an http or https address without query or fragment is needed".to_owned()));
            }
        }
        self.site.checked()?;
        let permalink = &self.posts.permalink;
        let absolute = permalink.starts_with("https://") || permalink.starts_with("http://");
        if !(absolute || permalink.starts_with('/')) || !permalink.contains("{slug}") {
            let message = "it starts with `/`, `http://` or `https://` and holds `{slug}`".to_owned();
            return Err(("posts.permalink", message));
        }
        for ending in &self.posts.media {
            let ending = ending.trim_start_matches('.');
            if ending.is_empty()
                || !ending
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_+".contains(&byte))
            {
                return Err(("posts.media", "endings of file names are needed, such as `html`".to_owned()));
            }
            if is_markdown_ending(ending) {
                let message = format!("`{ending}` is an ending of posts, whose files are never served as they are");
                return Err(("posts.media", message));
            }
        }
        let base = self.base();
        self.redirect.checked(&base).map_err(|message| ("redirect.from", message))?;
        Ok(self)
    }

    /// The zone of dates that name none.
    #[must_use]
    pub fn timezone(&self) -> TimeZone {
        TimeZone::get(&self.site.timezone).unwrap_or(TimeZone::UTC)
    }

    /// The address of the site without a slash at its end: `https://example.com`, `https://example.com/blog`.
    #[must_use]
    pub fn base(&self) -> String {
        match &self.site.base_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None if self.server.listen.starts_with("unix:") || self.server.listen == "systemd" => "http://localhost".to_owned(),
            None => {
                let listen = &self.server.listen;
                // listening everywhere is no address to go to
                match listen.strip_prefix("0.0.0.0:").or_else(|| listen.strip_prefix("[::]:")) {
                    Some(port) => format!("http://localhost:{port}"),
                    None => format!("http://{listen}"),
                }
            }
        }
    }

    /// Who mints ids (RFC 4151): the host of the address that the site is known by; `localhost` until one is configured, whatever
    /// port is listened on.
    #[must_use]
    pub fn authority(&self) -> &str {
        let known_by = self.site.identity.as_ref().or(self.site.base_url.as_ref());
        known_by.and_then(Url::host_str).unwrap_or("localhost")
    }

    /// The address that the ids of feeds begin with, without a slash at its end: that by which the site is known, wherever it is now.
    #[must_use]
    pub fn identity(&self) -> String {
        match &self.site.identity {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => self.base(),
        }
    }
}

/// How many links a page has at its head.
const MOST_NAV_LINKS: usize = 20;
/// How long the line at the foot of a page is at the most, in bytes.
const LONGEST_FOOTER: usize = 4096;

impl Site {
    /// Whether the pages can say what they are to, else the key that they cannot and what it needs.
    fn checked(&self) -> Result<(), (&'static str, String)> {
        let is_link = |url: &str| {
            let is_path = url.starts_with('/') && !url.starts_with("//") && !url.contains(char::is_control);
            is_path || Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto"))
        };
        if let Some(link) = self
            .nav
            .iter()
            .find(|link| link.name.trim().is_empty() || !is_link(&link.url))
        {
            let message = format!(
                "`{}` is no link; a name and a path such as `/about` or an http address are needed",
                link.url
            );
            return Err(("site.nav", message));
        }
        if self.nav.len() > MOST_NAV_LINKS {
            return Err(("site.nav", format!("at most {MOST_NAV_LINKS} links are possible")));
        }
        if self.footer.as_ref().is_some_and(|footer| footer.len() > LONGEST_FOOTER) {
            return Err(("site.footer", format!("at most {LONGEST_FOOTER} bytes are possible")));
        }
        Ok(())
    }
}

impl Server {
    /// Whether every limit is one that can be kept, else the first key that is not and what it needs.
    fn checked(&self) -> Result<(), (&'static str, String)> {
        let limits = [
            ("server.max_connections", self.max_connections, 1, 1_000_000),
            (
                "server.max_connections_per_address",
                self.max_connections_per_address,
                1,
                1_000_000,
            ),
            ("server.max_header_bytes", self.max_header_bytes, 1024, 1024 * 1024),
            ("server.max_headers", self.max_headers, 1, 1000),
            ("server.max_body_bytes", self.max_body_bytes, 0, 1024 * 1024),
        ];
        match limits
            .into_iter()
            .find(|(_, value, least, most)| !(least..=most).contains(&value))
        {
            Some((key, _, least, most)) => Err((key, format!("a number from {least} to {most} is needed"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse("feedmill.toml".into(), text).map_err(|diagnostic| diagnostic.to_string())
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let config = parse("").unwrap();
        assert_eq!((config.list.per_page, config.feed.limit), (8, 20));
        assert_eq!(config.base(), "http://127.0.0.1:8080");
        assert_eq!(config.authority(), "localhost");
    }

    #[test]
    fn without_an_address_it_is_the_one_listened_at() {
        let cases = [
            ("127.0.0.1:80", "http://127.0.0.1:80"),
            ("example:8080", "http://example:8080"),
            ("0.0.0.0:8080", "http://localhost:8080"),
            ("[::]:8080", "http://localhost:8080"),
        ];
        for (listen, expected) in cases {
            assert_eq!(parse(&format!("[server]\nlisten = '{listen}'")).unwrap().base(), expected);
        }
    }

    #[test]
    fn what_is_set_is_taken() {
        let config = parse("[site]\nbase_url = 'https://example.com/blog/'\n[watch]\nsettle = 0.25\n").unwrap();
        assert_eq!(config.base(), "https://example.com/blog");
        assert_eq!(config.authority(), "example.com");
        assert_eq!(config.watch.settle, Duration::from_millis(250));
    }

    #[test]
    fn mistakes_are_placed() {
        let cases = [
            (
                "[list]\nper_pge = 8\n",
                "feedmill.toml:2:1: error: unknown field `per_pge`, expected `per_page`",
            ),
            (
                "[list]\nper_page = 0\n",
                "feedmill.toml:2:1: error: list.per_page: a number from 1 to 200 is needed",
            ),
            (
                "[feed]\nlimit = 'x'\n",
                "feedmill.toml:2:9: error: invalid type: string \"x\", expected usize",
            ),
            (
                "[watch]\nsettle = -1.0\n",
                "feedmill.toml:2:10: error: a number of seconds from 0.001 to 86400 is needed",
            ),
            (
                "[posts]\npermalink = '/x'\n",
                "feedmill.toml:2:1: error: posts.permalink: it starts with `/`",
            ),
            (
                "[site]\naccent = 'red;'\n",
                "feedmill.toml:2:10: error: a colour such as `#1b6b54` is needed",
            ),
            (
                "[[site.nav]]\nname = 'X'\nurl = 'javascript:x'\n",
                "feedmill.toml: error: site.nav: `javascript:x` is no link",
            ),
            (
                "[[site.nav]]\nname = ' '\nurl = '/x'\n",
                "feedmill.toml: error: site.nav: `/x` is no link",
            ),
            ("[site\n", "feedmill.toml:1:6: error: "),
            (
                "[server]\nmax_headers = 0\n",
                "feedmill.toml:2:1: error: server.max_headers: a number from 1 to 1000 is needed",
            ),
            (
                "[server]\nmax_connections = 9\nmax_connections_per_address = 0\n",
                "feedmill.toml:3:1: error: server.max_connections_per_address: a number from 1 to 1000000 is needed",
            ),
            (
                "[server]\nmax_header_bytes = 100\n",
                "feedmill.toml:2:1: error: server.max_header_bytes: a number from 1024 to 1048576 is needed",
            ),
            (
                "[site]\ntimezone = 'Mars/Base'\n",
                "feedmill.toml:2:1: error: site.timezone: `Mars/Base` is no time zone",
            ),
            (
                "[posts]\nmedia = ['html', 'MD']\n",
                "feedmill.toml:2:1: error: posts.media: `MD` is an ending of posts",
            ),
            (
                "[posts]\nmedia = ['../x']\n",
                "feedmill.toml:2:1: error: posts.media: endings of file names are needed",
            ),
            (
                "[state]\ndir = ''\n",
                "feedmill.toml:2:1: error: state.dir: a folder is needed",
            ),
            (
                "[site]\nbase_url = 'ftp://x'\n",
                "feedmill.toml:2:1: error: site.base_url: an http or https address",
            ),
            (
                "[[redirect]]\nfrom = '/a'\nto = '/b'\n[[redirect]]\nfrom = '/b'\nto = '/a'\n",
                "feedmill.toml:2:1: error: redirect.from: these lead round in a circle: `/a` → `/b` → `/a`",
            ),
            (
                "[[redirect]]\nfrom = 'a'\nto = '/b'\n",
                "feedmill.toml:2:1: error: redirect.from: `from` is a path",
            ),
        ];
        for (text, expected) in cases {
            let message = parse(text).unwrap_err();
            assert!(message.starts_with(expected), "{text:?} gave {message:?}");
        }
    }
}
