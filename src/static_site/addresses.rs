//! The addresses that a site answers, and those that it answered once.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Options;
use crate::http::target::{FEED_ALIASES, Target, markdown_addresses};
use crate::index::{Filter, Scope};
use crate::render::feeds::sitemap;
use crate::render::listing::scopes::ScopeKind;
use crate::render::{Format, Place, feed_path, post_url};
use crate::site::unchanged::Unchanged;
use crate::site::{AddressOwner, Site};

/// An address of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DocumentAddress {
    /// The path, percent-encoded as in a request line, below the address of the site.
    pub(super) path: String,
    /// The query; only the listing has one.
    pub(super) query: String,
}

/// An address that something was at.
#[derive(Clone, Debug)]
pub(super) struct Former {
    /// The path, percent-encoded.
    pub(super) path: String,
    /// The query, as in `/?p=12`; mostly empty.
    pub(super) query: String,
    /// Whether a feed was there.
    pub(super) is_feed: bool,
}

impl Former {
    /// What was at `address`, which is not percent-encoded.
    fn new(address: &str) -> Former {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let is_feed = |format: &Format| path.ends_with(&format!("/{}", format.file_name()));
        Former {
            path: post_url("", path),
            query: query.to_owned(),
            is_feed: Format::ALL.iter().any(is_feed),
        }
    }
}

impl DocumentAddress {
    fn new(path: impl Into<String>) -> DocumentAddress {
        DocumentAddress {
            path: path.into(),
            query: String::new(),
        }
    }

    /// Whether the document is the same as in the site before. `false` if that is not known.
    pub(super) fn is_same(&self, unchanged: &Unchanged) -> bool {
        match Target::parse(&self.path) {
            Some(Target::Address(address)) => {
                let markdown: Vec<String> = markdown_addresses(&address).collect();
                unchanged.is_post_unchanged(&[vec![address], markdown].concat())
            }
            Some(Target::Listed(slug)) => unchanged.is_listed_post_unchanged(&slug),
            Some(Target::Feed(scope, place, _)) => unchanged.is_feed_unchanged(&scope, place),
            Some(Target::Page(scope, number)) => unchanged.is_page_unchanged(&scope, number),
            Some(Target::Year(year, number)) => unchanged.is_year_unchanged(year, number),
            Some(Target::Listing) => {
                let number = self.query.strip_prefix("page=").map_or(Some(1), |number| number.parse().ok());
                number.is_some_and(|number| unchanged.is_page_unchanged(&Scope::Site, number))
            }
            _ => false,
        }
    }

    /// Whether the texts in the document can be read, if it is a feed.
    pub(super) fn has_texts(&self, unchanged: &Unchanged) -> bool {
        match Target::parse(&self.path) {
            Some(Target::Feed(scope, place, _)) => unchanged.has_texts(&scope, place),
            _ => true,
        }
    }

    /// The path that names the document's file: pages of the listing, which differ only in the query, have a path of their own.
    pub(super) fn file_path(&self) -> String {
        match self.query.strip_prefix("page=") {
            Some(number) => format!("{}/page/{number}", self.path),
            None => self.path.clone(),
        }
    }
}

/// The addresses of all documents of `site` that a host of files can have.
pub(super) fn documents(site: &Site, options: &Options) -> Vec<DocumentAddress> {
    let index = &site.index;
    let mut all: Vec<DocumentAddress> = Vec::new();
    for (scope, _) in index.scopes() {
        if options.omits_scopes && *scope != Scope::Site {
            continue;
        }
        let total = index.page(&Filter::for_scope(scope), 1, 1).1;
        add_scope(&mut all, site, scope, total);
    }
    for (year, total) in index.years() {
        add_pages(
            &mut all,
            &format!("/years/{year}"),
            &format!("/years/{year}"),
            pages(site, total),
        );
    }
    all.push(DocumentAddress::new("/years"));
    for kind in ScopeKind::ALL {
        all.push(DocumentAddress::new(format!("/{}", kind.name())));
        all.push(DocumentAddress::new(format!("/api/{}", kind.name())));
    }
    add_listing(&mut all, site);
    all.extend(["/style.css", "/feeds.opml"].map(DocumentAddress::new));
    // a static file may have the place of these
    let replaceable = ["/robots.txt", "/favicon.svg", "/icon.png"];
    let own = replaceable
        .into_iter()
        .filter(|path| !matches!(site.holder(path), Some(AddressOwner::File(_))));
    all.extend(own.map(DocumentAddress::new));
    if !site.config().is_static {
        all.extend(["/openapi.json", "/search"].map(DocumentAddress::new));
    }
    add_site_map(&mut all, site);
    add_posts(&mut all, site, options);
    all
}

/// The pages and feeds of `scope`, which has `total` posts.
fn add_scope(all: &mut Vec<DocumentAddress>, site: &Site, scope: &Scope, total: usize) {
    let path = scope.path();
    let first = if path.is_empty() { "/" } else { &path };
    add_pages(all, first, &path, pages(site, total));
    all.push(DocumentAddress::new(format!("{path}/subscribe")));
    for format in Format::ALL {
        all.push(DocumentAddress::new(feed_path(&path, Place::Newest, format)));
        for archive in 1..=site.archives(scope) {
            all.push(DocumentAddress::new(feed_path(&path, Place::Archive(archive), format)));
        }
    }
}

fn add_pages(all: &mut Vec<DocumentAddress>, first: &str, others: &str, count: usize) {
    all.push(DocumentAddress::new(first));
    all.extend((2..=count).map(|number| DocumentAddress::new(format!("{others}/page/{number}"))));
}

/// The number of pages for `total` posts, at least one.
fn pages(site: &Site, total: usize) -> usize {
    total.div_ceil(site.config().list.per_page.max(1)).max(1)
}

fn add_listing(all: &mut Vec<DocumentAddress>, site: &Site) {
    all.push(DocumentAddress::new("/api/posts"));
    let count = pages(site, site.index.posts().len());
    all.extend((2..=count).map(|number| DocumentAddress {
        path: "/api/posts".to_owned(),
        query: format!("page={number}"),
    }));
}

fn add_site_map(all: &mut Vec<DocumentAddress>, site: &Site) {
    all.push(DocumentAddress::new("/sitemap.xml"));
    let parts = sitemap::Map::new(site.config(), &site.index).parts();
    if parts > 1 {
        all.extend((1..=parts).map(|part| DocumentAddress::new(format!("/sitemap-{part}.xml"))));
    }
}

/// Every post that everybody may read: its page, its Markdown, and its entry of the listing if it is listed.
fn add_posts(all: &mut Vec<DocumentAddress>, site: &Site, options: &Options) {
    for post in site.all().iter().filter(|post| site.is_readable(post)) {
        if post.address.starts_with('/') {
            let path = post_url("", &post.address);
            if !options.omits_markdown {
                all.push(DocumentAddress::new(format!("{}.md", path.trim_end_matches('/'))));
            }
            all.push(DocumentAddress::new(path));
        }
        if site.is_listed(post) {
            all.push(DocumentAddress::new(post_url("", &format!("/api/posts/{}", post.slug))));
        }
    }
}

/// The addresses at which something was, or where other software has feeds: some of them lead on, and some are of withdrawn posts.
pub(super) fn former(site: &Site) -> Vec<Former> {
    let mut addresses: BTreeSet<Cow<str>> = BTreeSet::new();
    for post in site.all().iter().filter(|post| site.is_readable(post)) {
        addresses.extend(post.aliases.iter().map(|alias| Cow::from(alias.as_str())));
    }
    addresses.extend(site.former_addresses().map(Cow::from));
    let departed = site.departures().iter().map(|departure| &*departure.post.address);
    addresses.extend(departed.filter(|address| address.starts_with('/')).map(Cow::from));
    addresses.extend(site.config().redirect.sources().map(Cow::from));
    let mut all: Vec<Former> = addresses.iter().map(|address| Former::new(address)).collect();
    all.extend(FEED_ALIASES.iter().map(|(name, _)| Former {
        is_feed: true,
        ..Former::new(&format!("/{name}"))
    }));
    all.extend(["/feed", "/favicon.ico"].map(Former::new));
    all
}
