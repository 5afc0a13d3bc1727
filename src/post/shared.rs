//! Values that many posts of a site have alike, kept once for all of them.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use super::{Alike, Origins, Person, Post};

/// The values that posts share.
#[derive(Debug, Default)]
pub struct Shared {
    alike: HashSet<Arc<Alike>>,
    /// What the last post had: as a rule the next one has it too, and to look at it takes a fraction of looking for it.
    last: Option<Arc<Alike>>,
    origins: HashSet<Arc<Origins>>,
    authors: HashSet<Arc<[Person]>>,
    tags: HashSet<Arc<Vec<Arc<str>>>>,
    words: HashSet<Arc<str>>,
}

impl Shared {
    /// Puts what other posts have too in the place of what `post` has of its own.
    pub fn share(&mut self, post: &mut Post) {
        if !find(&self.tags, &mut post.tags) {
            let mut tags: Vec<Arc<str>> = post.tags.to_vec();
            for tag in &mut tags {
                share(&mut self.words, tag);
            }
            post.tags = tags.into();
            keep(&mut self.tags, &post.tags);
        }
        if let Some(last) = self.last.as_ref().filter(|last| **last == post.alike) {
            post.alike = Arc::clone(last);
            return;
        }
        if !find(&self.alike, &mut post.alike) {
            let own = Arc::make_mut(&mut post.alike);
            share(&mut self.origins, &mut own.origins);
            share(&mut self.authors, &mut own.authors);
            for word in own.section.iter_mut().chain(&mut own.language) {
                share(&mut self.words, word);
            }
            keep(&mut self.alike, &post.alike);
        }
        self.last = Some(Arc::clone(&post.alike));
    }
}

fn share<T: ?Sized + Eq + Hash>(known: &mut HashSet<Arc<T>>, value: &mut Arc<T>) {
    if !find(known, value) {
        keep(known, value);
    }
}

/// Puts what is known in the place of `value`, if that is.
fn find<T: ?Sized + Eq + Hash>(known: &HashSet<Arc<T>>, value: &mut Arc<T>) -> bool {
    let same = known.get(&**value);
    if let Some(same) = same {
        *value = Arc::clone(same);
    }
    same.is_some()
}

fn keep<T: ?Sized + Eq + Hash>(known: &mut HashSet<Arc<T>>, value: &Arc<T>) {
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
    use crate::source_file::SourceFile;
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
        assert!(Arc::ptr_eq(&one.alike.origins, &other.alike.origins) && Arc::ptr_eq(&one.alike.authors, &other.alike.authors));
        assert!(
            one.tags
                .iter()
                .zip(other.tags.iter())
                .all(|(one, other)| Arc::ptr_eq(one, other))
        );
        drop((one, other));
        for number in 0..1000 {
            shared.share(&mut post(&format!("---\nauthor: Ann {number}\ntags: [tag{number}]\n---\n")));
        }
        assert!(shared.words.len() < 100 && shared.authors.len() < 100, "{shared:?}");
    }
}
