//! Follows where the links of a site lead while it changes.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::link_check::{BrokenLink, LinkCheck, check_links, link_diagnostics};
use crate::diagnostic::Diagnostic;
use crate::post::Post;
use crate::site::{Linking, Site};
use crate::source::Source;

/// The links of a site that lead nowhere.
#[derive(Debug, Default)]
pub struct LinkWatch {
    broken: HashMap<Utf8PathBuf, Vec<BrokenLink>>,
    linking: Linking,
}

impl LinkWatch {
    /// Checks all posts of `site`, whose files are in `source`, on one core.
    #[must_use]
    pub fn begin(site: &Site, source: &Source) -> LinkWatch {
        let mut watch = LinkWatch::default();
        let posts: Vec<Arc<Post>> = site.all().iter().cloned().collect();
        watch.record(check_links(site, source, &posts, 1));
        watch
    }

    /// The number of links, pictures and enclosures in posts that readers see that lead nowhere.
    #[must_use]
    pub fn count(&self) -> usize {
        let all = self.broken.values().flatten();
        all.filter(|link| link.is_problem()).count()
    }

    /// Checks the posts in the files `changed`, and those that name something that changed in the site `site`. Returns diagnostics about
    /// the links that lead nowhere since then.
    pub fn update(&mut self, site: &Site, source: &Source, changed: impl Iterator<Item = Utf8PathBuf>) -> Vec<Diagnostic> {
        let mut paths: BTreeSet<Utf8PathBuf> = self.linking.looking_up(site.changed_keys());
        paths.extend(changed);
        let posts: Vec<Arc<Post>> = paths.iter().filter_map(|path| site.post(path).cloned()).collect();
        let mut before: BTreeSet<BrokenLink> = BTreeSet::new();
        for path in &paths {
            before.extend(self.broken.remove(path).into_iter().flatten());
        }
        let check = check_links(site, source, &posts, 1);
        let new = check.broken.iter().filter(|link| link.is_problem() && !before.contains(link));
        let new = LinkCheck {
            broken: new.cloned().collect(),
            ..LinkCheck::default()
        };
        self.record(check);
        if new.broken.is_empty() {
            return Vec::new();
        }
        link_diagnostics(site, source, &new)
    }

    fn record(&mut self, check: LinkCheck) {
        for (path, keys) in check.keys.into_iter().filter(|(_, keys)| !keys.is_empty()) {
            self.linking.record(&path, keys.into_iter());
        }
        for link in check.broken {
            self.broken.entry(link.source.clone()).or_default().push(link);
        }
    }
}
