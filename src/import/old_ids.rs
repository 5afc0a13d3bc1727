//! The ids that subscribers know: they are in the old feed, and an export does not always have them.

use std::collections::{HashMap, HashSet};

use url::Url;

use super::address;
use super::feed::OldFeed;
use super::imported::ImportedPost;

/// The ids of old feeds, by the addresses of their items.
#[derive(Clone, Debug, Default)]
pub struct OldIds {
    ids: HashSet<String>,
    by_address: HashMap<String, String>,
}

impl OldIds {
    /// The ids of `feeds`. If two have different ids for an address, the first one counts.
    #[must_use]
    pub fn new(feeds: &[OldFeed]) -> OldIds {
        let mut ids = OldIds::default();
        for item in feeds.iter().flat_map(|feed| &feed.items) {
            ids.ids.insert(item.id.clone());
            for url in &item.urls {
                ids.by_address.entry(key(url)).or_insert_with(|| item.id.clone());
            }
        }
        ids
    }

    /// The id that readers know of `post`.
    #[must_use]
    pub fn id_of(&self, post: &ImportedPost) -> Option<&str> {
        if let Some(id) = self.ids.get(&post.id) {
            return Some(id);
        }
        let url = post.url.as_ref()?;
        self.by_address.get(&key(url)).map(String::as_str)
    }
}

/// What all addresses of a page have in common.
fn key(url: &Url) -> String {
    let url = address::without_tracking(url.clone());
    let host = address::host(&url).unwrap_or_default().to_owned();
    format!("{host}{}?{}", address::fold_path(url.path()), url.query().unwrap_or_default())
}
