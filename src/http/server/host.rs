//! The `Host` field of a request (RFC 9112, section 3.2; RFC 3986, section 3.2.2).

use std::net::Ipv6Addr;

use http::{HeaderMap, Version, header};

/// Whether the `Host` fields of a request are as they must be: exactly one in HTTP/1.1, none or one before, and that one valid.
pub(super) fn is_right(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// Whether `value` is a host, with or without a port. An empty one is none: no `http` address has it (RFC 9110, section 4.2.1).
fn is_host(value: &[u8]) -> bool {
    let Ok(value) = str::from_utf8(value) else { return false };
    let (name, port) = match value.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((literal, port))) if literal.parse::<Ipv6Addr>().is_ok() => ("", port),
        Some(_) => return false,
        None => match value.find(':') {
            Some(0) => return false,
            Some(colon) => value.split_at(colon),
            None if value.is_empty() => return false,
            None => (value, ""),
        },
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| digits.is_empty() || is_port_number(digits));
    is_port && is_registered_name(name)
}

fn is_port_number(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
}

/// `reg-name`: letters, digits, a few marks, and percent-encoded bytes.
fn is_registered_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())),
            byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte),
        };
        if !allowed {
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
        let right = [
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
        for host in right {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        let wrong = [
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
        for host in wrong {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
        assert!(!is_host(b"\xff"));
    }

    #[test]
    fn one_host_and_no_more() {
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
            assert_eq!(is_right(version, &headers), expected, "{version:?} {hosts:?}");
        }
    }
}
