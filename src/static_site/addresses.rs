//! The addresses that a site answers, and those that it answered once.

use std::collections::BTreeSet;

use super::Options;
use crate::http::target::FEED_ALIASES;
use crate::index::{Filter, Scope};
use crate::render::feeds::sitemap;
use crate::render::listing::scopes::ScopeKind;
use crate::render::{Format, Place, feed_path, post_url};
use crate::site::{Holder, Site};

/// An address of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
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
    /// Whether a feed was there.
    pub(super) is_feed: bool,
}

impl Address {
    fn new(path: impl Into<String>) -> Address {
        Address {
            path: path.into(),
            query: String::new(),
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
pub(super) fn documents(site: &Site, options: &Options) -> Vec<Address> {
    let index = &site.index;
    let mut all: Vec<Address> = Vec::new();
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
    all.push(Address::new("/years"));
    for kind in ScopeKind::ALL {
        all.push(Address::new(format!("/{}", kind.name())));
        all.push(Address::new(format!("/api/{}", kind.name())));
    }
    add_listing(&mut all, site);
    all.extend(["/style.css", "/feeds.opml"].map(Address::new));
    // a static file may have the place of these
    let replaceable = ["/robots.txt", "/favicon.svg", "/icon.png"];
    let own = replaceable
        .into_iter()
        .filter(|path| !matches!(site.holder(path), Some(Holder::File(_))));
    all.extend(own.map(Address::new));
    if !site.config().is_static {
        all.extend(["/openapi.json", "/search"].map(Address::new));
    }
    add_site_map(&mut all, site);
    add_posts(&mut all, site, options);
    all
}

/// The pages and feeds of `scope`, which has `total` posts.
fn add_scope(all: &mut Vec<Address>, site: &Site, scope: &Scope, total: usize) {
    let path = scope.path();
    let first = if path.is_empty() { "/" } else { &path };
    add_pages(all, first, &path, pages(site, total));
    all.push(Address::new(format!("{path}/subscribe")));
    for format in Format::ALL {
        all.push(Address::new(feed_path(&path, Place::Newest, format)));
        for archive in 1..=site.archives(scope) {
            all.push(Address::new(feed_path(&path, Place::Archive(archive), format)));
        }
    }
}

fn add_pages(all: &mut Vec<Address>, first: &str, others: &str, count: usize) {
    all.push(Address::new(first));
    all.extend((2..=count).map(|number| Address::new(format!("{others}/page/{number}"))));
}

/// The number of pages for `total` posts, at least one.
fn pages(site: &Site, total: usize) -> usize {
    total.div_ceil(site.config().list.per_page.max(1)).max(1)
}

fn add_listing(all: &mut Vec<Address>, site: &Site) {
    all.push(Address::new("/api/posts"));
    let count = pages(site, site.index.posts().len());
    all.extend((2..=count).map(|number| Address {
        path: "/api/posts".to_owned(),
        query: format!("page={number}"),
    }));
}

fn add_site_map(all: &mut Vec<Address>, site: &Site) {
    all.push(Address::new("/sitemap.xml"));
    let parts = sitemap::Map::new(site.config(), &site.index).parts();
    if parts > 1 {
        all.extend((1..=parts).map(|part| Address::new(format!("/sitemap-{part}.xml"))));
    }
}

/// Every post that everybody may read: its page, its Markdown, and its entry of the listing if it is listed.
fn add_posts(all: &mut Vec<Address>, site: &Site, options: &Options) {
    for post in site.all().iter().filter(|post| site.is_readable(post)) {
        if post.address.starts_with('/') {
            let path = post_url("", &post.address);
            if !options.omits_markdown {
                all.push(Address::new(format!("{}.md", path.trim_end_matches('/'))));
            }
            all.push(Address::new(path));
        }
        if site.is_listed(post) {
            all.push(Address::new(post_url("", &format!("/api/posts/{}", post.slug))));
        }
    }
}

/// The addresses at which something was, or where other software has feeds: some of them lead on, and some are of withdrawn posts.
pub(super) fn former(site: &Site) -> Vec<Former> {
    let mut posts: BTreeSet<String> = BTreeSet::new();
    for post in site.all().iter().filter(|post| site.is_readable(post)) {
        posts.extend(post.aliases.iter().map(|alias| post_url("", alias)));
    }
    posts.extend(site.former_addresses().map(|address| post_url("", address)));
    let departed = site.departures().iter().map(|departure| &departure.post);
    posts.extend(
        departed
            .filter(|post| post.address.starts_with('/'))
            .map(|post| post_url("", &post.address)),
    );
    posts.extend(site.config().redirect.sources().map(|path| post_url("", &path)));
    let is_feed_name = |path: &str| {
        Format::ALL
            .iter()
            .any(|format| path.ends_with(&format!("/{}", format.file_name())))
    };
    let mut all: Vec<Former> = posts
        .into_iter()
        .map(|path| Former {
            is_feed: is_feed_name(&path),
            path,
        })
        .collect();
    all.extend(FEED_ALIASES.iter().map(|(name, _)| Former {
        path: format!("/{name}"),
        is_feed: true,
    }));
    all.extend(["/feed", "/favicon.ico"].map(|path| Former {
        path: path.to_owned(),
        is_feed: false,
    }));
    all
}
