//! The rules by name alone: which files are posts, and which are ignored.
//!
//! The lists contain the files that editors, synchronisers and operating systems create. Most of them do not end in `.md` and need no rule,
//! because a file is a post by its ending. These rules are for those that share that ending.

use std::borrow::Cow;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::config::PostSettings;
use crate::post::inherited::{AUTHORS, FOLDER_META};
use crate::source_file::file_type::{MediaKind, is_markdown, is_markdown_ending, markdown_stem, media_kind};

/// The kind of a file, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// A post.
    Post,
    /// Ignored.
    Ignored,
    /// A file that a synchroniser could not merge, or has not fetched yet; its author gets a warning.
    Conflict,
}

/// The rules for names, with the configured ones: names to ignore (`posts.ignore`), folders to include although they begin with `_`
/// (`posts.include`), additional media endings (`posts.media`), and the folder of static files (`posts.static`).
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    patterns: Vec<String>,
    included: Vec<String>,
    media: Vec<String>,
    static_folder: Utf8PathBuf,
}

/// The folder in that of static files whose files are served although its name is hidden (RFC 8615). It contains no posts, and its files
/// need no ending.
const WELL_KNOWN: &str = ".well-known";

/// Whether the posts and files in a folder are public, by its name and the names of the folders above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Each post decides for itself.
    Open,
    /// They are internal parts of a site: the name begins with `_` and is not included.
    Closed,
}

/// Folders that begin with `_` and contain posts. Posts in `_drafts` are drafts.
const FOLDERS_OF_POSTS: [&str; 3] = ["_posts", "_drafts", "_pages"];

impl Ignore {
    /// Returns the built-in rules with additional `patterns` of names to ignore: `*` matches any characters, and case does not matter.
    #[must_use]
    pub fn new(patterns: &[String]) -> Ignore {
        Ignore {
            patterns: lower_case(patterns),
            ..Ignore::default()
        }
    }

    /// Returns the rules with the configured additions.
    #[must_use]
    pub fn configured(posts: &PostSettings) -> Ignore {
        Ignore {
            included: lower_case(&posts.include),
            media: posts
                .media
                .iter()
                .map(|ending| ending.trim_start_matches('.').to_lowercase())
                .collect(),
            static_folder: posts.static_folder.clone(),
            ..Ignore::new(&posts.ignore)
        }
    }

    /// The kind of a file, by its name.
    #[must_use]
    pub fn file(&self, name: &str) -> NameKind {
        let name = in_lower_case(name);
        if name.starts_with('.') && name.strip_suffix(".icloud").is_some_and(is_markdown) {
            return NameKind::Conflict;
        }
        // an underscore marks internal parts of a site; `_index.md` describes a section
        if !is_markdown(&name) || name.starts_with('_') || never(&name) || self.is_listed(&name) {
            return NameKind::Ignored;
        }
        if is_conflict(&name) {
            NameKind::Conflict
        } else {
            NameKind::Post
        }
    }

    /// Whether a folder of this name is scanned for posts. Posts in folders that begin with `_`, other than `_posts` and `_drafts`, are
    /// found and held back ([`Ignore::access`]).
    #[must_use]
    pub fn enters(&self, name: &str) -> bool {
        let name = in_lower_case(name);
        !never(&name) && !self.is_listed(&name)
    }

    /// Whether a file of this name is a companion although its name is hidden.
    #[must_use]
    pub fn is_hidden_companion(&self, name: &str) -> bool {
        let is_hidden = name.starts_with('.') && (FOLDER_META.contains(&name) || AUTHORS.contains(&name));
        is_hidden && !self.is_listed(name)
    }

    /// Whether the folder at `path`, whose folders above are scanned, is scanned.
    #[must_use]
    pub fn enters_at(&self, path: &Utf8Path) -> bool {
        let is_well_known = || self.below_well_known(path).is_some_and(|below| below.as_str().is_empty());
        path.file_name().is_some_and(|name| self.enters(name)) || is_well_known()
    }

    /// `path` without the folder `.well-known` of static files; `None` if it is not in that folder.
    fn below_well_known<'a>(&self, path: &'a Utf8Path) -> Option<&'a Utf8Path> {
        if !self.is_static(path) {
            return None;
        }
        path.strip_prefix(&self.static_folder).ok()?.strip_prefix(WELL_KNOWN).ok()
    }

    /// Whether the folder at `path`, and every one above it, is scanned for posts.
    #[must_use]
    pub fn enters_all(&self, path: &Utf8Path) -> bool {
        let path = self.below_well_known(path).unwrap_or(path);
        path.components().all(|component| match component {
            Utf8Component::Normal(name) => self.enters(name),
            _ => false,
        })
    }

    /// Whether a regular file at `path` is read as a post.
    #[must_use]
    pub fn is_post(&self, path: &Utf8Path) -> bool {
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        let is_post = || path.file_name().is_some_and(|name| self.file(name) == NameKind::Post);
        self.enters_all(folder) && is_post() && !self.is_well_known(path)
    }

    /// Whether `path` is in the folder of static files.
    #[must_use]
    pub fn is_static(&self, path: &Utf8Path) -> bool {
        !self.static_folder.as_str().is_empty() && path.starts_with(&self.static_folder)
    }

    /// Whether `path` is in the folder `.well-known` of static files, which contains no posts.
    #[must_use]
    pub fn is_well_known(&self, path: &Utf8Path) -> bool {
        self.below_well_known(path).is_some()
    }

    /// Whether the posts and files in a folder of this name are public. Posts and media follow the same rule.
    #[must_use]
    pub fn access(&self, folder: &str) -> Access {
        let is_open = !folder.starts_with('_')
            || FOLDERS_OF_POSTS.iter().any(|open| folder.eq_ignore_ascii_case(open))
            || self.is_included(Utf8Path::new(folder));
        if is_open { Access::Open } else { Access::Closed }
    }

    /// The first folder on `path` whose name makes it internal.
    #[must_use]
    pub fn internal_folder<'a>(&self, path: &'a Utf8Path) -> Option<&'a Utf8Path> {
        // most paths contain no underscore
        if !path.as_str().contains('_') {
            return None;
        }
        let is_closed = |folder: &&Utf8Path| {
            folder.file_name().is_some_and(|name| self.access(name) == Access::Closed) && !self.is_included(folder)
        };
        folders_above(path).into_iter().find(is_closed)
    }

    /// Whether the configuration includes the folder at `path`, by its name or its path below the posts folder.
    #[must_use]
    pub fn is_included(&self, path: &Utf8Path) -> bool {
        let named = |text: &str| {
            let text = in_lower_case(text);
            self.included.iter().any(|pattern| matches(pattern, &text))
        };
        !self.included.is_empty() && (named(path.as_str()) || path.file_name().is_some_and(named))
    }

    /// The media kind of the file at `path`, or `None` if it is not served because of its name or place: hidden or ignored names, folders
    /// of drafts or internal parts of a site (`_drafts`, `_includes`), sources of posts and copies of them, and endings that are not
    /// meant for publication. `looks_like_post` checks the first bytes.
    #[must_use]
    pub fn media(&self, path: &Utf8Path) -> Option<MediaKind> {
        let is_well_known = self.is_well_known(path);
        let path = self.below_well_known(path).unwrap_or(path);
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        let is_plain = |name: &str| !name.contains(['\\', ':']) && !name.contains(char::is_control);
        let is_drafts = |folder: &str| folder.eq_ignore_ascii_case("drafts") || folder.eq_ignore_ascii_case("_drafts");
        let name = path.file_name().filter(|name| is_plain(name))?.to_lowercase();
        let ending = match Utf8Path::new(&name).extension() {
            // most of them are JSON
            None if is_well_known => "json",
            ending => ending?,
        };
        let is_named = !name.starts_with('_') && !never(&name) && !self.is_listed(&name) && !is_conflict(&name);
        let is_placed = self.enters_all(folder)
            && folder
                .components()
                .all(|part| is_plain(part.as_str()) && !is_drafts(part.as_str()))
            && self.internal_folder(path).is_none();
        if !is_named || !is_placed || is_markdown_ending(ending) {
            return None;
        }
        let kind = media_kind(ending).or_else(|| self.media.iter().any(|known| known == ending).then_some(MediaKind::Text))?;
        let is_copy = kind != MediaKind::Binary && is_copy_of_post(&name);
        // data files of other tools are not served
        let is_companion = name.ends_with(".11tydata.json");
        (!is_copy && !is_companion).then_some(kind)
    }

    /// Whether a regular file at `path` may be served, by its name and place.
    #[must_use]
    pub fn is_media(&self, path: &Utf8Path) -> bool {
        self.media(path).is_some()
    }

    /// Why the Markdown file at `path` is ignored: the name that is the reason, of the file or of a folder above it, and the rule.
    #[must_use]
    pub fn reason<'a>(&self, path: &'a Utf8Path) -> Option<(&'a str, String)> {
        path.components().find_map(|part| {
            let name = part.as_str();
            let folded = in_lower_case(name);
            let listed = self.patterns.iter().find(|pattern| matches(pattern, &folded));
            let rule = if let Some(pattern) = listed {
                format!("`posts.ignore` has the pattern `{pattern}`")
            } else if never(&folded) {
                "names that begin with `.`, `#` or `~`, or end with `~` or `#`, are those of hidden and temporary files"
                    .to_owned()
            } else if folded.starts_with('_') && path.file_name() == Some(name) {
                "a file whose name begins with `_` is part of a site, and no post".to_owned()
            } else {
                return None;
            };
            Some((name, rule))
        })
    }

    fn is_listed(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern, name))
    }
}

fn lower_case(patterns: &[String]) -> Vec<String> {
    let patterns = patterns.iter().map(|pattern| pattern.trim_end_matches('/').to_lowercase());
    patterns.filter(|pattern| !pattern.is_empty()).collect()
}

/// Whether a name is that of a copy of a post: a Markdown ending before the last ending (`a.md.txt`, `a.md.gz`).
fn is_copy_of_post(name: &str) -> bool {
    let mut parts = name.split('.');
    let (_, last) = (parts.next(), parts.next_back());
    last.is_some() && parts.any(|part| is_markdown_ending(part) || part == "rst" || part == "org" || part == "adoc")
}

/// `name` in lower case. Most names are, and are not copied.
fn in_lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        Cow::Owned(name.to_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Whether a name is never that of a post or a folder of posts: hidden names, and those of editors, synchronisers and the locks of office
/// programs.
fn never(name: &str) -> bool {
    name.starts_with(['.', '#', '~']) || name.ends_with(['~', '#'])
}

/// Syncthing's `a.sync-conflict-20260131-090000-ABCDEFG.md`; Dropbox's and Nextcloud's `a (conflicted copy 2026-01-31).md`.
fn is_conflict(name: &str) -> bool {
    name.contains(".sync-conflict-") || name.contains("conflicted copy") || name.contains("(case conflict")
}

/// Whether a name is that of a copy of a post left by a tool: ownCloud's `a_conflict-20260131-090000.md`, the files of `git mergetool`
/// (`a_BACKUP_1234.md`, `a.md.LOCAL.1234.md`).
#[must_use]
pub fn is_left_copy(name: &str) -> bool {
    const SIDES: [&str; 4] = ["backup", "base", "local", "remote"];
    let name = in_lower_case(name);
    let stem = markdown_stem(&name).unwrap_or(&name);
    let is_number = |text: &str| text.len() >= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let of_mergetool = |sign: char| {
        let Some((rest, number)) = stem.rsplit_once(sign) else {
            return false;
        };
        let side = rest
            .rsplit_once(sign)
            .filter(|(before, _)| !before.is_empty())
            .map(|(_, side)| side);
        is_number(number) && side.is_some_and(|side| SIDES.contains(&side))
    };
    let of_owncloud = || {
        let after = stem.split_once("_conflict-").map(|(_, after)| after);
        after.is_some_and(|after| after.bytes().take(8).filter(u8::is_ascii_digit).count() == 8)
    };
    of_owncloud() || of_mergetool('_') || of_mergetool('.')
}

/// Whether `pattern`, in which `*` matches any characters, matches the whole of `name`, in time proportional to the product of their
/// lengths.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

/// The folders above `path`, the outermost first.
pub(in crate::source) fn folders_above(path: &Utf8Path) -> Vec<&Utf8Path> {
    let mut folders: Vec<&Utf8Path> = path.ancestors().skip(1).collect();
    // the last ancestor of a relative path is empty
    folders.pop();
    folders.reverse();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignore() -> Ignore {
        Ignore::new(&[
            "README.md".into(),
            "node_modules/".into(),
            "*.draft.md".into(),
            "x*y*z.md".into(),
        ])
    }

    #[test]
    fn media() {
        let ignore = ignore();
        for path in [
            "a.png",
            "A.PNG",
            "notes/day/pic 1.jpeg",
            "_posts/pic.png",
            "_pages/pic.png",
            "b/data.json",
            "x/日本.mp3",
            "talk.mp4",
            "font.woff2",
            "talk.vtt",
            "paper.pdf",
            "book.epub",
            "code.tar.gz",
            "meeting.ics",
            "ride.gpx",
            "model.stl",
            "work.ipynb",
            "table.csv",
            "notes.txt",
            "screenshot.md.png",
            "feed.xml",
        ] {
            assert!(ignore.is_media(path.into()), "{path}");
        }
        for path in [
            "",
            "a.md",
            "b/INDEX.MD",
            "a.mdx",
            "a.mkd",
            "a.mdown",
            "a.mdtext",
            "a.markdown",
            ".env",
            ".git/a.png",
            "b/.hidden.png",
            "_drafts/a.png",
            "Drafts/a.png",
            "_includes/a.png",
            "_archive/a.png",
            "notes/_archive/deep/a.png",
            "_a.png",
            "node_modules/a.png",
            "a.png~",
            "~$a.docx",
            "id_rsa",
            "../a.png",
            "/a.png",
            "b/../a.png",
            "c:a.png",
            "b\\a.png",
            "a\n.png",
            "a.sync-conflict-20260131-090000-ABCDEFG.png",
            "notes/notes.11tydata.json",
        ] {
            assert!(!ignore.is_media(path.into()), "{path}");
        }
    }

    #[test]
    fn private_kinds_of_files_are_not_served() {
        let ignore = ignore();
        let classes: [(&str, &[&str]); 8] = [
            ("keys", &["pem", "key", "crt", "der", "p12", "pfx", "ppk", "gpg", "kdbx"]),
            (
                "settings",
                &["toml", "yaml", "yml", "ini", "cfg", "conf", "config", "env", "htpasswd"],
            ),
            ("databases", &["db", "sqlite", "SQLITE3", "mdb"]),
            ("logs", &["log"]),
            ("half-made files", &["part", "crdownload", "tmp", "swp", "bak", "old"]),
            (
                "copies of a post",
                &[
                    "orig",
                    "rej",
                    "save",
                    "BASE",
                    "md.txt",
                    "md.bak",
                    "md.gz",
                    "markdown.json",
                    "patch",
                    "diff",
                ],
            ),
            (
                "posts of other tools",
                &[
                    "org", "rst", "adoc", "html", "htm", "xhtml", "njk", "liquid", "hbs", "rmd", "qmd", "tex",
                ],
            ),
            ("programs", &["php", "py", "rb", "js", "mjs", "sh", "exe", "css"]),
        ];
        for (class, endings) in classes {
            for ending in endings {
                let path = format!("notes/a.{ending}");
                assert!(!ignore.is_media(Utf8Path::new(&path)), "{class}: {path}");
            }
        }
    }

    #[test]
    fn the_configuration_adds_kinds_of_files_and_folders() {
        let posts = PostSettings {
            media: vec!["html".into(), ".YAML".into()],
            include: vec!["_archive/".into(), "notes/_old".into()],
            ..PostSettings::default()
        };
        let ignore = Ignore::configured(&posts);
        let cases = [
            ("a.html", true),
            ("a.yaml", true),
            ("a.md.html", false),
            ("a.toml", false),
            ("_archive/a.png", true),
            ("x/_Archive/a.png", true),
            ("notes/_old/a.png", true),
            ("_old/a.png", false),
            ("_other/a.png", false),
        ];
        for (path, expected) in cases {
            assert_eq!(ignore.is_media(path.into()), expected, "{path}");
        }
    }

    #[test]
    fn folders_that_begin_with_an_underscore() {
        let cases = [
            ("a.md", None),
            ("notes/a_b.md", None),
            ("_posts/a.md", None),
            ("_drafts/a.md", None),
            ("_pages/a.md", None),
            ("blog/_Posts/a.md", None),
            ("_archive/a.md", Some("_archive")),
            ("notes/_archive/2020/a.md", Some("notes/_archive")),
            ("_a/_b/c.md", Some("_a")),
            ("_posts/_x/c.md", Some("_posts/_x")),
        ];
        for (path, folder) in cases {
            assert_eq!(ignore().internal_folder(path.into()).map(Utf8Path::as_str), folder, "{path}");
        }
    }

    #[test]
    fn copies_that_tools_leave() {
        let cases = [
            ("a_conflict-20260131-090000.md", true),
            ("a_BACKUP_1234.md", true),
            ("a_LOCAL_1234.md", true),
            ("a_REMOTE_99.mkd", true),
            ("a_BASE_31337.md", true),
            ("a.md.BACKUP.1234.md", true),
            ("a.LOCAL.1234.md", true),
            ("my_conflict-resolution.md", false),
            ("data_base_1.md", false),
            ("go_local.md", false),
            ("think-local-2026.md", false),
            ("base_1234.md", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_left_copy(name), expected, "{name}");
        }
    }

    #[test]
    fn files() {
        let cases = [
            ("a.md", NameKind::Post),
            ("A.MD", NameKind::Post),
            ("2.10.0.md", NameKind::Post),
            ("with space, comma @ +.markdown", NameKind::Post),
            ("component.mdx", NameKind::Post),
            ("שלום.md", NameKind::Post),
            ("4913.md", NameKind::Post),
            ("a", NameKind::Ignored),
            ("a.txt", NameKind::Ignored),
            ("a.mkd", NameKind::Post),
            ("a.mdown", NameKind::Post),
            ("a.mdtxt", NameKind::Post),
            ("a.md.orig", NameKind::Ignored),
            ("md", NameKind::Ignored),
            (".md", NameKind::Ignored),
            ("a.md~", NameKind::Ignored),
            ("#a.md#", NameKind::Ignored),
            (".#a.md", NameKind::Ignored),
            ("4913", NameKind::Ignored),
            ("a.md.swp", NameKind::Ignored),
            (".a.md.swx", NameKind::Ignored),
            ("a.md.tmp", NameKind::Ignored),
            ("a.md.bck", NameKind::Ignored),
            ("a.md.kate-swp", NameKind::Ignored),
            ("a.md___jb_tmp___", NameKind::Ignored),
            ("a.md___jb_old___", NameKind::Ignored),
            (".goutputstream-ABCDEF", NameKind::Ignored),
            ("a.md.sb-1234abcd-efgh", NameKind::Ignored),
            (".DS_Store", NameKind::Ignored),
            ("._a.md", NameKind::Ignored),
            ("~$a.md", NameKind::Ignored),
            (".~lock.a.md#", NameKind::Ignored),
            (".syncthing.a.md.tmp", NameKind::Ignored),
            ("~syncthing~a.md.tmp", NameKind::Ignored),
            (".a.md.Xk3jd9", NameKind::Ignored),
            (".nfs000000000001.md", NameKind::Ignored),
            ("a.md.part", NameKind::Ignored),
            ("a.md.crdownload", NameKind::Ignored),
            ("_index.md", NameKind::Ignored),
            ("_a.md", NameKind::Ignored),
            ("README.md", NameKind::Ignored),
            ("readme.md", NameKind::Ignored),
            ("b.draft.md", NameKind::Ignored),
            ("x-y-z.md", NameKind::Ignored),
            ("x-z.md", NameKind::Post),
            ("a.sync-conflict-20260131-090000-ABCDEFG.md", NameKind::Conflict),
            ("a (conflicted copy 2026-01-31).md", NameKind::Conflict),
            ("a (Somebody's conflicted copy).md", NameKind::Conflict),
            (".a.md.icloud", NameKind::Conflict),
        ];
        for (name, expected) in cases {
            assert_eq!(ignore().file(name), expected, "{name}");
        }
    }

    #[test]
    fn folders() {
        let cases = [
            ("2026", true),
            ("_posts", true),
            ("_drafts", true),
            ("a.md", true),
            (".git", false),
            (".obsidian", false),
            (".trash", false),
            (".stversions", false),
            (".~tmp~", false),
            ("..data", false),
            ("node_modules", false),
        ];
        for (name, expected) in cases {
            assert_eq!(ignore().enters(name), expected, "{name}");
        }
    }

    #[test]
    fn every_part_of_a_path_counts() {
        let cases = [
            ("a.md", true),
            ("2026/01/a.md", true),
            (".git/a.md", false),
            ("a/.b/c.md", false),
            ("node_modules/a.md", false),
            ("../a.md", false),
            ("/a.md", false),
        ];
        for (path, expected) in cases {
            assert_eq!(ignore().is_post(path.into()), expected, "{path}");
        }
    }

    #[test]
    fn patterns() {
        let cases = [
            ("*", "anything", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*a", "a", false),
            ("a*b*c", "a-c-b-c", true),
            ("a*b*c", "a-c-c", false),
            ("**", "", true),
            ("abc", "abcd", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
