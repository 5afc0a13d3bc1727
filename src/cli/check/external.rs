//! `feedmill check --external`: links to other sites.

use std::fmt;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use serde::Serialize;

use crate::cli::progress_line::ProgressLine;
use crate::cli::terminal::counted;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::outgoing::Client;
use crate::publisher::ExternalLink;
use crate::publisher::external_links::cache::LinkCache;
use crate::publisher::external_links::{CheckLimits, check_external_links, external_diagnostics};
use crate::source::Source;
use crate::storage::Storage;
use crate::time::Timestamp;

/// How often the results are stored, so that an interrupted check is not lost.
const STORE_INTERVAL: Duration = Duration::from_secs(10);

/// The options of the check.
#[derive(Debug)]
pub(super) struct Options {
    /// How long it may take.
    pub(super) time: Duration,
    /// Private networks to which links may lead.
    pub(super) networks: Vec<IpNet>,
}

/// How many addresses were checked.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Summary {
    /// Those whose state is known now.
    checked: usize,
    /// Those of them that an earlier check found.
    remembered: usize,
    /// Those of them whose servers do not answer programs.
    unjudged: usize,
    /// Those for which the time did not suffice.
    unchecked: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to other sites checked", counted(self.checked, "link"))?;
        if self.remembered > 0 {
            write!(f, ", {} of them by an earlier check", self.remembered)?;
        }
        if self.unjudged > 0 {
            write!(f, "; {} could not be judged, because servers refuse programs", self.unjudged)?;
        }
        if self.unchecked > 0 {
            write!(
                f,
                "; {} not checked in the time given: run it again, or raise --external-time",
                self.unchecked
            )?;
        }
        Ok(())
    }
}

/// Checks `links`, which are in files of `source`. Returns what is wrong with them.
pub(super) fn check(config: &Config, source: &Source, links: &[ExternalLink], options: Options) -> (Vec<Diagnostic>, Summary) {
    let storage = Storage::configured(config);
    let mut cache = storage.as_ref().map(LinkCache::load).unwrap_or_default();
    let limits = CheckLimits {
        total: options.time,
        ..CheckLimits::default()
    };
    let mut line = ProgressLine::new();
    let mut stored = Instant::now();
    let client = Client::new(options.networks);
    let check = check_external_links(links, &client, limits, &mut cache, |done, all, cache| {
        line.show(|| format!("checking links to other sites: {done} of {all}"));
        if stored.elapsed() >= STORE_INTERVAL {
            store(cache, storage.as_ref());
            stored = Instant::now();
        }
    });
    line.erase();
    store(&cache, storage.as_ref());
    let summary = Summary {
        checked: check.states.len(),
        remembered: check.remembered,
        unjudged: check.unjudged(),
        unchecked: check.unchecked,
    };
    (external_diagnostics(source, links, &check), summary)
}

fn store(cache: &LinkCache, storage: Option<&Storage>) {
    let Some(storage) = storage else { return };
    if let Err(error) = cache.store(storage, Timestamp::now()) {
        tracing::warn!("the next check asks for all links again, because what was found cannot be stored in {storage}: {error}");
    }
}
