//! Which post an old address leads to, where several want it.
//!
//! An alias is good only where nothing live stands, and only that of a post that the world may read: a draft's leads nowhere and takes
//! nothing. Who comes first among posts, comes first here (see [`claims`](super::claims)).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::claims::{ClaimChange, Claims};
use super::holders::Kind;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::{Post, bare};
use crate::shared_vec::SharedVec;
use crate::time::Timestamp;

/// Where the old addresses lead that posts claim.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    /// The posts that claim any, ordered by path.
    bearers: SharedVec<Arc<Post>>,
    /// The posts that they lead to, by [`bare`] address.
    by_alias: HashMap<String, Arc<Post>>,
    /// The live addresses, [`bare`], on which it depends where they lead.
    watched: HashSet<String>,
    /// What their authors should know.
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Aliases {
    /// The aliases of the posts of `claims` at `now`.
    pub(super) fn of(claims: &Claims, now: Timestamp) -> Aliases {
        Aliases::borne_by(claims.all.iter().filter(|post| bears(post)).cloned().collect(), claims, now)
    }

    /// The aliases after `passages`, by which the claims came to be `claims`; `None` if they are the same.
    pub(super) fn after<'a>(
        &self,
        passages: impl Iterator<Item = &'a ClaimChange> + Clone,
        claims: &Claims,
        now: Timestamp,
    ) -> Option<Aliases> {
        let posts = passages
            .clone()
            .flat_map(|passage| [&passage.before, &passage.after])
            .flatten();
        let concerns = |post: &Post| bears(post) || self.watched.contains(bare(post.address()));
        if !posts.into_iter().any(|post| concerns(post)) {
            return None;
        }
        let mut bearers = self.bearers.clone();
        for ClaimChange { before, after } in passages {
            if let Some(post) = before.as_ref().filter(|post| bears(post)) {
                let at = bearers.partition_point(|other| other.by_source(post).is_lt());
                if bearers.get(at).is_some_and(|other| other.source() == post.source()) {
                    bearers.remove(at);
                }
            }
            if let Some(post) = after.as_ref().filter(|post| bears(post)) {
                let at = bearers.partition_point(|other| other.by_source(post).is_lt());
                bearers.insert(at, Arc::clone(post));
            }
        }
        Some(Aliases::borne_by(bearers, claims, now))
    }

    fn borne_by(bearers: SharedVec<Arc<Post>>, claims: &Claims, now: Timestamp) -> Aliases {
        let mut aliases = Aliases::default();
        let in_turn = claims.in_turn(bearers.iter());
        for post in &in_turn {
            for alias in &post.rare.aliases {
                aliases.claim(alias, post, claims, now);
            }
        }
        // names come last: they were perhaps never addresses
        for post in in_turn {
            for address in post.addresses_of_names() {
                let page = bare(&address);
                aliases.watched.insert(page.to_owned());
                if post.is_readable(now) && claims.live_at(page, now).is_none() && !aliases.by_alias.contains_key(page) {
                    aliases.by_alias.insert(page.to_owned(), Arc::clone(post));
                }
            }
        }
        aliases.bearers = bearers;
        aliases
    }

    fn claim(&mut self, alias: &str, post: &Arc<Post>, claims: &Claims, now: Timestamp) {
        let page = bare(alias);
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
        // its own Markdown may stand there, or the post itself where it had to give its address away
        if owner.source() != post.source() {
            let message = format!("the alias `{alias}` does not lead here: it is {what} of {}", owner.source());
            let diagnostic = Diagnostic::new(Severity::Warning, "alias-taken", post.source(), message);
            self.diagnostics.push(diagnostic.mend("remove it from one of the two posts"));
        }
    }

    /// The post that the old address `address` leads to.
    pub(super) fn get(&self, address: &str) -> Option<&Arc<Post>> {
        self.by_alias.get(bare(address))
    }
}

fn bears(post: &Post) -> bool {
    !post.rare.aliases.is_empty() || !post.rare.names.is_empty()
}

impl Claims {
    /// The post that can be read at `now` whose own address is `address` in any spelling.
    pub(super) fn live_at(&self, address: &str, now: Timestamp) -> Option<&Arc<Post>> {
        let page = bare(address);
        let live = |address: &str| self.holders.get(Kind::Address, address).filter(|post| post.is_readable(now));
        live(page).or_else(|| live(&format!("{page}/")))
    }
}
