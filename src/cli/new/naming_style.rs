//! How the posts of a folder are named and written.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil;

use super::front_matter::FrontMatterForm;
use crate::post::{Origin, Post};
use crate::site::Site;

/// The number of posts that are read, the newest: a style may have changed.
const SAMPLE: usize = 20;

/// The most bytes that the front matter of a file is looked for in.
const HEAD: u64 = 16 * 1024;

/// How the newest posts of a folder are named and written.
#[derive(Debug)]
pub(super) struct NamingStyle {
    /// The folder that most are in, relative to the folder of posts, with `{year}`, `{month}` and `{day}` where it follows their dates.
    folder: Utf8PathBuf,
    /// The ending of their names, without the dot.
    pub(super) ending: String,
    /// Whether their names begin with the date.
    has_dated_names: bool,
    /// Whether each has a folder of its own with an `index` file.
    has_folders: bool,
    /// The form of their front matter.
    pub(super) form: FrontMatterForm,
    /// Whether their dates have a time.
    pub(super) has_times: bool,
    /// The author, as written, if all of them have the same.
    pub(super) author: Option<String>,
    /// All tags of the site, those with the most posts first.
    pub(super) tags: Vec<String>,
}

impl NamingStyle {
    /// The style of the newest posts of `site`, whose folder of posts is `root`.
    pub(super) fn from_posts_of(site: &Site, root: &Utf8Path) -> NamingStyle {
        let mut posts: Vec<&Arc<Post>> = site.all().iter().collect();
        posts.sort_by_key(|post| Reverse((post.date.timestamp(), &post.source)));
        posts.truncate(SAMPLE);
        let heads: Vec<String> = posts.iter().map(|post| read_head(&root.join(&post.source))).collect();
        let forms = heads.iter().filter_map(|head| FrontMatterForm::of(head));
        let form = most_common(forms.clone()).unwrap_or_default();
        let is_index = |post: &Post| post.source.file_stem() == Some("index");
        let has_folders = most(&posts, |post| is_index(post));
        let folders = posts.iter().filter(|post| is_index(post) == has_folders).filter_map(|post| {
            let folder = post.source.parent()?;
            let folder = if has_folders { folder.parent()? } else { folder };
            Some(with_placeholders(folder, post.date.date()))
        });
        let folders: Vec<Utf8PathBuf> = folders.collect();
        let name = |post: &Post| {
            let path = if is_index(post) {
                post.source.parent().unwrap_or(&post.source)
            } else {
                &post.source
            };
            path.file_name().unwrap_or_default().to_owned()
        };
        let dated: Vec<&&Arc<Post>> = posts
            .iter()
            .filter(|post| matches!(post.origins.date, Origin::Field(_)))
            .collect();
        NamingStyle {
            folder: most_common(folders.iter()).cloned().unwrap_or_default(),
            ending: most_common(posts.iter().filter_map(|post| post.source.extension()))
                .unwrap_or("md")
                .to_owned(),
            has_dated_names: most(&posts, |post| begins_with_date(&name(post))),
            has_folders,
            form,
            has_times: most(&dated, |post| {
                post.date.rfc3339().get(11..19).is_some_and(|time| time != "00:00:00")
            }),
            author: author_of_all(&heads, form),
            tags: tags(site),
        }
    }

    /// The path of a new post with this `slug`, written on `day`.
    pub(super) fn path_of(&self, slug: &str, day: civil::Date) -> Utf8PathBuf {
        let name = if self.has_dated_names {
            format!("{day}-{slug}")
        } else {
            slug.to_owned()
        };
        let name = if self.has_folders {
            format!("{name}/index.{}", self.ending)
        } else {
            format!("{name}.{}", self.ending)
        };
        let folder = PLACEHOLDERS
            .iter()
            .fold(self.folder.to_string(), |folder, (placeholder, format)| {
                folder.replace(placeholder, &day.strftime(*format).to_string())
            });
        Utf8PathBuf::from(folder).join(name)
    }
}

/// What stands for a part of a date in the name of a folder, and how that part is written.
const PLACEHOLDERS: [(&str, &str); 3] = [("{year}", "%Y"), ("{month}", "%m"), ("{day}", "%d")];

/// `folder` with placeholders where it has the year of `day`, the month below it, and the day below that.
fn with_placeholders(folder: &Utf8Path, day: civil::Date) -> Utf8PathBuf {
    let mut placeholders = PLACEHOLDERS.iter().peekable();
    let parts = folder.components().map(|part| {
        let is_it = |(_, format): &&&(&str, &str)| day.strftime(*format).to_string() == part.as_str();
        match placeholders.peek().filter(is_it) {
            Some((placeholder, _)) => {
                placeholders.next();
                *placeholder
            }
            None => part.as_str(),
        }
    });
    parts.collect()
}

/// The beginning of the file at `path`; empty if it cannot be read.
fn read_head(path: &Utf8Path) -> String {
    let mut head = Vec::new();
    if let Ok(file) = File::open(path) {
        // a file that cannot be read tells nothing of the style
        let _ = file.take(HEAD).read_to_end(&mut head);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Whether `name` begins with a day, as in `2026-01-31-hello`.
fn begins_with_date(name: &str) -> bool {
    name.get(..10).is_some_and(|day| day.parse::<civil::Date>().is_ok())
}

/// Whether `is_so` holds for more than half of `posts`.
fn most<T>(posts: &[T], is_so: impl Fn(&T) -> bool) -> bool {
    let count = posts.iter().filter(|post| is_so(post)).count();
    count * 2 > posts.len()
}

/// The value that occurs most often; of several, the first.
fn most_common<T: Copy + Eq + std::hash::Hash>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: HashMap<T, (usize, Reverse<usize>)> = HashMap::new();
    for (at, value) in values.enumerate() {
        counts.entry(value).or_insert((0, Reverse(at))).0 += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}

/// The author in all of `heads`, as written; `None` if one has no author or another one.
fn author_of_all(heads: &[String], form: FrontMatterForm) -> Option<String> {
    let mut authors = heads.iter().map(|head| form.value_of(head, "author"));
    let first = authors.next()??;
    authors.all(|author| author.as_ref() == Some(&first)).then_some(first)
}

fn tags(site: &Site) -> Vec<String> {
    let tags = site
        .index
        .scopes()
        .filter(|(scope, _)| matches!(scope, crate::index::Scope::Tag(_)));
    let mut tags: Vec<(usize, String)> = tags
        .map(|(_, members)| (members.in_feeds().len(), members.name.clone()))
        .collect();
    tags.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    tags.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_common_value_is_found() {
        assert_eq!(most_common([1, 2, 2].into_iter()), Some(2));
        assert_eq!(most_common([1, 2].into_iter()), Some(1), "of several, the first");
        assert_eq!(most_common(std::iter::empty::<u8>()), None);
        assert!(!most(&[true, false], |so| *so));
        assert!(!most(&[], |so: &bool| *so));
    }

    #[test]
    fn folders_follow_dates() {
        for (folder, expected) in [
            ("", ""),
            ("blog", "blog"),
            ("blog/2026", "blog/{year}"),
            ("2026/01/31", "{year}/{month}/{day}"),
            ("2026/02", "{year}/02"),
            ("01/2026", "01/{year}"),
        ] {
            assert_eq!(
                with_placeholders(Utf8Path::new(folder), civil::date(2026, 1, 31)),
                expected,
                "{folder}"
            );
        }
    }

    #[test]
    fn dated_names() {
        for (name, is_dated) in [
            ("2026-01-31-hello.md", true),
            ("2026-02-30-hello.md", false),
            ("hello.md", false),
            ("2026", false),
            ("äöüäöüäöü", false),
        ] {
            assert_eq!(begins_with_date(name), is_dated, "{name}");
        }
    }
}
