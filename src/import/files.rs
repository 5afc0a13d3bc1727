//! Writes imported posts as Markdown files with front matter. Nothing is overwritten, and a file arrives whole.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};

use super::imported::{Audience, ImportedEnclosure, ImportedKind, ImportedPost};
use crate::post::slug::slugify;

/// The longest name of a file, without its ending.
const LONGEST_NAME: usize = 80;
/// Names that no post gets.
const RESERVED: [&str; 20] = [
    "404",
    "about",
    "about-me",
    "colophon",
    "contact",
    "cookies",
    "datenschutz",
    "disclaimer",
    "drafts",
    "impressum",
    "imprint",
    "index",
    "legal",
    "page",
    "pages",
    "posts",
    "privacy",
    "readme",
    "static",
    "terms",
];
/// The extension of the file with the HTML of a post, as the export has it. Such a file is never served.
pub(crate) const HTML_EXTENSION: &str = "original.html";
/// The most bytes of a file's head that are searched for its id.
const HEAD: u64 = 16 * 1024;
/// The deepest folder that is searched for posts.
const DEEPEST: usize = 12;
/// The most files that are searched.
const MOST_FILES: usize = 1_000_000;

/// The ids in the front matter of the posts in a folder, and the files that have them.
pub(crate) fn existing_ids(posts: &Utf8Path) -> io::Result<HashMap<String, Utf8PathBuf>> {
    let mut found = HashMap::new();
    let mut folders = vec![(posts.to_owned(), 0)];
    let mut files = 0;
    while let Some((folder, depth)) = folders.pop() {
        let entries = match folder.read_dir_utf8() {
            Ok(entries) => entries,
            Err(error) if depth == 0 && error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(error) if depth == 0 => return Err(error),
            Err(_) => continue,
        };
        for entry in entries.filter_map(Result::ok) {
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() && depth < DEEPEST && !entry.file_name().starts_with('.') {
                folders.push((path.to_owned(), depth + 1));
            } else if kind.is_file() && path.extension() == Some("md") && files < MOST_FILES {
                files += 1;
                if let Ok(Some(id)) = id_in(path) {
                    let below = path.strip_prefix(posts).unwrap_or(path);
                    found.entry(id).or_insert_with(|| below.to_owned());
                }
            }
        }
    }
    Ok(found)
}

/// The value of `guid` in the front matter of the file at `path`.
fn id_in(path: &Utf8Path) -> io::Result<Option<String>> {
    let mut lines = BufReader::new(File::open(path)?.take(HEAD)).lines();
    if lines.next().and_then(Result::ok).as_deref().map(str::trim_end) != Some("---") {
        return Ok(None);
    }
    let mut fields = lines.map_while(Result::ok).take_while(|line| line.trim_end() != "---");
    let Some(written) = fields.find_map(|line| line.strip_prefix("guid:").map(|value| value.trim().to_owned())) else {
        return Ok(None);
    };
    let quoted = serde_json::from_str(&written).ok();
    Ok(Some(quoted.unwrap_or_else(|| written.trim_matches('\'').to_owned())))
}

/// Chooses the files of posts, each name once.
#[derive(Debug)]
pub(crate) struct FileNames {
    posts: Utf8PathBuf,
    /// Whether each post gets a folder of its own, for its media.
    in_folders: bool,
    taken: HashSet<String>,
}

impl FileNames {
    pub(crate) fn new(posts: &Utf8Path, in_folders: bool) -> FileNames {
        FileNames {
            posts: posts.to_owned(),
            in_folders,
            taken: HashSet::new(),
        }
    }

    /// The file of `post`, relative to the posts folder: no other post of the import has it, and no file is there.
    pub(crate) fn choose(&mut self, post: &ImportedPost) -> Utf8PathBuf {
        let wanted = [&post.slug, &post.title]
            .into_iter()
            .map(|text| file_name(text, post.kind))
            .find(|name| !name.is_empty());
        let wanted = wanted.unwrap_or_else(|| {
            post.date
                .map_or_else(|| "untitled".to_owned(), |date| file_name(&date.to_string(), post.kind))
        });
        let folder = if post.kind == ImportedKind::Page { "pages/" } else { "" };
        let mut number = 1;
        loop {
            let name = if number == 1 {
                format!("{folder}{wanted}")
            } else {
                format!("{folder}{wanted}-{number}")
            };
            let is_free = || !self.posts.join(format!("{name}.md")).exists() && self.is_free_folder(&self.posts.join(&name));
            if !self.taken.contains(&name) && is_free() {
                let file = if self.in_folders {
                    format!("{name}/index.md")
                } else {
                    format!("{name}.md")
                };
                self.taken.insert(name);
                return file.into();
            }
            number += 1;
        }
    }
}

impl FileNames {
    /// Whether the folder of a post can be at `path`: nothing is there, or only the media that an interrupted import left.
    fn is_free_folder(&self, path: &Utf8Path) -> bool {
        match path.read_dir_utf8() {
            Ok(mut entries) if self.in_folders => entries.all(|entry| {
                entry.is_ok_and(|entry| {
                    entry.file_type().is_ok_and(|kind| kind.is_file()) && entry.path().extension() != Some("md")
                })
            }),
            Ok(_) => false,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

/// `text` as the name of a file.
fn file_name(text: &str, kind: ImportedKind) -> String {
    let text = text.strip_suffix(".html").unwrap_or(text);
    let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    let slug = slugify(&text);
    let mut end = slug.len().min(LONGEST_NAME);
    while !slug.is_char_boundary(end) {
        end -= 1;
    }
    let name = slug.get(..end).unwrap_or_default().trim_matches('-');
    // names that mean something to feedmill: folders, and pages at the top of the folder
    if kind == ImportedKind::Post && RESERVED.contains(&name) || name == "index" {
        format!("{name}-1")
    } else {
        name.to_owned()
    }
}

/// The text of a file: front matter and `body`.
pub(crate) fn file_text(post: &ImportedPost, id: &str, body: &str) -> String {
    let mut text = "---\n".to_owned();
    let mut field = |key: &str, value: &str| {
        let _ = writeln!(text, "{key}: {value}");
    };
    if !post.title.is_empty() {
        field("title", &quoted(&post.title));
    }
    field("guid", &quoted(id));
    if let Some(date) = post.date {
        field("date", &date.to_string());
    }
    if let Some(updated) = post.updated.filter(|updated| Some(*updated) != post.date) {
        field("updated", &updated.to_string());
    }
    if post.kind == ImportedKind::Page {
        field("type", "page");
    }
    if post.is_pinned {
        field("pinned", "true");
    }
    match post.audience {
        Audience::Draft => field("draft", "true"),
        Audience::Private => field("visibility", "private"),
        Audience::Everybody => {}
    }
    if !post.authors.is_empty() {
        field("authors", &list(&post.authors));
    }
    if !post.tags.is_empty() {
        field("tags", &list(&post.tags));
    }
    let aliases = aliases(post);
    if !aliases.is_empty() {
        field("aliases", &list(&aliases));
    }
    if !post.summary.is_empty() {
        field("summary", &quoted(&post.summary));
    }
    if let Some(image) = &post.image {
        field("image", &quoted(image));
    }
    if !post.language.is_empty() {
        field("lang", &quoted(&post.language));
    }
    if let Some(url) = &post.external_url {
        field("external_url", &quoted(url));
    }
    if !post.enclosures.is_empty() {
        let written: Vec<String> = post.enclosures.iter().map(enclosure).collect();
        field("enclosures", &format!("[{}]", written.join(", ")));
    }
    text.push_str("---\n\n");
    text.push_str(body.trim());
    text.push('\n');
    text
}

/// An enclosure as a value in YAML.
fn enclosure(enclosure: &ImportedEnclosure) -> String {
    let media_type = if enclosure.media_type.is_empty() {
        String::new()
    } else {
        format!(", \"type\": {}", quoted(&enclosure.media_type))
    };
    let length = if enclosure.length == 0 {
        String::new()
    } else {
        format!(", \"length\": {}", enclosure.length)
    };
    format!("{{\"url\": {}{media_type}{length}}}", quoted(&enclosure.url))
}

/// The old addresses of `post` as paths.
fn aliases(post: &ImportedPost) -> Vec<String> {
    let mut aliases: Vec<String> = Vec::new();
    let own = post
        .url
        .as_ref()
        .filter(|url| url.query().is_none() && url.path().len() > 1)
        .map(|url| url.path().to_owned());
    for alias in own.iter().chain(&post.aliases) {
        if alias.starts_with('/') && !aliases.contains(alias) {
            aliases.push(alias.clone());
        }
    }
    aliases
}

/// `text` as a value in YAML: JSON's strings are YAML's.
fn quoted(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    serde_json::Value::from(text.trim()).to_string()
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// Writes `bytes` as the new file at `path`, and its folders. If there is a file already, it stays, and this is an error.
pub(crate) fn write_new(path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    write_new_with(path, |file| file.write_all(bytes))
}

/// Writes the new file at `path` with `write`. A reader of the folder sees the whole file or none.
pub(crate) fn write_new_with(path: &Utf8Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Utf8Path::new("."));
    fs::create_dir_all(folder)?;
    // tools that watch the folder leave hidden files out
    let part = folder.join(format!(".{}.part", path.file_name().unwrap_or_default()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&part)?;
    let written = write(&mut file).and_then(|()| {
        drop(file);
        // unlike a rename, a link never replaces a file
        match fs::hard_link(&part, path) {
            Err(error) if is_unsupported(&error) && !path.exists() => fs::rename(&part, path),
            done => done,
        }
    });
    let _ = fs::remove_file(&part);
    written
}

/// Writes `bytes` in the place of the file at `path`. A reader of the folder sees the old file or the new one.
pub(crate) fn replace(path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Utf8Path::new("."));
    let part = folder.join(format!(".{}.part", path.file_name().unwrap_or_default()));
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// Whether the disk has no hard links.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied)
}
