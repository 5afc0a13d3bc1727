//! Resolves names to addresses, and refuses those that are not public.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::address::may_connect;

/// A resolver, which is the system's except in tests, with the guard after it. The client connects only to addresses that it returns,
/// and asks it for literal addresses too.
#[derive(Debug)]
pub(super) struct GuardedResolver<R> {
    pub(super) resolver: R,
    pub(super) allowed: Vec<IpNet>,
}

impl<R: Resolver> Resolver for GuardedResolver<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let resolved = self.resolver.resolve(uri, config, timeout)?;
        check_all(resolved.iter().map(std::net::SocketAddr::ip), &self.allowed)
            .map_err(|refused| ureq::Error::Other(Box::new(refused)))?;
        Ok(resolved)
    }
}

/// Checks all `addresses` of a name. One that must not be connected to refuses the others too: a name with a public and a private
/// address is an attack, or a mistake that does not show which address is meant.
pub(super) fn check_all(addresses: impl IntoIterator<Item = IpAddr>, allowed: &[IpNet]) -> Result<(), RefusedAddress> {
    match addresses.into_iter().find(|&address| !may_connect(address, allowed)) {
        Some(address) => Err(RefusedAddress(address)),
        None => Ok(()),
    }
}

/// An address to which no connection is made.
#[derive(Debug, PartialEq)]
pub(super) struct RefusedAddress(pub(super) IpAddr);

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a public address", self.0)
    }
}

impl Error for RefusedAddress {}
