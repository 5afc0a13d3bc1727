//! A post that was withdrawn because of its file's content.

use std::sync::Arc;

use super::known_files::KnownFile;
use super::record::PostRecord;
use crate::post::{Post, Visibility};

/// A post that readers had, and that left the lists because of its file's content.
#[derive(Clone, Debug, PartialEq)]
pub struct Withdrawal {
    /// The post as it is now.
    pub post: Arc<Post>,
    /// Why it is in no list.
    pub visibility: Visibility,
    /// Whether its file is the one that readers had it from, so that only the rules of reading it are new.
    pub is_untouched: bool,
}

impl Withdrawal {
    /// The withdrawal of the post in `file`, which readers had by `record`.
    pub(super) fn of(file: &KnownFile, record: &PostRecord) -> Withdrawal {
        Withdrawal {
            post: Arc::clone(&file.published),
            visibility: file.visibility,
            is_untouched: *record.source == *file.read.source() && record.matches_file(&file.read),
        }
    }

    /// Why readers no longer have the post, as words after "it", and the place in the file that says so, if there is one.
    #[must_use]
    pub fn reason(&self) -> String {
        let origin = &self.post.alike.origins.standing;
        match self.visibility {
            Visibility::Draft | Visibility::Private => format!("{} ({origin})", self.visibility.in_words()),
            other => other.in_words().to_owned(),
        }
    }
}
