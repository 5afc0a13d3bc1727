//! Counters of requests, in the text format of Prometheus (version 0.0.4).
//!
//! Every label comes from a fixed set, never from a client, an author or a file. Counting takes no lock.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::StatusCode;

/// The media type of [`Metrics::text`].
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The kind of document that was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// A feed.
    Feed,
    /// The JSON listing and related documents.
    Listing,
    /// A page for people: a list or a post.
    Page,
    /// A file beside posts.
    Media,
    /// The outline, the site map and `robots.txt`.
    Discovery,
    /// The health and readiness checks.
    Health,
    /// Anything else, found or not.
    Other,
}

impl RequestKind {
    /// All kinds.
    pub const ALL: [RequestKind; 7] = [
        RequestKind::Feed,
        RequestKind::Listing,
        RequestKind::Page,
        RequestKind::Media,
        RequestKind::Discovery,
        RequestKind::Health,
        RequestKind::Other,
    ];

    /// The value of its label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RequestKind::Feed => "feed",
            RequestKind::Listing => "listing",
            RequestKind::Page => "page",
            RequestKind::Media => "media",
            RequestKind::Discovery => "discovery",
            RequestKind::Health => "health",
            RequestKind::Other => "other",
        }
    }
}

/// Classes of status codes. 304 is separate, because its share shows how well clients and caches work.
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "304", "4xx", "5xx"];

fn class(status: StatusCode) -> usize {
    match status.as_u16() {
        304 => 3,
        100..200 => 0,
        200..300 => 1,
        300..400 => 2,
        400..500 => 4,
        _ => 5,
    }
}

/// Upper bounds of durations, in microseconds.
const BOUNDS: [u64; 10] = [100, 250, 1_000, 2_500, 10_000, 25_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// Counters of responses.
#[derive(Debug, Default)]
pub struct Metrics {
    kinds: [Counts; RequestKind::ALL.len()],
}

#[derive(Debug, Default)]
struct Counts {
    statuses: [AtomicU64; CLASSES.len()],
    bytes: AtomicU64,
    /// Responses by the first bound that they are within; the last counter is for longer ones.
    durations: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

impl Metrics {
    /// Counts one response. `bytes` is the size of its body, and `took` the time until its first byte.
    pub(crate) fn record_response(&self, kind: RequestKind, status: StatusCode, bytes: u64, took: Duration) {
        let Some(counts) = self.kinds.get(kind as usize) else { return };
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let within = BOUNDS.iter().position(|&bound| took <= bound).unwrap_or(BOUNDS.len());
        let add = |counter: Option<&AtomicU64>, n| counter.map(|counter| counter.fetch_add(n, Relaxed));
        add(counts.statuses.get(class(status)), 1);
        add(counts.durations.get(within), 1);
        add(Some(&counts.bytes), bytes);
        add(Some(&counts.microseconds), took);
    }

    /// All counters, and `gauges`, as text.
    #[must_use]
    pub fn text(&self, gauges: &Gauges) -> String {
        let mut text = MetricsText::default();
        text.family(
            "feedmill_requests_total",
            "counter",
            "Requests answered, by what was asked for and status.",
        );
        for (kind, counts) in self.by_kind() {
            for (status, count) in CLASSES.iter().zip(&counts.statuses) {
                text.value("", &[("kind", kind), ("status", status)], count.load(Relaxed));
            }
        }
        text.family("feedmill_response_bytes_total", "counter", "Bytes of the bodies of answers.");
        for (kind, counts) in self.by_kind() {
            text.value("", &[("kind", kind)], counts.bytes.load(Relaxed));
        }
        let help = "Seconds from a request to its answer, without the sending.";
        text.family("feedmill_request_duration_seconds", "histogram", help);
        for (kind, counts) in self.by_kind() {
            let mut within = 0;
            for (n, count) in counts.durations.iter().enumerate() {
                within += count.load(Relaxed);
                let bound = BOUNDS
                    .get(n)
                    .map_or_else(|| "+Inf".to_owned(), |&bound| seconds(bound).to_string());
                text.value("_bucket", &[("kind", kind), ("le", &bound)], within);
            }
            text.value("_sum", &[("kind", kind)], seconds(counts.microseconds.load(Relaxed)));
            text.value("_count", &[("kind", kind)], within);
        }
        gauges.write(&mut text);
        text.0
    }

    fn by_kind(&self) -> impl Iterator<Item = (&'static str, &Counts)> {
        RequestKind::ALL.iter().map(|kind| kind.name()).zip(&self.kinds)
    }
}

#[expect(clippy::cast_precision_loss, reason = "285 years of microseconds are exact")]
fn seconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1e6
}

/// The pings to a hub of others.
#[derive(Clone, Debug, Default)]
pub struct HubPings {
    /// The host of the hub, which is in the configuration.
    pub host: String,
    /// Pings that wait.
    pub waiting: u64,
    /// Pings that it accepted.
    pub accepted: u64,
    /// Attempts that it refused or did not answer.
    pub failed: u64,
    /// Pings that were given up.
    pub given_up: u64,
}

/// The state of the site and the publisher at one instant.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate gauge")]
pub struct Gauges {
    /// The version of this program.
    pub version: &'static str,
    /// The time since the start.
    pub uptime: Duration,
    /// Posts by their visibility.
    pub posts: Vec<(&'static str, u64)>,
    /// Problems by their severity.
    pub problems: Vec<(&'static str, u64)>,
    /// The pings to each hub of others.
    pub hubs: Vec<HubPings>,
    /// Scopes that have feeds.
    pub scopes: u64,
    /// Scans of the folder since the start.
    pub scans: u64,
    /// Sites built since the start.
    pub builds: u64,
    /// How long the last build took.
    pub last_build: Option<Duration>,
    /// The time since the last full scan.
    pub last_full_scan_age: Option<Duration>,
    /// Whether events of the system report changes.
    pub is_native: bool,
    /// Whether the site may differ from the folder.
    pub is_degraded: bool,
    /// Whether the ledger's folder does not outlive the container.
    pub is_ledger_temporary: bool,
    /// Whether the ledger cannot be written.
    pub is_ledger_failing: bool,
    /// The state of the hub, if there is one.
    pub push: Option<PushGauges>,
}

/// The state of the hub at one instant.
#[derive(Clone, Debug, Default)]
pub struct PushGauges {
    /// All subscriptions.
    pub subscriptions: u64,
    /// The deliveries that wait or are in flight.
    pub waiting: u64,
    /// How long the oldest of them waits.
    pub oldest_waiting: Duration,
    /// The hosts that fail again and again.
    pub failing_hosts: u64,
    /// Deliveries since the start, by outcome.
    pub deliveries: Vec<(&'static str, u64)>,
    /// Verifications since the start, by outcome.
    pub verifications: Vec<(&'static str, u64)>,
}

impl PushGauges {
    /// No label is a callback or a host: these come from subscribers.
    fn write(&self, text: &mut MetricsText) {
        text.family("feedmill_push_subscriptions", "gauge", "Subscriptions to the hub.");
        text.value("", &[], self.subscriptions);
        text.family("feedmill_push_waiting", "gauge", "Deliveries that wait or are being sent.");
        text.value("", &[], self.waiting);
        text.family(
            "feedmill_push_oldest_waiting_seconds",
            "gauge",
            "How long the oldest delivery waits; 0 if none does.",
        );
        text.value("", &[], self.oldest_waiting.as_secs_f64());
        text.family(
            "feedmill_push_failing_hosts",
            "gauge",
            "Hosts of subscribers that fail again and again.",
        );
        text.value("", &[], self.failing_hosts);
        text.family(
            "feedmill_push_deliveries_total",
            "counter",
            "Attempts to deliver, by outcome.",
        );
        for (outcome, count) in &self.deliveries {
            text.value("", &[("outcome", outcome)], *count);
        }
        text.family(
            "feedmill_push_verifications_total",
            "counter",
            "Requests of subscribers, by whether they were confirmed.",
        );
        for (outcome, count) in &self.verifications {
            text.value("", &[("outcome", outcome)], *count);
        }
    }
}

impl Gauges {
    fn write(&self, text: &mut MetricsText) {
        if let Some(push) = &self.push {
            push.write(text);
        }
        text.family("feedmill_build_info", "gauge", "The version of this program.");
        text.value("", &[("version", self.version)], 1);
        text.family("feedmill_uptime_seconds", "gauge", "Seconds since the start.");
        text.value("", &[], self.uptime.as_secs_f64());
        text.family("feedmill_posts", "gauge", "Posts that were read, by who may see them.");
        for (visibility, count) in &self.posts {
            text.value("", &[("visibility", visibility)], *count);
        }
        text.family("feedmill_problems", "gauge", "What there is to say about files, by severity.");
        for (severity, count) in &self.problems {
            text.value("", &[("severity", severity)], *count);
        }
        text.family(
            "feedmill_scopes",
            "gauge",
            "Scopes that have feeds: the site, tags, authors, sections.",
        );
        text.value("", &[], self.scopes);
        self.write_hubs(text);
        text.family("feedmill_looks_total", "counter", "Scans of the posts folder.");
        text.value("", &[], self.scans);
        text.family("feedmill_builds_total", "counter", "Sites built.");
        text.value("", &[], self.builds);
        if let Some(took) = self.last_build {
            text.family("feedmill_last_build_seconds", "gauge", "How long the last build took.");
            text.value("", &[], took.as_secs_f64());
        }
        if let Some(age) = self.last_full_scan_age {
            text.family(
                "feedmill_last_full_scan_age_seconds",
                "gauge",
                "Seconds since the whole folder was looked at.",
            );
            text.value("", &[], age.as_secs_f64());
        }
        text.family(
            "feedmill_watching_native",
            "gauge",
            "1 if changes are noticed by the system's events, 0 by polling.",
        );
        text.value("", &[], u8::from(self.is_native));
        text.family(
            "feedmill_degraded",
            "gauge",
            "1 if the site may not show what the folder holds.",
        );
        text.value("", &[], u8::from(self.is_degraded));
        text.family(
            "feedmill_ledger_trouble",
            "gauge",
            "1 if the ledger cannot be written, so that ids are kept in memory only.",
        );
        text.value("", &[], u8::from(self.is_ledger_failing));
        text.family(
            "feedmill_ledger_temporary",
            "gauge",
            "1 if the ledger is lost with the container or its memory: it is on no volume that stays.",
        );
        text.value("", &[], u8::from(self.is_ledger_temporary));
    }
}

impl Gauges {
    fn write_hubs(&self, text: &mut MetricsText) {
        if self.hubs.is_empty() {
            return;
        }
        text.family(
            "feedmill_hub_pings_waiting",
            "gauge",
            "Feeds that a hub has not been told of yet.",
        );
        for hub in &self.hubs {
            text.value("", &[("hub", &hub.host)], hub.waiting);
        }
        text.family("feedmill_hub_pings_total", "counter", "Pings to a hub, by their outcome.");
        for hub in &self.hubs {
            let outcomes = [("accepted", hub.accepted), ("failed", hub.failed), ("given_up", hub.given_up)];
            for (outcome, count) in outcomes {
                text.value("", &[("hub", &hub.host), ("outcome", outcome)], count);
            }
        }
    }
}

/// A text in the format of Prometheus, and the name of the current metric.
#[derive(Default)]
struct MetricsText(String, &'static str);

impl MetricsText {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.1 = name;
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _ = writeln!(self.0, "{}{suffix}{labels} {value}", self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_counted() {
        let metrics = Metrics::default();
        metrics.record_response(RequestKind::Feed, StatusCode::OK, 1000, Duration::from_micros(90));
        metrics.record_response(RequestKind::Feed, StatusCode::NOT_MODIFIED, 0, Duration::from_millis(2));
        metrics.record_response(RequestKind::Media, StatusCode::NOT_FOUND, 7, Duration::from_mins(1));
        let text = metrics.text(&Gauges {
            version: "1.2.3",
            posts: vec![("public", 41)],
            last_build: Some(Duration::from_millis(250)),
            ..Gauges::default()
        });
        for line in [
            "feedmill_requests_total{kind=\"feed\",status=\"2xx\"} 1",
            "feedmill_requests_total{kind=\"feed\",status=\"304\"} 1",
            "feedmill_requests_total{kind=\"feed\",status=\"3xx\"} 0",
            "feedmill_requests_total{kind=\"media\",status=\"4xx\"} 1",
            "feedmill_response_bytes_total{kind=\"feed\"} 1000",
            "feedmill_request_duration_seconds_bucket{kind=\"feed\",le=\"0.0001\"} 1",
            "feedmill_request_duration_seconds_bucket{kind=\"feed\",le=\"0.0025\"} 2",
            "feedmill_request_duration_seconds_bucket{kind=\"media\",le=\"5\"} 0",
            "feedmill_request_duration_seconds_bucket{kind=\"media\",le=\"+Inf\"} 1",
            "feedmill_request_duration_seconds_sum{kind=\"feed\"} 0.00209",
            "feedmill_request_duration_seconds_count{kind=\"feed\"} 2",
            "feedmill_build_info{version=\"1.2.3\"} 1",
            "feedmill_posts{visibility=\"public\"} 41",
            "feedmill_last_build_seconds 0.25",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("last_full_scan"), "what is not known is not said");
    }

    #[test]
    fn kinds_are_in_the_order_of_their_counters() {
        for (n, kind) in RequestKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, n);
        }
    }
}
