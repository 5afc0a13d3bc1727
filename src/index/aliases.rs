//! Resolves old addresses: which post each of them redirects to.
//!
//! An alias counts only if it is not a live address, and only if its post is readable: a draft's alias redirects nowhere and
//! blocks no other. Precedence among posts is that of [`claims`](super::claims).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::claims::{ClaimChange, Claims};
use super::holders::ClaimKind;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::{Post, page_key};
use crate::shared_vec::SharedVec;
use crate::time::Timestamp;

/// The old addresses that posts claim, and the post that each redirects to.
#[derive(Debug, Default)]
pub(super) struct AliasTable {
    /// The posts that have aliases, ordered by path.
    posts_with_aliases: SharedVec<Arc<Post>>,
    /// The target posts, by [`page_key`] address.
    by_alias: HashMap<String, Arc<Post>>,
    /// The live addresses, [`page_key`], that decide which aliases count.
    watched: HashSet<String>,
    /// Warnings for authors whose alias does not count.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl AliasTable {
    /// Resolves the aliases of the posts in `claims` at `now`.
    pub(super) fn build(claims: &Claims, now: Timestamp) -> AliasTable {
        AliasTable::resolve(
            claims.all.iter().filter(|post| has_aliases(post)).cloned().collect(),
            claims,
            now,
        )
    }

    /// Returns the aliases after `changes`, which led to `claims`; `None` if they are the same.
    pub(super) fn after<'a>(
        &self,
        changed: impl Iterator<Item = &'a ClaimChange> + Clone,
        claims: &Claims,
        now: Timestamp,
    ) -> Option<AliasTable> {
        let posts = changed.clone().flat_map(|change| [&change.before, &change.after]).flatten();
        let concerns = |post: &Post| has_aliases(post) || self.watched.contains(page_key(&post.address));
        if !posts.into_iter().any(|post| concerns(post)) {
            return None;
        }
        let mut posts_with_aliases = self.posts_with_aliases.clone();
        for ClaimChange { before, after } in changed {
            if let Some(post) = before.as_ref().filter(|post| has_aliases(post)) {
                let at = posts_with_aliases.partition_point(|other| other.by_source(post).is_lt());
                if posts_with_aliases.get(at).is_some_and(|other| other.source == post.source) {
                    posts_with_aliases.remove(at);
                }
            }
            if let Some(post) = after.as_ref().filter(|post| has_aliases(post)) {
                let at = posts_with_aliases.partition_point(|other| other.by_source(post).is_lt());
                posts_with_aliases.insert(at, Arc::clone(post));
            }
        }
        Some(AliasTable::resolve(posts_with_aliases, claims, now))
    }

    fn resolve(posts_with_aliases: SharedVec<Arc<Post>>, claims: &Claims, now: Timestamp) -> AliasTable {
        let mut aliases = AliasTable::default();
        let by_precedence = claims.by_precedence(posts_with_aliases.iter());
        for post in &by_precedence {
            for alias in &post.aliases {
                aliases.claim(alias, post, claims, now);
            }
        }
        // names come last: they may never have been addresses
        for post in by_precedence {
            for address in post.addresses_of_names() {
                let page = page_key(&address);
                aliases.watched.insert(page.to_owned());
                if post.is_readable(now) && claims.live_at(page, now).is_none() && !aliases.by_alias.contains_key(page) {
                    aliases.by_alias.insert(page.to_owned(), Arc::clone(post));
                }
            }
        }
        aliases.posts_with_aliases = posts_with_aliases;
        aliases
    }

    fn claim(&mut self, alias: &str, post: &Arc<Post>, claims: &Claims, now: Timestamp) {
        let page = page_key(alias);
        let source = page.strip_suffix(".md");
        self.watched.extend(source.into_iter().chain([page]).map(str::to_owned));
        let owner = claims.live_at(page, now).map(|post| (post, "the address"));
        let markdown = || claims.live_at(source?, now);
        let owner = owner.or_else(|| markdown().map(|post| (post, "the Markdown")));
        let owner = owner.or_else(|| self.by_alias.get(page).map(|post| (post, "an alias")));
        let Some((owner, what)) = owner else {
            if post.is_readable(now) {
                self.by_alias.insert(page.to_owned(), Arc::clone(post));
            }
            return;
        };
        // the owner may be its own Markdown, or the post itself if it lost its address
        if owner.source != post.source {
            let message = format!("the alias `{alias}` does not lead here: it is {what} of {}", &owner.source);
            let diagnostic = Diagnostic::new(Severity::Warning, "alias-taken", &post.source, message);
            self.diagnostics.push(diagnostic.mend("remove it from one of the two posts"));
        }
    }

    /// The post that the old address `address` redirects to.
    pub(super) fn get(&self, address: &str) -> Option<&Arc<Post>> {
        self.by_alias.get(page_key(address))
    }
}

fn has_aliases(post: &Post) -> bool {
    !post.aliases.is_empty() || !post.names.is_empty()
}

impl Claims {
    /// The readable post at `now` whose own address is `address` in any spelling.
    pub(super) fn live_at(&self, address: &str, now: Timestamp) -> Option<&Arc<Post>> {
        let page = page_key(address);
        let live = |address: &str| {
            self.holders
                .get(ClaimKind::Address, address)
                .filter(|post| post.is_readable(now))
        };
        live(page).or_else(|| live(&format!("{page}/")))
    }
}
