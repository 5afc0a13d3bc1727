//! Unusual content of real posts, each with its promised result.
//!
//! Beside each unusual file there is a good one, which must be published in every case.

mod bodies;
mod dates;
mod files;
mod front_matter;
mod hidden;
mod identity;
mod texts;

use camino::Utf8Path;
use feedmill::index::Scope;
use feedmill::post::Post;
use feedmill::render::feeds::feed_page;
use feedmill::render::{Format, Place};
use feedmill::site::Site;
use serde_json::Value;

use crate::still::{TestFolder, codes, get, listed};

const CONFIG: &str = "[site]\nbase_url = 'https://example.com'\n[feed]\nlimit = 1000\n";

const NEIGHBOUR: &str = "---\ntitle: The neighbour\ndate: 2020-01-01\ntags: [next door]\n---\nGood text.\n";

/// A site of one odd file and its neighbour.
struct Odd {
    site: Site,
    path: String,
}

impl Odd {
    fn new(path: &str, content: impl AsRef<[u8]>) -> Odd {
        let folder = TestFolder::new();
        folder.write(path, content);
        Odd::within(&folder, path)
    }

    /// The odd file at `path` of `folder`.
    fn within(folder: &TestFolder, path: &str) -> Odd {
        folder.write("neighbour.md", NEIGHBOUR);
        let site = folder.site(CONFIG);
        assert_published(&site, "neighbour.md");
        Odd {
            site,
            path: path.to_owned(),
        }
    }

    /// The post of the file, public or not.
    fn read(&self) -> Option<&Post> {
        self.site.post(Utf8Path::new(&self.path)).map(AsRef::as_ref)
    }

    fn post(&self) -> &Post {
        self.read()
            .unwrap_or_else(|| panic!("{} was not read: {:?}", self.path, self.site.diagnostics))
    }

    /// Its entry in the listing.
    fn listed(&self) -> Option<Value> {
        let id = &self.read()?.id;
        listed(&self.site).into_iter().find(|post| post["id"] == **id)
    }

    /// The codes of its diagnostics, in order.
    fn codes(&self) -> String {
        codes(&self.site, &self.path).join(" ")
    }

    /// Its HTML in feeds.
    fn html(&self) -> String {
        let feed = feed(&self.site, Format::Json);
        let feed: Value = serde_json::from_str(&feed).unwrap();
        let id = self.post().id.as_str();
        let item = feed["items"].as_array().unwrap().iter().find(|item| item["id"] == id);
        item.unwrap()["content_html"].as_str().unwrap_or_default().to_owned()
    }

    /// The page for people.
    fn page(&self) -> String {
        page_of(&self.site, self.post())
    }
}

fn feed(site: &Site, format: Format) -> String {
    let (status, text) = get(site, &format!("/{}", format.file_name()));
    assert_eq!(status, 200);
    text
}

/// The path of `post`, from its URL in the listing.
fn request_path(site: &Site, post: &Post) -> String {
    let listed = listed(site);
    let entry = listed.iter().find(|entry| entry["id"] == *post.id);
    let url = entry.unwrap_or_else(|| panic!("{} is not listed", &post.source))["url"]
        .as_str()
        .unwrap();
    url.strip_prefix("https://example.com").unwrap().to_owned()
}

fn page_of(site: &Site, post: &Post) -> String {
    let path = request_path(site, post);
    let (status, text) = get(site, &path);
    assert_eq!(status, 200, "{path}");
    text
}

/// Checks that the post at `path` is in the listing, in every feed of the site, and at its address.
fn assert_published(site: &Site, path: &str) {
    let post = site
        .post(Utf8Path::new(path))
        .unwrap_or_else(|| panic!("{path} was not read: {:?}", site.diagnostics));
    page_of(site, post);
    let id = post.id.replace('&', "&amp;");
    for format in Format::ALL {
        let feed = feed(site, format);
        assert!(
            feed.contains(&id) || feed.contains(post.id.as_str()),
            "{path} is not in {format:?}"
        );
    }
}

/// All documents of the site: feeds with archives, lists, the listing, and the page of every address that any post would have.
fn everything(site: &Site) -> Vec<(String, String)> {
    let mut paths = vec!["/api/posts?per_page=200".to_owned(), "/healthz".to_owned()];
    for (scope, members) in site.index.scopes() {
        let archives = feed_page::archives(members.in_feeds().len(), site.config().feed.limit);
        for place in std::iter::once(Place::Newest).chain((1..=archives).map(Place::Archive)) {
            paths.extend(Format::ALL.map(|format| feedmill::render::feed_path(&scope.path(), place, format)));
        }
        paths.push(if *scope == Scope::Site { "/".to_owned() } else { scope.path() });
        paths.push(format!("{}/page/2", scope.path()));
    }
    for post in site.all().iter() {
        let url = feedmill::render::post_url("https://example.com", &post.address);
        paths.push(url.trim_start_matches("https://example.com").to_owned());
        paths.push(format!("{}.md", &post.address));
        paths.push(format!("/posts/{}", &post.slug));
        paths.extend(post.tags.iter().map(|tag| format!("/api/posts?tag={tag}")));
    }
    let answers = paths.into_iter().map(|path| {
        let (_, text) = get(site, &path);
        (path, text)
    });
    answers.collect()
}
