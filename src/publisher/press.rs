//! One turn of the publisher: a look, and a site if anything changed.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8PathBuf;

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{Post, Visibility};
use crate::site::Site;
use crate::time::Timestamp;
use crate::watch::{Hints, Watching};

use super::desk::{Desk, Outcome};
use super::report::{Event, Health, Report};
use super::sizes::Sizes;

/// Builds a site: [`Site::build`], but in tests of what happens when that fails.
pub(super) type BuildSite = fn(&Arc<Config>, Vec<Arc<Post>>, Vec<Diagnostic>, Timestamp, Option<&Site>) -> Site;

/// How long to wait before trying again what failed.
const RETRY: Duration = Duration::from_secs(1);

/// How long the first site waits for files that have to hold still.
const LONGEST_OPENING: Duration = Duration::from_millis(1500);

/// The desk, and the newest site made of what is on it.
pub(super) struct Press {
    pub(super) desk: Desk,
    config: Arc<Config>,
    sizes: Sizes,
    build: BuildSite,
    /// The newest site, and the instant it was built for.
    newest: Option<(Arc<Site>, Timestamp)>,
    /// Whether the site is to be built anew.
    is_stale: bool,
    /// Whether the last turn failed, so that nothing is known for certain.
    has_failed: bool,
    /// Reports that wait for the site they are about.
    reports: Vec<Report>,
    last_full_scan: Option<Timestamp>,
    looks: u64,
    builds: u64,
    last_build: Option<Duration>,
}

/// What a turn came to.
pub(super) struct Edition {
    /// A new site, if anything changed.
    pub(super) site: Option<Arc<Site>>,
    pub(super) reports: Vec<Report>,
    pub(super) health: Health,
    /// When the next turn is due, whatever happens.
    pub(super) again_in: Option<Duration>,
    /// Whether the turn failed.
    pub(super) has_failed: bool,
}

impl Press {
    pub(super) fn new(config: Arc<Config>, root: Utf8PathBuf) -> Press {
        Press::building_with(Site::build, config, root)
    }

    pub(super) fn building_with(build: BuildSite, config: Arc<Config>, root: Utf8PathBuf) -> Press {
        Press {
            desk: Desk::new(Arc::clone(&config), root),
            config,
            sizes: Sizes::default(),
            build,
            newest: None,
            is_stale: true,
            has_failed: false,
            reports: Vec::new(),
            last_full_scan: None,
            looks: 0,
            builds: 0,
            last_build: None,
        }
    }

    /// The first turn. Files that were written just now get the time to show that they hold still.
    pub(super) fn open(&mut self, watching: Watching, begun: Instant) -> io::Result<Edition> {
        self.desk.set_polling(watching == Watching::Poll);
        let again_in = self.look(&Hints::everything(), Timestamp::now(), begun.elapsed());
        if let Some(trouble) = self.desk.trouble() {
            return Err(io::Error::other(trouble));
        }
        // an empty file, or one that a slow poll must vouch for, is worth no wait: it joins the others when it is due
        if let Some(wait) = again_in.filter(|&wait| wait <= LONGEST_OPENING) {
            std::thread::sleep(wait);
        }
        let mut edition = self.turn(&Hints::default(), watching, Timestamp::now(), begun.elapsed());
        // what was there before feedmill is no news
        edition.reports.clear();
        Ok(edition)
    }

    /// One turn. Whatever fails in it, the last site stays, and everything is looked at again a little later.
    pub(super) fn turn(&mut self, hints: &Hints, watching: Watching, now: Timestamp, tick: Duration) -> Edition {
        self.desk.set_polling(watching == Watching::Poll);
        let doubtful = Hints::everything();
        let hints = if self.has_failed { &doubtful } else { hints };
        let builds = self.builds;
        let worked = catch_unwind(AssertUnwindSafe(|| {
            let again_in = self.look(hints, now, tick);
            self.build(now);
            again_in
        }));
        self.has_failed = worked.is_err();
        let again_in = worked.unwrap_or(Some(RETRY));
        let degraded = if self.has_failed {
            Some("a fault in feedmill keeps the site from being built".to_owned())
        } else {
            self.desk.trouble()
        };
        Edition {
            site: self
                .newest
                .as_ref()
                .filter(|_| self.builds > builds)
                .map(|(site, _)| Arc::clone(site)),
            // what could not be published is not announced either
            reports: if self.has_failed {
                Vec::new()
            } else {
                std::mem::take(&mut self.reports)
            },
            health: Health {
                degraded,
                watching,
                last_full_scan: self.last_full_scan,
                looks: self.looks,
                builds: self.builds,
                last_build: self.last_build,
            },
            again_in,
            has_failed: self.has_failed,
        }
    }

    fn look(&mut self, hints: &Hints, now: Timestamp, tick: Duration) -> Option<Duration> {
        self.looks += 1;
        let Outcome {
            changed,
            again_in,
            reports,
            looked_everywhere,
        } = self.desk.look(hints, now, tick);
        self.is_stale |= changed;
        self.reports.extend(reports);
        if looked_everywhere {
            self.last_full_scan = Some(now);
        }
        again_in
    }

    fn build(&mut self, now: Timestamp) {
        let shown = self.newest.as_ref().map(|(site, at)| (Arc::clone(site), *at));
        let is_due = shown
            .as_ref()
            .and_then(|(site, _)| site.next_due())
            .is_some_and(|due| due <= now);
        let (posts, has_other_sizes) = self.sizes.measure(self.desk.posts(), self.desk.folder());
        // kept until a site is built, should this one fail
        self.is_stale |= has_other_sizes;
        if !self.is_stale && !is_due {
            return;
        }
        let begun = Instant::now();
        let previous = shown.as_ref().map(|(site, _)| &**site);
        let site = (self.build)(&self.config, posts, self.desk.diagnostics(), now, previous);
        if let Some((before, at)) = &shown
            && is_due
        {
            self.reports
                .extend(before.all.iter().filter_map(|post| passage(post, *at, now)));
        }
        // the site may have given a post another address than it asked for
        for report in &mut self.reports {
            if let Some(post) = site.post(&report.path) {
                report.address = Some(post.address.clone());
            }
        }
        self.newest = Some((Arc::new(site), now));
        self.is_stale = false;
        self.builds += 1;
        self.last_build = Some(begun.elapsed());
    }
}

/// What time did to `post` from `then` to `now`.
fn passage(post: &Post, then: Timestamp, now: Timestamp) -> Option<Report> {
    let event = match (post.visibility(then), post.visibility(now)) {
        (Visibility::Scheduled, Visibility::Public | Visibility::Unlisted) => Event::Appeared,
        (Visibility::Public | Visibility::Unlisted, Visibility::Expired) => Event::Expired,
        _ => return None,
    };
    Some(Report {
        path: post.source.clone(),
        address: Some(post.address.clone()),
        event,
    })
}
