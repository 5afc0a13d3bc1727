//! The rules for which files are posts, companions and media, by name and place. They are the same for every source.

pub mod companions;
pub mod ignore;
pub mod left_out;
mod post_source;
pub mod tool_summary;

use camino::Utf8Path;

use self::companions::may_be_companion;
use self::ignore::Ignore;
use self::left_out::LeftOutReason;
pub(super) use self::post_source::{HEAD, looks_like_post};
use super::layout::Layout;
use crate::config::PostSettings;
use crate::source_file::file_type::MediaKind;

/// The configured rules for which files are posts, companions and media.
#[derive(Clone, Debug)]
pub struct FileRules {
    pub(super) ignore: Ignore,
    pub(super) max_file_bytes: u64,
    pub(super) max_depth: usize,
    pub(super) max_files: usize,
}

impl FileRules {
    /// Returns the rules in `posts`.
    #[must_use]
    pub fn new(posts: &PostSettings) -> FileRules {
        FileRules {
            ignore: Ignore::configured(posts),
            max_file_bytes: posts.max_file_bytes,
            max_depth: posts.max_depth,
            max_files: posts.max_files,
        }
    }

    /// Whether a change at `path` can affect a post: no part of the path is hidden or ignored, except the name of a hidden companion.
    #[must_use]
    pub fn concerns(&self, path: &Utf8Path) -> bool {
        let is_companion = || {
            let is_hidden = path.file_name().is_some_and(|name| self.ignore.is_hidden_companion(name));
            is_hidden && path.parent().is_none_or(|folder| self.ignore.enters_all(folder))
        };
        self.ignore.enters_all(path) || is_companion()
    }

    /// Whether posts may inherit from a file called `name`.
    pub(super) fn is_companion(&self, name: &str) -> bool {
        self.ignore.is_hidden_companion(name) || (may_be_companion(name) && self.ignore.enters(name))
    }

    /// Whether files may be served from the folders of the file at `path`, given the tools in `layout`.
    fn is_open_to_readers(&self, path: &Utf8Path, layout: &Layout) -> bool {
        self.ignore.is_static(path)
            || self.folder_left_out(path, layout).is_none_or(|left_out| match left_out.why {
                LeftOutReason::Tool(tool) => Layout::is_shown(&left_out.place, tool),
                _ => false,
            })
    }

    /// Whether files with the ending of `path` may be served at all.
    #[must_use]
    pub fn is_kind_served(&self, path: &Utf8Path) -> bool {
        let ending = path.extension().unwrap_or_default();
        self.ignore.is_media(Utf8Path::new(&format!("a.{ending}")))
    }

    /// The media kind of the file at `path`; `None` if its name or place is not served.
    pub(super) fn media(&self, path: &Utf8Path, layout: &Layout) -> Option<MediaKind> {
        self.ignore.media(path).filter(|_| self.is_open_to_readers(path, layout))
    }
}
