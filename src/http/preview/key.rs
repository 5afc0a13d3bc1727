//! The key of a preview, and which requests may see the preview.
//!
//! A loopback address alone protects nothing: other users of the machine, a proxy that passes requests on, and a page in the
//! author's browser reach it too. So a preview is shown only to requests with a key of 32 random bytes. It is in the address that
//! `serve` prints. The first request exchanges it for a cookie, so that links need not contain it. Each start makes a new key: browsers
//! send cookies to every port of a host, and a cookie that reaches another program later is worthless then.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use url::form_urlencoded;

use crate::http::confidential;
use crate::http::host::host_name;
use crate::http::network::is_loopback;
use crate::http::problem::problem;
use crate::index::base64url;
use crate::storage::data::random_bytes;

/// The parameter with the key in the printed address.
const PARAMETER: &str = "key";

/// Fields that proxies add. A client behind a proxy may be on any machine.
const PROXY_FIELDS: [&str; 9] = [
    "cf-connecting-ip",
    "forwarded",
    "true-client-ip",
    "via",
    "x-client-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// The key of one preview.
#[derive(Clone)]
pub struct PreviewKey {
    text: String,
    /// The key's hash. Hashes are compared in constant time.
    hash: blake3::Hash,
    /// The name of the cookie. It contains the port: browsers keep one set of cookies for all ports of a host.
    cookie: String,
    address: SocketAddr,
}

impl fmt::Debug for PreviewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreviewKey")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl PreviewKey {
    /// Returns a new key for the preview that listens at `address`.
    ///
    /// # Errors
    ///
    /// The system has no random bytes.
    pub fn new(address: SocketAddr) -> io::Result<PreviewKey> {
        let bytes: [u8; 32] = random_bytes()?;
        let text = base64url::encoded(&bytes);
        Ok(PreviewKey {
            hash: blake3::hash(text.as_bytes()),
            text,
            cookie: format!("feedmill_preview_{}", address.port()),
            address,
        })
    }

    /// The address that opens the preview.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/?{PARAMETER}={}", self.address, self.text)
    }

    /// Returns the response to a request that may not see the preview, because it has no key or is redirected to an address without it;
    /// `None` for a request with the cookie.
    #[must_use]
    pub fn refusal(&self, path: &str, query: &str, headers: &HeaderMap) -> Option<Response<Bytes>> {
        if !is_direct(headers) {
            let detail = "the preview is only for a browser on this machine, without a proxy in between";
            return Some(confidential::for_author(problem(StatusCode::FORBIDDEN, detail)));
        }
        if form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == PARAMETER && self.matches(&value)) {
            return Some(self.exchange_for_cookie(path, query));
        }
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies = cookies
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        if cookies.any(|(name, value)| name == self.cookie && self.matches(value)) {
            return None;
        }
        let detail = "open the preview with the address that feedmill printed when it started: it contains a key";
        Some(confidential::for_author(problem(StatusCode::FORBIDDEN, detail)))
    }

    fn matches(&self, given: &str) -> bool {
        blake3::hash(given.as_bytes()) == self.hash
    }

    /// Sets the cookie and redirects to the same page without the key, so that no address bar and no history has it.
    fn exchange_for_cookie(&self, path: &str, query: &str) -> Response<Bytes> {
        // two slashes begin an address on another host
        let path = if path.starts_with("//") { "/" } else { path };
        let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != PARAMETER);
        let rest = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let location = if rest.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{rest}")
        };
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie, self.text);
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::SEE_OTHER;
        for (name, value) in [
            (header::LOCATION, location),
            (header::SET_COOKIE, cookie),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        confidential::for_author(response)
    }
}

/// Whether a request with these headers comes directly from this machine, and for this machine. A page elsewhere can have its own name
/// resolve to it (DNS rebinding), and a proxy can listen to the public.
fn is_direct(headers: &HeaderMap) -> bool {
    let is_proxied = PROXY_FIELDS.iter().any(|name| headers.contains_key(*name));
    !is_proxied && host_name(headers).is_some_and(is_this_machine)
}

/// Whether a host with this `name` is this machine itself (RFC 6761, section 6.3).
fn is_this_machine(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok_and(is_loopback) || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PreviewKey {
        PreviewKey::new("127.0.0.1:8082".parse().unwrap()).unwrap()
    }

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_the_key_in_the_cookie_shows_the_preview() {
        let (key, other) = (key(), key());
        let cookie = |name: &str, value: &str| format!("{name}={value}");
        let right = cookie("feedmill_preview_8082", &key.text);
        let cases = [
            (vec![right.clone()], true),
            (vec![format!("a=b; {right}; c=d")], true),
            (vec!["a=b".to_owned(), right.clone()], true),
            (vec![], false),
            (vec![cookie("feedmill_preview_8082", "")], false),
            (vec![cookie("feedmill_preview_8082", &other.text)], false),
            (vec![cookie("feedmill_preview_8082", &key.text[..42])], false),
            (vec![cookie("feedmill_preview_8082", &format!("{}A", key.text))], false),
            (vec![cookie("feedmill_preview_8083", &key.text)], false),
            (vec![cookie("key", &key.text)], false),
        ];
        for (cookies, expected) in cases {
            let mut fields = vec![("host", "127.0.0.1:8082")];
            fields.extend(cookies.iter().map(|cookie| ("cookie", cookie.as_str())));
            let refusal = key.refusal("/", "", &headers(&fields));
            assert_eq!(refusal.is_none(), expected, "{cookies:?}");
            assert!(refusal.is_none_or(|refusal| refusal.status() == StatusCode::FORBIDDEN));
        }
        // neither behind a proxy nor under a foreign name, even with the cookie
        for field in [
            ("host", "rebound.example"),
            ("forwarded", "for=192.0.2.1"),
            ("via", "1.1 proxy"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-host", "example.com"),
            ("x-forwarded-proto", "https"),
            ("x-real-ip", "192.0.2.1"),
            ("cf-connecting-ip", "192.0.2.1"),
            ("true-client-ip", "192.0.2.1"),
            ("x-client-ip", "192.0.2.1"),
        ] {
            let mut all = headers(&[("host", "127.0.0.1"), ("cookie", &right)]);
            all.insert(field.0, field.1.parse().unwrap());
            let refusal = key.refusal("/", "", &all).expect(field.0);
            assert_eq!(refusal.status(), StatusCode::FORBIDDEN, "{field:?}");
        }
    }

    #[test]
    fn the_key_in_the_address_is_exchanged_for_a_cookie_that_no_script_and_no_other_site_can_use() {
        let key = key();
        let here = headers(&[("host", "localhost:8082")]);
        let (_, query) = key
            .url()
            .split_once('?')
            .map(|(url, query)| (url.to_owned(), query.to_owned()))
            .unwrap();
        for (path, query, expected) in [
            ("/", query.clone(), "/"),
            ("/posts/a", format!("page=2&{query}&q=a+b"), "/posts/a?page=2&q=a+b"),
            ("//evil.example/", query.clone(), "/"),
        ] {
            let response = key.refusal(path, &query, &here).unwrap();
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            assert_eq!(response.headers()["location"], expected);
            let cookie = response.headers()["set-cookie"].to_str().unwrap();
            let (pair, rest) = cookie.split_once(';').unwrap();
            assert_eq!(rest, " Path=/; HttpOnly; SameSite=Strict");
            assert!(
                key.refusal("/", "", &headers(&[("host", "127.0.0.1"), ("cookie", pair)]))
                    .is_none()
            );
        }
        for query in ["key=", "key=abc", "other=1", "key"] {
            let response = key.refusal("/", query, &here).unwrap();
            assert_eq!(
                (response.status(), response.headers().get("set-cookie")),
                (StatusCode::FORBIDDEN, None),
                "{query}"
            );
        }
    }

    #[test]
    fn keys_are_unique_and_never_logged() {
        let (key, other) = (key(), key());
        assert_ne!(key.text, other.text);
        let shown = format!("{key:?}");
        assert!(key.text.len() == 43 && !shown.contains(&key.text), "{shown}");
        assert!(shown.contains(&key.address.to_string()), "{shown}");
    }

    #[test]
    fn only_direct_requests_for_this_machine_are_accepted() {
        let cases: [(&[(&str, &str)], bool); 14] = [
            (&[("host", "127.0.0.1:8080")], true),
            (&[("host", "localhost:8080")], true),
            (&[("host", "LOCALHOST")], true),
            (&[("host", "blog.localhost:1")], true),
            (&[("host", "[::1]:8080")], true),
            (&[("host", "127.1.2.3")], true),
            (&[("host", "[::ffff:127.0.0.1]")], true),
            (&[], false),
            (&[("host", "rebound.example:8080")], false),
            (&[("host", "localhost.example")], false),
            (&[("host", "192.0.2.1")], false),
            (&[("host", "[2001:db8::1]")], false),
            (&[("host", "localhost"), ("x-forwarded-for", "192.0.2.1")], false),
            (&[("host", "127.0.0.1"), ("via", "1.1 proxy")], false),
        ];
        for (fields, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(http::HeaderName::try_from(*name).unwrap(), HeaderValue::from_static(value));
            }
            assert_eq!(is_direct(&headers), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_request_with_a_field_of_a_proxy_is_refused() {
        for name in [
            "CF-Connecting-IP",
            "Forwarded",
            "True-Client-IP",
            "Via",
            "X-Client-IP",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-Real-IP",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost"));
            headers.insert(
                http::HeaderName::try_from(name).unwrap(),
                HeaderValue::from_static("127.0.0.1"),
            );
            assert!(!is_direct(&headers), "{name}");
        }
    }
}
