//! The memory of each post, and the return of memory used for building and compressing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use feedmill::config::Config;
use feedmill::identity::{Registry, UnreadableFiles};
use feedmill::index::Index;
use feedmill::post::{self, Changes};
use feedmill::shared_vec::SharedVec;
use feedmill::source_file::SourceFile;
use feedmill::time::Timestamp;

use super::allocations;
use crate::commands::{Serving, folder};

/// The most bytes that a post may allocate with its record and its places in the index; it takes 1,507. A bit more than half is the post
/// (its struct and its texts), the rest its record in the ledger, which shares those texts, and its places in the index. 100,000 posts have
/// to fit into 220 MiB.
const A_POST: isize = 1550;

#[test]
fn memory_of_a_post() {
    let now = Timestamp::now();
    let config = Config::default();
    let held = |posts: usize| {
        let site = || {
            let post = |number: usize| {
                let head = format!(
                    "title: On the ebb and flow of the tide mill {number}\ndate: 2026-01-01T09:00:00Z\ntags: [mills, tides]"
                );
                let file = SourceFile {
                    path: format!("{number:07}.md").into(),
                    bytes: format!("---\n{head}\nsummary: Of barley, and of water.\n---\nEbb.\n")
                        .into_bytes()
                        .into(),
                    modified: Timestamp::UNIX_EPOCH,
                };
                let mut post = post::read(&file, &config).unwrap().post;
                post.text.unload();
                Arc::new(post)
            };
            let posts = Changes::all((0..posts).map(post).collect());
            let unreadable = UnreadableFiles {
                missing: &BTreeSet::new(),
                is_there: &|_| true,
            };
            let mut ledger = Registry::new(now);
            let assigned = ledger.assign(&posts, &unreadable, &config, now);
            let index = Index::build(
                assigned.changes.posts,
                &assigned.new_posts,
                &config,
                now,
                &SharedVec::default(),
            );
            ledger.record_published(index.all().iter(), now);
            ledger.take_changes().0.for_each(drop);
            (ledger, index)
        };
        allocations::held(site).1
    };
    // the first one initializes statics; a hash table of this size is as full as possible
    let [_, few, many] = [1, 1792, 3584].map(held);
    let each = (many - few) / (3584 - 1792);
    assert!(each <= A_POST, "{each} bytes");
}

/// The most anonymous memory of a server of a hundred small posts: it needs about 5 MB, and freed blocks that stay in the heaps of
/// threads would make it 20.
const MOST_KIB: u64 = 9 * 1024;

#[test]
fn memory_for_compressing_feeds_is_returned() {
    let site = folder(&[]);
    let posts = site.path().join("posts");
    fs::create_dir(&posts).unwrap();
    for number in 0..100 {
        let words: Vec<String> = (0..600)
            .map(|word| format!("word{}", (number * 7919 + word * 104_729) % 10_007))
            .collect();
        let text = format!(
            "---\ntitle: Post {number}\ndate: 2026-01-01\ntags: [one, two]\n---\n{}\n",
            words.join(" ")
        );
        fs::write(posts.join(format!("{number}.md")), text).unwrap();
    }
    let serving = Serving::start(site.path(), &[]);
    serving.until("Ctrl-C ends it");
    // the feeds are compressed before the startup message, so their memory was returned by then
    let kept = anonymous_kib(serving.process());
    assert!(kept < MOST_KIB, "{kept} KiB");
}

/// The anonymous memory of the process in KiB.
fn anonymous_kib(process: u32) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
