//! What is served for a post whose file is held back, broken, emptied or withdrawn: while feedmill runs, after a restart, and after an
//! upgrade that parses the same file differently.

mod instance;

use std::fs;
use std::time::SystemTime;

use tempfile::TempDir;

use camino::Utf8PathBuf;

use self::instance::{GOOD, Instance, PATH, Read, Served, TEXT, hold, holding, text};
use super::*;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::inherited::Inherited;
use crate::post::{self, Digest, ParsedPost, Post, Visibility};
use crate::site::Unavailable;
use crate::source::watch::Watching;
use crate::source::{FileTexts, Source};
use crate::source_file::SourceFile;
use crate::storage::Storage;

/// An upgrade that holds every post back.
fn holding_all(source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    let mut reading = post::read_with(source, inherited, config)?;
    hold(&mut reading, source);
    Ok(reading)
}

/// An upgrade that refuses every file.
fn refusing_all(source: &SourceFile, _: &Inherited, _: &Config) -> Result<ParsedPost, Diagnostic> {
    Err(Diagnostic::new(Severity::Error, "unknown", &source.path, "is not understood"))
}

/// An upgrade that reads a draft in every file.
fn drafting_all(source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    let mut reading = post::read_with(source, inherited, config)?;
    reading.post.status = post::Status::Draft;
    Ok(reading)
}

/// An upgrade that parses title, text, summary, date and all other fields differently.
fn parsing_differently(source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
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

/// Broken versions of a file, by kind.
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
fn the_last_good_version_is_served_for_a_broken_one() {
    for (name, wrong) in WRONG {
        the_last_good_version_is_served_for(name, wrong);
    }
}

fn the_last_good_version_is_served_for(name: &str, wrong: &[u8]) {
    let last_good = || text(TEXT);
    let gone = || Served::Gone(String::new());
    let is_draft = name == "draft";
    // new
    let mut instance = Instance::new();
    instance.write(PATH, wrong);
    instance.start(holding);
    assert_eq!(instance.served(), Served::Nothing, "{name}, new");
    instance.restart();
    assert_eq!(instance.served(), Served::Nothing, "{name}, new, after a restart");

    // a public post, edited while feedmill runs
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.start(holding);
    let (id, updated) = (instance.post().unwrap().id.clone(), instance.post().unwrap().modified());
    instance.edit(wrong);
    let expected = if is_draft { gone() } else { last_good() };
    assert_eq!(instance.served(), expected, "{name}, edited");
    assert_eq!(instance.events(), [if is_draft { "withdrawn" } else { "broken" }], "{name}");
    assert_eq!(
        instance.errors().len(),
        usize::from(!is_draft),
        "{name}: {:?}",
        instance.errors()
    );
    assert_eq!(instance.has_version(), !is_draft, "{name}");
    for time in ["first", "second"] {
        instance.restart();
        assert_eq!(instance.served(), expected, "{name}, after the {time} restart");
        assert_eq!(
            instance.errors().len(),
            usize::from(!is_draft),
            "{name}, after the {time} restart"
        );
        if !is_draft {
            let post = instance.post().unwrap();
            assert_eq!(
                (post.id.as_str(), post.modified()),
                (&*id, updated),
                "{name}, after the {time} restart"
            );
        }
    }
    // an upgrade refuses the stored version, or holds it back
    if !is_draft {
        instance.stop();
        instance.start(holding_all);
        assert_eq!(instance.served(), last_good(), "{name}, after an upgrade that holds it back");
        instance.stop();
        instance.start(holding);
    }
    // mended
    let mended = [GOOD, b"And mended.\n"].concat();
    instance.edit(&mended);
    assert_eq!(instance.served(), text(&format!("{TEXT}\nAnd mended.")), "{name}, mended");
    assert_eq!(instance.post().unwrap().id, id, "{name}, mended");
    assert!(instance.post().unwrap().modified() > updated, "{name}, mended");
    assert!(!instance.has_version(), "{name}: the stored version is deleted");
    assert_eq!(instance.events(), [if is_draft { "published" } else { "mended" }], "{name}");

    // a public post, edited while feedmill does not run
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.start(holding);
    instance.stop();
    instance.write(PATH, wrong);
    instance.start(holding);
    let expected = if is_draft { gone() } else { Served::Unavailable };
    assert_eq!(instance.served(), expected, "{name}, edited meanwhile");
    assert_eq!(
        instance.errors().len(),
        usize::from(!is_draft && name != "nothing"),
        "{name}: {:?}",
        instance.errors()
    );
    instance.restart();
    assert_eq!(instance.served(), expected, "{name}, edited meanwhile, after a restart");
    // an editor saves by deleting and creating the file
    fs::remove_file(instance.folder.path().join(PATH)).unwrap();
    let builder = instance.builder.as_mut().unwrap();
    let outcome = builder.run_cycle(&Hints::everything(), Watching::Native, instance.now, instance.tick);
    instance.site = outcome.site.or(instance.site.take());
    assert_eq!(
        instance.served(),
        expected,
        "{name}, edited meanwhile, and missing for a moment"
    );
    instance.edit(&mended);
    let post = instance.post().unwrap();
    assert_eq!(
        (post.id.as_str(), instance.served()),
        (&*id, text(&format!("{TEXT}\nAnd mended."))),
        "{name}, mended"
    );

    // it is deleted while it is broken
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.start(holding);
    instance.edit(wrong);
    fs::remove_file(instance.folder.path().join(PATH)).unwrap();
    instance.run_until_idle();
    assert!(matches!(instance.served(), Served::Gone(_)), "{name}, deleted");
    assert!(!instance.has_version(), "{name}, deleted");
    instance.restart();
    assert!(
        matches!(instance.served(), Served::Gone(_)),
        "{name}, deleted, after a restart"
    );
}

#[test]
fn an_unchanged_file_that_is_parsed_differently() {
    let cases: [(&str, Read, Served); 4] = [
        ("held back", holding_all, text(TEXT)),
        ("refused", refusing_all, Served::Unavailable),
        ("a draft", drafting_all, Served::Gone(String::new())),
        (
            "differently",
            parsing_differently,
            text(&TEXT.replace("Reeds", "Reeds &amp; rushes")),
        ),
    ];
    for (name, read, expected) in cases {
        let mut instance = Instance::new();
        instance.write(PATH, GOOD);
        instance.start(holding);
        let before = instance.post().unwrap().clone();
        for time in ["first", "second"] {
            instance.stop();
            instance.start(read);
            assert_eq!(instance.served(), expected, "{name}, the {time} time");
            if let Some(post) = instance.post().filter(|post| post.is_readable(instance.now)) {
                let kept = |post: &Post| (post.id.clone(), post.address.clone(), post.date, post.modified());
                assert_eq!(kept(post), kept(&before), "{name}, the {time} time");
            }
        }
        let withdrawn = name == "a draft";
        assert_eq!(
            instance.errors().len(),
            usize::from(matches!(name, "held back" | "refused")),
            "{name}"
        );
        // with the old rules again, only the withdrawn post has changed
        instance.stop();
        instance.start(holding);
        let post = instance.post().unwrap();
        assert_eq!((&post.id, instance.served()), (&before.id, text(TEXT)), "{name}");
        assert_eq!(post.modified() == before.modified(), !withdrawn, "{name}");
    }
}

#[test]
fn a_post_that_an_upgrade_holds_back_keeps_its_last_good_version() {
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.start(holding);
    instance.stop();
    instance.start(holding_all);
    // edited, it is still refused: the last good version stays
    instance.edit(&[GOOD, b"Secret words.\n"].concat());
    assert_eq!(instance.served(), text(TEXT));
    instance.restart();
    assert_eq!(instance.served(), text(TEXT));
    let messages: Vec<String> = instance.site().diagnostics.iter().map(ToString::to_string).collect();
    assert!(
        messages
            .iter()
            .any(|message| message.starts_with("a.md: error: is not understood; the last good version stays")),
        "{messages:?}"
    );
    // a new post is held back
    instance.write("new.md", b"# New\n");
    instance.run_until_idle();
    assert_eq!(
        instance.site().post("new.md".into()).unwrap().visibility(instance.now),
        Visibility::Held
    );
    let events: Vec<_> = instance
        .reports
        .iter()
        .map(|report| (report.path.as_str(), report.event.in_words()))
        .collect();
    assert_eq!(events, [("new.md", ("held", Some("is not understood")))]);
}

#[test]
fn a_scheduled_post_is_held_back_while_its_newest_version_is_refused() {
    let to_come = b"---\ntitle: To come\ndate: 2030-01-01T02:00:00Z\n---\nTo come.\n";
    for (name, wrong) in WRONG.iter().filter(|(name, _)| !name.starts_with("hollow")) {
        let mut instance = Instance::new();
        instance.write(PATH, to_come);
        instance.start(holding);
        assert_eq!(instance.served(), Served::Nothing, "{name}");
        instance.edit(wrong);
        for _ in 0..24 {
            instance.run_until_idle();
        }
        assert_eq!(
            instance.served(),
            Served::Nothing,
            "{name}: its time has come, but it is held back"
        );
        assert!(!instance.has_version(), "{name}");
        instance.edit(&to_come.replace_first());
        assert_eq!(instance.served(), text("To come, mended."), "{name}");
        assert_eq!(
            instance.events().last(),
            Some(&"published"),
            "{name}: {:?}",
            instance.events()
        );
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

/// A refused file that is renamed keeps its last good version if its bytes are the same. If they differ and are refused too, the post
/// is not reported as deleted.
#[test]
fn a_broken_file_that_is_renamed_keeps_its_last_good_version() {
    const TO: &str = "b.md";
    let wrong = WRONG
        .iter()
        .filter(|(name, _)| matches!(*name, "held" | "unparsable" | "no text" | "hollow"));
    for (&(name, wrong), is_stopped) in wrong.flat_map(|row| [(row, false), (row, true)]) {
        let case = format!("{name}, stopped: {is_stopped}");
        let broken = || {
            let mut instance = Instance::new();
            instance.write(PATH, GOOD);
            instance.start(holding);
            instance.edit(wrong);
            assert_eq!(instance.served(), text(TEXT), "{case}");
            if is_stopped {
                instance.stop();
            }
            instance
        };
        let resume = |instance: &mut Instance| {
            if is_stopped {
                instance.start(holding);
            } else {
                instance.run_until_idle();
            }
        };
        let at = |instance: &Instance, path: &str| instance.folder.path().join(path);

        let mut instance = broken();
        fs::rename(at(&instance, PATH), at(&instance, TO)).unwrap();
        resume(&mut instance);
        for time in ["at once", "after a restart", "after another restart"] {
            let post = instance.site().post(TO.into()).unwrap();
            assert!(post.is_readable(instance.now), "{case}, {time}");
            assert!(post.id.ends_with(":a"), "{case}, {time}: {}", &post.id);
            let texts = instance.builder.as_ref().unwrap().tracker.texts();
            assert_eq!(texts.text(post).as_deref().map(str::trim), Some(TEXT), "{case}, {time}");
            instance.restart();
        }
        instance.write(TO, &[GOOD, b"And mended.\n"].concat());
        instance.run_until_idle();
        assert!(instance.site().post(TO.into()).unwrap().id.ends_with(":a"), "{case}, mended");
        assert!(!instance.has_version(), "{case}, mended");

        // it is edited too, and still refused
        if matches!(name, "hollow") {
            continue;
        }
        let mut instance = broken();
        fs::remove_file(at(&instance, PATH)).unwrap();
        let edited = [wrong, b"Other words.\n"].concat();
        instance.write(TO, &edited);
        resume(&mut instance);
        for time in ["at once", "after a restart", "after another restart"] {
            assert_eq!(instance.served(), Served::Unavailable, "{case}, edited, {time}");
            instance.restart();
        }
        fs::remove_file(at(&instance, TO)).unwrap();
        instance.run_until_idle();
        assert!(
            matches!(instance.served(), Served::Gone(_)),
            "{case}, edited and deleted: {:?}",
            instance.served()
        );
        assert!(!instance.has_version(), "{case}, edited and deleted");

        // another refused file, in another folder, is not the renamed one
        let mut instance = broken();
        fs::create_dir(at(&instance, "other")).unwrap();
        instance.write("other/c.md", &edited);
        fs::remove_file(at(&instance, PATH)).unwrap();
        resume(&mut instance);
        assert!(
            matches!(instance.served(), Served::Gone(_)),
            "{case}, deleted: {:?}",
            instance.served()
        );
    }
}

/// A refused file does not delay the removal of another, because it existed before that one was deleted.
#[test]
fn a_broken_file_does_not_delay_the_removal_of_another() {
    const BROKEN: &[u8] = b"---\ntitle: Secret\n";
    for (is_stopped, scrap_is_older) in [(false, true), (false, false), (true, true)] {
        let case = format!("stopped: {is_stopped}, the scrap is older: {scrap_is_older}");
        let mut instance = Instance::new();
        if scrap_is_older {
            instance.write("scrap.md", b"---\ntitle: Never finished\n");
        }
        instance.write(PATH, GOOD);
        instance.start(holding);
        instance.edit(BROKEN);
        if !scrap_is_older {
            instance.write("scrap.md", b"---\ntitle: Never finished\n");
            instance.run_until_idle();
            instance.tick += Duration::from_secs(1);
        }
        assert_eq!(instance.served(), text(TEXT), "{case}");
        if is_stopped {
            instance.stop();
        }
        fs::remove_file(instance.folder.path().join(PATH)).unwrap();
        if is_stopped {
            instance.start(holding);
        } else {
            instance.run_until_idle();
        }
        assert!(
            matches!(instance.served(), Served::Gone(_)),
            "{case}: {:?}",
            instance.served()
        );
        assert!(!instance.has_version(), "{case}");
    }
}

/// Files with the same text keep their own last good versions, which are served from the first cycle after a restart.
#[test]
fn an_emptied_post_is_served_at_once_after_a_restart_even_if_others_have_its_text() {
    let twin = String::from_utf8(GOOD.to_vec())
        .unwrap()
        .replace("Reeds and the mill", "Twin");
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.write("twin.md", twin.as_bytes());
    instance.start(holding);
    let id = instance.post().unwrap().id.clone();
    instance.edit(b"");
    assert_eq!(instance.served(), text(TEXT));
    for time in ["first", "second"] {
        instance.stop();
        instance.open(holding);
        instance.run_one_cycle();
        assert_eq!(instance.served(), text(TEXT), "in the first cycle, the {time} time");
        assert!(instance.has_version(), "in the first cycle, the {time} time");
        instance.run_until_idle();
        assert_eq!(instance.served(), text(TEXT), "later, the {time} time");
        assert_eq!(instance.post().unwrap().id, id);
        assert_eq!(instance.errors(), ["empty"], "the {time} time");
    }
}

#[test]
fn a_post_that_returns_under_another_name_is_one_event() {
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.start(holding);
    let id = instance.post().unwrap().id.clone();
    fs::remove_file(instance.folder.path().join(PATH)).unwrap();
    instance.run_until_idle();
    assert_eq!(instance.events(), ["withdrawn"]);
    instance.write("b.md", GOOD);
    instance.run_until_idle();
    let events: Vec<&str> = instance.reports.iter().map(|report| report.event.in_words().0).collect();
    assert_eq!(events, ["published"]);
    assert_eq!(instance.site().post("b.md".into()).unwrap().id, id);
}

#[test]
fn the_messages_about_a_public_post_do_not_contradict_each_other() {
    let unclear = b"---\ntitle: Reeds and the mill\ndate: TBD\n---\nReeds along the creek, cut in winter and laid on the roof.\n";
    let message = |instance: &Instance| {
        let errors = instance
            .site()
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.path == PATH);
        errors
            .map(|diagnostic| diagnostic.message.clone())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.start(post::read_with);
    // edited while feedmill runs, and while it does not
    instance.edit(unclear);
    let text = message(&instance);
    assert!(
        text.contains("the last good version stays published") && !text.contains("held back"),
        "{text}"
    );
    instance.stop();
    instance.storage.delete_last_good_version(PATH.into()).unwrap();
    instance.start(post::read_with);
    let text = message(&instance);
    assert!(text.contains("answers 503") && !text.contains("held back"), "{text}");
    // new rules
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.start(post::read_with);
    instance.stop();
    instance.start(holding_all);
    let text = message(&instance);
    assert!(
        text.contains("stays published as it is") && !text.contains("held back"),
        "{text}"
    );
    // a post that was never public
    let mut instance = Instance::new();
    instance.write(PATH, unclear);
    instance.start(post::read_with);
    assert!(message(&instance).contains("so this is held back"), "{}", message(&instance));
}

#[test]
fn a_post_that_became_a_draft_is_gone_without_its_title() {
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.start(holding);
    instance.edit(b"---\ntitle: Secret\ndate: 2026-01-31\ndraft: true\n---\nSecret words.\n");
    assert_eq!(instance.served(), Served::Gone(String::new()));
    fs::remove_file(instance.folder.path().join(PATH)).unwrap();
    instance.run_until_idle();
    assert_eq!(instance.served(), Served::Gone(String::new()));
    instance.restart();
    assert_eq!(instance.served(), Served::Gone(String::new()));
    instance.edit(GOOD);
    assert_eq!(instance.served(), text(TEXT));
    fs::remove_file(instance.folder.path().join(PATH)).unwrap();
    instance.run_until_idle();
    assert_eq!(
        instance.served(),
        Served::Gone("Reeds and the mill".to_owned()),
        "it was deleted while public"
    );
}

#[test]
fn each_change_of_a_post_has_its_event() {
    let mut instance = Instance::new();
    instance.start(holding);
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
        instance.edit(content);
        assert_eq!(instance.events(), expected, "step {number}");
    }
    fs::remove_file(instance.folder.path().join(PATH)).unwrap();
    instance.run_until_idle();
    assert_eq!(instance.events(), ["withdrawn"]);
    instance.edit(draft);
    assert_eq!(instance.events(), ["found"]);
    fs::remove_file(instance.folder.path().join(PATH)).unwrap();
    instance.run_until_idle();
    assert_eq!(instance.events(), ["removed"]);
}

#[test]
fn the_last_good_version_of_an_unreadable_file_is_served_after_a_restart() {
    let mut instance = Instance::new();
    instance.write(PATH, GOOD);
    instance.start(holding);
    // larger than a post may be
    instance.edit(&vec![b'x'; 2 << 20]);
    assert_eq!(instance.served(), text(TEXT));
    for _ in 0..2 {
        instance.restart();
        assert_eq!(instance.served(), text(TEXT));
    }
    instance.edit(&[GOOD, b"More.\n"].concat());
    assert_eq!(instance.served(), text(&format!("{TEXT}\nMore.")));
    assert!(!instance.has_version());
}

#[test]
fn the_bytes_of_a_file_in_any_encoding_are_kept_in_memory() {
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
        texts.cache_text_and_file(&mut post, Some(file));
        assert_eq!(texts.file(&post).as_deref(), Some(file));
        post.file = Digest::default();
        assert_eq!(texts.file(&post), None, "another file had the same text");
    }
}
