//! Full-text search over titles, tags, summaries and texts, best posts first.
//!
//! An inverted index in memory, made of immutable segments. It is built after the start, for a site with much text at the
//! first search. After that a change costs about the changed posts: sites share segments, a post is recognised by its identity,
//! and only posts that no segment contains are read, into a new small segment. Small segments are merged from time to time, so
//! that their number stays near the number of binary digits of the number of posts.
//!
//! The ranking is Okapi BM25 over words weighted by where they are. A post matches if it contains every word of the query. The
//! last word may be the beginning of one, and words in quotation marks have to be adjacent.
//!
//! Why not `SQLite` FTS5 or tantivy: both store a second copy of the posts, which has to stay consistent over crashes and
//! upgrades, and add a C build or a hundred crates, in place of a few hundred lines. Measured with 100,000 posts, 542 MB of
//! text, on two busy cores: the index takes 150 MB besides the 750 MB of the posts themselves, and 9 s to build, once, on one
//! thread. A search takes 3 to 13 ms, with a phrase of the commonest words 31 ms; the first one after a change 8 to 20 ms more.
//! A site without searches has no index.

mod segment;
mod tokens;

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use self::segment::{Segment, fields};
use self::tokens::{Purpose, is_unspaced, tokens};
use crate::post::{Post, Texts};
use crate::shared_vec::SharedVec;

/// The most posts that a search returns: the best.
pub const MOST_FOUND: usize = 1000;
/// The most characters of a query.
pub const LONGEST_QUERY: usize = 200;
/// The most words of a query.
pub const MOST_WORDS: usize = 8;
/// The most posts whose text is read to see whether words are adjacent: the best.
const MOST_READ: usize = 2000;
/// How long a search waits for another one that is building the index.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// BM25: how soon more of the same word adds nothing, and how much the length of a post matters.
const SATURATION: f32 = 1.2;
const LENGTH_MATTERS: f32 = 0.5;

/// A parsed search query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SearchQuery {
    terms: Vec<SearchTerm>,
    /// Terms that have to be adjacent.
    phrases: Vec<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SearchTerm {
    text: String,
    /// Whether the term may be the beginning of a word.
    prefix: bool,
}

impl SearchQuery {
    /// Parses `query`.
    ///
    /// # Errors
    ///
    /// The query is too long, or has too many words or none. The error is a message for the client.
    pub fn parse(query: &str) -> Result<SearchQuery, String> {
        if query.chars().count() > LONGEST_QUERY {
            return Err(format!("`q` has at most {LONGEST_QUERY} characters"));
        }
        if query.replace(is_quote, " ").split_whitespace().count() > MOST_WORDS {
            return Err(format!("`q` has at most {MOST_WORDS} words"));
        }
        let mut parsed = SearchQuery {
            terms: Vec::new(),
            phrases: Vec::new(),
        };
        for (part, is_quoted) in query.split(is_quote).zip([false, true].into_iter().cycle()) {
            let mut phrase = Vec::new();
            tokens(part, Purpose::Query, |token| phrase.push(token.to_owned()));
            parsed.terms.extend(phrase.iter().map(|text| SearchTerm {
                prefix: !is_quoted && is_single(text),
                text: text.clone(),
            }));
            if is_quoted && phrase.len() > 1 {
                parsed.phrases.push(phrase);
            }
        }
        if !query.ends_with(is_quote)
            && let Some(last) = parsed.terms.last_mut()
        {
            // one letter begins too many words to be useful
            last.prefix |= last.text.chars().count() > 1;
        }
        let mut seen = Vec::new();
        parsed.terms.retain(|term| {
            let is_new = !seen.contains(&term.text);
            seen.push(term.text.clone());
            is_new
        });
        if parsed.terms.is_empty() {
            return Err("`q` needs a word to look for".to_owned());
        }
        Ok(parsed)
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

/// Whether `text` is one character of a script without spaces, which matches any word that it begins.
fn is_single(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_unspaced) && chars.next().is_none()
}

/// Another search is building the index; the caller may try again in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// The search of one site; it shares its segments with the sites before and after it.
#[derive(Debug, Default)]
pub struct SiteSearch {
    shared: Arc<SharedSegments>,
    view: OnceLock<SiteSegments>,
}

/// The segments built so far.
#[derive(Debug)]
struct SharedSegments {
    /// `None` while a search is working on them.
    segments: Mutex<Option<Vec<Arc<Segment>>>>,
    returned: Condvar,
}

/// The segments that one site's posts need.
#[derive(Debug, Default)]
struct SiteSegments {
    segments: Vec<Arc<Segment>>,
    /// For each post of each segment in turn: its position in the site's order, if it is on the site.
    positions: Vec<Option<u32>>,
}

impl Default for SharedSegments {
    fn default() -> SharedSegments {
        SharedSegments {
            segments: Mutex::new(Some(Vec::new())),
            returned: Condvar::new(),
        }
    }
}

impl SiteSearch {
    /// The search of the site after the one of `previous`.
    #[must_use]
    pub fn following(previous: &SiteSearch) -> SiteSearch {
        SiteSearch {
            shared: Arc::clone(&previous.shared),
            view: OnceLock::new(),
        }
    }

    /// The posts among `posts` that match `query` and for which `is_wanted` is true, best first; equally good posts in the order
    /// of `posts`. `posts` are all posts of the site, the same at every call. Their texts come from `texts`, which may read them
    /// from a disk.
    ///
    /// # Errors
    ///
    /// [`Busy`], after at most half a second of waiting.
    pub fn find(
        &self,
        posts: &SharedVec<Arc<Post>>,
        texts: &dyn Texts,
        query: &SearchQuery,
        is_wanted: impl Fn(&Post) -> bool,
    ) -> Result<Vec<Arc<Post>>, Busy> {
        let mut found: Vec<(f32, &Arc<Post>)> = self.view(posts, texts)?.ranked(posts, query);
        found.retain(|(_, post)| is_wanted(post));
        let found = found.into_iter().map(|(_, post)| post);
        Ok(if query.phrases.is_empty() {
            found.take(MOST_FOUND).cloned().collect()
        } else {
            let has_phrases = |post: &&Arc<Post>| {
                let text = texts.text(post);
                query.phrases.iter().all(|phrase| has_phrase(post, text.as_deref(), phrase))
            };
            found.take(MOST_READ).filter(has_phrases).take(MOST_FOUND).cloned().collect()
        })
    }

    /// Builds the index of `posts`, unless it exists already.
    ///
    /// # Errors
    ///
    /// [`Busy`]: another search is building it.
    pub fn prepare(&self, posts: &SharedVec<Arc<Post>>, texts: &dyn Texts) -> Result<(), Busy> {
        self.view(posts, texts).map(|_| ())
    }

    fn view(&self, posts: &SharedVec<Arc<Post>>, texts: &dyn Texts) -> Result<&SiteSegments, Busy> {
        if let Some(view) = self.view.get() {
            return Ok(view);
        }
        let mut borrowed = self.shared.borrow()?;
        // the search that had them before may have built the same view
        Ok(self.view.get_or_init(|| {
            let view = SiteSegments::new(&borrowed.segments, posts, texts);
            borrowed.segments.clone_from(&view.segments);
            view
        }))
    }
}

/// The shared segments, borrowed by one search. Dropping it returns them, also in a panic.
struct BorrowedSegments<'a> {
    segments: Vec<Arc<Segment>>,
    shared: &'a SharedSegments,
}

impl SharedSegments {
    fn borrow(&self) -> Result<BorrowedSegments<'_>, Busy> {
        let (mut segments, _) = self
            .returned
            .wait_timeout_while(self.lock(), LONGEST_WAIT, |segments| segments.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        Ok(BorrowedSegments {
            segments: segments.take().ok_or(Busy)?,
            shared: self,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Arc<Segment>>>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for BorrowedSegments<'_> {
    fn drop(&mut self) {
        *self.shared.lock() = Some(std::mem::take(&mut self.segments));
        self.shared.returned.notify_all();
    }
}

/// An existing segment, and its posts that the site still has.
struct ExistingSegment<'a> {
    segment: &'a Arc<Segment>,
    positions: Vec<Option<u32>>,
    live: usize,
}

impl SiteSegments {
    /// Builds the view of `posts` from those segments of `existing` that are still useful, and a new segment for all other
    /// posts.
    fn new(existing: &[Arc<Segment>], posts: &SharedVec<Arc<Post>>, texts: &dyn Texts) -> SiteSegments {
        let mut unread: HashMap<*const Post, u32> = posts.iter().map(Arc::as_ptr).zip(0..).collect();
        let mut segments: Vec<ExistingSegment> = existing
            .iter()
            .map(|segment| {
                let positions: Vec<_> = segment.posts.iter().map(|post| unread.remove(&post.as_ptr())).collect();
                let live = positions.iter().flatten().count();
                ExistingSegment {
                    segment,
                    positions,
                    live,
                }
            })
            .collect();
        segments.sort_by_key(|existing| std::cmp::Reverse(existing.live));
        let mut new: Vec<u32> = unread.into_values().collect();
        // small segments become part of a new one that is not much smaller
        while let Some(small) =
            segments.pop_if(|existing| existing.live == 0 || !new.is_empty() && existing.live <= 2 * new.len())
        {
            new.extend(small.positions.into_iter().flatten());
        }
        // and so do segments with less than half of their posts on the site
        segments.retain(|existing| {
            let is_good = existing.live * 2 >= existing.positions.len();
            if !is_good {
                new.extend(existing.positions.iter().flatten());
            }
            is_good
        });
        let mut view = SiteSegments::default();
        for ExistingSegment { segment, positions, .. } in segments {
            view.segments.push(Arc::clone(segment));
            view.positions.extend(positions);
        }
        if !new.is_empty() {
            new.sort_unstable();
            let read = new.iter().filter_map(|&position| posts.get(usize::try_from(position).ok()?));
            view.segments.push(Arc::new(Segment::build(read, texts)));
            view.positions.extend(new.into_iter().map(Some));
        }
        view
    }

    /// The posts that contain every term of `query`, best first.
    fn ranked<'p>(&self, posts: &'p SharedVec<Arc<Post>>, query: &SearchQuery) -> Vec<(f32, &'p Arc<Post>)> {
        let lengths: Vec<u32> = self
            .segments
            .iter()
            .flat_map(|segment| segment.lengths.iter().copied())
            .collect();
        let live = self.positions.iter().flatten().count();
        let total = lengths.iter().zip(&self.positions).filter(|(_, position)| position.is_some());
        let mean = real(total.map(|(&length, _)| length as usize).sum::<usize>()) / real(live.max(1));
        let mut scores: Vec<f32> = self
            .positions
            .iter()
            .map(|position| if position.is_some() { 0.0 } else { f32::NAN })
            .collect();
        for term in &query.terms {
            let mut weights = vec![0_u32; self.positions.len()];
            let mut base = 0;
            for segment in &self.segments {
                segment.find(&term.text, term.prefix, |post, weight| {
                    if let Some(sum) = weights.get_mut(base + post) {
                        *sum = sum.saturating_add(weight);
                    }
                });
                base += segment.posts.len();
            }
            let having = weights
                .iter()
                .zip(&self.positions)
                .filter(|(weight, position)| **weight > 0 && position.is_some());
            let having = real(having.count());
            let rarity = (1.0 + (real(live) - having + 0.5) / (having + 0.5)).ln();
            for ((score, weight), &length) in scores.iter_mut().zip(weights).zip(&lengths) {
                if weight == 0 {
                    // the post lacks this term
                    *score = f32::NAN;
                    continue;
                }
                // a whole word counts twice, see `Segment::find`
                let weight = real(weight as usize) / 2.0;
                let long = 1.0 - LENGTH_MATTERS + LENGTH_MATTERS * real(length as usize) / mean.max(1.0);
                *score += rarity * weight * (SATURATION + 1.0) / (weight + SATURATION * long);
            }
        }
        let mut found: Vec<(f32, u32)> = scores
            .into_iter()
            .zip(&self.positions)
            .filter_map(|(score, &position)| Some((score, position?)))
            .filter(|(score, _)| !score.is_nan())
            .collect();
        found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let post = |(score, position): (f32, u32)| Some((score, posts.get(usize::try_from(position).ok()?)?));
        found.into_iter().filter_map(post).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rank needs no more digits")]
fn real(count: usize) -> f32 {
    count as f32
}

/// Whether the terms of `phrase` are adjacent anywhere in `post`. `text` is the post's text, if it could be read.
fn has_phrase(post: &Post, text: Option<&str>, phrase: &[String]) -> bool {
    let mut has = false;
    fields(post, text, |text, _| {
        // the number of matched terms of the phrase, for each position where it may have begun
        let mut matched: Vec<usize> = Vec::new();
        if !has {
            tokens(text, Purpose::Index, |token| {
                matched.push(0);
                matched.retain_mut(|count| {
                    let continues = phrase.get(*count).is_some_and(|term| term == token);
                    *count += 1;
                    has |= continues && *count == phrase.len();
                    continues && *count < phrase.len()
                });
            });
        }
    });
    has
}

#[cfg(test)]
mod tests;
