//! The text of a post, which may or may not be in memory.
//!
//! Lists and feeds of links need no text, so a [`Text`] always has the digest (BLAKE3) of the Markdown, and the Markdown only while it
//! is loaded. [`Texts`] loads it again, usually from the post's file. Two texts with the same digest are equal, wherever they were
//! read. This module does not read a disk: implementations of [`Texts`] do.
//!
//! ```
//! use feedmill::post::Text;
//!
//! let text = Text::from("Hello *world*.");
//! assert_eq!(text.loaded().map(|text| &**text), Some("Hello *world*."));
//!
//! // the digest alone identifies the text
//! let unloaded = Text::from(text.digest());
//! assert_eq!(unloaded, text);
//! assert!(unloaded.loaded().is_none());
//! ```

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Digest, Post, front_matter};
use crate::source_file::SourceFile;

/// The Markdown of a post without the front matter: its digest, and the text itself while it is loaded. Compared by digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Text {
    digest: Digest,
    /// Nearly always `None`, so a thin pointer, which has half the size of `Arc<str>`.
    #[serde(skip)]
    loaded: Option<Box<Arc<str>>>,
}

impl Text {
    /// Returns the digest of the text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the text itself if it is loaded.
    #[must_use]
    pub fn loaded(&self) -> Option<&Arc<str>> {
        self.loaded.as_deref()
    }

    /// Unloads the text, and returns it if it was loaded.
    pub fn unload(&mut self) -> Option<Arc<str>> {
        self.loaded.take().map(|text| *text)
    }
}

impl From<Digest> for Text {
    /// The text with this digest, not loaded.
    fn from(digest: Digest) -> Text {
        Text { digest, loaded: None }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text {
            digest: Digest::of(text.as_bytes()),
            loaded: Some(Box::new(text.into())),
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.digest == other.digest
    }
}

/// Loads the texts of posts.
pub trait Texts: fmt::Debug + Send + Sync {
    /// Loads the text of `post` from elsewhere; `None` if it cannot be loaded now. It may read a file.
    fn load(&self, post: &Post) -> Option<Arc<str>>;

    /// Does the same for a caller that needs each text only once: the text is not kept in memory.
    fn load_once(&self, post: &Post) -> Option<Arc<str>> {
        self.load(post)
    }

    /// Returns the text of `post`, loaded if needed; `None` if it cannot be loaded now. It may read a file.
    fn text(&self, post: &Post) -> Option<Arc<str>> {
        post.text.loaded().cloned().or_else(|| self.load(post))
    }

    /// Returns the text of `post` like [`Texts::text`], for a caller that needs each text only once.
    fn text_once(&self, post: &Post) -> Option<Arc<str>> {
        post.text.loaded().cloned().or_else(|| self.load_once(post))
    }
}

/// A [`Texts`] that loads nothing: only texts that are loaded already are found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadedTexts;

impl Texts for LoadedTexts {
    fn load(&self, _: &Post) -> Option<Arc<str>> {
        None
    }
}

/// Returns the text of `file`, without its front matter, if it has this `digest`.
#[must_use]
pub(crate) fn read_text(file: &SourceFile, digest: Digest) -> Option<Arc<str>> {
    let text = file.text().ok()?;
    let parts = front_matter::parse(&file.path, &text).ok()?;
    (Digest::of(parts.body.as_bytes()) == digest).then(|| parts.body.into())
}
