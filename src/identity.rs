//! Which post a file is, and what readers know of each post. The guide calls what is stored of that the ledger.
//!
//! A post keeps its id for ever, in every feed format (RFC 4287, section 4.2.6: the `atom:id` must not change when an entry is moved or
//! edited). Its file cannot say that if it is renamed, and cannot say which address and date readers know. So a [`Registry`] has a
//! [`PostRecord`] of each post that was published:
//!
//! - [`Registry::assign`] matches changed files to known posts (`matching`), and returns the posts with the id, address and dates that
//!   readers know.
//! - [`Registry::record_published`] records how a site shows them.
//! - [`Registry::history`] has the former addresses of posts, and the posts that were withdrawn ([`History`]).
//!
//! It does not decide between two new posts that want one id or address (`index` does), and reads neither clock nor disk: its caller
//! stores the records that changed, and passes all records to [`Registry::from_records`] at the next start.
//!
//! A renamed file with the same text keeps its id:
//!
//! ```
//! use std::collections::BTreeSet;
//! use std::sync::Arc;
//!
//! use feedmill::config::Config;
//! use feedmill::identity::{Registry, UnreadableFiles};
//! use feedmill::post::{self, Changes};
//! use feedmill::source_file::SourceFile;
//! use feedmill::time::Timestamp;
//!
//! let config = Config::default();
//! let now: Timestamp = "2026-05-01T09:00:00Z".parse()?;
//! let read = |path: &str| {
//!     let bytes = "# High water\n\nThe tide mill grinds twice a day.\n".as_bytes().into();
//!     let file = SourceFile { path: path.into(), bytes, modified: now };
//!     Arc::new(post::read(&file, &config).unwrap().post)
//! };
//! let unreadable = UnreadableFiles { missing: &BTreeSet::new(), is_there: &|_| false };
//!
//! let mut registry = Registry::new(now);
//! let first = registry.assign(&Changes::all(vec![read("water.md")]), &unreadable, &config, now);
//! registry.record_published(&first.changes.posts, now);
//!
//! let renamed = registry.assign(&Changes::all(vec![read("2026/tides.md")]), &unreadable, &config, now);
//! assert_eq!(renamed.changes.posts[0].id(), first.changes.posts[0].id());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod assignment;
mod history;
mod known_files;
mod match_warning;
mod matching;
mod post_records;
mod publication_state;
pub mod record;
mod registry;
mod unmatched_posts;
mod withdrawal;

pub use self::assignment::{AssignedPosts, UnreadableFiles};
pub use self::history::{Departure, FormerOwner, History, MOST_DEPARTURES};
pub use self::record::{Digest, DocumentRecord, Fingerprint, FormerAddress, Likeness, PostRecord, Record, SiteRecord};
pub use self::registry::Registry;
pub use self::withdrawal::Withdrawal;

#[cfg(test)]
mod tests;
