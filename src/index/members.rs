//! Which posts a scope has.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Scope;
use crate::post::{Post, key};

/// The public posts of a scope, newest first.
#[derive(Clone, Debug, Default)]
pub struct Members {
    /// What the scope is called, in the spelling of its oldest post; empty for the site.
    pub name: String,
    /// All of them.
    pub posts: Vec<Arc<Post>>,
    /// Those that feeds carry.
    pub in_feeds: Vec<Arc<Post>>,
}

/// The members of every scope that one of `posts` is in, and the site's. `posts` are public, and come newest first.
pub(super) fn of(posts: Vec<Arc<Post>>) -> BTreeMap<Scope, Members> {
    let mut scopes = Scopes::default();
    for post in &posts {
        for tag in &post.tags {
            scopes.add(Scope::Tag, tag, post);
        }
        for author in &post.authors {
            scopes.add(Scope::Author, &author.name, post);
        }
        if let Some(section) = &post.section {
            scopes.add(Scope::Section, section, post);
        }
    }
    let named = scopes.members.into_iter().map(|(scope, name, members)| {
        let name = name.to_owned();
        (scope, Members { name, ..members })
    });
    let mut members: BTreeMap<Scope, Members> = named.collect();
    let site = Members {
        name: String::new(),
        in_feeds: posts.iter().filter(|post| post.in_feeds).cloned().collect(),
        posts,
    };
    members.insert(Scope::Site, site);
    members
}

/// Scopes while they are filled. A [`key`] takes longer to make than to look up, so it is made once for each spelling.
#[derive(Default)]
struct Scopes<'a> {
    members: Vec<(Scope, &'a str, Members)>,
    places: HashMap<Scope, usize>,
    spelled: HashMap<(Kind, &'a str), usize>,
}

type Kind = std::mem::Discriminant<Scope>;

impl<'a> Scopes<'a> {
    fn add(&mut self, scope: fn(String) -> Scope, name: &'a str, post: &'a Arc<Post>) {
        let kind = std::mem::discriminant(&scope(String::new()));
        let place = *self.spelled.entry((kind, name)).or_insert_with(|| {
            let scope = scope(key(name));
            *self.places.entry(scope.clone()).or_insert_with(|| {
                self.members.push((scope, name, Members::default()));
                self.members.len() - 1
            })
        });
        let Some((_, last, members)) = self.members.get_mut(place) else {
            return;
        };
        // posts come newest first: the oldest has the last word, and a new post never renames a scope
        *last = name;
        members.posts.push(Arc::clone(post));
        if post.in_feeds {
            members.in_feeds.push(Arc::clone(post));
        }
    }
}
