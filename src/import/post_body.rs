//! The text of an imported post: HTML to Markdown, with links to the files of posts and to media where they are.

use camino::Utf8Path;
use url::Url;

use super::clean::Rewriter;
use super::imported::ImportedPost;
use super::links::LinkTable;
use super::markdown::{Converted, to_markdown};
use super::media::{MediaMode, PostMedia};

/// The text of one post, and its media.
pub(super) struct ImportedBody<'a> {
    html: String,
    /// The Markdown with all media where they were.
    linked: Converted,
    /// The absolute address of the post's picture.
    image: Option<String>,
    mode: MediaMode,
    rewriter: PostRewriter<'a>,
}

impl<'a> ImportedBody<'a> {
    /// Takes the text and the picture of `post`, whose file is `file`, and finds its media.
    pub(super) fn new(post: &mut ImportedPost, links: &'a LinkTable, file: &'a Utf8Path, mode: MediaMode) -> ImportedBody<'a> {
        let html = std::mem::take(&mut post.html);
        let mut rewriter = PostRewriter {
            links,
            file,
            base: post.url.clone(),
            media: PostMedia::default(),
        };
        let linked = to_markdown(&html, &mut rewriter);
        let image = post.image.take().map(|image| rewriter.absolute(&image));
        if let Some(image) = &image {
            rewriter.media.want(image);
        }
        ImportedBody {
            html,
            linked,
            image,
            mode,
            rewriter,
        }
    }

    pub(super) fn media(&mut self) -> &mut PostMedia {
        &mut self.rewriter.media
    }

    /// The Markdown with the media where they are now. The picture of `post` is set to its address.
    pub(super) fn markdown(&mut self, post: &mut ImportedPost) -> Converted {
        let drops_media = self.mode == MediaMode::None;
        let media = &mut self.rewriter.media;
        media.drop_others = drops_media;
        post.image = self.image.as_ref().and_then(|image| media.address_of(image));
        if !drops_media && media.stored.is_empty() {
            return self.linked.clone();
        }
        media.is_decided = true;
        to_markdown(&self.html, &mut self.rewriter)
    }
}

/// Rewrites the addresses in one post.
struct PostRewriter<'a> {
    links: &'a LinkTable,
    file: &'a Utf8Path,
    base: Option<Url>,
    media: PostMedia,
}

impl PostRewriter<'_> {
    /// The absolute form of the address of a medium.
    fn absolute(&self, address: &str) -> String {
        self.links.absolute(address, self.base.as_ref())
    }
}

impl Rewriter for PostRewriter<'_> {
    fn link(&mut self, address: &str) -> String {
        // a link around a picture leads to its original
        let absolute = self.absolute(address);
        if self.media.is_decided
            && let Some(stored) = self.media.stored.get(&absolute)
        {
            return stored.clone();
        }
        self.links.link(address, self.file, self.base.as_ref())
    }

    fn media(&mut self, address: &str) -> Option<String> {
        let absolute = self.absolute(address);
        if !self.media.is_decided {
            self.media.want(&absolute);
            return Some(absolute);
        }
        self.media.address_of(&absolute)
    }
}
