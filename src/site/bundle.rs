//! Which files beside posts are served: never those of a post that is not readable.
//!
//! A file belongs to the post of the same name (`hello.txt` beside `hello.md`). A folder belongs to a post if it contains the
//! post's `index.md`, or if it has the name of the post's file and contains no posts (`hello.md` and `hello/`). All other files
//! are in folders that posts share, and are public.

use std::sync::Arc;

use camino::Utf8Path;

use super::{Site, Viewer};
use crate::diagnostic::Diagnostic;
use crate::index::Index;
use crate::post::Post;
use crate::source_file::file_type::{MARKDOWN, is_markdown};

impl Site {
    /// Whether `viewer` may read the file at `path` below the posts folder: whether they may read the post that its folder belongs to,
    /// if any. `has_file` looks on the disk: a post that exists but is not understood may be a draft.
    #[must_use]
    pub(crate) fn may_read_file(&self, path: &Utf8Path, viewer: Viewer, has_file: impl Fn(&Utf8Path) -> bool) -> bool {
        Owners::new(&self.index, &self.diagnostics)
            .of(path, has_file)
            .is_none_or(|owners| owners.into_iter().any(|post| self.may_read(viewer, post)))
    }

    fn may_read(&self, viewer: Viewer, post: &Arc<Post>) -> bool {
        match viewer {
            Viewer::Public => self.is_readable(post),
            Viewer::Author => true,
            Viewer::Guest(of) => self.is_readable(post) || Arc::ptr_eq(of, post),
        }
    }

    /// Whether everybody may read `post`, one of [`Site::all`]: it is public or unlisted.
    #[must_use]
    pub fn is_readable(&self, post: &Arc<Post>) -> bool {
        self.index.is_readable(post)
    }
}

/// Finds the posts that files belong to.
#[derive(Clone, Copy)]
pub(super) struct Owners<'a> {
    index: &'a Index,
    diagnostics: &'a [Diagnostic],
}

impl<'a> Owners<'a> {
    /// Finds posts in `index`. `diagnostics`, ordered by path, are about the files in it.
    pub(super) fn new(index: &'a Index, diagnostics: &'a [Diagnostic]) -> Owners<'a> {
        Owners { index, diagnostics }
    }

    /// The posts that the file at `path` belongs to; empty if its post is not understood, `None` if it belongs to no post.
    pub(super) fn of(self, path: &Utf8Path, has_file: impl Fn(&Utf8Path) -> bool) -> Option<Vec<&'a Arc<Post>>> {
        let is_there = |folder: &Utf8Path, name: &str| {
            MARKDOWN
                .iter()
                .any(|ending| has_file(&folder.join(format!("{name}.{ending}"))))
        };
        let has_post = |folder: &Utf8Path, name: &str| is_there(folder, name) || self.has_diagnostic(folder, name);
        // a copy, a transcript or a picture of that name appears with the post
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
            for stem in [name.rsplit_once('.'), name.split_once('.')]
                .into_iter()
                .flatten()
                .map(|(stem, _)| stem)
            {
                let owners = self.posts_named(folder, stem);
                if !owners.is_empty() || has_post(folder, stem) {
                    return Some(owners);
                }
            }
        }
        for folder in path.ancestors().skip(1) {
            let (Some(name), Some(parent)) = (folder.file_name(), folder.parent()) else {
                break;
            };
            let mut owners = self.posts_named(folder, "index");
            let mut is_owned = !owners.is_empty() || has_post(folder, "index");
            if !is_owned && !self.has_posts_in(folder) {
                owners = self.posts_named(parent, name);
                is_owned = !owners.is_empty() || has_post(parent, name);
            }
            if is_owned {
                return Some(owners);
            }
        }
        None
    }

    /// The posts in `folder` itself whose file has the name `name`, in any language and with any ending.
    fn posts_named(self, folder: &Utf8Path, name: &str) -> Vec<&'a Arc<Post>> {
        // posts are ordered by path, so these are neighbours
        let first = folder.join(name);
        let start = self.index.all().partition_point(|post| *post.source < *first);
        let below = self.index.all().iter_from(start).map_while(|post| {
            let below = post.source.strip_prefix(folder).ok()?;
            below.as_str().starts_with(name).then_some((post, below))
        });
        below
            .filter(|(_, below)| is_named(below, name))
            .map(|(post, _)| post)
            .collect()
    }

    /// Whether there is a diagnostic for a post in `folder` whose file has the name `name`, in any language and with any ending. A file
    /// that could not be read may be a draft.
    fn has_diagnostic(self, folder: &Utf8Path, name: &str) -> bool {
        let first = folder.join(name);
        let start = self.diagnostics.partition_point(|diagnostic| diagnostic.path < first);
        // a diagnostic about a file that is not a post says nothing about the post beside it
        let below = self.diagnostics.iter().skip(start).map_while(|diagnostic| {
            let below = diagnostic.path.strip_prefix(folder).ok()?;
            below.as_str().starts_with(name).then_some(below)
        });
        below
            .into_iter()
            .any(|below| is_markdown(below.as_str()) && is_named(below, name))
    }

    fn has_posts_in(self, folder: &Utf8Path) -> bool {
        let start = self.index.all().partition_point(|post| post.source < folder);
        self.index
            .all()
            .get(start)
            .is_some_and(|post| post.source.starts_with(folder))
    }
}

/// Whether the file at `below` has the name `name` before the first dot.
fn is_named(below: &Utf8Path, name: &str) -> bool {
    let ending = below.as_str().strip_prefix(name);
    ending.is_some_and(|ending| ending.starts_with('.') && !ending.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::diagnostic::Severity;
    use crate::post::{self, Changes};
    use crate::site::SiteInput;
    use crate::source_file::SourceFile;
    use crate::time::Timestamp;

    fn site(files: &[(&str, &str)]) -> Site {
        let config = Arc::new(Config::default());
        let read = |(path, text): &(&str, &str)| {
            let source = SourceFile {
                path: (*path).into(),
                bytes: text.as_bytes().into(),
                modified: Timestamp::UNIX_EPOCH,
            };
            Arc::new(post::read(&source, &config).unwrap().post)
        };
        let posts: Vec<_> = files.iter().map(read).collect();
        let unread = ["odd/index.MD", "polyglot/index.en.md", "shared/unsaid.fr.md"];
        let diagnostics = unread.map(|path| Diagnostic::new(Severity::Error, "not-utf8", path.into(), "byte 0xff is not UTF-8"));
        let input = SiteInput {
            changes: Changes::all(posts),
            diagnostics: diagnostics.into(),
            ..SiteInput::default()
        };
        Site::build(&config, input, "2026-06-01T00:00:00Z".parse().unwrap(), None)
    }

    #[test]
    fn files_of_unpublished_posts_are_hidden() {
        let (public, draft) = ("---\ndate: 2026-01-01\n---\nx", "---\ndraft: true\n---\nx");
        let future = "---\ndate: 2027-01-01\n---\nx";
        let site = site(&[
            ("index.md", draft),
            ("public/index.md", public),
            ("draft/index.md", draft),
            ("draft/public/index.md", public),
            ("future/index.md", future),
            ("two/index.en.md", public),
            ("two/index.fr.md", draft),
            ("shared/a.md", public),
            ("shared/b.md", draft),
            ("shared/c.md", draft),
            ("shared/c/d.md", public),
            ("shared/index-of-things.md", draft),
        ]);
        let on_disk = ["broken/index.md", "shared/unread.markdown"];
        let cases = [
            ("a.png", true),
            ("public/a.png", true),
            ("public/img/a.png", true),
            ("draft/a.png", false),
            ("draft/img/deep/a.png", false),
            ("draft/public/a.png", true),
            ("future/a.png", false),
            ("two/a.png", true),
            ("shared/x.png", true),
            ("shared/a/x.png", true),
            ("shared/b/x.png", false),
            ("shared/b/img/x.png", false),
            ("shared/c/x.png", true),
            ("broken/x.png", false),
            ("shared/unread/x.png", false),
            ("odd/x.png", false),
            ("polyglot/img/x.png", false),
            ("shared/unsaid/x.png", false),
            ("shared/unsaid.png", false),
            ("shared/a.png", true),
            ("shared/a.fr.txt", true),
            ("shared/b.txt", false),
            ("shared/b.old.png", false),
            ("shared/bb.png", true),
            ("index.txt", false),
            ("nothing/known/x.png", true),
        ];
        for (path, expected) in cases {
            let has_file = |path: &Utf8Path| on_disk.contains(&path.as_str());
            assert_eq!(site.may_read_file(path.into(), Viewer::Public, has_file), expected, "{path}");
        }
    }

    #[test]
    fn a_viewer_who_may_read_a_post_may_read_its_files() {
        let draft = "---\ndraft: true\n---\nx";
        let site = site(&[("a/index.md", draft), ("b/index.md", draft), ("c.md", draft)]);
        let guest = site.post("a/index.md".into()).unwrap();
        let cases = [
            // public, author, guest of a
            ("a/x.png", [false, true, true]),
            ("a/img/x.png", [false, true, true]),
            ("b/x.png", [false, true, false]),
            ("c/x.png", [false, true, false]),
            ("x.png", [true, true, true]),
            ("odd/x.png", [false, false, false]),
        ];
        for (path, expected) in cases {
            let viewers = [Viewer::Public, Viewer::Author, Viewer::Guest(guest)];
            let shown = viewers.map(|viewer| site.may_read_file(path.into(), viewer, |_| false));
            assert_eq!(shown, expected, "{path}");
        }
    }
}
