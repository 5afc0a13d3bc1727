//! feedmill: drop Markdown into a folder; the world gets RSS, Atom, JSON Feed, a paginated listing and pages.
//!
//! Modules stand on floors, and a module imports from lower floors only. Bottom up:
//!
//! - floor 0: [`config`], [`source`], [`diagnostic`], [`time`]: words; [`row`]: values in an order
//! - floor 1: [`post`]: one file → one post
//! - floor 2: [`index`]: many posts → the questions one can ask; [`ledger`]: what files cannot say
//! - floor 3: [`render`]: index → documents
//! - floor 4: [`site`]: the immutable whole at one instant
//! - floor 5: [`folder`], [`watch`], [`store`], [`import`], [`metrics`]: the edges: disk, events, network, counts
//! - floor 6: [`publisher`], [`http`]: the engine and the door
//! - floor 7: [`cli`]: the hands
//!
//! `ARCHITECTURE.md` says why.

pub mod cli;
pub mod config;
pub mod diagnostic;
pub mod folder;
pub mod http;
pub mod import;
pub mod index;
pub mod ledger;
pub mod metrics;
pub mod post;
pub mod publisher;
pub mod render;
pub mod row;
pub mod site;
pub mod source;
pub mod store;
pub mod time;
pub mod watch;
