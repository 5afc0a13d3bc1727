//! The rules for accepting changes: the file tracker, with a clock that the test sets.

use super::*;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use feedmill::post::Status;

#[test]
fn an_unchanged_folder_changes_nothing() {
    let mut driver = Driver::of(&["a.md", "b.md"]);
    for _ in 0..3 {
        let outcome = driver.scan(1000);
        assert!(!outcome.changed && outcome.events.is_empty() && outcome.again_in.is_none());
    }
}

#[test]
fn a_hint_without_a_change_on_disk_changes_nothing() {
    let mut driver = Driver::of(&["a.md", "b.md"]);
    for kind in [HintKind::Seen, HintKind::Modified, HintKind::Closed, HintKind::Moved] {
        let outcome = driver.scan_paths(
            10,
            &[("a.md", kind), ("gone.md", kind), ("../x.md", kind), (".git/x.md", kind)],
        );
        assert!(!outcome.changed && outcome.again_in.is_none(), "{kind:?}");
    }
    assert_eq!(driver.served(), ["a.md", "b.md"]);
}

#[test]
fn a_file_renamed_into_place_is_accepted_at_once() {
    let mut driver = Driver::of(&["a.md"]);
    driver.posts.write("new.md", "# New");
    let outcome = driver.scan_paths(0, &[("new.md", HintKind::Moved)]);
    assert_eq!(events(&outcome), [("new.md", &PostEventKind::Added)]);
    assert_eq!(driver.served(), ["a.md", "new.md"]);
}

#[test]
fn files_that_swap_paths_are_accepted_together() {
    let mut driver = Driver::of(&["a.md", "b.md"]);
    let (a, b) = (driver.body("a.md"), driver.body("b.md"));
    driver.posts.rename("a.md", "aside");
    driver.posts.rename("b.md", "a.md");
    driver.posts.rename("aside", "b.md");
    // the hint of the last rename has not come yet
    driver.scan_paths(0, &[("a.md", HintKind::Moved), ("b.md", HintKind::Seen)]);
    assert_eq!((driver.body("a.md"), driver.body("b.md")), (b, a));
}

#[test]
fn a_renamed_file_is_missing_while_its_replacement_settles() {
    let mut driver = Driver::of(&["a.md", "b.md"]);
    driver.posts.rename("b.md", "a.md");
    driver.posts.write("b.md", "# Another");
    driver.scan_paths(0, &[("a.md", HintKind::Moved), ("b.md", HintKind::Seen)]);
    assert!(driver.tracker.missing().contains(Utf8Path::new("b.md")));
    driver.scan_paths(100, &[]);
    assert!(driver.tracker.missing().is_empty() && driver.body("b.md").contains("Another"));
    // an edit in place replaces nothing
    driver.posts.write("a.md", "# Edited");
    driver.scan_paths(0, &[("a.md", HintKind::Modified)]);
    assert!(driver.tracker.missing().is_empty());
}

#[test]
fn a_known_file_that_was_closed_is_accepted_at_once_but_not_twice_within_the_settle_time() {
    let mut driver = Driver::of(&["a.md"]);
    driver.posts.write("a.md", "# One");
    assert!(driver.scan_paths(0, &[("a.md", HintKind::Closed)]).changed);
    driver.posts.write("a.md", "# One and two");
    let outcome = driver.scan_paths(50, &[("a.md", HintKind::Closed)]);
    assert!(!outcome.changed);
    assert_eq!(outcome.again_in, Some(Duration::from_millis(100)));
    assert!(driver.scan_paths(100, &[]).changed);
    assert_eq!(driver.body("a.md").trim_end(), "# One and two");
}

#[test]
fn a_new_file_has_to_settle() {
    for kind in [HintKind::Closed, HintKind::Seen] {
        let mut driver = Driver::of(&["a.md"]);
        driver.posts.write("new.md", "# New");
        assert!(!driver.scan_paths(0, &[("new.md", kind)]).changed);
        driver.posts.write("new.md", "# New, and growing");
        assert!(!driver.scan_paths(99, &[]).changed, "it is another version");
        assert!(!driver.scan_paths(99, &[]).changed);
        assert!(driver.scan_paths(1, &[]).changed, "{kind:?}");
    }
}

#[test]
fn a_file_being_written_waits_for_its_writer() {
    let mut driver = Driver::of(&["a.md"]);
    driver.posts.write("a.md", "# Half");
    assert!(!driver.scan_paths(0, &[("a.md", HintKind::Modified)]).changed);
    assert!(!driver.scan(1900).changed, "a writer may pause");
    driver.posts.write("a.md", "# Half and half");
    assert!(!driver.scan_paths(10, &[("a.md", HintKind::Modified)]).changed);
    assert!(driver.scan_paths(10, &[("a.md", HintKind::Closed)]).changed, "closed");
    driver.posts.write("a.md", "# Never closed");
    assert!(!driver.scan_paths(1000, &[("a.md", HintKind::Modified)]).changed);
    assert!(driver.scan_paths(2000, &[]).changed, "stable for two seconds");
}

#[test]
fn while_polling_a_file_has_to_settle_for_a_whole_interval() {
    let mut driver = Driver::of(&["a.md"]);
    driver.tracker.set_polling(true);
    driver.posts.write("a.md", "# Other");
    assert!(!driver.scan(0).changed);
    assert!(!driver.scan(900).changed);
    assert!(driver.scan(100).changed);
}

#[test]
fn at_the_start_only_recently_written_files_wait() {
    let posts = Posts::of(&["new.md", "old.md"]);
    let hour = Duration::from_hours(1);
    let old = fs::File::options().append(true).open(posts.path("old.md")).unwrap();
    old.set_modified(std::time::SystemTime::now() - hour).unwrap();
    let mut tracker = FileTracker::new(Arc::default(), posts.root.clone());
    let outcome = tracker.scan(&Hints::everything(), Timestamp::now(), Duration::ZERO);
    assert_eq!(events(&outcome), [("old.md", &PostEventKind::Added)]);
    let wait = outcome.again_in.unwrap();
    assert_eq!(wait, Duration::from_millis(100));
    let outcome = tracker.scan(&Hints::default(), Timestamp::now(), wait);
    assert_eq!(events(&outcome), [("new.md", &PostEventKind::Added)]);
}

#[test]
fn a_broken_version_keeps_the_last_good_one() {
    let mut driver = Driver::of(&["a.md"]);
    let good = driver.body("a.md");
    fs::write(driver.posts.path("a.md"), b"# caf\xe9").unwrap();
    let outcome = driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
    let why = "byte 0xe9 is not UTF-8".to_owned();
    assert_eq!(events(&outcome), [("a.md", &PostEventKind::Broken { why })]);
    assert!(outcome.changed, "the diagnostic is new");
    assert_eq!(driver.body("a.md"), good);
    let messages: Vec<String> = driver
        .messages()
        .into_iter()
        .filter(|message| message.contains("error"))
        .collect();
    assert_eq!(
        messages,
        ["a.md:1:6: error: byte 0xe9 is not UTF-8; the last good version stays published (save the file as UTF-8)"]
    );
    driver.posts.write("a.md", "# café");
    let outcome = driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
    assert_eq!(events(&outcome), [("a.md", &PostEventKind::Mended)]);
    assert!(!driver.messages().iter().any(|message| message.contains("error")));
}

#[test]
fn a_mistake_in_its_date_does_not_change_the_id_of_a_post() {
    let post = |fields: &str| format!("---\n{fields}\n---\nText.\n");
    let mut driver = Driver::of(&[]);
    driver.posts.write("a.md", &post("date: 2026-01-31"));
    driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
    let id = |driver: &Driver| driver.tracker.posts().next().unwrap().id.clone();
    let good = id(&driver);
    for (slip, why) in [
        ("date: 2026-13-41", "there is no such day or time as `2026-13-41`"),
        ("date: yesterday", "`yesterday` is not a date that feedmill understands"),
    ] {
        driver.posts.write("a.md", &post(slip));
        let outcome = driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
        let why = why.to_owned();
        assert_eq!(events(&outcome), [("a.md", &PostEventKind::Broken { why: why.clone() })]);
        assert_eq!(id(&driver), good, "{slip}");
        let messages = driver.messages();
        assert!(
            messages.len() == 1 && messages[0].contains(&format!("error: {why}; the last good version stays")),
            "{messages:?}"
        );
        // touched
        driver.posts.write("a.md", &post(slip));
        let outcome = driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
        assert_eq!(events(&outcome), []);
    }
    driver.posts.write("a.md", &post("date: 2026-13-41\ndraft: true"));
    let outcome = driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
    assert_eq!(events(&outcome), [("a.md", &PostEventKind::Mended)]);
    assert_eq!(
        driver.tracker.posts().next().unwrap().status,
        Status::Draft,
        "a draft is one at once"
    );
    driver.posts.write("a.md", &post("title: No date"));
    driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
    assert!(
        driver.messages().iter().all(|message| !message.contains("error")),
        "a removed date is not a mistake"
    );
}

#[test]
fn an_empty_file_waits_and_never_replaces_a_post() {
    let mut driver = Driver::of(&["a.md"]);
    let good = driver.body("a.md");
    driver.posts.write("a.md", "");
    driver.posts.write("new.md", "");
    let hints = [("a.md", HintKind::Closed), ("new.md", HintKind::Moved)];
    assert!(
        !driver.scan_paths(0, &hints).changed,
        "a truncated file is about to be written"
    );
    assert!(!driver.scan_paths(1999, &[]).changed);
    assert!(driver.scan_paths(1, &[]).changed);
    assert_eq!(driver.body("a.md"), good);
    assert_eq!(driver.served(), ["a.md"]);
    let messages = driver
        .messages()
        .into_iter()
        .filter(|message| message.contains("is empty"))
        .collect::<Vec<_>>();
    assert_eq!(
        messages,
        [
            "a.md: error: it is empty; the last good version stays published (write the post)",
            "new.md: note: it is empty (write the post)",
        ]
    );
}

#[test]
fn an_unreadable_version_keeps_the_last_good_one() {
    let mut driver = Driver::of(&["a.md", "b.md", "c.md"]);
    let good = driver.body("a.md");
    let config = Config::default();
    let too_long = "x".repeat(usize::try_from(config.posts.max_file_bytes).unwrap() + 1);
    driver.posts.write("a.md", &too_long);
    driver.scan(0);
    driver.scan(5000);
    assert_eq!(driver.body("a.md"), good);
    assert!(driver.messages().iter().any(|message| message.contains("is larger than")));

    fs::set_permissions(driver.posts.path("b.md"), fs::Permissions::from_mode(0o0)).unwrap();
    driver.scan(0);
    let outcome = driver.scan(5000);
    assert_eq!(outcome.again_in, None, "it is not asked for again and again");
    assert_eq!(driver.served(), ["a.md", "b.md", "c.md"]);
    let is_shut = fs::read(driver.posts.path("b.md")).is_err();
    assert_eq!(
        driver.messages().iter().any(|message| message.contains("permission denied")),
        is_shut
    );
    fs::set_permissions(driver.posts.path("b.md"), fs::Permissions::from_mode(0o644)).unwrap();
    driver.scan(0);
    driver.scan(5000);
    assert!(!driver.messages().iter().any(|message| message.contains("permission denied")));
}

#[test]
fn a_deletion_is_accepted_after_a_second() {
    let mut driver = Driver::of(&["a.md", "b.md", "c.md"]);
    driver.posts.remove("a.md");
    let outcome = driver.scan_paths(0, &[("a.md", HintKind::Seen)]);
    assert!(!outcome.changed);
    assert_eq!(outcome.again_in, Some(Duration::from_secs(1)));
    let outcome = driver.scan_paths(1000, &[]);
    assert_eq!(events(&outcome), [("a.md", &PostEventKind::Removed)]);
    assert_eq!(driver.served(), ["b.md", "c.md"]);
}

#[test]
fn an_editor_that_deletes_and_creates_deletes_nothing() {
    let mut driver = Driver::of(&["a.md", "b.md", "c.md"]);
    driver.posts.remove("a.md");
    driver.scan_paths(0, &[("a.md", HintKind::Seen)]);
    driver.posts.write("a.md", "# Saved");
    let outcome = driver.scan_paths(20, &[("a.md", HintKind::Closed)]);
    assert_eq!(events(&outcome), [("a.md", &PostEventKind::Changed)]);
    assert!(!driver.scan_paths(5000, &[]).changed);
}

/// A way of noticing a move.
type See = fn(&mut Driver) -> ScanOutcome;

#[test]
fn a_move_is_detected_in_every_way() {
    let from = Utf8PathBuf::from("a.md");
    let cases: [(&str, See); 3] = [
        ("hinted", |driver| {
            driver.scan_paths(0, &[("a.md", HintKind::Seen), ("in/z.md", HintKind::Moved)])
        }),
        ("seen by a scan", |driver| driver.scan(0)),
        ("hinted one by one", |driver| {
            driver.scan_paths(0, &[("a.md", HintKind::Seen)]);
            driver.scan_paths(300, &[("in/z.md", HintKind::Moved)])
        }),
    ];
    for (name, see) in cases {
        let mut driver = Driver::of(&["a.md", "b.md", "c.md"]);
        fs::create_dir(driver.posts.path("in")).unwrap();
        driver.posts.rename("a.md", "in/z.md");
        let outcome = see(&mut driver);
        assert_eq!(
            events(&outcome),
            [("in/z.md", &PostEventKind::Moved { from: from.clone() })],
            "{name}"
        );
        assert_eq!(driver.served(), ["b.md", "c.md", "in/z.md"], "{name}");
    }
}

#[test]
fn a_copy_followed_by_a_deletion_is_a_move() {
    let mut driver = Driver::of(&["a.md", "b.md", "c.md"]);
    fs::copy(driver.posts.path("a.md"), driver.posts.path("z.md")).unwrap();
    driver.posts.remove("a.md");
    assert!(!driver.scan(0).changed);
    let outcome = driver.scan(100);
    assert_eq!(events(&outcome), [("z.md", &PostEventKind::Moved { from: "a.md".into() })]);
}

#[test]
fn a_rename_that_changes_only_case_is_a_move() {
    let mut driver = Driver::of(&["a.md", "b.md", "c.md"]);
    driver.posts.rename("a.md", "A.md");
    let outcome = driver.scan(0);
    assert_eq!(events(&outcome), [("A.md", &PostEventKind::Moved { from: "a.md".into() })]);
}

#[test]
fn a_moved_folder_moves_its_posts_and_never_hides_them() {
    let mut driver = Driver::of(&["in/a.md", "in/deep/b.md", "c.md"]);
    driver.posts.rename("in", "out");
    driver.scan_paths(0, &[("in", HintKind::Seen), ("out", HintKind::Moved)]);
    assert_eq!(driver.served(), ["c.md", "out/a.md", "out/deep/b.md"]);
    fs::rename(driver.posts.path("out/deep"), driver.posts.path_outside("deep")).unwrap();
    driver.scan_paths(0, &[("out/deep", HintKind::Seen)]);
    driver.scan_paths(1000, &[]);
    assert_eq!(driver.served(), ["c.md", "out/a.md"]);
}

#[test]
fn a_mass_deletion_is_accepted_after_a_minute_without_changes() {
    let mut driver = Driver::of(&["a.md", "b.md", "c.md", "d.md", "e.md"]);
    for path in ["a.md", "b.md", "c.md", "d.md"] {
        driver.posts.remove(path);
    }
    let outcome = driver.scan(0);
    assert!(
        matches!(events(&outcome)[..], [("", PostEventKind::Held { .. })]),
        "{outcome:?}"
    );
    assert!(driver.tracker.degraded_reason().unwrap().contains("4 posts are gone at once"));
    assert!(!driver.scan(59_000).changed);
    assert_eq!(driver.served().len(), 5);
    assert!(driver.scan(1000).changed);
    assert_eq!(driver.served(), ["e.md"]);
    assert_eq!(driver.tracker.degraded_reason(), None);
}

#[test]
fn the_deletion_of_few_posts_is_accepted_after_a_second_even_if_they_are_all() {
    for posts in [&["a.md"][..], &["a.md", "b.md", "c.md"]] {
        let mut driver = Driver::of(posts);
        for path in posts {
            driver.posts.remove(path);
        }
        assert!(!driver.scan(0).changed);
        assert_eq!(driver.tracker.degraded_reason(), None, "{posts:?}");
        assert!(driver.scan(1000).changed, "{posts:?}");
        assert!(driver.served().is_empty(), "{posts:?}");
    }
}

#[test]
fn the_deletion_of_few_posts_with_their_folder_is_not() {
    let mut driver = Driver::of(&["a.md"]);
    fs::rename(&driver.posts.root, driver.posts.path_outside("aside")).unwrap();
    fs::create_dir(&driver.posts.root).unwrap();
    assert!(!driver.scan(0).changed);
    assert!(!driver.scan(1000).changed, "the folder is another one");
    assert!(driver.tracker.degraded_reason().is_some());
    assert!(!driver.scan(58_000).changed);
    assert!(driver.scan(1000).changed);
    assert!(driver.served().is_empty());
}

#[test]
fn a_mass_deletion_that_is_undone_changes_nothing() {
    let mut driver = Driver::of(&["a.md", "b.md", "c.md"]);
    fs::rename(&driver.posts.root, driver.posts.path_outside("aside")).unwrap();
    fs::create_dir(&driver.posts.root).unwrap();
    driver.scan(0);
    assert!(driver.tracker.degraded_reason().is_some(), "an empty folder where posts were");
    driver.scan(30_000);
    fs::remove_dir(&driver.posts.root).unwrap();
    fs::rename(driver.posts.path_outside("aside"), &driver.posts.root).unwrap();
    let outcome = driver.scan(1000);
    assert_eq!(events(&outcome), [("", &PostEventKind::Mended)]);
    assert!(!driver.scan(120_000).changed);
    assert_eq!(driver.served(), ["a.md", "b.md", "c.md"]);
}

#[test]
fn a_missing_folder_removes_no_post() {
    let mut driver = Driver::of(&["a.md", "b.md"]);
    fs::rename(&driver.posts.root, driver.posts.path_outside("aside")).unwrap();
    for _ in 0..5 {
        let outcome = driver.scan(3_600_000);
        assert!(!outcome.changed && outcome.again_in.is_some());
    }
    assert_eq!(driver.served(), ["a.md", "b.md"]);
    assert!(driver.tracker.degraded_reason().unwrap().contains("cannot be read"));
    fs::rename(driver.posts.path_outside("aside"), &driver.posts.root).unwrap();
    driver.posts.write("a.md", "# Changed while it was not scanned");
    driver.scan_paths(0, &[]);
    driver.scan_paths(100, &[]);
    assert_eq!(
        driver.body("a.md").trim_end(),
        "# Changed while it was not scanned",
        "it is looked at wholly"
    );
    assert_eq!(driver.tracker.degraded_reason(), None);
}

#[test]
fn an_empty_folder_on_another_device_removes_no_post() {
    // a mount point is a folder of another device, and an unmounted one is empty; here a link leads to both
    let memory = Utf8Path::new("/dev/shm");
    let Ok(other) = tempfile::tempdir_in(memory) else { return };
    let posts = Posts::new();
    if fs::metadata(other.path()).unwrap().dev() == fs::metadata(&posts.root).unwrap().dev() {
        return;
    }
    let mounted = posts.path_outside("mounted");
    fs::create_dir(&mounted).unwrap();
    fs::write(mounted.join("a.md"), "# A").unwrap();
    fs::remove_dir(&posts.root).unwrap();
    symlink(&mounted, &posts.root).unwrap();
    let mut driver = Driver::over(posts, Config::default());
    fs::remove_file(&driver.posts.root).unwrap();
    symlink(other.path(), &driver.posts.root).unwrap();
    for _ in 0..3 {
        driver.scan(3_600_000);
        assert_eq!(driver.served(), ["a.md"]);
        assert!(driver.tracker.degraded_reason().unwrap().contains("not mounted"));
    }
}

#[test]
fn a_rewrite_with_the_same_size_and_time_is_noticed() {
    let mut driver = Driver::of(&["a.md"]);
    let long_ago = std::time::SystemTime::now() - Duration::from_hours(1);
    for text in ["# First", "# Other"] {
        driver.posts.write("a.md", text);
        let file = fs::File::options().append(true).open(driver.posts.path("a.md")).unwrap();
        file.set_modified(long_ago).unwrap();
        driver.scan(1000);
        driver.scan(1000);
        assert_eq!(driver.body("a.md").trim_end(), text);
    }
}

#[test]
fn two_writes_within_one_tick_of_the_file_system_are_both_noticed() {
    let mut driver = Driver::of(&["a.md"]);
    let just_now = std::time::SystemTime::now();
    for n in 0..20 {
        let text = format!("# Version {n:02}");
        driver.posts.write("a.md", &text);
        let file = fs::File::options().append(true).open(driver.posts.path("a.md")).unwrap();
        file.set_modified(just_now).unwrap();
        driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
        assert_eq!(driver.body("a.md").trim_end(), text);
    }
}

#[test]
fn files_that_are_created_one_by_one_are_accepted_together() {
    let mut driver = Driver::of(&["a.md"]);
    let mut builds = 0;
    for n in 0..50 {
        let path = format!("new{n}.md");
        driver.posts.write(&path, "# New");
        builds += u32::from(driver.scan_paths(10, &[(&path, HintKind::Closed)]).changed);
    }
    let mut looks = 0;
    while let Some(wait) = driver.scan_paths(0, &[]).again_in {
        driver.tick += wait;
        builds += u32::from(driver.scan_paths(0, &[]).changed);
        looks += 1;
    }
    assert!(looks <= 3, "{looks} looks at files that are to be taken together");
    assert_eq!(driver.served().len(), 51);
    assert!((5..=7).contains(&builds), "{builds} builds in 600 ms");
}

#[test]
fn a_kubernetes_swap_changes_all_posts_together_and_hides_none() {
    let posts = Posts::of(&["..2026_1/a.md", "..2026_1/b.md"]);
    posts.link("..2026_1", "..data");
    posts.link("..data/a.md", "a.md");
    posts.link("..data/b.md", "b.md");
    let mut driver = Driver::over(posts, Config::default());
    assert_eq!(driver.served(), ["a.md", "b.md"]);
    driver.posts.write("..2026_2/a.md", "# New a");
    driver.posts.write("..2026_2/b.md", "# New b");
    driver.posts.link("..2026_2", "..data_tmp");
    driver.posts.rename("..data_tmp", "..data");
    fs::remove_dir_all(driver.posts.path("..2026_1")).unwrap();
    assert!(!driver.scan_paths(0, &[("..data", HintKind::Moved)]).changed);
    driver.scan_paths(100, &[]);
    let bodies = ["a.md", "b.md"].map(|path| driver.body(path).trim_end().to_owned());
    assert_eq!(bodies, ["# New a", "# New b"]);
}

#[test]
fn too_many_new_files_are_left_out_and_reported() {
    let mut config = Config::default();
    config.posts.max_files = 2;
    let mut driver = Driver::over(Posts::of(&["b.md", "c.md"]), config);
    driver.posts.write("a.md", "# A");
    driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
    driver.scan(0);
    driver.scan(5000);
    assert_eq!(driver.served(), ["b.md", "c.md"], "who was first stays");
    assert!(
        driver
            .messages()
            .iter()
            .any(|message| message.contains("raise posts.max_files"))
    );
}

#[test]
fn refused_files_are_reported_once() {
    let mut driver = Driver::of(&["a.md"]);
    driver.posts.link("/etc/passwd", "passwd.md");
    let outcome = driver.scan_paths(0, &[("passwd.md", HintKind::Seen)]);
    let why = "it is a link that leads out of the posts folder and is not followed".to_owned();
    assert_eq!(events(&outcome), [("passwd.md", &PostEventKind::Broken { why })]);
    assert!(events(&driver.scan(1000)).is_empty(), "it is reported once");
    driver.posts.remove("passwd.md");
    assert!(events(&driver.scan(1000)).is_empty());
    assert!(!driver.messages().iter().any(|message| message.contains("passwd.md")));
}

#[test]
fn a_post_that_becomes_unreadable_is_reported_and_so_is_its_return() {
    let mut driver = Driver::of(&["a.md"]);
    let rights = |mode| fs::set_permissions(driver.posts.path("a.md"), fs::Permissions::from_mode(mode)).unwrap();
    rights(0o0);
    if fs::read(driver.posts.path("a.md")).is_ok() {
        // a user with permission to read everything can read it
        return;
    }
    driver.scan(0);
    let outcome = driver.scan(1000);
    let why = "it cannot be read: permission denied".to_owned();
    assert_eq!(events(&outcome), [("a.md", &PostEventKind::Broken { why })]);
    assert!(events(&driver.scan(1000)).is_empty(), "it is reported once");
    fs::set_permissions(driver.posts.path("a.md"), fs::Permissions::from_mode(0o644)).unwrap();
    driver.scan(0);
    assert_eq!(events(&driver.scan(1000)), [("a.md", &PostEventKind::Mended)]);
}

#[test]
fn a_broken_version_has_only_the_diagnostic_of_the_error() {
    let mut driver = Driver::of(&["a.md"]);
    driver.posts.write("a.md", "---\ntitle: A: B\ndate: 2026-01-31\n---\n");
    driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
    assert_eq!(driver.messages().len(), 1, "a warning about line 2: {:?}", driver.messages());
    fs::write(driver.posts.path("a.md"), b"# caf\xe9").unwrap();
    driver.scan_paths(0, &[("a.md", HintKind::Moved)]);
    let messages = driver.messages();
    assert!(
        messages.len() == 1 && messages[0].contains("the last good version stays"),
        "{messages:?}"
    );
}

#[test]
fn each_new_problem_is_reported_but_not_its_growth() {
    let mut driver = Driver::of(&["a.md", "b.md", "c.md", "d.md", "e.md"]);
    let aside = driver.posts.path_outside("aside");
    fs::rename(&driver.posts.root, &aside).unwrap();
    let held = |outcome: &ScanOutcome| match events(outcome)[..] {
        [] => None,
        [("", PostEventKind::Held { why })] => Some(why.clone()),
        ref other => panic!("{other:?}"),
    };
    assert!(held(&driver.scan(0)).unwrap().contains("cannot be read"));
    assert_eq!(held(&driver.scan(1000)), None);
    fs::rename(&aside, &driver.posts.root).unwrap();
    for path in ["a.md", "b.md", "c.md", "d.md"] {
        driver.posts.remove(path);
    }
    let why = held(&driver.scan(1000)).unwrap();
    assert_eq!(why, "4 posts are gone at once, which is believed once it has been so for 60s");
    driver.posts.remove("e.md");
    assert_eq!(held(&driver.scan(1000)), None, "more of the same");
}

#[test]
fn a_folder_that_becomes_unreadable_and_readable_again_is_reported() {
    let mut driver = Driver::of(&["a.md", "in/b.md"]);
    let rights = |driver: &Driver, mode| fs::set_permissions(driver.posts.path("in"), fs::Permissions::from_mode(mode)).unwrap();
    rights(&driver, 0o0);
    if fs::read_dir(driver.posts.path("in")).is_ok() {
        // a user with permission to read everything can read it
        return rights(&driver, 0o755);
    }
    let why = "it cannot be read: permission denied".to_owned();
    assert_eq!(events(&driver.scan(0)), [("in", &PostEventKind::Broken { why })]);
    assert_eq!(driver.served(), ["a.md", "in/b.md"]);
    rights(&driver, 0o755);
    assert_eq!(
        events(&driver.scan_paths(0, &[("in", HintKind::Seen)])),
        [("in", &PostEventKind::Mended)]
    );
}
