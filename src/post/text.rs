//! The texts of posts, and where they are had from.
//!
//! Lists and most of what is asked of posts need no text, so a [`Text`] is known by what it hashes to, and need not be in memory. Who
//! needs one asks [`Texts`], which may read it from its file again: what hashes to the same is the same text, whenever and from
//! wherever it is read. Nothing here reads a disk.

use std::fmt;
use std::sync::Arc;

use super::{Digest, Post, front_matter};
use crate::source_file::SourceFile;

/// The Markdown of a post, without the front matter: in memory or not. Two are equal if they say the same.
#[derive(Clone, Debug)]
pub struct Text {
    digest: Digest,
    /// Nearly always nothing, which takes half as much room behind a pointer.
    held: Option<Box<Arc<str>>>,
}

impl Text {
    /// What tells it from others.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The text itself, if it is in memory here.
    #[must_use]
    pub fn held(&self) -> Option<&Arc<str>> {
        self.held.as_deref()
    }

    /// Lets go of the text itself, and gives it if it was held.
    pub fn release(&mut self) -> Option<Arc<str>> {
        self.held.take().map(|held| *held)
    }
}

impl From<Digest> for Text {
    /// The text with this digest, which is not in memory.
    fn from(digest: Digest) -> Text {
        Text { digest, held: None }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text {
            digest: Digest::of(text.as_bytes()),
            held: Some(Box::new(text.into())),
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.digest == other.digest
    }
}

/// Where texts are had from that posts do not hold.
pub trait Texts: fmt::Debug + Send + Sync {
    /// The text of `post`, which does not hold it; `None` where it cannot be had for now. It may read a file.
    fn fetch(&self, post: &Post) -> Option<Arc<str>>;

    /// The text of `post`; `None` where it cannot be had for now. It may read a file.
    fn text(&self, post: &Post) -> Option<Arc<str>> {
        post.text.held().cloned().or_else(|| self.fetch(post))
    }
}

/// No texts but those that posts hold.
#[derive(Clone, Copy, Debug)]
pub struct Held;

impl Texts for Held {
    fn fetch(&self, _: &Post) -> Option<Arc<str>> {
        None
    }
}

/// The text that `file` holds, as [`read`](super::read) has it, if it is the one with this `digest`.
#[must_use]
pub fn text_in(file: &SourceFile, digest: Digest) -> Option<Arc<str>> {
    let text = file.text().ok()?;
    let parts = front_matter::parse(&file.path, &text).ok()?;
    (Digest::of(parts.body.as_bytes()) == digest).then(|| parts.body.into())
}
