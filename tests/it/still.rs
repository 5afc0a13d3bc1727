//! A site at one fixed instant, built from a folder and requested in process.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use feedmill::config::Config;
use feedmill::diagnostic::Diagnostic;
use feedmill::identity::Registry;
use feedmill::publisher::snapshot;
use feedmill::site::Site;
use feedmill::time::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

/// The instant of the site.
pub const NOW: &str = "2026-06-01T12:00:00Z";

/// When every file of the folder was last written.
pub const WRITTEN: &str = "2026-01-02T03:04:05Z";

/// A folder of posts to which files are added.
pub struct TestFolder(TempDir);

impl TestFolder {
    pub fn new() -> TestFolder {
        TestFolder(TempDir::new().unwrap())
    }

    /// A copy of the files below `tests/fixtures/{name}`.
    pub fn of_fixtures(name: &str) -> TestFolder {
        let folder = TestFolder::new();
        let root = fixtures(name);
        for path in files(&root) {
            folder.write(&path, fs::read(root.join(&path)).unwrap());
        }
        folder
    }

    pub fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        let written: SystemTime = WRITTEN.parse::<Timestamp>().unwrap().try_into().unwrap();
        File::options().write(true).open(path).unwrap().set_modified(written).unwrap();
    }

    /// The site of the folder at [`NOW`].
    pub fn site(&self, config: &str) -> Site {
        self.site_below("", config)
    }

    /// The site of the posts folder `below` this folder at [`NOW`].
    pub fn site_below(&self, below: &str, config: &str) -> Site {
        let config = Config::parse("feedmill.toml".into(), config).unwrap();
        let now = NOW.parse().unwrap();
        snapshot(&Arc::new(config), &self.root().join(below), &mut Registry::new(now), now).unwrap()
    }

    /// The site of the folder at [`NOW`] after it was published with the ids and addresses in `ledger`.
    pub fn published(&self, config: &str, ledger: &mut Registry) -> Site {
        let config = Config::parse("feedmill.toml".into(), config).unwrap();
        let now = NOW.parse().unwrap();
        let site = snapshot(&Arc::new(config), self.root(), ledger, now).unwrap();
        ledger.record_published(site.all().iter(), now);
        site
    }
}

pub fn fixtures(name: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Every file below `root`, relative to it, in order.
pub fn files(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.into_path());
            } else {
                found.push(entry.path().strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The response to GET `path`: its status and its text.
pub fn get(site: &Site, path: &str) -> (u16, String) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let response = crate::server::ask(site, path, query);
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    (response.status().as_u16(), text)
}

/// All posts of the listing, page by page.
pub fn listed(site: &Site) -> Vec<Value> {
    let mut posts = Vec::new();
    for page in 1.. {
        let (status, text) = get(site, &format!("/api/posts?per_page=200&page={page}"));
        assert_eq!(status, 200);
        let listing: Value = serde_json::from_str(&text).unwrap();
        posts.extend(listing["posts"].as_array().unwrap().iter().cloned());
        if listing["next"].is_null() {
            break;
        }
    }
    posts
}

/// The codes of the diagnostics for `path`, in order.
pub fn codes(site: &Site, path: &str) -> Vec<&'static str> {
    said(site, path).map(|diagnostic| diagnostic.code).collect()
}

/// The diagnostics for `path`.
pub fn said<'a>(site: &'a Site, path: &'a str) -> impl Iterator<Item = &'a Diagnostic> {
    site.diagnostics.iter().filter(move |diagnostic| diagnostic.path == path)
}
