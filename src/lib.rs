//! feedmill: drop Markdown into a folder; get RSS, Atom, JSON Feed, a paginated listing and pages.
//!
//! The modules stand on floors: a module imports only from floors below it and from its own children. From the bottom:
//!
//! - floor 0: [`config`], [`source_file`], [`diagnostic`], [`time`], [`shared_vec`]: plain values, without disk or clock
//! - floor 1: [`post`]: one file → one post
//! - floor 2: [`index`]: many posts → lists, scopes, search; [`identity`]: which post a file is, and what readers were told of it
//! - floor 3: [`render`]: index → feeds, pages, listings
//! - floor 4: [`site`]: everything that is served, as it is at one instant
//! - floor 5: [`storage`]: what must survive a restart; [`import`]; [`metrics`]; [`outgoing`]: requests to other servers
//! - floor 6: [`source`]: where posts come from: the folder, the watch, the state of each file; [`push`]: subscribers are told of new posts
//! - floor 7: [`publisher`]: builds sites; [`http`]: answers requests
//! - floor 8: [`cli`]: one file for each command
//!
//! `ARCHITECTURE.md` says why.

pub mod cli;
pub mod config;
pub mod diagnostic;
pub mod http;
pub mod identity;
mod import;
pub mod index;
mod metrics;
pub mod outgoing;
pub mod post;
pub mod publisher;
pub mod push;
pub mod render;
pub mod shared_vec;
pub mod site;
pub mod source;
pub mod source_file;
pub mod static_site;
pub mod storage;
pub mod time;
