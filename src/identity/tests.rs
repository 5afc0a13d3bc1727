//! What is remembered, and what readers are told of it.

mod held;
mod random_steps;
mod recognised;
mod templates;

use super::*;
use crate::diagnostic::Diagnostic;
use crate::post::{self, Changes, Fingerprint, Likeness, Post};
use crate::source_file::SourceFile;
use crate::time::Moment;

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

/// The text of this name, with a word changed for each `'` after it; another name is itself the text.
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

/// A file: its path, its front matter with `;` between lines, and the name of its text.
type File = (&'static str, &'static str, &'static str);

/// A ledger, and a folder whose files are there or not.
struct FileTracker {
    ledger: Registry,
    config: Config,
    now: Timestamp,
    read: Vec<Arc<Post>>,
    posts: Vec<Arc<Post>>,
    remarks: Vec<Diagnostic>,
}

const START: Timestamp = Timestamp::constant(1_767_225_600, 0);

impl FileTracker {
    fn new() -> FileTracker {
        FileTracker {
            ledger: Registry::new(START),
            config: Config::default(),
            now: START,
            read: Vec::new(),
            posts: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Publishes these files, written now.
    fn publish(&mut self, files: &[File]) -> &mut FileTracker {
        self.read = self.read_files(files);
        self.look();
        self
    }

    fn read_files(&self, files: &[File]) -> Vec<Arc<Post>> {
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
            // a file that is as it was is the very same post
            let before = self.read.iter().find(|before| ***before == *post);
            before.map_or(post, Arc::clone)
        });
        read.collect()
    }

    fn look(&mut self) {
        let whereabouts = Whereabouts {
            missing: &BTreeSet::new(),
            is_there: &|path| self.read.iter().any(|post| post.source() == path),
        };
        let changes = Changes::all(self.read.clone());
        let settled = self.ledger.assign(&changes, &whereabouts, &self.config, self.now);
        let gone = self.ledger.absent(whereabouts.is_there);
        self.ledger.withdraw(&gone, self.now);
        self.ledger.record_published(&settled.changes.posts, self.now);
        assert!(self.ledger.unmatched.are_found(&self.ledger.posts));
        self.posts = settled.changes.posts;
        if self.ledger.has_clashed() {
            let again = self.ledger.assign(&Changes::default(), &whereabouts, &self.config, self.now);
            self.ledger.record_published(&again.changes.posts, self.now);
            for post in again.changes.posts {
                self.posts.retain(|before| before.source() != post.source());
                self.posts.push(post);
            }
        }
        self.remarks = self.ledger.remarks().cloned().collect();
    }

    /// Ends and starts again with what is remembered.
    fn restart(&mut self) {
        self.ledger.change_all();
        let records: Vec<Record> = self.ledger.take_changes().0.collect();
        self.ledger = Registry::remembering(records, self.now);
    }

    fn pass(&mut self, hours: i64) -> &mut FileTracker {
        self.now += SignedDuration::from_hours(hours);
        self
    }

    fn post(&self, path: &str) -> &Post {
        self.posts.iter().find(|post| post.source().as_str() == path).unwrap()
    }

    /// The id of each file.
    fn ids(&self) -> HashMap<String, String> {
        self.posts
            .iter()
            .map(|post| (post.source().to_string(), post.id().to_string()))
            .collect()
    }
}

#[test]
fn what_is_an_edit_to_readers() {
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
        let mut tracker = FileTracker::new();
        tracker.config.posts.minor = minor;
        tracker.publish(&file(day, "mill")).pass(5).publish(&after);
        assert_eq!(tracker.post("a.md").updated, expected, "{name}");
        tracker.pass(5).restart();
        tracker.publish(&after);
        assert_eq!(tracker.post("a.md").updated, expected, "{name}, after a restart");
    }
}

#[test]
fn a_likeness_of_another_making_is_written_anew_and_no_edit() {
    let mut tracker = FileTracker::new();
    tracker.publish(&[("a.md", "title: A", "mill"), ("b.md", "title: B", "lamp")]);
    let (ids, content) = (tracker.ids(), tracker.post("a.md").content);
    let mut records: Vec<Record> = tracker.ledger.take_changes().0.collect();
    for record in &mut records {
        if let Record::Post(post) = record {
            post.content = post.content.map(|content| Fingerprint {
                likeness: Likeness(!content.likeness.0),
                ..content
            });
        }
    }
    tracker.ledger = Registry::remembering(records, tracker.now);
    tracker
        .pass(5)
        .publish(&[("a.md", "title: A", "mill"), ("c.md", "title: B", "lamp")]);
    assert_eq!(tracker.post("a.md").updated, None);
    assert_eq!(tracker.post("c.md").updated, None);
    assert_eq!(tracker.post("a.md").id(), ids["a.md"]);
    assert_eq!(tracker.post("c.md").id(), ids["b.md"], "it has its text");
    let records: Vec<Record> = tracker.ledger.take_changes().0.collect();
    let is_anew = |record: &Record| matches!(record, Record::Post(post) if post.content == Some(content));
    assert!(records.iter().any(is_anew));
}

#[test]
fn edits_that_clocks_do_not_tell_apart_move_forward() {
    let mut tracker = FileTracker::new();
    let mut last = tracker.publish(&[("a.md", "title: A", "mill")]).post("a.md").modified();
    for (hours, text) in [(0, "mill'"), (0, "mill''"), (-3, "mill'''"), (1, "mill"), (24, "lamp")] {
        let now = tracker
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
fn a_date_that_the_file_does_not_name_stays() {
    let mut tracker = FileTracker::new();
    let date = tracker.publish(&[("a.md", "title: A", "mill")]).post("a.md").date;
    tracker.pass(24).publish(&[("b.md", "title: A", "mill'")]);
    assert_eq!(tracker.post("b.md").date, date);
    tracker.restart();
    tracker.pass(24).publish(&[("b.md", "title: B", "mill'")]);
    assert_eq!(tracker.post("b.md").date, date);
    tracker.publish(&[("b.md", "title: B;date: 2025-06-01", "mill'")]);
    assert_eq!(
        tracker.post("b.md").date.rfc3339(),
        "2025-06-01T00:00:00Z",
        "until it names one"
    );
}

#[test]
fn who_comes_back_changed_later_than_it_went() {
    let steps: [(&str, &[File]); 3] = [
        ("deleted", &[]),
        ("a draft", &[("a.md", "title: A;date: 2025-06-01;draft: true", "mill")]),
        (
            "expired",
            &[("a.md", "title: A;date: 2025-06-01;expires: 2025-12-01", "mill")],
        ),
    ];
    for (name, away) in steps {
        for hours in [5, 0, -2] {
            let mut tracker = FileTracker::new();
            let there: &[File] = &[("a.md", "title: A;date: 2025-06-01", "mill")];
            let id = tracker.publish(there).post("a.md").id().to_owned();
            tracker.publish(&[("a.md", "title: A;date: 2025-06-01", "mill'")]);
            let edited = tracker.post("a.md").modified().timestamp();
            tracker.pass(hours).publish(away);
            let span = SignedDuration::from_hours(24);
            let departures = tracker.ledger.past(tracker.now, span).since(Timestamp::MIN).to_vec();
            let [departure] = departures.as_slice() else {
                panic!("{name}: {departures:?}")
            };
            assert!(departure.at >= edited, "{name}, {hours}: readers would keep it");
            tracker.pass(hours).publish(there);
            assert!(
                tracker.ledger.past(tracker.now, span).since(Timestamp::MIN).is_empty(),
                "{name}, {hours}"
            );
            let back = tracker.post("a.md");
            assert_eq!(back.id(), id, "{name}, {hours}");
            assert!(
                back.modified().timestamp().as_second() > departure.at.as_second(),
                "{name}, {hours}: readers would not take it"
            );
        }
    }
}

#[test]
fn a_clock_that_is_put_back_takes_nothing_back() {
    let mut tracker = FileTracker::new();
    let dated = ("a.md", "title: A;date: 2026-01-01T02:00:00Z", "mill");
    let undated = ("b.md", "title: B", "lamp");
    let later = ("c.md", "title: C;date: 2026-01-01T09:00:00Z", "bees");
    let out = |tracker: &FileTracker| -> Vec<String> {
        let posts = tracker.posts.iter().filter(|post| post.is_readable(tracker.now));
        posts.map(|post| post.source().to_string()).collect()
    };
    tracker.pass(3).publish(&[dated, undated, later]);
    assert_eq!(out(&tracker), ["a.md", "b.md"]);
    for is_restarted in [false, true] {
        tracker.pass(-24);
        if is_restarted {
            tracker.restart();
        }
        tracker.look();
        assert_eq!(out(&tracker), ["a.md", "b.md"], "restarted: {is_restarted}");
    }
    tracker.publish(&[("a.md", "title: A;date: 2026-01-01T04:00:00Z", "mill"), undated, later]);
    assert_eq!(out(&tracker), ["b.md"], "its author wants it later");
}

#[test]
fn a_settling_that_was_broken_off_forgets_nobody() {
    let mut tracker = FileTracker::new();
    let other = ("b.md", "title: B", "lamp");
    tracker.publish(&[("x.md", "title: A", "mill"), other]);
    tracker.pass(5).publish(&[("a.md", "title: A", "mill"), other]);
    let (ids, live) = (tracker.ids(), tracker.ledger.live());
    let edited = ("a.md", "title: Another", "mill'");
    // of this one it is asked who it may be that is not there
    let fresh = ("c.md", "title: C", "bees");
    let changes = Changes::all(tracker.read_files(&[edited, fresh]));
    let broken_off = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let whereabouts = Whereabouts {
            missing: &BTreeSet::new(),
            is_there: &|_| panic!("made to fail"),
        };
        tracker.ledger.assign(&changes, &whereabouts, &tracker.config, tracker.now)
    }));
    assert!(broken_off.is_err());
    tracker.publish(&[edited, other]);
    assert_eq!(tracker.ids(), ids);
    assert_eq!(tracker.ledger.live(), live);
}

#[test]
fn one_that_is_back_where_another_was_taken_for_it_is_as_its_file_has_it_now() {
    let mut tracker = FileTracker::new();
    let mut settle = |files: &[File], missing: &[&str]| -> Vec<(String, Digest)> {
        let changes = post::Changes {
            posts: tracker.read_files(files),
            ..post::Changes::default()
        };
        let whereabouts = Whereabouts {
            missing: &missing.iter().map(Utf8PathBuf::from).collect(),
            is_there: &|_| true,
        };
        let settled = tracker.ledger.assign(&changes, &whereabouts, &tracker.config, tracker.now);
        tracker.ledger.record_published(&settled.changes.posts, tracker.now);
        let told = settled.changes.posts.iter();
        told.map(|post| (post.source().to_string(), post.content.text)).collect()
    };
    let before = settle(&[("a.md", "title: A", "mill")], &[]);
    let moved = settle(&[("b.md", "title: A", "mill")], &["a.md"]);
    assert_eq!(moved, [("b.md".to_owned(), before[0].1)]);
    let back = settle(&[("a.md", "title: A", "lamp")], &[]);
    let a = back.iter().find(|(path, _)| path == "a.md").unwrap();
    assert_ne!(a.1, before[0].1, "{back:?}");
}

#[test]
fn of_two_that_lay_in_one_file_it_is_the_last_after_a_restart_too() {
    let look = |tracker: &mut FileTracker, files: &[File]| {
        let posts = tracker.read_files(files);
        let whereabouts = Whereabouts {
            missing: &BTreeSet::new(),
            is_there: &|path| path == "a.md",
        };
        let settled = tracker
            .ledger
            .assign(&Changes::all(posts), &whereabouts, &tracker.config, tracker.now);
        tracker.ledger.record_published(&settled.changes.posts, tracker.now);
        settled.changes.posts[0].id().to_owned()
    };
    // what went is held: nothing is withdrawn
    let mut tracker = FileTracker::new();
    tracker.pass(3);
    let first = look(&mut tracker, &[("a.md", "title: A", "mill")]);
    tracker.pass(3);
    assert_eq!(look(&mut tracker, &[("a.md", "title: A;id: x:1", "mill")]), "x:1");
    tracker.pass(3).restart();
    assert_eq!(tracker.ledger.live(), 0);
    let found = look(&mut tracker, &[("a.md", "title: A", "mill")]);
    assert_eq!(found, "x:1", "{first}");
}

#[test]
fn who_is_remembered_later_is_found_as_others_are() {
    let mut tracker = FileTracker::new();
    let keeper = ("a.md", "title: A", "mill");
    tracker.publish(&[keeper, ("b.md", "title: B", "lamp")]).publish(&[keeper]);
    // this one makes what is asked for the next
    tracker.publish(&[keeper, ("c.md", "title: C", "bees")]);
    let record = PostRecord {
        id: "x:1".to_owned(),
        source: "late.md".into(),
        ..PostRecord::of(&tracker.read_files(&[("late.md", "title: Late", "tide")])[0], tracker.now)
    };
    tracker.ledger.add(vec![Record::Post(Box::new(record))]);
    tracker.publish(&[keeper, ("d.md", "title: D", "tide")]);
    assert_eq!(tracker.post("d.md").id(), "x:1");
}

#[test]
fn a_file_whose_path_is_remembered_in_another_spelling_is_the_same() {
    for (spelling, body) in [("x//a.md", "mill"), ("x/./a.md", "mill"), ("x//a.md", "mill'")] {
        let mut tracker = FileTracker::new();
        let id = tracker
            .publish(&[("x/a.md", "title: A", "mill")])
            .post("x/a.md")
            .id()
            .to_owned();
        let mut records: Vec<Record> = tracker.ledger.take_changes().0.collect();
        for record in &mut records {
            if let Record::Post(post) = record {
                post.source = spelling.into();
            }
        }
        tracker.ledger = Registry::remembering(records, tracker.now);
        for _ in 0..2 {
            tracker.pass(5).publish(&[("x/a.md", "title: A", body)]);
            assert_eq!(tracker.post("x/a.md").id(), id, "{spelling}, {body}");
        }
        assert_eq!(tracker.ledger.live(), 1, "{spelling}, {body}");
    }
}

#[test]
fn a_stray_whose_path_is_remembered_in_another_spelling_lay_there() {
    let mut tracker = FileTracker::new();
    // they are more than the files that come, so those are looked up among them
    let unmatched = [("q.md", "title: Q", "tide"), ("r.md", "title: R", "bees")];
    tracker.publish(&[unmatched[0], unmatched[1], ("x/a.md", "title: A;date: 2025-01-01", "mill")]);
    let id = tracker.post("x/a.md").id().to_owned();
    let mut records: Vec<Record> = tracker.ledger.take_changes().0.collect();
    for record in &mut records {
        if let Record::Post(post) = record
            && post.source == "x/a.md"
        {
            post.source = "x//a.md".into();
        }
    }
    tracker.ledger = Registry::remembering(records, tracker.now);
    tracker.publish(&[("x/a.md", "title: B;slug: b;date: 2025-01-01", "lamp")]);
    assert_eq!(tracker.post("x/a.md").id(), id);
}

#[test]
fn a_folder_of_copies_keeps_its_ids_when_it_is_moved() {
    const COPIES: usize = 400;
    let folder = |name: &str, tracker: &FileTracker| -> Vec<Arc<Post>> {
        let read = |number: usize| {
            let file = SourceFile {
                path: format!("{name}/{number:04}.md").into(),
                bytes: format!("---\ntitle: Copy {number}\n---\n{MILL}\n").into_bytes().into(),
                modified: tracker.now,
            };
            Arc::new(post::read(&file, &tracker.config).unwrap().post)
        };
        (0..COPIES).map(read).collect()
    };
    for is_missing in [false, true] {
        let mut tracker = FileTracker::new();
        tracker.read = folder("old", &tracker);
        tracker.look();
        let old: BTreeSet<Utf8PathBuf> = tracker.read.iter().map(|post| post.source().to_owned()).collect();
        let (missing, gone) = if is_missing {
            (old, BTreeSet::new())
        } else {
            (BTreeSet::new(), old)
        };
        let changes = Changes {
            posts: folder("new", &tracker),
            gone: gone.into_iter().collect(),
            ..Changes::default()
        };
        let whereabouts = Whereabouts {
            missing: &missing,
            is_there: &|_| false,
        };
        let ids = |posts: &[Arc<Post>]| -> Vec<String> { posts.iter().map(|post| post.id().to_owned()).collect() };
        let before = ids(&tracker.posts);
        let settled = tracker.ledger.assign(&changes, &whereabouts, &tracker.config, tracker.now);
        let after = ids(&settled.changes.posts);
        let kept = after.iter().filter(|id| before.contains(id)).count();
        assert_eq!(kept, COPIES, "missing: {is_missing}");
    }
}

#[test]
fn a_file_is_its_post_again_once_what_was_taken_for_that_is_gone() {
    let mut tracker = FileTracker::new();
    let id = tracker.publish(&[("a.md", "title: A", "mill")]).post("a.md").id().to_owned();
    let renamed = Changes {
        posts: tracker.read_files(&[("b.md", "title: A", "mill")]),
        ..Changes::default()
    };
    // what it holds is no news
    let back = Changes {
        gone: vec!["b.md".into()],
        ..Changes::default()
    };
    for (path, missing, changes) in [("b.md", &["a.md"][..], renamed), ("a.md", &[], back)] {
        let missing: BTreeSet<Utf8PathBuf> = missing.iter().map(Utf8PathBuf::from).collect();
        let whereabouts = Whereabouts {
            missing: &missing,
            is_there: &|_| true,
        };
        let settled = tracker.ledger.assign(&changes, &whereabouts, &tracker.config, tracker.now);
        tracker.ledger.record_published(&settled.changes.posts, tracker.now);
        let found: Vec<(&str, &str)> = settled
            .changes
            .posts
            .iter()
            .map(|post| (post.source().as_str(), post.id()))
            .collect();
        assert_eq!(found, [(path, id.as_str())]);
    }
}
