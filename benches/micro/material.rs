//! Generated posts, the same in each run.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use feedmill::config::Config;
use feedmill::post::{Changes, Post, read};
use feedmill::site::{Site, SiteInput};
use feedmill::source_file::SourceFile;
use feedmill::time::Timestamp;

/// The instant of all sites: after the last post of the largest one.
pub const NOW: Timestamp = Timestamp::constant(1_900_000_000, 0);

const WORDS: [&str; 24] = [
    "harbour", "lantern", "slow", "river", "copper", "orchard", "between", "paper", "winter", "signal", "quiet", "bridge",
    "market", "thread", "early", "garden", "stone", "window", "letter", "morning", "naïve", "Zürich", "façade", "ørret",
];

/// Pseudo-random numbers from a seed: the linear congruential generator of Knuth's MMIX.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| WORDS[self.below(WORDS.len())]).collect();
        words.join(" ")
    }
}

/// The text of a post, about 2.5 kB of Markdown.
pub fn body(number: usize) -> String {
    let mut random = Random(number as u64 + 1);
    let mut body = String::new();
    for part in 0..4 {
        let heading = random.words(3);
        let (first, second, third) = (random.words(60), random.words(8), random.words(5));
        let _ = write!(
            body,
            "## {heading}\n\n{first}, *{second}* and [{third}](https://example.org/{number}/{part}).\n\n- {second}\n- `{third}`\n\n"
        );
    }
    let _ = write!(
        body,
        "```rust\nfn number() -> usize {{\n    {number}\n}}\n```\n\n| a | b |\n|---|---|\n| {number} | 2 |\n"
    );
    body
}

/// Post `number` of a site as a file, an hour after the previous one.
pub fn file(number: usize) -> SourceFile {
    let mut random = Random(number as u64 + 1);
    let date = Timestamp::constant(1_000_000_000, 0) + jiff::SignedDuration::from_hours(i64::try_from(number % 200_000).unwrap());
    let (title, tag, other) = (random.words(4), random.below(30), random.below(30));
    let text = format!(
        "---\ntitle: {title} {number}\ndate: {date}\ntags: [tag{tag}, tag{other}]\nsummary: {}.\n---\n\n{}",
        random.words(15),
        body(number)
    );
    SourceFile {
        path: format!("{number:07}.md").into(),
        bytes: text.into_bytes().into(),
        modified: date,
    }
}

/// The first `count` posts.
pub fn posts(count: usize) -> Vec<Arc<Post>> {
    let config = Config::default();
    (0..count)
        .map(|number| Arc::new(read(&file(number), &config).unwrap().post))
        .collect()
}

/// A site of the first `count` posts.
pub fn site(count: usize) -> Site {
    Site::build(&Arc::default(), material(posts(count)), NOW, None)
}

/// The input of a site of `posts`, which readers know.
pub fn material(posts: Vec<Arc<Post>>) -> SiteInput {
    SiteInput {
        changes: Changes::all(posts),
        new_files: HashSet::new(),
        ..SiteInput::default()
    }
}
