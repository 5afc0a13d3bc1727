//! Items and posts as they are compared: spelling, endings and zones folded.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8Path;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::Url;

use super::By;
use super::likeness::Beginning;
use crate::config::Config;
use crate::import::{OldFeed, OldItem, address};
use crate::post::{Origin, Post, Texts, date, html, markdown, slug};

/// How many bytes of a post are looked at to tell what it is like.
const MOST_TEXT: usize = 8 * 1024;

/// Where pages of the old site and of this one are.
pub(super) struct Sites {
    /// Hosts whose pages are the feed's own; empty where that is not known.
    hosts: BTreeSet<String>,
    /// The folder that this site is in, without a slash at its end.
    folder: String,
}

impl Sites {
    pub(super) fn of(feed: &OldFeed, config: &Config) -> Sites {
        let base = config.site.base_url.as_ref();
        let mut hosts: BTreeSet<String> = address::own_hosts(feed);
        if !hosts.is_empty() {
            hosts.extend(base.and_then(address::host).map(str::to_owned));
        }
        Sites {
            hosts,
            folder: base.map_or("", Url::path).trim_end_matches('/').to_lowercase(),
        }
    }

    fn hold(&self, url: &Url) -> bool {
        self.hosts.is_empty() || address::host(url).is_some_and(|host| self.hosts.contains(host))
    }
}

/// An item as it is compared.
pub(super) struct ItemView<'a> {
    pub(super) item: &'a OldItem,
    paths: Vec<String>,
    names: Vec<String>,
    title: String,
    day: Option<Date>,
    beginning: OnceCell<Beginning>,
}

/// A post as it is compared.
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
    pub(super) fn new(item: &'a OldItem, sites: &Sites) -> ItemView<'a> {
        let all: Vec<String> = item.urls.iter().filter_map(address::path).collect();
        let mut paths: Vec<String> = Vec::new();
        for path in item.urls.iter().filter(|url| sites.hold(url)).filter_map(address::path) {
            let path = address::folded(&path);
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
            paths: once(paths),
            names: once(all.iter().map(|path| address::name(path)).collect()),
            title: folded(&item.title),
            day: item.moment().map(crate::time::Moment::date).or_else(day_in_path),
            beginning: OnceCell::new(),
        }
    }

    /// What it can be found by.
    pub(super) fn keys(&self, by: By) -> Vec<String> {
        match by {
            By::Id => vec![self.item.id.clone()],
            By::Address => self.paths.clone(),
            By::Name => self.names.clone(),
            By::TitleAndDay => once(days_about(self.day).map(|day| titled(&self.title, day)).collect()),
            By::Title => once(vec![self.title.clone()]),
            By::NameFromTitle => once(vec![slug::slugify(&self.item.title)]),
            By::DayAndText => days_about(self.day).map(|day| day.to_string()).collect(),
        }
    }

    fn beginning(&self) -> &Beginning {
        self.beginning.get_or_init(|| Beginning::of(&self.item.text))
    }
}

impl<'a> PostView<'a> {
    pub(super) fn new(post: &'a Arc<Post>, texts: &'a dyn Texts) -> PostView<'a> {
        let paths: Vec<String> = addresses(post).iter().map(|path| address::folded(path)).collect();
        let names = paths.iter().map(|path| address::name(path));
        // a post that had to make way for another one is still called what its file is
        let names = names.chain([slug::slugify(&post.slug), slug::parse_path(&post.source).slug]);
        PostView {
            post,
            texts,
            names: once(names.collect()),
            paths: once(paths),
            title: folded(&post.title),
            // a date that the next touch of the file moves says nothing
            day: (post.origins.date != Origin::FileTime).then(|| post.date.date()),
            beginning: OnceCell::new(),
        }
    }

    /// What it can be found by.
    pub(super) fn keys(&self, by: By) -> Vec<String> {
        let day = self.day.into_iter();
        match by {
            By::Id => once(vec![self.post.id.clone(), self.post.atom_id().to_string()]),
            By::Address => self.paths.clone(),
            By::Name | By::NameFromTitle => self.names.clone(),
            By::TitleAndDay => once(day.map(|day| titled(&self.title, day)).collect()),
            By::Title => once(vec![self.title.clone()]),
            By::DayAndText => day.map(|day| day.to_string()).collect(),
        }
    }

    fn beginning(&self) -> &Beginning {
        self.beginning.get_or_init(|| {
            let text = self.texts.text(self.post).unwrap_or_default();
            let beginning = text.get(..text.floor_char_boundary(MOST_TEXT)).unwrap_or_default();
            let rendered = markdown::render(beginning, &self.post.title);
            Beginning::of(&html::text(&rendered.html))
        })
    }
}

/// The paths that lead to `post`, not percent-encoded.
fn addresses(post: &Post) -> Vec<String> {
    let own = match Url::parse(&post.address) {
        Ok(url) => address::path(&url),
        Err(_) => Some(post.address.clone()),
    };
    own.into_iter().chain(post.aliases.iter().cloned()).collect()
}

/// How many of title, day and text agree.
pub(super) fn agreements(item: &ItemView, post: &PostView) -> usize {
    usize::from(has_one_title(item, post)) + usize::from(has_one_day(item, post)) + usize::from(begins_alike(item, post))
}

/// Whether `item`, found by `by`, may be `post`, by all else that is known of them.
pub(super) fn may_be(by: By, item: &ItemView, post: &PostView) -> bool {
    match by {
        By::Id | By::Address | By::TitleAndDay | By::Title => true,
        By::Name | By::NameFromTitle => {
            let can_differ = !item.title.is_empty() && !post.title.is_empty() && item.day.is_some() && post.day.is_some();
            !can_differ || has_one_title(item, post) || has_one_day(item, post) || begins_alike(item, post)
        }
        By::DayAndText => begins_alike(item, post),
    }
}

fn has_one_title(item: &ItemView, post: &PostView) -> bool {
    !item.title.is_empty() && item.title == post.title
}

fn has_one_day(item: &ItemView, post: &PostView) -> bool {
    post.day.is_some_and(|day| days_about(item.day).any(|other| other == day))
}

fn begins_alike(item: &ItemView, post: &PostView) -> bool {
    item.beginning().is_like(post.beginning())
}

/// `day` and the days beside it: one instant has two dates in two zones.
fn days_about(day: Option<Date>) -> impl Iterator<Item = Date> {
    day.into_iter()
        .flat_map(|day| [-1, 0, 1].map(|days| day.checked_add(days.days())))
        .filter_map(Result::ok)
}

fn titled(title: &str, day: Date) -> String {
    if title.is_empty() {
        String::new()
    } else {
        format!("{day} {title}")
    }
}

/// `title` without what two tools write differently: case, signs, white space.
fn folded(title: &str) -> String {
    let words = html::text(title).to_lowercase();
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// `keys` without empty ones, each once.
fn once(keys: Vec<String>) -> Vec<String> {
    let keys: BTreeSet<String> = keys.into_iter().filter(|key| !key.is_empty()).collect();
    keys.into_iter().collect()
}
