//! The posts and the metadata of a feed document.
//!
//! History is cut from the oldest post on (RFC 5005, section 4): archive 1 contains the oldest `feed.limit` posts. An archive
//! exists only when it is full, so a new post changes none of them.

use std::sync::Arc;

use super::super::{CleanItem, FeedPage, Place, Withdrawn, xml_safe};
use crate::config::{Config, FeedContent};
use crate::index::{Members, Scope};
use crate::post::Post;
use crate::shared_vec::SharedVec;
use crate::time::{Moment, Timestamp};

/// When a feed without posts last changed: the first instant of the year 2000, which no reader rejects.
pub const EMPTY_SINCE: Timestamp = Timestamp::constant(946_684_800, 0);

/// The path of the built-in icon, for feeds of sites without an icon.
const ICON_PATH: &str = "/icon.png";

/// The number of full archive documents for this many posts; 0 if the subscription document contains all of them.
#[must_use]
pub fn archives(posts: usize, limit: usize) -> usize {
    if posts > limit { posts / limit.max(1) } else { 0 }
}

/// The posts of the document at `place`, newest first; `None` if there is no such document.
#[must_use]
pub fn posts_at(posts: &SharedVec<Arc<Post>>, place: Place, limit: usize) -> Option<Vec<Arc<Post>>> {
    let first = match place {
        Place::Newest => 0,
        Place::Archive(k) if (1..=archives(posts.len(), limit)).contains(&k) => posts.len() - k * limit,
        Place::Archive(_) => return None,
    };
    Some(posts.iter_from(first).take(limit).cloned().collect())
}

/// The facts about a feed document that its posts do not contain.
#[derive(Clone, Copy, Debug)]
pub struct FeedState<'a> {
    /// The instant that the document is made for.
    pub now: Timestamp,
    /// The latest change that the document ever contained.
    pub updated: Option<Timestamp>,
    /// The withdrawn posts of the scope, the latest last.
    pub withdrawn: &'a [Withdrawn],
}

/// The latest change among `items`, withdrawn posts and earlier versions: it never goes back. A change dated in the future does
/// not count yet. Otherwise one typing error would stay in the feed for ever.
fn updated(items: &[CleanItem], known: &FeedState) -> Option<Moment> {
    let is_past = |moment: &Moment| moment.timestamp() <= known.now;
    let changed = items.iter().map(|item| item.modified);
    let last = changed
        .clone()
        .filter(is_past)
        .max()
        .or_else(|| items.iter().map(|item| item.published).max());
    let withdrawn = known.withdrawn.last().map(|withdrawn| Moment::utc(withdrawn.at));
    // of equal instants the last one is used, which is written as in its post, so that a restart gives the same bytes
    [known.updated.map(Moment::utc), withdrawn, last].into_iter().flatten().max()
}

/// The document of `scope` at `place`. `whole` returns the item of a post with its text, if the text can be read; `short` the item
/// without.
#[must_use]
pub fn feed_page(
    scope: &Scope,
    members: &Members,
    place: Place,
    config: &Config,
    known: FeedState<'_>,
    mut whole: impl FnMut(&Arc<Post>) -> Option<CleanItem>,
    mut short: impl FnMut(&Arc<Post>) -> CleanItem,
) -> Option<FeedPage> {
    let limit = config.feed.limit;
    let posts = posts_at(members.in_feeds(), place, limit)?;
    let mut left = config.feed.max_bytes;
    let mut afforded = |post: &Arc<Post>| {
        let item = if config.feed.content == FeedContent::Full {
            whole(post)?
        } else {
            return None;
        };
        left = left.checked_sub(item.content.as_ref().map_or(0, |content| content.len()))?;
        Some(item)
    };
    let items = posts.iter().map(|post| afforded(post).unwrap_or_else(|| short(post)));
    let items: Vec<CleanItem> = items.collect();
    let site = &config.site;
    let title = if members.name.is_empty() {
        site.title.clone()
    } else {
        format!("{}: {}", site.title, members.name)
    };
    // an empty feed has a fixed time, so that its bytes are the same at every start
    let empty = Moment::utc(EMPTY_SINCE);
    Some(FeedPage {
        scope_path: scope.path(),
        place,
        archives: archives(members.in_feeds().len(), limit),
        base: config.base(),
        title: xml_safe(&title).into_owned(),
        description: xml_safe(&site.description).into_owned(),
        language: xml_safe(&site.language).into_owned(),
        author: site.author.clone(),
        copyright: site.copyright.clone(),
        icon: Some(
            site.icon
                .as_ref()
                .map_or_else(|| format!("{}{ICON_PATH}", config.base()), ToString::to_string),
        ),
        image: site.image.as_ref().map(ToString::to_string),
        hubs: if place == Place::Newest { config.hubs() } else { Vec::new() },
        ttl: (config.cache.feeds > 0).then(|| config.cache.feeds.div_ceil(60)),
        updated: updated(&items, &known).unwrap_or(empty),
        withdrawn: if place == Place::Newest {
            known.withdrawn.to_vec()
        } else {
            Vec::new()
        },
        identity: config.identity(),
        items,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::reference::References;
    use crate::render::item;

    #[test]
    fn the_date_of_an_unchanged_feed_is_that_of_its_post() {
        let changed = Moment::new("2026-01-02T04:04:05Z".parse().unwrap(), jiff::tz::offset(-4)).unwrap();
        let post = Post {
            updated: Some(changed),
            ..super::super::item::tests::post()
        };
        let references = References::new("http://localhost", "http://localhost", &post.source);
        let items = [item(&post, &Config::default(), &references, None)];
        let now = "2026-02-01T00:00:00Z".parse().unwrap();
        for told_before in [None, Some(changed.timestamp())] {
            let known = FeedState {
                now,
                updated: told_before,
                withdrawn: &[],
            };
            assert_eq!(updated(&items, &known).unwrap().rfc3339(), "2026-01-02T00:04:05-04:00");
        }
    }

    #[test]
    fn archives_are_full_and_cut_from_the_oldest() {
        let cases = [(0, 0), (1, 0), (20, 0), (21, 1), (39, 1), (40, 2), (41, 2), (60, 3)];
        for (posts, expected) in cases {
            assert_eq!(archives(posts, 20), expected, "{posts} posts");
        }
    }
}
