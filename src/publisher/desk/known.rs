//! What is known of one file: the version taken of it, and the newest that is a post.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use blake3::Hash;

use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::folder::Stamp;
use crate::post::{Post, Reading};
use crate::source::SourceFile;

/// Reads a post: [`post::read`], but in tests of what happens when that fails.
pub(super) type ReadPost = fn(&SourceFile, &Config) -> Result<Reading, Diagnostic>;

/// A file of which a version was taken.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) stamp: Stamp,
    pub(super) hash: Hash,
    /// Whether another version may hide behind the stamp.
    pub(super) is_fresh: bool,
    pub(super) taken: Duration,
    pub(super) good: Option<Good>,
    /// Why the version taken is no post.
    pub(super) error: Option<Diagnostic>,
}

/// The newest version of a file that is a post.
#[derive(Debug)]
pub(super) struct Good {
    pub(super) post: Arc<Post>,
    pub(super) remarks: Vec<Diagnostic>,
    pub(super) hash: Hash,
}

/// Reads a post; a fault of feedmill's own is an error about this file, and no other's.
pub fn read_post(read: ReadPost, source: &SourceFile, config: &Config) -> Result<Reading, Diagnostic> {
    if source.bytes.is_empty() {
        return Err(Diagnostic::new(Severity::Note, "empty", &source.path, "is empty").mend("write the post"));
    }
    catch_unwind(AssertUnwindSafe(|| read(source, config))).unwrap_or_else(|_| {
        let message = "made feedmill fail, which is a fault in feedmill";
        Err(Diagnostic::new(Severity::Error, "internal", &source.path, message).mend("report it with this file"))
    })
}

pub(super) fn last_good_stays(mut error: Diagnostic) -> Diagnostic {
    error.severity = Severity::Error;
    error.message.push_str("; the last good version stays published");
    error
}
