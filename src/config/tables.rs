//! The tables of `feedmill.toml`, key by key, with what holds where a key is absent.

use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;

use super::Colour;

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
    /// The address that ids are made of, where it is not `base_url`: that of a site which has moved. Nobody need write it where the
    /// ledger is kept, for it remembers the first `base_url`.
    pub identity: Option<Url>,
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
    /// The colour of links and buttons on pages. Where it could not be read on the page, it is darkened or lightened until it can.
    pub accent: Option<Colour>,
    /// What stands at the head of every page, before `Subscribe` and `Search`.
    pub nav: Vec<NavLink>,
    /// A line of Markdown at the foot of every page.
    pub footer: Option<String>,
    /// The folder of templates and style sheet that take the place of the ones compiled in, relative to the configuration file;
    /// `templates` beside it where none is named.
    pub templates: Option<Utf8PathBuf>,
}

/// `[[site.nav]]`: a link at the head of every page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NavLink {
    /// What it says.
    pub name: String,
    /// Where it leads: a path on the site or a whole address.
    pub url: String,
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
    /// Whether items of RSS carry their Markdown too (`source:markdown`), which makes the feed twice as long.
    pub markdown: bool,
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
    /// Folders whose posts and files are public though their names begin with `_`, or though another tool keeps its own files in them:
    /// a name, or a path below the posts folder; `*` stands for any run of characters.
    pub include: Vec<String>,
    /// Endings of files that are served beside posts, in addition to those that always are.
    pub media: Vec<String>,
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
    /// Whether edits of posts that do not say `minor: false` are too small to tell readers of.
    pub minor: bool,
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
    /// Whether its author is shown what is not published. Only the command line says so, never a file that is carried to a server.
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
    /// Events of the system if they work, otherwise polling.
    #[default]
    Auto,
    /// Events of the system.
    Native,
    /// Look at the folder again and again.
    Poll,
}

/// `[state]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// The folder of the ledger, relative to the configuration file; where none is named, `.feedmill/NAME` beside the folder of posts,
    /// NAME being its name.
    pub dir: Option<Utf8PathBuf>,
    /// For how many days a post that went is told of: 410 at its address, a tombstone in Atom, `deleted` in the listing.
    pub withdrawn_days: u32,
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
pub struct RateLimitSettings {
    /// Requests a minute in the long run; 0 for no limit.
    pub requests_per_minute: u32,
    /// Requests at once before the pace holds.
    pub burst: u32,
    /// Networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
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

impl State {
    /// For how long a post that went is told of.
    #[must_use]
    pub fn told_for(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.withdrawn_days))
    }
}

impl Default for State {
    fn default() -> Self {
        State {
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

impl Default for Feed {
    fn default() -> Self {
        Feed {
            limit: 20,
            content: FeedContent::Full,
            max_bytes: 1024 * 1024,
            markdown: false,
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
            include: Vec::new(),
            media: Vec::new(),
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
            preview: false,
            preview_listen: "127.0.0.1:8082".to_owned(),
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
