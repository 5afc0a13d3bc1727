//! The short texts of a post, kept in one piece of memory.

use std::fmt;
use std::sync::Arc;

/// The short texts of a post. Each on its own would take half as much room again, and leave a hole where it was.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// One after the other.
    all: Arc<str>,
    /// Where each ends, but for the last.
    ends: [u32; 4],
}

/// Each of the texts in [`Words`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Each<'a> {
    /// The id: the same in every format, for ever (RFC 4287, section 4.2.6).
    pub id: &'a str,
    /// The last part of the default address, unique on the site.
    pub slug: &'a str,
    /// Where the post is read: a path from the site's root (`/posts/hello`, not percent-encoded), or an absolute URL where the
    /// pages live elsewhere.
    pub address: &'a str,
    /// The title as plain text; empty for a post that has none.
    pub title: &'a str,
    /// One or two sentences as plain text; may be empty.
    pub summary: &'a str,
}

impl From<Each<'_>> for Words {
    fn from(each: Each) -> Words {
        let Each {
            id,
            slug,
            address,
            title,
            summary,
        } = each;
        let mut end = 0;
        // no file is as long as that
        let ends = [id, slug, address, title].map(|text| {
            end += text.len();
            u32::try_from(end).unwrap_or(u32::MAX)
        });
        Words {
            all: [id, slug, address, title, summary].concat().into(),
            ends,
        }
    }
}

impl Words {
    pub(super) fn id(&self) -> &str {
        let [id, ..] = self.ends;
        self.between(0, id)
    }

    pub(super) fn slug(&self) -> &str {
        let [id, slug, ..] = self.ends;
        self.between(id, slug)
    }

    pub(super) fn address(&self) -> &str {
        let [_, slug, address, _] = self.ends;
        self.between(slug, address)
    }

    pub(super) fn title(&self) -> &str {
        let [.., address, title] = self.ends;
        self.between(address, title)
    }

    pub(super) fn summary(&self) -> &str {
        let [.., title] = self.ends;
        self.all.get(title as usize..).unwrap_or_default()
    }

    /// Each of them.
    pub fn each(&self) -> Each<'_> {
        Each {
            id: self.id(),
            slug: self.slug(),
            address: self.address(),
            title: self.title(),
            summary: self.summary(),
        }
    }

    fn between(&self, start: u32, end: u32) -> &str {
        self.all.get(start as usize..end as usize).unwrap_or_default()
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.each().fmt(f)
    }
}
