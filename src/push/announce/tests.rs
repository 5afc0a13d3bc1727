use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use camino::Utf8PathBuf;
use tempfile::TempDir;

use super::*;
use crate::config::Config;
use crate::publisher::site_builder::SiteBuilder;
use crate::source::watch::{Hints, Watching};
use crate::storage::Storage;
use crate::time::Timestamp;

/// A folder that is published again and again, each time by a new builder, as after a restart.
struct Restarts {
    folder: TempDir,
    storage: Storage,
    config: Config,
    now: Timestamp,
}

impl Restarts {
    fn new() -> Restarts {
        let restarts = Restarts {
            folder: TempDir::new().unwrap(),
            storage: Storage::memory(),
            config: Config::default(),
            now: "2030-01-01T00:00:00Z".parse().unwrap(),
        };
        for name in ["a", "b", "c"] {
            restarts.write(name, "tags: [mill]\n", "The wheel turns.");
        }
        restarts
    }

    fn write(&self, name: &str, front_matter: &str, text: &str) {
        let path = self.folder.path().join(format!("{name}.md"));
        let content = format!("---\ntitle: {name}\ndate: 2026-01-31\n{front_matter}---\n{text}\n");
        fs::write(&path, content).unwrap();
        let file = fs::File::options().append(true).open(path).unwrap();
        let before = SystemTime::try_from(self.now - Duration::from_hours(1)).unwrap();
        file.set_modified(before).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.folder.path().join(format!("{name}.md"))).unwrap();
    }

    /// The site after a start a day later.
    fn site(&mut self) -> Arc<Site> {
        self.now += Duration::from_hours(24);
        let root = Utf8PathBuf::from_path_buf(self.folder.path().to_owned()).unwrap();
        let opened = self.storage.open();
        let mut builder = SiteBuilder::new(&Arc::new(self.config.clone()), root, Some(opened), self.now);
        let mut site = None;
        for minute in 0..10 {
            let tick = Duration::from_mins(minute);
            let outcome = builder.run_cycle(&Hints::everything(), Watching::Native, self.now + tick, tick);
            site = outcome.site.or(site);
        }
        assert!(builder.close());
        site.unwrap()
    }
}

fn mill() -> Scope {
    Scope::Tag("mill".to_owned())
}

/// A change of the folder.
type Change = fn(&mut Restarts);

/// The scopes that are announced after `change`, at a start with what was stored before.
fn announced_after(change: impl FnOnce(&mut Restarts)) -> Vec<Scope> {
    let mut restarts = Restarts::new();
    let mut announced = Announced::default();
    let first = announced.take_news(&restarts.site(), &[Scope::Site, mill()]);
    assert_eq!(first.scopes, [], "nobody was told of these feeds before");
    assert_eq!(first.rows.len(), 2);
    change(&mut restarts);
    let mut stored = Announced::default();
    first.rows.iter().for_each(|row| stored.load(row));
    let site = restarts.site();
    let news = stored.take_news(&site, &[Scope::Site, mill()]);
    assert_eq!(news.rows.len(), news.scopes.len());
    assert_eq!(stored.take_news(&site, &[Scope::Site, mill()]), News::default(), "once");
    news.scopes
}

#[test]
fn new_edited_and_withdrawn_posts_are_announced_and_nothing_else() {
    let site_alone = vec![Scope::Site];
    let both = vec![Scope::Site, mill()];
    let none = Vec::new();
    let cases: [(&str, Change, Vec<Scope>); 11] = [
        ("nothing", |_| {}, none.clone()),
        ("a new post", |site| site.write("d", "", "A new wheel."), site_alone),
        (
            "a new post with the tag",
            |site| site.write("d", "tags: [mill]\n", "New."),
            both.clone(),
        ),
        (
            "an edit",
            |site| site.write("a", "tags: [mill]\n", "The wheel stands still now, for it is winter."),
            both.clone(),
        ),
        (
            "a minor edit",
            |site| site.write("a", "tags: [mill]\nminor: true\n", "The wheel turns!"),
            none.clone(),
        ),
        (
            "a withdrawal",
            |site| site.write("a", "tags: [mill]\ndraft: true\n", "The wheel turns."),
            both.clone(),
        ),
        ("a deletion", |site| site.remove("a"), both),
        ("a draft", |site| site.write("d", "draft: true\n", "Not yet."), none.clone()),
        (
            "a private post",
            |site| site.write("d", "visibility: private\n", "Mine."),
            none.clone(),
        ),
        (
            "other bytes in every feed",
            |site| site.config.site.title = "Another title".to_owned(),
            none.clone(),
        ),
        (
            "a rename",
            |site| fs::rename(site.folder.path().join("a.md"), site.folder.path().join("z.md")).unwrap(),
            none,
        ),
    ];
    for (name, change, expected) in cases {
        assert_eq!(announced_after(change), expected, "{name}");
    }
}

#[test]
fn a_scheduled_post_is_announced_at_its_instant_and_not_before() {
    let schedule: Change = |site| {
        let path = site.folder.path().join("later.md");
        fs::write(
            path,
            "---\ntitle: Later\ndate: 2030-01-04T00:00:00Z\ntags: [mill]\n---\nLater.\n",
        )
        .unwrap();
    };
    assert_eq!(announced_after(schedule), []);
    let wait: Change = |site| {
        let path = site.folder.path().join("later.md");
        fs::write(
            path,
            "---\ntitle: Later\ndate: 2030-01-04T00:00:00Z\ntags: [mill]\n---\nLater.\n",
        )
        .unwrap();
        let _ = site.site();
        site.now += Duration::from_hours(48);
    };
    assert_eq!(announced_after(wait), [Scope::Site, mill()]);
}

#[test]
fn a_withdrawal_that_is_forgotten_is_no_news() {
    let mut restarts = Restarts::new();
    let mut announced = Announced::default();
    let _ = announced.take_news(&restarts.site(), &[Scope::Site]);
    restarts.remove("a");
    assert_eq!(announced.take_news(&restarts.site(), &[Scope::Site]).scopes, [Scope::Site]);
    restarts.now += Duration::from_hours(24 * 365);
    let site = restarts.site();
    assert_eq!(
        site.feed_state(&Scope::Site),
        Site::feed_state(&restarts.site(), &Scope::Site)
    );
    assert_eq!(announced.take_news(&site, &[Scope::Site]), News::default());
}

#[test]
fn what_the_first_subscriber_is_about_to_fetch_is_no_news() {
    let mut restarts = Restarts::new();
    let mut announced = Announced::default();
    let _ = announced.take_news(&restarts.site(), &[Scope::Site]);
    restarts.write("d", "", "New.");
    let site = restarts.site();
    let row = announced.begin(&site, &Scope::Site).unwrap();
    assert_eq!((row.kind, row.key.as_str()), (PushKind::Announced, ""));
    assert_eq!(announced.take_news(&site, &[Scope::Site]), News::default());
    assert_eq!(announced.begin(&site, &Scope::Tag("none".to_owned())), None);
    let gone = announced.forget(&Scope::Site).unwrap();
    assert_eq!(gone.value, None);
    assert_eq!(announced.forget(&Scope::Site), None);
}

#[test]
fn a_row_that_is_not_understood_is_left_out() {
    let mut announced = Announced::default();
    announced.load(&PushRow::put(PushKind::Announced, "", "{}"));
    announced.load(&PushRow::put(PushKind::Subscription, "", r#"{"entries":"0"}"#));
    assert_eq!(announced.rows().count(), 0);
    announced.load(&PushRow::put(PushKind::Announced, "", r#"{"entries":"0"}"#));
    assert_eq!(announced.rows().count(), 1);
}
