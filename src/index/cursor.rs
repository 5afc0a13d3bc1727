//! Positions in an ordered list of posts, carried by clients from one request to the next.
//!
//! A [`Cursor`] names the last post that a client has seen by instant and id, not by number: posts that are added or removed
//! meanwhile shift numbers, but stay on their side of such a position. So a client neither skips nor repeats a post that was
//! there all along, and continues after a restart or on another replica. The post itself may be gone.
//!
//! As text it is unpadded base64url (RFC 4648, section 5) of a version, the [`Order`], a hash of its [`Filter`], the instant and
//! the id. It contains no secret and proves nothing: a client that invents one gets posts from another position.

use std::fmt;

use super::Filter;
use super::base64url::{decoded, encoded};
use crate::post::{Post, key};
use crate::time::Timestamp;

/// The first byte of every cursor. Another layout gets another number; old cursors are then refused.
const VERSION: u8 = 1;
/// The bytes before the id.
const HEAD: usize = 2 + HASH + 12;
/// The bytes of a filter's hash.
const HASH: usize = 8;
/// The most bytes of an id that are kept: a cursor has to fit into an address.
const LONGEST_ID: usize = 1000;

/// An order of posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Newest first, by date of publication.
    Newest,
    /// Oldest change first.
    Changed,
}

/// A position between two posts of an order: after the post of this instant and id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CursorPosition {
    /// The post's instant in that order.
    pub at: Timestamp,
    /// Its id.
    pub id: String,
}

/// A position in the posts that a filter matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    order: Order,
    filter: [u8; HASH],
    /// The position.
    pub position: CursorPosition,
}

impl Cursor {
    /// The position directly after `post`, whose instant in `order` is `at`, among the posts that `filter` matches.
    #[must_use]
    pub fn after(post: &Post, at: Timestamp, order: Order, filter: &Filter) -> Cursor {
        let mut id = post.id.to_string();
        if id.len() > LONGEST_ID {
            let end = (0..=LONGEST_ID).rev().find(|&end| id.is_char_boundary(end)).unwrap_or(0);
            id.truncate(end);
            // after every id with the same beginning, so that paging always advances
            id.push(char::MAX);
        }
        Cursor {
            order,
            filter: hash(filter),
            position: CursorPosition { at, id },
        }
    }

    /// Parses what [`Display`](fmt::Display) wrote; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Cursor> {
        let bytes = decoded(text)?;
        let (head, id) = bytes.split_at_checked(HEAD)?;
        let (&[version, order], rest) = head.split_first_chunk::<2>()?;
        let (filter, rest) = rest.split_first_chunk::<HASH>()?;
        let (second, rest) = rest.split_first_chunk::<8>()?;
        let (nanosecond, _) = rest.split_first_chunk::<4>()?;
        let order = [Order::Newest, Order::Changed]
            .into_iter()
            .find(|known| known.byte() == order)?;
        if version != VERSION || id.len() > LONGEST_ID + char::MAX.len_utf8() {
            return None;
        }
        let at = Timestamp::new(i64::from_be_bytes(*second), i32::from_be_bytes(*nanosecond)).ok()?;
        let id = String::from_utf8(id.to_vec()).ok()?;
        let cursor = Cursor {
            order,
            filter: *filter,
            position: CursorPosition { at, id },
        };
        // each position has exactly one spelling
        (cursor.to_string() == text).then_some(cursor)
    }

    /// Whether this is a position in the posts that `filter` matches, in `order`.
    #[must_use]
    pub fn belongs_to(&self, order: Order, filter: &Filter) -> bool {
        self.order == order && self.filter == hash(filter)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CursorPosition { at, id } = &self.position;
        let mut bytes = Vec::with_capacity(HEAD + id.len());
        bytes.extend([VERSION, self.order.byte()]);
        bytes.extend(self.filter);
        bytes.extend(at.as_second().to_be_bytes());
        bytes.extend(at.subsec_nanosecond().to_be_bytes());
        bytes.extend(id.as_bytes());
        f.write_str(&encoded(&bytes))
    }
}

impl Order {
    fn byte(self) -> u8 {
        match self {
            Order::Newest => b'n',
            Order::Changed => b'c',
        }
    }
}

/// A hash of what `filter` matches: filters that match the same posts have the same hash.
fn hash(filter: &Filter) -> [u8; HASH] {
    let Filter {
        tag,
        author,
        section,
        language,
        year,
    } = filter;
    let mut hasher = blake3::Hasher::new();
    for part in [tag, author, section] {
        let part = part.as_deref().map(key).unwrap_or_default();
        hasher.update(part.as_bytes()).update(b"\0");
    }
    hasher.update(language.as_deref().unwrap_or_default().to_ascii_lowercase().as_bytes());
    hasher.update(b"\0").update(&year.unwrap_or(0).to_be_bytes());
    let mut short = [0; HASH];
    short
        .iter_mut()
        .zip(hasher.finalize().as_bytes())
        .for_each(|(to, from)| *to = *from);
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursor(order: Order, filter: &Filter, at: &str, id: &str) -> Cursor {
        Cursor {
            order,
            filter: hash(filter),
            position: CursorPosition {
                at: at.parse().unwrap(),
                id: id.to_owned(),
            },
        }
    }

    #[test]
    fn a_cursor_belongs_to_its_order_and_filter() {
        let tag = |tag: &str| Filter {
            tag: Some(tag.to_owned()),
            ..Filter::default()
        };
        let author = Filter {
            author: Some("sea".to_owned()),
            ..Filter::default()
        };
        let cursor = cursor(Order::Newest, &tag("Deep Sea"), "2026-01-02T03:04:05.678Z", "tag:x,2026:é");
        assert!(cursor.belongs_to(Order::Newest, &tag("deep-sea")));
        assert!(!cursor.belongs_to(Order::Changed, &tag("deep-sea")));
        assert!(!cursor.belongs_to(Order::Newest, &tag("sea")));
        assert_ne!(hash(&tag("sea")), hash(&author));
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
    }

    #[test]
    fn one_position_has_one_spelling() {
        let written = cursor(Order::Newest, &Filter::default(), "2026-01-02T03:04:05Z", "x").to_string();
        // the last letter has unused bits
        let (rest, last) = written.split_at(written.len() - 1);
        let next = char::from(last.as_bytes()[0] + 1);
        assert_eq!(Cursor::parse(&format!("{rest}{next}")), None);
        assert_eq!(Cursor::parse(&format!("{written}=")), None);
    }

    proptest! {
        #[test]
        fn invalid_cursors_are_rejected(text in "[A-Za-z0-9_=+/-]{0,80}|\\PC{0,40}") {
            if let Some(cursor) = Cursor::parse(&text) {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }

        #[test]
        fn any_position_is_parsed_again(second in -62_000_000_000_i64..250_000_000_000, nanosecond in 0..1_000_000_000_i32, id in "\\PC{0,100}") {
            let at = Timestamp::new(second, nanosecond).unwrap();
            let mut there = cursor(Order::Changed, &Filter::default(), "2026-01-02T03:04:05Z", &id);
            there.position.at = at;
            prop_assert_eq!(Cursor::parse(&there.to_string()), Some(there));
        }
    }
}
