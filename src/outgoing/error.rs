//! Why a request to another server has no usable response.

use std::io;
use std::net::IpAddr;

use super::resolver::RefusedAddress;
use crate::diagnostic::plain_error;

/// Why a request has no response, or its body cannot be read.
#[derive(Debug)]
pub enum FetchError {
    /// Neither http nor https.
    UnknownScheme(String),
    /// A user name or a password in the URL.
    HasCredentials,
    /// A URL with more bytes than this.
    TooLong(usize),
    /// A port of another protocol.
    BlockedPort(u16),
    /// The host is at this address, which is not public and not allowed.
    NotPublic(IpAddr),
    /// A redirect to something that is not a URL.
    InvalidRedirect(String),
    /// More redirects than this.
    TooManyRedirects(usize),
    /// It took too long.
    TooSlow,
    /// A body with more bytes than this.
    TooLarge(u64),
    /// A compressed body that was not asked for.
    Compressed,
    /// No such host.
    UnknownHost,
    /// The connection failed.
    Connection(io::Error),
    /// Any other reason.
    Other(String),
}

impl FetchError {
    pub(super) fn from_ureq(error: ureq::Error, most_bytes: u64) -> FetchError {
        match error {
            ureq::Error::Timeout(_) => FetchError::TooSlow,
            ureq::Error::BodyExceedsLimit(_) => FetchError::TooLarge(most_bytes),
            ureq::Error::HostNotFound => FetchError::UnknownHost,
            ureq::Error::Io(error) => FetchError::from_io(error, most_bytes),
            ureq::Error::Other(error) => match error.downcast_ref() {
                Some(RefusedAddress(address)) => FetchError::NotPublic(*address),
                None => FetchError::Other(error.to_string()),
            },
            other => FetchError::Other(other.to_string()),
        }
    }

    /// The reason for `error`, which reading a body returned.
    #[must_use]
    pub fn from_io(error: io::Error, most_bytes: u64) -> FetchError {
        match error.downcast::<ureq::Error>() {
            Ok(error) => FetchError::from_ureq(error, most_bytes),
            Err(error) => FetchError::Connection(error),
        }
    }
}

impl std::fmt::Display for FetchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FetchError::UnknownScheme(scheme) => write!(f, "`{scheme}` addresses cannot be read"),
            FetchError::HasCredentials => f.write_str("an address with a user name or a password is not fetched"),
            FetchError::TooLong(most) => write!(f, "its address has more than {most} bytes"),
            FetchError::BlockedPort(port) => write!(f, "port {port} belongs to another protocol than HTTP"),
            FetchError::NotPublic(address) => write!(
                f,
                "its host has the address {address}, which belongs to this machine or to a private network"
            ),
            FetchError::InvalidRedirect(to) => write!(f, "it redirects to `{to}`, which is not a valid address"),
            FetchError::TooManyRedirects(most) => write!(f, "it redirects more than {most} times"),
            FetchError::TooSlow => f.write_str("the server took too long to answer"),
            FetchError::TooLarge(most) => write!(f, "it has more than {most} bytes"),
            FetchError::Compressed => f.write_str("the server answered with a compressed document that was not asked for"),
            FetchError::UnknownHost => f.write_str("there is no host with that name"),
            FetchError::Connection(error) => f.write_str(&plain_error(error)),
            FetchError::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for FetchError {}
