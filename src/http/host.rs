//! The host name in the `Host` field of a request.

use http::{HeaderMap, header};

/// Returns the host that `Host` names, without its port and without the brackets of an IPv6 address. The server has checked the field.
#[must_use]
pub fn host_name(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    match host.strip_prefix('[') {
        Some(literal) => literal.split_once(']').map(|(address, _)| address),
        None => host.split(':').next(),
    }
}
