//! What answers at an address that several things want. This is the only list; the first that is there wins:
//!
//! 1. a `[[redirect]]` of the configuration
//! 2. feedmill's own documents ([`is_reserved`]), except those of [`REPLACEABLE`] that a static file replaces
//! 3. a post, a page, or the Markdown of one; among them `index::claims` decides
//! 4. a static file
//! 5. an alias of a post or page, or an address that it had
//!
//! What loses gets a diagnostic. Where nothing is, a withdrawn post answers 410, a missing one that is expected back 503, and all else 404.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::Site;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::{Post, is_reserved};
use crate::render::post_url;
use crate::source_file::FileChanges;

/// feedmill's own documents that a static file may replace: it is what an author wrote.
const REPLACEABLE: [&str; 4] = ["/favicon.ico", "/favicon.svg", "/icon.png", "/robots.txt"];

/// A static file, and the warning about what it lost its address to, or about what lost that address to it.
pub(super) type FileConflict = (Utf8PathBuf, Diagnostic);

/// What answers at an address.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AddressOwner<'a> {
    /// A redirect of the configuration, to this address.
    Redirect(String),
    /// One of feedmill's own documents, if there is one.
    Own,
    /// A readable post or page, or its Markdown.
    Post(&'a Arc<Post>),
    /// A static file, at this path below the posts folder.
    File(Utf8PathBuf),
    /// A readable post or page that had the address, or has it as an alias.
    Former(&'a Arc<Post>),
}

impl Site {
    /// What answers at `address`, a decoded path below the address of the site.
    pub(crate) fn holder(&self, address: &str) -> Option<AddressOwner<'_>> {
        let file = || self.static_file(address).map(AddressOwner::File);
        match self.holder_before_files(address) {
            Some(AddressOwner::Own) if REPLACEABLE.contains(&address) => file().or(Some(AddressOwner::Own)),
            None => file().or_else(|| self.current_post_at(address).map(AddressOwner::Former)),
            holder => holder,
        }
    }

    /// What answers at `address` even if there is a static file; only one of [`REPLACEABLE`] does not.
    fn holder_before_files(&self, address: &str) -> Option<AddressOwner<'_>> {
        let redirects = &self.config.redirect;
        if !redirects.is_empty()
            && let Some(to) = redirects.next(address, &self.config.base())
        {
            return Some(AddressOwner::Redirect(to));
        }
        if is_reserved(address) {
            return Some(AddressOwner::Own);
        }
        self.post_at(address).map(AddressOwner::Post)
    }

    /// The readable post or page at `address`, or whose Markdown is there.
    fn post_at(&self, address: &str) -> Option<&Arc<Post>> {
        let markdown = || {
            let page = address.strip_suffix(".md")?;
            self.index
                .by_address(page)
                .or_else(|| self.index.by_address(&format!("{page}/")))
        };
        self.index.by_address(address).or_else(markdown)
    }

    /// The path of the static file for `address`, whatever else is there.
    pub(super) fn static_file(&self, address: &str) -> Option<Utf8PathBuf> {
        let folder = &self.config.posts.static_folder;
        let path = folder.join(address.strip_prefix('/')?);
        (!folder.as_str().is_empty() && self.index.has_file(&path)).then_some(path)
    }

    /// The conflicts of static files, given those of the site `before`, if there is one, and the changes of `files` since. A file that had
    /// none gets one only by a change of its own or of a post.
    pub(super) fn file_conflicts(&self, before: Option<&[FileConflict]>, files: &FileChanges) -> Vec<FileConflict> {
        let folder = &self.config.posts.static_folder;
        if folder.as_str().is_empty() {
            return Vec::new();
        }
        let mut paths: BTreeSet<Utf8PathBuf> = BTreeSet::new();
        match before.filter(|_| !files.are_all) {
            None => paths.extend(self.index.files_below(folder).map(Utf8Path::to_path_buf)),
            Some(before) => {
                paths.extend(before.iter().map(|(path, _)| path.clone()));
                paths.extend(files.added.iter().map(|path| path.to_path_buf()));
                for post in self.changed.iter() {
                    let own = std::iter::once(post.address.to_string()).chain(post.aliases.iter().cloned());
                    let all = own.chain(post.addresses_of_names());
                    paths.extend(all.filter_map(|address| self.static_file(&address)));
                }
            }
        }
        let conflict = |path: Utf8PathBuf| {
            let address = format!("/{}", path.strip_prefix(folder).ok().filter(|_| self.index.has_file(&path))?);
            let diagnostic = self.conflict_of_file(&path, &address)?;
            Some((path, diagnostic))
        };
        paths.into_iter().filter_map(conflict).collect()
    }

    /// Warnings about posts and pages that no reader sees because of a redirect of the configuration.
    pub(super) fn redirected_posts(&self) -> Vec<Diagnostic> {
        let base = self.config.base();
        let mut warnings = Vec::new();
        for from in self.config.redirect.sources() {
            if let Some(post) = self.index.by_address(&from)
                && let Some(to) = self.config.redirect.next(&from, &base)
            {
                let message = format!("no reader sees this at {from}: a `[[redirect]]` of the configuration leads to {to}");
                let warning = Diagnostic::new(Severity::Warning, "address-redirected", &post.source, message);
                warnings.push(warning.mend("remove the redirect, or write another `slug`"));
            }
        }
        warnings
    }

    /// The warning about the static file at `path`, or about the alias that it takes `address` from.
    fn conflict_of_file(&self, path: &Utf8Path, address: &str) -> Option<Diagnostic> {
        let (who, fix) = match self.holder_before_files(address) {
            Some(AddressOwner::Redirect(to)) => (
                format!("a `[[redirect]]` of the configuration leads to {to}"),
                "remove the redirect, or rename the file",
            ),
            Some(AddressOwner::Own) if REPLACEABLE.contains(&address) => return None,
            Some(AddressOwner::Own) => (
                "feedmill's own addresses begin so".to_owned(),
                "rename the file or its folder",
            ),
            Some(AddressOwner::Post(post)) => (
                format!("{} is there", post.source),
                "rename the file, or write another `slug` there",
            ),
            Some(AddressOwner::File(_) | AddressOwner::Former(_)) | None => return self.alias_without_effect(path, address),
        };
        let elsewhere = post_url(&self.config.base(), &format!("/media/{path}"));
        let message = format!("it is not at {address}, but only at {elsewhere}: {who}");
        Some(Diagnostic::new(Severity::Warning, "static-file-hidden", path, message).mend(fix))
    }

    /// The warning about the alias `address` of a post, where the static file at `path` is.
    fn alias_without_effect(&self, path: &Utf8Path, address: &str) -> Option<Diagnostic> {
        let post = self.index.by_alias(address)?;
        let message = format!("the alias `{address}` does not lead here: the file {path} is there");
        let warning = Diagnostic::new(Severity::Warning, "alias-taken", &post.source, message);
        Some(warning.mend("remove the alias, or rename the file"))
    }
}
