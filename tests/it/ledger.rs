//! The ledger: its command, and the promises to readers that it keeps.

mod command;
mod crash;
mod model;
mod restart;
mod upgrade;
