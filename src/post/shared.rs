//! Values that many posts of a site have alike, kept once for all of them.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use super::{Origins, Person, Post};

/// The values that posts share.
#[derive(Debug, Default)]
pub struct Shared {
    origins: HashSet<Arc<Origins>>,
    authors: HashSet<Arc<[Person]>>,
    words: HashSet<Arc<str>>,
}

impl Shared {
    /// Puts what other posts have too in the place of what `post` has of its own.
    pub fn share(&mut self, post: &mut Post) {
        share(&mut self.origins, &mut post.origins);
        share(&mut self.authors, &mut post.authors);
        for word in post.section.iter_mut().chain(&mut post.language).chain(&mut post.tags) {
            share(&mut self.words, word);
        }
    }
}

fn share<T: ?Sized + Eq + Hash>(known: &mut HashSet<Arc<T>>, value: &mut Arc<T>) {
    if let Some(same) = known.get(&**value) {
        *value = Arc::clone(same);
        return;
    }
    // what no post has any more goes before there is made more room
    if known.len() == known.capacity() {
        known.retain(|value| Arc::strong_count(value) > 1);
    }
    known.insert(Arc::clone(value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::post::read;
    use crate::source::SourceFile;
    use crate::time::Timestamp;

    fn post(text: &str) -> Post {
        let file = SourceFile {
            path: "notes/a.md".into(),
            bytes: text.as_bytes().into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        read(&file, &Config::default()).unwrap().post
    }

    #[test]
    fn what_posts_have_alike_is_kept_once_and_nothing_else() {
        let text = "---\ntitle: A\ntags: [reeds, dunes]\nauthor: Ann Ott\nlang: en\n---\n";
        let mut shared = Shared::default();
        let (mut one, mut other, before) = (post(text), post(text), post(text));
        for post in [&mut one, &mut other] {
            shared.share(post);
            assert_eq!(*post, before, "it says the same");
        }
        assert!(Arc::ptr_eq(&one.origins, &other.origins) && Arc::ptr_eq(&one.authors, &other.authors));
        assert!(one.tags.iter().zip(&other.tags).all(|(one, other)| Arc::ptr_eq(one, other)));
        drop((one, other));
        for number in 0..1000 {
            shared.share(&mut post(&format!("---\nauthor: Ann {number}\ntags: [tag{number}]\n---\n")));
        }
        assert!(shared.words.len() < 100 && shared.authors.len() < 100, "{shared:?}");
    }
}
