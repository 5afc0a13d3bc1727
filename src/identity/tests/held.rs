//! Posts that are held back because their files are not understood, and posts that are read otherwise than before.

use super::*;
use crate::post::{Status, Visibility};

impl FileTracker {
    /// Starts again with an upgrade that reads every file otherwise: `read` changes what was read.
    fn upgrade(&mut self, read: fn(&mut Post)) {
        self.restart();
        for post in &mut self.read {
            let mut other = Post::clone(post);
            read(&mut other);
            *post = Arc::new(other);
        }
        self.look();
    }

    fn visibility(&self, path: &str) -> Visibility {
        self.post(path).visibility(self.now)
    }

    fn waiting(&self) -> Vec<&str> {
        self.ledger.waiting().map(Utf8Path::as_str).collect()
    }

    /// What is told at the address of the post in the file `a.md`: whether it is awaited, and under which title.
    fn told(&mut self) -> Option<(bool, String)> {
        let past = self.ledger.past(self.now, SignedDuration::from_hours(24 * 90));
        let tenant = past.tenant("/posts/a")?;
        Some((tenant.is_awaited, tenant.title.clone()))
    }
}

const DAY: &str = "title: A;date: 2025-06-01";
const KEEPER: File = ("b.md", "title: B;date: 2025-06-02", "lamp");

#[test]
fn what_is_taken_back_by_a_file_that_did_not_change_is_told_apart() {
    let draft: fn(&mut Post) = |post| post.standing = Status::Draft;
    let later: fn(&mut Post) = |post| post.date = Moment::utc("2099-01-01T00:00:00Z".parse().unwrap());
    for (name, read, expected) in [
        ("a draft", draft, Visibility::Draft),
        ("a date that lies ahead", later, Visibility::Scheduled),
    ] {
        let mut tracker = FileTracker::new();
        tracker.publish(&[("a.md", DAY, "mill")]);
        assert_eq!(tracker.ledger.take_withdrawals(), [], "{name}");
        tracker.pass(1).upgrade(read);
        let withdrawals = tracker.ledger.take_withdrawals();
        let told: Vec<_> = withdrawals
            .iter()
            .map(|gone| (gone.post.source().as_str(), gone.visibility, gone.is_untouched))
            .collect();
        assert_eq!(told, [("a.md", expected, true)], "{name}");
        tracker.look();
        assert_eq!(tracker.ledger.take_withdrawals(), [], "{name}: it is told once");

        let mut tracker = FileTracker::new();
        tracker
            .publish(&[("a.md", DAY, "mill")])
            .pass(1)
            .publish(&[("a.md", "title: A;date: 2025-06-01;draft: true", "mill")]);
        assert!(!tracker.ledger.take_withdrawals()[0].is_untouched, "its author did it");
    }
}

#[test]
fn what_is_held_back_did_not_go() {
    let held: fn(&mut Post) = |post| post.is_held = true;
    let mut tracker = FileTracker::new();
    tracker.publish(&[("a.md", DAY, "mill"), KEEPER]);
    // the very file: nothing happens to it
    tracker.pass(1).upgrade(held);
    assert_eq!((tracker.visibility("a.md"), tracker.told()), (Visibility::Public, None));
    assert_eq!(tracker.waiting(), [""; 0]);
    // another file: its address answers that it is to be had later, also after a restart
    tracker.pass(1).read = tracker.read_files(&[("a.md", DAY, "mill'"), KEEPER]);
    tracker.upgrade(held);
    for _ in 0..2 {
        assert_eq!(
            (tracker.visibility("a.md"), tracker.told()),
            (Visibility::Held, Some((true, "A".to_owned())))
        );
        assert_eq!(tracker.waiting(), ["a.md"]);
        assert_eq!(tracker.ledger.take_withdrawals(), []);
        tracker.restart();
        tracker.look();
    }
    // a new one is just held
    tracker.read = tracker.read_files(&[("a.md", DAY, "mill'"), KEEPER, ("c.md", "title: C;date: 2025-06-03", "bees")]);
    tracker.upgrade(held);
    assert_eq!(
        (
            tracker.visibility("c.md"),
            tracker.ledger.post(tracker.post("c.md").id()).is_none()
        ),
        (Visibility::Held, true)
    );
    // gone for good
    tracker.read = tracker.read_files(&[KEEPER]);
    tracker.look();
    assert_eq!(tracker.told(), Some((false, "A".to_owned())));
    assert_eq!(tracker.waiting(), [""; 0]);
}

#[test]
fn what_was_listed_and_is_unlisted_is_not_taken_from_who_knows_its_address() {
    let mut tracker = FileTracker::new();
    tracker.publish(&[("a.md", DAY, "mill"), KEEPER]);
    tracker
        .pass(1)
        .publish(&[("a.md", "title: A;date: 2025-06-01;visibility: unlisted", "mill"), KEEPER]);
    tracker.upgrade(|post| post.is_held = true);
    assert_eq!(tracker.visibility("a.md"), Visibility::Unlisted);
    // what was taken back is not given back
    tracker
        .pass(1)
        .publish(&[("a.md", "title: A;date: 2025-06-01;draft: true", "mill"), KEEPER]);
    assert_eq!(tracker.told(), Some((false, String::new())));
    tracker.upgrade(|post| {
        post.is_held = true;
        post.standing = Status::Unlisted;
    });
    assert_eq!(tracker.visibility("a.md"), Visibility::Held);
    assert_eq!(tracker.told(), Some((false, String::new())));
}

#[test]
fn records_without_digests_go_by_what_posts_say() {
    let mut tracker = FileTracker::new();
    tracker.publish(&[("a.md", DAY, "mill"), ("c.md", "title: C;date: 2025-06-03", "bees")]);
    tracker.ledger.change_all();
    let mut records: Vec<Record> = tracker.ledger.take_changes().0.collect();
    for record in &mut records {
        if let Record::Post(post) = record {
            post.file = None;
        }
    }
    tracker.ledger = Registry::remembering(records, tracker.now);
    tracker.read = tracker.read_files(&[("a.md", DAY, "mill"), ("c.md", "title: C;date: 2025-06-03", "bees'")]);
    for post in &mut tracker.read {
        Arc::make_mut(post).is_held = true;
    }
    let updated = tracker.post("a.md").updated;
    tracker.pass(1).look();
    assert_eq!(
        (tracker.visibility("a.md"), tracker.visibility("c.md")),
        (Visibility::Public, Visibility::Held)
    );
    assert_eq!(tracker.post("a.md").updated, updated);
    let file = |tracker: &FileTracker, path: &str| tracker.ledger.post(tracker.post(path).id()).unwrap().file;
    assert_eq!(
        file(&tracker, "a.md"),
        Some(tracker.post("a.md").file),
        "it is remembered from now on"
    );
    assert_eq!(file(&tracker, "c.md"), None, "readers do not have that");
}
