//! The configuration `feedmill.toml`, with its defaults.
//!
//! `cli` applies the command line and the environment. Nothing here reads those, or the disk.

mod colour;
mod explain;
mod hubs;
mod public_address;
mod redirect;
mod schema;
mod shortcodes;
mod tables;

use camino::{Utf8Component, Utf8Path};
use jiff::tz::TimeZone;
use serde::Deserialize;
use url::Url;

pub use self::colour::Colour;
pub use self::explain::InvalidSetting;
pub use self::redirect::{Redirect, Redirects};
pub(crate) use self::redirect::{addresses_with_parameters, is_parameter, path_on_site};
use self::schema::ValueKind;
pub use self::shortcodes::{ShortcodeCall, Shortcodes};
pub use self::tables::*;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source_file::file_type::is_markdown_ending;

/// The configuration. Every table and key may be absent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The title, address, language and author of the site.
    pub site: SiteSettings,
    /// The feed documents.
    pub feed: FeedSettings,
    /// The listing and the pages.
    pub list: ListSettings,
    /// How posts are read.
    pub posts: PostSettings,
    /// How requests are served.
    pub server: ServerSettings,
    /// How the folder is watched.
    pub watch: WatchSettings,
    /// What is stored between runs.
    pub state: StateSettings,
    /// How long responses may be cached.
    pub cache: CacheSettings,
    /// How many unconditional requests one client may send.
    pub pace: RateLimitSettings,
    /// How subscribers are told of new posts.
    pub push: PushSettings,
    /// Addresses that have moved.
    pub redirect: Redirects,
    /// Tags of other tools, by name, with their templates.
    pub shortcodes: Shortcodes,
    /// Whether the site is written to files for a host without feedmill: it has no search, no address that answers in several formats,
    /// and no queries. Only the command line sets it.
    #[serde(skip)]
    pub is_static: bool,
}

impl Config {
    /// Parses `text`, the content of the configuration file at `path`.
    ///
    /// # Errors
    ///
    /// The first value that is not understood or not allowed, with its position and a fix.
    pub fn parse(path: &camino::Utf8Path, text: &str) -> Result<Config, Diagnostic> {
        // some editors write a byte order mark, which TOML does not allow
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let read = toml::from_str::<Config>(text);
        if let Some(diagnostic) = explain::diagnostic(path, text, read.as_ref().err()) {
            return Err(diagnostic);
        }
        let config = read.map_err(|error| Diagnostic::new(Severity::Error, "config", path, error.message()))?;
        config.validate().map_err(|mistake| mistake.diagnostic(path, text))
    }

    /// Returns the configuration if every value in it is allowed.
    ///
    /// # Errors
    ///
    /// The first value that is not allowed, and what to write instead.
    pub(crate) fn validate(self) -> Result<Config, InvalidSetting> {
        for (key, value) in [
            ("feed.limit", self.feed.limit as u64),
            ("list.per_page", self.list.per_page as u64),
            ("posts.max_file_bytes", self.posts.max_file_bytes),
            ("posts.max_files", self.posts.max_files as u64),
            ("server.max_connections", self.server.max_connections as u64),
            (
                "server.max_connections_per_address",
                self.server.max_connections_per_address as u64,
            ),
            ("server.max_header_bytes", self.server.max_header_bytes as u64),
            ("server.max_headers", self.server.max_headers as u64),
            ("server.max_body_bytes", self.server.max_body_bytes as u64),
            ("state.withdrawn_days", u64::from(self.state.withdrawn_days)),
            ("push.per_host", self.push.per_host as u64),
            ("push.max_subscriptions", self.push.max_subscriptions as u64),
            ("push.max_subscriptions_per_host", self.push.max_subscriptions_per_host as u64),
        ] {
            check_range(key, value)?;
        }
        if self.state.dir.as_ref().is_some_and(|dir| dir.as_str().is_empty()) {
            let message = "`state.dir` is empty, and must name a folder";
            return Err(InvalidSetting::new(
                "state.dir",
                message,
                "name a folder, or remove it for the usual one",
            ));
        }
        self.site.validate()?;
        for ending in &self.posts.media {
            let name = ending.trim_start_matches('.');
            let is_ending = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_ending) {
                let message = format!("`posts.media` contains `{ending}`, which is not an ending of file names");
                return Err(InvalidSetting::new("posts.media", message, "write endings such as `html`"));
            }
            if is_markdown_ending(name) {
                let message =
                    format!("`posts.media` contains `{ending}`, an ending of posts, whose files are never served as they are");
                return Err(InvalidSetting::new("posts.media", message, "remove it"));
            }
        }
        self.push.validate()?;
        check_static_folder(&self.posts.static_folder)?;
        check_permalink(&self.posts.permalink)?;
        self.shortcodes.validate()?;
        self.redirect.validate(&self.base())?;
        Ok(self)
    }

    /// The time zone of dates without an offset.
    #[must_use]
    pub(crate) fn timezone(&self) -> TimeZone {
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
                // an address for all interfaces is not one that a browser can open
                match listen.strip_prefix("0.0.0.0:").or_else(|| listen.strip_prefix("[::]:")) {
                    Some(port) => format!("http://localhost:{port}"),
                    None => format!("http://{listen}"),
                }
            }
        }
    }

    /// The authority of generated ids (RFC 4151): the host of the site's identity; `localhost` until one is configured.
    #[must_use]
    pub fn authority(&self) -> &str {
        let identity = self.site.identity.as_ref().or(self.site.base_url.as_ref());
        identity.and_then(Url::host_str).unwrap_or("localhost")
    }

    /// The address with which the ids of feeds begin, without a slash at its end. It stays when the site moves.
    #[must_use]
    pub fn identity(&self) -> String {
        match &self.site.identity {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => self.base(),
        }
    }
}

/// The most links at the head of a page.
const MOST_NAV_LINKS: usize = 20;
/// The most bytes of the line at the foot of a page.
const LONGEST_FOOTER: usize = 4096;

impl SiteSettings {
    /// Checks all values of `[site]`.
    fn validate(&self) -> Result<(), InvalidSetting> {
        self.check_addresses()?;
        if TimeZone::get(&self.timezone).is_err() {
            let message = format!(
                "`site.timezone` must be the IANA name of a time zone, and is `{}`",
                self.timezone
            );
            return Err(InvalidSetting::new(
                "site.timezone",
                message,
                "write a name such as `Europe/Berlin`, or `UTC`",
            ));
        }
        if !is_language(&self.language) {
            let message = format!("`site.language` must be the code of a language, and is `{}`", self.language);
            return Err(InvalidSetting::new(
                "site.language",
                message,
                "write a code such as `en`, `de` or `pt-BR`",
            ));
        }
        self.check_author()?;
        self.check_nav()?;
        if self.footer.as_ref().is_some_and(|footer| footer.len() > LONGEST_FOOTER) {
            let message = format!("`site.footer` is longer than {LONGEST_FOOTER} bytes");
            return Err(InvalidSetting::new("site.footer", message, "shorten it"));
        }
        Ok(())
    }

    fn check_addresses(&self) -> Result<(), InvalidSetting> {
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
        for (key, url) in [("site.base_url", &self.base_url), ("site.identity", &self.identity)] {
            let Some(url) = url else { continue };
            if !is_web(url) || url.query().is_some() || url.fragment().is_some() {
                let message = format!("`{key}` must be an http or https address without `?` and `#`, and is `{url}`");
                return Err(InvalidSetting::new(key, message, "write it like `https://example.com`"));
            }
        }
        for (key, url) in [("site.icon", &self.icon), ("site.image", &self.image)] {
            if let Some(url) = url.as_ref().filter(|url| !is_web(url)) {
                let message = format!("`{key}` must be an http or https address, and is `{url}`");
                return Err(InvalidSetting::new(
                    key,
                    message,
                    "write it like `https://example.com/icon.png`",
                ));
            }
        }
        Ok(())
    }

    fn check_nav(&self) -> Result<(), InvalidSetting> {
        let is_link = |url: &str| {
            let is_path = url.starts_with('/') && !url.starts_with("//") && !url.contains(char::is_control);
            is_path || Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto"))
        };
        for (at, link) in self.nav.iter().enumerate() {
            let (message, fix) = if link.name.trim().is_empty() {
                (
                    "a link in `site.nav` has an empty `name`".to_owned(),
                    "write what the link says",
                )
            } else if is_link(&link.url) {
                continue;
            } else {
                (
                    format!("`{}` in `site.nav` is not an address that a link can lead to", link.url),
                    "write a path such as `/about`, or an http, https or mailto address",
                )
            };
            return Err(InvalidSetting {
                at: Some(at),
                ..InvalidSetting::new("site.nav", message, fix)
            });
        }
        if self.nav.len() > MOST_NAV_LINKS {
            let message = format!(
                "`site.nav` has {} links, and at most {MOST_NAV_LINKS} are possible",
                self.nav.len()
            );
            return Err(InvalidSetting::new("site.nav", message, "remove some"));
        }
        Ok(())
    }

    fn check_author(&self) -> Result<(), InvalidSetting> {
        let Some(author) = &self.author else { return Ok(()) };
        let fix = "write it like `author = { name = \"Example Author\", url = \"https://example.com\" }`";
        if author.name.trim().is_empty() {
            return Err(InvalidSetting::new("site.author", "`site.author` has an empty `name`", fix));
        }
        let is_web = |url: &String| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        match author.url.as_ref().filter(|url| !is_web(url)) {
            Some(url) => {
                let message = format!("the `url` of `site.author` must be an http or https address, and is `{url}`");
                Err(InvalidSetting::new("site.author", message, fix))
            }
            None => Ok(()),
        }
    }
}

/// Checks that `value` is in the range that [`schema`] has for the number `key`.
fn check_range(key: &'static str, value: u64) -> Result<(), InvalidSetting> {
    let setting = key.split_once('.').and_then(|(table, name)| schema::find(table, name));
    match setting.map(|setting| (setting.kind, setting.key, setting.example)) {
        Some((kind @ ValueKind::Number(least, most), name, example)) if !(least..=most).contains(&value) => {
            let message = format!("`{key}` must be {}, and is {value}", kind.describe());
            Err(InvalidSetting::new(
                key,
                message,
                format!("write it like `{name} = {example}`"),
            ))
        }
        _ => Ok(()),
    }
}

/// Whether `text` has the form of a language tag (RFC 5646, section 2.1): a code of two or three letters, and parts after hyphens.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let is_primary = (2..=3).contains(&primary.len()) && primary.chars().all(|c| c.is_ascii_alphabetic());
    is_primary && parts.all(|part| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// Checks that `folder` is a path below the posts folder.
fn check_static_folder(folder: &Utf8Path) -> Result<(), InvalidSetting> {
    let is_name = |part: Utf8Component| matches!(part, Utf8Component::Normal(name) if !name.starts_with('.'));
    if folder.components().all(is_name) {
        return Ok(());
    }
    let message = format!("`posts.static` must name a folder in the folder of posts, and is `{folder}`");
    Err(InvalidSetting::new(
        "posts.static",
        message,
        "write it like `static = \"static\"`, or `\"\"` for none",
    ))
}

/// The placeholders of `posts.permalink`.
const PLACEHOLDERS: [&str; 5] = ["slug", "year", "month", "day", "section"];

/// Checks that `permalink` is a pattern that gives every post an address.
fn check_permalink(permalink: &str) -> Result<(), InvalidSetting> {
    let wrong = |message: String, fix: String| Err(InvalidSetting::new("posts.permalink", message, fix));
    let known = "`{slug}`, `{year}`, `{month}`, `{day}` and `{section}`";
    let mut rest = permalink;
    while let Some(at) = rest.find(['{', '}']) {
        let after = &rest[at..];
        let end = after.find('}').map_or(after.len(), |end| end + 1);
        let placeholder = &after[..end];
        let name = placeholder.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        if !name.is_some_and(|name| PLACEHOLDERS.contains(&name)) {
            let message = format!("`posts.permalink` contains `{placeholder}`, which is not a placeholder");
            return wrong(message, format!("write one of {known}"));
        }
        rest = &after[end..];
    }
    // the form of Jekyll, Hugo and Hexo
    if let Some(name) = permalink.split('/').find_map(|part| part.strip_prefix(':')) {
        let ours = |part: &str| match part.strip_prefix(':')? {
            "title" | "slug" | "post_title" | "filename" => Some("{slug}"),
            "year" => Some("{year}"),
            "month" => Some("{month}"),
            "day" => Some("{day}"),
            "section" | "sections" | "category" | "categories" => Some("{section}"),
            _ => None,
        };
        let translated: Vec<&str> = permalink.split('/').map(|part| ours(part).unwrap_or(part)).collect();
        let translated = translated.join("/");
        let message = format!("`posts.permalink` contains `:{name}`, which is another program's placeholder");
        let fix = if translated.contains("/:") {
            format!("write one of {known}")
        } else {
            format!("write `permalink = \"{translated}\"`")
        };
        return wrong(message, fix);
    }
    let is_rooted = ["/", "https://", "http://"].iter().any(|start| permalink.starts_with(start));
    if !is_rooted || !permalink.contains("{slug}") {
        let message = format!("`posts.permalink` must begin with `/` or `https://` and contain `{{slug}}`, and is `{permalink}`");
        return wrong(message, "write it like `permalink = \"/posts/{slug}\"`".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
