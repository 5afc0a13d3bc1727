//! An index and a site of many posts, and one change through the whole publisher without its timers.

use std::collections::HashSet;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use criterion::{BatchSize, BenchmarkId, Criterion};
use feedmill::config::Config;
use feedmill::index::Index;
use feedmill::post::Changes;
use feedmill::publisher::site_builder::{CycleOutcome, SiteBuilder};
use feedmill::shared_vec::SharedVec;
use feedmill::site::{Site, SiteInput};
use feedmill::source::watch::{HintKind, Hints, Watching};
use feedmill::time::Timestamp;
use tempfile::TempDir;

use crate::material::{self, NOW};

const SIZES: [usize; 2] = [1_000, 10_000];

pub fn benches(c: &mut Criterion) {
    let config: Arc<Config> = Arc::default();
    let mut group = c.benchmark_group("index");
    group.sample_size(10).warm_up_time(Duration::from_secs(1));
    for count in SIZES {
        let posts = material::posts(count);
        group.bench_function(BenchmarkId::new("build", count), |b| {
            b.iter_batched(
                || posts.clone(),
                |posts| Index::build(posts, &HashSet::new(), &config, NOW, &SharedVec::default()),
                BatchSize::PerIteration,
            );
        });
        let before = Site::build(&config, material::material(posts.clone()), NOW, None);
        let changed = [true, false].map(|other| {
            let mut newest: Vec<_> = posts.last().cloned().into_iter().collect();
            if other && let Some(newest) = newest.last_mut() {
                let post = Arc::make_mut(newest);
                post.title = format!("{}!", post.title).into();
            }
            Changes {
                posts: newest,
                ..Changes::default()
            }
        });
        let mut next = changed.iter().cycle();
        group.bench_function(BenchmarkId::new("site after one change", count), |b| {
            b.iter_batched(
                || next.next().unwrap().clone(),
                |changes| {
                    let material = SiteInput {
                        changes,
                        ..SiteInput::default()
                    };
                    Site::build(&config, material, NOW, Some(&before))
                },
                BatchSize::PerIteration,
            );
        });
        let mut folder = Folder::of(count);
        let root = folder.root.clone();
        group.bench_function(BenchmarkId::new("turn after one change", count), |b| {
            b.iter_batched(
                || Folder::rewrite(&root, count - 1),
                |hints| {
                    let outcome = folder.turn(&hints);
                    assert!(outcome.site.is_some(), "a change was not seen");
                    black_box(outcome)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// A folder of posts and its site builder.
struct Folder {
    _folder: TempDir,
    root: Utf8PathBuf,
    builder: SiteBuilder,
    begun: Instant,
}

impl Folder {
    fn of(count: usize) -> Folder {
        let folder = TempDir::new().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        for number in 0..count {
            let file = material::file(number);
            fs::write(root.join(&file.path), &file.bytes).unwrap();
        }
        let mut builder = SiteBuilder::new(&Arc::default(), root.clone(), None, Timestamp::now());
        let begun = Instant::now();
        builder.open(Watching::Native, begun).unwrap();
        Folder {
            _folder: folder,
            root,
            builder,
            begun,
        }
    }

    /// Renames a new version of post `number` into place. Returns the hints of the watch.
    fn rewrite(root: &Utf8Path, number: usize) -> Hints {
        let file = material::file(number);
        let mut text = file.bytes.to_vec();
        text.extend(format!("\n{:?}\n", Instant::now()).bytes());
        let aside = root.join(".aside");
        fs::write(&aside, text).unwrap();
        fs::rename(aside, root.join(&file.path)).unwrap();
        let mut hints = Hints::default();
        hints.add(file.path, HintKind::Moved);
        hints
    }

    fn turn(&mut self, hints: &Hints) -> CycleOutcome {
        self.builder
            .run_cycle(hints, Watching::Native, Timestamp::now(), self.begun.elapsed())
    }
}
