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
        let mut desk = FileTracker::new();
        desk.publish(&[("a.md", DAY, "mill")]);
        assert_eq!(desk.ledger.take_withdrawals(), [], "{name}");
        desk.pass(1).upgrade(read);
        let withdrawals = desk.ledger.take_withdrawals();
        let told: Vec<_> = withdrawals
            .iter()
            .map(|gone| (gone.post.source().as_str(), gone.visibility, gone.is_untouched))
            .collect();
        assert_eq!(told, [("a.md", expected, true)], "{name}");
        desk.look();
        assert_eq!(desk.ledger.take_withdrawals(), [], "{name}: it is told once");

        let mut desk = FileTracker::new();
        desk.publish(&[("a.md", DAY, "mill")])
            .pass(1)
            .publish(&[("a.md", "title: A;date: 2025-06-01;draft: true", "mill")]);
        assert!(!desk.ledger.take_withdrawals()[0].is_untouched, "its author did it");
    }
}

#[test]
fn what_is_held_back_did_not_go() {
    let held: fn(&mut Post) = |post| post.is_held = true;
    let mut desk = FileTracker::new();
    desk.publish(&[("a.md", DAY, "mill"), KEEPER]);
    // the very file: nothing happens to it
    desk.pass(1).upgrade(held);
    assert_eq!((desk.visibility("a.md"), desk.told()), (Visibility::Public, None));
    assert_eq!(desk.waiting(), [""; 0]);
    // another file: its address answers that it is to be had later, also after a restart
    desk.pass(1).read = desk.read_files(&[("a.md", DAY, "mill'"), KEEPER]);
    desk.upgrade(held);
    for _ in 0..2 {
        assert_eq!(
            (desk.visibility("a.md"), desk.told()),
            (Visibility::Held, Some((true, "A".to_owned())))
        );
        assert_eq!(desk.waiting(), ["a.md"]);
        assert_eq!(desk.ledger.take_withdrawals(), []);
        desk.restart();
        desk.look();
    }
    // a new one is just held
    desk.read = desk.read_files(&[("a.md", DAY, "mill'"), KEEPER, ("c.md", "title: C;date: 2025-06-03", "bees")]);
    desk.upgrade(held);
    assert_eq!(
        (desk.visibility("c.md"), desk.ledger.post(desk.post("c.md").id()).is_none()),
        (Visibility::Held, true)
    );
    // gone for good
    desk.read = desk.read_files(&[KEEPER]);
    desk.look();
    assert_eq!(desk.told(), Some((false, "A".to_owned())));
    assert_eq!(desk.waiting(), [""; 0]);
}

#[test]
fn what_was_listed_and_is_unlisted_is_not_taken_from_who_knows_its_address() {
    let mut desk = FileTracker::new();
    desk.publish(&[("a.md", DAY, "mill"), KEEPER]);
    desk.pass(1)
        .publish(&[("a.md", "title: A;date: 2025-06-01;visibility: unlisted", "mill"), KEEPER]);
    desk.upgrade(|post| post.is_held = true);
    assert_eq!(desk.visibility("a.md"), Visibility::Unlisted);
    // what was taken back is not given back
    desk.pass(1)
        .publish(&[("a.md", "title: A;date: 2025-06-01;draft: true", "mill"), KEEPER]);
    assert_eq!(desk.told(), Some((false, String::new())));
    desk.upgrade(|post| {
        post.is_held = true;
        post.standing = Status::Unlisted;
    });
    assert_eq!(desk.visibility("a.md"), Visibility::Held);
    assert_eq!(desk.told(), Some((false, String::new())));
}

#[test]
fn records_without_digests_go_by_what_posts_say() {
    let mut desk = FileTracker::new();
    desk.publish(&[("a.md", DAY, "mill"), ("c.md", "title: C;date: 2025-06-03", "bees")]);
    desk.ledger.change_all();
    let mut records: Vec<Record> = desk.ledger.take_changes().0.collect();
    for record in &mut records {
        if let Record::Post(post) = record {
            post.file = None;
        }
    }
    desk.ledger = Registry::remembering(records, desk.now);
    desk.read = desk.read_files(&[("a.md", DAY, "mill"), ("c.md", "title: C;date: 2025-06-03", "bees'")]);
    for post in &mut desk.read {
        Arc::make_mut(post).is_held = true;
    }
    let updated = desk.post("a.md").updated;
    desk.pass(1).look();
    assert_eq!(
        (desk.visibility("a.md"), desk.visibility("c.md")),
        (Visibility::Public, Visibility::Held)
    );
    assert_eq!(desk.post("a.md").updated, updated);
    let file = |desk: &FileTracker, path: &str| desk.ledger.post(desk.post(path).id()).unwrap().file;
    assert_eq!(
        file(&desk, "a.md"),
        Some(desk.post("a.md").file),
        "it is remembered from now on"
    );
    assert_eq!(file(&desk, "c.md"), None, "readers do not have that");
}
