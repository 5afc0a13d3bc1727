//! Addresses on pages.

use url::{Position, Url};

use crate::config::Config;
use crate::index::Scope;
use crate::post::key;
use crate::render::{Format, Place, feed_path, post_url};

/// The path of the first page of the site: `/`, or `/blog/` if the site's address has a path.
#[must_use]
pub(crate) fn home_path(config: &Config) -> String {
    Addresses::new(config).local("/")
}

/// Makes the addresses of pages.
pub(super) struct Addresses {
    /// The address of the site, without a slash at its end.
    base: String,
    /// The path of that address: empty, or `/blog`.
    root: String,
}

impl Addresses {
    pub(super) fn new(config: &Config) -> Addresses {
        let base = config.base();
        let path = Url::parse(&base).map(|url| {
            url[Position::BeforePath..Position::AfterPath]
                .trim_end_matches('/')
                .to_owned()
        });
        Addresses {
            root: path.unwrap_or_default(),
            base,
        }
    }

    /// The absolute address of `path` on the site.
    pub(super) fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address of `path` on the site, for a link on its pages.
    pub(super) fn local(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// The address of the post at `address`, for a link on the site's pages.
    pub(super) fn post(&self, address: &str) -> String {
        self.relative(post_url(&self.base, address))
    }

    /// `url` for a link on the site's pages: a path if it is on the site.
    pub(super) fn relative(&self, url: String) -> String {
        let origin = self.base.strip_suffix(&self.root).unwrap_or(&self.base);
        match url.strip_prefix(origin) {
            Some(path) if path.starts_with('/') => path.to_owned(),
            _ => url,
        }
    }

    /// The path of the page of `scope`: `/` for the site.
    pub(super) fn scope_page(scope: &Scope) -> String {
        match scope {
            Scope::Site => "/".to_owned(),
            _ => scope.path(),
        }
    }

    /// The address of the page of the tag `name`, for a link on the site's pages.
    pub(super) fn tag(&self, name: &str) -> String {
        self.local(&Scope::Tag(key(name)).path())
    }

    /// The absolute address of the newest feed of the scope at `path` in `format`.
    pub(super) fn feed(&self, path: &str, format: Format) -> String {
        self.absolute(&feed_path(path, Place::Newest, format))
    }
}
