//! What the addresses in posts lead to on one site.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use percent_encoding::percent_decode_str;
use url::{Position, Url};

use super::Site;
use super::bundle::Owners;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::index::{Index, LookupSite, Scope};
use crate::post::markdown::{self, Rendered};
use crate::post::reference::{Destination, FindTarget, FoundDestination, LinkPlace, ParsedReference, References, Role, Targets};
use crate::post::{Post, html, key};
use crate::render::{post_url, references};

/// The only address of feedmill's own that ends as a file beside a post could.
const ROBOTS: &str = "/robots.txt";

/// Finds what addresses lead to on one site, for readers or for the author.
#[derive(Debug)]
struct SiteTargets {
    index: Arc<Index>,
    config: Arc<Config>,
    diagnostics: Arc<[Diagnostic]>,
    /// The address of the site, without a slash at its end.
    base: String,
    /// The path of that address: empty, or `/blog`.
    base_path: String,
    /// The name of the posts folder.
    folder: Arc<str>,
    shows_all: bool,
}

impl Site {
    /// What addresses lead to, for readers; for the author, who sees all posts, if `shows_all`.
    pub(super) fn targets_of(
        index: &Arc<Index>,
        config: &Arc<Config>,
        diagnostics: &Arc<[Diagnostic]>,
        folder: &Arc<str>,
        shows_all: bool,
    ) -> Targets {
        let base = config.base();
        let base_path = Url::parse(&base).map_or_else(|_| String::new(), |url| path_of(&url).trim_end_matches('/').to_owned());
        Targets::new(Arc::new(SiteTargets {
            index: Arc::clone(index),
            config: Arc::clone(config),
            diagnostics: Arc::clone(diagnostics),
            base,
            base_path,
            folder: Arc::clone(folder),
            shows_all,
        }))
    }

    /// What addresses lead to, for the author, who sees all posts.
    pub(super) fn targets_of_author(&self) -> Targets {
        Site::targets_of(&self.index, &self.config, &self.diagnostics, &self.folder, true)
    }
}

/// What an address in a post leads to, for its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LinkTarget {
    /// Another site, or something that is not checked.
    Elsewhere,
    /// A page that is not that of a post.
    Found,
    /// The media file at this path, if its content is that of one.
    File(Utf8PathBuf),
    /// The page of a readable post: its address ([`Post::address`]), and the part of it.
    Page { address: String, part: String },
    /// A post that is not public.
    NotPublic,
    /// Nothing.
    Nowhere,
}

impl Site {
    /// Resolves the addresses in `post`, for readers.
    #[must_use]
    pub(crate) fn references_of(&self, post: &Post) -> References {
        references(post, &self.config.base(), &self.targets)
    }

    /// The text of `post` as HTML, before it is cleaned.
    #[must_use]
    pub(crate) fn rendered(&self, post: &Post, text: &str) -> Rendered {
        markdown::render_with(text, &post.title, &self.config.shortcodes)
    }

    /// The media file that `reference` in `post` names.
    #[must_use]
    pub(crate) fn file_of(&self, post: &Post, reference: &str) -> Option<Utf8PathBuf> {
        let references = self.references_of(post);
        match references.target_of(reference, Role::Part)?? {
            Destination::File(path) => Some(path),
            Destination::AsWritten => self.static_file(&self.path_of(references.resolve(reference, Role::Part).as_ref())),
            Destination::Page(_) | Destination::NotPublic => None,
        }
    }

    /// The decoded path of `url` below the address of the site; empty if it is elsewhere.
    fn path_of(&self, url: Option<&Url>) -> String {
        let path = url.and_then(|url| url.as_str().strip_prefix(&self.config.base()));
        decoded(path.unwrap_or_default().split(['?', '#']).next().unwrap_or_default())
    }

    /// What `reference`, used as `role` in `post`, leads to. `references` are those of the post.
    #[must_use]
    pub(crate) fn link_target(&self, post: &Post, references: &References, reference: &str, role: Role) -> LinkTarget {
        let reference = reference.trim();
        if let Some(part) = reference.strip_prefix('#') {
            return LinkTarget::Page {
                address: post.address.to_string(),
                part: decoded(part),
            };
        }
        // what a template would have made of it is not known
        if html::contains_template_tag(reference) {
            return LinkTarget::Elsewhere;
        }
        let base = self.config.base();
        let own = Url::parse(reference)
            .ok()
            .filter(|_| reference.starts_with(&format!("{base}/")));
        let own = own.map(|url| url[Position::BeforePath..].to_owned());
        let reference = own.as_deref().unwrap_or(reference);
        let Some(found) = references.target_of(reference, role) else {
            return LinkTarget::Elsewhere;
        };
        let url = references.resolve(reference, role);
        let path = self.path_of(url.as_ref());
        match found {
            Some(Destination::File(path)) => LinkTarget::File(path),
            Some(Destination::NotPublic) => LinkTarget::NotPublic,
            Some(Destination::Page(_) | Destination::AsWritten) => {
                if self.index.by_address(&path).is_some() {
                    let part = url.as_ref().and_then(Url::fragment).map(decoded).unwrap_or_default();
                    LinkTarget::Page { address: path, part }
                } else if let Some(file) = self.static_file(&path) {
                    LinkTarget::File(file)
                } else if self.has_page(&path) {
                    LinkTarget::Found
                } else {
                    LinkTarget::Nowhere
                }
            }
            None if role == Role::Link && (path == ROBOTS || !path.is_empty() && self.moved(&path).is_some()) => {
                LinkTarget::Found
            }
            None => LinkTarget::Nowhere,
        }
    }

    /// Whether there is a page at `path`, which is one of feedmill's own.
    fn has_page(&self, path: &str) -> bool {
        let mut parts = path.trim_matches('/').split('/');
        let (kind, name) = (parts.next().unwrap_or_default(), parts.next());
        let scope = match (kind, name) {
            ("tags", Some(name)) => Scope::Tag(key(name)),
            ("authors", Some(name)) => Scope::Author(key(name)),
            ("sections", Some(name)) => Scope::Section(key(name)),
            _ => return true,
        };
        self.index.members(&scope).is_some()
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl FindTarget for SiteTargets {
    fn find(&self, place: LinkPlace<'_>, reference: &ParsedReference<'_>, role: Role) -> FoundDestination {
        let owners = Owners::new(&self.index, &self.diagnostics);
        let may_read_file = |path: &Utf8Path| {
            let owners = owners.of(path, |_| false);
            owners.is_none_or(|owners| owners.iter().any(|post| self.index.is_readable(post)))
        };
        let is_redirected = |path: &str| self.config.redirect.next(path, &self.base).is_some();
        let lookup_site = LookupSite {
            base_path: &self.base_path,
            folder: &self.folder,
            static_folder: &self.config.posts.static_folder,
            shows_all: self.shows_all,
            may_read_file: &may_read_file,
            is_redirected: &is_redirected,
        };
        // a post on another site has no path here
        let is_here = place.page.as_str().starts_with(&self.base);
        let page = if is_here { path_of(place.page) } else { String::new() };
        let found = self.index.find_target((place.source, &page), reference, role, lookup_site);
        FoundDestination {
            target: found.target.map(|target| match target {
                Destination::Page(address) => Destination::Page(post_url(&self.base, &address)),
                other => other,
            }),
            ..found
        }
    }

    fn generation(&self) -> u64 {
        self.index.generation()
    }
}

/// The decoded path of `url`.
fn path_of(url: &Url) -> String {
    decoded(url.path())
}
