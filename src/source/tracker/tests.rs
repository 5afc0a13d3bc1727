use super::*;
use crate::source::MemorySource;
use crate::source::watch::HintKind;

fn on(folder: &tempfile::TempDir, read: ReadPost) -> FileTracker {
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    FileTracker::reading_with(read, Arc::default(), Source::folder(root, &Config::default().posts))
}

#[test]
fn a_panic_while_parsing_a_post_affects_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.md", "bomb.md", "c.md"] {
        std::fs::write(folder.path().join(name), "# Hello").unwrap();
    }
    let mut tracker = on(&folder, |source, inherited, config| {
        assert_ne!(source.path, "bomb.md", "made to fail");
        post::read_with(source, inherited, config)
    });
    // scanned an hour later, every file is stable
    let now = Timestamp::now() + Duration::from_hours(1);
    let outcome = tracker.scan(&Hints::everything(), now, Duration::ZERO);
    assert!(outcome.changed);
    let read: Vec<&str> = tracker.posts().map(|post| post.source.as_str()).collect();
    assert_eq!(read, ["a.md", "c.md"]);
    let messages: Vec<String> = tracker
        .diagnostics()
        .iter()
        .filter(|d| d.code == "internal")
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        messages,
        ["bomb.md: error: made feedmill fail, which is a fault in feedmill (report it with this file)"]
    );
}

#[test]
fn all_posts_are_changed_at_first_and_then_only_changed_ones() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.md", "# A");
    write("b.md", "# B");
    let mut tracker = on(&folder, post::read_with);
    // scanned an hour later, every file is stable
    let now = Timestamp::now() + Duration::from_hours(1);
    let mut changes = |tick: u64| {
        // the second scan accepts what the first one found
        for tick in [tick, tick + 60] {
            tracker.scan(&Hints::everything(), now, Duration::from_secs(tick));
        }
        let changes = tracker.take_changes();
        let posts = changes.posts.iter().map(|post| post.source.to_string());
        (changes.are_all, posts.collect::<Vec<_>>(), changes.gone)
    };
    assert_eq!(changes(0), (true, vec!["a.md".to_owned(), "b.md".to_owned()], vec![]));
    assert_eq!(changes(100), (false, vec![], vec![]));
    write("b.md", "# Another");
    assert_eq!(changes(200), (false, vec!["b.md".to_owned()], vec![]));
    std::fs::remove_file(folder.path().join("a.md")).unwrap();
    assert_eq!(changes(300), (false, vec![], vec!["a.md".into()]));
}

#[test]
fn many_files_are_accepted_as_if_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..600).map(|n| format!("{n:03}.md")).collect();
    for (n, name) in names.iter().enumerate() {
        std::fs::write(folder.path().join(name), format!("# Post {n}")).unwrap();
    }
    let mut tracker = on(&folder, |source, inherited, config| {
        assert!(!source.path.as_str().ends_with("77.md"), "made to fail");
        post::read_with(source, inherited, config)
    });
    let progress = Arc::new(Progress::default());
    tracker.count_in(Arc::clone(&progress));
    let now = Timestamp::now() + Duration::from_hours(1);
    let outcome = tracker.scan(&Hints::everything(), now, Duration::ZERO);
    let reported: Vec<&str> = outcome.events.iter().map(|report| report.path.as_str()).collect();
    assert_eq!(reported, names, "in the order of their paths");
    for report in &outcome.events {
        let is_bomb = report.path.as_str().ends_with("77.md");
        assert_eq!(matches!(report.event, PostEventKind::Broken { .. }), is_bomb, "{report:?}");
    }
    assert_eq!((tracker.posts().count(), tracker.diagnostics().len() >= 6), (594, true));
    assert_eq!((progress.found(), progress.read()), (600, 600));

    // copied and deleted, so only the content shows where they moved
    std::fs::create_dir(folder.path().join("moved")).unwrap();
    for name in &names {
        std::fs::copy(folder.path().join(name), folder.path().join("moved").join(name)).unwrap();
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    let wait = tracker
        .scan(&Hints::everything(), now, Duration::from_secs(9))
        .again_in
        .unwrap();
    let outcome = tracker.scan(&Hints::everything(), now, Duration::from_secs(9) + wait);
    let moved = outcome.events.iter().filter(
        |report| matches!(&report.event, PostEventKind::Moved { from } if report.path == Utf8Path::new("moved").join(from)),
    );
    assert_eq!(moved.count(), 594);
}

#[test]
fn a_prefetched_version_that_is_not_accepted_is_not_used_for_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let write = |name: &str| std::fs::write(root.join(name), format!("# This is {name}")).unwrap();
    let mut config = Config::default();
    config.posts.max_files = 200;
    let mut tracker = FileTracker::new(Arc::new(config), root.clone());
    let now = Timestamp::now() + Duration::from_hours(1);
    let known: Vec<String> = (0..100).map(|n| format!("n{n:03}.md")).collect();
    for name in &known {
        std::fs::write(root.join(name), "# Before").unwrap();
    }
    tracker.scan(&Hints::everything(), now, Duration::ZERO);
    // a hundred of these fit, and all are read before the known files
    let new: Vec<String> = (0..120).map(|n| format!("m{n:03}.md")).collect();
    let (new, edited) = (&new[..], &known[..70]);
    let mut hints = Hints::default();
    for name in new.iter().chain(edited) {
        write(name);
        hints.paths.insert(name.into(), HintKind::Moved);
    }
    tracker.scan(&hints, now, Duration::from_mins(1));
    let found: Vec<(&str, &str)> = tracker
        .posts()
        .map(|post| (post.source.as_str(), post.title.as_str()))
        .collect();
    let titles: Vec<String> = new.iter().chain(edited).map(|name| format!("This is {name}")).collect();
    let expected = new
        .iter()
        .chain(edited)
        .zip(&titles)
        .map(|(name, title)| (name.as_str(), title.as_str()));
    let expected = expected.filter(|(name, _)| *name < "m100.md" || *name > "n");
    let kept = known[70..].iter().map(|name| (name.as_str(), "Before"));
    assert_eq!(found, expected.chain(kept).collect::<Vec<_>>());
}

#[test]
fn known_files_are_scanned_even_if_there_are_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let write = |name: &str, title: &str| std::fs::write(root.join(name), format!("# {title}")).unwrap();
    let mut config = Config::default();
    config.posts.max_files = 110;
    let mut tracker = FileTracker::new(Arc::new(config), root.clone());
    let now = Timestamp::now() + Duration::from_hours(1);
    (0..100).for_each(|n| write(&format!("n{n:03}.md"), "Before"));
    tracker.scan(&Hints::everything(), now, Duration::ZERO);
    (0..75).for_each(|n| write(&format!("m{n:03}.md"), "New"));
    (0..100).for_each(|n| write(&format!("n{n:03}.md"), "After"));
    let wait = tracker
        .scan(&Hints::everything(), now, Duration::from_secs(9))
        .again_in
        .unwrap();
    tracker.scan(&Hints::everything(), now, Duration::from_secs(9) + wait);
    let titled = |title: &str| tracker.posts().filter(|post| post.title == title).count();
    assert_eq!([titled("After"), titled("New"), titled("Before")], [100, 10, 0]);
}

#[test]
fn a_text_in_memory_stays_available_after_changes_of_its_file() {
    type Harm = fn(&Utf8Path);
    let harms: [(&str, Harm); 6] = [
        ("it is broken", |path| std::fs::write(path, b"caf\xe9").unwrap()),
        ("it is being written", |path| std::fs::write(path, b"More").unwrap()),
        ("it is empty", |path| std::fs::write(path, b"").unwrap()),
        ("it is too large", |path| std::fs::write(path, vec![b'x'; 2 << 20]).unwrap()),
        ("it is gone", |path| std::fs::remove_file(path).unwrap()),
        ("a folder is in its place", |path| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        }),
    ];
    for (name, harm) in harms {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("a.md")).unwrap();
        for file in ["a.md", "b.md", "c.md"] {
            std::fs::write(folder.path().join(file), "Reeds and rushes.").unwrap();
        }
        let mut tracker = on(&folder, post::read_with);
        let now = Timestamp::now() + Duration::from_hours(1);
        tracker.scan(&Hints::everything(), now, Duration::ZERO);
        let text = |tracker: &FileTracker| {
            let post = tracker.posts().find(|post| post.source.as_str() == "a.md").unwrap();
            tracker.texts.text(post)
        };
        harm(&path);
        tracker.scan(&Hints::everything(), Timestamp::now(), Duration::from_secs(9));
        tracker.texts.forget();
        assert_eq!(text(&tracker).as_deref(), Some("Reeds and rushes."), "{name}");
        // once the file contains it again, it is unpinned
        let _ = std::fs::remove_dir(&path);
        std::fs::write(&path, "Reeds and rushes.").unwrap();
        for second in 20..30 {
            tracker.scan(&Hints::everything(), Timestamp::now(), Duration::from_secs(second));
        }
        tracker.texts.forget();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text(&tracker), None, "{name}");
    }
}

/// A tracker over old files in memory.
fn over_memory(files: &[(&str, &str)]) -> (MemorySource, FileTracker, Timestamp) {
    let config: Arc<Config> = Arc::default();
    let memory = MemorySource::new(&config.posts);
    let now = Timestamp::now();
    for (path, text) in files {
        memory.insert(*path, text, now - Duration::from_hours(1));
    }
    let mut tracker = FileTracker::of_source(config, Source::Memory(memory.clone()));
    tracker.scan(&Hints::everything(), now, Duration::ZERO);
    (memory, tracker, now)
}

fn paths(tracker: &FileTracker) -> Vec<&str> {
    tracker.posts().map(|post| post.source.as_str()).collect()
}

#[test]
fn files_in_memory_are_tracked_as_files_on_a_disk() {
    let (memory, mut tracker, now) = over_memory(&[("a.md", "# A"), ("b.md", "# B"), ("c.md", "# C"), ("d.md", "# D")]);
    assert_eq!(paths(&tracker), ["a.md", "b.md", "c.md", "d.md"]);
    memory.rename("a.md", "z.md");
    let outcome = tracker.scan(&Hints::everything(), now, Duration::from_secs(10));
    let moved = PostEventKind::Moved { from: "a.md".into() };
    assert_eq!((outcome.events.len(), &outcome.events[0].event), (1, &moved));
    memory.remove("b.md");
    assert!(!tracker.scan(&Hints::everything(), now, Duration::from_secs(20)).changed);
    assert!(tracker.scan(&Hints::everything(), now, Duration::from_secs(21)).changed);
    assert_eq!(paths(&tracker), ["c.md", "d.md", "z.md"]);
    memory.set_unreadable("c.md", true);
    for second in 30..40 {
        tracker.scan(&Hints::everything(), now, Duration::from_secs(second));
    }
    assert!(tracker.diagnostics().iter().any(|diagnostic| diagnostic.code == "unreadable"));
    assert_eq!(paths(&tracker), ["c.md", "d.md", "z.md"], "its last good version stays");
}

#[test]
fn no_post_is_removed_when_a_store_cannot_be_scanned_or_is_replaced_by_an_empty_one() {
    let (memory, mut tracker, now) = over_memory(&[("a.md", "# A"), ("b.md", "# B")]);
    memory.set_failure(Some("no answer"));
    let outcome = tracker.scan(&Hints::everything(), now, Duration::from_secs(10));
    assert_eq!(
        tracker.degraded_reason().as_deref(),
        Some("the posts folder cannot be read: no answer")
    );
    assert_eq!((outcome.changed, paths(&tracker).len()), (false, 2));
    memory.set_failure(None);
    memory.replace();
    tracker.scan(&Hints::everything(), now, Duration::from_hours(1));
    assert!(tracker.degraded_reason().unwrap().contains("not mounted"));
    assert_eq!(paths(&tracker).len(), 2);
}
