//! Files that have the name of a post but are left out, because of their folder or their name.
//!
//! They are read and held back: a public post is not withdrawn because a rule is new. There is one diagnostic for each folder, which shows
//! how to include it.

use std::collections::BTreeMap;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use super::FileRules;
use super::ignore::is_left_copy;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::inherited::HoldReason;
use crate::source::layout::{Layout, Tool};
use crate::source_file::file_type::markdown_stem;

/// Why a file with the name of a post is left out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeftOut {
    /// The folder or file that the reason is about.
    pub place: Utf8PathBuf,
    /// The reason.
    pub why: LeftOutReason,
}

/// The reasons for leaving files out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeftOutReason {
    /// The folder's name begins with `_`.
    Underscore,
    /// A tool keeps its own files in the folder.
    Tool(Tool),
    /// The file is beside the `index.md` of a page: in Hugo and Zola it is a part of that page.
    Resource,
    /// The file describes the folder: a `README`, a `LICENSE`.
    AboutFolder,
    /// The file contains a drawing of a plugin.
    Plugin,
    /// The file is a copy of a post that a tool left.
    Copy,
}

/// Names, in capitals, of files at the top of the posts folder that describe it.
const ABOUT_FOLDER: [&str; 10] = [
    "CHANGELOG",
    "CHANGES",
    "CODE_OF_CONDUCT",
    "CONTRIBUTING",
    "COPYING",
    "LICENCE",
    "LICENSE",
    "README",
    "SECURITY",
    "SUMMARY",
];

impl LeftOut {
    /// How the post in the file is held back.
    #[must_use]
    pub fn hold(&self) -> HoldReason {
        match self.why {
            LeftOutReason::AboutFolder => HoldReason::IfUndated,
            _ => HoldReason::Always,
        }
    }
}

impl fmt::Display for LeftOut {
    /// Writes the reason, to follow "left out: ".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LeftOut { place, why } = self;
        match why {
            LeftOutReason::Underscore => write!(f, "a folder whose name begins with `_` holds parts of a site ({place}/)"),
            LeftOutReason::Tool(tool) => write!(f, "{} keeps its own files in {place}/", tool.name()),
            LeftOutReason::Resource => write!(f, "files beside an `index.md` are parts of its page ({place}/)"),
            LeftOutReason::AboutFolder => f.write_str("an undated file of this name is about the folder"),
            LeftOutReason::Plugin => f.write_str("it is a drawing"),
            LeftOutReason::Copy => f.write_str("a tool left it as a copy of a post"),
        }
    }
}

impl FileRules {
    /// Why the file at `path`, which has the name of a post, is left out by its name or its folders. `layout` contains the tools that keep
    /// files beside posts.
    #[must_use]
    pub fn left_out(&self, path: &Utf8Path, layout: &Layout) -> Option<LeftOut> {
        self.folder_left_out(path, layout).or_else(|| {
            let name = path.file_name()?;
            let left_out = |why| {
                (!self.ignore.is_included(path)).then(|| LeftOut {
                    place: path.to_owned(),
                    why,
                })
            };
            if name.len() > 14 && name.to_lowercase().contains(".excalidraw.") {
                return left_out(LeftOutReason::Plugin);
            }
            if is_left_copy(name) {
                return left_out(LeftOutReason::Copy);
            }
            let is_at_top = path.parent().is_some_and(|folder| folder.as_str().is_empty());
            let stem = markdown_stem(name).filter(|_| is_at_top)?;
            (ABOUT_FOLDER.contains(&stem) || stem.eq_ignore_ascii_case("readme"))
                .then_some(LeftOutReason::AboutFolder)
                .and_then(left_out)
        })
    }

    pub(super) fn folder_left_out(&self, path: &Utf8Path, layout: &Layout) -> Option<LeftOut> {
        if let Some(place) = self.ignore.internal_folder(path) {
            return Some(LeftOut {
                place: place.to_owned(),
                why: LeftOutReason::Underscore,
            });
        }
        let (place, tool) = layout.folder_of_tool(path)?;
        let is_included = path.ancestors().skip(1).any(|folder| self.ignore.is_included(folder));
        (!is_included).then(|| LeftOut {
            place: place.to_owned(),
            why: LeftOutReason::Tool(tool),
        })
    }
}

/// Returns the diagnostics about files that are left out: one for each folder.
#[must_use]
pub fn diagnostics<'a>(files: impl Iterator<Item = (&'a Utf8Path, &'a LeftOut)>) -> Vec<Diagnostic> {
    let mut counts: BTreeMap<&LeftOut, usize> = BTreeMap::new();
    for (_, left_out) in files {
        *counts.entry(left_out).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(left_out, count)| diagnostic(left_out, count))
        .collect()
}

/// The diagnostic code of a folder that is left out.
pub const FOLDER_CODE: &str = "folder-left-out";

/// Whether a diagnostic with this code is about files that are left out.
#[must_use]
pub fn is_about_left_out(code: &str) -> bool {
    matches!(
        code,
        FOLDER_CODE | "bundle-resources" | "about-folder" | "drawing" | "conflict-copy"
    )
}

fn diagnostic(left_out: &LeftOut, count: usize) -> Diagnostic {
    let LeftOut { place, why } = left_out;
    let posts = if count == 1 {
        "1 post".to_owned()
    } else {
        format!("{count} posts")
    };
    let are = if count == 1 { "is" } else { "are" };
    let note = |code, message: String| Diagnostic::new(Severity::Note, code, place, message);
    let include = || {
        format!(
            "`posts.include = [\"{}\"]` in feedmill.toml publishes what is in it",
            place.as_str()
        )
    };
    match why {
        LeftOutReason::Underscore => note(
            FOLDER_CODE,
            format!("{posts} in this folder {are} left out: a folder whose name begins with `_` holds parts of a site"),
        )
        .mend(include()),
        LeftOutReason::Tool(tool) => note(
            FOLDER_CODE,
            format!(
                "{posts} in this folder {are} left out: {} keeps its own files there",
                tool.name()
            ),
        )
        .mend(include()),
        LeftOutReason::Resource => note(
            "bundle-resources",
            format!("{posts} in this folder {are} left out: files beside an `index.md` are parts of its page"),
        )
        .mend("move it out of the folder to publish it"),
        LeftOutReason::AboutFolder => note(
            "about-folder",
            "it is left out: an undated file of this name is about the folder".to_owned(),
        )
        .mend("write a `date` to publish it"),
        LeftOutReason::Plugin => note("drawing", "it is left out: it is a drawing, not a post".to_owned()),
        LeftOutReason::Copy => {
            let message = "it was left by a tool as a copy of a post, and is not published";
            let diagnostic = Diagnostic::new(Severity::Warning, "conflict-copy", place, message);
            diagnostic.mend("merge it into the post it belongs to, then delete it")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::PostSettings;

    #[test]
    fn files_are_left_out_by_name_and_folder() {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap()).unwrap();
        fs::create_dir(root.join(".obsidian")).unwrap();
        let posts = PostSettings {
            include: vec!["_kept".into()],
            ..PostSettings::default()
        };
        let (rules, layout) = (FileRules::new(&posts), Layout::detect(&root));
        let cases = [
            ("a.md", None),
            ("notes/a.md", None),
            ("_kept/a.md", None),
            ("_posts/a.md", None),
            ("notes/templates/a.md", None),
            ("_archive/2020/a.md", Some(("_archive", LeftOutReason::Underscore))),
            ("Templates/a.md", Some(("Templates", LeftOutReason::Tool(Tool::Obsidian)))),
            ("README.markdown", Some(("README.markdown", LeftOutReason::AboutFolder))),
            ("readme.mkd", Some(("readme.mkd", LeftOutReason::AboutFolder))),
            ("LICENSE.md", Some(("LICENSE.md", LeftOutReason::AboutFolder))),
            ("404.md", None),
            ("changelog.md", None),
            ("summary.md", None),
            ("notes/LICENSE.md", None),
            ("x.excalidraw.md", Some(("x.excalidraw.md", LeftOutReason::Plugin))),
            ("notes/a_LOCAL_1234.md", Some(("notes/a_LOCAL_1234.md", LeftOutReason::Copy))),
        ];
        for (path, expected) in cases {
            let found = rules.left_out(path.into(), &layout);
            let found = found.as_ref().map(|left_out| (left_out.place.as_str(), left_out.why));
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn each_folder_has_one_diagnostic() {
        let archive = LeftOut {
            place: "_archive".into(),
            why: LeftOutReason::Underscore,
        };
        let files = ["_archive/a.md", "_archive/b.md", "_archive/c/d.md"].map(|path| (Utf8Path::new(path), &archive));
        let all = diagnostics(files.into_iter());
        assert_eq!(
            all.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "_archive: note: 3 posts in this folder are left out: a folder whose name begins with `_` holds parts of a site \
              (`posts.include = [\"_archive\"]` in feedmill.toml publishes what is in it)"
            ]
        );
    }
}
