//! What a start is spared because the one before kept it, and that it changes nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use feedmill::config::Config;
use feedmill::publisher::Publisher;
use feedmill::publisher::site_builder::SiteBuilder;
use feedmill::render::{Format, Place};
use feedmill::site::Site;
use feedmill::source::folder::kept::{Ground, KeptPosts};
use feedmill::source::watch::{Hints, Watching};
use feedmill::storage::Store;
use feedmill::time::Timestamp;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::commands::{Serving, feedmill, run};
use crate::still::{TestFolder, files, fixtures, get, listed};

/// So many posts are worth being kept, if their texts are more than are kept in memory.
const POSTS: usize = 80;
const LARGE: usize = 64 * 1024;

fn text(number: usize, bytes: usize) -> String {
    let words = "Nets are mended on the quay while the tide is out. ".repeat(bytes / 51);
    let (day, tag) = (number % 28 + 1, number % 7);
    format!("---\ntitle: Post {number}\ndate: 2026-01-{day:02}\ntags: [tag{tag}]\n---\n{words}\n")
}

fn config(state: &Utf8Path) -> Arc<Config> {
    let toml = "[site]\nbase_url = 'https://example.com'\n[feed]\nlimit = 30\n";
    let mut config = Config::parse("feedmill.toml".into(), toml).unwrap();
    config.state.dir = Some(state.to_owned());
    Arc::new(config)
}

/// Every document of the site, and all that is said.
fn told(site: &Site) -> BTreeMap<String, Vec<u8>> {
    let mut told = BTreeMap::new();
    for (scope, _) in site.index.scopes() {
        let archives = (1..=site.archives(scope)).map(Place::Archive);
        for place in std::iter::once(Place::Newest).chain(archives) {
            for format in Format::ALL {
                let document = site.feed(scope, place, format).unwrap();
                told.insert(format!("{} {place:?} {format:?}", scope.path()), document.bytes().to_vec());
            }
        }
    }
    for post in listed(site) {
        let address = post["url"]
            .as_str()
            .unwrap()
            .trim_start_matches("https://example.com")
            .to_owned();
        told.insert(address.clone(), get(site, &address).1.into());
        told.insert(format!("listed {address}"), post.to_string().into());
    }
    for path in [
        "/api/posts?include=content&per_page=200",
        "/api/posts?q=tide",
        "/sitemap.xml",
        "/feeds.opml",
    ] {
        told.insert(path.to_owned(), get(site, path).1.into());
    }
    told.insert("diagnostics".to_owned(), format!("{:#?}", site.diagnostics).into());
    told
}

#[test]
fn a_start_from_what_was_kept_makes_the_same_site() {
    let folder = TestFolder::of_fixtures("dialects");
    for path in files(&fixtures("broken")) {
        folder.write(
            Utf8Path::new("broken").join(&path),
            fs::read(fixtures("broken").join(&path)).unwrap(),
        );
    }
    for number in 0..POSTS {
        folder.write(format!("notes/{number}.md"), text(number, 200));
    }
    for number in 0..5 {
        folder.write(format!("no-text-{number}.md"), vec![0xe9; 1 << 20]);
    }
    let states = TempDir::new().unwrap();
    let [kept, bare] = ["kept", "bare"].map(|name| Utf8Path::from_path(states.path()).unwrap().join(name));
    let site = |state: &Utf8Path| {
        let opening = Store::open(state);
        let mut press = SiteBuilder::new(&config(state), folder.root().to_owned(), Some(opening), Timestamp::now());
        let begun = Instant::now();
        let mut edition = press.open(Watching::Native, begun).unwrap();
        let mut site = edition.site.take().unwrap();
        // an empty file is taken once it has held still, which may be within the first look where that takes long
        while let Some(wait) = edition.again_in {
            std::thread::sleep(wait);
            edition = press.turn(&Hints::default(), Watching::Native, Timestamp::now(), begun.elapsed());
            site = edition.site.take().unwrap_or(site);
        }
        let told = told(&site);
        assert!(press.close());
        told
    };
    let first = site(&kept);
    assert!(first.len() > 200, "{}", first.len());
    fs::create_dir(&bare).unwrap();
    fs::copy(kept.join("ledger.db"), bare.join("ledger.db")).unwrap();
    let recalled = |state: &Utf8Path| {
        let mut config = Config::clone(&config(state));
        // the ledger has the site known by its first address
        config.site.identity.clone_from(&config.site.base_url);
        KeptPosts::recall(state, Ground::of(&config))
    };
    assert!(recalled(&kept).is_some() && recalled(&bare).is_none());
    let (from_kept, from_files) = (site(&kept), site(&bare));
    for (name, document) in &from_files {
        assert!(from_kept.get(name) == Some(document), "{name}");
    }
    assert_eq!(from_kept.len(), from_files.len());
}

/// How much the process has read, from files and otherwise, where the system tells.
fn bytes_read(process: u32) -> Option<u64> {
    let io = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("io")).ok()?;
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: "))?;
    line.parse().ok()
}

#[test]
fn the_program_reads_no_post_again_that_has_not_changed() {
    let site = TestFolder::new();
    for number in 0..POSTS {
        site.write(format!("posts/{number}.md"), text(number, LARGE));
    }
    let site = site.root().as_std_path();
    let cache = site.join("state/posts.cache");
    let serve = || {
        let serving = Serving::start(site, &["--state", "state", "--base-url", "http://blog.example"]);
        let said = serving.until("Ctrl-C ends it").join("\n");
        assert!(said.contains("80 posts in posts"), "{said}");
        serving
    };
    let stop = |mut serving: Serving| {
        serving.signal(Signal::TERM);
        assert_eq!(serving.ended(), Some(0));
    };
    let all = (POSTS * LARGE) as u64;

    let serving = serve();
    assert!(bytes_read(serving.process()).is_none_or(|read| read > all));
    assert!(!cache.exists(), "a start has better things to do");
    stop(serving);
    assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o600);

    let serving = serve();
    let read = bytes_read(serving.process());
    assert!(
        read.is_none_or(|read| read < all / 2),
        "{read:?} bytes of {all}, where the newest feeds take 20 posts"
    );

    // who does not have the ledger keeps nothing, and who kept all that there is does not either
    fs::remove_file(&cache).unwrap();
    let other = serve();
    stop(other);
    stop(serving);
    for arguments in [
        &["check"][..],
        &["why", "posts/1.md"],
        &["ledger", "export", "--state", "state"],
    ] {
        let (status, _, err) = run(&mut feedmill(site, arguments));
        assert_eq!(status, 0, "{arguments:?}: {err}");
    }
    assert!(!cache.exists());
}

#[tokio::test]
async fn a_full_look_keeps_posts_while_they_are_served() {
    let (folder, state) = (TestFolder::new(), TempDir::new().unwrap());
    for number in 0..POSTS {
        folder.write(format!("{number}.md"), text(number, LARGE));
    }
    let state = Utf8Path::from_path(state.path()).unwrap();
    let publisher = Publisher::start(config(state), folder.root()).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !state.join("posts.cache").exists() {
        assert!(Instant::now() < deadline, "not in time");
        publisher.look_again();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    publisher.stop().await;
    let left: BTreeSet<String> = state
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_owned())
        .collect();
    assert_eq!(left, ["ledger.db", "ledger.lock", "posts.cache"].map(str::to_owned).into());
}
