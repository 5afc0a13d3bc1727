//! Texts that are kept in memory, because their files may not have them any more.
//!
//! A post that is published may have lost its text: its file is missing, is being written, or its newest version is refused. Its last good
//! version stays published as a whole if its text was in memory then. All that its file held is kept with it, for a restart
//! (`super::last_good`).

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::post::{Post, Texts};
use crate::source::FileTexts;

/// The texts that are kept in memory, by file.
#[derive(Debug, Default)]
pub(super) struct PinnedTexts(BTreeMap<Utf8PathBuf, PinnedText>);

#[derive(Debug)]
struct PinnedText {
    /// Keeps the text in memory: nothing else may have it.
    _text: Arc<str>,
    /// All that the file held, where that was in memory too.
    file: Option<Arc<[u8]>>,
}

impl PinnedTexts {
    /// Keeps the text of `post`, which was read from the file at `path`, if it is in memory.
    pub(super) fn pin(&mut self, path: &Utf8Path, post: &Post, texts: &FileTexts) {
        if !self.0.contains_key(path)
            && let Some(text) = texts.hold(post)
        {
            let file = texts.file(post);
            self.0.insert(path.to_owned(), PinnedText { _text: text, file });
        }
    }

    /// Keeps the text of `post`, which was read from the file at `path`, if it can be had at all. Returns whether it can.
    pub(super) fn pin_or_read(&mut self, path: &Utf8Path, post: &Post, texts: &FileTexts) -> bool {
        // a file that is no post any more may still have its text
        let text = texts.text(post);
        self.pin(path, post, texts);
        text.is_some()
    }

    /// Keeps `text`, which is the text of `post`, and all that its file held, the bytes `file`.
    pub(super) fn pin_with(&mut self, path: &Utf8Path, post: &Post, text: Arc<str>, file: Arc<[u8]>, texts: &FileTexts) {
        texts.hold_this(post, &text);
        let pinned = PinnedText {
            _text: text,
            file: Some(file),
        };
        self.0.insert(path.to_owned(), pinned);
    }

    /// All that the file at `path` held, if that is kept.
    pub(super) fn file(&self, path: &Utf8Path) -> Option<Arc<[u8]>> {
        self.0.get(path)?.file.clone()
    }

    /// Releases all texts but those of the files that are `still` without them.
    pub(super) fn retain(&mut self, still: impl Fn(&Utf8Path) -> bool) {
        self.0.retain(|path, _| still(path));
    }

    /// Releases the text of the file at `path`.
    pub(super) fn release(&mut self, path: &Utf8Path) {
        self.0.remove(path);
    }
}
