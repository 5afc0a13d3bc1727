//! Full-text search: over titles, tags, summaries and texts, the best posts first.
//!
//! An inverted index in memory, made of [`segment`]s that never change. It is made after the start, for a site with much text at the
//! first search; after that a post that changed costs
//! about that post: sites share segments, a post is known by its identity, and only posts that no segment has are read, into
//! a new and small one. Small segments are made into larger ones now and then, so that there are only about as many as the number of
//! posts has binary digits.
//!
//! Ranked by Okapi BM25 over words weighted by where they stand. A post is found if it has every word of the query; the last word may
//! be the beginning of one, and words in quotation marks stand next to each other.
//!
//! Why not `SQLite` FTS5 or tantivy: both keep a second copy of the truth, which has to be kept right over crashes and upgrades, and
//! add a C build or a hundred crates, for what a few hundred lines do. Measured with 100,000 posts, 542 MB of text, on two busy cores:
//! the index takes 150 MB beside the 750 MB of the posts themselves, and 9 s to make, once, on one thread; a search takes 3 to 13 ms,
//! with a phrase of the commonest words 31 ms; the first one after a change 8 to 20 ms more. Sites that nobody searches pay nothing.

mod segment;
mod tokens;

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use self::segment::{Segment, fields};
use self::tokens::{Purpose, is_unspaced, tokens};
use crate::post::{Post, Texts};
use crate::shared_vec::SharedVec;

/// How many posts a search finds at the most: the best.
pub const MOST_FOUND: usize = 1000;
/// How many characters a query has at the most.
pub const LONGEST_QUERY: usize = 200;
/// How many words a query has at the most.
pub const MOST_WORDS: usize = 8;
/// How many posts are read to see whether words stand next to each other in them: the best.
const MOST_READ: usize = 2000;
/// How long a search waits for another that is making the index.
const PATIENCE: Duration = Duration::from_millis(500);
/// BM25: how soon more of the same word says nothing more, and how much the length of a post matters.
const SATURATION: f32 = 1.2;
const LENGTH_MATTERS: f32 = 0.5;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Words {
    terms: Vec<Term>,
    /// Terms that stand next to each other.
    phrases: Vec<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Term {
    text: String,
    /// Whether it may be the beginning of a word.
    prefix: bool,
}

impl Words {
    /// Reads `query`.
    ///
    /// # Errors
    ///
    /// It is too long, or has too many words or none; in words for who asked.
    pub fn read(query: &str) -> Result<Words, String> {
        if query.chars().count() > LONGEST_QUERY {
            return Err(format!("`q` has at most {LONGEST_QUERY} characters"));
        }
        if query.replace(is_quote, " ").split_whitespace().count() > MOST_WORDS {
            return Err(format!("`q` has at most {MOST_WORDS} words"));
        }
        let mut words = Words {
            terms: Vec::new(),
            phrases: Vec::new(),
        };
        for (part, is_quoted) in query.split(is_quote).zip([false, true].into_iter().cycle()) {
            let mut phrase = Vec::new();
            tokens(part, Purpose::Query, |token| phrase.push(token.to_owned()));
            words.terms.extend(phrase.iter().map(|text| Term {
                prefix: !is_quoted && is_single(text),
                text: text.clone(),
            }));
            if is_quoted && phrase.len() > 1 {
                words.phrases.push(phrase);
            }
        }
        if !query.ends_with(is_quote)
            && let Some(last) = words.terms.last_mut()
        {
            // one letter begins too many words to say anything
            last.prefix |= last.text.chars().count() > 1;
        }
        let mut seen = Vec::new();
        words.terms.retain(|term| {
            let is_new = !seen.contains(&term.text);
            seen.push(term.text.clone());
            is_new
        });
        if words.terms.is_empty() {
            return Err("`q` needs a word to look for".to_owned());
        }
        Ok(words)
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

/// Whether `text` is one character of a script without spaces, which stands for any word that it begins.
fn is_single(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_unspaced) && chars.next().is_none()
}

/// Another search is making the index: ask again in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// The search of one site, and what it shares with those of the sites before and after.
#[derive(Debug, Default)]
pub struct Search {
    shared: Arc<Shared>,
    view: OnceLock<View>,
}

/// The segments that were made so far.
#[derive(Debug)]
struct Shared {
    /// `None` while a search is at work on them.
    segments: Mutex<Option<Vec<Arc<Segment>>>>,
    given_back: Condvar,
}

/// The segments as one site's posts need them.
#[derive(Debug, Default)]
struct View {
    segments: Vec<Arc<Segment>>,
    /// For each post of each segment in turn: where it stands in the site's order, if it does.
    places: Vec<Option<u32>>,
}

impl Default for Shared {
    fn default() -> Shared {
        Shared {
            segments: Mutex::new(Some(Vec::new())),
            given_back: Condvar::new(),
        }
    }
}

impl Search {
    /// The search of the site after the one of `previous`.
    #[must_use]
    pub fn following(previous: &Search) -> Search {
        Search {
            shared: Arc::clone(&previous.shared),
            view: OnceLock::new(),
        }
    }

    /// The posts among `posts` that have `words` and that `wanted` lets pass, the best first; posts that are equally good in the
    /// order of `posts`. These are the same posts at every call: all that the site shows. `texts` has their texts, and may read them
    /// from a disk.
    ///
    /// # Errors
    ///
    /// [`Busy`]; nothing is waited for longer than half a second.
    pub fn find(
        &self,
        posts: &SharedVec<Arc<Post>>,
        texts: &dyn Texts,
        words: &Words,
        wanted: impl Fn(&Post) -> bool,
    ) -> Result<Vec<Arc<Post>>, Busy> {
        let mut found: Vec<(f32, &Arc<Post>)> = self.view(posts, texts)?.ranked(posts, words);
        found.retain(|(_, post)| wanted(post));
        let found = found.into_iter().map(|(_, post)| post);
        Ok(if words.phrases.is_empty() {
            found.take(MOST_FOUND).cloned().collect()
        } else {
            let has_phrases = |post: &&Arc<Post>| {
                let text = texts.text(post);
                words.phrases.iter().all(|phrase| has_phrase(post, text.as_deref(), phrase))
            };
            found.take(MOST_READ).filter(has_phrases).take(MOST_FOUND).cloned().collect()
        })
    }

    /// Makes the index of `posts`, unless it is made already.
    ///
    /// # Errors
    ///
    /// [`Busy`]: a search is making it.
    pub fn prepare(&self, posts: &SharedVec<Arc<Post>>, texts: &dyn Texts) -> Result<(), Busy> {
        self.view(posts, texts).map(|_| ())
    }

    fn view(&self, posts: &SharedVec<Arc<Post>>, texts: &dyn Texts) -> Result<&View, Busy> {
        if let Some(view) = self.view.get() {
            return Ok(view);
        }
        let mut taken = self.shared.take()?;
        // whoever had them before may have done this very work
        Ok(self.view.get_or_init(|| {
            let view = View::new(&taken.segments, posts, texts);
            taken.segments.clone_from(&view.segments);
            view
        }))
    }
}

/// The shared segments in the hands of one search. They are given back when it is dropped, even by a panic.
struct Taken<'a> {
    segments: Vec<Arc<Segment>>,
    shared: &'a Shared,
}

impl Shared {
    fn take(&self) -> Result<Taken<'_>, Busy> {
        let (mut segments, _) = self
            .given_back
            .wait_timeout_while(self.lock(), PATIENCE, |segments| segments.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        Ok(Taken {
            segments: segments.take().ok_or(Busy)?,
            shared: self,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Arc<Segment>>>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.shared.lock() = Some(std::mem::take(&mut self.segments));
        self.shared.given_back.notify_all();
    }
}

/// A segment that was made before, and what a site still has of it.
struct Known<'a> {
    segment: &'a Arc<Segment>,
    places: Vec<Option<u32>>,
    living: usize,
}

impl View {
    /// The view of `posts`: through those of `known` that are still good, and a new segment for what none of them has.
    fn new(known: &[Arc<Segment>], posts: &SharedVec<Arc<Post>>, texts: &dyn Texts) -> View {
        let mut unread: HashMap<*const Post, u32> = posts.iter().map(Arc::as_ptr).zip(0..).collect();
        let mut segments: Vec<Known> = known
            .iter()
            .map(|segment| {
                let places: Vec<_> = segment.posts.iter().map(|post| unread.remove(&post.as_ptr())).collect();
                let living = places.iter().flatten().count();
                Known { segment, places, living }
            })
            .collect();
        segments.sort_by_key(|known| std::cmp::Reverse(known.living));
        let mut fresh: Vec<u32> = unread.into_values().collect();
        // the smallest are made part of a new one that is not much smaller
        while let Some(small) = segments.pop_if(|known| known.living == 0 || !fresh.is_empty() && known.living <= 2 * fresh.len())
        {
            fresh.extend(small.places.into_iter().flatten());
        }
        // so are those of which not even half still lives
        segments.retain(|known| {
            let is_good = known.living * 2 >= known.places.len();
            if !is_good {
                fresh.extend(known.places.iter().flatten());
            }
            is_good
        });
        let mut view = View::default();
        for Known { segment, places, .. } in segments {
            view.segments.push(Arc::clone(segment));
            view.places.extend(places);
        }
        if !fresh.is_empty() {
            fresh.sort_unstable();
            let read = fresh.iter().filter_map(|&place| posts.get(usize::try_from(place).ok()?));
            view.segments.push(Arc::new(Segment::of(read, texts)));
            view.places.extend(fresh.into_iter().map(Some));
        }
        view
    }

    /// The posts that have every one of `words`, the best first.
    fn ranked<'p>(&self, posts: &'p SharedVec<Arc<Post>>, words: &Words) -> Vec<(f32, &'p Arc<Post>)> {
        let lengths: Vec<u32> = self
            .segments
            .iter()
            .flat_map(|segment| segment.lengths.iter().copied())
            .collect();
        let living = self.places.iter().flatten().count();
        let total = lengths.iter().zip(&self.places).filter(|(_, place)| place.is_some());
        let mean = real(total.map(|(&length, _)| length as usize).sum::<usize>()) / real(living.max(1));
        let mut scores: Vec<f32> = self
            .places
            .iter()
            .map(|place| if place.is_some() { 0.0 } else { f32::NAN })
            .collect();
        for term in &words.terms {
            let mut weights = vec![0_u32; self.places.len()];
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
                .zip(&self.places)
                .filter(|(weight, place)| **weight > 0 && place.is_some());
            let having = real(having.count());
            let rarity = (1.0 + (real(living) - having + 0.5) / (having + 0.5)).ln();
            for ((score, weight), &length) in scores.iter_mut().zip(weights).zip(&lengths) {
                if weight == 0 {
                    // it lacks a word
                    *score = f32::NAN;
                    continue;
                }
                // a whole word counts two, see `Segment::find`
                let weight = real(weight as usize) / 2.0;
                let long = 1.0 - LENGTH_MATTERS + LENGTH_MATTERS * real(length as usize) / mean.max(1.0);
                *score += rarity * weight * (SATURATION + 1.0) / (weight + SATURATION * long);
            }
        }
        let mut found: Vec<(f32, u32)> = scores
            .into_iter()
            .zip(&self.places)
            .filter_map(|(score, &place)| Some((score, place?)))
            .filter(|(score, _)| !score.is_nan())
            .collect();
        found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let post = |(score, place): (f32, u32)| Some((score, posts.get(usize::try_from(place).ok()?)?));
        found.into_iter().filter_map(post).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rank needs no more digits")]
fn real(count: usize) -> f32 {
    count as f32
}

/// Whether the terms of `phrase` stand next to each other anywhere in `post`, whose text is `text` if it can be had.
fn has_phrase(post: &Post, text: Option<&str>, phrase: &[String]) -> bool {
    let mut has = false;
    fields(post, text, |text, _| {
        // how many terms of the phrase have been met, for each place it may have begun at
        let mut met: Vec<usize> = Vec::new();
        if !has {
            tokens(text, Purpose::Index, |token| {
                met.push(0);
                met.retain_mut(|count| {
                    let goes_on = phrase.get(*count).is_some_and(|term| term == token);
                    *count += 1;
                    has |= goes_on && *count == phrase.len();
                    goes_on && *count < phrase.len()
                });
            });
        }
    });
    has
}

#[cfg(test)]
mod tests;
