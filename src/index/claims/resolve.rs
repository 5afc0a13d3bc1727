//! Resolves the claims of posts that may claim the same id, slug or address.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::by_path;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::index::holders::ClaimKind;
use crate::post::slug::{parse_path, slugify};
use crate::post::{LostClaims, Origin, Post};
use crate::shared_vec::SharedVec;

/// A post that did not get everything it claimed.
#[derive(Debug)]
pub(super) struct DisplacedPost {
    /// The post with all its claims granted.
    pub(super) wanted: Arc<Post>,
    /// The post as it is published; `None` if even the last candidate slug was taken.
    pub(super) given: Option<Arc<Post>>,
    /// Warnings for its author.
    pub(super) warnings: Vec<Diagnostic>,
    /// Everything it claimed or tried.
    pub(super) tried: Vec<(ClaimKind, String)>,
}

/// What a post got.
#[derive(Debug)]
pub(super) enum ClaimResult {
    /// Everything it claimed.
    Granted,
    /// Something else.
    DisplacedPost(Arc<DisplacedPost>),
}

/// The posts that own an id, address or slug so far.
#[derive(Debug, Default)]
struct ClaimOwners {
    /// By id, and by id in Atom.
    ids: HashMap<Box<str>, Arc<Post>>,
    addresses: HashMap<Box<str>, Arc<Post>>,
    slugs: HashSet<Box<str>>,
}

impl ClaimOwners {
    fn are_none_of(&self, post: &Post) -> bool {
        self.id_owner(post).is_none()
            && !self.slugs.contains(post.slug.as_str())
            && !self.addresses.contains_key(post.address.as_str())
    }

    fn id_owner(&self, post: &Post) -> Option<&Arc<Post>> {
        self.ids.get(post.id.as_str()).or_else(|| self.ids.get(post.atom_id()))
    }

    fn add(&mut self, post: &Arc<Post>) {
        self.ids.insert(post.id.as_str().into(), Arc::clone(post));
        if let Some(atom_id) = &post.atom_id {
            self.ids.insert(atom_id.clone(), Arc::clone(post));
        }
        self.addresses.insert(post.address.as_str().into(), Arc::clone(post));
        self.slugs.insert(post.slug.as_str().into());
    }
}

/// A post with the facts that decide its precedence.
pub(super) struct Claimant<'a> {
    pub(super) is_hidden: bool,
    pub(super) is_new: bool,
    pub(super) post: &'a Arc<Post>,
}

impl Claimant<'_> {
    /// The claimant with the higher precedence is less.
    pub(super) fn cmp(&self, other: &Claimant) -> Ordering {
        let is_translated = |post: &Post| parse_path(&post.source).language.is_some();
        let facts = |claimant: &Claimant| {
            (
                claimant.is_hidden,
                claimant.is_new,
                claimant.post.kind.is_page(),
                claimant.post.date,
            )
        };
        facts(self)
            .cmp(&facts(other))
            .then_with(|| is_translated(self.post).cmp(&is_translated(other.post)))
            .then_with(|| self.post.by_source(other.post))
    }
}

/// Decides what each of `claimants` gets. Where a post is published with other values than it claimed and equals the one in
/// `before` (the posts as last published, ordered by path), that one is shared.
pub(super) fn resolve_claims<'a>(
    mut claimants: Vec<Claimant<'a>>,
    config: &Config,
    before: &SharedVec<Arc<Post>>,
) -> Vec<(&'a Arc<Post>, ClaimResult)> {
    claimants.sort_by(Claimant::cmp);
    let kept = kept_ids(&claimants);
    let mut owners = ClaimOwners::default();
    let mut resolved = Vec::with_capacity(claimants.len());
    for Claimant { post, is_new, .. } in claimants {
        let kept_by = |post: &Post| {
            kept.get(post.id.as_str())
                .or_else(|| kept.get(post.atom_id()))
                .copied()
                .filter(|_| is_new)
        };
        let id_owner = owners.id_owner(post).or_else(|| kept_by(post)).cloned();
        let address_owner = owners.addresses.get(post.address.as_str()).cloned();
        if id_owner.is_none() && address_owner.is_none() && !owners.slugs.contains(post.slug.as_str()) {
            owners.add(post);
            resolved.push((post, ClaimResult::Granted));
            continue;
        }
        let taken = LostClaims {
            id: id_owner.is_some(),
            address: address_owner.is_some(),
        };
        let mut tried = Vec::new();
        let mut record_tried = |post: &Post| tried.extend(ClaimKind::all_of(post).map(|(kind, text)| (kind, text.to_owned())));
        record_tried(post);
        let is_free = |moved: &Post| {
            record_tried(moved);
            kept_by(moved).is_none() && owners.are_none_of(moved)
        };
        let given = other_slugs(post)
            .map(|slug| post.displaced(&slug, taken, config))
            .find(is_free);
        let given = given.map(|given| {
            let last = by_path(before, &given.source).filter(|last| ***last == given);
            last.map_or_else(|| Arc::new(given), Arc::clone)
        });
        if let Some(given) = &given {
            owners.add(given);
        }
        let warnings = given
            .as_deref()
            .map(|given| warnings_for(post, given, address_owner, id_owner))
            .unwrap_or_default();
        resolved.push((
            post,
            ClaimResult::DisplacedPost(Arc::new(DisplacedPost {
                wanted: Arc::clone(post),
                given,
                warnings,
                tried,
            })),
        ));
    }
    resolved
}

/// The ids of known posts that are hidden, with the posts. They are kept, because such a post may be published again.
fn kept_ids<'a>(claimants: &[Claimant<'a>]) -> HashMap<&'a str, &'a Arc<Post>> {
    let hidden = claimants.iter().filter(|claimant| claimant.is_hidden && !claimant.is_new);
    let ids = hidden.rev().flat_map(|claimant| {
        let post = claimant.post;
        [post.id.as_str(), post.atom_id()].map(|id| (id, post))
    });
    ids.collect()
}

/// The warnings for the author of `post`, which is published as `given` because other posts own what it claimed.
fn warnings_for(post: &Post, given: &Post, address_owner: Option<Arc<Post>>, id_owner: Option<Arc<Post>>) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    if let Some(owner) = address_owner {
        warnings.push(address_taken(post, given, &owner));
    }
    if let Some(owner) = id_owner.filter(|_| post.id != given.id && !is_derived(post)) {
        warnings.push(id_taken(post, given, &owner));
    }
    warnings
}

/// The warning for the author of `post`, which claims the id of `owner` and gets the id of `given`.
fn id_taken(post: &Post, given: &Post, owner: &Post) -> Diagnostic {
    let key = match &post.origins.id {
        Origin::Field(key) => Some(&**key),
        _ => None,
    };
    let severity = if key.is_some() { Severity::Warning } else { Severity::Note };
    let key = key.unwrap_or("id");
    let message = format!(
        "the id `{}` belongs to {}; this post gets `{}`, and keeps it once it is published",
        &post.id, &owner.source, &given.id
    );
    Diagnostic::new(severity, "id-taken", &post.source, message)
        .mend(format!("write another `{key}` before it is published, or leave the key out"))
}

fn is_derived(post: &Post) -> bool {
    post.origins.id == Origin::DateAndSlug
}

/// Candidate slugs for a post whose own is taken, the most readable first. They depend on its own path alone.
fn other_slugs(post: &Post) -> impl Iterator<Item = String> {
    let slug = &post.slug;
    let language = parse_path(&post.source)
        .language
        .map(|language| format!("{slug}-{}", language.to_lowercase()));
    // Jekyll's weekly posts have one slug and many dates; a date that touching the file would change is not used in an address
    let date = (post.origins.date != Origin::FileTime).then(|| format!("{slug}-{}", post.date.date()));
    let folder = post
        .source
        .parent()
        .map(|folder| slugify(folder.as_str()))
        .filter(|folder| !folder.is_empty() && **folder != *slug);
    let hash = blake3::hash(post.source.as_str().as_bytes()).to_hex();
    [
        Some(slug.to_string()),
        language,
        folder.map(|folder| format!("{folder}-{slug}")),
        date,
        Some(format!("{slug}-{}", &hash[..6])),
        Some(format!("{slug}-{}", &hash[..32])),
    ]
    .into_iter()
    .flatten()
}

/// The warning for the author of `post`, which claims the address of `owner` and gets that of `given`.
fn address_taken(post: &Post, given: &Post, owner: &Post) -> Diagnostic {
    let message = format!(
        "the address {} belongs to {}; this post has {}",
        &post.address, &owner.source, &given.address
    );
    // only an author who wrote the address needs a warning, not one whose file name gave it
    let severity = if matches!(post.origins.address, Origin::Field(_)) {
        Severity::Warning
    } else {
        Severity::Note
    };
    Diagnostic::new(severity, "address-taken", &post.source, message).mend("write another `slug`")
}
