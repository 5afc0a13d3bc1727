//! The ledger: `feedmill ledger`, restarts, upgrades, crashes, and a model of all that can happen to posts.

mod command;
mod crash;
mod model;
mod restart;
mod upgrade;
