//! Reads the data about people that a site keeps beside its posts folder, or in folders of its own in it.
//!
//! `authors.yml` in the posts folder is a companion that a scan finds; here are the other places: the same file above, data in other
//! languages, and one file for each person. Only a fixed list of names is looked up, and the entries of three folders.

use std::fs;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::read_bounded;
use crate::post::inherited::{AUTHORS, Companion, CompanionKind};
use crate::source_file::SourceFile;
use crate::time::Timestamp;

/// Files about all people, besides [`AUTHORS`].
const DATA: [&str; 10] = [
    "_data/authors.yml",
    "_data/authors.yaml",
    "_data/authors.json",
    "_data/authors.toml",
    "_data/people.yml",
    "data/authors.yml",
    "data/authors.yaml",
    "data/authors.json",
    "data/authors.toml",
    "_data/author.yml",
];

/// Folders with one file for each person.
const FOLDERS: [&str; 3] = ["_data/authors", "data/authors", "authors"];

/// The files of a person's own folder.
const PAGES: [&str; 2] = ["_index.md", "index.md"];

/// Endings of files about one person.
const ENDINGS: [&str; 5] = ["yml", "yaml", "json", "toml", "md"];

/// Further people in one folder are not read.
const MOST_PEOPLE: usize = 1000;

/// Returns what the site says of people, in the posts folder at `root` and in the folders `above` it; the nearest first.
pub(super) fn read_people(root: &Utf8Path, above: &[Utf8PathBuf]) -> Vec<Arc<Companion>> {
    let mut found = Vec::new();
    let places = [root].into_iter().chain(above.iter().map(Utf8PathBuf::as_path));
    for (depth, folder) in places.enumerate() {
        let prefix = "../".repeat(depth);
        let beside = AUTHORS.iter().filter(|_| depth > 0);
        // a scan finds those with the names of companions
        let data = DATA
            .iter()
            .filter(|name| depth > 0 || AUTHORS.iter().all(|own| !name.ends_with(&format!("/{own}"))));
        for name in beside.chain(data) {
            found.extend(read(folder, &prefix, name, false));
        }
        for name in FOLDERS {
            for file in files_of(folder, name) {
                found.extend(read(folder, &prefix, &file, true));
            }
        }
    }
    found
}

/// The companion in the file `name` in `folder`, if it says anything.
fn read(folder: &Utf8Path, prefix: &str, name: &str, is_of_one: bool) -> Option<Arc<Companion>> {
    let source = SourceFile {
        path: format!("{prefix}{name}").into(),
        bytes: read_bounded(&folder.join(name))?.into_bytes().into(),
        modified: Timestamp::UNIX_EPOCH,
    };
    let companion = Companion::parse(&source, CompanionKind::People { is_of_one });
    (!companion.is_empty()).then(|| Arc::new(companion))
}

/// The files about one person each in the folder `name` of `folder`, in order.
fn files_of(folder: &Utf8Path, name: &str) -> Vec<String> {
    let Ok(entries) = folder.join(name).read_dir_utf8() else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for entry in entries.flatten().take(MOST_PEOPLE) {
        let (path, file) = (entry.path(), entry.file_name());
        if path.extension().is_some_and(|ending| ENDINGS.contains(&ending)) {
            files.push(format!("{name}/{file}"));
        } else {
            let page = PAGES.iter().find(|page| fs::symlink_metadata(path.join(page)).is_ok());
            files.extend(page.map(|page| format!("{name}/{file}/{page}")));
        }
    }
    files.sort_unstable();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_in_the_usual_places() {
        let temporary = tempfile::tempdir().unwrap();
        let site = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
        let root = site.join("content/posts");
        let files = [
            ("content/posts/authors.yml", "ann: {name: A}"),
            ("content/posts/_data/authors.json", "{\"ann\": {\"name\": \"A\"}}"),
            ("content/.authors.yml", "ann: {name: A}"),
            ("content/authors/ann/_index.md", "---\ntitle: A\n---\n"),
            ("content/authors/empty/x.md", "---\ntitle: A\n---\n"),
            ("content/authors/bob.md", "No name"),
            ("data/authors/ann.toml", "name = 'A'"),
            ("data/authors/ann.png", "x"),
            ("_data/authors.yml", "ann: [broken"),
        ];
        for (path, text) in files {
            let path = site.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = read_people(&root, &[site.join("content"), site.clone()]);
        let found: Vec<String> = found.iter().map(|companion| companion.path().to_string()).collect();
        let expected = [
            "_data/authors.json",
            "../.authors.yml",
            "../authors/ann/_index.md",
            "../../_data/authors.yml",
            "../../data/authors/ann.toml",
        ];
        assert_eq!(found, expected);
    }
}
