//! The ways in which programs write posts, with a running publisher and a reader.

use super::*;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use feedmill::config::WatchMode;

/// Collects every body of `path` while a test runs; `None` while it is not served.
struct Reader {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Vec<Option<String>>>,
}

impl Reader {
    fn of(publisher: &Arc<Publisher>, path: &'static str) -> Reader {
        let stop = Arc::new(AtomicBool::new(false));
        let (publisher, stopped) = (Arc::clone(publisher), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut seen: Vec<Option<String>> = Vec::new();
            let mut last: Option<Arc<Site>> = None;
            let mut is_over = false;
            while !is_over {
                // once more after the test, so that its last change is seen
                is_over = stopped.load(Ordering::Relaxed);
                let site = publisher.site();
                if last.as_ref().is_none_or(|last| !Arc::ptr_eq(last, &site)) {
                    let body = body_of(&site, path);
                    if seen.last() != Some(&body) {
                        seen.push(body);
                    }
                    last = Some(site);
                }
                thread::sleep(Duration::from_micros(50));
            }
            seen
        });
        Reader { stop, thread }
    }

    fn stop(self) -> Vec<Option<String>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

const PARTS: usize = 60;

/// Appends parts every few milliseconds, through one handle or by opening and closing the file for each.
fn append(path: &Utf8Path, keeps_open: bool) -> String {
    let open = || fs::File::options().create(true).append(true).open(path).unwrap();
    let mut file = open();
    let mut text = fs::read_to_string(path).unwrap();
    for part in 0..PARTS {
        if !keeps_open {
            file = open();
        }
        let line = format!("Line {part}.\n");
        file.write_all(line.as_bytes()).unwrap();
        text.push_str(&line);
        if !keeps_open {
            drop(file);
            file = open();
        }
        thread::sleep(Duration::from_millis(5));
    }
    text
}

async fn no_half_post_is_served(mode: WatchMode, keeps_open: bool, is_new: bool) {
    let posts = Posts::of(if is_new { &["other.md"] } else { &["a.md", "other.md"] });
    let publisher = publish_with(&posts, |config| {
        config.watch.mode = mode;
        config.watch.poll = Duration::from_millis(100);
    });
    let publisher = Arc::new(publisher.await);
    let before = body_of(&publisher.site(), "a.md");
    let reader = Reader::of(&publisher, "a.md");
    let path = posts.path("a.md");
    let text = tokio::task::spawn_blocking(move || append(&path, keeps_open)).await.unwrap();
    let is_whole = |body: &str| text.trim_end().ends_with(body.trim_end().lines().next_back().unwrap());
    until(&publisher, "the whole post", || {
        body_of(&publisher.site(), "a.md").is_some_and(|body| is_whole(&body))
    })
    .await;
    let seen = reader.stop();
    assert_eq!(seen.len(), 2, "{mode:?} keeps_open={keeps_open} is_new={is_new}: {seen:#?}");
    assert_eq!(seen[0], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_post_written_through_one_handle_is_served_whole() {
    no_half_post_is_served(WatchMode::Native, true, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_post_that_is_appended_to_repeatedly_is_served_whole() {
    no_half_post_is_served(WatchMode::Native, false, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_post_written_through_one_handle_is_served_whole() {
    no_half_post_is_served(WatchMode::Native, true, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_polling_a_growing_post_is_served_whole() {
    no_half_post_is_served(WatchMode::Poll, true, true).await;
    no_half_post_is_served(WatchMode::Poll, false, true).await;
    no_half_post_is_served(WatchMode::Poll, false, false).await;
}

type Save = fn(&Posts, &str);

fn vim(posts: &Posts, text: &str) {
    posts.write("4913", "");
    posts.remove("4913");
    posts.rename("a.md", "a.md~");
    posts.write("a.md", text);
    posts.remove("a.md~");
}

fn atomically(posts: &Posts, text: &str) {
    posts.write(".a.md.tmp", text);
    posts.rename(".a.md.tmp", "a.md");
}

fn in_place(posts: &Posts, text: &str) {
    posts.write("a.md", text);
}

fn delete_and_create(posts: &Posts, text: &str) {
    posts.remove("a.md");
    posts.write("a.md", text);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_editor_makes_a_post_disappear_or_revert() {
    let editors: [(&str, Save); 4] = [
        ("vim", vim),
        ("atomic rename", atomically),
        ("in place", in_place),
        ("delete and create", delete_and_create),
    ];
    for (name, save) in editors {
        let posts = Posts::of(&["b.md"]);
        posts.write("a.md", "# A\n\nSave 0\n");
        let publisher = Arc::new(publish(&posts).await);
        let reader = Reader::of(&publisher, "a.md");
        for n in 1..=20 {
            save(&posts, &format!("# A\n\nSave {n}\n"));
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        let is_last = |body: String| body.trim_end().ends_with("Save 20");
        until(&publisher, name, || body_of(&publisher.site(), "a.md").is_some_and(is_last)).await;
        let seen: Vec<u32> = reader
            .stop()
            .into_iter()
            .map(|body| {
                let body = body.unwrap_or_else(|| panic!("{name}: the post went missing"));
                body.trim_end()
                    .rsplit(' ')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap_or_else(|_| panic!("{name}: half a post: {body:?}"))
            })
            .collect();
        assert!(seen.is_sorted(), "{name}: {seen:?}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "{name}: {seen:?}");
    }
}
