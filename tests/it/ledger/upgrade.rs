//! Ledgers of older versions: every record is kept, and the posts stay as readers know them.
//!
//! `fixtures/old-ledger` was written by feedmill 0.1.0 before it stored digests of files, `fixtures/ledger-schema-1` by the version
//! before storage had several backends.

use std::fs::{self, File};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use feedmill::config::Config;
use feedmill::http::request::Request;
use feedmill::http::routes::answer;
use feedmill::http::target::Target;
use feedmill::identity::{PostRecord, Record};
use feedmill::publisher::site_builder::SiteBuilder;
use feedmill::site::Site;
use feedmill::source::watch::{Hints, Watching};
use feedmill::storage::Storage;
use feedmill::time::Timestamp;
use tempfile::TempDir;

use crate::still::{files, fixtures};

fn site(state: &Utf8Path, root: &Utf8Path, now: Timestamp) -> Arc<Site> {
    let mut config = Config::default();
    config.site.base_url = Some("https://blog.example".parse().unwrap());
    let opening = Storage::sqlite(state).open();
    assert_eq!(opening.notes, Vec::<String>::new());
    let mut builder = SiteBuilder::new(&Arc::new(config), root.to_owned(), Some(opening), now);
    let (mut site, mut tick) = (None, Duration::ZERO);
    for _ in 0..20 {
        let cycle = builder.run_cycle(&Hints::everything(), Watching::Native, now, tick);
        site = cycle.site.or(site);
        let Some(wait) = cycle.again_in else { break };
        tick += wait;
    }
    assert!(builder.close());
    site.unwrap()
}

fn records(state: &Utf8Path) -> Vec<PostRecord> {
    let contents = Storage::sqlite(state).load().unwrap();
    assert_eq!(contents.notes, Vec::<String>::new());
    let posts = contents.records.into_iter().filter_map(|record| match record {
        Record::Post(post) => Some(*post),
        _ => None,
    });
    posts.collect()
}

/// Copies the posts and the ledger of a fixture. Returns the posts folder and the state folder.
fn copy_fixture(name: &str, to: &TempDir) -> (Utf8PathBuf, Utf8PathBuf) {
    let above = Utf8PathBuf::from_path_buf(to.path().to_owned()).unwrap();
    let (root, state) = (above.join("posts"), above.join("state"));
    let old = fixtures(name);
    for path in files(&old.join("posts")) {
        let to = root.join(&path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(old.join("posts").join(&path), &to).unwrap();
        // a checkout gives files other times
        let file = File::options().append(true).open(to).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000))
            .unwrap();
    }
    fs::create_dir(&state).unwrap();
    fs::copy(old.join("ledger.db"), state.join("ledger.db")).unwrap();
    (root, state)
}

#[test]
fn a_ledger_with_schema_1_keeps_every_record() {
    let temporary = TempDir::new().unwrap();
    let (root, state) = copy_fixture("ledger-schema-1", &temporary);
    let before = records(&state);
    assert_eq!(before.len(), 9);
    let now: Timestamp = "2027-02-01T00:00:00Z".parse().unwrap();
    for start in ["the first", "the second"] {
        let site = site(&state, &root, now);
        assert_eq!(records(&state), before, "{start} start");
        let public = before.iter().filter(|record| record.withdrawn.is_none());
        for record in public {
            let post = site.post(&record.source).unwrap();
            assert_eq!((&post.id, &post.address), (&record.id, &record.address), "{start} start");
            assert_eq!(post.date.rfc3339(), record.date.rfc3339(), "{}, {start} start", record.source);
        }
        // renamed, and another address; deleted; made a draft; the second of one slug; unlisted
        let paths = [
            "/posts/renamed",
            "/posts/gone",
            "/posts/draft",
            "/posts/hello-2026-02-03",
            "/posts/unlisted",
        ];
        assert_eq!(
            paths.map(|path| status(&site, path, now)),
            [301, 410, 410, 200, 200],
            "{start} start"
        );
    }
}

fn status(site: &Site, path: &str, now: Timestamp) -> u16 {
    let headers = http::HeaderMap::new();
    let target = Target::parse(path);
    answer(site, &Request::new(target.as_ref(), path, "", &headers, now))
        .status()
        .as_u16()
}

#[test]
fn an_upgrade_keeps_ids_addresses_and_dates() {
    let temporary = TempDir::new().unwrap();
    let (root, state) = copy_fixture("old-ledger", &temporary);
    let before = records(&state);
    assert!(before.len() == 7 && before.iter().all(|record| record.file.is_none()));

    let now: Timestamp = "2027-02-01T00:00:00Z".parse().unwrap();
    for start in ["the first", "the second"] {
        let site = site(&state, &root, now);
        let after = records(&state);
        assert_eq!(after.len(), before.len(), "{start}");
        for old in &before {
            let name = format!("{}, {start} start", old.source);
            let new = after
                .iter()
                .find(|new| new.id == old.id)
                .unwrap_or_else(|| panic!("{name}: the id is another"));
            assert_eq!(
                (&new.source, &new.address, &new.earlier),
                (&old.source, &old.address, &old.earlier),
                "{name}"
            );
            assert_eq!(
                (new.withdrawn, new.returned, new.first_served),
                (old.withdrawn, old.returned, old.first_served),
                "{name}"
            );
            if old.withdrawn.is_some() {
                continue;
            }
            assert!(new.file.is_some(), "{name}: the digest of the file is recorded from now on");
            let post = site.post(&old.source).unwrap();
            assert_eq!((&post.id, &post.address), (&old.id, &old.address), "{name}");
            assert!(post.is_readable(now), "{name}");
            // this date was not understood by the older version
            if old.source != "embargoed.md" {
                assert_eq!(post.date.rfc3339(), old.date.rfc3339(), "{name}");
                assert_eq!(post.modified().timestamp(), old.last_seen_change(), "{name}");
                assert_eq!((new.changed, new.content), (old.changed, old.content), "{name}");
            }
        }
        let statuses =
            ["/posts/moved", "/posts/gone", "/kept/here", "/posts/unlisted", "/posts/draft"].map(|path| status(&site, path, now));
        assert_eq!(statuses, [301, 410, 200, 200, 404], "{start}");
    }
}

#[test]
fn the_cache_of_posts_of_older_versions_is_removed_by_the_process_with_the_ledger() {
    let temporary = TempDir::new().unwrap();
    let above = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
    let (root, state) = (above.join("posts"), above.join("state"));
    let cache = state.join("posts.cache");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("a.md"), "# A walk\n").unwrap();
    let start = || {
        let config = Arc::new(Config::default());
        let mut builder = SiteBuilder::new(&config, root.clone(), Some(Storage::sqlite(&state).open()), Timestamp::now());
        builder.open(Watching::Native, Instant::now()).unwrap();
        builder
    };
    let first = start();
    fs::write(&cache, "drafts").unwrap();
    let second = start();
    assert!(cache.exists(), "another process has the ledger");
    drop((first, second));
    assert!(start().close());
    assert!(!cache.exists());
}
