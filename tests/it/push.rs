//! Push: a subscriber of the tests' own, with and without faults (websub.rocks, run forwards and backwards).

mod crash;
mod deliveries;
mod hub_site;
mod operators;
mod requests;
mod subscriber;
