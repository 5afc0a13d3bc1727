//! Which file each old address leads to, so that links between imported posts become links between files.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use camino::{Utf8Path, Utf8PathBuf};
use url::Url;

use super::address;
use super::imported::ImportedPost;

/// Query parameters that name a post.
const NUMBERS: [&str; 3] = ["p", "page_id", "attachment_id"];

/// The files of all imported posts, and the addresses that they had. Addresses are kept as hashes, because an export may have a million.
#[derive(Debug, Default)]
pub(crate) struct LinkTable {
    /// The files, in the order of the export; empty for what is not written.
    files: Vec<Box<str>>,
    by_address: HashMap<u64, u32>,
    /// The hosts of the old site, without `www.`.
    hosts: Vec<String>,
    home: Option<Url>,
}

impl LinkTable {
    /// A table for the site with the first page `home`.
    pub(crate) fn new(home: Option<&Url>) -> LinkTable {
        let mut table = LinkTable {
            home: home.cloned(),
            ..LinkTable::default()
        };
        table.hosts.extend(home.and_then(address::host).map(str::to_owned));
        table
    }

    /// Adds the file of the next post of the export.
    pub(crate) fn add(&mut self, post: &ImportedPost, file: &Utf8Path) {
        let index = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(file.as_str().into());
        if file.as_str().is_empty() {
            return;
        }
        if let Some(url) = &post.url {
            if self.home.is_none()
                && let Some(host) = address::host(url)
                && !self.hosts.iter().any(|known| known == host)
            {
                self.hosts.push(host.to_owned());
            }
            self.by_address.entry(key(url)).or_insert(index);
        }
        let nowhere = nowhere();
        let base = self.home.as_ref().or(post.url.as_ref()).or(nowhere.as_ref());
        let aliases = post.aliases.iter().filter_map(|alias| base?.join(alias).ok());
        for url in aliases {
            self.by_address.entry(key(&url)).or_insert(index);
        }
    }

    /// The file of the post with the number `index` in the export.
    pub(crate) fn file(&self, index: usize) -> Option<&Utf8Path> {
        self.files
            .get(index)
            .map(|file| Utf8Path::new(&**file))
            .filter(|file| !file.as_str().is_empty())
    }

    /// The absolute form of `written`, in a post that was at `base`.
    pub(crate) fn absolute(&self, written: &str, base: Option<&Url>) -> String {
        let base = base.or(self.home.as_ref());
        match Url::options().base_url(base).parse(written) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && !written.contains("://") => url.to_string(),
            _ => written.to_owned(),
        }
    }

    /// Whether `url` is on the old site.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        address::host(url).is_some_and(|host| self.hosts.iter().any(|known| known == host))
    }

    /// The address to write for the link `written` in the file `from` of a post that was at `base`: a file, or an absolute URL.
    pub(crate) fn link(&self, written: &str, from: &Utf8Path, base: Option<&Url>) -> String {
        if written.starts_with('#') || written.is_empty() {
            return written.to_owned();
        }
        let nowhere = nowhere();
        let base = base.or(self.home.as_ref());
        let Ok(url) = Url::options().base_url(base.or(nowhere.as_ref())).parse(written) else {
            return written.to_owned();
        };
        if !matches!(url.scheme(), "http" | "https") {
            return written.to_owned();
        }
        let is_own = self.is_own(&url) || base.is_none() && !written.contains("://");
        let target = is_own.then(|| self.by_address.get(&key(&url))).flatten();
        let file = target.and_then(|&index| self.file(index as usize));
        match (file, url.fragment()) {
            (Some(file), None) => relative(from, file),
            (Some(file), Some(fragment)) => format!("{}#{fragment}", relative(from, file)),
            // what was relative on the old site is not here
            (None, _) if written.contains("://") || base.is_none() => written.to_owned(),
            (None, _) => url.to_string(),
        }
    }
}

/// The base of paths where the address of the old site is not known.
fn nowhere() -> Option<Url> {
    Url::parse("http://old-site.invalid/").ok()
}

/// What all addresses of one page on the old site have in common.
fn key(url: &Url) -> u64 {
    let number = url.query_pairs().find(|(name, _)| NUMBERS.contains(&&**name));
    let mut hasher = DefaultHasher::new();
    match number {
        Some((name, value)) => (name, value).hash(&mut hasher),
        None => address::fold_path(&percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy()).hash(&mut hasher),
    }
    hasher.finish()
}

/// The path from the file `from` to the file `to`, both relative to the posts folder.
pub(crate) fn relative(from: &Utf8Path, to: &Utf8Path) -> String {
    let from: Vec<&str> = from.parent().map(|folder| folder.iter().collect()).unwrap_or_default();
    let to: Vec<&str> = to.iter().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    let path: Utf8PathBuf = up.chain(to.into_iter().skip(shared)).collect();
    path.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_between_posts_lead_to_files() {
        let home: Url = "https://old.example/blog/".parse().unwrap();
        let mut table = LinkTable::new(Some(&home));
        let post = |url: &str, aliases: &[&str]| ImportedPost {
            url: Some(url.parse().unwrap()),
            aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
            ..ImportedPost::default()
        };
        table.add(&post("https://old.example/2013/01/02/night/", &["/?p=17"]), "night.md".into());
        table.add(
            &post("http://www.old.example/about/", &["/?page_id=3"]),
            "pages/about.md".into(),
        );
        for (written, from, expected) in [
            ("https://old.example/2013/01/02/night/", "a.md", "night.md"),
            ("http://www.old.example/2013/01/02/night", "a.md", "night.md"),
            ("/2013/01/02/night/#end", "a.md", "night.md#end"),
            ("https://old.example/?p=17", "pages/about.md", "../night.md"),
            ("https://old.example/about/", "pages/x.md", "about.md"),
            ("/?page_id=3", "night.md", "pages/about.md"),
            (
                "https://other.example/2013/01/02/night/",
                "a.md",
                "https://other.example/2013/01/02/night/",
            ),
            ("/category/news/", "a.md", "https://old.example/category/news/"),
            ("#note", "a.md", "#note"),
            ("mailto:a@b.example", "a.md", "mailto:a@b.example"),
            ("http://[broken", "a.md", "http://[broken"),
        ] {
            assert_eq!(table.link(written, from.into(), None), expected, "{written}");
        }
        // the address of the old site is not known
        let mut table = LinkTable::new(None);
        let named = ImportedPost {
            aliases: vec!["/night/".to_owned()],
            ..ImportedPost::default()
        };
        table.add(&named, "night.md".into());
        for (written, expected) in [
            ("/night/", "night.md"),
            ("/other/", "/other/"),
            ("https://old.example/night/", "https://old.example/night/"),
        ] {
            assert_eq!(table.link(written, "a.md".into(), None), expected, "{written}");
        }
    }
}
