//! All integration tests, in one binary, so that it is linked only once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and says what it skips"
)]

mod adopt;
mod api;
mod base_path;
mod broken;
mod build;
mod combined_log;
mod commands;
mod connections;
mod corpora;
mod costs;
mod deploy;
mod dialects;
mod discovery;
mod events;
mod external;
mod feeds;
mod floors;
mod guard;
mod guesses;
mod hubs;
mod import;
mod inheritance;
mod leaks;
mod ledger;
mod links;
mod listing;
mod live;
mod load;
mod media;
mod names;
mod new_post;
mod oddities;
mod operators;
mod page_files;
mod pages;
mod pings;
mod preview;
mod problem_feed;
mod protocol;
mod push;
mod redirects;
mod reload;
mod server;
mod static_files;
mod still;
mod storage;
mod tools;
mod warp_facts;
mod watching;
mod words;
