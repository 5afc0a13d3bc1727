//! Texts kept in memory because their files may no longer contain them.
//!
//! The file of a published post may no longer contain its text: it is missing, is being written, or its newest version is refused. The last
//! good version stays published with its text if that was in memory then. The whole content of the file is kept too, for a restart
//! (`super::last_good`).

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::post::{Post, Texts};
use crate::source::FileTexts;

/// The pinned texts, by file.
#[derive(Debug, Default)]
pub(super) struct PinnedTexts(BTreeMap<Utf8PathBuf, PinnedText>);

#[derive(Debug)]
struct PinnedText {
    /// Keeps the text in memory.
    _text: Arc<str>,
    /// The whole content of the file, if that was in memory too.
    file: Option<Arc<[u8]>>,
}

impl PinnedTexts {
    /// Pins the text of `post`, which was read from the file at `path`, if it is in memory.
    pub(super) fn pin(&mut self, path: &Utf8Path, post: &Post, texts: &FileTexts) {
        if !self.0.contains_key(path)
            && let Some(text) = texts.pin(post)
        {
            let file = texts.file(post);
            self.0.insert(path.to_owned(), PinnedText { _text: text, file });
        }
    }

    /// Pins the text of `post`, which was read from the file at `path`, if it is in memory or can be read. Returns whether it is.
    pub(super) fn pin_or_read(&mut self, path: &Utf8Path, post: &Post, texts: &FileTexts) -> bool {
        // a file that is not a post any more may still contain the text
        let text = texts.text(post);
        self.pin(path, post, texts);
        text.is_some()
    }

    /// Pins `text`, which is the text of `post`, and `file`, the whole content of its file.
    pub(super) fn pin_with(&mut self, path: &Utf8Path, post: &Post, text: Arc<str>, file: Arc<[u8]>, texts: &FileTexts) {
        texts.pin_text(post, &text);
        let pinned = PinnedText {
            _text: text,
            file: Some(file),
        };
        self.0.insert(path.to_owned(), pinned);
    }

    /// The whole pinned content of the file at `path`.
    pub(super) fn file(&self, path: &Utf8Path) -> Option<Arc<[u8]>> {
        self.0.get(path)?.file.clone()
    }

    /// Unpins all texts except those of the files for which `is_needed` holds.
    pub(super) fn retain(&mut self, is_needed: impl Fn(&Utf8Path) -> bool) {
        self.0.retain(|path, _| is_needed(path));
    }

    /// Unpins the text of the file at `path`.
    pub(super) fn release(&mut self, path: &Utf8Path) {
        self.0.remove(path);
    }
}
