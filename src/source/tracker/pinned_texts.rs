//! Texts that are held on to, because their files may not have them any more.
//!
//! A post that is published may have lost its text on the disk: its file is missing, is being written, or its newest version is refused.
//! Its last good version goes on being shown as a whole if its text was in memory then. What its file held is held on to with it, for
//! a restart (`super::last_good`).

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::post::{Post, Texts};
use crate::source::FileTexts;

/// The texts held on to, by file.
#[derive(Debug, Default)]
pub(super) struct PinnedTexts(BTreeMap<Utf8PathBuf, Held>);

#[derive(Debug)]
struct Held {
    /// Nobody else may have it.
    _text: Arc<str>,
    /// All that the file held, where that was in memory too.
    file: Option<Arc<[u8]>>,
}

impl PinnedTexts {
    /// Holds on to the text of `post`, which was read from the file at `path`, if it is in memory.
    pub(super) fn hold(&mut self, path: &Utf8Path, post: &Post, texts: &FileTexts) {
        if !self.0.contains_key(path)
            && let Some(text) = texts.hold(post)
        {
            let file = texts.file(post);
            self.0.insert(path.to_owned(), Held { _text: text, file });
        }
    }

    /// Holds on to the text of `post`, which was read from the file at `path`, if it can be had at all; whether it can.
    pub(super) fn save(&mut self, path: &Utf8Path, post: &Post, texts: &FileTexts) -> bool {
        // a file that is no post any more may still have its text
        let text = texts.text(post);
        self.hold(path, post, texts);
        text.is_some()
    }

    /// Holds on to `text`, which is that of `post`, and to all that its file held, the bytes `file`.
    pub(super) fn hold_this(&mut self, path: &Utf8Path, post: &Post, text: Arc<str>, file: Arc<[u8]>, texts: &FileTexts) {
        texts.hold_this(post, &text);
        let held = Held {
            _text: text,
            file: Some(file),
        };
        self.0.insert(path.to_owned(), held);
    }

    /// All that the file at `path` held, if that is held on to.
    pub(super) fn file(&self, path: &Utf8Path) -> Option<Arc<[u8]>> {
        self.0.get(path)?.file.clone()
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
