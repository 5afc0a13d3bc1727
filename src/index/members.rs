//! Which posts a scope has.

use std::collections::HashMap;
use std::sync::Arc;

use super::Scope;
use crate::post::{Post, key};
use crate::shared_vec::SharedVec;

/// The public posts of a scope, newest first.
#[derive(Clone, Debug)]
pub struct Members {
    scope: Scope,
    /// What the scope is called, in the spelling of its oldest post; empty for the site.
    pub name: String,
    /// All of them.
    pub posts: SharedVec<Arc<Post>>,
    /// Those that feeds carry, where that is not all.
    carried: Option<SharedVec<Arc<Post>>>,
}

impl Members {
    fn none(scope: Scope) -> Members {
        Members {
            scope,
            name: String::new(),
            posts: SharedVec::default(),
            carried: None,
        }
    }

    /// Those of its posts that feeds carry.
    #[must_use]
    pub fn in_feeds(&self) -> &SharedVec<Arc<Post>> {
        self.carried.as_ref().unwrap_or(&self.posts)
    }

    fn add(&mut self, post: &Arc<Post>) {
        if !post.in_feeds {
            self.carried.get_or_insert_with(|| self.posts.clone());
        } else if let Some(carried) = &mut self.carried {
            insert(carried, post);
        }
        insert(&mut self.posts, post);
        if self.posts.last().is_some_and(|last| Arc::ptr_eq(last, post)) {
            self.rename();
        }
    }

    fn remove(&mut self, post: &Arc<Post>) {
        let was_last = self.posts.last().is_some_and(|last| Arc::ptr_eq(last, post));
        remove(&mut self.posts, post);
        if let Some(carried) = &mut self.carried {
            remove(carried, post);
            if carried.len() == self.posts.len() {
                self.carried = None;
            }
        }
        if was_last {
            self.rename();
        }
    }

    /// Calls it as its oldest post does: that one has the last word, and a new post never renames a scope.
    fn rename(&mut self) {
        let name = self.posts.last().and_then(|post| self.scope.spelled_by(post));
        if let Some(name) = name.filter(|name| *name != self.name) {
            self.name = name.to_owned();
        }
    }
}

/// The scopes that have a post, and the site's, in order.
#[derive(Clone, Debug)]
pub(super) struct Scopes(SharedVec<Arc<Members>>);

impl Scopes {
    /// The scopes of `posts`, which are public and come newest first.
    pub(super) fn of(posts: Vec<Arc<Post>>) -> Scopes {
        let mut filling = Filling::default();
        for post in &posts {
            for (scope, name) in scopes_of(post) {
                filling.add(scope, name, post);
            }
        }
        let mut members: Vec<Members> = filling.members.into_iter().map(Filled::into_members).collect();
        members.push(Filled::site(posts).into_members());
        members.sort_by(|a, b| a.scope.cmp(&b.scope));
        Scopes(members.into_iter().map(Arc::new).collect())
    }

    pub(super) fn get(&self, scope: &Scope) -> Option<&Members> {
        let found = self.0.get(self.place(scope))?;
        (found.scope == *scope).then_some(found)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Scope, &Members)> {
        self.0.iter().map(|members| (&members.scope, &**members))
    }

    /// Takes in the public post `post`.
    pub(super) fn add(&mut self, post: &Arc<Post>) {
        for scope in scopes_named_by(post) {
            let at = self.place(&scope);
            if self.0.get(at).is_none_or(|members| members.scope != scope) {
                self.0.insert(at, Arc::new(Members::none(scope)));
            }
            // what earlier sites have of it stays theirs
            if let Some(members) = self.0.get_mut(at) {
                Arc::make_mut(members).add(post);
            }
        }
    }

    /// Lets go of `post`, which was public. A scope without posts is none, but for the site's.
    pub(super) fn remove(&mut self, post: &Arc<Post>) {
        for scope in scopes_named_by(post) {
            let at = self.place(&scope);
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

    fn place(&self, scope: &Scope) -> usize {
        self.0.partition_point(|members| members.scope < *scope)
    }
}

impl Scope {
    /// What `post` calls it: of several spellings the last.
    fn spelled_by<'a>(&self, post: &'a Post) -> Option<&'a str> {
        let names: Box<dyn Iterator<Item = &'a str>> = match self {
            Scope::Site => return None,
            Scope::Tag(_) => Box::new(post.tags.iter().rev().map(AsRef::as_ref)),
            Scope::Author(_) => Box::new(post.alike.authors.iter().rev().map(|author| author.name.as_str())),
            Scope::Section(_) => Box::new(post.alike.section.as_deref().into_iter()),
        };
        let (Scope::Tag(wanted) | Scope::Author(wanted) | Scope::Section(wanted)) = self else {
            return None;
        };
        names.into_iter().find(|name| key(name) == *wanted)
    }
}

/// The scopes that `post` is in beside the site's, as makers of one from its key, and what it calls them.
fn scopes_of(post: &Post) -> impl Iterator<Item = (fn(String) -> Scope, &str)> {
    let tags = post.tags.iter().map(|tag| (Scope::Tag as fn(String) -> Scope, &**tag));
    let authors = post.alike.authors.iter();
    let authors = authors.map(|author| (Scope::Author as fn(String) -> Scope, author.name.as_str()));
    let section = post.alike.section.iter();
    let section = section.map(|section| (Scope::Section as fn(String) -> Scope, &**section));
    tags.chain(authors).chain(section)
}

/// The scopes that `post` is in, each once.
fn scopes_named_by(post: &Post) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = scopes_of(post).map(|(scope, name)| scope(key(name))).collect();
    scopes.push(Scope::Site);
    scopes.sort();
    scopes.dedup();
    scopes
}

/// Whether `post` stands before `other`: the newer one first, of one instant the lesser id.
fn is_before(post: &Post, other: &Post) -> bool {
    post.date > other.date || post.date == other.date && post.id() < other.id()
}

fn insert(posts: &mut SharedVec<Arc<Post>>, post: &Arc<Post>) {
    let at = posts.partition_point(|other| is_before(other, post));
    posts.insert(at, Arc::clone(post));
}

fn remove(posts: &mut SharedVec<Arc<Post>>, post: &Arc<Post>) {
    let at = posts.partition_point(|other| is_before(other, post));
    if posts.get(at).is_some_and(|other| Arc::ptr_eq(other, post)) {
        posts.remove(at);
    }
}

/// Scopes while they are filled. A [`key`] takes longer to make than to look up, so it is made once for each spelling.
#[derive(Default)]
struct Filling<'a> {
    members: Vec<Filled<'a>>,
    places: HashMap<Scope, usize>,
    spelled: HashMap<(Kind, &'a str), usize>,
}

type Kind = std::mem::Discriminant<Scope>;

struct Filled<'a> {
    scope: Scope,
    name: &'a str,
    posts: Vec<Arc<Post>>,
}

impl<'a> Filling<'a> {
    fn add(&mut self, scope: fn(String) -> Scope, name: &'a str, post: &'a Arc<Post>) {
        let kind = std::mem::discriminant(&scope(String::new()));
        let place = *self.spelled.entry((kind, name)).or_insert_with(|| {
            let scope = scope(key(name));
            *self.places.entry(scope.clone()).or_insert_with(|| {
                let posts = Vec::new();
                self.members.push(Filled { scope, name, posts });
                self.members.len() - 1
            })
        });
        let Some(filled) = self.members.get_mut(place) else { return };
        filled.name = name;
        // two spellings in one post are one scope
        if filled.posts.last().is_none_or(|last| !Arc::ptr_eq(last, post)) {
            filled.posts.push(Arc::clone(post));
        }
    }
}

impl Filled<'_> {
    fn site(posts: Vec<Arc<Post>>) -> Filled<'static> {
        Filled {
            scope: Scope::Site,
            name: "",
            posts,
        }
    }

    fn into_members(self) -> Members {
        let are_all_carried = self.posts.iter().all(|post| post.in_feeds);
        let carried = || self.posts.iter().filter(|post| post.in_feeds).cloned().collect();
        Members {
            name: self.name.to_owned(),
            carried: (!are_all_carried).then(carried),
            posts: self.posts.into_iter().collect(),
            scope: self.scope,
        }
    }
}
