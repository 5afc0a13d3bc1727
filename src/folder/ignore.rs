//! Which names are posts, by the name alone.
//!
//! The lists are what editors, synchronisers and operating systems leave beside the files people write. Most of it does not end in
//! `.md` and needs no rule: a file is a post by its ending, and these rules are for what shares that ending.

use std::borrow::Cow;

use camino::{Utf8Component, Utf8Path};

/// The endings of posts, compared without regard to case. MDX is Astro's and Docusaurus's Markdown.
const ENDINGS: [&str; 3] = ["md", "markdown", "mdx"];

/// Endings of files that are never served: settings, keys, databases, logs and what is left of half-made files. Nobody means to
/// publish these by keeping them beside posts.
#[rustfmt::skip]
const WITHHELD: [&str; 28] = [
    "bak", "cfg", "conf", "config", "crdownload", "crt", "db", "der", "env", "gpg", "htpasswd", "ini", "kdbx", "key", "log", "old",
    "p12", "part", "pem", "pfx", "ppk", "sqlite", "sqlite3", "swp", "tmp", "toml", "yaml", "yml",
];

/// What a file's name says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// It is to be read as a post.
    Post,
    /// It is none of ours.
    Ignored,
    /// A synchroniser made it of two versions that it could not merge, or has not fetched it yet: its author should know.
    Conflict,
}

/// The names that are no posts: what is never one, and what the configuration adds (`posts.ignore`).
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    patterns: Vec<String>,
}

impl Ignore {
    /// What is always ignored, and every name that one of `patterns` matches: `*` stands for any run of characters, and case does
    /// not matter.
    #[must_use]
    pub fn new(patterns: &[String]) -> Ignore {
        let patterns = patterns
            .iter()
            .map(|pattern| pattern.trim_end_matches('/').to_lowercase())
            .filter(|pattern| !pattern.is_empty())
            .collect();
        Ignore { patterns }
    }

    /// What the name of a file says of it.
    #[must_use]
    pub fn file(&self, name: &str) -> Name {
        let name = in_lower_case(name);
        if name.starts_with('.') && name.strip_suffix(".icloud").is_some_and(has_post_ending) {
            return Name::Conflict;
        }
        // an underscore marks what belongs to the site and not to its readers; `_index.md` describes a section
        if !has_post_ending(&name) || name.starts_with('_') || never(&name) || self.is_listed(&name) {
            return Name::Ignored;
        }
        if is_conflict(&name) { Name::Conflict } else { Name::Post }
    }

    /// Whether posts are looked for in a folder of this name. `_posts` and `_drafts` are such folders.
    #[must_use]
    pub fn enters(&self, name: &str) -> bool {
        let name = in_lower_case(name);
        !never(&name) && !self.is_listed(&name)
    }

    /// Whether posts are looked for in the folder at `path`, and in every one above it.
    #[must_use]
    pub fn enters_all(&self, path: &Utf8Path) -> bool {
        path.components().all(|component| match component {
            Utf8Component::Normal(name) => self.enters(name),
            _ => false,
        })
    }

    /// Whether a regular file at `path` is a post.
    #[must_use]
    pub fn is_post(&self, path: &Utf8Path) -> bool {
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        self.enters_all(folder) && path.file_name().is_some_and(|name| self.file(name) == Name::Post)
    }

    /// Whether a regular file at `path` may be served as it is, beside the posts: nothing hidden or ignored, nothing in a folder of
    /// drafts or of a site's own parts (`_drafts`, `_includes`), no post's source, and nothing of a kind that keeps secrets.
    #[must_use]
    pub fn is_media(&self, path: &Utf8Path) -> bool {
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        let is_plain = |name: &str| !name.contains(['\\', ':']) && !name.contains(char::is_control);
        let is_open = |folder: &str| folder == "_posts" || !(folder.starts_with('_') || folder.eq_ignore_ascii_case("drafts"));
        let Some(name) = path.file_name().filter(|name| is_plain(name)).map(str::to_lowercase) else {
            return false;
        };
        let Some(ending) = Utf8Path::new(&name).extension() else {
            return false;
        };
        self.enters_all(folder)
            && folder
                .components()
                .all(|part| is_plain(part.as_str()) && is_open(part.as_str()))
            && !(name.starts_with('_') || never(&name) || self.is_listed(&name) || is_conflict(&name))
            && !ENDINGS.contains(&ending)
            && !WITHHELD.contains(&ending)
    }

    fn is_listed(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern, name))
    }
}

/// `name` in lower case, as most are.
fn in_lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        Cow::Owned(name.to_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Names that are never a post nor a folder of posts: hidden ones, those of editors, of office programs'
/// locks and of synchronisers.
fn never(name: &str) -> bool {
    name.starts_with(['.', '#', '~']) || name.ends_with(['~', '#'])
}

fn has_post_ending(name: &str) -> bool {
    Utf8Path::new(name)
        .extension()
        .is_some_and(|ending| ENDINGS.contains(&ending))
}

/// Syncthing's `a.sync-conflict-20260131-090000-ABCDEFG.md`; Dropbox's and Nextcloud's `a (conflicted copy 2026-01-31).md`.
fn is_conflict(name: &str) -> bool {
    name.contains(".sync-conflict-") || name.contains("conflicted copy") || name.contains("(case conflict")
}

/// Whether `pattern`, in which `*` stands for any run of characters, matches the whole of `name`; in time linear in their product.
fn matches(pattern: &str, name: &str) -> bool {
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
            "b/data.json",
            "b/page.html",
            "x/日本.mp3",
        ] {
            assert!(ignore.is_media(path.into()), "{path}");
        }
        for path in [
            "",
            "a.md",
            "b/INDEX.MD",
            "a.mdx",
            ".env",
            ".git/a.png",
            "b/.hidden.png",
            "_drafts/a.png",
            "Drafts/a.png",
            "_includes/a.png",
            "_a.png",
            "node_modules/a.png",
            "a.png~",
            "~$a.docx",
            "feedmill.toml",
            "b/site.SQLITE",
            "id_rsa",
            "../a.png",
            "/a.png",
            "b/../a.png",
            "c:a.png",
            "b\\a.png",
            "a\n.png",
            "a.sync-conflict-20260131-090000-ABCDEFG.png",
        ] {
            assert!(!ignore.is_media(path.into()), "{path}");
        }
    }

    #[test]
    fn files() {
        let cases = [
            ("a.md", Name::Post),
            ("A.MD", Name::Post),
            ("2.10.0.md", Name::Post),
            ("with space, comma @ +.markdown", Name::Post),
            ("component.mdx", Name::Post),
            ("שלום.md", Name::Post),
            ("4913.md", Name::Post),
            ("a", Name::Ignored),
            ("a.txt", Name::Ignored),
            ("md", Name::Ignored),
            (".md", Name::Ignored),
            ("a.md~", Name::Ignored),
            ("#a.md#", Name::Ignored),
            (".#a.md", Name::Ignored),
            ("4913", Name::Ignored),
            ("a.md.swp", Name::Ignored),
            (".a.md.swx", Name::Ignored),
            ("a.md.tmp", Name::Ignored),
            ("a.md.bck", Name::Ignored),
            ("a.md.kate-swp", Name::Ignored),
            ("a.md___jb_tmp___", Name::Ignored),
            ("a.md___jb_old___", Name::Ignored),
            (".goutputstream-ABCDEF", Name::Ignored),
            ("a.md.sb-1234abcd-efgh", Name::Ignored),
            (".DS_Store", Name::Ignored),
            ("._a.md", Name::Ignored),
            ("~$a.md", Name::Ignored),
            (".~lock.a.md#", Name::Ignored),
            (".syncthing.a.md.tmp", Name::Ignored),
            ("~syncthing~a.md.tmp", Name::Ignored),
            (".a.md.Xk3jd9", Name::Ignored),
            (".nfs000000000001.md", Name::Ignored),
            ("a.md.part", Name::Ignored),
            ("a.md.crdownload", Name::Ignored),
            ("_index.md", Name::Ignored),
            ("_a.md", Name::Ignored),
            ("README.md", Name::Ignored),
            ("readme.md", Name::Ignored),
            ("b.draft.md", Name::Ignored),
            ("x-y-z.md", Name::Ignored),
            ("x-z.md", Name::Post),
            ("a.sync-conflict-20260131-090000-ABCDEFG.md", Name::Conflict),
            ("a (conflicted copy 2026-01-31).md", Name::Conflict),
            ("a (Somebody's conflicted copy).md", Name::Conflict),
            (".a.md.icloud", Name::Conflict),
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
    fn a_path_is_judged_by_every_part() {
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
