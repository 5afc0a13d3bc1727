//! stub
/// A set of posts that has feeds and pages of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All posts.
    Site,
    /// The posts with a tag; the key of the tag.
    Tag(String),
    /// The posts by an author; the key of the author's name.
    Author(String),
    /// The posts in a top folder; its key.
    Section(String),
}
