//! Matches changed files to known posts.
//!
//! A post keeps its id when its file is renamed, moved, retitled or re-dated. For each changed file the rules below are tried in order.
//! A post that one rule has matched is not a candidate for the next.
//!
//! 1. Same path, same text, and the file names no other id.
//! 2. The front matter contains the post's id, no similar file is at the post's old path, and readers do not know the file by another id.
//! 3. Same text as a post whose file is gone or contains something else; then the same bytes, however short the text is. A post that is
//!    not withdrawn wins over one that is. A withdrawn post does not match a file that rule 4 would match.
//! 4. Same path, and the same title or a similar text.
//! 5. The post's file is gone or contains something else, and at least two of title, day, slug and text match, one of them title or text.
//!    No other post matches as well.
//! 6. Day and slug give exactly the id of a post whose file is gone, and title, text or day is the same.
//! 7. Same path as a post that was not withdrawn, with the same day or no day.
//!
//! `evidence` decides how much a title or a text counts in rules 3, 5 and 6: notes made from one template look alike, and a post that was
//! withdrawn needs more evidence than one whose file has just gone.
//!
//! A file that matches no post, or several equally well, is a new post. In the second case its author gets a warning that shows how to
//! settle it.
//!
//! At a start all files are matched in this way, and nearly all of them by the first rule. The time is linear in the number of posts:
//! rules that compare files with all posts do so only if there are few of both ([`candidates::MOST_COMPARED`]).

mod by_likeness;
mod by_path;
mod by_text;
mod candidates;
mod evidence;
mod matcher;
mod named_ids;
mod similarity;

use std::sync::Arc;

pub(super) use self::candidates::{Candidates, Unassigned};
pub(super) use self::matcher::FileMatch;
use self::matcher::Matcher;
use self::similarity::has_written_title_or_text;
use crate::post::Post;

/// Matches the posts in changed `files`, which are ordered by path, to known posts. Returns a match for each file.
pub(super) fn match_posts<'a>(files: &'a [&'a Arc<Post>], candidates: Candidates<'a>) -> Vec<FileMatch> {
    let mut matcher = Matcher::new(files, candidates);
    matcher.match_by_path_and_text();
    // a post may have moved if its file contains something else now
    let displaced = files.iter().filter_map(|post| {
        let here = matcher.free_at_path_of(post);
        here.filter(|record| !has_written_title_or_text(post, record))
    });
    let displaced = displaced.collect();
    matcher.candidates.add_displaced(displaced);
    matcher.match_by_named_id();
    matcher.match_by_text();
    matcher.match_by_bytes();
    matcher.match_by_path_and_likeness();
    matcher.match_by_likeness();
    matcher.match_by_date_and_slug();
    matcher.match_by_path();
    matcher.warn_about_named_ids();
    matcher.warn_about_doubtful_posts();
    matcher.results.into_iter().map(Option::unwrap_or_default).collect()
}
