//! Micro-benchmarks of what the path of a post and the path of a request are made of, through the public surface: `cargo bench`.
//!
//! The posts are made up here, the same at every run. What a whole program costs is measured by the scripts beside this folder.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark that cannot go on fails, and the functions that criterion's macros make have no words"
)]

mod answers;
mod documents;
mod index;
mod material;
mod posts;

criterion::criterion_group!(benches, posts::benches, index::benches, documents::benches, answers::benches);
criterion::criterion_main!(benches);
