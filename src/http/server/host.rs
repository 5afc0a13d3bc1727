//! The `Host` field of a request (RFC 9112, section 3.2; RFC 3986, section 3.2.2).

use std::net::Ipv6Addr;

use http::{HeaderMap, Version, header};

/// Whether a request has valid `Host` fields: exactly one in HTTP/1.1, at most one before, and it is valid.
pub(super) fn is_valid(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// Whether `value` is a host, with or without a port. An empty host is invalid: no `http` address has it (RFC 9110, section 4.2.1).
fn is_host(value: &[u8]) -> bool {
    if let Some(literal) = value.strip_prefix(b"[") {
        let (address, after) = split_at_byte(literal, b']');
        let address = str::from_utf8(address)
            .ok()
            .and_then(|address| address.parse::<Ipv6Addr>().ok());
        let has_valid_end = match after {
            Some([]) => true,
            Some([b':', port @ ..]) => is_port(port),
            Some(_) | None => false,
        };
        return address.is_some() && has_valid_end;
    }
    let (name, port) = split_at_byte(value, b':');
    !name.is_empty() && is_registered_name(name) && port.is_none_or(is_port)
}

/// The parts of `value` before and after the first byte `at`; `None` for the second if there is no such byte.
fn split_at_byte(value: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let mut parts = value.splitn(2, |byte| *byte == at);
    (parts.next().unwrap_or_default(), parts.next())
}

/// Whether `digits` are a number of 16 bits, or empty.
fn is_port(digits: &[u8]) -> bool {
    let number = digits.iter().try_fold(0_u16, |number, digit| match digit {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u16::from(digit - b'0')),
        _ => None,
    });
    number.is_some()
}

/// `reg-name`: letters, digits, a few marks, and percent-encoded bytes.
fn is_registered_name(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        let is_allowed = match byte {
            // `&'()*+,-.` are one range
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'&'..=b'.' | b'!' | b'$' | b';' | b'=' | b'_' | b'~' => true,
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(u8::is_ascii_hexdigit)),
            _ => false,
        };
        if !is_allowed {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let valid = [
            "a",
            "example.com",
            "example.com:8080",
            "example.com:",
            "EXAMPLE.com.",
            "192.0.2.1:80",
            "[::1]",
            "[2001:db8::1]:443",
            "caf%C3%A9.example",
            "under_score",
        ];
        for host in valid {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        let invalid = [
            "",
            ":80",
            "a b",
            "a/b",
            "a@b",
            "user:pw@b",
            "a:b",
            "a:80:80",
            "a:+80",
            "a:99999",
            "::1",
            "[::1",
            "[::1]x",
            "[x]",
            "[]",
            "a?b",
            "a#b",
            "a\\b",
            "%zz",
            "%4",
            "a,b c",
            "<script>",
            "é",
        ];
        for host in invalid {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
        assert!(!is_host(b"\xff"));
    }

    #[test]
    fn a_request_has_exactly_one_host() {
        let cases: [(Version, &[&str], bool); 7] = [
            (Version::HTTP_11, &["a"], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &["a", "a"], false),
            (Version::HTTP_11, &["a/b"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["a"], true),
            (Version::HTTP_10, &["a", "b"], false),
        ];
        for (version, hosts, expected) in cases {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, host.parse().unwrap());
            }
            assert_eq!(is_valid(version, &headers), expected, "{version:?} {hosts:?}");
        }
    }
}
