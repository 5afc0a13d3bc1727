//! The result of `import --adopt`, for people and as JSON.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;
use url::Url;

use crate::cli::terminal::counted;
use crate::config::Config;
use crate::diagnostic::one_line;
use crate::http::target::Target;
use crate::import::adoption::{AdoptionPlan, MatchResult};
use crate::import::matching::{MatchedBy, Matching};
use crate::import::origin::FeedSource;
use crate::import::{OldFeed, OldItem};
use crate::index::Scope;
use crate::post::Post;
use crate::render::{Format, Place, feed_path};
use crate::site::Site;

/// The most lines of one kind. The others are counted.
const NAMED: usize = 20;

/// The result of an import.
#[derive(Debug, Serialize)]
pub(super) struct AdoptionReport {
    feeds: Vec<FeedReport>,
}

/// The result for one feed.
#[derive(Debug, Serialize)]
struct FeedReport {
    feed: String,
    title: String,
    format: &'static str,
    items: usize,
    matched: Vec<MatchedEntry>,
    other_id: Vec<OtherId>,
    unmatched: Vec<UnmatchedEntry>,
    /// Posts in the newest feed here that the old feed does not have, although it has older items.
    appear_new: Vec<Utf8PathBuf>,
    /// Posts in the newest feed here that are older than all items of the old feed.
    older_than_feed: Vec<Utf8PathBuf>,
    /// Posts in the feeds here that the old feed does not have.
    not_in_feed: Vec<Utf8PathBuf>,
    /// The redirect that subscribers of the old feed need.
    redirect: Option<FeedRedirect>,
    notes: Vec<String>,
    /// Whether it is a list of addresses.
    #[serde(skip)]
    is_list: bool,
    /// The `feed.limit` that leaves out the posts in `older_than_feed`.
    #[serde(skip)]
    limit: usize,
}

#[derive(Debug, Serialize)]
struct MatchedEntry {
    id: String,
    file: Utf8PathBuf,
    by: MatchedBy,
}

/// An item whose post has another id.
#[derive(Debug, Serialize)]
struct OtherId {
    id: String,
    file: Utf8PathBuf,
    has: String,
    in_file: bool,
}

#[derive(Debug, Serialize)]
struct UnmatchedEntry {
    id: String,
    title: String,
    url: Option<Url>,
    could_be: Vec<Utf8PathBuf>,
}

#[derive(Debug, Serialize)]
struct FeedRedirect {
    from: Url,
    to: String,
    /// The path of `from` on this site, if the old feed was at an address of this site: then feedmill itself can redirect.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl AdoptionReport {
    /// The report on `feeds`, which were read from `origins`. `posts` are those of `site`, with their ids before the import.
    pub(super) fn new(
        origins: &[FeedSource],
        feeds: &[(&OldFeed, &Matching)],
        plan: &AdoptionPlan,
        posts: &[Arc<Post>],
        site: &Site,
    ) -> AdoptionReport {
        let mut ids: HashMap<&Utf8Path, &str> = posts.iter().map(|post| (post.source.as_path(), post.id.as_str())).collect();
        ids.extend(
            plan.adoptions
                .iter()
                .map(|adoption| (adoption.source.as_path(), adoption.id.as_str())),
        );
        let feeds = origins.iter().zip(feeds).zip(&plan.results);
        let feeds =
            feeds.map(|((origin, (feed, matching)), results)| FeedReport::new(origin, feed, matching, results, &ids, site));
        AdoptionReport { feeds: feeds.collect() }
    }

    /// Whether every item has a post with its id.
    pub(super) fn is_complete(&self) -> bool {
        self.feeds
            .iter()
            .all(|feed| feed.is_list || feed.other_id.is_empty() && feed.unmatched.is_empty())
    }

    /// How many items keep their ids, as one sentence.
    pub(super) fn kept(&self) -> String {
        let feeds = || self.feeds.iter().filter(|feed| !feed.is_list);
        let items: usize = feeds().map(|feed| feed.items).sum();
        let lost: usize = feeds().map(|feed| feed.unmatched.len() + feed.other_id.len()).sum();
        let new: usize = feeds().map(|feed| feed.appear_new.len()).sum();
        format!("{} of {items} keep their id; {new} would appear as new", items - lost)
    }

    /// What the author should do.
    pub(super) fn in_words(&self) -> String {
        self.feeds.iter().map(FeedReport::in_words).collect()
    }

    /// One line for each feed.
    pub(super) fn summary(&self) -> String {
        let lines: Vec<String> = self.feeds.iter().map(FeedReport::summary).collect();
        lines.join("\n")
    }
}

impl FeedReport {
    fn new(
        origin: &FeedSource,
        feed: &OldFeed,
        matching: &Matching,
        results: &[MatchResult],
        ids: &HashMap<&Utf8Path, &str>,
        site: &Site,
    ) -> FeedReport {
        let mut matched = Vec::new();
        let mut other_id = Vec::new();
        for (pair, result) in matching.matched.iter().zip(results) {
            let (id, file) = (pair.item.id.clone(), pair.post.source.clone());
            let (has, in_file) = match result {
                MatchResult::Adopted => (None, false),
                MatchResult::InFile(has) => (Some(has), true),
                MatchResult::Before(has) => (Some(has), false),
            };
            if let Some(has) = has.cloned() {
                let (id, file) = (id.clone(), file.clone());
                other_id.push(OtherId { id, file, has, in_file });
            }
            matched.push(MatchedEntry { id, file, by: pair.by });
        }
        let unmatched = matching.unmatched.iter().map(|left| UnmatchedEntry {
            id: left.item.id.clone(),
            title: left.item.title.clone(),
            url: left.item.urls.first().cloned(),
            could_be: left.could_be.iter().map(|post| post.source.clone()).collect(),
        });
        let in_feeds = site
            .index
            .members(&Scope::Site)
            .map(|members| members.in_feeds().clone())
            .unwrap_or_default();
        let limit = site.config().feed.limit;
        let old_ids: HashSet<&str> = feed.items.iter().map(|item| item.id.as_str()).collect();
        let is_new = |post: &&Arc<Post>| ids.get(post.source.as_path()).is_none_or(|id| !old_ids.contains(id));
        let oldest = feed.items.iter().filter_map(OldItem::date).min();
        let source = |post: &Arc<Post>| post.source.clone();
        let (older, new): (Vec<_>, Vec<_>) = in_feeds
            .iter()
            .take(limit)
            .filter(is_new)
            .partition(|post| oldest.is_some_and(|oldest| post.date < oldest));
        // a list says nothing about ids
        let (older, new) = if feed.is_list {
            (Vec::new(), Vec::new())
        } else {
            (older, new)
        };
        FeedReport {
            feed: origin.to_string(),
            title: feed.title.clone(),
            format: if feed.is_list {
                "list of addresses"
            } else {
                format_name(feed.format)
            },
            is_list: feed.is_list,
            items: feed.items.len(),
            matched,
            other_id,
            unmatched: unmatched.collect(),
            limit: limit.min(in_feeds.len()) - older.len(),
            appear_new: new.into_iter().map(source).collect(),
            older_than_feed: older.into_iter().map(source).collect(),
            not_in_feed: in_feeds.iter().filter(is_new).map(source).collect(),
            redirect: redirect(feed, site.config()),
            notes: feed.notes.clone(),
        }
    }

    fn in_words(&self) -> String {
        let mut text = format!("{}: {}", one_line(&self.feed), self.format);
        if !self.title.is_empty() {
            let _ = write!(text, ", \"{}\"", one_line(&self.title));
        }
        text.push('\n');
        for note in &self.notes {
            let _ = writeln!(text, "  {}", one_line(note));
        }
        write_lines(&mut text, &self.unmatched, UnmatchedEntry::in_words);
        write_lines(&mut text, &self.other_id, OtherId::in_words);
        write_lines(&mut text, &self.appear_new, |file| {
            format!("appears new to readers of the old feed: {}", one_line(file.as_str()))
        });
        if !self.older_than_feed.is_empty() {
            let n = counted(self.older_than_feed.len(), "post");
            let is = if self.older_than_feed.len() == 1 { "is" } else { "are" };
            let _ = writeln!(
                text,
                "  {n} in the new feed {is} older than every item of the old one, so their old ids are not known and they may appear new"
            );
            if self.limit > 0 {
                let _ = writeln!(
                    text,
                    "    to keep them out of the feed, write this in feedmill.toml:\n\n    [feed]\n    limit = {}\n",
                    self.limit
                );
            }
        }
        if let Some(redirect) = &self.redirect {
            let _ = writeln!(text, "  {}", redirect.in_words());
        }
        text
    }

    fn summary(&self) -> String {
        let mut by: BTreeMap<MatchedBy, usize> = BTreeMap::new();
        for matched in &self.matched {
            *by.entry(matched.by).or_default() += 1;
        }
        let by: Vec<String> = by.into_iter().map(|(by, n)| format!("{n} by {}", by.in_words())).collect();
        if self.is_list {
            let addresses = if self.items == 1 { "address" } else { "addresses" };
            return format!(
                "{} old {addresses} in the list: {} now lead to a post here, {} have none",
                self.items,
                self.matched.len(),
                self.unmatched.len()
            );
        }
        let by = if by.is_empty() {
            String::new()
        } else {
            format!(" ({})", by.join(", "))
        };
        let unmatched = match self.unmatched.len() {
            0 => String::new(),
            n => format!(", {n} without a post here"),
        };
        let old = format!(
            "{} in the old feed: {} matched{by}{unmatched}",
            counted(self.items, "item"),
            self.matched.len()
        );
        let (certain, possible) = (self.appear_new.len(), self.older_than_feed.len());
        let new = match (certain, possible) {
            (0, 0) => "no post of the new feed appears new to its readers".to_owned(),
            (n, 0) => format!("{} of the new feed {} new to its readers", counted(n, "post"), appear(n)),
            (0, n) => format!("{} of the new feed may appear new to its readers", counted(n, "post")),
            (n, more) => format!(
                "{} of the new feed {} new to its readers, and {more} more may",
                counted(n, "post"),
                appear(n)
            ),
        };
        let others = match self.not_in_feed.len() {
            0 => String::new(),
            1 => "; 1 post here is not in the old feed".to_owned(),
            n => format!("; {n} posts here are not in the old feed"),
        };
        format!("{old}; {new}{others}")
    }
}

fn appear(n: usize) -> &'static str {
    if n == 1 { "appears" } else { "appear" }
}

impl UnmatchedEntry {
    fn in_words(&self) -> String {
        let what = match (&self.url, self.title.as_str()) {
            (Some(url), "") => url.to_string(),
            (Some(url), title) => format!("\"{title}\" ({url})"),
            (None, title) => format!("\"{title}\""),
        };
        let files: Vec<&str> = self.could_be.iter().map(|file| file.as_str()).collect();
        let why = if files.is_empty() {
            "none here has its address or title, or a similar text".to_owned()
        } else {
            format!(
                "it could be {}: write `id: {}` into the right one",
                files.join(" or "),
                yaml_value(&self.id)
            )
        };
        one_line(&format!("no post for {what}: {why}")).into_owned()
    }
}

impl OtherId {
    fn in_words(&self) -> String {
        let OtherId { id, file, has, .. } = self;
        one_line(&if self.in_file {
            format!(
                "another id: the file {file} has the id `{has}`, and readers of this feed know the post as `{id}`; remove the id from the file, or write \
                 `id: {}`",
                yaml_value(id)
            )
        } else {
            format!(
                "another id: {file} already took the id `{has}` from another feed, and readers of this feed know the post as `{id}`: to them it \
                 appears new"
            )
        })
        .into_owned()
    }
}

impl FeedRedirect {
    fn in_words(&self) -> String {
        let FeedRedirect { from, to, path } = self;
        let quoted = |text: &str| toml::Value::from(text).to_string();
        match path {
            Some(path) => format!(
                "subscribers of the old feed do not find the new one yet; write this in feedmill.toml:\n\n    [[redirect]]\n    from = \
                 {}\n    to = {}\n",
                quoted(path),
                quoted(to)
            ),
            None => one_line(&format!(
                "subscribers of the old feed do not find the new one yet; at its old server, redirect {from} to {to} permanently (301)"
            ))
            .into_owned(),
        }
    }
}

/// `id` as a value in front matter.
fn yaml_value(id: &str) -> String {
    let is_plain = id.starts_with(char::is_alphabetic) && !id.contains(": ") && !id.contains(" #") && !id.ends_with(':');
    if is_plain {
        id.to_owned()
    } else {
        format!("'{}'", id.replace('\'', "''"))
    }
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Rss => "RSS",
        Format::Atom => "Atom",
        Format::Json => "JSON Feed",
    }
}

/// The redirect from `feed` to the new feed; `None` if there is one already, or an address is not known.
fn redirect(feed: &OldFeed, config: &Config) -> Option<FeedRedirect> {
    let from = feed.address.clone()?;
    let base = config.site.base_url.as_ref()?;
    let new_path = feed_path("", Place::Newest, feed.format);
    let to = format!("{}{new_path}", config.base());
    let folder = base.path().trim_end_matches('/');
    let path = from.path().strip_prefix(folder).filter(|_| from.origin() == base.origin());
    match path {
        _ if from.as_str() == to => None,
        // these addresses already lead to a feed
        Some(path) if is_answered(path, config) => None,
        Some(path) => Some(FeedRedirect {
            path: Some(path.to_owned()),
            to: new_path,
            from,
        }),
        None => Some(FeedRedirect { from, to, path: None }),
    }
}

/// Whether `path` on this site leads to a feed, directly or by a redirect.
fn is_answered(path: &str, config: &Config) -> bool {
    let is_feed = |target| match target {
        Target::Feed(..) | Target::Subscription(_) => true,
        Target::Moved(path) => matches!(Target::parse(&path), Some(Target::Feed(..) | Target::Subscription(_))),
        _ => false,
    };
    config.redirect.next(path, &config.base()).is_some() || Target::parse(path).is_some_and(is_feed)
}

/// Writes a line for each of `all`, up to [`NAMED`].
fn write_lines<T>(text: &mut String, all: &[T], line: impl Fn(&T) -> String) {
    for one in all.iter().take(NAMED) {
        let _ = writeln!(text, "  {}", line(one));
    }
    if all.len() > NAMED {
        let _ = writeln!(text, "  … and {} more: --json names them all", all.len() - NAMED);
    }
}
