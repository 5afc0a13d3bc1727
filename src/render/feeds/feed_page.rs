//! Which posts a feed document holds, and what it says of itself.
//!
//! History is cut from the oldest post on (RFC 5005, section 4): archive 1 holds the oldest `feed.limit` posts, and an archive is
//! there only once it is full, so that a new post changes none of them.

use std::sync::Arc;

use super::super::{CleanItem, FeedPage, Place, Withdrawn, xml_safe};
use super::item::item;
use crate::config::{Config, FeedContent};
use crate::index::{Members, Scope};
use crate::post::Post;
use crate::shared_vec::SharedVec;
use crate::time::{Moment, Timestamp};

/// When a feed without posts last changed: the first instant of the year 2000, which no reader finds odd.
pub const EMPTY_SINCE: Timestamp = Timestamp::constant(946_684_800, 0);

/// Where the built-in icon is served, which feeds name where the site has none of its own.
const ICON_PATH: &str = "/icon.png";

/// How many full archive documents `posts` posts make; none while the subscription document holds them all.
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

/// What of a feed document its posts do not say.
#[derive(Clone, Copy, Debug)]
pub struct FeedState<'a> {
    /// The instant it is made for.
    pub now: Timestamp,
    /// The latest change that the document ever told of.
    pub updated: Option<Timestamp>,
    /// The posts of the scope that went, the latest last.
    pub withdrawn: &'a [Withdrawn],
}

/// The latest of what changed in `items`, of what went, and of what was told before: it never goes back. A change dated ahead of time
/// is none yet, or a slip of the pen would be the feed's for ever.
fn updated(items: &[CleanItem], known: &FeedState) -> Option<Moment> {
    let is_over = |moment: &Moment| moment.timestamp() <= known.now;
    let changed = items.iter().map(|item| item.modified);
    let last = changed
        .clone()
        .filter(is_over)
        .max()
        .or_else(|| items.iter().map(|item| item.published).max());
    let went = known.withdrawn.last().map(|withdrawn| Moment::utc(withdrawn.at));
    // of the same instant the last is taken, which is written as the post has it: so are the same bytes after a restart
    [known.updated.map(Moment::utc), went, last].into_iter().flatten().max()
}

/// The document of `scope` at `place`. `whole` gives the item of a post with its text, if that can be had.
#[must_use]
pub fn feed_page(
    scope: &Scope,
    members: &Members,
    place: Place,
    config: &Config,
    known: FeedState<'_>,
    mut whole: impl FnMut(&Arc<Post>) -> Option<CleanItem>,
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
    let items = posts
        .iter()
        .map(|post| afforded(post).unwrap_or_else(|| item(post, config, None)));
    let items: Vec<CleanItem> = items.collect();
    let site = &config.site;
    let title = if members.name.is_empty() {
        site.title.clone()
    } else {
        format!("{}: {}", site.title, members.name)
    };
    // an empty feed has a fixed time, for it must be the same bytes at every start
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

    #[test]
    fn a_feed_that_did_not_change_says_when_it_did_as_its_post_does() {
        let changed = Moment::new("2026-01-02T04:04:05Z".parse().unwrap(), jiff::tz::offset(-4)).unwrap();
        let post = Post {
            updated: Some(changed),
            ..super::super::item::tests::post()
        };
        let items = [item(&post, &Config::default(), None)];
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
