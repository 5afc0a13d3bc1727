//! The publisher with a real folder and events of the system.

use super::*;
use std::thread;

use feedmill::source::watch::Watching;

#[tokio::test(flavor = "multi_thread")]
async fn existing_posts_are_served_after_the_start() {
    let posts = Posts::of(&["a.md", "in/b.md"]);
    let publisher = publish(&posts).await;
    assert_eq!(sources(&publisher.site()), ["a.md", "in/b.md"]);
    let health = publisher.health();
    assert_eq!((health.watching, health.degraded.clone()), (Watching::Native, None));
    assert!(health.last_full_scan.is_some());
    publisher.stop().await;
}

#[tokio::test]
async fn a_missing_folder_is_an_error() {
    let posts = Posts::new();
    let source = Source::folder(posts.path_outside("nowhere"), &Config::default().posts);
    let error = Publisher::start(Arc::default(), source).await.unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_sent_after_the_site_is_swapped() {
    let posts = Posts::of(&["a.md", "b.md", "c.md"]);
    let publisher = publish(&posts).await;
    let mut changes = publisher.changes();
    let mut next = async || {
        let change = tokio::time::timeout(Duration::from_secs(10), changes.recv())
            .await
            .unwrap()
            .unwrap();
        let events: Vec<_> = change
            .posts
            .iter()
            .map(|report| (report.path.to_string(), report.event.clone()))
            .collect();
        assert!(change.posts.iter().all(|report| report.address.is_some()));
        (events, sources(&publisher.site()))
    };
    posts.write("d.md", "# D");
    let (events, served) = next().await;
    assert_eq!(events, [("d.md".to_owned(), PostEventKind::Added)]);
    assert_eq!(served, ["a.md", "b.md", "c.md", "d.md"]);
    posts.rename("d.md", "e.md");
    let (events, served) = next().await;
    assert_eq!(events, [("e.md".to_owned(), PostEventKind::Moved { from: "d.md".into() })]);
    assert_eq!(served, ["a.md", "b.md", "c.md", "e.md"]);
    posts.remove("a.md");
    let (events, served) = next().await;
    let why = "it is gone".to_owned();
    assert_eq!(events, [("a.md".to_owned(), PostEventKind::Withdrawn { why })]);
    assert_eq!(served, ["b.md", "c.md", "e.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_written_right_after_their_folders_are_never_missed() {
    let posts = Posts::of(&["a.md"]);
    let publisher = publish(&posts).await;
    thread::scope(|scope| {
        for writer in 0..4_u64 {
            let posts = &posts;
            scope.spawn(move || {
                for n in (0..100).filter(|n| n % 4 == writer) {
                    posts.write(&format!("d{n}/e/f/post.md"), "# Deep");
                    fs::create_dir(posts.path(&format!("flat{n}"))).unwrap();
                    // so long that sometimes the folder is scanned just before the file exists
                    thread::sleep(Duration::from_micros(n * 7));
                    posts.write(&format!("flat{n}/post.md"), "# Flat");
                }
            });
        }
    });
    for n in 0..100 {
        atomic(&posts, &format!("d{n}/e/f/post.md"), "# Deep again");
    }
    let is_new = |site: &Site| {
        let texts = site.all().iter().filter_map(|post| site.text(post));
        texts.filter(|text| text.starts_with("# Deep again")).count() == 100
    };
    until(&publisher, "their folders are watched", || is_new(&publisher.site())).await;
}

fn atomic(posts: &Posts, path: &str, text: &str) {
    let aside = format!("{path}.tmp");
    posts.write(&aside, text);
    posts.rename(&aside, path);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_moved_in_out_and_in_again_stays_watched() {
    let posts = Posts::of(&["a.md", "b.md", "c.md", "d.md"]);
    fs::create_dir_all(posts.path_outside("box/deep")).unwrap();
    for n in 0..3 {
        fs::write(posts.path_outside(&format!("box/deep/{n}.md")), format!("# Post {n}")).unwrap();
    }
    let publisher = publish(&posts).await;
    for name in ["box", "chest"] {
        fs::rename(posts.path_outside("box"), posts.path(name)).unwrap();
        until(&publisher, "moved in", || publisher.site().all().len() == 7).await;
        posts.rename(name, "renamed");
        let is_renamed = |site: &Site| body_of(site, "renamed/deep/0.md").is_some() && site.all().len() == 7;
        until(&publisher, "renamed", || is_renamed(&publisher.site())).await;
        let text = format!("# Written after {name} was moved");
        posts.write("renamed/deep/0.md", &text);
        let has_text = |site: &Site| body_of(site, "renamed/deep/0.md").is_some_and(|body| body.starts_with(&text));
        until(&publisher, "written to", || has_text(&publisher.site())).await;
        fs::rename(posts.path("renamed"), posts.path_outside("box")).unwrap();
        until(&publisher, "moved out", || publisher.site().all().len() == 4).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_is_deleted_and_created_again_is_served_again() {
    let posts = Posts::of(&["a.md", "b.md"]);
    let publisher = publish(&posts).await;
    fs::remove_dir_all(&posts.root).unwrap();
    until(&publisher, "the problem is reported", || {
        publisher.health().degraded.is_some()
    })
    .await;
    assert_eq!(sources(&publisher.site()), ["a.md", "b.md"], "the last good site stays");
    posts.write("b.md", "# B again");
    posts.write("c.md", "# C");
    let is_back = |site: &Site| body_of(site, "c.md").is_some() && body_of(site, "b.md").is_some_and(|b| b.contains("again"));
    until(&publisher, "it is back", || is_back(&publisher.site())).await;
    until(&publisher, "the deleted one is gone", || {
        sources(&publisher.site()) == ["b.md", "c.md"]
    })
    .await;
    until(&publisher, "it is well", || publisher.health().degraded.is_none()).await;
    // once more, with events of the new root only
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let scans = publisher.health().last_full_scan;
        posts.write("c.md", &format!("# C {:?}", Instant::now()));
        let text = fs::read_to_string(posts.path("c.md")).unwrap();
        until(&publisher, "it is watched", || {
            body_of(&publisher.site(), "c.md").is_some_and(|c| c.contains(&text[4..]))
        })
        .await;
        if publisher.health().last_full_scan == scans {
            break;
        }
        assert!(Instant::now() < deadline);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_root_is_noticed() {
    let posts = Posts::of(&["a.md", "b.md"]);
    let publisher = publish(&posts).await;
    fs::create_dir(posts.path_outside("new")).unwrap();
    for name in ["a.md", "z.md"] {
        fs::write(posts.path_outside("new").join(name), "# New").unwrap();
    }
    fs::rename(&posts.root, posts.path_outside("old")).unwrap();
    fs::rename(posts.path_outside("new"), &posts.root).unwrap();
    until(&publisher, "the new folder", || {
        sources(&publisher.site()) == ["a.md", "z.md"]
    })
    .await;
    fs::write(posts.path_outside("old/ghost.md"), "# Ghost").unwrap();
    posts.write("y.md", "# Y");
    until(&publisher, "the new folder is watched", || {
        sources(&publisher.site()) == ["a.md", "y.md", "z.md"]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_is_a_changed_link_is_followed() {
    let posts = Posts::new();
    for (release, text) in [("1", "# One"), ("2", "# Two")] {
        fs::create_dir_all(posts.path_outside("releases").join(release)).unwrap();
        fs::write(posts.path_outside("releases").join(release).join("a.md"), text).unwrap();
    }
    fs::remove_dir(&posts.root).unwrap();
    symlink("releases/1", &posts.root).unwrap();
    let publisher = publish(&posts).await;
    assert!(body_of(&publisher.site(), "a.md").unwrap().starts_with("# One"));
    symlink("releases/2", posts.path_outside("next")).unwrap();
    fs::rename(posts.path_outside("next"), &posts.root).unwrap();
    until(&publisher, "the new release", || {
        body_of(&publisher.site(), "a.md").unwrap().starts_with("# Two")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubernetes_swap_is_noticed() {
    let posts = Posts::of(&["..1/a.md"]);
    posts.link("..1", "..data");
    posts.link("..data/a.md", "a.md");
    let publisher = publish(&posts).await;
    posts.write("..2/a.md", "# Swapped");
    posts.link("..2", "..data_tmp");
    posts.rename("..data_tmp", "..data");
    fs::remove_dir_all(posts.path("..1")).unwrap();
    until(&publisher, "the swap", || {
        body_of(&publisher.site(), "a.md").is_some_and(|a| a.starts_with("# Swapped"))
    })
    .await;
    assert_eq!(sources(&publisher.site()), ["a.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_causes_no_scan() {
    let posts = Posts::of(&["a.md", "b.md"]);
    let publisher = publish(&posts).await;
    posts.write("a.md", "# Changed");
    until(&publisher, "the change", || {
        body_of(&publisher.site(), "a.md").is_some_and(|a| a.contains("Changed"))
    })
    .await;
    // the scans for the change itself are over when there is none for a second
    let mut scans = publisher.health().scans;
    let mut since = Instant::now();
    let begun = Instant::now();
    until(&publisher, "silence", || {
        let now = publisher.health().scans;
        if now != scans {
            (scans, since) = (now, Instant::now());
        }
        fs::read(posts.path("b.md")).unwrap();
        since.elapsed() > Duration::from_secs(1)
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(5), "it looked again and again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_post_appears_by_itself() {
    let posts = Posts::of(&["a.md"]);
    let publisher = publish(&posts).await;
    let mut changes = publisher.changes();
    let at = Timestamp::now() + Duration::from_secs(2);
    let path = posts.path(".later.md.tmp");
    posts.write(".later.md.tmp", &format!("---\ntitle: Later\ndate: {at}\n---\nText.\n"));
    let file = fs::File::options().append(true).open(&path).unwrap();
    file.set_modified(at.try_into().unwrap()).unwrap();
    drop(file);
    posts.rename(".later.md.tmp", "later.md");
    let mut events = Vec::new();
    while !events.contains(&PostEventKind::Appeared) {
        let change = tokio::time::timeout(Duration::from_secs(10), changes.recv())
            .await
            .unwrap()
            .unwrap();
        events.extend(change.posts.iter().map(|report| report.event.clone()));
    }
    let found = PostEventKind::Found {
        why: "it is scheduled".to_owned(),
    };
    assert_eq!(events, [found, PostEventKind::Appeared]);
    let late = Timestamp::now().duration_since(at);
    assert!(!late.is_negative() && late.as_millis() < 1000, "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_costs_few_builds() {
    let posts = Posts::of(&["a.md"]);
    let publisher = publish(&posts).await;
    let builds = publisher.health().builds;
    let begun = Instant::now();
    for n in 0..2000 {
        posts.write(&format!("in/{n}.md"), &format!("# Post {n}"));
    }
    until(&publisher, "all of them", || publisher.site().all().len() == 2001).await;
    let builds = publisher.health().builds - builds;
    let settle = Config::default().watch.settle;
    let most = begun.elapsed().as_millis() / settle.as_millis() + 3;
    assert!(u128::from(builds) <= most, "{builds} builds, not {most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_folder_is_accepted_only_after_a_while() {
    let posts = Posts::of(&["a.md", "b.md", "c.md", "d.md"]);
    let publisher = publish_with(&posts, |config| config.watch.vanish_grace = Duration::from_secs(3)).await;
    let begun = Instant::now();
    for path in ["a.md", "b.md", "c.md", "d.md"] {
        posts.remove(path);
    }
    until(&publisher, "the problem is reported", || {
        publisher.health().degraded.is_some()
    })
    .await;
    assert_eq!(publisher.site().all().len(), 4);
    until(&publisher, "it is believed", || publisher.site().all().is_empty()).await;
    assert!(begun.elapsed() >= Duration::from_secs(3));
    until(&publisher, "it is well", || publisher.health().degraded.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_post_is_served_at_once() {
    let posts = Posts::of(&["a.md", "b.md"]);
    let publisher = publish(&posts).await;
    let mut took = Vec::new();
    for n in 0..50 {
        let text = format!("# Version {n}.");
        let begun = Instant::now();
        atomic(&posts, "a.md", &text);
        while body_of(&publisher.site(), "a.md").is_none_or(|body| !body.contains(&text)) {
            assert!(begun.elapsed() < Duration::from_secs(10));
            thread::sleep(Duration::from_micros(20));
        }
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    println!(
        "saved → served: median {:?}, 95th of 100 {:?}",
        took[took.len() / 2],
        took[took.len() * 95 / 100]
    );
    assert!(took[took.len() / 2] < Duration::from_millis(500), "{took:?}");
}
