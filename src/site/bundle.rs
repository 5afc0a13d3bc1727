//! Which files beside posts the world may see: never those of a post that it may not.
//!
//! A file belongs to the post that is called as it is (`hello.txt` beside `hello.md`). A folder belongs to a post where it holds the
//! post's `index.md`, or where it is named as the post's file is and holds no posts (`hello.md` and `hello/`). All else lies in folders
//! that posts share, and is nobody's secret.

use std::sync::Arc;

use camino::Utf8Path;

use super::{Reader, Site};
use crate::post::Post;
use crate::source_file::file_type::MARKDOWN;

impl Site {
    /// Whether `reader` may see the file at `path` below the posts folder: whether they may read the post that its folder belongs to,
    /// if any. `has_file` looks on the disk: a post that is there and not understood yet, or no longer, may be a draft.
    #[must_use]
    pub fn shows_file(&self, path: &Utf8Path, reader: Reader, has_file: impl Fn(&Utf8Path) -> bool) -> bool {
        self.owners(path, has_file)
            .is_none_or(|owners| owners.into_iter().any(|post| self.lets_read(reader, post)))
    }

    fn lets_read(&self, reader: Reader, post: &Arc<Post>) -> bool {
        match reader {
            Reader::World => self.shows(post),
            Reader::Author => true,
            Reader::Guest(of) => self.shows(post) || Arc::ptr_eq(of, post),
        }
    }

    /// The posts that the file at `path` belongs to, none of them known where one is there that was not understood; `None` where it
    /// is nobody's.
    fn owners(&self, path: &Utf8Path, has_file: impl Fn(&Utf8Path) -> bool) -> Option<Vec<&Arc<Post>>> {
        let is_there = |folder: &Utf8Path, name: &str| {
            MARKDOWN
                .iter()
                .any(|ending| has_file(&folder.join(format!("{name}.{ending}"))))
        };
        let has_post = |folder: &Utf8Path, name: &str| is_there(folder, name) || self.is_unread(folder, name);
        // a copy, a transcript, the picture of that name: it appears with the post
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

    /// Whether the world may read `post`, one of [`Site::all`].
    #[must_use]
    pub fn shows(&self, post: &Arc<Post>) -> bool {
        self.index
            .by_address(&post.address)
            .is_some_and(|shown| Arc::ptr_eq(shown, post))
    }

    /// The posts in `folder` itself whose file is called `name`, whatever its language and ending.
    fn posts_named(&self, folder: &Utf8Path, name: &str) -> Vec<&Arc<Post>> {
        // posts are ordered by path, so these stand together
        let first = folder.join(name);
        let start = self.all().partition_point(|post| *post.source < *first);
        let below = self.all().from(start).map_while(|post| {
            let below = post.source.strip_prefix(folder).ok()?;
            below.as_str().starts_with(name).then_some((post, below))
        });
        below
            .filter(|(_, below)| is_named(below, name))
            .map(|(post, _)| post)
            .collect()
    }

    /// Whether there is something to say about a post in `folder` whose file is called `name`, whatever its language and ending:
    /// what could not be read may be a draft's.
    fn is_unread(&self, folder: &Utf8Path, name: &str) -> bool {
        let first = folder.join(name);
        let start = self.diagnostics.partition_point(|said| said.path < first);
        let below = self.diagnostics.iter().skip(start).map_while(|said| {
            let below = said.path.strip_prefix(folder).ok()?;
            below.as_str().starts_with(name).then_some(below)
        });
        below.into_iter().any(|below| is_named(below, name))
    }

    fn has_posts_in(&self, folder: &Utf8Path) -> bool {
        let start = self.all().partition_point(|post| &post.source < folder);
        self.all().get(start).is_some_and(|post| post.source.starts_with(folder))
    }
}

/// Whether the file at `below` is called `name`, whatever comes after the first dot.
fn is_named(below: &Utf8Path, name: &str) -> bool {
    let ending = below.as_str().strip_prefix(name);
    ending.is_some_and(|ending| ending.starts_with('.') && !ending.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::diagnostic::{Diagnostic, Severity};
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
        let said = unread.map(|path| Diagnostic::new(Severity::Error, "not-utf8", path.into(), "byte 0xff is not UTF-8"));
        let material = SiteInput {
            changes: Changes::all(posts),
            diagnostics: said.into(),
            ..SiteInput::default()
        };
        Site::build(&config, material, "2026-06-01T00:00:00Z".parse().unwrap(), None)
    }

    #[test]
    fn files_of_posts_that_nobody_may_see_are_hidden() {
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
            assert_eq!(site.shows_file(path.into(), Reader::World, has_file), expected, "{path}");
        }
    }

    #[test]
    fn who_may_read_a_post_may_see_its_files() {
        let draft = "---\ndraft: true\n---\nx";
        let site = site(&[("a/index.md", draft), ("b/index.md", draft), ("c.md", draft)]);
        let guest = site.post("a/index.md".into()).unwrap();
        let cases = [
            // world, author, guest of a
            ("a/x.png", [false, true, true]),
            ("a/img/x.png", [false, true, true]),
            ("b/x.png", [false, true, false]),
            ("c/x.png", [false, true, false]),
            ("x.png", [true, true, true]),
            ("odd/x.png", [false, false, false]),
        ];
        for (path, expected) in cases {
            let readers = [Reader::World, Reader::Author, Reader::Guest(guest)];
            let shown = readers.map(|reader| site.shows_file(path.into(), reader, |_| false));
            assert_eq!(shown, expected, "{path}");
        }
    }
}
