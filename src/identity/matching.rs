//! Matches files to known posts.
//!
//! A post keeps its id when its file is renamed, moved, retitled or re-dated. For each file that no post is assigned to, the rules below
//! are tried in order. A post that one rule has matched is not a candidate for the next.
//!
//! 1. Same path, same text, and the file names no other id.
//! 2. The front matter contains the post's id, no similar file is at the post's old path, and readers do not know the file by another id.
//! 3. Same text as a post whose file is gone or contains something else; then the same bytes, however short the text is. A post that is
//!    not withdrawn wins over one that is. A withdrawn post does not match a file that rule 4 would match.
//! 4. Same path, and the same title or a similar text.
//! 5. The post's file is gone, and at least two of title, day, slug and text match, one of them title or text. No other post matches as
//!    well.
//! 6. Day and slug give exactly the id of a post whose file is gone, and title, text or day is the same.
//! 7. Same path as a post that was not withdrawn, with the same day or no day.
//!
//! `evidence` decides how much a title or a text counts in rules 3 to 6: notes made from one template look alike, and a post that was
//! withdrawn needs more evidence than one whose file has just gone.
//!
//! A file that matches no post, or several equally well, is a new post. In the second case its author gets a warning that shows how to
//! settle it.
//!
//! At a start all files are matched in this way, and nearly all match by the first rule. So the rules that apply to one file take no
//! longer the more posts there are, and those that compare every file with every post do nothing where there are many of both.

mod evidence;
mod named;
mod signs;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use camino::Utf8Path;
use evidence::{Repeats, is_back_in_place, is_enough, is_enough_beside_id, is_enough_beside_text};
use named::names;
use signs::{is_alike, is_alike_by_content, is_plausible, signs};

use super::record::{Digest, PostRecord};
use super::remembered::Remembered;
use super::unmatched::{UnmatchedPosts, text_of};
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::{Origin, Post, Visibility};
use crate::time::Timestamp;

/// Of more posts whose file is gone none is looked for by likeness: it would take as long as the folder is large, squared.
const MOST_STRAYS: usize = 2000;

/// Of more copies of one text the rest is not looked at.
const MOST_COPIES: usize = 50;

/// By how much the same bytes are more than the same signs.
const SAME_FILE: usize = 8;

/// What was found out about a stranger.
#[derive(Debug, Default)]
pub(super) struct Finding {
    /// The remembered post it is.
    pub(super) id: Option<Arc<str>>,
    /// The remembered post whose place it takes although it is another: its addresses lead here.
    pub(super) heir_of: Option<Arc<str>>,
    /// What its author should know.
    pub(super) remark: Option<Diagnostic>,
}

/// What is remembered, as far as strangers can be it.
pub(super) struct Memory<'a> {
    pub(super) posts: &'a Remembered,
    /// Which post lay last where a stranger lies.
    pub(super) at: &'a HashMap<&'a str, Arc<str>>,
    /// Posts that no file is.
    pub(super) unmatched: &'a UnmatchedPosts,
    /// Whether one with this id, whose file lay at this path, may be a stranger that lies elsewhere.
    pub(super) may_be_stranger: &'a dyn Fn(&str, &Utf8Path) -> bool,
    /// Posts beside them that may: those whose file is missing.
    pub(super) others: BTreeMap<&'a str, Cow<'a, PostRecord>>,
    /// The others by their texts, once all of them are known.
    pub(super) others_by_text: HashMap<Digest, Vec<&'a str>>,
    /// All that may be strangers, made when first asked for; `None` where they are too many.
    pub(super) all: OnceCell<Option<BTreeMap<&'a str, Cow<'a, PostRecord>>>>,
    /// Whether a post is, beyond doubt, another file's.
    pub(super) is_held: &'a dyn Fn(&str) -> bool,
    pub(super) now: Timestamp,
}

/// Finds out who `strangers` are, which come ordered by path.
pub(super) fn recognise<'a>(strangers: &[&'a Arc<Post>], mut memory: Memory<'a>) -> Vec<Finding> {
    let mut search = Search {
        findings: strangers.iter().map(|_| None).collect(),
        takers: HashMap::new(),
        doubtful: Vec::new(),
        repeats: OnceCell::new(),
        strangers,
    };
    search.by_path_and_text(&memory);
    // where something else lies now than its post, the post may have moved
    for stranger in strangers {
        if let Some((id, record)) = memory.at(stranger.source())
            && search.is_free(id, &memory)
            && !is_alike_by_content(stranger, &record)
        {
            memory.others.insert(id, record);
        }
    }
    memory.find_others_by_text();
    search.by_id(&memory);
    search.by_text(&memory);
    search.by_file(&memory);
    search.by_path(&memory, |stranger, record| {
        is_alike(stranger, record) && (!comes_back(stranger, record, memory.now) || is_back_in_place(stranger, record))
    });
    search.by_likeness(&memory);
    search.by_derived_id(&memory);
    search.by_path(&memory, is_plausible);
    search.other_ids(&memory);
    search.mention_doubts(&memory);
    search.findings.into_iter().map(Option::unwrap_or_default).collect()
}

impl<'a> Memory<'a> {
    /// The post whose file lay at `path`.
    fn at(&self, path: &Utf8Path) -> Option<(&'a str, Cow<'a, PostRecord>)> {
        self.posts.get_with_id(self.at.get(path.as_str())?)
    }

    /// The post with this `id`, if it may be a stranger that lies elsewhere.
    fn elsewhere(&self, id: &str) -> Option<(&'a str, Cow<'a, PostRecord>)> {
        let (id, record) = self.posts.get_with_id(id)?;
        let is_stray = || self.unmatched.contains(id) && (self.may_be_stranger)(id, &record.source);
        (self.others.contains_key(id) || is_stray()).then_some((id, record))
    }

    /// Those that had this text and may be strangers that lie elsewhere, in order and no more than are looked at.
    fn with_text(&self, text: &Digest) -> Vec<(&'a str, Cow<'a, PostRecord>)> {
        let others = self.others_by_text.get(text).map_or(&[][..], Vec::as_slice);
        let unmatched = self.unmatched.with_text(text, self.posts).iter();
        let unmatched = unmatched.filter_map(|id| self.elsewhere(id)).take(MOST_COPIES);
        let others = others.iter().filter_map(|id| self.elsewhere(id)).take(MOST_COPIES);
        let all: BTreeMap<_, _> = unmatched.chain(others).collect();
        all.into_iter().take(MOST_COPIES).collect()
    }

    fn find_others_by_text(&mut self) {
        for (id, record) in &self.others {
            if let Some(text) = text_of(record) {
                self.others_by_text.entry(text).or_default().push(id);
            }
        }
    }

    /// All that may be strangers that lie elsewhere, in order, unless they are too many.
    fn all_elsewhere(&self) -> Option<&BTreeMap<&'a str, Cow<'a, PostRecord>>> {
        self.all.get_or_init(|| self.find_all_elsewhere()).as_ref()
    }

    fn find_all_elsewhere(&self) -> Option<BTreeMap<&'a str, Cow<'a, PostRecord>>> {
        let unmatched = self.unmatched.iter().map(AsRef::as_ref);
        let unmatched = unmatched.filter(|&id| !self.others.contains_key(id));
        let ids = self.others.keys().copied().chain(unmatched);
        let all: BTreeMap<_, _> = ids.filter_map(|id| self.elsewhere(id)).take(MOST_STRAYS + 1).collect();
        (all.len() <= MOST_STRAYS).then_some(all)
    }
}

struct Search<'s, 'a> {
    /// Ordered by path.
    strangers: &'s [&'a Arc<Post>],
    /// What was found of each; `None` while nothing was.
    findings: Vec<Option<Finding>>,
    /// Which stranger a post is.
    takers: HashMap<&'a str, usize>,
    /// Strangers that are like a post whose file went just now, but not enough.
    doubtful: Vec<(usize, &'a str)>,
    /// Counted when first asked for.
    repeats: OnceCell<Repeats>,
}

impl<'a> Search<'_, 'a> {
    fn is_free(&self, id: &str, memory: &Memory<'a>) -> bool {
        !self.takers.contains_key(id) && !(memory.is_held)(id)
    }

    fn take(&mut self, at: usize, id: &'a str) {
        self.takers.insert(id, at);
        self.findings[at] = Some(Finding {
            id: Some(id.into()),
            ..Finding::default()
        });
    }

    /// Which titles and texts of strangers several posts have.
    fn repeats(&self, memory: &Memory<'a>) -> &Repeats {
        let strangers = self.strangers.iter().map(|stranger| &***stranger);
        self.repeats.get_or_init(|| Repeats::of(strangers, memory.posts))
    }

    /// The strangers nothing was found of yet.
    fn unknown(&self) -> Vec<usize> {
        (0..self.strangers.len()).filter(|&at| self.findings[at].is_none()).collect()
    }

    fn by_path_and_text(&mut self, memory: &Memory<'a>) {
        for at in self.unknown() {
            let stranger = self.strangers[at];
            if let Some((id, record)) = memory.at(stranger.source())
                && record.content.is_some_and(|content| content.text == stranger.content.text)
                && (named(stranger).is_none() || names(stranger, id))
                && self.is_free(id, memory)
                && !memory.has_moved_over(stranger, &record)
                && (!comes_back(stranger, &record, memory.now) || is_back_in_place(stranger, &record))
            {
                self.take(at, id);
            }
        }
    }

    /// Says which posts are not known by the id that they name. One that is new with it takes the place of what it was.
    fn other_ids(&mut self, memory: &Memory<'a>) {
        for (at, stranger) in self.strangers.iter().enumerate() {
            let post: &Post = stranger;
            let Some(named) = named(post) else { continue };
            match self.findings[at].as_ref().map(|finding| finding.id.clone()) {
                Some(Some(id)) if !names(post, &id) && memory.posts.find(named, post.atom_id()) != Some(&*id) => {
                    let owner = memory.posts.get(named);
                    self.findings[at] = Some(Finding {
                        remark: Some(refused(post, owner.as_deref(), &id)),
                        id: Some(id),
                        heir_of: None,
                    });
                }
                Some(None) => {
                    if let Some((id, record)) = memory.at(post.source())
                        && record.withdrawn.is_none()
                        && self.is_free(id, memory)
                        && is_alike(stranger, &record)
                    {
                        self.findings[at] = Some(Finding {
                            id: None,
                            heir_of: Some(id.into()),
                            remark: Some(other_id(post, id)),
                        });
                    }
                }
                _ => {}
            }
        }
    }

    fn by_text(&mut self, memory: &Memory<'a>) {
        // of copies the one that is most like it is it
        let mut copies = HashMap::new();
        let mut pairs: Vec<(_, usize, &'a str)> = Vec::new();
        for at in self.unknown() {
            let stranger = self.strangers[at];
            let text = &stranger.content.text;
            // asked for once a text: a folder of copies may have moved
            let same: &Vec<_> = copies.entry(text).or_insert_with(|| memory.with_text(text));
            let is_in_place = !same.is_empty() && self.is_in_place(stranger, memory);
            for (id, record) in same {
                if !is_enough_beside_text(stranger, record, self.repeats(memory), is_in_place) {
                    continue;
                }
                let is_near = stranger.source().parent() == record.source.parent();
                let rank = (signs(stranger, record).count(), record.withdrawn.is_none(), is_near);
                pairs.push((rank, at, id));
            }
        }
        pairs.sort_by_key(|&(rank, ..)| Reverse(rank));
        for (_, at, id) in pairs {
            if self.findings[at].is_none() && self.is_free(id, memory) {
                self.take(at, id);
            }
        }
    }

    /// Matches files that hold the very bytes of the file of a post, which is gone now or holds something else. Of copies none is taken:
    /// nothing says which of them it is.
    fn by_file(&mut self, memory: &Memory<'a>) {
        let mut unknown = self.unknown();
        unknown.retain(|&at| {
            let stranger = self.strangers[at];
            (stranger.has_title() || stranger.has_text()) && !self.is_in_place(stranger, memory)
        });
        if unknown.is_empty() || unknown.len() > MOST_STRAYS {
            return;
        }
        let Some(all) = memory.all_elsewhere() else { return };
        let mut posts: HashMap<Digest, Vec<&'a str>> = HashMap::new();
        for (id, record) in all {
            if let Some(file) = record.file.filter(|_| record.is_with_readers() && self.is_free(id, memory)) {
                posts.entry(file).or_default().push(id);
            }
        }
        let mut files: HashMap<Digest, Vec<usize>> = HashMap::new();
        for at in unknown {
            files.entry(self.strangers[at].file).or_default().push(at);
        }
        for (file, strangers) in files {
            if let ([at], Some([id])) = (&*strangers, posts.get(&file).map(Vec::as_slice)) {
                self.take(*at, id);
            }
        }
    }

    /// Whether `stranger` lies where the post lay that it is like: it was edited, whatever the edit made it the same as. Of a post that
    /// was withdrawn a title alone says too little.
    fn is_in_place(&self, stranger: &Post, memory: &Memory<'a>) -> bool {
        let before = memory.at(stranger.source()).filter(|(id, _)| self.is_free(id, memory));
        before.is_some_and(|(_, record)| match record.withdrawn {
            None => is_alike(stranger, &record),
            Some(_) => signs(stranger, &record).text,
        })
    }

    fn by_path(&mut self, memory: &Memory<'a>, may_be: impl Fn(&Post, &PostRecord) -> bool) {
        for at in self.unknown() {
            let stranger = self.strangers[at];
            if let Some((id, record)) = memory.at(stranger.source())
                && self.is_free(id, memory)
                && may_be(stranger, &record)
            {
                self.take(at, id);
            }
        }
    }

    fn by_derived_id(&mut self, memory: &Memory<'a>) {
        for (at, stranger) in self.strangers.iter().enumerate() {
            // this settles a doubt, too: it would come to that id anyway
            let is_open = self.findings[at].as_ref().is_none_or(|finding| finding.id.is_none());
            if is_open
                && named(stranger).is_none()
                && let Some((id, record)) = memory.elsewhere(stranger.id())
                && self.is_free(id, memory)
                && is_enough_beside_id(stranger, &record, self.repeats(memory))
            {
                self.take(at, id);
            }
        }
    }

    /// Whether `stranger` may be the post that was last in its file, though it is not like it ([`is_plausible`]).
    fn may_stay(&self, stranger: &Post, memory: &Memory<'a>) -> bool {
        let here = memory.at(stranger.source()).filter(|(id, _)| self.is_free(id, memory));
        here.is_some_and(|(_, record)| is_plausible(stranger, &record))
    }

    /// Says which new posts are like one whose file went just now, but not enough to be taken for it.
    fn mention_doubts(&mut self, memory: &Memory<'a>) {
        let doubtful = std::mem::take(&mut self.doubtful);
        for pairs in doubtful.chunk_by(|one, other| one.0 == other.0) {
            let at = pairs[0].0;
            let former = pairs.iter().filter(|(_, id)| self.is_free(id, memory));
            let former: Vec<_> = former.filter_map(|(_, id)| memory.posts.get(id)).collect();
            if self.findings[at].is_none() && !former.is_empty() {
                self.findings[at] = Some(Finding {
                    remark: Some(unclear(self.strangers[at], &former)),
                    ..Finding::default()
                });
            }
        }
    }

    fn by_likeness(&mut self, memory: &Memory<'a>) {
        let unknown = self.unknown();
        if unknown.is_empty() || unknown.len() > MOST_STRAYS {
            return;
        }
        let Some(all) = memory.all_elsewhere() else { return };
        // every pair that is alike, the most alike first; a pair that has an equal on either side is a doubt
        let mut pairs: Vec<(usize, usize, &'a str)> = Vec::new();
        let mut doubtful = Vec::new();
        for &at in &unknown {
            let stranger = self.strangers[at];
            let may_stay = self.may_stay(stranger, memory);
            for (id, record) in all.iter().filter(|(id, _)| self.is_free(id, memory)) {
                let signs = signs(stranger, record);
                let is_same_file = record.file == Some(stranger.file);
                let is_like = signs.count() >= 2 && (signs.title || signs.text);
                if !is_same_file && !is_like {
                    continue;
                }
                if is_enough(stranger, record, self.repeats(memory), may_stay) {
                    let rank = signs.count() + if is_same_file { SAME_FILE } else { 0 };
                    pairs.push((rank, at, id));
                } else if is_like && record.withdrawn.is_none() {
                    doubtful.push((at, *id));
                }
            }
        }
        self.doubtful = doubtful;
        pairs.sort_by_key(|&(rank, ..)| Reverse(rank));
        // by either side, for there may be as many pairs as strangers, squared
        let mut of_stranger: HashMap<usize, Vec<_>> = HashMap::new();
        let mut of_post: HashMap<&str, Vec<_>> = HashMap::new();
        for pair in &pairs {
            of_stranger.entry(pair.1).or_default().push(pair);
            of_post.entry(pair.2).or_default().push(pair);
        }
        for &(count, at, id) in &pairs {
            if self.findings[at].is_some() || self.takers.contains_key(id) {
                continue;
            }
            let is_open = |&&&(c, a, i): &&&(usize, usize, &str)| {
                c == count && (a, i) != (at, id) && self.findings[a].is_none() && !self.takers.contains_key(i)
            };
            let rivals = of_stranger.get(&at).into_iter().flatten().filter(is_open);
            let rivals: Vec<&str> = rivals.map(|&&(.., i)| i).collect();
            let is_contested = of_post.get(id).into_iter().flatten().any(|pair| is_open(&pair));
            if rivals.is_empty() && !is_contested {
                self.take(at, id);
            } else {
                let former = std::iter::once(id).chain(rivals);
                let former: Vec<_> = former.filter_map(|id| memory.posts.get(id)).collect();
                self.findings[at] = Some(Finding {
                    remark: Some(unclear(self.strangers[at], &former)),
                    ..Finding::default()
                });
            }
        }
    }
}

/// Whether `stranger` would bring back the withdrawn post in `record`. One that was taken back may have been in its file all the time.
fn comes_back(stranger: &Post, record: &PostRecord, now: Timestamp) -> bool {
    record.withdrawn.is_some() && !record.taken_back && stranger.visibility(now) == Visibility::Public
}

/// The id that the front matter of `post` names.
pub(super) fn named(post: &Post) -> Option<&str> {
    matches!(post.alike.origins.id, Origin::Field(_)).then_some(post.id())
}

/// What its author should know of `post`, whose file names an id that the post does not get because readers know it by `id`; `owner` is
/// the post that has the id, or had it.
pub(super) fn refused(post: &Post, owner: Option<&PostRecord>, id: &str) -> Diagnostic {
    let named = post.id();
    let (code, message) = match owner {
        Some(owner) if owner.withdrawn.is_none() => (
            "id-taken",
            format!(
                "the id `{named}` belongs to {}; this post keeps `{id}`, by which readers know it",
                owner.source
            ),
        ),
        Some(owner) => (
            "id-taken",
            format!(
                "the id `{named}` belonged to {}, which was withdrawn; this post keeps `{id}`, by which readers know it",
                owner.source
            ),
        ),
        None => (
            "id-ignored",
            format!("readers know this post by the id `{id}`, so `{named}` is not used"),
        ),
    };
    Diagnostic::new(Severity::Warning, code, post.source(), message)
        .mend(format!("write `{}: \"{id}\"`, or leave the key out", key_of_id(post)))
}

/// The key of the id in the front matter of `post`.
fn key_of_id(post: &Post) -> &str {
    match &post.alike.origins.id {
        Origin::Field(key) => key,
        _ => "id",
    }
}

fn other_id(post: &Post, id: &str) -> Diagnostic {
    let message = format!(
        "readers know this post by the id `{id}`; with `{}` they see it as a new one, and the other as withdrawn",
        post.id()
    );
    Diagnostic::new(Severity::Warning, "id-changed", post.source(), message).mend(format!(
        "if that is not meant, write `{}: \"{id}\"` or leave the key out, before it is published",
        key_of_id(post)
    ))
}

fn unclear(post: &Post, former: &[Cow<PostRecord>]) -> Diagnostic {
    let named: Vec<String> = former
        .iter()
        .take(3)
        .map(|record| format!("{} (`{}`)", record.source, record.id))
        .collect();
    let message = format!(
        "it may be a former post under another name: {}; it is taken as a new one",
        named.join(", ")
    );
    Diagnostic::new(Severity::Warning, "identity-unclear", post.source(), message)
        .mend("if it is one of them, write that one's id as its `id`")
}
