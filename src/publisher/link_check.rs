//! Checks where the links, pictures and enclosures of posts lead.
//!
//! Every post is rendered once, on all cores. An address that leads nowhere on the site is a problem, and so are a part of a page that
//! does not exist, a post that is not public and a file that is not served. Addresses of other sites are collected, and not checked here:
//! [`external_links`](super::external_links) does that if it is asked for.

mod suggestions;
mod summary;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use camino::Utf8PathBuf;
use url::Url;

pub use self::summary::link_diagnostics;
use super::parallel::map_in_parallel;
use crate::post::html::{self, RemovedMarkup};
use crate::post::reference::{Role, file_beside};
use crate::post::{Post, Visibility};
use crate::site::{LinkTarget, Site};
use crate::source::Source;
use crate::source_file::file_type::{MediaKind, media_kind};

/// How a post uses an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkUse {
    /// A link.
    Link,
    /// A picture, a sound or a video that is shown.
    Picture,
    /// An enclosure.
    Enclosure,
}

/// Why an address leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkFault {
    /// There is nothing on the site.
    Nowhere,
    /// The post is not public.
    NotPublic,
    /// The file exists, but is not served.
    NotServed(Utf8PathBuf),
    /// The page has no such part.
    NoPart,
}

/// An address in a post that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokenLink {
    /// The file of the post.
    pub source: Utf8PathBuf,
    /// The address, as it is in the HTML of the post.
    pub reference: String,
    /// How the post uses it.
    pub used: LinkUse,
    /// Why it leads nowhere.
    pub fault: LinkFault,
    /// Whether readers see the post.
    pub is_public: bool,
}

impl BrokenLink {
    /// Whether readers see a post that is not right. A link to a post that is not public yet may be meant.
    #[must_use]
    pub fn is_problem(&self) -> bool {
        self.is_public && self.fault != LinkFault::NotPublic
    }
}

/// A link that has the form of an old address, with the date in it, and leads to a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldAddress {
    /// The file of the post with the link.
    pub source: Utf8PathBuf,
    /// The address as written.
    pub reference: String,
    /// The `posts.permalink` that would make it right.
    pub pattern: String,
}

/// An address of another site in a post that readers see or will see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExternalLink {
    /// The file of the post.
    pub source: Utf8PathBuf,
    /// The address, as it is in the HTML of the post.
    pub reference: String,
    /// The same as a URL of http or https, without a fragment.
    pub url: Url,
}

/// What was found in the posts of a site.
#[derive(Clone, Debug, Default)]
pub struct LinkCheck {
    /// The addresses that lead nowhere, by file.
    pub broken: Vec<BrokenLink>,
    /// The links that have the form of an old address and lead to a post.
    pub old_addresses: Vec<OldAddress>,
    /// The addresses of other sites.
    pub external: Vec<ExternalLink>,
    /// The keys that the addresses of each post looked up ([`FoundDestination::keys`](crate::post::reference::FoundDestination::keys)).
    pub keys: Vec<(Utf8PathBuf, BTreeSet<u64>)>,
    /// The parts of the texts that readers do not see: the file and what was removed or cut.
    pub lost: Vec<(Utf8PathBuf, LostPart)>,
}

/// A part of a text that readers do not see.
#[derive(Clone, Debug)]
pub enum LostPart {
    /// What cleaning removed.
    RemovedMarkup(RemovedMarkup),
    /// What a limit cut, in words for the author.
    Cut(String),
}

/// What one post has.
#[derive(Debug, Default)]
struct CheckedPost {
    address: String,
    found: LinkCheck,
    /// Links to parts of pages: the address of the page, the part, and the link.
    parts: Vec<(String, String, BrokenLink)>,
    /// The ids in the text; `None` if not all of them are known.
    ids: Option<HashSet<String>>,
}

/// Checks the addresses in `posts`, which are posts of `site`, whose files are in `source`, on `threads` threads.
#[must_use]
pub fn check_links(site: &Site, source: &Source, posts: &[Arc<Post>], threads: usize) -> LinkCheck {
    let checked = map_in_parallel(posts, threads, |post| check_post(site, source, post));
    let mut checked: Vec<CheckedPost> = checked.into_iter().flatten().collect();
    let mut all = LinkCheck::default();
    let ids: HashMap<String, Option<HashSet<String>>> = checked
        .iter_mut()
        .map(|post| (post.address.clone(), post.ids.take()))
        .collect();
    for post in checked {
        all.broken.extend(post.found.broken);
        all.old_addresses.extend(post.found.old_addresses);
        all.external.extend(post.found.external);
        all.lost.extend(post.found.lost);
        all.keys.extend(post.found.keys);
        for (address, part, link) in post.parts {
            let has_part = match ids.get(&address) {
                Some(Some(ids)) => ids.contains(&part),
                // of a post that was not checked, or whose ids are not all known
                Some(None) => true,
                None => has_part(site, &address, &part),
            };
            if !has_part {
                all.broken.push(link);
            }
        }
    }
    all.broken.sort();
    all.external.sort();
    all.external.dedup();
    all.old_addresses
        .sort_by(|one, other| (&one.source, &one.reference).cmp(&(&other.source, &other.reference)));
    all.lost.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

/// Whether the post at `address` has the part `part`; `true` if that is not known.
fn has_part(site: &Site, address: &str, part: &str) -> bool {
    let Some(post) = site.index.by_address(address) else {
        return true;
    };
    let Some(text) = site.texts().text_once(post) else {
        return true;
    };
    html::ids(&site.rendered(post, &text).html).is_none_or(|ids| ids.contains(part))
}

/// Checks the addresses in `post`; `None` if its text cannot be read.
fn check_post(site: &Site, source: &Source, post: &Arc<Post>) -> Option<CheckedPost> {
    let text = site.texts().text_once(post)?;
    let rendered = site.rendered(post, &text);
    let mut checked = CheckedPost {
        address: post.address.to_string(),
        ids: html::ids(&rendered.html),
        ..CheckedPost::default()
    };
    // an incomplete post is held back, which is reported when it is read
    if let Some(cut) = rendered.cut.filter(|_| rendered.is_whole) {
        checked.found.lost.push((post.source.clone(), LostPart::Cut(cut)));
    }
    if let Some(removed) = html::removed(&rendered.html) {
        checked
            .found
            .lost
            .push((post.source.clone(), LostPart::RemovedMarkup(removed)));
    }
    let mut addresses: BTreeMap<(LinkUse, String), Role> = BTreeMap::new();
    for (reference, role) in html::addresses(&rendered.html) {
        let used = match role {
            Role::Link => LinkUse::Link,
            Role::Part => LinkUse::Picture,
        };
        addresses.insert((used, reference), role);
    }
    if let Some(image) = &post.image {
        addresses.insert((LinkUse::Picture, image.to_string()), Role::Part);
    }
    for enclosure in &post.enclosures {
        addresses.insert((LinkUse::Enclosure, enclosure.url.clone()), Role::Part);
    }
    let references = site.references_of(post);
    for ((used, reference), role) in addresses {
        let target = site.link_target(post, &references, &reference, role);
        check_address(site, source, post, (used, reference, target), &mut checked);
    }
    if let Some(link) = &post.link {
        checked.found.external.extend(external_link(site, post, link));
    }
    checked.found.keys.push((post.source.clone(), references.answers().keys));
    Some(checked)
}

/// Whether readers see `post`, or will at its time.
fn is_for_readers(site: &Site, post: &Post) -> bool {
    use Visibility::{Page, Public, Scheduled, Unlisted};
    matches!(post.visibility(site.built()), Public | Page | Unlisted | Scheduled)
}

/// The link of `post` to another site that `reference` is; `None` if it is not an address of http or https, or contains a tag of a template.
/// Drafts have none: they may name something that is still secret.
fn external_link(site: &Site, post: &Post, reference: &str) -> Option<ExternalLink> {
    let trimmed = reference.trim();
    let mut url = if trimmed.starts_with("//") {
        Url::parse(&site.config().base()).ok()?.join(trimmed).ok()?
    } else {
        Url::parse(trimmed).ok()?
    };
    url.set_fragment(None);
    let is_web = matches!(url.scheme(), "http" | "https") && !html::contains_template_tag(trimmed);
    (is_web && is_for_readers(site, post)).then(|| ExternalLink {
        source: post.source.clone(),
        reference: reference.to_owned(),
        url,
    })
}

/// Adds what is wrong with an address of `post` that leads to `target`.
fn check_address(
    site: &Site,
    source: &Source,
    post: &Arc<Post>,
    (used, reference, target): (LinkUse, String, LinkTarget),
    checked: &mut CheckedPost,
) {
    let broken = |reference: String, fault| BrokenLink {
        source: post.source.clone(),
        reference,
        used,
        fault,
        is_public: is_for_readers(site, post),
    };
    match target {
        LinkTarget::Found => {}
        LinkTarget::Elsewhere => checked.found.external.extend(external_link(site, post, &reference)),
        LinkTarget::File(path) => {
            // only the content of a text can be that of a post
            let kind = media_kind(&path.extension().unwrap_or_default().to_ascii_lowercase());
            if kind != Some(MediaKind::Binary) && source.open_media(&path).is_err() {
                checked.found.broken.push(broken(reference, LinkFault::NotServed(path)));
            }
        }
        LinkTarget::Page { address, part } => {
            if let Some(pattern) = summary::old_pattern(site, &reference, &address) {
                checked.found.old_addresses.push(OldAddress {
                    source: post.source.clone(),
                    reference: reference.clone(),
                    pattern,
                });
            }
            if !part.is_empty() && part != "top" {
                checked.parts.push((address, part, broken(reference, LinkFault::NoPart)));
            }
        }
        LinkTarget::NotPublic => checked.found.broken.push(broken(reference, LinkFault::NotPublic)),
        LinkTarget::Nowhere => {
            let beside = file_beside(&post.source, &reference).filter(|path| source.has_file(path));
            let fault = beside.map_or(LinkFault::Nowhere, LinkFault::NotServed);
            checked.found.broken.push(broken(reference, fault));
        }
    }
}
