//! Micro-benchmarks of the steps for a post and for a request, through the public interface: `cargo bench`.
//!
//! The posts are generated, and the same in each run. The scripts beside this folder measure the whole program.

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
