//! The values of items and posts that are compared, without differences of spelling, endings and time zones.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8Path;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::Url;

use super::likeness::Beginning;
use super::matched_by::MatchedBy;
use crate::config::Config;
use crate::import::address;
use crate::import::feed::{OldFeed, OldItem};
use crate::post::{Origin, Post, Texts, date, html, markdown, slug};

/// The most bytes of a post that are compared.
const MOST_TEXT: usize = 8 * 1024;

/// The addresses of the old site and of this one.
pub(super) struct SiteAddresses {
    /// The hosts of the feed's own pages; empty if they are unknown.
    hosts: BTreeSet<String>,
    /// The path of this site, without a slash at its end.
    folder: String,
}

impl SiteAddresses {
    pub(super) fn new(feed: &OldFeed, config: &Config) -> SiteAddresses {
        let base = config.site.base_url.as_ref();
        let mut hosts: BTreeSet<String> = address::own_hosts(feed);
        if !hosts.is_empty() {
            hosts.extend(base.and_then(address::host).map(str::to_owned));
        }
        SiteAddresses {
            hosts,
            folder: base.map_or("", Url::path).trim_end_matches('/').to_lowercase(),
        }
    }

    fn contains(&self, url: &Url) -> bool {
        self.hosts.is_empty() || address::host(url).is_some_and(|host| self.hosts.contains(host))
    }
}

/// The values of an item.
pub(super) struct ItemView<'a> {
    pub(super) item: &'a OldItem,
    paths: Vec<String>,
    names: Vec<String>,
    title: String,
    day: Option<Date>,
    beginning: OnceCell<Beginning>,
}

/// The values of a post.
pub(super) struct PostView<'a> {
    pub(super) post: &'a Arc<Post>,
    texts: &'a dyn Texts,
    paths: Vec<String>,
    names: Vec<String>,
    title: String,
    day: Option<Date>,
    beginning: OnceCell<Beginning>,
}

impl<'a> ItemView<'a> {
    pub(super) fn new(item: &'a OldItem, sites: &SiteAddresses) -> ItemView<'a> {
        let all: Vec<String> = item.urls.iter().filter_map(address::decoded_path).collect();
        let mut paths: Vec<String> = Vec::new();
        for path in item
            .urls
            .iter()
            .filter(|url| sites.contains(url))
            .filter_map(address::decoded_path)
        {
            let path = address::fold_path(&path);
            paths.extend(path.strip_prefix(&sites.folder).map(str::to_owned));
            paths.push(path);
        }
        let day_in_path = || {
            let mut dates = all.iter().filter_map(|path| {
                let date = slug::parse_path(Utf8Path::new(path.trim_matches('/'))).date?;
                date::parse(&date, &TimeZone::UTC, false).ok()
            });
            dates.next().map(crate::time::Moment::date)
        };
        ItemView {
            item,
            paths: unique_keys(paths),
            names: unique_keys(all.iter().map(|path| address::page_name(path)).collect()),
            title: fold_title(&item.title),
            day: item.date().map(crate::time::Moment::date).or_else(day_in_path),
            beginning: OnceCell::new(),
        }
    }

    /// What it can be found by.
    pub(super) fn keys(&self, by: MatchedBy) -> Vec<String> {
        match by {
            MatchedBy::Id => vec![self.item.id.clone()],
            MatchedBy::Address => self.paths.clone(),
            MatchedBy::Name => self.names.clone(),
            MatchedBy::TitleAndDay => unique_keys(days_about(self.day).map(|day| title_key(&self.title, day)).collect()),
            MatchedBy::Title => unique_keys(vec![self.title.clone()]),
            MatchedBy::NameFromTitle => unique_keys(vec![slug::slugify(&self.item.title)]),
            MatchedBy::DayAndText => days_about(self.day).map(|day| day.to_string()).collect(),
        }
    }

    fn beginning(&self) -> &Beginning {
        self.beginning.get_or_init(|| Beginning::new(&self.item.text))
    }
}

impl<'a> PostView<'a> {
    pub(super) fn new(post: &'a Arc<Post>, texts: &'a dyn Texts) -> PostView<'a> {
        let paths: Vec<String> = addresses(post).iter().map(|path| address::fold_path(path)).collect();
        let names = paths.iter().map(|path| address::page_name(path));
        // a post whose slug another one claimed is also found by the name of its file
        let names = names.chain([slug::slugify(&post.slug), slug::parse_path(&post.source).slug]);
        PostView {
            post,
            texts,
            names: unique_keys(names.collect()),
            paths: unique_keys(paths),
            title: fold_title(&post.title),
            // a date that changes with the file is not evidence
            day: (post.origins.date != Origin::FileTime).then(|| post.date.date()),
            beginning: OnceCell::new(),
        }
    }

    /// What it can be found by.
    pub(super) fn keys(&self, by: MatchedBy) -> Vec<String> {
        let day = self.day.into_iter();
        match by {
            MatchedBy::Id => unique_keys(vec![self.post.id.to_string(), self.post.atom_id().to_string()]),
            MatchedBy::Address => self.paths.clone(),
            MatchedBy::Name | MatchedBy::NameFromTitle => self.names.clone(),
            MatchedBy::TitleAndDay => unique_keys(day.map(|day| title_key(&self.title, day)).collect()),
            MatchedBy::Title => unique_keys(vec![self.title.clone()]),
            MatchedBy::DayAndText => day.map(|day| day.to_string()).collect(),
        }
    }

    fn beginning(&self) -> &Beginning {
        self.beginning.get_or_init(|| {
            let text = self.texts.text(self.post).unwrap_or_default();
            let beginning = text.get(..text.floor_char_boundary(MOST_TEXT)).unwrap_or_default();
            let rendered = markdown::render(beginning, &self.post.title);
            Beginning::new(&html::text(&rendered.html))
        })
    }
}

/// The percent-decoded paths that lead to `post`.
fn addresses(post: &Post) -> Vec<String> {
    let own = match Url::parse(&post.address) {
        Ok(url) => address::decoded_path(&url),
        Err(_) => Some(post.address.to_string()),
    };
    own.into_iter().chain(post.aliases.iter().cloned()).collect()
}

/// The number of title, day and text that agree.
pub(super) fn agreements(item: &ItemView, post: &PostView) -> usize {
    usize::from(has_same_title(item, post)) + usize::from(has_same_day(item, post)) + usize::from(has_similar_text(item, post))
}

/// Whether nothing speaks against `item` being `post`, for which there is the evidence `by`.
pub(super) fn may_match(by: MatchedBy, item: &ItemView, post: &PostView) -> bool {
    match by {
        MatchedBy::Id | MatchedBy::Address | MatchedBy::TitleAndDay | MatchedBy::Title => true,
        MatchedBy::Name | MatchedBy::NameFromTitle => {
            let can_differ = !item.title.is_empty() && !post.title.is_empty() && item.day.is_some() && post.day.is_some();
            !can_differ || has_same_title(item, post) || has_same_day(item, post) || has_similar_text(item, post)
        }
        MatchedBy::DayAndText => has_similar_text(item, post),
    }
}

fn has_same_title(item: &ItemView, post: &PostView) -> bool {
    !item.title.is_empty() && item.title == post.title
}

fn has_same_day(item: &ItemView, post: &PostView) -> bool {
    post.day.is_some_and(|day| days_about(item.day).any(|other| other == day))
}

fn has_similar_text(item: &ItemView, post: &PostView) -> bool {
    item.beginning().is_similar(post.beginning())
}

/// `day` and its neighbours: one instant can have two dates in two time zones.
fn days_about(day: Option<Date>) -> impl Iterator<Item = Date> {
    day.into_iter()
        .flat_map(|day| [-1, 0, 1].map(|days| day.checked_add(days.days())))
        .filter_map(Result::ok)
}

fn title_key(title: &str, day: Date) -> String {
    if title.is_empty() {
        String::new()
    } else {
        format!("{day} {title}")
    }
}

/// `title` without differences between tools: case, punctuation and white space.
fn fold_title(title: &str) -> String {
    let words = html::text(title).to_lowercase();
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// `keys` without empty ones and duplicates.
fn unique_keys(keys: Vec<String>) -> Vec<String> {
    let keys: BTreeSet<String> = keys.into_iter().filter(|key| !key.is_empty()).collect();
    keys.into_iter().collect()
}
