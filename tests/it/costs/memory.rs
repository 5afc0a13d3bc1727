//! Memory of the real program: what building and compressing took must not stay with it.

use std::fs;
use std::path::Path;

use crate::commands::{Serving, folder};

/// As much memory of its own may a server of a hundred small posts keep: about 5 MB are what it needs, and freed blocks that stay in the
/// heaps of threads make 20.
const MOST_KIB: u64 = 9 * 1024;

#[test]
fn what_compressing_feeds_took_is_given_back() {
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
    // the feeds are finished before the welcome, so whatever is to be given back was
    let kept = anonymous_kib(serving.process());
    assert!(kept < MOST_KIB, "{kept} KiB");
}

/// Memory of the process that is no file's, in KiB.
fn anonymous_kib(process: u32) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
