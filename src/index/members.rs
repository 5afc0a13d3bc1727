//! The public posts of each scope.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::Scope;
use crate::post::{Post, key};
use crate::shared_vec::SharedVec;

/// The public posts of a scope, newest first.
#[derive(Clone, Debug)]
pub struct Members {
    scope: Scope,
    /// The scope's name, in the spelling of its oldest post; empty for the site.
    pub name: String,
    /// All posts of the scope.
    pub posts: SharedVec<Arc<Post>>,
    /// The posts that feeds include; `None` if that is all of them.
    feed_posts: Option<SharedVec<Arc<Post>>>,
}

impl Members {
    fn empty(scope: Scope) -> Members {
        Members {
            scope,
            name: String::new(),
            posts: SharedVec::default(),
            feed_posts: None,
        }
    }

    /// The posts of the scope that feeds include.
    #[must_use]
    pub fn in_feeds(&self) -> &SharedVec<Arc<Post>> {
        self.feed_posts.as_ref().unwrap_or(&self.posts)
    }

    fn add(&mut self, post: &Arc<Post>) {
        if !post.in_feeds {
            self.feed_posts.get_or_insert_with(|| self.posts.clone());
        } else if let Some(feed_posts) = &mut self.feed_posts {
            insert(feed_posts, post);
        }
        insert(&mut self.posts, post);
        if self.posts.last().is_some_and(|last| Arc::ptr_eq(last, post)) {
            self.rename();
        }
    }

    fn remove(&mut self, post: &Arc<Post>) {
        let was_last = self.posts.last().is_some_and(|last| Arc::ptr_eq(last, post));
        remove(&mut self.posts, post);
        if let Some(feed_posts) = &mut self.feed_posts {
            remove(feed_posts, post);
            if feed_posts.len() == self.posts.len() {
                self.feed_posts = None;
            }
        }
        if was_last {
            self.rename();
        }
    }

    /// Takes the name from the oldest post, so that a new post never renames a scope.
    fn rename(&mut self) {
        let name = self.posts.last().and_then(|post| self.scope.spelling_in(post));
        if let Some(name) = name.filter(|name| *name != self.name) {
            self.name = name.to_owned();
        }
    }
}

/// The scopes that have a post, and the site's, in order.
#[derive(Clone, Debug)]
pub(super) struct Scopes(SharedVec<Arc<Members>>);

impl Scopes {
    /// Builds the scopes of `posts`, which are public and ordered newest first.
    pub(super) fn build(posts: Vec<Arc<Post>>) -> Scopes {
        let mut builder = ScopesBuilder::default();
        for post in &posts {
            for (scope, name) in scopes_of(post) {
                builder.add(scope, name, post);
            }
        }
        let mut members: Vec<Members> = builder.members.into_iter().map(MembersBuilder::into_members).collect();
        members.push(MembersBuilder::site(posts).into_members());
        members.sort_by(|a, b| a.scope.cmp(&b.scope));
        Scopes(members.into_iter().map(Arc::new).collect())
    }

    pub(super) fn get(&self, scope: &Scope) -> Option<&Members> {
        let found = self.0.get(self.position(scope))?;
        (found.scope == *scope).then_some(found)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Scope, &Members)> {
        self.0.iter().map(|members| (&members.scope, &**members))
    }

    /// The scopes whose members are not the same objects as in `other`.
    pub(super) fn differing<'a>(&'a self, other: &'a Scopes) -> Vec<&'a Scope> {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut differing = Vec::new();
        loop {
            let order = match (ours.peek(), theirs.peek()) {
                (Some(our), Some(their)) => our.scope.cmp(&their.scope),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return differing,
            };
            let our = if order.is_le() { ours.next() } else { None };
            let their = if order.is_ge() { theirs.next() } else { None };
            match (our, their) {
                (Some(our), Some(their)) if Arc::ptr_eq(our, their) => {}
                (our, their) => differing.extend(our.or(their).map(|members| &members.scope)),
            }
        }
    }

    /// Adds the public post `post` to its scopes.
    pub(super) fn add(&mut self, post: &Arc<Post>) {
        for scope in all_scopes_of(post) {
            let at = self.position(&scope);
            if self.0.get(at).is_none_or(|members| members.scope != scope) {
                self.0.insert(at, Arc::new(Members::empty(scope)));
            }
            // earlier sites share these members: copy before writing
            if let Some(members) = self.0.get_mut(at) {
                Arc::make_mut(members).add(post);
            }
        }
    }

    /// Removes `post`, which was public. A scope without posts is removed, except the site's.
    pub(super) fn remove(&mut self, post: &Arc<Post>) {
        for scope in all_scopes_of(post) {
            let at = self.position(&scope);
            if self.0.get(at).is_none_or(|members| members.scope != scope) {
                continue;
            }
            let Some(members) = self.0.get_mut(at).map(Arc::make_mut) else {
                continue;
            };
            members.remove(post);
            if members.posts.is_empty() && scope != Scope::Site {
                self.0.remove(at);
            }
        }
    }

    fn position(&self, scope: &Scope) -> usize {
        self.0.partition_point(|members| members.scope < *scope)
    }
}

impl Scope {
    /// How `post` spells the scope's name: the last of several spellings.
    fn spelling_in<'a>(&self, post: &'a Post) -> Option<&'a str> {
        let names: Box<dyn Iterator<Item = &'a str>> = match self {
            Scope::Site => return None,
            Scope::Tag(_) => Box::new(post.tags.iter().rev().map(AsRef::as_ref)),
            Scope::Author(_) => Box::new(post.authors.iter().rev().map(|author| author.name.as_str())),
            Scope::Section(_) => Box::new(post.section.as_deref().into_iter()),
        };
        let (Scope::Tag(wanted) | Scope::Author(wanted) | Scope::Section(wanted)) = self else {
            return None;
        };
        names.into_iter().find(|name| key(name) == *wanted)
    }
}

/// The scopes of `post` besides the site's: the constructor of each, and its name in the post.
fn scopes_of(post: &Post) -> impl Iterator<Item = (fn(String) -> Scope, &str)> {
    let tags = post.tags.iter().map(|tag| (Scope::Tag as fn(String) -> Scope, &**tag));
    let authors = post.authors.iter();
    let authors = authors.map(|author| (Scope::Author as fn(String) -> Scope, author.name.as_str()));
    let section = post.section.iter();
    let section = section.map(|section| (Scope::Section as fn(String) -> Scope, &**section));
    tags.chain(authors).chain(section)
}

/// The scopes of `post`, each once.
#[must_use]
pub fn all_scopes_of(post: &Post) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = scopes_of(post).map(|(scope, name)| scope(key(name))).collect();
    scopes.push(Scope::Site);
    scopes.sort();
    scopes.dedup();
    scopes
}

/// Whether `post` is ordered before `other`: newer first, then by id.
fn is_before(post: &Post, other: &Post) -> bool {
    post.date > other.date || post.date == other.date && post.id < other.id
}

pub(super) fn insert(posts: &mut SharedVec<Arc<Post>>, post: &Arc<Post>) {
    let at = posts.partition_point(|other| is_before(other, post));
    posts.insert(at, Arc::clone(post));
}

pub(super) fn remove(posts: &mut SharedVec<Arc<Post>>, post: &Arc<Post>) {
    let at = posts.partition_point(|other| is_before(other, post));
    if posts.get(at).is_some_and(|other| Arc::ptr_eq(other, post)) {
        posts.remove(at);
    }
}

/// Scopes under construction. Computing a [`key`] takes longer than a lookup, so it is computed once for each spelling.
#[derive(Default)]
struct ScopesBuilder<'a> {
    members: Vec<MembersBuilder<'a>>,
    positions: HashMap<Scope, usize>,
    spelled: HashMap<(ScopeDiscriminant, &'a str), usize>,
}

type ScopeDiscriminant = std::mem::Discriminant<Scope>;

struct MembersBuilder<'a> {
    scope: Scope,
    name: &'a str,
    posts: Vec<Arc<Post>>,
}

impl<'a> ScopesBuilder<'a> {
    fn add(&mut self, scope: fn(String) -> Scope, name: &'a str, post: &'a Arc<Post>) {
        let kind = std::mem::discriminant(&scope(String::new()));
        let position = *self.spelled.entry((kind, name)).or_insert_with(|| {
            let scope = scope(key(name));
            *self.positions.entry(scope.clone()).or_insert_with(|| {
                let posts = Vec::new();
                self.members.push(MembersBuilder { scope, name, posts });
                self.members.len() - 1
            })
        });
        let Some(members) = self.members.get_mut(position) else {
            return;
        };
        members.name = name;
        // two spellings in one post are one scope
        if members.posts.last().is_none_or(|last| !Arc::ptr_eq(last, post)) {
            members.posts.push(Arc::clone(post));
        }
    }
}

impl MembersBuilder<'_> {
    fn site(posts: Vec<Arc<Post>>) -> MembersBuilder<'static> {
        MembersBuilder {
            scope: Scope::Site,
            name: "",
            posts,
        }
    }

    fn into_members(self) -> Members {
        let are_all_in_feeds = self.posts.iter().all(|post| post.in_feeds);
        let feed_posts = || self.posts.iter().filter(|post| post.in_feeds).cloned().collect();
        Members {
            name: self.name.to_owned(),
            feed_posts: (!are_all_in_feeds).then(feed_posts),
            posts: self.posts.into_iter().collect(),
            scope: self.scope,
        }
    }
}
