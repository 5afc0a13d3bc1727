//! The tables of `feedmill.toml`, with the defaults of their keys.

use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::colour::Colour;

/// `[site]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SiteSettings {
    /// The title of every feed.
    pub title: String,
    /// One or two sentences about it.
    pub description: String,
    /// The public address of the site. It never comes from a request.
    pub base_url: Option<Url>,
    /// The address in ids, if it is not `base_url` because the site has moved. It is needed only without a ledger, which stores the
    /// first `base_url`.
    pub identity: Option<Url>,
    /// The language of posts without one (RFC 5646).
    pub language: String,
    /// The time zone of dates without an offset (an IANA name).
    pub timezone: String,
    /// The author of posts without one.
    pub author: Option<Person>,
    /// The copyright notice.
    pub copyright: Option<String>,
    /// A small square picture.
    pub icon: Option<Url>,
    /// A larger picture.
    pub image: Option<Url>,
    /// The colour of links and buttons on pages. If it is not legible there, it is darkened or lightened until it is.
    pub accent: Option<Colour>,
    /// Links at the head of every page, before `Search` and `Subscribe`.
    pub nav: Vec<NavLink>,
    /// A line of Markdown at the foot of every page.
    pub footer: Option<String>,
    /// The folder of custom templates and style sheet, relative to the configuration file; by default `templates` beside it.
    pub templates: Option<Utf8PathBuf>,
}

/// `[[site.nav]]`: a link at the head of every page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NavLink {
    /// The text of the link.
    pub name: String,
    /// Its target: a path on the site or a whole address.
    pub url: String,
}

/// A person in the configuration or in a post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// The name, which is never empty.
    pub name: String,
    /// The e-mail address. It is never generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// An http(s) address about the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The key that a post writes in place of the name, in the form of addresses, if that is another.
    #[serde(skip)]
    pub known_as: Option<Box<str>>,
}

/// `[feed]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedSettings {
    /// The number of posts in a feed and in each archive document.
    pub limit: usize,
    /// Whether items contain the whole text.
    pub content: FeedContent,
    /// The most bytes of HTML in one feed document. Items beyond that contain only their summary.
    pub max_bytes: usize,
    /// Whether items of RSS also contain their Markdown (`source:markdown`), which makes the feed twice as long.
    pub markdown: bool,
}

/// The content of an item in a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedContent {
    /// Summary and whole text.
    #[default]
    Full,
    /// Only the summary.
    Summary,
}

/// `[list]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListSettings {
    /// The number of posts on a page, 1 to 200.
    pub per_page: usize,
}

/// `[posts]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PostSettings {
    /// The folder of posts, relative to the configuration file.
    pub dir: Utf8PathBuf,
    /// The pattern of the address of a post without one: `{slug} {year} {month} {day} {section}`. It is a whole URL if the pages are on
    /// another site.
    pub permalink: String,
    /// Names of files and folders that are not posts; `*` stands for any characters.
    pub ignore: Vec<String>,
    /// Folders whose posts and files are public although their names begin with `_`, or although another tool keeps its own files
    /// there: a name, or a path below the posts folder; `*` stands for any characters.
    pub include: Vec<String>,
    /// Additional endings of files that are served beside posts.
    pub media: Vec<String>,
    /// The address of the folder with the sound and video of posts, if they are on another host.
    pub enclosure_base: Option<Url>,
    /// The folder, below the folder of posts, whose files are also served at the root of the site; empty for none.
    #[serde(rename = "static")]
    pub static_folder: Utf8PathBuf,
    /// Whether the day comes first in `1/2/2026` and `1.2.2026`.
    pub day_first: bool,
    /// How tags in one text are split.
    pub split_tags: SplitTags,
    /// Tags that are another tool's collections, not subjects.
    pub drop_tags: Vec<String>,
    /// The most bytes of a file.
    pub max_file_bytes: u64,
    /// The deepest nesting of folders with posts.
    pub max_depth: usize,
    /// The most posts.
    pub max_files: usize,
    /// Whether an edit of a post without `minor: false` is minor, so that readers are not notified.
    pub minor: bool,
}

/// How tags in one text without `,` or `;` are split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitTags {
    /// At spaces in posts for Jekyll, which does so (a `layout` and a dated file name, key `tags` or `categories`).
    #[default]
    Auto,
    /// At spaces.
    Space,
    /// Not at all.
    Never,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Where to listen: `host:port`, `unix:/path/to.sock`, or `systemd` for the socket that systemd passes.
    pub listen: String,
    /// Where the operator's addresses listen: the same, with `systemd` for the next socket passed.
    pub admin: String,
    /// The most connections at once. Others get a 503. It is never more than the system's file descriptors allow.
    pub max_connections: usize,
    /// The most connections at once for one address (of IPv6, for one /64 network). A proxy in front is one address: then it should be
    /// as high as `max_connections`.
    pub max_connections_per_address: usize,
    /// Seconds from the connection, or from the first byte of a later request, to the end of the request's header.
    #[serde(deserialize_with = "seconds")]
    pub header_timeout: Duration,
    /// Seconds that a connection stays open after a response, until the next request begins.
    #[serde(deserialize_with = "seconds")]
    pub idle_timeout: Duration,
    /// Seconds a client may take to send a request's body (408).
    #[serde(deserialize_with = "seconds")]
    pub body_timeout: Duration,
    /// Seconds that a client may take no more bytes of a response.
    #[serde(deserialize_with = "seconds")]
    pub write_timeout: Duration,
    /// Seconds that open requests may take to end after the signal to stop.
    #[serde(deserialize_with = "seconds")]
    pub drain_timeout: Duration,
    /// The largest header of a request, with its first line, in bytes (431).
    pub max_header_bytes: usize,
    /// The most header fields of a request (431).
    pub max_headers: usize,
    /// The largest body of a request, in bytes (413).
    pub max_body_bytes: usize,
    /// How logs are written.
    pub log: LogFormat,
    /// Whether each response is logged, without data that identifies people.
    pub access_log: bool,
    /// How responses are logged. The combined format turns the log on.
    pub access_log_format: AccessLogFormat,
    /// Whether the author gets a preview of unpublished posts. Only the command line sets it, never a file, which may be copied to a server.
    #[serde(skip)]
    pub preview: bool,
    /// Where the preview listens: a loopback address.
    #[serde(skip)]
    pub preview_listen: String,
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

/// How responses are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum AccessLogFormat {
    /// As an event among other messages, without data that identifies people.
    #[default]
    Event,
    /// As a line of the standard output in the combined format of Apache and nginx, with the addresses of people.
    Combined,
}

/// `[watch]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchSettings {
    /// How changes are noticed.
    pub mode: WatchMode,
    /// Seconds that a file must not change before it is read, if it may still be growing.
    #[serde(deserialize_with = "seconds")]
    pub settle: Duration,
    /// Seconds between full scans.
    #[serde(deserialize_with = "seconds")]
    pub rescan: Duration,
    /// Seconds between scans in poll mode.
    #[serde(deserialize_with = "seconds")]
    pub poll: Duration,
    /// Seconds before a deletion is accepted, so that an editor's delete-and-recreate is not one.
    #[serde(deserialize_with = "seconds")]
    pub delete_grace: Duration,
    /// Seconds before the deletion of half of the posts or more is accepted.
    #[serde(deserialize_with = "seconds")]
    pub vanish_grace: Duration,
}

/// How changes are noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum WatchMode {
    /// Events of the system if they work, else polling.
    #[default]
    Auto,
    /// Events of the system.
    Native,
    /// Scan the folder at intervals.
    Poll,
}

/// `[state]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateSettings {
    /// The folder of the ledger, relative to the configuration file; by default `.feedmill/NAME` beside the folder of posts NAME.
    pub dir: Option<Utf8PathBuf>,
    /// The number of days that a withdrawn post is announced: 410 at its address, a tombstone in Atom, `deleted` in the listing.
    pub withdrawn_days: u32,
}

/// `[cache]`: how long clients and caches may store a response, in seconds (RFC 9111, RFC 5861).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSettings {
    /// The maximum age of feeds. It is also in RSS, in minutes (`ttl`). It is shorter before a scheduled post.
    pub feeds: u32,
    /// The maximum age of the listing and pages.
    pub pages: u32,
    /// How much longer an old response may be used while a new one is fetched.
    pub stale_while_revalidate: u32,
    /// How much longer an old response may be used while the server has an error.
    pub stale_if_error: u32,
}

/// `[pace]`: how many whole documents one client may request. Conditional requests are never limited.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimitSettings {
    /// Requests per minute on average; 0 for no limit.
    pub requests_per_minute: u32,
    /// Requests at once before that limit applies.
    pub burst: u32,
    /// Networks of proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<ipnet::IpNet>,
}

/// `[push]`: how subscribers are told of new posts (`WebSub`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushSettings {
    /// Whether the site has a hub of its own; by default where `site.base_url` is a public address.
    pub hub: Option<bool>,
    /// The addresses of hubs of others, which feeds name and which are told of each change.
    pub hubs: Vec<Url>,
    /// Seconds from a change until they are told, for a cache in front of the site that hubs fetch from.
    pub delay: u32,
    /// The algorithm of `X-Hub-Signature`.
    pub signature: SignatureAlgorithm,
    /// Networks whose subscribers are called though they are not public.
    pub allow: Vec<ipnet::IpNet>,
    /// The most connections at once to one host of subscribers.
    pub per_host: usize,
    /// The most subscriptions.
    pub max_subscriptions: usize,
    /// The most subscriptions with callbacks on one host.
    pub max_subscriptions_per_host: usize,
}

/// The algorithm of the signature of a delivery (`WebSub`, section 7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignatureAlgorithm {
    /// HMAC-SHA256.
    #[default]
    Sha256,
    /// HMAC-SHA1, for subscribers that know no other.
    Sha1,
}

/// The longest duration, in seconds: a day.
const LONGEST_SPAN: f64 = 86_400.0;

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    if (0.001..=LONGEST_SPAN).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(serde::de::Error::custom("a number of seconds from 0.001 to 86400 is needed"))
    }
}

impl StateSettings {
    /// How long a withdrawn post is announced.
    #[must_use]
    pub fn withdrawn_for(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.withdrawn_days))
    }
}

impl Default for StateSettings {
    fn default() -> Self {
        StateSettings {
            dir: None,
            withdrawn_days: 90,
        }
    }
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        RateLimitSettings {
            requests_per_minute: 0,
            burst: 60,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for PushSettings {
    fn default() -> Self {
        PushSettings {
            hub: None,
            hubs: Vec::new(),
            delay: 0,
            signature: SignatureAlgorithm::Sha256,
            allow: Vec::new(),
            per_host: 2,
            max_subscriptions: 10_000,
            max_subscriptions_per_host: 100,
        }
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        CacheSettings {
            feeds: 300,
            pages: 0,
            stale_while_revalidate: 600,
            stale_if_error: 86_400,
        }
    }
}

impl Default for SiteSettings {
    fn default() -> Self {
        SiteSettings {
            title: "Posts".to_owned(),
            description: String::new(),
            base_url: None,
            identity: None,
            language: "en".to_owned(),
            timezone: "UTC".to_owned(),
            author: None,
            copyright: None,
            icon: None,
            image: None,
            accent: None,
            nav: Vec::new(),
            footer: None,
            templates: None,
        }
    }
}

impl Default for FeedSettings {
    fn default() -> Self {
        FeedSettings {
            limit: 20,
            content: FeedContent::Full,
            max_bytes: 1024 * 1024,
            markdown: false,
        }
    }
}

impl Default for ListSettings {
    fn default() -> Self {
        ListSettings { per_page: 8 }
    }
}

impl Default for PostSettings {
    fn default() -> Self {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        PostSettings {
            dir: "posts".into(),
            permalink: "/posts/{slug}".to_owned(),
            ignore: owned(&["README.md", "node_modules"]),
            include: Vec::new(),
            media: Vec::new(),
            enclosure_base: None,
            static_folder: "static".into(),
            day_first: false,
            split_tags: SplitTags::Auto,
            drop_tags: owned(&["post", "posts", "all", "nav"]),
            max_file_bytes: 1024 * 1024,
            max_depth: 32,
            max_files: 1_000_000,
            minor: false,
        }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        ServerSettings {
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
            access_log_format: AccessLogFormat::Event,
            preview: false,
            preview_listen: "127.0.0.1:8082".to_owned(),
        }
    }
}

impl Default for WatchSettings {
    fn default() -> Self {
        WatchSettings {
            mode: WatchMode::Auto,
            settle: Duration::from_millis(100),
            rescan: Duration::from_mins(1),
            poll: Duration::from_secs(1),
            delete_grace: Duration::from_secs(1),
            vanish_grace: Duration::from_mins(1),
        }
    }
}
