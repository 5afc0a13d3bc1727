//! The status for the operator: published and unpublished posts, problems, and whether changes are noticed.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use crate::diagnostic::{Diagnostic, Severity};
use crate::metrics::{Gauges, HubPings, PushGauges};
use crate::post::{Post, Visibility};
use crate::push::hub::HubStatus;
use crate::push::ping::OutsideHub;
use crate::render::post_url;
use crate::site::Site;
use crate::time::Timestamp;

/// The most posts of each list. Of the published posts these are the newest.
const MAX_LISTED: usize = 200;

/// The configuration in use.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConfigStatus {
    /// Its file; `None` if there is none.
    pub file: Option<String>,
    /// When it was read.
    pub since: Timestamp,
    /// Why the file as it is now is not in use; `None` if it is.
    pub problem: Option<String>,
}

/// The state of the watch, the ledger and the builds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WatchStatus {
    /// `native` or `poll`.
    pub mode: &'static str,
    /// Why the site may differ from the folder; `None` if it does not.
    pub degraded: Option<String>,
    /// Why the ledger is not written; `None` if it is.
    pub ledger: Option<String>,
    /// The folder of the ledger.
    #[serde(skip)]
    pub ledger_folder: Option<String>,
    /// Why the folder of the ledger may be lost, as in a container without a volume; `None` if it is durable.
    #[serde(skip)]
    pub ledger_warning: Option<String>,
    /// When the whole folder was last scanned.
    pub last_full_scan: Option<Timestamp>,
    /// The configuration.
    #[serde(skip)]
    pub config: ConfigStatus,
    /// Scans since the start.
    #[serde(rename = "looks")]
    pub scans: u64,
    /// Sites built since the start.
    pub builds: u64,
    /// How long the last build took.
    #[serde(skip)]
    pub last_build: Option<Duration>,
}

/// The status of the site at one instant.
#[derive(Clone, Debug)]
pub struct ServerStatus {
    now: Timestamp,
    uptime: Duration,
    watch: WatchStatus,
    base: String,
    identity: String,
    scopes: usize,
    counts: [(Visibility, &'static str, usize); 8],
    /// The hubs of others that are told of changes.
    pub outside_hubs: Vec<OutsideHub>,
    /// The newest published posts.
    pub published: Vec<PublishedStatus>,
    /// Scheduled posts, the next first.
    pub scheduled: Vec<ScheduledPost>,
    /// All other posts.
    pub held_back: Vec<HeldPost>,
    /// The problems of files.
    pub problems: Vec<Diagnostic>,
    /// The state of the hub, if there is one.
    pub push: Option<HubStatus>,
}

/// A published post.
#[derive(Clone, Debug, Serialize)]
pub struct PublishedStatus {
    /// Its file.
    pub path: String,
    /// Its title, or its slug where it has none.
    pub title: String,
    /// Its address.
    pub url: String,
    /// When it was published.
    pub date: String,
    /// Whether it is in no feed and no list.
    pub unlisted: bool,
}

/// A scheduled post.
#[derive(Clone, Debug, Serialize)]
pub struct ScheduledPost {
    /// Its file.
    pub path: String,
    /// Its title, or its slug where it has none.
    pub title: String,
    /// When it appears.
    pub appears: Timestamp,
    /// Seconds until then.
    pub in_seconds: i64,
}

/// A post that is not public.
#[derive(Clone, Debug, Serialize)]
pub struct HeldPost {
    /// Its file.
    pub path: String,
    /// Its title, or its slug where it has none.
    pub title: String,
    /// Why, and which file or field says so.
    pub why: String,
    /// Whether its author did not mean that: something in it was not understood.
    #[serde(skip)]
    pub is_mistake: bool,
}

impl ServerStatus {
    /// Returns the status of `site` at `now`, when the server has been running for `uptime`.
    #[must_use]
    pub fn new(site: &Site, watch: WatchStatus, uptime: Duration, now: Timestamp) -> ServerStatus {
        use Visibility::{Draft, Expired, Held as NotUnderstood, Page, Private, Public, Scheduled as Later, Unlisted};
        let base = site.config().base();
        let mut counts = [
            (Public, "public", 0),
            (Page, "page", 0),
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
                Public | Page | Unlisted => published.push(&**post),
                Later => scheduled.push(&**post),
                Draft | Private | NotUnderstood | Expired => held_back.push((&**post, visibility)),
            }
        }
        published.sort_by_key(|post| Reverse(post.date));
        scheduled.sort_by_key(|post| post.date);
        let is_unreadable = |problem: &&Diagnostic| problem.severity == Severity::Error && site.post(&problem.path).is_none();
        let broken = site.diagnostics.iter().filter(is_unreadable).map(|problem| HeldPost {
            path: problem.path.to_string(),
            title: String::new(),
            why: problem.message.clone(),
            is_mistake: true,
        });
        ServerStatus {
            published: published
                .into_iter()
                .take(MAX_LISTED)
                .map(|post| published_status(post, &base, now))
                .collect(),
            scheduled: scheduled
                .into_iter()
                .take(MAX_LISTED)
                .map(|post| scheduled_post(post, now))
                .collect(),
            held_back: broken.chain(held_back.into_iter().map(held_post)).take(MAX_LISTED).collect(),
            problems: site.diagnostics.to_vec(),
            push: None,
            scopes: site.index.scopes().count(),
            base,
            identity: site.config().identity(),
            now,
            uptime,
            watch,
            counts,
            outside_hubs: Vec::new(),
        }
    }

    /// Returns the same with the state of the hub.
    #[must_use]
    pub fn with_push(self, push: HubStatus) -> ServerStatus {
        ServerStatus {
            push: Some(push),
            ..self
        }
    }

    /// Returns the same with the hubs that are told of changes.
    #[must_use]
    pub fn with_outside_hubs(self, outside_hubs: Vec<OutsideHub>) -> ServerStatus {
        ServerStatus { outside_hubs, ..self }
    }

    /// Returns the status as JSON.
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
            "config": self.watch.config,
            "ledger": {
                "folder": self.watch.ledger_folder,
                "is_written": self.watch.ledger_folder.is_some() && self.watch.ledger.is_none(),
                "trouble": self.watch.ledger,
                "warning": self.watch.ledger_warning,
            },
            "push": self.push.as_ref().map(|push| self.hub_json(push)),
            "outside_hubs": self.outside_hubs,
            "published": self.published,
            "scheduled": self.scheduled,
            "held_back": self.held_back,
            "problems": self.problems,
        })
    }

    fn hub_json(&self, push: &HubStatus) -> Value {
        let counts = |counts: &[(&'static str, u64)]| -> serde_json::Map<String, Value> {
            counts
                .iter()
                .map(|(name, count)| ((*name).to_owned(), (*count).into()))
                .collect()
        };
        let topics: serde_json::Map<String, Value> = push
            .topics
            .iter()
            .take(MAX_LISTED)
            .map(|(path, count)| (path.clone(), (*count).into()))
            .collect();
        let hosts: serde_json::Map<String, Value> = push
            .failing_hosts
            .iter()
            .take(MAX_LISTED)
            .map(|(host, failures)| (host.clone(), (*failures).into()))
            .collect();
        json!({
            "hub": push.address,
            "subscriptions": push.subscriptions,
            "topics": topics,
            "waiting": push.waiting,
            "oldest_waiting_seconds": self.oldest_waiting(push).map(|wait| wait.as_secs()),
            "unverified": push.verifications,
            "failing_hosts": hosts,
            "last_announced": push.last_announced,
            "deliveries": counts(&push.deliveries),
            "verifications": counts(&push.verified),
        })
    }

    /// How long the oldest delivery waits.
    fn oldest_waiting(&self, push: &HubStatus) -> Option<Duration> {
        let since = push.oldest_waiting?;
        Some(Duration::try_from(self.now.duration_since(since)).unwrap_or_default())
    }

    fn watching(&self) -> Value {
        let mut watching = json!(self.watch);
        watching["last_full_scan_age_seconds"] = self.full_scan_age().map(|age| age.as_secs()).into();
        watching["last_build_seconds"] = self.watch.last_build.map(|took| took.as_secs_f64()).into();
        watching
    }

    /// Returns the gauges of the metrics.
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
            hubs: hub_pings(&self.outside_hubs),
            scopes: self.scopes as u64,
            scans: self.watch.scans,
            builds: self.watch.builds,
            last_build: self.watch.last_build,
            last_full_scan_age: self.full_scan_age(),
            is_native: self.watch.mode == "native",
            is_degraded: self.watch.degraded.is_some(),
            is_ledger_failing: self.watch.ledger.is_some(),
            is_ledger_temporary: self.watch.ledger_warning.is_some(),
            push: self.push.as_ref().map(|push| PushGauges {
                subscriptions: push.subscriptions as u64,
                waiting: push.waiting as u64,
                oldest_waiting: self.oldest_waiting(push).unwrap_or_default(),
                failing_hosts: push.failing_hosts.len() as u64,
                deliveries: push.deliveries.to_vec(),
                verifications: push.verified.to_vec(),
            }),
        }
    }

    /// The number of posts of each visibility.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.counts.iter().map(|(_, name, count)| (*name, *count))
    }

    pub(super) fn watch(&self) -> &WatchStatus {
        &self.watch
    }

    pub(super) fn uptime(&self) -> Duration {
        self.uptime
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// What the ids of the site begin with.
    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    /// The instant of this status.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The age of the last full scan.
    pub(super) fn full_scan_age(&self) -> Option<Duration> {
        let at = self.watch.last_full_scan?;
        Some(Duration::try_from(self.now.duration_since(at)).unwrap_or_default())
    }
}

/// The pings to `hubs`, by the host of the hub.
fn hub_pings(hubs: &[OutsideHub]) -> Vec<HubPings> {
    let mut by_host: BTreeMap<String, HubPings> = BTreeMap::new();
    for hub in hubs {
        let host = Url::parse(&hub.hub).ok().and_then(|url| Some(url.host_str()?.to_owned()));
        let host = host.unwrap_or_default();
        let pings = by_host.entry(host.clone()).or_insert_with(|| HubPings {
            host,
            ..HubPings::default()
        });
        pings.waiting += hub.waiting as u64;
        pings.accepted += hub.accepted;
        pings.failed += hub.failed;
        pings.given_up += hub.given_up;
    }
    by_host.into_values().collect()
}

fn published_status(post: &Post, base: &str, now: Timestamp) -> PublishedStatus {
    PublishedStatus {
        path: post.source.to_string(),
        title: title(post),
        url: post_url(base, &post.address),
        date: post.date.rfc3339(),
        unlisted: post.visibility(now) == Visibility::Unlisted,
    }
}

fn scheduled_post(post: &Post, now: Timestamp) -> ScheduledPost {
    let appears = post.date.timestamp();
    ScheduledPost {
        path: post.source.to_string(),
        title: title(post),
        appears,
        in_seconds: appears.duration_since(now).as_secs(),
    }
}

fn held_post((post, visibility): (&Post, Visibility)) -> HeldPost {
    HeldPost {
        path: post.source.to_string(),
        title: title(post),
        why: why(post, visibility),
        is_mistake: visibility == Visibility::Held,
    }
}

fn title(post: &Post) -> String {
    if post.title.is_empty() {
        post.slug.to_string()
    } else {
        post.title.to_string()
    }
}

fn why(post: &Post, visibility: Visibility) -> String {
    match visibility {
        Visibility::Draft => format!("a draft ({})", post.origins.status),
        Visibility::Private => format!("private ({})", post.origins.status),
        Visibility::Held => "held back: see its problems".to_owned(),
        _ => match post.expires {
            Some(expires) => format!("expired at {}", expires.rfc3339()),
            None => "not public".to_owned(),
        },
    }
}
