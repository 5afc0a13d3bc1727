//! Finds tags and authors that had another address when their names were read in another way.

use super::Site;
use crate::index::Scope;
use crate::post::key;

/// The newest posts of each author that are searched for the key of a name.
const MOST_POSTS: usize = 8;

impl Site {
    /// Returns the scope with the posts of `scope`, which has none: posts wrote a key in place of an author's name, or character
    /// references in a name (`q &amp; a`).
    #[must_use]
    pub fn renamed_scope(&self, scope: &Scope) -> Option<Scope> {
        if self.index.members(scope).is_some() {
            return None;
        }
        let decoded = |name: &str| key(&html_escape::decode_html_entities(name));
        let renamed = match scope {
            Scope::Tag(name) => Scope::Tag(decoded(name)),
            Scope::Author(name) => self.author_known_as(name).unwrap_or_else(|| Scope::Author(decoded(name))),
            Scope::Site | Scope::Section(_) => return None,
        };
        self.index.members(&renamed).map(|_| renamed)
    }

    /// The author that posts name by the key `name`. Only addresses that lead nowhere are looked up, so there is no table of them.
    fn author_known_as(&self, name: &str) -> Option<Scope> {
        let mut authors = self.index.scopes().filter(|(scope, _)| matches!(scope, Scope::Author(_)));
        let found = authors.find(|(scope, members)| {
            let mut people = members.posts.iter().take(MOST_POSTS).flat_map(|post| &post.authors);
            people.any(|person| person.known_as.as_deref() == Some(name) && Scope::Author(key(&person.name)) == **scope)
        });
        found.map(|(scope, _)| scope.clone())
    }
}
