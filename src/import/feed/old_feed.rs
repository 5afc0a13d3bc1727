//! A feed and its items, and the steps from parsed values to an item.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::tz::TimeZone;
use url::Url;

use crate::import::address;
use crate::post::{date, html, is_forbidden};
use crate::render::Format;
use crate::time::Moment;

/// A feed document, or several that make up one feed, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct OldFeed {
    /// Its format.
    pub format: Format,
    /// Its own id, if it has one (Atom).
    pub id: Option<String>,
    /// Its title, as plain text; may be empty.
    pub title: String,
    /// The address of its site.
    pub home: Option<Url>,
    /// The address that it names as its own (`rel="self"`, `feed_url`), else that from which it was fetched.
    pub address: Option<Url>,
    /// The document with the items that come before these (RFC 5005 `prev-archive`, `next`; JSON Feed `next_url`).
    pub older: Option<Url>,
    /// Its items in order, with unique ids.
    pub items: Vec<OldItem>,
    /// Messages about mistakes in it.
    pub notes: Vec<String>,
    /// Whether it is only a list of old addresses, such as a site map: its items have no ids that readers know.
    pub is_list: bool,
    /// Further lists that it names (a site map of site maps).
    pub parts: Vec<Url>,
}

/// One item of an old feed.
#[derive(Clone, Debug, PartialEq)]
pub struct OldItem {
    /// Its id as written: `guid`, `atom:id`, `id`; else the link.
    pub id: String,
    /// Whether the id is the link, because the item had no id.
    pub id_is_link: bool,
    /// Its addresses: absolute links and permalinks, without fragment and tracking parameters ([`address::without_tracking`]).
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
    /// Its date, or when it last changed.
    #[must_use]
    pub fn date(&self) -> Option<Moment> {
        self.published.or(self.updated)
    }
}

/// The most items that are read.
pub(super) const MOST_ITEMS: usize = 100_000;
/// The most bytes of an id, as in front matter.
pub(super) const LONGEST_ID: usize = 1000;
/// The most bytes of an item's HTML that are compared.
pub(super) const MOST_TEXT: usize = 8 * 1024;
/// The most bytes of a title. A longer one is cut.
const LONGEST_TITLE: usize = 1024;

impl OldFeed {
    /// An empty feed that was fetched from `found`.
    pub(super) fn new(format: Format, found: Option<&Url>) -> OldFeed {
        OldFeed {
            format,
            id: None,
            title: String::new(),
            home: None,
            address: found.cloned(),
            older: None,
            items: Vec::new(),
            notes: Vec::new(),
            is_list: false,
            parts: Vec::new(),
        }
    }

    /// A list of `addresses`, which was fetched from `found`.
    pub(super) fn of_addresses(addresses: Vec<String>, found: Option<&Url>) -> OldFeed {
        let mut list = OldFeed::new(Format::Rss, found);
        list.is_list = true;
        list.home = addresses.iter().find_map(|address| address.parse().ok());
        list.address = None;
        let drafts = addresses.into_iter().take(MOST_ITEMS).map(|address| ItemDraft {
            links: vec![(address, found.cloned())],
            ..ItemDraft::default()
        });
        list.add_drafts(drafts.collect());
        list
    }

    /// Adds the items of `older`, the next document of the same feed.
    pub fn append(&mut self, older: OldFeed) {
        self.items.extend(older.items);
        self.notes.extend(older.notes);
        self.items = merge_same_id(std::mem::take(&mut self.items));
    }

    /// Adds the items made from `drafts`, and notes for those that cannot be used.
    pub(super) fn add_drafts(&mut self, drafts: Vec<ItemDraft>) {
        let (mut without_id, mut unfit) = (0, 0);
        let mut unresolved: Vec<(String, String)> = Vec::new();
        let items = drafts.into_iter().filter_map(|draft| {
            if let Some(reference) = draft.unresolved() {
                unresolved.push((reference, plain_text(&draft.title, LONGEST_TITLE)));
                return None;
            }
            let item = draft.into_item(self.home.as_ref());
            match &item {
                None => without_id += 1,
                Some(item) if !is_storable_id(&item.id) => unfit += 1,
                Some(_) => return item,
            }
            None
        });
        self.items = merge_same_id(items.collect());
        if without_id > 0 {
            self.notes.push(format!(
                "{without_id} of its items have neither id nor link, so readers cannot recognise them and they are skipped"
            ));
        }
        if let Some((reference, title)) = unresolved.first() {
            self.notes.push(format!(
                "{} of its items were skipped, because their ids contain an entity that the feed does not resolve, so the ids that \
                 readers have are unknown: the first is `{reference}`, of \"{title}\"",
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

fn is_storable_id(id: &str) -> bool {
    id.len() <= LONGEST_ID && !id.contains(|c: char| c.is_control() || is_forbidden(c))
}

/// Merges items with the same id, because pages of a feed overlap.
fn merge_same_id(items: Vec<OldItem>) -> Vec<OldItem> {
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

/// An item while it is parsed, with its texts as written.
#[derive(Clone, Debug, Default)]
pub(super) struct ItemDraft {
    /// Its id.
    pub(super) id: Option<String>,
    /// Links as written, with their base addresses. The first is the item's own.
    pub(super) links: Vec<(String, Option<Url>)>,
    pub(super) title: String,
    pub(super) published: Option<Moment>,
    pub(super) updated: Option<Moment>,
    pub(super) summary: String,
    pub(super) content: String,
    /// The first unresolved reference in its id.
    pub(super) unresolved_id: Option<String>,
    /// Links with an unresolved reference, and the reference.
    pub(super) unresolved_links: Vec<(String, String)>,
}

impl ItemDraft {
    /// The first unresolved reference in its id, or in the link if it has no id.
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

    /// The item; `None` if it has neither an id nor a link.
    fn into_item(self, home: Option<&Url>) -> Option<OldItem> {
        let own = self.id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        let id_is_link = own.is_none();
        let id = own.or_else(|| self.links.first().map(|(link, _)| link.clone()))?;
        let mut urls = Vec::new();
        for (link, base) in &self.links {
            let url = Url::options().base_url(base.as_ref().or(home)).parse(link).ok();
            if let Some(url) = url
                .filter(|url| matches!(url.scheme(), "http" | "https"))
                .map(address::without_tracking)
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
            title: plain_text(&self.title, LONGEST_TITLE),
            published: self.published,
            updated: self.updated,
            text: plain_text(&text, MOST_TEXT),
        })
    }
}

/// The beginning of `text`, which may be HTML, as plain text.
pub(super) fn plain_text(text: &str, most: usize) -> String {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    html::text(text.get(..end).unwrap_or_default())
}

/// Parses a date. Dates in feeds usually have an offset; without one, UTC is assumed.
pub(in crate::import) fn parse_moment(text: &str) -> Option<Moment> {
    date::parse(text.trim(), &TimeZone::UTC, false).ok()
}
