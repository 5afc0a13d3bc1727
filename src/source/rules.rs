//! Which files of a source are posts, companions and media: by their names and places, the same for every source.

pub mod companions;
pub mod ignore;
pub mod left_out;
mod post_source;

use camino::Utf8Path;

use self::companions::may_be_companion;
use self::ignore::Ignore;
use self::left_out::LeftOutReason;
pub(super) use self::post_source::{HEAD, looks_like_post};
use super::layout::Layout;
use crate::config::PostSettings;
use crate::source_file::file_type::MediaKind;

/// Which files of a source are posts, companions and media, as the configuration says.
#[derive(Clone, Debug)]
pub struct FileRules {
    pub(super) ignore: Ignore,
    pub(super) max_file_bytes: u64,
    pub(super) max_depth: usize,
    pub(super) max_files: usize,
}

impl FileRules {
    /// The rules that `posts` configures.
    #[must_use]
    pub fn new(posts: &PostSettings) -> FileRules {
        FileRules {
            ignore: Ignore::configured(posts),
            max_file_bytes: posts.max_file_bytes,
            max_depth: posts.max_depth,
            max_files: posts.max_files,
        }
    }

    /// Whether a change at `path` can matter to any post: whether no part of it is hidden or ignored, unless it is a companion of posts
    /// with a hidden name.
    #[must_use]
    pub fn concerns(&self, path: &Utf8Path) -> bool {
        let is_companion = || {
            let is_hidden = path.file_name().is_some_and(|name| self.ignore.is_hidden_companion(name));
            is_hidden && path.parent().is_none_or(|folder| self.ignore.enters_all(folder))
        };
        self.ignore.enters_all(path) || is_companion()
    }

    /// Whether a file called `name` may say something about posts other than itself.
    pub(super) fn is_companion(&self, name: &str) -> bool {
        self.ignore.is_hidden_companion(name) || (may_be_companion(name) && self.ignore.enters(name))
    }

    /// Whether readers may be given files of the folders that the file at `path` is in, beside which tools keep what `layout` says.
    fn is_open_to_readers(&self, path: &Utf8Path, layout: &Layout) -> bool {
        self.folder_left_out(path, layout).is_none_or(|left_out| match left_out.why {
            LeftOutReason::Tool(tool) => Layout::is_shown(&left_out.place, tool),
            _ => false,
        })
    }

    /// Whether readers are given a file that ends as the one at `path` does, in some place.
    #[must_use]
    pub fn is_kind_served(&self, path: &Utf8Path) -> bool {
        let ending = path.extension().unwrap_or_default();
        self.ignore.is_media(Utf8Path::new(&format!("a.{ending}")))
    }

    /// What the file at `path` is, where it may be served beside posts by its name and place.
    pub(super) fn media(&self, path: &Utf8Path, layout: &Layout) -> Option<MediaKind> {
        self.ignore.media(path).filter(|_| self.is_open_to_readers(path, layout))
    }
}
