//! What files cannot remember: the command that carries it, and the promises that are kept with it.

mod command;
mod crash;
mod model;
mod restart;
mod upgrade;
