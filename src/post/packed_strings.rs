//! The path of a post and its short texts, kept in one piece of memory.

use std::fmt;
use std::sync::Arc;

use camino::Utf8Path;

/// The path of a post and its short texts. Each on its own would take half as much room again, and leave a hole where it was.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// One after the other; but the slug is left out where the address holds it.
    all: Arc<str>,
    /// Where each but the slug and the last ends.
    ends: [u32; 4],
    /// Where the slug stands.
    slug: [u32; 2],
}

/// Each of the texts in [`Words`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Each<'a> {
    /// The file it came from, relative to the posts folder.
    pub source: &'a Utf8Path,
    /// The id, for ever; see [`Post::id`](super::Post::id).
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
            source,
            id,
            slug,
            address,
            title,
            summary,
        } = each;
        // no file is as long as that
        let narrow = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let source = source.as_str();
        let mut end = 0;
        let ends = [source, id, address, title].map(|text| {
            end += text.len();
            narrow(end)
        });
        let within = address.rfind(slug);
        let start = within.map_or(end + summary.len(), |within| source.len() + id.len() + within);
        let rest = if within.is_some() { "" } else { slug };
        Words {
            all: [source, id, address, title, summary, rest].concat().into(),
            ends,
            slug: [narrow(start), narrow(start + slug.len())],
        }
    }
}

impl Words {
    pub(super) fn source(&self) -> &Utf8Path {
        let [source, ..] = self.ends;
        Utf8Path::new(self.between(0, source))
    }

    pub(super) fn id(&self) -> &str {
        let [source, id, ..] = self.ends;
        self.between(source, id)
    }

    pub(super) fn slug(&self) -> &str {
        let [start, end] = self.slug;
        self.between(start, end)
    }

    pub(super) fn address(&self) -> &str {
        let [_, id, address, _] = self.ends;
        self.between(id, address)
    }

    pub(super) fn title(&self) -> &str {
        let [.., address, title] = self.ends;
        self.between(address, title)
    }

    pub(super) fn summary(&self) -> &str {
        let [.., title] = self.ends;
        match self.slug {
            // the slug stands behind it
            [slug, end] if end > title => self.between(title, slug),
            _ => self.all.get(title as usize..).unwrap_or_default(),
        }
    }

    /// Each of them.
    pub fn each(&self) -> Each<'_> {
        Each {
            source: self.source(),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Short texts of few letters, so that one is often within another, and often empty.
    const TEXT: &str = "[aé/]{0,3}";

    proptest! {
        #[test]
        fn nothing_is_lost(source in TEXT, id in TEXT, slug in TEXT, address in TEXT, title in TEXT, summary in TEXT) {
            let each = Each {
                source: Utf8Path::new(&source),
                id: &id,
                slug: &slug,
                address: &address,
                title: &title,
                summary: &summary,
            };
            let words = Words::from(each);
            prop_assert_eq!(words.each(), each);
        }
    }

    #[test]
    fn the_slug_within_the_address_takes_no_room() {
        let each = Each {
            source: "shore/kelp.md".into(),
            id: "tag:example.com,2026:kelp",
            slug: "kelp",
            address: "/posts/kelp",
            title: "Kelp",
            summary: "All of it.",
        };
        let room = |address: &str| Words::from(Each { address, ..each }).all.len() - address.len();
        assert_eq!(room("/posts/kelp"), room("/posts/weed") - "kelp".len());
    }
}
