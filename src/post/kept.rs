//! A post as bytes, for who keeps what reading gave and does not want to read the file again: [`write`] and [`read`].
//!
//! What is kept is all that [`post::read`](super::read) gave but the text, of which the digest is kept, and the path, which whoever keeps
//! it knows. The bytes mean nothing to another version of feedmill. They are not trusted: whatever they are, reading them gives a post or
//! `None`, and takes no more time and room than there are bytes.

mod reading;
#[cfg(test)]
mod tests;
mod writing;

pub use self::reading::read;
pub use self::writing::write;
use super::{Digest, Direction, Origin, Status};
use crate::config::{Config, Redirects, Server};

/// What reading depends on beside the file: all of `config` but how the site is served. Of that, the address counts alone.
#[must_use]
pub fn ground(config: &Config) -> Digest {
    let base = config.base();
    let others = Config {
        server: Server::default(),
        redirect: Redirects::default(),
        ..config.clone()
    };
    Digest::of(format!("{base}\n{others:?}").as_bytes())
}

const STANDINGS: [Status; 4] = [Status::Published, Status::Unlisted, Status::Draft, Status::Private];
const DIRECTIONS: [Direction; 2] = [Direction::LeftToRight, Direction::RightToLeft];
/// The origins, as they are told apart; the first and the last say more than that.
const ORIGINS: [Origin; 10] = [
    Origin::Field(String::new()),
    Origin::FileName,
    Origin::Heading,
    Origin::Text,
    Origin::FileTime,
    Origin::DateAndSlug,
    Origin::Ledger,
    Origin::Default,
    Origin::Displaced,
    Origin::Inherited(String::new()),
];

/// What a JSON value is.
mod kind {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const NUMBER: u8 = 3;
    pub(super) const TEXT: u8 = 4;
    pub(super) const LIST: u8 = 5;
    pub(super) const MAP: u8 = 6;
}
