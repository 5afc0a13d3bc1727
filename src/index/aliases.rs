//! Which post an old address leads to, where several want it.
//!
//! An alias is good only where nothing live stands, and only that of a post that the world may read: a draft's leads nowhere and takes
//! nothing. Who comes first among posts, comes first here (see [`claims`](super::claims)).

use std::collections::HashMap;
use std::sync::Arc;

use super::keyed::{Address, Keyed};
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::{Post, bare};
use crate::time::Timestamp;

/// The posts that old addresses lead to at `now`, by [`bare`] address; and what their authors should know of that. `posts` come in the
/// order of their claims; `live` are those that can be read, by their own addresses.
pub(super) fn settle<'a>(
    posts: impl Iterator<Item = &'a Arc<Post>> + Clone,
    live: &Keyed<Address>,
    now: Timestamp,
) -> (HashMap<String, Arc<Post>>, Vec<Diagnostic>) {
    let mut by_alias = HashMap::new();
    let mut diagnostics = Vec::new();
    for post in posts.clone() {
        for alias in &post.aliases {
            let page = bare(alias);
            let markdown = || at(live, page.strip_suffix(".md")?);
            let owner = at(live, page).map(|post| (post, "the address"));
            let owner = owner.or_else(|| markdown().map(|post| (post, "the Markdown")));
            let owner = owner.or_else(|| by_alias.get(page).map(|post: &Arc<Post>| (post, "an alias")));
            let Some((owner, what)) = owner else {
                if post.is_readable(now) {
                    by_alias.insert(page.to_owned(), Arc::clone(post));
                }
                continue;
            };
            // its own Markdown may stand there, or the post itself where it had to give its address away
            if owner.source != post.source {
                let message = format!("the alias `{alias}` does not lead here: it is {what} of {}", owner.source);
                let diagnostic = Diagnostic::new(Severity::Warning, "alias-taken", &post.source, message);
                diagnostics.push(diagnostic.mend("remove it from one of the two posts"));
            }
        }
    }
    // names come last: they were perhaps never addresses
    for post in posts.filter(|post| !post.names.is_empty() && post.is_readable(now)) {
        for address in post.addresses_of_names() {
            let page = bare(&address);
            if at(live, page).is_none() && !by_alias.contains_key(page) {
                by_alias.insert(page.to_owned(), Arc::clone(post));
            }
        }
    }
    (by_alias, diagnostics)
}

/// The post of `live` whose own address is `address` in any spelling.
pub(super) fn at<'a>(live: &'a Keyed<Address>, address: &str) -> Option<&'a Arc<Post>> {
    let page = bare(address);
    live.get(page).or_else(|| live.get(&format!("{page}/")))
}
