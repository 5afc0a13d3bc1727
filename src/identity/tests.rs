//! Files are written, moved, edited and removed: the ids, addresses and dates that readers see.

mod held;
mod named_ids;
mod random_steps;
mod recognised;
mod templates;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::SignedDuration;

use super::*;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{self, Changes, Fingerprint, Likeness, LostClaims, Post};
use crate::source_file::SourceFile;
use crate::time::{Moment, Timestamp};

const MILL: &str = "The tide mill stands where the creek bends, and its wheel has turned twice a day for longer than the village can \
    remember. When the water falls the miller opens the sluice, and the stones begin to grind barley for the bread of the week. In \
    winter the gates freeze, so the apprentice breaks the ice with a long iron rod before the first light comes over the marsh.";
const LAMP: &str = "A keeper counts the ships that pass, writes each of them into a thick book, and trims the lamp before fog comes in \
    from the northern banks. Nobody reads what was written there, but she goes on all the same, since a year without numbers would \
    be hard to tell from any other, and the inspector asks for the pages whenever he visits the rock in May.";
const BEES: &str = "Every hive on the southern slope was given a colour of its own, because bees find their door by colour and not by \
    its number. Blue ones are calm, yellow ones swarm early, and the single red hive has never been opened by anybody without gloves. \
    Honey is taken twice, after the limes and after the heather, and some is always left for the cold months.";
const TIDE: &str = "潮が引くと水車小屋の番人は水門を開けて大麦を挽き始める。冬になると門が凍るので弟子は夜明け前に長い鉄の棒で氷を割る。\
    村の誰よりも古いその水車は一日に二度回り続けている。";

/// The text with this name, edited by one word for each `'` after the name. Any other name is itself the text.
fn text(name: &str) -> String {
    let edits = name.bytes().filter(|&byte| byte == b'\'').count();
    let text = match name.trim_end_matches('\'') {
        "mill" => MILL,
        "lamp" => LAMP,
        "bees" => BEES,
        "tide" => TIDE,
        other => other,
    };
    text.replacen(' ', &format!(" {} ", "again ".repeat(edits).trim()), usize::from(edits > 0))
        .replacen('水', "湖", edits)
}

/// A path, front matter with `;` between lines, and the name of a text.
type TestFile = (&'static str, &'static str, &'static str);

/// A registry and the files of a folder.
struct Scenario {
    registry: Registry,
    config: Config,
    now: Timestamp,
    read: Vec<Arc<Post>>,
    posts: Vec<Arc<Post>>,
    warnings: Vec<Diagnostic>,
}

const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

impl Scenario {
    fn new() -> Scenario {
        Scenario {
            registry: Registry::new(START),
            config: Config::default(),
            now: START,
            read: Vec::new(),
            posts: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Publishes these files, which were all written now.
    fn publish(&mut self, files: &[TestFile]) -> &mut Scenario {
        self.read = self.read_files(files);
        self.scan();
        self
    }

    fn read_files(&self, files: &[TestFile]) -> Vec<Arc<Post>> {
        let mut files = files.to_vec();
        files.sort_by_key(|&(path, ..)| Utf8Path::new(path));
        let read = files.into_iter().map(|(path, head, body)| {
            let file = SourceFile {
                path: path.into(),
                bytes: format!("---\n{}\n---\n{}\n", head.replace(';', "\n"), text(body))
                    .into_bytes()
                    .into(),
                modified: self.now,
            };
            let post = Arc::new(post::read(&file, &self.config).unwrap().post);
            // an unchanged file is the same `Arc`
            let before = self.read.iter().find(|before| ***before == *post);
            before.map_or(post, Arc::clone)
        });
        read.collect()
    }

    fn scan(&mut self) {
        let unreadable = UnreadableFiles {
            missing: &BTreeSet::new(),
            is_there: &|path| self.read.iter().any(|post| post.source == path),
        };
        let changes = Changes::all(self.read.clone());
        let assigned = self.registry.assign(&changes, &unreadable, &self.config, self.now);
        let gone = self.registry.absent(unreadable.is_there);
        self.registry.withdraw(&gone, self.now);
        self.registry.record_published(&assigned.changes.posts, self.now);
        assert!(self.registry.unmatched.agrees_with(&self.registry.posts));
        self.posts = assigned.changes.posts;
        if self.registry.has_id_clashes() {
            let again = self.registry.assign(&Changes::default(), &unreadable, &self.config, self.now);
            self.registry.record_published(&again.changes.posts, self.now);
            for post in again.changes.posts {
                self.posts.retain(|before| before.source != post.source);
                self.posts.push(post);
            }
        }
        self.warnings = self.registry.warnings().cloned().collect();
    }

    /// Starts again with the stored records.
    fn restart(&mut self) {
        self.registry.change_all();
        let records: Vec<Record> = self.registry.take_changes().0.collect();
        self.registry = Registry::from_records(records, self.now);
    }

    fn pass(&mut self, hours: i64) -> &mut Scenario {
        self.now += SignedDuration::from_hours(hours);
        self
    }

    fn post(&self, path: &str) -> &Post {
        self.posts.iter().find(|post| post.source.as_str() == path).unwrap()
    }

    /// The id of each file.
    fn ids(&self) -> HashMap<String, String> {
        self.posts
            .iter()
            .map(|post| (post.source.to_string(), post.id.to_string()))
            .collect()
    }
}

#[test]
fn updated_changes_if_readers_see_an_edit() {
    let hour = |hour: i64| Some(Moment::utc(START + SignedDuration::from_hours(hour)));
    let file = |head, body| [("a.md", head, body)];
    let day = "title: A;date: 2025-06-01";
    let cases = [
        ("nothing", false, file(day, "mill"), None),
        ("a word", false, file(day, "mill'"), hour(5)),
        ("another title", false, file("title: B;date: 2025-06-01", "mill"), hour(5)),
        ("a tag", false, file("title: A;date: 2025-06-01;tags: x", "mill"), None),
        (
            "an earlier date",
            false,
            file("title: A;date: 2025-05-01", "mill"),
            Some(Moment::utc("2025-06-01T00:00:00Z".parse().unwrap())),
        ),
        ("a later date", false, file("title: A;date: 2025-07-01", "mill"), None),
        (
            "a small edit",
            false,
            file("title: A;date: 2025-06-01;minor: true", "mill'"),
            None,
        ),
        ("a small edit by rule", true, file(day, "mill'"), None),
        (
            "a large edit against the rule",
            true,
            file("title: A;date: 2025-06-01;minor: false", "mill'"),
            hour(5),
        ),
        (
            "its author's word",
            false,
            file("title: A;date: 2025-06-01;updated: 2025-12-24", "mill'"),
            Some(Moment::utc("2025-12-24T00:00:00Z".parse().unwrap())),
        ),
    ];
    for (name, minor, after, expected) in cases {
        let mut scenario = Scenario::new();
        scenario.config.posts.minor = minor;
        scenario.publish(&file(day, "mill")).pass(5).publish(&after);
        assert_eq!(scenario.post("a.md").updated, expected, "{name}");
        scenario.pass(5).restart();
        scenario.publish(&after);
        assert_eq!(scenario.post("a.md").updated, expected, "{name}, after a restart");
    }
}

#[test]
fn a_similarity_hash_of_another_algorithm_is_replaced_and_is_no_edit() {
    let mut scenario = Scenario::new();
    scenario.publish(&[("a.md", "title: A", "mill"), ("b.md", "title: B", "lamp")]);
    let (ids, content) = (scenario.ids(), scenario.post("a.md").content);
    let mut records: Vec<Record> = scenario.registry.take_changes().0.collect();
    for record in &mut records {
        if let Record::Post(post) = record {
            post.content = post.content.map(|content| Fingerprint {
                likeness: Likeness(!content.likeness.0),
                ..content
            });
        }
    }
    scenario.registry = Registry::from_records(records, scenario.now);
    scenario
        .pass(5)
        .publish(&[("a.md", "title: A", "mill"), ("c.md", "title: B", "lamp")]);
    assert_eq!(scenario.post("a.md").updated, None);
    assert_eq!(scenario.post("c.md").updated, None);
    assert_eq!(scenario.post("a.md").id, ids["a.md"]);
    assert_eq!(scenario.post("c.md").id, ids["b.md"], "it has its text");
    let records: Vec<Record> = scenario.registry.take_changes().0.collect();
    let is_replaced = |record: &Record| matches!(record, Record::Post(post) if post.content == Some(content));
    assert!(records.iter().any(is_replaced));
}

#[test]
fn each_edit_has_a_later_date_whatever_the_clock_says() {
    let mut scenario = Scenario::new();
    let mut last = scenario.publish(&[("a.md", "title: A", "mill")]).post("a.md").modified();
    for (hours, text) in [(0, "mill'"), (0, "mill''"), (-3, "mill'''"), (1, "mill"), (24, "lamp")] {
        let now = scenario
            .pass(hours)
            .publish(&[("a.md", "title: A", text)])
            .post("a.md")
            .modified();
        assert!(
            now.timestamp().as_second() > last.timestamp().as_second(),
            "{hours} {text}: {last:?}, {now:?}"
        );
        last = now;
    }
}

#[test]
fn a_post_without_a_date_keeps_the_first_one() {
    let mut scenario = Scenario::new();
    let date = scenario.publish(&[("a.md", "title: A", "mill")]).post("a.md").date;
    scenario.pass(24).publish(&[("b.md", "title: A", "mill'")]);
    assert_eq!(scenario.post("b.md").date, date);
    scenario.restart();
    scenario.pass(24).publish(&[("b.md", "title: B", "mill'")]);
    assert_eq!(scenario.post("b.md").date, date);
    scenario.publish(&[("b.md", "title: B;date: 2025-06-01", "mill'")]);
    assert_eq!(
        scenario.post("b.md").date.rfc3339(),
        "2025-06-01T00:00:00Z",
        "until it names one"
    );
}

#[test]
fn a_post_that_returns_is_newer_than_its_departure() {
    let steps: [(&str, &[TestFile]); 3] = [
        ("deleted", &[]),
        ("a draft", &[("a.md", "title: A;date: 2025-06-01;draft: true", "mill")]),
        (
            "expired",
            &[("a.md", "title: A;date: 2025-06-01;expires: 2025-12-01", "mill")],
        ),
    ];
    for (name, away) in steps {
        for hours in [5, 0, -2] {
            let mut scenario = Scenario::new();
            let there: &[TestFile] = &[("a.md", "title: A;date: 2025-06-01", "mill")];
            let id = scenario.publish(there).post("a.md").id.clone();
            scenario.publish(&[("a.md", "title: A;date: 2025-06-01", "mill'")]);
            let edited = scenario.post("a.md").modified().timestamp();
            scenario.pass(hours).publish(away);
            let span = SignedDuration::from_hours(24);
            let departures = scenario.registry.history(scenario.now, span).since(Timestamp::MIN).to_vec();
            let [departure] = departures.as_slice() else {
                panic!("{name}: {departures:?}")
            };
            assert!(departure.at >= edited, "{name}, {hours}: readers would keep it");
            scenario.pass(hours).publish(there);
            assert!(
                scenario.registry.history(scenario.now, span).since(Timestamp::MIN).is_empty(),
                "{name}, {hours}"
            );
            let back = scenario.post("a.md");
            assert_eq!(back.id, id, "{name}, {hours}");
            assert!(
                back.modified().timestamp().as_second() > departure.at.as_second(),
                "{name}, {hours}: readers would not take it"
            );
        }
    }
}

#[test]
fn a_clock_that_is_put_back_hides_no_post() {
    let mut scenario = Scenario::new();
    let dated = ("a.md", "title: A;date: 2026-01-01T02:00:00Z", "mill");
    let undated = ("b.md", "title: B", "lamp");
    let later = ("c.md", "title: C;date: 2026-01-01T09:00:00Z", "bees");
    let out = |scenario: &Scenario| -> Vec<String> {
        let posts = scenario.posts.iter().filter(|post| post.is_readable(scenario.now));
        posts.map(|post| post.source.to_string()).collect()
    };
    scenario.pass(3).publish(&[dated, undated, later]);
    assert_eq!(out(&scenario), ["a.md", "b.md"]);
    for is_restarted in [false, true] {
        scenario.pass(-24);
        if is_restarted {
            scenario.restart();
        }
        scenario.scan();
        assert_eq!(out(&scenario), ["a.md", "b.md"], "restarted: {is_restarted}");
    }
    scenario.publish(&[("a.md", "title: A;date: 2026-01-01T04:00:00Z", "mill"), undated, later]);
    assert_eq!(out(&scenario), ["b.md"], "its author wants it later");
}

#[test]
fn a_panic_while_assigning_loses_no_post() {
    let mut scenario = Scenario::new();
    let other = ("b.md", "title: B", "lamp");
    scenario.publish(&[("x.md", "title: A", "mill"), other]);
    scenario.pass(5).publish(&[("a.md", "title: A", "mill"), other]);
    let (ids, live) = (scenario.ids(), scenario.registry.live());
    let edited = ("a.md", "title: Another", "mill'");
    // matching a new file calls `is_there`
    let fresh = ("c.md", "title: C", "bees");
    let changes = Changes::all(scenario.read_files(&[edited, fresh]));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let unreadable = UnreadableFiles {
            missing: &BTreeSet::new(),
            is_there: &|_| panic!("made to fail"),
        };
        scenario
            .registry
            .assign(&changes, &unreadable, &scenario.config, scenario.now)
    }));
    assert!(panicked.is_err());
    scenario.publish(&[edited, other]);
    assert_eq!(scenario.ids(), ids);
    assert_eq!(scenario.registry.live(), live);
}

#[test]
fn a_file_that_is_back_with_another_text_is_read_again() {
    let mut scenario = Scenario::new();
    let mut assign = |files: &[TestFile], missing: &[&str]| -> Vec<(String, Digest)> {
        let changes = post::Changes {
            posts: scenario.read_files(files),
            ..post::Changes::default()
        };
        let unreadable = UnreadableFiles {
            missing: &missing.iter().map(Utf8PathBuf::from).collect(),
            is_there: &|_| true,
        };
        let assigned = scenario
            .registry
            .assign(&changes, &unreadable, &scenario.config, scenario.now);
        scenario.registry.record_published(&assigned.changes.posts, scenario.now);
        let assigned_posts = assigned.changes.posts.iter();
        assigned_posts
            .map(|post| (post.source.to_string(), post.content.text))
            .collect()
    };
    let before = assign(&[("a.md", "title: A", "mill")], &[]);
    let moved = assign(&[("b.md", "title: A", "mill")], &["a.md"]);
    assert_eq!(moved, [("b.md".to_owned(), before[0].1)]);
    let back = assign(&[("a.md", "title: A", "lamp")], &[]);
    let a = back.iter().find(|(path, _)| path == "a.md").unwrap();
    assert_ne!(a.1, before[0].1, "{back:?}");
}

#[test]
fn the_last_of_two_posts_at_one_path_is_matched_after_a_restart_too() {
    let assign = |scenario: &mut Scenario, files: &[TestFile]| {
        let posts = scenario.read_files(files);
        let unreadable = UnreadableFiles {
            missing: &BTreeSet::new(),
            is_there: &|path| path == "a.md",
        };
        let assigned = scenario
            .registry
            .assign(&Changes::all(posts), &unreadable, &scenario.config, scenario.now);
        scenario.registry.record_published(&assigned.changes.posts, scenario.now);
        assigned.changes.posts[0].id.clone()
    };
    // nothing is withdrawn
    let mut scenario = Scenario::new();
    scenario.pass(3);
    let first = assign(&mut scenario, &[("a.md", "title: A", "mill")]);
    scenario.pass(3);
    assert_eq!(assign(&mut scenario, &[("a.md", "title: A;id: x:1", "mill")]), "x:1");
    scenario.pass(3).restart();
    assert_eq!(scenario.registry.live(), 0);
    let found = assign(&mut scenario, &[("a.md", "title: A", "mill")]);
    assert_eq!(found, "x:1", "{first}");
}

#[test]
fn records_that_are_added_later_are_matched_too() {
    let mut scenario = Scenario::new();
    let keeper = ("a.md", "title: A", "mill");
    scenario.publish(&[keeper, ("b.md", "title: B", "lamp")]).publish(&[keeper]);
    // this makes the index by text
    scenario.publish(&[keeper, ("c.md", "title: C", "bees")]);
    let record = PostRecord {
        id: "x:1".into(),
        source: "late.md".into(),
        ..PostRecord::of(&scenario.read_files(&[("late.md", "title: Late", "tide")])[0], scenario.now)
    };
    scenario.registry.add(vec![Record::Post(Box::new(record))]);
    scenario.publish(&[keeper, ("d.md", "title: D", "tide")]);
    assert_eq!(scenario.post("d.md").id, "x:1");
}

#[test]
fn a_path_may_be_recorded_in_another_spelling() {
    for (spelling, body) in [("x//a.md", "mill"), ("x/./a.md", "mill"), ("x//a.md", "mill'")] {
        let mut scenario = Scenario::new();
        let id = scenario.publish(&[("x/a.md", "title: A", "mill")]).post("x/a.md").id.clone();
        let mut records: Vec<Record> = scenario.registry.take_changes().0.collect();
        for record in &mut records {
            if let Record::Post(post) = record {
                post.source = spelling.into();
            }
        }
        scenario.registry = Registry::from_records(records, scenario.now);
        for _ in 0..2 {
            scenario.pass(5).publish(&[("x/a.md", "title: A", body)]);
            assert_eq!(scenario.post("x/a.md").id, id, "{spelling}, {body}");
        }
        assert_eq!(scenario.registry.live(), 1, "{spelling}, {body}");
    }
}

#[test]
fn a_path_in_another_spelling_is_found_among_many_unmatched_posts() {
    let mut scenario = Scenario::new();
    // there are more unmatched posts than changed files, so they are found by the index
    let unmatched = [("q.md", "title: Q", "tide"), ("r.md", "title: R", "bees")];
    scenario.publish(&[unmatched[0], unmatched[1], ("x/a.md", "title: A;date: 2025-01-01", "mill")]);
    let id = scenario.post("x/a.md").id.clone();
    let mut records: Vec<Record> = scenario.registry.take_changes().0.collect();
    for record in &mut records {
        if let Record::Post(post) = record
            && post.source == "x/a.md"
        {
            post.source = "x//a.md".into();
        }
    }
    scenario.registry = Registry::from_records(records, scenario.now);
    scenario.publish(&[("x/a.md", "title: B;slug: b;date: 2025-01-01", "lamp")]);
    assert_eq!(scenario.post("x/a.md").id, id);
}

#[test]
fn a_folder_of_copies_keeps_its_ids_when_it_is_moved() {
    const COPIES: usize = 400;
    let folder = |name: &str, scenario: &Scenario| -> Vec<Arc<Post>> {
        let read = |number: usize| {
            let file = SourceFile {
                path: format!("{name}/{number:04}.md").into(),
                bytes: format!("---\ntitle: Copy {number}\n---\n{MILL}\n").into_bytes().into(),
                modified: scenario.now,
            };
            Arc::new(post::read(&file, &scenario.config).unwrap().post)
        };
        (0..COPIES).map(read).collect()
    };
    for is_missing in [false, true] {
        let mut scenario = Scenario::new();
        scenario.read = folder("old", &scenario);
        scenario.scan();
        let old: BTreeSet<Utf8PathBuf> = scenario.read.iter().map(|post| post.source.clone()).collect();
        let (missing, gone) = if is_missing {
            (old, BTreeSet::new())
        } else {
            (BTreeSet::new(), old)
        };
        let changes = Changes {
            posts: folder("new", &scenario),
            gone: gone.into_iter().collect(),
            ..Changes::default()
        };
        let unreadable = UnreadableFiles {
            missing: &missing,
            is_there: &|_| false,
        };
        let ids = |posts: &[Arc<Post>]| -> Vec<_> { posts.iter().map(|post| post.id.clone()).collect() };
        let before = ids(&scenario.posts);
        let assigned = scenario
            .registry
            .assign(&changes, &unreadable, &scenario.config, scenario.now);
        let after = ids(&assigned.changes.posts);
        let kept = after.iter().filter(|id| before.contains(id)).count();
        assert_eq!(kept, COPIES, "missing: {is_missing}");
    }
}

#[test]
fn a_file_is_its_post_again_when_the_copy_is_gone() {
    let mut scenario = Scenario::new();
    let id = scenario.publish(&[("a.md", "title: A", "mill")]).post("a.md").id.clone();
    let renamed = Changes {
        posts: scenario.read_files(&[("b.md", "title: A", "mill")]),
        ..Changes::default()
    };
    // the file itself did not change
    let back = Changes {
        gone: vec!["b.md".into()],
        ..Changes::default()
    };
    for (path, missing, changes) in [("b.md", &["a.md"][..], renamed), ("a.md", &[], back)] {
        let missing: BTreeSet<Utf8PathBuf> = missing.iter().map(Utf8PathBuf::from).collect();
        let unreadable = UnreadableFiles {
            missing: &missing,
            is_there: &|_| true,
        };
        let assigned = scenario
            .registry
            .assign(&changes, &unreadable, &scenario.config, scenario.now);
        scenario.registry.record_published(&assigned.changes.posts, scenario.now);
        let found: Vec<(&str, &str)> = assigned
            .changes
            .posts
            .iter()
            .map(|post| (post.source.as_str(), post.id.as_str()))
            .collect();
        assert_eq!(found, [(path, id.as_str())]);
    }
}

#[test]
fn a_new_post_keeps_the_address_that_the_site_gave_it() {
    let assign = |scenario: &mut Scenario, body: Option<&'static str>| -> Vec<Arc<Post>> {
        let posts: Vec<Arc<Post>> = body.map_or(Vec::new(), |body| scenario.read_files(&[("a.md", "title: A", body)]));
        let changes = Changes {
            posts,
            ..Changes::default()
        };
        let unreadable = UnreadableFiles {
            missing: &BTreeSet::new(),
            is_there: &|_| true,
        };
        let assigned = scenario
            .registry
            .assign(&changes, &unreadable, &scenario.config, scenario.now);
        assigned.changes.posts
    };
    for (given, expected) in [("a", "/posts/a"), ("a-2", "/posts/a-2")] {
        let mut scenario = Scenario::new();
        let read = assign(&mut scenario, Some("mill"));
        let shown = if given == "a" {
            Arc::clone(&read[0])
        } else {
            let lost = LostClaims {
                id: false,
                address: true,
            };
            Arc::new(read[0].displaced(given, lost, &scenario.config))
        };
        scenario.registry.record_published([&shown], scenario.now);
        // the site is told once if it has to show another post than the one it was given
        let told: Vec<String> = assign(&mut scenario, None)
            .iter()
            .map(|post| post.address.to_string())
            .collect();
        let expected_told: &[&str] = if given == "a" { &[] } else { &[expected] };
        assert_eq!(told, expected_told, "{given}");
        assert_eq!(assign(&mut scenario, None), [], "{given}: a second time");
        for body in ["mill'", "mill''"] {
            let posts = assign(&mut scenario, Some(body));
            assert_eq!(posts[0].address, expected, "{given}, {body}");
            scenario.registry.record_published(&posts, scenario.now);
        }
    }
}

#[test]
fn files_are_compared_with_posts_only_if_there_are_few() {
    let known = [("a.md", "title: A", "mill"), ("b.md", "title: B;id: x:1", "bees")];
    let other = |number: usize| {
        let file = SourceFile {
            path: format!("other/{number:04}.md").into(),
            bytes: format!("{number}\n").into_bytes().into(),
            modified: START,
        };
        Arc::new(post::read(&file, &Config::default()).unwrap().post)
    };
    let others: Vec<Arc<Post>> = (1..=2000).map(other).collect();
    // the second names the id of a post that it is not similar to
    for file in [("c.md", "title: A", "mill'"), ("c.md", "title: A;id: x:1", "mill'")] {
        // the limit of `matching`
        for (count, is_found) in [(2000, true), (2001, false)] {
            let mut scenario = Scenario::new();
            let id = scenario.publish(&known).post("a.md").id.clone();
            scenario.read = scenario.read_files(&[file]);
            scenario.read.extend(others.iter().take(count - 1).cloned());
            scenario.scan();
            assert_eq!(scenario.post("c.md").id == id, is_found, "{file:?}, {count} files");
        }
    }
}

#[test]
fn the_addresses_of_a_post_whose_id_was_changed_lead_to_the_new_post() {
    for (head, expected) in [("title: A;id: x:1;slug: b", &["/posts/a"][..]), ("title: A;id: x:1", &[])] {
        let mut scenario = Scenario::new();
        scenario.publish(&[("a.md", "title: A", "mill")]);
        scenario.pass(24).publish(&[("a.md", head, "mill")]);
        let earlier = &scenario.registry.post("x:1").unwrap().earlier;
        let earlier: Vec<&str> = earlier.iter().map(|former| former.address.as_str()).collect();
        assert_eq!(earlier, expected, "{head}");
    }
}

#[test]
fn an_edit_of_a_draft_is_one_when_the_post_is_back() {
    for (text, is_edited) in [("mill'", true), ("mill", false)] {
        let mut scenario = Scenario::new();
        let id = scenario.publish(&[("a.md", "title: A", "mill")]).post("a.md").id.clone();
        scenario.pass(5).publish(&[("a.md", "title: A;draft: true", text)]);
        scenario.pass(5).publish(&[("a.md", "title: A", text)]);
        let changed = scenario.registry.post(&id).unwrap().changed;
        assert_eq!(changed, is_edited.then_some(scenario.now), "{text}");
    }
}
