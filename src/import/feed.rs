//! An old feed, as bytes → [`OldFeed`]: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.x.
//!
//! Only what tells a reader one item from another is read, and every id is kept as it was written: readers compare ids character by
//! character (RFC 4287, section 4.2.6.1). Where there is none, what readers use in its place is taken, which is the link; nothing is
//! made up. Whatever else is wrong with a feed costs an item at most and is noted.
//!
//! The crate `feed-rs` (3.0) is not used: it returns the same id for `&copy;`, an undeclared entity, and for
//! `&amp;copy;`, and the first must be refused. It also reads neither declared entities nor `isPermaLink`, `next_url` and
//! `feedburner:origLink`, and keeps nothing of a feed that is broken halfway.

mod entities;
mod json;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::tz::TimeZone;
use url::Url;

use super::address;
use crate::post::{date, html, is_forbidden};
use crate::render::Format;
use crate::time::Moment;

/// A feed document, or several that make up one feed, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct OldFeed {
    /// The family of formats it is written in.
    pub format: Format,
    /// The feed's own id, where it has one (Atom).
    pub id: Option<String>,
    /// Its title, as plain text; may be empty.
    pub title: String,
    /// The site it is the feed of.
    pub home: Option<Url>,
    /// Where it says that it is found (`rel="self"`, `feed_url`), else where it was found.
    pub address: Option<Url>,
    /// The document with the items that come before these (RFC 5005 `prev-archive`, `next`; JSON Feed `next_url`).
    pub older: Option<Url>,
    /// Its items, in its order; no two with one id.
    pub items: Vec<OldItem>,
    /// What was wrong with it, in words.
    pub notes: Vec<String>,
}

/// One item of an old feed.
#[derive(Clone, Debug, PartialEq)]
pub struct OldItem {
    /// What readers know it by, as it was written: `guid`, `atom:id`, `id`; else the link.
    pub id: String,
    /// Whether the id is the link because the item had none of its own.
    pub id_is_link: bool,
    /// Where it was read: links and permalinks, absolute, without fragment and what only tracks ([`address::untracked`]).
    pub urls: Vec<Url>,
    /// Its title, as plain text; may be empty.
    pub title: String,
    /// When it was published.
    pub published: Option<Moment>,
    /// When it last changed.
    pub updated: Option<Moment>,
    /// The beginning of its text, as plain text; may be empty.
    pub text: String,
}

impl OldItem {
    /// The best that it says of when it is from.
    #[must_use]
    pub fn moment(&self) -> Option<Moment> {
        self.published.or(self.updated)
    }
}

/// More items than this are not read.
const MOST_ITEMS: usize = 100_000;
/// A longer id cannot be carried on; the limit of the front matter's.
const LONGEST_ID: usize = 1000;
/// How many bytes of an item's HTML are looked at to tell what it is like.
const MOST_TEXT: usize = 8 * 1024;
/// Titles are cut to this, in bytes.
const LONGEST_TITLE: usize = 1024;

/// Reads the feed document `bytes`, found at `found`.
///
/// # Errors
///
/// What it is, where it is no feed; where it broke, when nothing could be read before that.
pub fn read(bytes: &[u8], found: Option<&Url>) -> Result<OldFeed, String> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match text.first() {
        None => Err("it is empty".to_owned()),
        Some(b'{') => json::read(text, found),
        // UTF-16 begins with its mark, or with the NUL of a `<`
        Some(b'<' | 0xfe | 0xff | 0) => xml::read(bytes, found),
        Some(_) => Err("it is neither XML nor JSON; name an RSS, Atom or JSON feed".to_owned()),
    }
}

impl OldFeed {
    /// The feed found at `found`, with nothing read of it yet.
    fn new(format: Format, found: Option<&Url>) -> OldFeed {
        OldFeed {
            format,
            id: None,
            title: String::new(),
            home: None,
            address: found.cloned(),
            older: None,
            items: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Takes in the items of `older`, the next document of the same feed.
    pub fn append(&mut self, older: OldFeed) {
        self.items.extend(older.items);
        self.notes.extend(older.notes);
        self.items = once_each(std::mem::take(&mut self.items));
    }

    /// The items that `drafts` make, and what is to be said of the others.
    fn take(&mut self, drafts: Vec<Draft>) {
        let (mut without_id, mut unfit) = (0, 0);
        let mut unresolved: Vec<(String, String)> = Vec::new();
        let items = drafts.into_iter().filter_map(|draft| {
            if let Some(reference) = draft.unresolved() {
                unresolved.push((reference, plain(&draft.title, LONGEST_TITLE)));
                return None;
            }
            let item = draft.finished(self.home.as_ref());
            match &item {
                None => without_id += 1,
                Some(item) if !is_fit(&item.id) => unfit += 1,
                Some(_) => return item,
            }
            None
        });
        self.items = once_each(items.collect());
        if without_id > 0 {
            self.notes.push(format!(
                "{without_id} of its items have neither id nor link, so readers cannot recognise them and they are skipped"
            ));
        }
        if let Some((reference, title)) = unresolved.first() {
            self.notes.push(format!(
                "{} of its items were skipped, because their ids contain an entity that the feed does not resolve, so nobody knows what \
                 readers have: the first is `{reference}`, of \"{title}\"",
                unresolved.len()
            ));
        }
        if unfit > 0 {
            self.notes.push(format!(
                "{unfit} of its items have an id that cannot be kept (more than one line, or more than {LONGEST_ID} bytes) and are skipped"
            ));
        }
    }
}

fn is_fit(id: &str) -> bool {
    id.len() <= LONGEST_ID && !id.contains(|c: char| c.is_control() || is_forbidden(c))
}

/// `items` with those of one id made one: pages of a feed overlap.
fn once_each(items: Vec<OldItem>) -> Vec<OldItem> {
    let mut kept: Vec<OldItem> = Vec::with_capacity(items.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for item in items {
        match places.entry(item.id.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(kept.len());
                kept.push(item);
            }
            Entry::Occupied(occupied) => {
                if let Some(first) = kept.get_mut(*occupied.get()) {
                    let more: Vec<Url> = item.urls.into_iter().filter(|url| !first.urls.contains(url)).collect();
                    first.urls.extend(more);
                }
            }
        }
    }
    kept
}

/// An item while it is read: texts as they stand in the document.
#[derive(Clone, Debug, Default)]
struct Draft {
    /// Its own id.
    id: Option<String>,
    /// Links as written, with what they are relative to; the first is the item's own.
    links: Vec<(String, Option<Url>)>,
    title: String,
    published: Option<Moment>,
    updated: Option<Moment>,
    summary: String,
    content: String,
    /// The first reference in its id that the document does not resolve.
    unresolved_id: Option<String>,
    /// Links with such a reference, and the reference.
    unresolved_links: Vec<(String, String)>,
}

impl Draft {
    /// The reference in what readers know the item by that the document does not resolve.
    fn unresolved(&self) -> Option<String> {
        if self.id.as_ref().is_some_and(|id| !id.trim().is_empty()) {
            return self.unresolved_id.clone();
        }
        let (own, _) = self.links.first()?;
        let mut unresolved = self.unresolved_links.iter();
        unresolved
            .find(|(link, _)| link == own)
            .map(|(_, reference)| reference.clone())
    }

    /// The item; `None` where readers have nothing to know it by.
    fn finished(self, home: Option<&Url>) -> Option<OldItem> {
        let own = self.id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        let id_is_link = own.is_none();
        let id = own.or_else(|| self.links.first().map(|(link, _)| link.clone()))?;
        let mut urls = Vec::new();
        for (link, base) in &self.links {
            let url = Url::options().base_url(base.as_ref().or(home)).parse(link).ok();
            if let Some(url) = url
                .filter(|url| matches!(url.scheme(), "http" | "https"))
                .map(address::untracked)
                && !urls.contains(&url)
            {
                urls.push(url);
            }
        }
        let text = if self.content.is_empty() { self.summary } else { self.content };
        Some(OldItem {
            id,
            id_is_link,
            urls,
            title: plain(&self.title, LONGEST_TITLE),
            published: self.published,
            updated: self.updated,
            text: plain(&text, MOST_TEXT),
        })
    }
}

/// The beginning of `text`, which may be HTML, as plain text.
fn plain(text: &str, most: usize) -> String {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    html::text(text.get(..end).unwrap_or_default())
}

/// The moment that `text` names. Feeds name their zone; where one does not, UTC is as good as any.
fn moment(text: &str) -> Option<Moment> {
    date::parse(text.trim(), &TimeZone::UTC, false).ok()
}
