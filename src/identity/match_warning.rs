//! Warnings about files that are not the post that their author may expect.

use super::post_records::PostId;
use super::record::PostRecord;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::{Origin, Post};

/// A warning for the author about a file that was matched.
#[derive(Debug)]
pub(super) struct MatchWarning {
    /// The known post that a new post replaces: its addresses lead to the new post.
    pub(super) predecessor: Option<PostId>,
    pub(super) diagnostic: Diagnostic,
}

impl MatchWarning {
    /// A warning about a post without a predecessor.
    pub(super) fn new(diagnostic: Diagnostic) -> MatchWarning {
        MatchWarning {
            predecessor: None,
            diagnostic,
        }
    }
}

/// The warning that `post`, whose file names an id, keeps the other `id` by which readers know it. `owner` is the post that has the named
/// id, or had it.
pub(super) fn id_not_used(post: &Post, owner: Option<&PostRecord>, id: &str) -> Diagnostic {
    let named = &post.id;
    let (code, message) = match owner {
        Some(owner) if owner.withdrawn.is_none() => (
            "id-taken",
            format!(
                "the id `{named}` belongs to {}; this post keeps `{id}`, by which readers know it",
                owner.source
            ),
        ),
        Some(owner) => (
            "id-taken",
            format!(
                "the id `{named}` belonged to {}, which was withdrawn; this post keeps `{id}`, by which readers know it",
                owner.source
            ),
        ),
        None => (
            "id-ignored",
            format!("readers know this post by the id `{id}`, so `{named}` is not used"),
        ),
    };
    Diagnostic::new(Severity::Warning, code, &post.source, message)
        .mend(format!("write `{}: \"{id}\"`, or leave the key out", key_of_id(post)))
}

/// The warning that `post`, as it is in its file, stays at the address of `published`: when it was published, another post had its own.
pub(super) fn address_not_used(post: &Post, published: &Post) -> Diagnostic {
    let message = format!(
        "the address {} belonged to another post when this one was published, so this post stays at {}",
        &post.address, &published.address
    );
    // only an author who wrote the address needs a warning, not one whose file name gave it
    let severity = match post.origins.address {
        Origin::Field(_) => Severity::Warning,
        _ => Severity::Note,
    };
    Diagnostic::new(severity, "address-taken", &post.source, message)
        .mend("write another `slug`; the old address then leads to the new one")
}

/// The warning that `post`, which readers know by `id`, is a new post because its file names another id.
pub(super) fn id_changed(post: &Post, id: &str) -> Diagnostic {
    let message = format!(
        "readers know this post by the id `{id}`; with `{}` they see it as a new one, and the other as withdrawn",
        &post.id
    );
    Diagnostic::new(Severity::Warning, "id-changed", &post.source, message).mend(format!(
        "if that is not meant, write `{}: \"{id}\"` or leave the key out, before it is published",
        key_of_id(post)
    ))
}

/// The warning that `post` is a new post, although it may be one of `candidates`.
pub(super) fn identity_unclear(post: &Post, candidates: &[&PostRecord]) -> Diagnostic {
    let named: Vec<String> = candidates
        .iter()
        .take(3)
        .map(|record| format!("{} (`{}`)", record.source, record.id))
        .collect();
    let message = format!(
        "it may be a former post under another name: {}; it is taken as a new one",
        named.join(", ")
    );
    Diagnostic::new(Severity::Warning, "identity-unclear", &post.source, message)
        .mend("if it is one of them, write that one's id as its `id`")
}

/// The key of the id in the front matter of `post`.
fn key_of_id(post: &Post) -> &str {
    match &post.origins.id {
        Origin::Field(key) => key,
        _ => "id",
    }
}
