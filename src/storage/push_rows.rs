//! Rows of push: subscriptions, and what was announced last.
//!
//! They are no records: an export of the ledger does not contain them, because the address of a subscriber's callback and its secret
//! let anybody send it entries. Storage does not read their values.

use super::data::MAX_RECORDS;

/// The most bytes that the value of a row may have: a callback of 2,048 bytes, a topic and a secret, each byte six in JSON.
pub(crate) const MAX_PUSH_ROW_BYTES: usize = 32 * 1024;
/// The most bytes of a key.
pub(crate) const MAX_PUSH_KEY_BYTES: usize = 4 * 1024;
/// The most rows that are read: more than the most subscriptions and scopes.
pub(super) const MAX_PUSH_ROWS: usize = MAX_RECORDS;

/// The kind of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PushKind {
    /// The state of a feed that was announced last, by the path of its scope.
    Announced,
    /// A subscription, by its id.
    Subscription,
}

impl PushKind {
    const ALL: [PushKind; 2] = [PushKind::Announced, PushKind::Subscription];

    /// Its name in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            PushKind::Subscription => "subscription",
            PushKind::Announced => "announced",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<PushKind> {
        PushKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A row: a kind and a key with a value, or without one to delete it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRow {
    /// The kind.
    pub kind: PushKind,
    /// Unique among the rows of its kind.
    pub key: String,
    /// A line of JSON; `None` deletes the row.
    pub value: Option<Box<str>>,
}

impl PushRow {
    /// A row with this value.
    #[must_use]
    pub fn put(kind: PushKind, key: impl Into<String>, value: impl Into<Box<str>>) -> PushRow {
        PushRow {
            kind,
            key: key.into(),
            value: Some(value.into()),
        }
    }

    /// The deletion of a row.
    #[must_use]
    pub fn delete(kind: PushKind, key: impl Into<String>) -> PushRow {
        PushRow {
            kind,
            key: key.into(),
            value: None,
        }
    }

    /// Whether it is small enough to be stored.
    pub(super) fn is_small(&self) -> bool {
        self.key.len() <= MAX_PUSH_KEY_BYTES && self.value.as_ref().is_none_or(|value| value.len() <= MAX_PUSH_ROW_BYTES)
    }
}
