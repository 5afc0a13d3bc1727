//! Related posts: those that share tags with a post.
//!
//! A rare tag says more than a common one, so a tag counts by its rarity (inverse document frequency, in whole numbers, so that
//! every replica gets the same order). The number of posts examined is bounded whatever the site's size: of each tag those
//! nearest in date.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Index, Scope};
use crate::post::{Post, key};
use crate::shared_vec::SharedVec;

/// The most tags of a post that are examined, the rarest first.
const MOST_TAGS: usize = 10;

/// The most posts of a tag that are examined on either side of the post in time.
const NEIGHBOURS: usize = 32;

impl Index {
    /// The `count` public posts that share the most and the rarest tags with `post`; among equals those nearest to it in date.
    ///
    /// Does not contain `post` itself, or posts that share no tag. `post` need not be public.
    #[must_use]
    pub fn related(&self, post: &Post, count: usize) -> Vec<Arc<Post>> {
        let mut tags: Vec<(String, &SharedVec<Arc<Post>>)> = post
            .tags
            .iter()
            .filter_map(|tag| {
                let key = key(tag);
                let members = self.members(&Scope::Tag(key.clone()))?;
                Some((key, &members.posts))
            })
            .collect();
        tags.sort_by(|(key, posts), (other_key, others)| posts.len().cmp(&others.len()).then_with(|| key.cmp(other_key)));
        tags.truncate(MOST_TAGS);

        let total = self.posts().len();
        let weights: HashMap<&str, u32> = tags
            .iter()
            .map(|(key, posts)| (key.as_str(), weight(posts.len(), total)))
            .collect();
        let mut candidates: Vec<&Arc<Post>> = tags.iter().flat_map(|(_, posts)| around(posts, post)).collect();
        candidates.sort_by(|a, b| a.id.cmp(&b.id));
        candidates.dedup_by(|a, b| a.id == b.id);

        let shared = |other: &Post| -> u32 { other.tags.iter().filter_map(|tag| weights.get(key(tag).as_str())).sum() };
        let distance = |other: &Post| other.date.timestamp().as_second().abs_diff(post.date.timestamp().as_second());
        let mut ranked: Vec<_> = candidates
            .into_iter()
            .filter(|other| other.id != post.id)
            .map(|other| (Reverse(shared(other)), distance(other), other))
            .collect();
        ranked.sort_by(|(shared, distance, post), (other_shared, other_distance, other)| {
            (shared, distance, &post.id).cmp(&(other_shared, other_distance, &other.id))
        });
        ranked.into_iter().take(count).map(|(_, _, post)| Arc::clone(post)).collect()
    }
}

/// The weight of a tag that `having` of `total` posts have: 16 for a tag that all have, and 16 more for each halving.
fn weight(having: usize, total: usize) -> u32 {
    let rarity = (total.max(having) / having.max(1)).max(1);
    let whole = rarity.ilog2();
    // between two powers of two, in sixteenths
    let part = ((rarity - (1 << whole)) * 16) >> whole;
    16 + 16 * whole + u32::try_from(part).unwrap_or(0)
}

/// The posts nearest to `post` in `posts`, which are ordered newest first.
fn around<'a>(posts: &'a SharedVec<Arc<Post>>, post: &Post) -> impl Iterator<Item = &'a Arc<Post>> {
    let place = posts.partition_point(|other| other.date > post.date);
    let start = place.saturating_sub(NEIGHBOURS);
    posts.iter_from(start).take(place - start + NEIGHBOURS + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::config::Config;
    use crate::post;
    use crate::source_file::SourceFile;
    use crate::time::Timestamp;

    fn index(files: &[(String, String)]) -> Index {
        let read = |(path, front_matter): &(String, String)| {
            let file = SourceFile {
                path: path.into(),
                bytes: format!("---\n{front_matter}\n---\n").into_bytes().into(),
                modified: Timestamp::UNIX_EPOCH,
            };
            Arc::new(post::read(&file, &Config::default()).unwrap().post)
        };
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        Index::build(
            files.iter().map(read).collect(),
            &HashSet::new(),
            &Config::default(),
            now,
            &SharedVec::default(),
        )
    }

    fn related(index: &Index, slug: &str, count: usize) -> Vec<String> {
        let post = index.by_slug(slug).unwrap();
        let found = index.related(post, count);
        found.iter().map(|post| post.slug.to_string()).collect()
    }

    #[test]
    fn by_shared_tags_the_rarest_first_then_by_date() {
        let files = [
            ("one", "date: 2026-01-10\ntags: [sea, kelp]"),
            ("both", "date: 2025-01-01\ntags: [Kelp, SEA]"),
            ("rare", "date: 2024-01-01\ntags: [kelp]"),
            ("near", "date: 2026-01-12\ntags: [sea]"),
            ("far", "date: 2026-02-20\ntags: [sea]"),
            ("nearer", "date: 2026-01-09\ntags: [sea]"),
            ("other", "date: 2026-01-10\ntags: [hill]"),
            ("draft", "date: 2026-01-10\ntags: [sea, kelp]\ndraft: true"),
            ("later", "date: 2026-07-10\ntags: [sea, kelp]"),
            ("untagged", "date: 2026-01-10"),
        ]
        .map(|(name, text)| (format!("{name}.md"), text.to_owned()));
        let index = index(&files);
        let expected = ["both", "rare", "nearer", "near", "far"];
        assert_eq!(related(&index, "one", 9), expected);
        assert_eq!(related(&index, "one", 2), expected[..2]);
        assert!(related(&index, "untagged", 9).is_empty() && related(&index, "one", 0).is_empty());
    }

    #[test]
    fn for_a_tag_of_all_posts_only_the_nearest_are_examined() {
        let mut files: Vec<(String, String)> = (0..400)
            .map(|i| {
                let date = format!("2025-01-01T{:02}:{:02}:00Z", i / 60, i % 60);
                (format!("n{i:03}.md"), format!("date: {date}\ntags: [sea]"))
            })
            .collect();
        files.reverse();
        let index = index(&files);
        let found = related(&index, "n200", 1000);
        assert_eq!(found.len(), 2 * NEIGHBOURS);
        assert_eq!(found[..4], ["n199", "n201", "n198", "n202"]);
        assert_eq!(related(&index, "n000", 2), ["n001", "n002"]);
        assert_eq!(related(&index, "n399", 2), ["n398", "n397"]);
    }

    #[test]
    fn weights_grow_with_rarity() {
        let weights: Vec<u32> = [1000, 500, 300, 100, 10, 1].map(|having| weight(having, 1000)).into();
        assert!(weights.is_sorted() && weights[0] == 16 && weights[1] == 32, "{weights:?}");
        assert_eq!(weight(0, 0), 16);
    }
}
