mod changes;
mod readers;

use camino::Utf8PathBuf;

use super::*;
use crate::source::Source;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static FAILS: AtomicBool = AtomicBool::new(false);

#[tokio::test]
async fn a_site_that_cannot_be_built_leaves_the_last_one_and_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    std::fs::write(root.join("a.md"), "# A").unwrap();
    let config: Arc<Config> = Arc::default();
    let build: site_builder::BuildSite = |config, input, now, previous| {
        assert!(!FAILS.load(Ordering::SeqCst), "made to fail");
        Site::build(config, input, now, previous)
    };
    let builder = SiteBuilder::building_with(
        build,
        &config,
        Source::folder(root.clone(), &config.posts),
        None,
        Timestamp::now(),
    );
    let publisher = Publisher::start_builder(builder, config, Arc::default()).await.unwrap();
    assert_eq!(publisher.site().all().len(), 1);

    let until = async |condition: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !condition() {
            assert!(Instant::now() < deadline, "not in time: {:?}", publisher.health());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    FAILS.store(true, Ordering::SeqCst);
    std::fs::write(root.join("b.md"), "# B").unwrap();
    until(&|| publisher.health().degraded.is_some()).await;
    assert_eq!(publisher.site().all().len(), 1, "the last site stays");
    FAILS.store(false, Ordering::SeqCst);
    until(&|| publisher.health().degraded.is_none()).await;
    assert_eq!(publisher.site().all().len(), 2);
    publisher.stop().await;
}

#[test]
fn full_scans_are_spread() {
    let span = Duration::from_mins(1);
    let spread: Vec<Duration> = (0..100).map(|_| jittered(span)).collect();
    assert!(spread.iter().all(|jittered| (45..=75).contains(&jittered.as_secs())));
    assert!(spread.iter().any(|jittered| *jittered != spread[0]));
}

#[tokio::test]
async fn a_site_that_is_due_and_cannot_be_built_is_not_tried_without_a_pause() {
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let soon = Timestamp::now() + Duration::from_millis(300);
    std::fs::write(root.join("a.md"), format!("---\ndate: {soon}\n---\n")).unwrap();
    let config: Arc<Config> = Arc::default();
    let build: site_builder::BuildSite = |config, input, now, previous| {
        assert_eq!(TRIES.fetch_add(1, Ordering::SeqCst), 0, "made to fail but the first time");
        Site::build(config, input, now, previous)
    };
    let builder = SiteBuilder::building_with(build, &config, Source::folder(root, &config.posts), None, Timestamp::now());
    let publisher = Publisher::start_builder(builder, config, Arc::default()).await.unwrap();
    let tries = async |wanted| {
        let deadline = Instant::now() + Duration::from_secs(10);
        while TRIES.load(Ordering::SeqCst) < wanted {
            assert!(Instant::now() < deadline, "not in time: {:?}", publisher.health());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Instant::now()
    };
    let (first, third) = (tries(2).await, tries(4).await);
    assert!(third - first >= Duration::from_millis(1500), "{:?}", third - first);
    publisher.stop().await;
}

#[tokio::test]
async fn a_post_that_moved_and_became_a_draft_is_not_served_under_its_old_name() {
    let folder = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let write =
        |path: &str, head: &str, text: &str| std::fs::write(root.join(path), format!("---\n{head}\n---\n{text}\n")).unwrap();
    let text = "The tide mill stands where the creek bends, and its wheel turns twice a day. When the water falls the miller opens \
        the sluice, and the stones begin to grind barley for the bread of the week.";
    write("a.md", "title: Mill\ndate: 2026-01-01", text);
    write("z.md", "title: Z\ndate: 2026-01-01", "Reeds.");
    let config: Arc<Config> = Arc::default();
    let builder = SiteBuilder::new(&config, root.clone(), None, Timestamp::now());
    let publisher = Publisher::start_builder(builder, config, Arc::default()).await.unwrap();
    let until = async |path: &str| {
        let deadline = Instant::now() + Duration::from_secs(10);
        while publisher.site().post(path.into()).is_none() {
            assert!(Instant::now() < deadline, "{path} is not there in time");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    std::fs::remove_file(root.join("a.md")).unwrap();
    write(
        "b.md",
        "title: Mill\ndate: 2026-01-01\ndraft: true",
        &format!("{text} And so on."),
    );
    until("b.md").await;
    write(
        "a.md",
        "title: Lamp\ndate: 2026-02-02",
        "A keeper counts the ships that pass.",
    );
    until("a.md").await;
    let site = publisher.site();
    let now = Timestamp::now();
    let out = site.all().iter().filter(|post| post.is_readable(now));
    assert_eq!(out.map(|post| &post.title).collect::<Vec<_>>(), ["Lamp", "Z"]);
    publisher.stop().await;
}
