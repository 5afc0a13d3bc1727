//! What many posts have alike, apart from what is a post's own.

use std::sync::Arc;

use super::{Origins, Person};

/// What many posts have alike. Each has a pointer to it, and [`Shared`](super::Shared) has those that are equal point to one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Alike {
    /// Who wrote the post.
    pub authors: Arc<[Person]>,
    /// The top folder below the posts folder that holds it.
    pub section: Option<Arc<str>>,
    /// Its language (RFC 5646), where it names one.
    pub language: Option<Arc<str>>,
    /// Where what it says of itself came from.
    pub origins: Arc<Origins>,
}
