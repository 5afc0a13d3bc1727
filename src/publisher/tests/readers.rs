//! What readers keep of a post whose file is held back, broken, emptied or taken back: while feedmill runs, over a restart, and over an
//! upgrade that reads the same file otherwise.

use std::fs;
use std::time::SystemTime;

use tempfile::TempDir;

use super::*;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::inherited::Inherited;
use crate::post::{self, Digest, ParsedPost, Post, Visibility};
use crate::site::Unavailable;
use crate::source::watch::Watching;
use crate::source::{FileTexts, Source};
use crate::source_file::SourceFile;
use crate::storage::Storage;

type Read = fn(&SourceFile, &Inherited, &Config) -> Result<ParsedPost, Diagnostic>;

/// Reads posts, and holds those back whose front matter has the key `hold`.
fn holding(source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    let is_held = source.bytes.windows(6).any(|bytes| bytes == b"\nhold:");
    let mut reading = post::read_with(source, inherited, config)?;
    if is_held {
        hold(&mut reading, source);
    }
    Ok(reading)
}

fn hold(reading: &mut ParsedPost, source: &SourceFile) {
    let held = Diagnostic::new(Severity::Error, "hold-unclear", &source.path, "is not understood");
    reading.remarks.push(held.clone());
    reading.held = Some(held);
    reading.post.is_held = true;
}

/// An upgrade that holds every post back.
fn holding_all(source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    let mut reading = post::read_with(source, inherited, config)?;
    hold(&mut reading, source);
    Ok(reading)
}

/// An upgrade that makes nothing of any file.
fn refusing_all(source: &SourceFile, _: &Inherited, _: &Config) -> Result<ParsedPost, Diagnostic> {
    Err(Diagnostic::new(Severity::Error, "unknown", &source.path, "is not understood"))
}

/// An upgrade that reads a draft in every file.
fn drafting_all(source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    let mut reading = post::read_with(source, inherited, config)?;
    reading.post.status = post::Status::Draft;
    Ok(reading)
}

/// An upgrade that reads title, text, summary, date and all else otherwise.
fn reading_otherwise(source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    let text = source
        .text()?
        .replace("Reeds", "Reeds &amp; rushes")
        .replace("title: ", "title: \"Re: ");
    let text = text.replace(" and the mill\n", " and the mill\"\nupdated: 2026-07-07\n");
    let other = SourceFile {
        bytes: text.replace("date: 2026-01-31", "date: 2026-06-30").into_bytes().into(),
        ..source.clone()
    };
    let mut reading = post::read_with(&other, inherited, config)?;
    reading.post.file = Digest::of(&source.bytes);
    Ok(reading)
}

/// A folder, storage and feedmill over them, with a clock turned by hand.
struct World {
    folder: TempDir,
    storage: Storage,
    builder: Option<SiteBuilder>,
    site: Option<Arc<Site>>,
    reports: Vec<PostEvent>,
    read: Read,
    now: Timestamp,
    tick: Duration,
}

const PATH: &str = "a.md";
const ADDRESS: &str = "/posts/a";
const GOOD: &[u8] =
    b"---\ntitle: Reeds and the mill\ndate: 2026-01-31\n---\nReeds along the creek, cut in winter and laid on the roof.\n";
const TEXT: &str = "Reeds along the creek, cut in winter and laid on the roof.";

impl World {
    fn new() -> World {
        let world = World {
            folder: TempDir::new().unwrap(),
            storage: Storage::memory(),
            builder: None,
            site: None,
            reports: Vec::new(),
            read: holding,
            now: "2030-01-01T00:00:00Z".parse().unwrap(),
            tick: Duration::ZERO,
        };
        // another post, so that the folder is never empty
        world.write(
            "keeper.md",
            b"---\ntitle: Keeper\ndate: 2026-01-01\n---\nThe lamp is lit at dusk.\n",
        );
        world
    }

    /// Writes a file that has held still since.
    fn write(&self, path: &str, content: &[u8]) {
        let path = self.folder.path().join(path);
        fs::write(&path, content).unwrap();
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::try_from(self.now - Duration::from_mins(1)).unwrap())
            .unwrap();
    }

    fn start(&mut self, read: Read) {
        self.open(read);
        self.settle();
    }

    /// Starts it; nothing is looked at yet.
    fn open(&mut self, read: Read) {
        self.read = read;
        let root = Utf8PathBuf::from_path_buf(self.folder.path().to_owned()).unwrap();
        let mut config = Config::default();
        config.site.base_url = Some("https://blog.example".parse().unwrap());
        let opening = self.storage.open();
        assert_eq!(opening.notes, Vec::<String>::new());
        let mut builder = SiteBuilder::new(&Arc::new(config), root, Some(opening), self.now);
        builder.tracker.read_with(read);
        self.builder = Some(builder);
    }

    /// One look.
    fn turn(&mut self) {
        let builder = self.builder.as_mut().unwrap();
        let outcome = builder.run_cycle(&Hints::everything(), Watching::Native, self.now, self.tick);
        assert!(!outcome.has_failed);
        self.site = outcome.site.or(self.site.take());
    }

    fn stop(&mut self) {
        assert!(self.builder.take().unwrap().close());
    }

    fn restart(&mut self) {
        self.stop();
        self.start(self.read);
    }

    /// Looks until nothing is waited for.
    fn settle(&mut self) {
        self.reports.clear();
        self.now += Duration::from_mins(10);
        for _ in 0..20 {
            let outcome = self
                .builder
                .as_mut()
                .unwrap()
                .run_cycle(&Hints::everything(), Watching::Native, self.now, self.tick);
            assert!(!outcome.has_failed);
            self.reports.extend(outcome.posts);
            self.site = outcome.site.or(self.site.take());
            let Some(wait) = outcome.again_in else { return };
            self.now += wait;
            self.tick += wait;
        }
        panic!("it never comes to rest");
    }

    fn edit(&mut self, content: &[u8]) {
        self.write(PATH, content);
        self.settle();
    }

    fn site(&self) -> &Site {
        self.site.as_deref().unwrap()
    }

    fn post(&self) -> Option<&Arc<Post>> {
        self.site().post(PATH.into())
    }

    /// What readers get at the address of the post.
    fn seen(&self) -> Seen {
        let texts = self.builder.as_ref().unwrap().tracker.texts();
        match self.post().filter(|post| post.is_readable(self.now)) {
            Some(post) => {
                let text = texts.text(post).unwrap_or_else(|| "no text".into());
                Seen::Text(text.trim().to_owned())
            }
            None => match self.site().unavailable(ADDRESS) {
                None => Seen::Nothing,
                Some(Unavailable::Temporarily) => Seen::Unavailable,
                Some(Unavailable::Withdrawn(title)) => Seen::Gone(title),
            },
        }
    }

    fn errors(&self) -> Vec<&str> {
        let errors = self.site().diagnostics.iter();
        let errors = errors.filter(|said| said.path == PATH && said.severity == Severity::Error);
        errors.map(|said| said.code).collect()
    }

    fn events(&self) -> Vec<&str> {
        let reports = self.reports.iter().filter(|report| report.path == PATH);
        reports.map(|report| report.event.in_words().0).collect()
    }

    fn has_version(&self) -> bool {
        !self.storage.last_good_versions().is_empty()
    }
}

/// What readers get.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Text(String),
    Nothing,
    /// 503.
    Unavailable,
    /// 410, with this title.
    Gone(String),
}

fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

/// What is wrong with a version.
const WRONG: [(&str, &[u8]); 7] = [
    ("held", b"---\ntitle: Secret\ndate: 2026-01-31\nhold: x\n---\nSecret words.\n"),
    ("unparsable", b"---\ntitle: Secret\n"),
    ("no text", b"caf\xe9 Secret"),
    ("nothing", b""),
    ("hollow", b"---\n---\n"),
    ("hollow but for space", b"\n \n"),
    (
        "draft",
        b"---\ntitle: Secret\ndate: 2026-01-31\ndraft: true\n---\nSecret words.\n",
    ),
];

#[test]
fn what_readers_get_of_a_wrong_version() {
    let last_good = || text(TEXT);
    let gone = || Seen::Gone(String::new());
    for (name, wrong) in WRONG {
        let is_draft = name == "draft";
        // new
        let mut world = World::new();
        world.write(PATH, wrong);
        world.start(holding);
        assert_eq!(world.seen(), Seen::Nothing, "{name}, new");
        world.restart();
        assert_eq!(world.seen(), Seen::Nothing, "{name}, new, after a restart");

        // readers have it, and it is edited while feedmill runs
        let mut world = World::new();
        world.write(PATH, GOOD);
        world.start(holding);
        let (id, updated) = (world.post().unwrap().id.clone(), world.post().unwrap().modified());
        world.edit(wrong);
        let expected = if is_draft { gone() } else { last_good() };
        assert_eq!(world.seen(), expected, "{name}, edited");
        assert_eq!(world.events(), [if is_draft { "withdrawn" } else { "broken" }], "{name}");
        assert_eq!(world.errors().len(), usize::from(!is_draft), "{name}: {:?}", world.errors());
        assert_eq!(world.has_version(), !is_draft, "{name}");
        for time in ["first", "second"] {
            world.restart();
            assert_eq!(world.seen(), expected, "{name}, after the {time} restart");
            assert_eq!(
                world.errors().len(),
                usize::from(!is_draft),
                "{name}, after the {time} restart"
            );
            if !is_draft {
                let post = world.post().unwrap();
                assert_eq!(
                    (post.id.as_str(), post.modified()),
                    (&*id, updated),
                    "{name}, after the {time} restart"
                );
            }
        }
        // an upgrade makes nothing of what was kept, or holds it back
        if !is_draft {
            world.stop();
            world.start(holding_all);
            assert_eq!(world.seen(), last_good(), "{name}, after an upgrade that holds it back");
            world.stop();
            world.start(holding);
        }
        // mended
        let mended = [GOOD, b"And mended.\n"].concat();
        world.edit(&mended);
        assert_eq!(world.seen(), text(&format!("{TEXT}\nAnd mended.")), "{name}, mended");
        assert_eq!(world.post().unwrap().id, id, "{name}, mended");
        assert!(world.post().unwrap().modified() > updated, "{name}, mended");
        assert!(!world.has_version(), "{name}: it is kept no longer than it is needed");
        assert_eq!(world.events(), [if is_draft { "published" } else { "mended" }], "{name}");

        // readers have it, and it is edited while feedmill does not run
        let mut world = World::new();
        world.write(PATH, GOOD);
        world.start(holding);
        world.stop();
        world.write(PATH, wrong);
        world.start(holding);
        let expected = if is_draft { gone() } else { Seen::Unavailable };
        assert_eq!(world.seen(), expected, "{name}, edited meanwhile");
        assert_eq!(
            world.errors().len(),
            usize::from(!is_draft && name != "nothing"),
            "{name}: {:?}",
            world.errors()
        );
        world.restart();
        assert_eq!(world.seen(), expected, "{name}, edited meanwhile, after a restart");
        // an editor saves by deleting and writing anew
        fs::remove_file(world.folder.path().join(PATH)).unwrap();
        let builder = world.builder.as_mut().unwrap();
        let outcome = builder.run_cycle(&Hints::everything(), Watching::Native, world.now, world.tick);
        world.site = outcome.site.or(world.site.take());
        assert_eq!(world.seen(), expected, "{name}, edited meanwhile, and not there for a moment");
        world.edit(&mended);
        let post = world.post().unwrap();
        assert_eq!(
            (post.id.as_str(), world.seen()),
            (&*id, text(&format!("{TEXT}\nAnd mended."))),
            "{name}, mended"
        );

        // it is deleted while it is wrong
        let mut world = World::new();
        world.write(PATH, GOOD);
        world.start(holding);
        world.edit(wrong);
        fs::remove_file(world.folder.path().join(PATH)).unwrap();
        world.settle();
        assert!(matches!(world.seen(), Seen::Gone(_)), "{name}, deleted");
        assert!(!world.has_version(), "{name}, deleted");
        world.restart();
        assert!(matches!(world.seen(), Seen::Gone(_)), "{name}, deleted, after a restart");
    }
}

#[test]
fn what_readers_get_of_an_unchanged_file_that_is_read_otherwise() {
    let cases: [(&str, Read, Seen); 4] = [
        ("held back", holding_all, text(TEXT)),
        ("refused", refusing_all, Seen::Unavailable),
        ("a draft", drafting_all, Seen::Gone(String::new())),
        (
            "otherwise",
            reading_otherwise,
            text(&TEXT.replace("Reeds", "Reeds &amp; rushes")),
        ),
    ];
    for (name, read, expected) in cases {
        let mut world = World::new();
        world.write(PATH, GOOD);
        world.start(holding);
        let before = world.post().unwrap().clone();
        for time in ["first", "second"] {
            world.stop();
            world.start(read);
            assert_eq!(world.seen(), expected, "{name}, the {time} time");
            if let Some(post) = world.post().filter(|post| post.is_readable(world.now)) {
                let kept = |post: &Post| (post.id.clone(), post.address.clone(), post.date, post.modified());
                assert_eq!(kept(post), kept(&before), "{name}, the {time} time");
            }
        }
        let withdrawn = name == "a draft";
        assert_eq!(
            world.errors().len(),
            usize::from(matches!(name, "held back" | "refused")),
            "{name}"
        );
        // back again, nothing was lost but what was withdrawn
        world.stop();
        world.start(holding);
        let post = world.post().unwrap();
        assert_eq!((&post.id, world.seen()), (&before.id, text(TEXT)), "{name}");
        assert_eq!(post.modified() == before.modified(), !withdrawn, "{name}");
    }
}

#[test]
fn a_post_that_an_upgrade_holds_back_is_held_to_its_last_good_version() {
    let mut world = World::new();
    world.write(PATH, GOOD);
    world.start(holding);
    world.stop();
    world.start(holding_all);
    // edited, it is still not understood: what readers have stays
    world.edit(&[GOOD, b"Secret words.\n"].concat());
    assert_eq!(world.seen(), text(TEXT));
    world.restart();
    assert_eq!(world.seen(), text(TEXT));
    let said: Vec<String> = world.site().diagnostics.iter().map(ToString::to_string).collect();
    assert!(
        said.iter()
            .any(|said| said.starts_with("a.md: error: is not understood; the last good version stays")),
        "{said:?}"
    );
    // another one is held, as every new post
    world.write("new.md", b"# New\n");
    world.settle();
    assert_eq!(
        world.site().post("new.md".into()).unwrap().visibility(world.now),
        Visibility::Held
    );
    let events: Vec<_> = world
        .reports
        .iter()
        .map(|report| (report.path.as_str(), report.event.in_words()))
        .collect();
    assert_eq!(events, [("new.md", ("held", Some("is not understood")))]);
}

#[test]
fn what_is_to_come_is_held_back_while_its_newest_version_is_not_understood() {
    let to_come = b"---\ntitle: To come\ndate: 2030-01-01T02:00:00Z\n---\nTo come.\n";
    for (name, wrong) in WRONG.iter().filter(|(name, _)| !name.starts_with("hollow")) {
        let mut world = World::new();
        world.write(PATH, to_come);
        world.start(holding);
        assert_eq!(world.seen(), Seen::Nothing, "{name}");
        world.edit(wrong);
        for _ in 0..24 {
            world.settle();
        }
        assert_eq!(
            world.seen(),
            Seen::Nothing,
            "{name}: its time has come, but nobody knows what is to appear"
        );
        assert!(!world.has_version(), "{name}");
        world.edit(&to_come.replace_first());
        assert_eq!(world.seen(), text("To come, mended."), "{name}");
        assert_eq!(world.events().last(), Some(&"published"), "{name}: {:?}", world.events());
    }
}

trait ReplaceFirst {
    fn replace_first(&self) -> Vec<u8>;
}

impl ReplaceFirst for [u8] {
    fn replace_first(&self) -> Vec<u8> {
        String::from_utf8(self.to_vec())
            .unwrap()
            .replace("To come.\n", "To come, mended.\n")
            .into()
    }
}

/// A file that is not understood and is renamed keeps its last good version, where it is the same file byte by byte; where it is another
/// one that is not understood, nobody is told that the post is deleted.
#[test]
fn what_readers_get_of_a_broken_file_that_is_renamed() {
    const TO: &str = "b.md";
    let wrong = WRONG
        .iter()
        .filter(|(name, _)| matches!(*name, "held" | "unparsable" | "no text" | "hollow"));
    for (&(name, wrong), is_asleep) in wrong.flat_map(|row| [(row, false), (row, true)]) {
        let case = format!("{name}, asleep: {is_asleep}");
        let broken = || {
            let mut world = World::new();
            world.write(PATH, GOOD);
            world.start(holding);
            world.edit(wrong);
            assert_eq!(world.seen(), text(TEXT), "{case}");
            if is_asleep {
                world.stop();
            }
            world
        };
        let wake = |world: &mut World| {
            if is_asleep {
                world.start(holding);
            } else {
                world.settle();
            }
        };
        let at = |world: &World, path: &str| world.folder.path().join(path);

        let mut world = broken();
        fs::rename(at(&world, PATH), at(&world, TO)).unwrap();
        wake(&mut world);
        for time in ["at once", "after a restart", "after another restart"] {
            let post = world.site().post(TO.into()).unwrap();
            assert!(post.is_readable(world.now), "{case}, {time}");
            assert!(post.id.ends_with(":a"), "{case}, {time}: {}", &post.id);
            let texts = world.builder.as_ref().unwrap().tracker.texts();
            assert_eq!(texts.text(post).as_deref().map(str::trim), Some(TEXT), "{case}, {time}");
            world.restart();
        }
        world.write(TO, &[GOOD, b"And mended.\n"].concat());
        world.settle();
        assert!(world.site().post(TO.into()).unwrap().id.ends_with(":a"), "{case}, mended");
        assert!(!world.has_version(), "{case}, mended");

        // it is edited too, and still not understood
        if matches!(name, "hollow") {
            continue;
        }
        let mut world = broken();
        fs::remove_file(at(&world, PATH)).unwrap();
        let edited = [wrong, b"Other words.\n"].concat();
        world.write(TO, &edited);
        wake(&mut world);
        for time in ["at once", "after a restart", "after another restart"] {
            assert_eq!(world.seen(), Seen::Unavailable, "{case}, edited, {time}");
            world.restart();
        }
        fs::remove_file(at(&world, TO)).unwrap();
        world.settle();
        assert!(
            matches!(world.seen(), Seen::Gone(_)),
            "{case}, edited and deleted: {:?}",
            world.seen()
        );
        assert!(!world.has_version(), "{case}, edited and deleted");

        // another file that is not understood, in another folder, is not it
        let mut world = broken();
        fs::create_dir(at(&world, "other")).unwrap();
        world.write("other/c.md", &edited);
        fs::remove_file(at(&world, PATH)).unwrap();
        wake(&mut world);
        assert!(matches!(world.seen(), Seen::Gone(_)), "{case}, deleted: {:?}", world.seen());
    }
}

/// A file that is not understood delays nothing that is told of another: it was there before that one went.
#[test]
fn a_broken_file_does_not_delay_what_is_told_of_another() {
    const BROKEN: &[u8] = b"---\ntitle: Secret\n";
    for (is_asleep, scrap_is_older) in [(false, true), (false, false), (true, true)] {
        let case = format!("asleep: {is_asleep}, the scrap is older: {scrap_is_older}");
        let mut world = World::new();
        if scrap_is_older {
            world.write("scrap.md", b"---\ntitle: Never finished\n");
        }
        world.write(PATH, GOOD);
        world.start(holding);
        world.edit(BROKEN);
        if !scrap_is_older {
            world.write("scrap.md", b"---\ntitle: Never finished\n");
            world.settle();
            world.tick += Duration::from_secs(1);
        }
        assert_eq!(world.seen(), text(TEXT), "{case}");
        if is_asleep {
            world.stop();
        }
        fs::remove_file(world.folder.path().join(PATH)).unwrap();
        if is_asleep {
            world.start(holding);
        } else {
            world.settle();
        }
        assert!(matches!(world.seen(), Seen::Gone(_)), "{case}: {:?}", world.seen());
        assert!(!world.has_version(), "{case}");
    }
}

/// Of files with one text, each keeps its own last good version; and that is shown from the first look after a restart on.
#[test]
fn a_post_that_is_emptied_is_shown_at_once_after_a_restart_though_others_have_its_text() {
    let twin = String::from_utf8(GOOD.to_vec())
        .unwrap()
        .replace("Reeds and the mill", "Twin");
    let mut world = World::new();
    world.write(PATH, GOOD);
    world.write("twin.md", twin.as_bytes());
    world.start(holding);
    let id = world.post().unwrap().id.clone();
    world.edit(b"");
    assert_eq!(world.seen(), text(TEXT));
    for time in ["first", "second"] {
        world.stop();
        world.open(holding);
        world.turn();
        assert_eq!(world.seen(), text(TEXT), "at the first look, the {time} time");
        assert!(world.has_version(), "at the first look, the {time} time");
        world.settle();
        assert_eq!(world.seen(), text(TEXT), "later, the {time} time");
        assert_eq!(world.post().unwrap().id, id);
        assert_eq!(world.errors(), ["empty"], "the {time} time");
    }
}

#[test]
fn a_post_that_is_back_under_another_name_is_one_event() {
    let mut world = World::new();
    world.write(PATH, GOOD);
    world.start(holding);
    let id = world.post().unwrap().id.clone();
    fs::remove_file(world.folder.path().join(PATH)).unwrap();
    world.settle();
    assert_eq!(world.events(), ["withdrawn"]);
    world.write("b.md", GOOD);
    world.settle();
    let events: Vec<&str> = world.reports.iter().map(|report| report.event.in_words().0).collect();
    assert_eq!(events, ["published"]);
    assert_eq!(world.site().post("b.md".into()).unwrap().id, id);
}

#[test]
fn what_is_said_of_a_post_that_readers_have_does_not_contradict_itself() {
    let unclear = b"---\ntitle: Reeds and the mill\ndate: TBD\n---\nReeds along the creek, cut in winter and laid on the roof.\n";
    let message = |world: &World| {
        let errors = world.site().diagnostics.iter().filter(|said| said.path == PATH);
        errors.map(|said| said.message.clone()).collect::<Vec<_>>().join("\n")
    };
    let mut world = World::new();
    world.write(PATH, GOOD);
    world.start(post::read_with);
    // edited while it runs, and while it does not
    world.edit(unclear);
    let said = message(&world);
    assert!(
        said.contains("the last good version stays published") && !said.contains("held back"),
        "{said}"
    );
    world.stop();
    world.storage.delete_last_good_version(PATH.into()).unwrap();
    world.start(post::read_with);
    let said = message(&world);
    assert!(said.contains("answers 503") && !said.contains("held back"), "{said}");
    // new rules
    let mut world = World::new();
    world.write(PATH, GOOD);
    world.start(post::read_with);
    world.stop();
    world.start(holding_all);
    let said = message(&world);
    assert!(
        said.contains("stays published as it is") && !said.contains("held back"),
        "{said}"
    );
    // nobody has it
    let mut world = World::new();
    world.write(PATH, unclear);
    world.start(post::read_with);
    assert!(message(&world).contains("so this is held back"), "{}", message(&world));
}

#[test]
fn a_post_that_was_taken_back_goes_without_its_title_for_ever() {
    let mut world = World::new();
    world.write(PATH, GOOD);
    world.start(holding);
    world.edit(b"---\ntitle: Secret\ndate: 2026-01-31\ndraft: true\n---\nSecret words.\n");
    assert_eq!(world.seen(), Seen::Gone(String::new()));
    fs::remove_file(world.folder.path().join(PATH)).unwrap();
    world.settle();
    assert_eq!(world.seen(), Seen::Gone(String::new()));
    world.restart();
    assert_eq!(world.seen(), Seen::Gone(String::new()));
    world.edit(GOOD);
    assert_eq!(world.seen(), text(TEXT));
    fs::remove_file(world.folder.path().join(PATH)).unwrap();
    world.settle();
    assert_eq!(
        world.seen(),
        Seen::Gone("Reeds and the mill".to_owned()),
        "nobody made it a secret"
    );
}

#[test]
fn what_is_said_of_what_happens_to_posts() {
    let mut world = World::new();
    world.start(holding);
    let draft = b"---\ntitle: A\ndraft: true\n---\nText.\n";
    let unlisted = b"---\ntitle: A\nvisibility: unlisted\n---\nText.\n";
    let public = b"---\ntitle: A\n---\nText.\n";
    let expired = b"---\ntitle: A\nexpires: 2027-01-01\n---\nText.\n";
    let held = b"---\ntitle: A\nhold: x\n---\nText.\n";
    let steps: [(&[u8], &[&str]); 13] = [
        (held, &["held"]),
        (held, &[]),
        (public, &["published"]),
        (public, &[]),
        (draft, &["withdrawn"]),
        (b"---\ntitle: A\ndraft: true\n---\nOther text.\n", &["changed"]),
        (held, &["held"]),
        (unlisted, &["published"]),
        (public, &["changed"]),
        (expired, &["withdrawn"]),
        (public, &["published"]),
        (held, &["broken"]),
        (public, &["mended"]),
    ];
    for (number, (content, expected)) in steps.into_iter().enumerate() {
        world.edit(content);
        assert_eq!(world.events(), expected, "step {number}");
    }
    fs::remove_file(world.folder.path().join(PATH)).unwrap();
    world.settle();
    assert_eq!(world.events(), ["withdrawn"]);
    world.edit(draft);
    assert_eq!(world.events(), ["found"]);
    fs::remove_file(world.folder.path().join(PATH)).unwrap();
    world.settle();
    assert_eq!(world.events(), ["removed"]);
}

#[test]
fn a_file_that_cannot_be_read_after_a_restart_is_shown_as_it_was() {
    let mut world = World::new();
    world.write(PATH, GOOD);
    world.start(holding);
    // larger than a post may be
    world.edit(&vec![b'x'; 2 << 20]);
    assert_eq!(world.seen(), text(TEXT));
    for _ in 0..2 {
        world.restart();
        assert_eq!(world.seen(), text(TEXT));
    }
    world.edit(&[GOOD, b"More.\n"].concat());
    assert_eq!(world.seen(), text(&format!("{TEXT}\nMore.")));
    assert!(!world.has_version());
}

#[test]
fn the_bytes_of_a_file_are_had_from_memory_however_they_are_written() {
    let utf16: Vec<u8> = "\u{feff}---\ntitle: A\n---\r\nSand.\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let files: [&[u8]; 4] = [GOOD, b"# A\r\n\r\nLines.\r\n", b"\xef\xbb\xbfMark.\n", &utf16];
    for file in files {
        let folder = TempDir::new().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let texts = FileTexts::new(Source::folder(root, &Config::default().posts));
        let source = SourceFile {
            path: PATH.into(),
            bytes: file.into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        let mut post = post::read(&source, &Config::default()).unwrap().post;
        texts.take_with(&mut post, Some(file));
        assert_eq!(texts.file(&post).as_deref(), Some(file));
        post.file = Digest::default();
        assert_eq!(texts.file(&post), None, "another file had the same text");
    }
}
