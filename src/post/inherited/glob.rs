//! Matches Hugo's patterns of paths: `*` matches anything but `/`, `**` anything, `?` one character, `[a-z]` and `{a,b}` a choice.

use camino::Utf8Path;

use crate::source_file::file_type::markdown_stem;

/// In bytes. A longer pattern matches everything.
const LONGEST_PATTERN: usize = 512;
/// The most patterns that one with choices may expand to.
const MOST_CHOICES: usize = 64;

/// Returns whether `pattern` matches the path that Hugo gives to the post at `path`, in a posts folder called `root`. Hugo's content
/// folder is not known: it may be above or below the posts folder, but not below `folder`, which contains the file with the pattern.
pub(super) fn matches_path(pattern: &str, path: &Utf8Path, root: &str, folder: &Utf8Path) -> bool {
    let lower = path.as_str().to_lowercase();
    let parts: Vec<&str> = lower.split('/').collect();
    let deepest = folder.components().count().min(parts.len().saturating_sub(1));
    let below = (0..=deepest).filter_map(|start| Some(parts.get(start..)?.join("/")));
    let candidates = below.chain([format!("{root}/{lower}")]).flat_map(path_forms);
    let pattern = pattern.to_lowercase();
    // a choice may begin before the slash
    let patterns = expand_choices(&pattern).unwrap_or_else(|| vec![pattern.clone()]);
    let at_top = |path: &str| format!("/{}", path.trim_start_matches('/'));
    candidates.into_iter().any(|candidate| {
        let candidate = at_top(&candidate.to_lowercase());
        patterns.iter().any(|pattern| matches(&at_top(pattern), &candidate))
    })
}

/// The forms of `path` that a pattern may match: with its extension, without, and without the file's name if that is `index`, with and
/// without a language.
fn path_forms(path: String) -> Vec<String> {
    let stem = markdown_stem(&path).unwrap_or(&path).to_owned();
    let without_language = match stem.rsplit_once('.') {
        Some((name, language)) if !name.is_empty() && !language.contains('/') => name.to_owned(),
        _ => stem.clone(),
    };
    let logical = [&stem, &without_language].map(|stem| {
        let folder = stem.strip_suffix("/index").filter(|folder| !folder.is_empty());
        folder.unwrap_or(stem).replace(' ', "-")
    });
    let [logical, without_language] = logical;
    vec![path, stem, logical, without_language]
}

/// Returns whether `pattern` matches the whole of `text`. An invalid pattern matches everything.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    if pattern.len() > LONGEST_PATTERN || text.len() > 4 * LONGEST_PATTERN {
        return true;
    }
    match expand_choices(pattern) {
        Some(patterns) => patterns.iter().any(|pattern| match parse_pattern(pattern) {
            Some(parts) => is_match(&parts, text),
            None => true,
        }),
        None => true,
    }
}

/// The patterns without choices that `pattern` expands to; `None` if there are too many, or a brace is not closed.
fn expand_choices(pattern: &str) -> Option<Vec<String>> {
    let mut open = vec![pattern.to_owned()];
    let mut closed = Vec::new();
    while let Some(pattern) = open.pop() {
        let Some(start) = pattern.find('{') else {
            closed.push(pattern);
            continue;
        };
        let mut depth = 0_usize;
        let mut cuts = vec![start];
        let mut end = None;
        for (at, c) in pattern.char_indices().skip_while(|(at, _)| *at < start) {
            match c {
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        end = Some(at);
                        break;
                    }
                }
                ',' if depth == 1 => cuts.push(at),
                _ => {}
            }
        }
        let end = end?;
        cuts.push(end);
        for cut in cuts.windows(2) {
            let choice = pattern.get(cut.first()? + 1..*cut.last()?)?;
            open.push(format!("{}{choice}{}", pattern.get(..start)?, pattern.get(end + 1..)?));
        }
        if open.len() + closed.len() > MOST_CHOICES {
            return None;
        }
    }
    Some(closed)
}

/// A part of a pattern.
enum GlobPart {
    Char(char),
    /// Any one character but `/`.
    One,
    /// Any characters but `/`.
    Some,
    /// Any characters.
    All,
    Set {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
}

fn parse_pattern(pattern: &str) -> Option<Vec<GlobPart>> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '*' => {
                let mut part = GlobPart::Some;
                while chars.next_if_eq(&'*').is_some() {
                    part = GlobPart::All;
                }
                part
            }
            '?' => GlobPart::One,
            '\\' => GlobPart::Char(chars.next()?),
            '[' => {
                let is_negated = chars.next_if(|c| matches!(c, '!' | '^')).is_some();
                let mut ranges = Vec::new();
                loop {
                    let first = chars.next()?;
                    if first == ']' && !ranges.is_empty() {
                        break;
                    }
                    let last = if chars.next_if_eq(&'-').is_some() {
                        chars.next()?
                    } else {
                        first
                    };
                    ranges.push((first, last));
                }
                GlobPart::Set { is_negated, ranges }
            }
            c => GlobPart::Char(c),
        });
    }
    Some(parts)
}

/// Whether `parts` match the whole of `text`. The time is linear in the product of both lengths.
fn is_match(parts: &[GlobPart], text: &str) -> bool {
    // `states[n]`: whether the first `n` parts match the text so far
    let mut states = vec![false; parts.len() + 1];
    let spread = |states: &mut Vec<bool>| {
        for (at, part) in parts.iter().enumerate() {
            if states.get(at) == Some(&true)
                && matches!(part, GlobPart::Some | GlobPart::All)
                && let Some(next) = states.get_mut(at + 1)
            {
                *next = true;
            }
        }
    };
    if let Some(first) = states.first_mut() {
        *first = true;
    }
    spread(&mut states);
    for c in text.chars() {
        let mut next = vec![false; parts.len() + 1];
        for (at, part) in parts.iter().enumerate() {
            if states.get(at) != Some(&true) {
                continue;
            }
            let (stays, goes_on) = match part {
                GlobPart::All => (true, false),
                GlobPart::Some => (c != '/', false),
                GlobPart::One => (false, c != '/'),
                GlobPart::Char(known) => (false, *known == c),
                GlobPart::Set { is_negated, ranges } => {
                    let is_in = ranges.iter().any(|(first, last)| (first..=last).contains(&&c));
                    (false, is_in != *is_negated && c != '/')
                }
            };
            for (to, reached) in [(at, stays), (at + 1, goes_on)] {
                if let Some(state) = next.get_mut(to).filter(|_| reached) {
                    *state = true;
                }
            }
        }
        states = next;
        spread(&mut states);
    }
    states.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_paths() {
        let cases = [
            ("/blog/**", "/blog/a", true),
            ("/blog/**", "/blog/a/b", true),
            ("/blog/**", "/other/a", false),
            ("/blog/*", "/blog/a", true),
            ("/blog/*", "/blog/a/b", false),
            ("**", "/a/b", true),
            ("/{a,b}/**", "/b/c", true),
            ("/{a,b}/**", "/c/c", false),
            ("{/a/**,/b/x*}", "/b/xy", true),
            ("/a?c", "/abc", true),
            ("/a?c", "/a/c", false),
            ("/[a-c]x", "/bx", true),
            ("/[!a-c]x", "/bx", false),
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("pa*", "page", true),
            ("{page,section}", "page", true),
            ("section", "page", false),
            ("{open", "x", true),
            ("[open", "x", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
        let hard = "*a".repeat(200);
        assert!(!matches(&hard, &"a".repeat(2000).replace("aa", "ab")) || hard.len() < LONGEST_PATTERN);
    }

    #[test]
    fn paths_as_hugo_spells_them() {
        let cases = [
            ("/notes/**", "notes/A B.md", "posts", true),
            ("/posts/notes/**", "notes/a.md", "posts", true),
            ("/notes/a-b", "notes/A B.md", "posts", true),
            ("notes/a", "notes/a/index.md", "posts", true),
            ("/notes/a.md", "notes/a.md", "posts", true),
            ("/other/**", "notes/a.md", "posts", false),
            ("/drafts/**", "a.md", "posts", false),
            ("{/x/**,/notes/*}", "notes/a.md", "posts", true),
        ];
        for (pattern, path, root, expected) in cases {
            let found = matches_path(pattern, path.into(), root, "".into());
            assert_eq!(found, expected, "{pattern} {path}");
        }
        // Hugo's content folder is somewhere above the file with the pattern
        let cases = [
            ("/notes/**", "content/notes/deep/a.md", "content/notes", true),
            ("/content/notes/**", "content/notes/a.md", "content/notes", true),
            ("/notes/**", "content/en/notes/a.md", "content/en/notes", true),
            ("/deep/**", "content/notes/deep/a.md", "content", false),
            ("/other/**", "content/notes/a.md", "content/notes", false),
            ("/notes/a", "content/notes/a.de.md", "content/notes", true),
            ("/notes/a", "content/notes/a/index.de.md", "content/notes", true),
        ];
        for (pattern, path, folder, expected) in cases {
            let found = matches_path(pattern, path.into(), "site", folder.into());
            assert_eq!(found, expected, "{pattern} {path} {folder}");
        }
    }
}
