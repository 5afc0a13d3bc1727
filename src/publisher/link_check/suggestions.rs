//! Finds the file or the post that an author probably meant.

use camino::{Utf8Path, Utf8PathBuf};
use percent_encoding::percent_decode_str;

use super::{BrokenLink, LinkUse};
use crate::post::reference::WIKILINK;
use crate::site::Site;
use crate::source_file::file_type::markdown_stem;

/// The most names that are compared for one site. After that there are no suggestions.
const MOST_COMPARED: usize = 4_000_000;
/// In characters. A longer name is compared with none.
const LONGEST: usize = 80;

/// The most characters by which the endings of two files with the same name differ in length: `jpg` and `webp`.
const ENDING_DIFFERENCE: usize = 4;

/// The names of the files and posts of a site.
pub(super) struct Suggestions<'a> {
    files: Vec<Name<'a>>,
    posts: Vec<Name<'a>>,
    left: usize,
}

/// A name, in lower case. Names are sorted by their length, because only names of about the same length can be alike.
struct Name<'a> {
    /// In characters.
    length: usize,
    text: String,
    path: &'a Utf8Path,
}

impl<'a> Name<'a> {
    fn new(text: String, path: &'a Utf8Path) -> Name<'a> {
        Name {
            length: text.chars().count(),
            text,
            path,
        }
    }
}

impl<'a> Suggestions<'a> {
    /// The media files and the readable posts of `site`.
    pub(super) fn new(site: &'a Site) -> Suggestions<'a> {
        let mut files: Vec<Name> = site.index.files().map(|path| Name::new(name_of(path), path)).collect();
        let readable = site.all().iter().filter(|post| site.is_readable(post));
        let posts = readable.flat_map(|post| {
            let path = post.source.as_path();
            let name = name_of(path);
            let stem = markdown_stem(&name).unwrap_or(&name).to_owned();
            [Name::new(stem, path), Name::new(post.slug.to_lowercase(), path)]
        });
        let mut posts: Vec<Name> = posts.collect();
        files.sort_by_key(|name| name.length);
        posts.sort_by_key(|name| name.length);
        Suggestions {
            files,
            posts,
            left: MOST_COMPARED,
        }
    }

    /// The path, from the folder of the post, of what `link` probably means.
    pub(super) fn nearest(&mut self, link: &BrokenLink) -> Option<String> {
        let path = link.reference.split(['?', '#']).next()?;
        let path = percent_decode_str(path.strip_prefix(WIKILINK).unwrap_or(path))
            .decode_utf8()
            .ok()?;
        let name = path.trim_end_matches('/').rsplit('/').next()?.to_lowercase();
        let stem = markdown_stem(&name);
        let is_post = stem.is_some() || (link.used == LinkUse::Link && !name.contains('.'));
        let wanted = stem.unwrap_or(&name);
        let (letters, mut row): (Vec<char>, Vec<usize>) = (wanted.chars().collect(), Vec::new());
        let most = (letters.len() / 4).clamp(1, 3);
        let (names, difference) = if is_post {
            (&self.posts, most)
        } else {
            (&self.files, most.max(ENDING_DIFFERENCE))
        };
        let start = names.partition_point(|name| name.length + difference < letters.len());
        let end = names.partition_point(|name| name.length <= letters.len() + difference);
        let names = names.get(start..end)?;
        self.left = self.left.checked_sub(names.len())?;
        let near = names.iter().filter_map(|name| {
            // another kind of picture with the same name
            let is_same = name.text == wanted || (!is_post && stem_of(&name.text) == stem_of(wanted));
            let distance = if is_same {
                0
            } else {
                distance(name, &letters, most, &mut row)?
            };
            Some((distance, name.path))
        });
        let (_, found) = near.min()?;
        (found != link.source).then(|| relative(&link.source, found))
    }
}

fn name_of(path: &Utf8Path) -> String {
    path.file_name().unwrap_or_default().to_lowercase()
}

fn stem_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The path of `to` from the folder of `from`.
fn relative(from: &Utf8Path, to: &Utf8Path) -> String {
    let folder: Vec<&str> = from.parent().unwrap_or(Utf8Path::new("")).as_str().split('/').collect();
    let folder: Vec<&str> = folder.into_iter().filter(|part| !part.is_empty()).collect();
    let parts: Vec<&str> = to.as_str().split('/').collect();
    let common = folder.iter().zip(&parts).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..", folder.len() - common);
    let path: Utf8PathBuf = up.chain(parts.into_iter().skip(common)).collect();
    path.into_string()
}

/// The number of letters by which `name` and `other` differ, if it is at most `most` (Levenshtein's distance). `row` is memory for the work:
/// this is called for many names of a site.
fn distance(name: &Name, other: &[char], most: usize, row: &mut Vec<usize>) -> Option<usize> {
    if name.length.abs_diff(other.len()) > most || name.length.max(other.len()) > LONGEST {
        return None;
    }
    row.clear();
    row.extend(0..=other.len());
    for (at, letter) in name.text.chars().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        let mut least = left;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, known) in row.iter_mut().skip(1).zip(other) {
            let changed = diagonal + usize::from(letter != *known);
            diagonal = *above;
            left = changed.min(diagonal + 1).min(left + 1);
            least = least.min(left);
            *above = left;
        }
        if least > most {
            return None;
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let cases = [
            ("cat.png", "cat.png", Some(0)),
            ("cat.png", "cats.png", Some(1)),
            ("cat.png", "cta.png", Some(2)),
            ("cat.png", "dog.png", None),
            ("", "ab", Some(2)),
            ("äöü", "äou", Some(2)),
        ];
        for (one, other, expected) in cases {
            for (one, other) in [(one, other), (other, one)] {
                let other: Vec<char> = other.chars().collect();
                let name = Name::new(one.to_owned(), Utf8Path::new("x"));
                assert_eq!(distance(&name, &other, 2, &mut Vec::new()), expected, "{one} {other:?}");
            }
        }
    }

    #[test]
    fn paths_from_a_folder() {
        let cases = [
            ("a.md", "img/x.png", "img/x.png"),
            ("notes/a.md", "img/x.png", "../img/x.png"),
            ("notes/deep/a.md", "notes/x.png", "../x.png"),
            ("notes/a.md", "notes/img/x.png", "img/x.png"),
        ];
        for (from, to, expected) in cases {
            assert_eq!(relative(from.into(), to.into()), expected, "{from} {to}");
        }
    }
}
