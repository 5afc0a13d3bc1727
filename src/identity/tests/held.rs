//! Posts that are held back because their files are not understood, and posts that a new version of feedmill reads differently.

use super::*;
use crate::post::{Kind, Status, Visibility};

impl Scenario {
    /// Starts a new version of feedmill, which reads every file differently: `read` changes the posts.
    fn upgrade(&mut self, read: fn(&mut Post)) {
        self.restart();
        for post in &mut self.read {
            let mut other = Post::clone(post);
            read(&mut other);
            *post = Arc::new(other);
        }
        self.scan();
    }

    fn visibility(&self, path: &str) -> Visibility {
        self.post(path).visibility(self.now)
    }

    fn held_files(&self) -> Vec<&str> {
        self.registry.held_files().map(Utf8Path::as_str).collect()
    }

    /// The answer at the address of the post in `a.md`: whether it is expected back, and its title.
    fn answer(&mut self) -> Option<(bool, String)> {
        let past = self.registry.history(self.now, SignedDuration::from_hours(24 * 90));
        let owner = past.former_owner("/posts/a")?;
        Some((owner.is_expected_back, owner.title.clone()))
    }
}

const DAY: &str = "title: A;date: 2025-06-01";
const KEEPER: TestFile = ("b.md", "title: B;date: 2025-06-02", "lamp");

#[test]
fn a_withdrawal_without_an_edit_is_reported_as_untouched() {
    let draft: fn(&mut Post) = |post| post.status = Status::Draft;
    let later: fn(&mut Post) = |post| post.date = Moment::utc("2099-01-01T00:00:00Z".parse().unwrap());
    for (name, read, expected) in [
        ("a draft", draft, Visibility::Draft),
        ("a date in the future", later, Visibility::Scheduled),
    ] {
        let mut scenario = Scenario::new();
        scenario.publish(&[("a.md", DAY, "mill")]);
        assert_eq!(scenario.registry.take_withdrawals(), [], "{name}");
        scenario.pass(1).upgrade(read);
        let withdrawals = scenario.registry.take_withdrawals();
        let reported: Vec<_> = withdrawals
            .iter()
            .map(|gone| (gone.post.source.as_str(), gone.visibility, gone.is_untouched))
            .collect();
        assert_eq!(reported, [("a.md", expected, true)], "{name}");
        scenario.scan();
        assert_eq!(scenario.registry.take_withdrawals(), [], "{name}: it is reported once");

        let mut scenario = Scenario::new();
        scenario
            .publish(&[("a.md", DAY, "mill")])
            .pass(1)
            .publish(&[("a.md", "title: A;date: 2025-06-01;draft: true", "mill")]);
        assert!(!scenario.registry.take_withdrawals()[0].is_untouched, "its author did it");
    }
}

#[test]
fn a_post_that_is_held_back_is_not_withdrawn() {
    let held: fn(&mut Post) = |post| post.is_held = true;
    let mut scenario = Scenario::new();
    scenario.publish(&[("a.md", DAY, "mill"), KEEPER]);
    // the same file: nothing happens to the post
    scenario.pass(1).upgrade(held);
    assert_eq!((scenario.visibility("a.md"), scenario.answer()), (Visibility::Public, None));
    assert_eq!(scenario.held_files(), [""; 0]);
    // another file: its address answers that the post will be back, also after a restart
    scenario.pass(1).read = scenario.read_files(&[("a.md", DAY, "mill'"), KEEPER]);
    scenario.upgrade(held);
    for _ in 0..2 {
        assert_eq!(
            (scenario.visibility("a.md"), scenario.answer()),
            (Visibility::Held, Some((true, "A".to_owned())))
        );
        assert_eq!(scenario.held_files(), ["a.md"]);
        assert_eq!(scenario.registry.take_withdrawals(), []);
        scenario.restart();
        scenario.scan();
    }
    // a new post is only held back
    scenario.read = scenario.read_files(&[("a.md", DAY, "mill'"), KEEPER, ("c.md", "title: C;date: 2025-06-03", "bees")]);
    scenario.upgrade(held);
    assert_eq!(
        (
            scenario.visibility("c.md"),
            scenario.registry.post(&scenario.post("c.md").id).is_none()
        ),
        (Visibility::Held, true)
    );
    // the file is deleted
    scenario.read = scenario.read_files(&[KEEPER]);
    scenario.scan();
    assert_eq!(scenario.answer(), Some((false, "A".to_owned())));
    assert_eq!(scenario.held_files(), [""; 0]);
}

#[test]
fn a_held_post_that_was_made_unlisted_can_still_be_read() {
    let mut scenario = Scenario::new();
    scenario.publish(&[("a.md", DAY, "mill"), KEEPER]);
    scenario
        .pass(1)
        .publish(&[("a.md", "title: A;date: 2025-06-01;visibility: unlisted", "mill"), KEEPER]);
    scenario.upgrade(|post| post.is_held = true);
    assert_eq!(scenario.visibility("a.md"), Visibility::Unlisted);
    // a post that was taken back is not published again
    scenario
        .pass(1)
        .publish(&[("a.md", "title: A;date: 2025-06-01;draft: true", "mill"), KEEPER]);
    assert_eq!(scenario.answer(), Some((false, String::new())));
    scenario.upgrade(|post| {
        post.is_held = true;
        post.status = Status::Unlisted;
    });
    assert_eq!(scenario.visibility("a.md"), Visibility::Held);
    assert_eq!(scenario.answer(), Some((false, String::new())));
}

#[test]
fn records_without_digests_compare_what_posts_show() {
    let mut scenario = Scenario::new();
    scenario.publish(&[("a.md", DAY, "mill"), ("c.md", "title: C;date: 2025-06-03", "bees")]);
    scenario.registry.change_all();
    let mut records: Vec<Record> = scenario.registry.take_changes().0.collect();
    for record in &mut records {
        if let Record::Post(post) = record {
            post.file = None;
        }
    }
    scenario.registry = Registry::from_records(records, scenario.now);
    scenario.read = scenario.read_files(&[("a.md", DAY, "mill"), ("c.md", "title: C;date: 2025-06-03", "bees'")]);
    for post in &mut scenario.read {
        Arc::make_mut(post).is_held = true;
    }
    let updated = scenario.post("a.md").updated;
    scenario.pass(1).scan();
    assert_eq!(
        (scenario.visibility("a.md"), scenario.visibility("c.md")),
        (Visibility::Public, Visibility::Held)
    );
    assert_eq!(scenario.post("a.md").updated, updated);
    let file = |scenario: &Scenario, path: &str| scenario.registry.post(&scenario.post(path).id).unwrap().file;
    assert_eq!(
        file(&scenario, "a.md"),
        Some(scenario.post("a.md").file),
        "it is recorded from now on"
    );
    assert_eq!(file(&scenario, "c.md"), None, "readers do not have that");
}

#[test]
fn a_post_that_was_never_listed_is_not_withdrawn_while_it_is_unlisted() {
    const UNLISTED: &str = "title: A;date: 2025-06-01;visibility: unlisted";
    let mut scenario = Scenario::new();
    let steps = [
        (UNLISTED, "mill", true, false),
        (UNLISTED, "mill'", true, false),
        (DAY, "mill'", false, false),
        (UNLISTED, "mill'", false, true),
    ];
    for (number, (front_matter, body, is_never_listed, is_withdrawn)) in steps.into_iter().enumerate() {
        scenario.pass(1).publish(&[("a.md", front_matter, body), KEEPER]);
        let record = scenario.registry.post(&scenario.post("a.md").id).unwrap();
        assert_eq!(
            (record.never_listed, record.withdrawn.is_some(), record.returned),
            (is_never_listed, is_withdrawn, None),
            "step {number}"
        );
    }
}

#[test]
fn a_post_that_readers_have_is_made_a_page_only_by_its_author() {
    let named: fn(&mut Post) = |post| (post.kind, post.address) = (Kind::Page, "/a".into());
    let placed: fn(&mut Post) = |post| (post.kind, post.address) = (Kind::PageByPlace, "/a".into());
    for (name, read, edited, expected) in [
        (
            "the same file, and its front matter says so",
            named,
            "mill",
            (Visibility::Public, "/posts/a"),
        ),
        (
            "the same file, and its place says so",
            placed,
            "mill",
            (Visibility::Public, "/posts/a"),
        ),
        (
            "an edited file, and its front matter says so",
            named,
            "mill'",
            (Visibility::Page, "/a"),
        ),
        (
            "an edited file, and its place says so",
            placed,
            "mill'",
            (Visibility::Public, "/posts/a"),
        ),
    ] {
        let mut scenario = Scenario::new();
        scenario.publish(&[("a.md", DAY, "mill")]);
        scenario.pass(1).read = scenario.read_files(&[("a.md", DAY, edited)]);
        for restart in 0..2 {
            scenario.upgrade(read);
            let found = (scenario.visibility("a.md"), scenario.post("a.md").address.as_str());
            assert_eq!(found, expected, "{name}, restart {restart}");
            scenario.pass(1).read = scenario.read_files(&[("a.md", DAY, edited)]);
        }
    }
}

#[test]
fn a_post_that_readers_have_stays_one_when_it_is_renamed_among_pages() {
    let placed: fn(&mut Post) = |post| (post.kind, post.address) = (Kind::PageByPlace, "/b".into());
    for (from, to, expected) in [
        ("pages/a.md", "pages/b.md", (Visibility::Public, "/posts/a")),
        ("a.md", "pages/b.md", (Visibility::Page, "/b")),
    ] {
        let mut scenario = Scenario::new();
        scenario.publish(&[(from, "title: A;date: 2025-06-01;type: post", "mill")]);
        scenario.pass(1).read = scenario.read_files(&[(to, "title: A;date: 2025-06-01;type: post", "mill")]);
        scenario.upgrade(placed);
        let found = (scenario.visibility(to), scenario.post(to).address.as_str());
        assert_eq!(found, expected, "{from} to {to}");
    }
}
