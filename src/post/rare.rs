//! What few posts have, apart from what all have.

use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use super::Enclosure;
use crate::time::Moment;

/// What few posts have: a post without any of it has no room for it.
#[derive(Clone, Debug, Default)]
pub struct Rare(Option<Box<RareFields>>);

/// The fields of [`Rare`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RareFields {
    /// Where else it was read before: paths from the site's root, not percent-encoded, none of them its address.
    pub aliases: Vec<String>,
    /// Other names that its author gave it, as written; see [`Post::addresses_of_names`](super::Post::addresses_of_names).
    pub names: Vec<String>,
    /// The id in Atom, where that is another than the post's id ([`Post::atom_id`](super::Post::atom_id)).
    pub atom_id: Option<String>,
    /// Other ids that its front matter contains, under other keys than the one that counts.
    pub other_ids: Vec<String>,
    /// When it goes.
    pub expires: Option<Moment>,
    /// Its picture: a URL, a path on the site, or a path relative to the file.
    pub image: Option<String>,
    /// What it links to, where it is about something elsewhere.
    pub link: Option<String>,
    /// Audio, video and other files it carries.
    pub enclosures: Vec<Enclosure>,
    /// Front-matter keys that mean nothing to feedmill, as they were written.
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl From<RareFields> for Rare {
    fn from(fields: RareFields) -> Rare {
        Rare((fields != RareFields::default()).then(|| Box::new(fields)))
    }
}

impl Deref for Rare {
    type Target = RareFields;

    fn deref(&self) -> &RareFields {
        static NOTHING: LazyLock<RareFields> = LazyLock::new(RareFields::default);
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Rare {
    fn deref_mut(&mut self) -> &mut RareFields {
        self.0.get_or_insert_default()
    }
}

impl PartialEq for Rare {
    fn eq(&self, other: &Rare) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_takes_no_room_and_is_equal_to_nothing() {
        let nothing = Rare::from(RareFields::default());
        assert!(nothing.0.is_none() && nothing == Rare::default());
        let mut changed = nothing.clone();
        changed.link = Some("https://example.com/".to_owned());
        assert_ne!(changed, nothing);
        changed.link = None;
        assert_eq!(changed, nothing, "however it came to that");
        assert_eq!(nothing.aliases, [""; 0]);
    }
}
