//! Who has an id, a slug or an address that several posts claim.
//!
//! Posts that are out come before drafts, then those that the world knows before newcomers, then the older before the newer,
//! originals before translations, then by path: so a new post never takes anything from an old one, and the outcome does not depend
//! on the order in which files were found. Who comes second is published all the same, under a slug made of its own path. A draft
//! that was out before keeps its id from newcomers all the same.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::keyed::{Address, Id, Keyed, Slug};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::slug::{read_path, slugify};
use crate::post::{Origin, Post, Standing, Taken};

/// `posts`, ordered by path, each with an id, a slug and an address of its own, in the order of their claims and each with its place
/// among `posts`; and what its author should know of that. What is given other ones is taken from `before`, the posts as they were
/// last, ordered by path, if it is there: documents are kept by the posts in them.
pub(super) fn settle(
    posts: Vec<Arc<Post>>,
    newcomers: &HashSet<Utf8PathBuf>,
    config: &Config,
    before: &[Arc<Post>],
) -> (Vec<(usize, Arc<Post>)>, Vec<Diagnostic>) {
    let mut claimants: Vec<Claimant> = posts.into_iter().enumerate().map(|at| Claimant::new(at, newcomers)).collect();
    claimants.sort_unstable_by(Claimant::cmp);
    let mut ids: Keyed<Id> = Keyed::with_capacity(claimants.len());
    let mut addresses: Keyed<Address> = Keyed::with_capacity(claimants.len());
    let mut slugs: Keyed<Slug> = Keyed::with_capacity(claimants.len());
    let mut diagnostics = Vec::new();
    // what the world knows keeps its id while it is hidden, too, for it may come back
    let is_kept = |claimant: &&Claimant| claimant.is_hidden && !newcomers.is_empty() && !claimant.is_new;
    let mut kept: Keyed<Id> = Keyed::with_capacity(0);
    claimants
        .iter()
        .filter(is_kept)
        .for_each(|claimant| kept.insert(&claimant.post));
    for Claimant { post, is_new, .. } in &mut claimants {
        let kept_by = |id: &str| kept.get(id).filter(|_| *is_new);
        let id_owner = ids.get(&post.id).or_else(|| kept_by(&post.id)).cloned();
        let address_owner = addresses.get(&post.address).cloned();
        if id_owner.is_some() || address_owner.is_some() || slugs.contains(&post.slug) {
            let taken = Taken {
                id: id_owner.is_some(),
                address: address_owner.is_some(),
            };
            let free = |moved: &Post| {
                let is_id_free = !ids.contains(&moved.id) && kept_by(&moved.id).is_none();
                is_id_free && !slugs.contains(&moved.slug) && !addresses.contains(&moved.address)
            };
            let displaced = other_slugs(post).map(|slug| post.displaced(slug, taken, config)).find(free);
            // the last of the slugs is made of a hash of the path: it is free but for a made-up collision
            let Some(displaced) = displaced else { continue };
            if let Some(owner) = address_owner {
                diagnostics.push(said(
                    "address-taken",
                    post,
                    &format!("the address {}", post.address),
                    &owner,
                    &displaced.address,
                ));
            }
            if let Some(owner) = id_owner.filter(|_| post.id != displaced.id && !is_derived(post)) {
                diagnostics.push(said("id-taken", post, &format!("the id {}", post.id), &owner, &displaced.id));
            }
            let last = before.binary_search_by(|last| last.source.cmp(&displaced.source)).ok();
            let last = last.and_then(|at| before.get(at)).filter(|last| ***last == displaced);
            *post = last.map_or_else(|| Arc::new(displaced), Arc::clone);
        }
        ids.insert(post);
        addresses.insert(post);
        slugs.insert(post);
    }
    // two posts can still be alike only by a collision of hashes: the first keeps its place
    claimants.retain(|claimant| {
        ids.get(&claimant.post.id)
            .is_some_and(|owner| Arc::ptr_eq(owner, &claimant.post))
    });
    let posts = claimants.into_iter().map(|claimant| (claimant.at, claimant.post)).collect();
    (posts, diagnostics)
}

/// A post and what its claims are weighed by.
struct Claimant {
    is_hidden: bool,
    is_new: bool,
    /// Its place in the order of paths.
    at: usize,
    post: Arc<Post>,
}

impl Claimant {
    fn new((at, post): (usize, Arc<Post>), newcomers: &HashSet<Utf8PathBuf>) -> Claimant {
        Claimant {
            is_hidden: matches!(post.standing, Standing::Draft | Standing::Private),
            is_new: !newcomers.is_empty() && newcomers.contains(&post.source),
            at,
            post,
        }
    }

    /// The one whose claims go first.
    fn cmp(&self, other: &Claimant) -> Ordering {
        let is_translated = |post: &Post| read_path(&post.source).language.is_some();
        (self.is_hidden, self.is_new, self.post.date)
            .cmp(&(other.is_hidden, other.is_new, other.post.date))
            .then_with(|| is_translated(&self.post).cmp(&is_translated(&other.post)))
            .then_with(|| self.at.cmp(&other.at))
    }
}

fn is_derived(post: &Post) -> bool {
    post.origins.id == Origin::DateAndSlug
}

/// Slugs for a post whose own is taken, the kindest first. They come from its own path alone.
fn other_slugs(post: &Post) -> impl Iterator<Item = String> {
    let slug = &post.slug;
    let language = read_path(&post.source)
        .language
        .map(|language| format!("{slug}-{}", language.to_lowercase()));
    // Jekyll's weekly posts have one slug and many dates; a date that a touch of the file could move is no part of an address
    let date = (post.origins.date != Origin::FileTime).then(|| format!("{slug}-{}", post.date.date()));
    let folder = post
        .source
        .parent()
        .map(|folder| slugify(folder.as_str()))
        .filter(|folder| !folder.is_empty() && folder != slug);
    let hash = blake3::hash(post.source.as_str().as_bytes()).to_hex();
    [
        Some(slug.clone()),
        language,
        folder.map(|folder| format!("{folder}-{slug}")),
        date,
        Some(format!("{slug}-{}", &hash[..6])),
        Some(format!("{slug}-{}", &hash[..32])),
    ]
    .into_iter()
    .flatten()
}

fn said(code: &'static str, post: &Post, what: &str, owner: &Post, instead: &str) -> Diagnostic {
    let message = format!("{what} belongs to {}; this post has {instead}", owner.source);
    // who asked for something and does not get it should hear of it; who took what the file's name gave need not care
    let asked = if code == "id-taken" {
        &post.origins.id
    } else {
        &post.origins.address
    };
    let severity = if matches!(asked, Origin::Field(_)) {
        Severity::Warning
    } else {
        Severity::Note
    };
    let key = if code == "id-taken" { "id" } else { "slug" };
    Diagnostic::new(severity, code, &post.source, message).mend(format!("write another `{key}`"))
}
