//! What the operator is told: what the world sees, what it does not and why, every problem, and whether changes are noticed.

use std::cmp::Reverse;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Severity};
use crate::metrics::Gauges;
use crate::post::{Post, Visibility};
use crate::render::post_url;
use crate::site::Site;
use crate::time::Timestamp;

/// How many of the newest published posts, and at most how many of each other list, are told one by one.
const MOST_TOLD: usize = 200;

/// How changes are noticed, as the engine says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Watch {
    /// `native` or `poll`.
    pub mode: &'static str,
    /// Why the site may not show what the folder holds; `None` while all is well.
    pub degraded: Option<String>,
    /// Why the ledger is not written; `None` while it is.
    pub ledger: Option<String>,
    /// The folder of the ledger.
    #[serde(skip)]
    pub ledger_folder: Option<String>,
    /// Why the folder of the ledger will not stay, as in a container without a volume; `None` where it stays.
    #[serde(skip)]
    pub ledger_warning: Option<String>,
    /// When the whole folder was last looked at.
    pub last_full_scan: Option<Timestamp>,
    /// Looks at the folder since the start.
    pub looks: u64,
    /// Sites built since the start.
    pub builds: u64,
    /// How long the last of them took.
    #[serde(skip)]
    pub last_build: Option<Duration>,
}

/// How the site is at one instant.
#[derive(Clone, Debug)]
pub struct ServerStatus {
    now: Timestamp,
    uptime: Duration,
    watch: Watch,
    base: String,
    scopes: usize,
    counts: [(Visibility, &'static str, usize); 7],
    /// The newest of what the world sees.
    pub published: Vec<Released>,
    /// What it will see, the next first.
    pub scheduled: Vec<Scheduled>,
    /// What it does not see otherwise.
    pub held_back: Vec<Held>,
    /// What there is to say about files.
    pub problems: Vec<Diagnostic>,
}

/// A post that the world sees.
#[derive(Clone, Debug, Serialize)]
pub struct Released {
    /// Its file.
    pub path: String,
    /// Its title, or its slug where it has none.
    pub title: String,
    /// Where it is read.
    pub url: String,
    /// When it was published.
    pub date: String,
    /// Whether only who knows its address finds it.
    pub unlisted: bool,
}

/// A post that the world will see.
#[derive(Clone, Debug, Serialize)]
pub struct Scheduled {
    /// Its file.
    pub path: String,
    /// Its title, or its slug where it has none.
    pub title: String,
    /// When.
    pub appears: Timestamp,
    /// Seconds until then.
    pub in_seconds: i64,
}

/// A post that the world does not see.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// Its file.
    pub path: String,
    /// Its title, or its slug where it has none.
    pub title: String,
    /// Why, and what said so.
    pub why: String,
}

impl ServerStatus {
    /// The status of `site` at `now`, where the engine has been running for `uptime` and watches as `watch` says.
    #[must_use]
    pub fn of(site: &Site, watch: Watch, uptime: Duration, now: Timestamp) -> ServerStatus {
        use Visibility::{Draft, Expired, Held as NotUnderstood, Private, Public, Scheduled as Later, Unlisted};
        let base = site.config().base();
        let mut counts = [
            (Public, "public", 0),
            (Unlisted, "unlisted", 0),
            (Later, "scheduled", 0),
            (Draft, "draft", 0),
            (Private, "private", 0),
            (NotUnderstood, "held", 0),
            (Expired, "expired", 0),
        ];
        let (mut published, mut scheduled, mut held_back) = (Vec::new(), Vec::new(), Vec::new());
        for post in site.all().iter() {
            let visibility = post.visibility(now);
            for (counted, _, count) in &mut counts {
                *count += usize::from(*counted == visibility);
            }
            match visibility {
                Public | Unlisted => published.push(&**post),
                Later => scheduled.push(&**post),
                Draft | Private | NotUnderstood | Expired => held_back.push((&**post, visibility)),
            }
        }
        published.sort_by_key(|post| Reverse(post.date));
        scheduled.sort_by_key(|post| post.date);
        let released = |post: &Post| Released {
            path: post.source().to_string(),
            title: title(post),
            url: post_url(&base, post.address()),
            date: post.date.rfc3339(),
            unlisted: post.visibility(now) == Unlisted,
        };
        let later = |post: &Post| Scheduled {
            path: post.source().to_string(),
            title: title(post),
            appears: post.date.timestamp(),
            in_seconds: post.date.timestamp().duration_since(now).as_secs(),
        };
        let held = |(post, visibility): (&Post, Visibility)| Held {
            path: post.source().to_string(),
            title: title(post),
            why: why(post, visibility),
        };
        let unread = |problem: &&Diagnostic| problem.severity == Severity::Error && site.post(&problem.path).is_none();
        let broken = site.diagnostics.iter().filter(unread).map(|problem| Held {
            path: problem.path.to_string(),
            title: String::new(),
            why: problem.message.clone(),
        });
        ServerStatus {
            published: published.into_iter().take(MOST_TOLD).map(released).collect(),
            scheduled: scheduled.into_iter().take(MOST_TOLD).map(later).collect(),
            held_back: broken.chain(held_back.into_iter().map(held)).take(MOST_TOLD).collect(),
            problems: site.diagnostics.to_vec(),
            scopes: site.index.scopes().count(),
            base,
            now,
            uptime,
            watch,
            counts,
        }
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let posts: serde_json::Map<String, Value> = self
            .counts
            .iter()
            .map(|(_, name, count)| ((*name).to_owned(), (*count).into()))
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_seconds": self.uptime.as_secs(),
            "base_url": self.base,
            "posts": posts,
            "next_due": self.scheduled.first().map(|next| next.appears),
            "watching": self.watching(),
            "ledger": {
                "folder": self.watch.ledger_folder,
                "is_written": self.watch.ledger_folder.is_some() && self.watch.ledger.is_none(),
                "trouble": self.watch.ledger,
                "warning": self.watch.ledger_warning,
            },
            "published": self.published,
            "scheduled": self.scheduled,
            "held_back": self.held_back,
            "problems": self.problems,
        })
    }

    fn watching(&self) -> Value {
        let mut watching = json!(self.watch);
        watching["last_full_scan_age_seconds"] = self.full_scan_age().map(|age| age.as_secs()).into();
        watching["last_build_seconds"] = self.watch.last_build.map(|took| took.as_secs_f64()).into();
        watching
    }

    /// As gauges.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let severity = |wanted| self.problems.iter().filter(|problem| problem.severity == wanted).count() as u64;
        Gauges {
            version: env!("CARGO_PKG_VERSION"),
            uptime: self.uptime,
            posts: self.counts.iter().map(|(_, name, count)| (*name, *count as u64)).collect(),
            problems: vec![
                ("error", severity(Severity::Error)),
                ("warning", severity(Severity::Warning)),
                ("note", severity(Severity::Note)),
            ],
            scopes: self.scopes as u64,
            looks: self.watch.looks,
            builds: self.watch.builds,
            last_build: self.watch.last_build,
            last_full_scan_age: self.full_scan_age(),
            is_native: self.watch.mode == "native",
            is_degraded: self.watch.degraded.is_some(),
            is_ledger_failing: self.watch.ledger.is_some(),
            is_ledger_temporary: self.watch.ledger_warning.is_some(),
        }
    }

    /// How many posts there are of each visibility.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.counts.iter().map(|(_, name, count)| (*name, *count))
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(super) fn uptime(&self) -> Duration {
        self.uptime
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// How long ago the whole folder was looked at.
    pub(super) fn full_scan_age(&self) -> Option<Duration> {
        let at = self.watch.last_full_scan?;
        Some(Duration::try_from(self.now.duration_since(at)).unwrap_or_default())
    }
}

fn title(post: &Post) -> String {
    if post.title().is_empty() {
        post.slug().to_string()
    } else {
        post.title().to_string()
    }
}

fn why(post: &Post, visibility: Visibility) -> String {
    match visibility {
        Visibility::Draft => format!("a draft ({})", post.alike.origins.standing),
        Visibility::Private => format!("private ({})", post.alike.origins.standing),
        Visibility::Held => "held back: see its problems".to_owned(),
        _ => match post.rare.expires {
            Some(expires) => format!("expired at {}", expires.rfc3339()),
            None => "not public".to_owned(),
        },
    }
}
