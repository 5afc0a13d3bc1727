//! The records of all posts, found by id.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::record::PostRecord;

/// The id of a post, shared by all that refer to it.
pub(super) type PostId = SmolStr;

/// The records of all posts, found by id.
#[derive(Debug, Default)]
pub(super) struct PostRecords {
    // boxed, because a hash table has room for more values than it holds
    by_id: HashMap<PostId, Box<PostRecord>>,
    /// The ids of the posts that have another id in Atom, by that.
    by_atom_id: HashMap<String, PostId>,
}

impl PostRecords {
    /// The record of the post with this id.
    pub(super) fn get(&self, id: &str) -> Option<&PostRecord> {
        self.by_id.get(id).map(AsRef::as_ref)
    }

    /// The record to be changed. Its ids must stay as they are.
    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut PostRecord> {
        self.by_id.get_mut(id).map(AsMut::as_mut)
    }

    /// The record of the post that has this id, or has this id or `atom_id` in Atom, or has `atom_id` as its id.
    pub(super) fn find(&self, id: &str, atom_id: &str) -> Option<&PostRecord> {
        let in_atom = || [id, atom_id].into_iter().find_map(|id| self.get(self.by_atom_id.get(id)?));
        self.get(id).or_else(in_atom).or_else(|| self.get(atom_id))
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Reserves room for this many more records.
    pub(super) fn reserve(&mut self, more: usize) {
        self.by_id.reserve(more);
    }

    /// Adds `record`, in place of the one with the same id if there is one.
    pub(super) fn insert(&mut self, record: impl Into<Box<PostRecord>>) {
        let record = record.into();
        let id = record.id.clone();
        if let Some(atom_id) = record.atom_id.as_deref().filter(|atom_id| *atom_id != record.id) {
            let first = self.by_atom_id.entry(atom_id.to_owned());
            first.or_insert_with(|| id.clone());
        }
        self.by_id.insert(id, record);
    }

    /// All ids, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &PostId> {
        self.by_id.keys()
    }

    /// All records, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &PostRecord> {
        self.by_id.values().map(AsRef::as_ref)
    }
}
