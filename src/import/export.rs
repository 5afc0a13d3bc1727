//! Reads the exports of other tools. What an export is follows from its content, not from its name.

pub(crate) mod archive;
pub(super) mod element;
mod feed_items;
mod feed_source;
mod ghost;
mod medium;
mod recognise;
mod substack;
mod text;
mod wordpress;
mod wordpress_body;
pub(super) mod xml;

use std::sync::Mutex;

use self::archive::Archive;
pub(crate) use self::recognise::{OpenOptions, open};
use self::wordpress::Wordpress;
use super::imported::{FoundItem, SiteFacts};

/// Gets the bytes and the items read so far.
pub(crate) type ReadProgress<'a> = dyn FnMut(u64, usize) + 'a;

/// An export.
pub(crate) enum Export {
    /// WordPress or Squarespace: read as often as needed, item by item.
    Wordpress(Box<Wordpress>),
    /// A tool whose exports are small enough to be in memory.
    ListedFile(Box<ListedFile>),
}

/// An export in memory.
#[derive(Default)]
pub(crate) struct ListedFile {
    pub(crate) format: &'static str,
    pub(crate) site: SiteFacts,
    pub(crate) found: Vec<FoundItem>,
    /// The archive in which media are.
    pub(crate) archive: Option<Mutex<Archive>>,
}

impl Export {
    /// The name of the tool.
    pub(crate) fn format(&self) -> &str {
        match self {
            Export::Wordpress(wordpress) => wordpress.format(),
            Export::ListedFile(listed) => listed.format,
        }
    }

    /// Whether it is a feed, which has the ids that its readers know.
    pub(crate) fn is_feed(&self) -> bool {
        matches!(self.format(), "RSS" | "Atom" | "JSON Feed")
    }

    /// What it says about the site.
    pub(crate) fn site(&self) -> &SiteFacts {
        match self {
            Export::Wordpress(wordpress) => &wordpress.site,
            Export::ListedFile(listed) => &listed.site,
        }
    }

    /// The archive in which media are.
    pub(crate) fn archive(&self) -> Option<&Mutex<Archive>> {
        match self {
            Export::Wordpress(_) => None,
            Export::ListedFile(listed) => listed.archive.as_ref(),
        }
    }

    /// Reads everything in it, in order.
    pub(crate) fn read(&self, progress: &mut ReadProgress, visit: &mut dyn FnMut(FoundItem)) -> Result<(), String> {
        match self {
            Export::Wordpress(wordpress) => wordpress.read(progress, visit),
            Export::ListedFile(listed) => {
                listed.found.iter().cloned().for_each(visit);
                Ok(())
            }
        }
    }
}
