//! Texts that are held on to, because their files may not have them any more.
//!
//! A post that is published may have lost its text on the disk: its file is missing, is being written, or its newest version is refused.
//! Its last good version goes on being shown as a whole if its text was in memory then.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::folder::FileTexts;
use crate::post::{Post, Texts};

/// The texts held on to, by file.
#[derive(Debug, Default)]
pub(super) struct Holding(BTreeMap<Utf8PathBuf, Arc<str>>);

impl Holding {
    /// Holds on to the text of `post`, which was read from the file at `path`, if it is in memory.
    pub(super) fn hold(&mut self, path: &Utf8Path, post: &Post, texts: &FileTexts) {
        if !self.0.contains_key(path)
            && let Some(text) = texts.hold(post)
        {
            self.0.insert(path.to_owned(), text);
        }
    }

    /// Holds on to the text of `post`, which was read from the file at `path`, if it can be had at all; whether it can.
    pub(super) fn save(&mut self, path: &Utf8Path, post: &Post, texts: &FileTexts) -> bool {
        // a file that is no post any more may still have its text
        let text = texts.text(post);
        self.hold(path, post, texts);
        text.is_some()
    }

    /// Lets go of all but what is at the paths that are `still` without their texts.
    pub(super) fn retain(&mut self, still: impl Fn(&Utf8Path) -> bool) {
        self.0.retain(|path, _| still(path));
    }

    /// Lets go of the text of the file at `path`.
    pub(super) fn release(&mut self, path: &Utf8Path) {
        self.0.remove(path);
    }
}
