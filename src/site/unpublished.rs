//! Pages of unpublished posts: for their author, and for guests who got a link to one.
//!
//! They are not cached, and are not part of any other document.

use std::cmp::Reverse;
use std::sync::Arc;

use super::{Site, TextUnavailable};
use crate::index::{Filter, Scope};
use crate::post::Post;
use crate::render::pages::{self, ListPage, NeighbourPosts, Subject, preview};
use crate::render::references;
use crate::time::Timestamp;

/// How many unpublished posts the first page of a preview names.
const NAMED: usize = 100;

impl Site {
    /// All unpublished posts, the one edited last first.
    #[must_use]
    pub fn unpublished(&self) -> Vec<&Arc<Post>> {
        let mut posts: Vec<_> = self.all().iter().filter(|post| !self.is_readable(post)).collect();
        posts.sort_by_key(|post| Reverse(post.touched));
        posts
    }

    /// The unpublished post that will be at `address`.
    #[must_use]
    pub(crate) fn unpublished_at(&self, address: &str) -> Option<&Arc<Post>> {
        self.all()
            .iter()
            .find(|post| post.address == *address && !self.is_readable(post))
    }

    /// The page of `post` for its author, as it will be, with a notice why it is not public.
    ///
    /// # Errors
    ///
    /// [`TextUnavailable`].
    pub(crate) fn previewed_post(&self, post: &Arc<Post>) -> Result<String, TextUnavailable> {
        let text = self.text(post).ok_or(TextUnavailable)?;
        let references = references(post, &self.config.base(), &self.targets_of_author());
        let page = pages::post(&self.config, post, &text, &references, NeighbourPosts::default());
        let why = preview::unpublished_reason(post, self.built, &self.config);
        Ok(preview::with_notice(&self.theme.render(&page), &why))
    }

    /// The first page of the site for its author, with the posts that are not published.
    #[must_use]
    pub(crate) fn previewed_home(&self) -> String {
        let (posts, total) = self
            .index
            .page(&Filter::for_scope(&Scope::Site), 1, self.config.list.per_page);
        let listed = ListPage {
            posts: &posts,
            number: 1,
            total,
        };
        let unpublished = self.unpublished();
        let named: Vec<_> = unpublished
            .iter()
            .take(NAMED)
            .map(|post| (Arc::clone(post), post.visibility(self.built)))
            .collect();
        let waiting = pages::Unpublished {
            posts: &named,
            more: unpublished.len().saturating_sub(NAMED),
        };
        let subject = Subject::Scope(&Scope::Site, "");
        self.theme
            .render(&pages::list_with_unpublished(&self.config, subject, listed, waiting))
    }

    /// The page of `post` for guests; the link expires at `until`. The files beside it are below the absolute URL `files`.
    ///
    /// # Errors
    ///
    /// [`TextUnavailable`].
    pub(crate) fn shared_post(&self, post: &Arc<Post>, files: &str, until: Timestamp) -> Result<String, TextUnavailable> {
        let text = self.text(post).ok_or(TextUnavailable)?;
        let references = references(post, &self.config.base(), &self.targets).with_files(files);
        let page = pages::shared(&self.config, post, &text, &references);
        let until = preview::shared_until(until, &self.config);
        Ok(preview::with_notice(&self.theme.render(&page), &until))
    }
}
