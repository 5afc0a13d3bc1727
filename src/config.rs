//! What can be set, with its defaults: `feedmill.toml`.
//!
//! The command line and the environment are laid over it by `cli`; nothing here reads either, nor the disk.

use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::tz::TimeZone;
use serde::Deserialize;
use url::Url;

use crate::diagnostic::{Diagnostic, Position, Severity};

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
    pub redirect: Vec<Redirect>,
}

/// `[site]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Site {
    /// The title of every feed.
    pub title: String,
    /// One or two sentences about it.
    pub description: String,
    /// The address under which the world reaches this site. Never taken from a request.
    pub base_url: Option<Url>,
    /// The language of posts that name none (RFC 5646).
    pub language: String,
    /// The zone of dates that name none (an IANA name).
    pub timezone: String,
    /// Who wrote posts that name no author.
    pub author: Option<Person>,
    /// The copyright notice.
    pub copyright: Option<String>,
    /// A small square picture.
    pub icon: Option<Url>,
    /// A larger picture.
    pub image: Option<Url>,
}

/// A person, as configuration and posts name one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// The name, never empty once read.
    pub name: String,
    /// The e-mail address. Never invented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// An http(s) address about the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// `[feed]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Feed {
    /// How many posts a feed, and each archive document, holds.
    pub limit: usize,
    /// Whether items carry the whole text.
    pub content: FeedContent,
    /// How many bytes of HTML one feed document may carry; items past it carry their summary alone.
    pub max_bytes: usize,
}

/// What an item of a feed carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedContent {
    /// Summary and whole text.
    #[default]
    Full,
    /// The summary alone.
    Summary,
}

/// `[list]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct List {
    /// Posts on a page, 1 to 200.
    pub per_page: usize,
}

/// `[posts]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Posts {
    /// The folder of posts, relative to the configuration file.
    pub dir: Utf8PathBuf,
    /// The address of a post that names none: `{slug} {year} {month} {day} {section}`.
    /// Absolute where the pages live elsewhere.
    pub permalink: String,
    /// File names and folders that are no posts: `*` stands for any run of characters.
    pub ignore: Vec<String>,
    /// In `1/2/2026` and `1.2.2026`, the day comes first.
    pub day_first: bool,
    /// How tags written as one text are parted.
    pub split_tags: SplitTags,
    /// Tags that are another tool's collections, not subjects.
    pub drop_tags: Vec<String>,
    /// The largest file read, in bytes.
    pub max_file_bytes: u64,
    /// How many folders deep posts are looked for.
    pub max_depth: usize,
    /// How many posts are read at the most.
    pub max_files: usize,
}

/// How tags written as one text, without `,` or `;`, are parted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitTags {
    /// At spaces in posts that Jekyll would part there (a `layout` and a dated file name, key `tags` or `categories`).
    #[default]
    Auto,
    /// At spaces.
    Space,
    /// Not at all.
    Never,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Where to listen: `host:port`, `unix:/path/to.sock`, or `systemd` for the socket that systemd passes.
    pub listen: String,
    /// Where the operator's addresses listen: likewise, with `systemd` for the next socket passed.
    pub admin: String,
    /// Connections held at once. Further ones are told to come back (503). Never more than the system's file descriptors allow.
    pub max_connections: usize,
    /// Connections held at once for one address; of IPv6, one network of 64 bits. A proxy in front is one address: there it should
    /// be as high as `max_connections`.
    pub max_connections_per_address: usize,
    /// Seconds a client may take from connecting, or from the first byte of a later request, to the end of the request's header.
    #[serde(deserialize_with = "seconds")]
    pub header_timeout: Duration,
    /// Seconds a connection is kept after an answer for the next request to begin.
    #[serde(deserialize_with = "seconds")]
    pub idle_timeout: Duration,
    /// Seconds a client may take to send a request's body (408).
    #[serde(deserialize_with = "seconds")]
    pub body_timeout: Duration,
    /// Seconds a client may go without taking any more of an answer.
    #[serde(deserialize_with = "seconds")]
    pub write_timeout: Duration,
    /// Seconds that open requests may take to end after the signal to stop.
    #[serde(deserialize_with = "seconds")]
    pub drain_timeout: Duration,
    /// The largest header of a request, with its first line, in bytes (431).
    pub max_header_bytes: usize,
    /// Header fields in a request (431).
    pub max_headers: usize,
    /// The largest body of a request, in bytes (413).
    pub max_body_bytes: usize,
    /// How logs are written.
    pub log: LogFormat,
    /// Whether each answer is logged, without what would tell people apart.
    pub access_log: bool,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person at a terminal.
    #[default]
    Text,
    /// One JSON object a line, for machines that collect logs.
    Json,
}

/// `[watch]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    /// How changes are noticed.
    pub mode: WatchMode,
    /// Seconds that a file which may still be growing has to hold still.
    #[serde(deserialize_with = "seconds")]
    pub settle: Duration,
    /// Seconds between full scans.
    #[serde(deserialize_with = "seconds")]
    pub rescan: Duration,
    /// Seconds between looks in poll mode.
    #[serde(deserialize_with = "seconds")]
    pub poll: Duration,
    /// Seconds before a deletion is believed, so that an editor's delete-and-recreate is none.
    #[serde(deserialize_with = "seconds")]
    pub delete_grace: Duration,
    /// Seconds before an emptied or halved folder is believed.
    #[serde(deserialize_with = "seconds")]
    pub vanish_grace: Duration,
}

/// How changes are noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum WatchMode {
    /// The system's events where they prove to work, else polling.
    #[default]
    Auto,
    /// The system's events.
    Native,
    /// Looking again and again.
    Poll,
}

/// `[state]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// The folder for what files cannot remember.
    pub dir: Option<Utf8PathBuf>,
}

/// `[cache]`: how long clients and caches may keep an answer, in seconds (RFC 9111, RFC 5861).
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// Feeds: before they ask again. RSS says it too, in minutes (`ttl`). Shortened before a scheduled post.
    pub feeds: u32,
    /// The listing and pages: before they ask again.
    pub pages: u32,
    /// How much longer an old answer may be used while a new one is fetched.
    pub stale_while_revalidate: u32,
    /// How much longer an old answer may be used while there is an error here.
    pub stale_if_error: u32,
}

/// `[pace]`: how often one client may ask for whole documents. Requests with a condition are never limited.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// Requests a minute in the long run; 0 for no limit.
    pub requests_per_minute: u32,
    /// Requests at once before the pace holds.
    pub burst: u32,
    /// Networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
}

/// `[[redirect]]`: an address that has moved for good (RFC 9110, section 15.4.2).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// The path that was: `/old-feed.xml`.
    pub from: String,
    /// The path or URL that is.
    pub to: String,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            requests_per_minute: 0,
            burst: 60,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Cache {
            feeds: 300,
            pages: 0,
            stale_while_revalidate: 600,
            stale_if_error: 86_400,
        }
    }
}

impl Default for Site {
    fn default() -> Self {
        Site {
            title: "Posts".to_owned(),
            description: String::new(),
            base_url: None,
            language: "en".to_owned(),
            timezone: "UTC".to_owned(),
            author: None,
            copyright: None,
            icon: None,
            image: None,
        }
    }
}

impl Default for Feed {
    fn default() -> Self {
        Feed {
            limit: 20,
            content: FeedContent::Full,
            max_bytes: 1024 * 1024,
        }
    }
}

impl Default for List {
    fn default() -> Self {
        List { per_page: 8 }
    }
}

impl Default for Posts {
    fn default() -> Self {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Posts {
            dir: "posts".into(),
            permalink: "/posts/{slug}".to_owned(),
            ignore: owned(&["README.md", "node_modules"]),
            day_first: false,
            split_tags: SplitTags::Auto,
            drop_tags: owned(&["post", "posts", "all", "nav"]),
            max_file_bytes: 1024 * 1024,
            max_depth: 32,
            max_files: 1_000_000,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Server {
            listen: "127.0.0.1:8080".to_owned(),
            admin: "127.0.0.1:8081".to_owned(),
            max_connections: 4096,
            max_connections_per_address: 256,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_mins(1),
            drain_timeout: Duration::from_secs(10),
            max_header_bytes: 32 * 1024,
            max_headers: 100,
            max_body_bytes: 16 * 1024,
            log: LogFormat::Text,
            access_log: false,
        }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Watch {
            mode: WatchMode::Auto,
            settle: Duration::from_millis(100),
            rescan: Duration::from_mins(1),
            poll: Duration::from_secs(1),
            delete_grace: Duration::from_secs(1),
            vanish_grace: Duration::from_mins(1),
        }
    }
}

/// The longest span that can be set: a day.
const LONGEST_SPAN: f64 = 86_400.0;

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    if (0.001..=LONGEST_SPAN).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(serde::de::Error::custom("a number of seconds from 0.001 to 86400 is needed"))
    }
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
        if TimeZone::get(&self.site.timezone).is_err() {
            let message = format!(
                "`{}` is no time zone; write an IANA name such as `Europe/Berlin`",
                self.site.timezone
            );
            return Err(("site.timezone", message));
        }
        if let Some(base) = &self.site.base_url
            && (!matches!(base.scheme(), "http" | "https") || base.query().is_some() || base.fragment().is_some())
        {
            return Err((
                "site.base_url",
                "an http or https address without query or fragment is needed".to_owned(),
            ));
        }
        let permalink = &self.posts.permalink;
        let absolute = permalink.starts_with("https://") || permalink.starts_with("http://");
        if !(absolute || permalink.starts_with('/')) || !permalink.contains("{slug}") {
            let message = "it starts with `/`, `http://` or `https://` and holds `{slug}`".to_owned();
            return Err(("posts.permalink", message));
        }
        for Redirect { from, to } in &self.redirect {
            let is_web = Url::parse(to).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !from.starts_with('/') || !(is_web || to.starts_with('/') && !to.starts_with("//")) || from == to {
                return Err((
                    "redirect.from",
                    "`from` is a path, `to` another path or an http address".to_owned(),
                ));
            }
        }
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

    /// Who mints ids (RFC 4151): the host of the site's address; `localhost` until one is configured, whatever port is listened on.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.site.base_url.as_ref().and_then(Url::host_str).unwrap_or("localhost")
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
                "[site]\nbase_url = 'ftp://x'\n",
                "feedmill.toml:2:1: error: site.base_url: an http or https address",
            ),
        ];
        for (text, expected) in cases {
            let message = parse(text).unwrap_err();
            assert!(message.starts_with(expected), "{text:?} gave {message:?}");
        }
    }
}
