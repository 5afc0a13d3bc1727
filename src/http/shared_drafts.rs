//! Shared drafts: pages at secret addresses, until they expire.
//!
//! A token names the file of a post and an expiry time. Only the holder of the key can make one (BLAKE3, keyed). A token does not show the
//! path. Without the key, after the expiry, or if the file is gone, the address is answered like any unknown address. A renamed file is
//! another file. A new key invalidates all tokens.

use std::sync::Arc;

use bytes::Bytes;
use camino::Utf8Path;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use jiff::SignedDuration;

use super::confidential;
use super::error_page::{self, lost_post};
use super::media::{Library, ResponseBody};
use super::target::media_path;
use crate::index::base64url;
use crate::post::Post;
use crate::render::{pages, post_url};
use crate::site::{Site, Unavailable, Viewer};
use crate::storage::ShareKey;
use crate::time::Timestamp;

/// The beginning of the addresses of shared drafts.
pub const PATH: &str = "/shared/";

/// The length of a token: the minute since 1970 at which it expires, a hash of the file, and a proof.
const TOKEN_BYTES: usize = TIME_BYTES + FILE_BYTES + PROOF_BYTES;
const TIME_BYTES: usize = 4;
const FILE_BYTES: usize = 8;
const PROOF_BYTES: usize = 16;

/// The contexts of the hashes: a hash of one kind is never one of the other.
const FILE_CONTEXT: &[u8] = b"feedmill shared file\0";
const PROOF_CONTEXT: &[u8] = b"feedmill shared token\0";

/// A valid token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareToken {
    expires: Timestamp,
    file: [u8; FILE_BYTES],
}

impl ShareToken {
    /// Returns a token as text for the post in the file `source`, and its expiry: `days` after `now`, rounded up to a minute. `None` if
    /// that is past the year 10000.
    #[must_use]
    pub fn create(key: &ShareKey, source: &Utf8Path, days: u16, now: Timestamp) -> Option<(String, Timestamp)> {
        let expires = now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()?;
        let minutes = u32::try_from((expires.as_second() + 59).div_euclid(60)).ok()?;
        let mut bytes = [minutes.to_be_bytes().as_slice(), &file_hash(key, source)].concat();
        let proof = proof(key, &bytes);
        bytes.extend(proof);
        Some((base64url::encoded(&bytes), instant(minutes)?))
    }

    /// Parses a token. Returns `None` if it is malformed, was not made with `key`, or has expired at `now`.
    #[must_use]
    pub fn parse(key: &ShareKey, text: &str, now: Timestamp) -> Option<ShareToken> {
        let bytes: [u8; TOKEN_BYTES] = base64url::decoded(text)?.try_into().ok()?;
        // each token has one spelling
        if base64url::encoded(&bytes) != text {
            return None;
        }
        let (content, given) = bytes.split_at_checked(TIME_BYTES + FILE_BYTES)?;
        // hashes are compared in constant time
        let hashed = |proof: &[u8]| blake3::keyed_hash(key, proof);
        if hashed(given) != hashed(&proof(key, content)) {
            return None;
        }
        let (minutes, file) = content.split_first_chunk::<TIME_BYTES>()?;
        let expires = instant(u32::from_be_bytes(*minutes))?;
        let file = file.try_into().ok()?;
        (now < expires).then_some(ShareToken { expires, file })
    }

    /// When it expires.
    #[must_use]
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whether it is for the post in the file `source`.
    #[must_use]
    pub fn is_for(&self, key: &ShareKey, source: &Utf8Path) -> bool {
        self.file == file_hash(key, source)
    }
}

fn instant(minutes: u32) -> Option<Timestamp> {
    Timestamp::from_second(60 * i64::from(minutes)).ok()
}

fn file_hash(key: &ShareKey, source: &Utf8Path) -> [u8; FILE_BYTES] {
    truncate(keyed_hash(key, FILE_CONTEXT, source.as_str().as_bytes()))
}

fn proof(key: &ShareKey, content: &[u8]) -> [u8; PROOF_BYTES] {
    truncate(keyed_hash(key, PROOF_CONTEXT, content))
}

fn keyed_hash(key: &ShareKey, context: &[u8], text: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(context).update(text);
    hasher.finalize()
}

fn truncate<const N: usize>(hash: blake3::Hash) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
    bytes
}

/// A path below [`PATH`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftPath {
    token: String,
    /// A media file of the post, by its decoded path below the posts folder; `None` for the page.
    file: Option<String>,
}

impl DraftPath {
    /// Parses the path of a request line. Returns `None` if no shared draft can have it.
    #[must_use]
    pub fn parse(path: &str) -> Option<DraftPath> {
        let rest = path.strip_prefix(PATH)?;
        let (token, file) = match rest.split_once('/') {
            Some((token, file)) => (token, Some(media_path(file)?)),
            None => (rest, None),
        };
        if token.len() != (TOKEN_BYTES * 4).div_ceil(3) {
            return None;
        }
        Some(DraftPath {
            token: token.to_owned(),
            file,
        })
    }

    /// Returns the response to `method` (GET or HEAD); `None` if nothing is shared at this path at `now`. It reads the disk if a file is
    /// asked for.
    #[must_use]
    pub fn answer(
        &self,
        key: &ShareKey,
        (site, library): (&Site, &Library),
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Option<Response<ResponseBody>> {
        let token = ShareToken::parse(key, &self.token, now)?;
        let post = site.all().iter().find(|post| token.is_for(key, &post.source))?;
        let response = match &self.file {
            Some(file) => {
                let response = library.answer((site, Viewer::Guest(post)), file, method, headers, now);
                // unknown addresses are all answered alike, elsewhere
                if response.status() == StatusCode::NOT_FOUND {
                    return None;
                }
                response
            }
            None if site.is_readable(post) => redirect_to_published(site, post).map(ResponseBody::from),
            None => self.page(site, post, token.expires).map(ResponseBody::from),
        };
        Some(confidential::for_guest(response))
    }

    fn page(&self, site: &Site, post: &Arc<Post>, expires: Timestamp) -> Response<Bytes> {
        let files = format!("{}{PATH}{}/", site.config().base(), self.token);
        let Ok(html) = site.shared_post(post, &files, expires) else {
            return lost_post(Unavailable::Temporarily);
        };
        let mut response = Response::new(html.into());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(pages::MEDIA_TYPE));
        error_page::add_security_fields(headers);
        response
    }
}

/// Returns the redirect to a post that is public by now (RFC 9110, section 15.4.4).
fn redirect_to_published(site: &Site, post: &Post) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = HeaderValue::try_from(post_url(&site.config().base(), &post.address)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: ShareKey = [7; 32];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_is_valid_for_its_days_and_its_file() {
        let now = at("2026-06-01T12:00:30Z");
        let (text, expires) = ShareToken::create(&KEY, "notes/a.md".into(), 7, now).unwrap();
        assert_eq!((text.len(), expires), (38, at("2026-06-08T12:01:00Z")));
        let token = ShareToken::parse(&KEY, &text, now).unwrap();
        assert_eq!(token.expires(), expires);
        assert!(token.is_for(&KEY, "notes/a.md".into()));
        for other in ["notes/b.md", "a.md", "", "notes/a.md\0"] {
            assert!(!token.is_for(&KEY, other.into()), "{other:?}");
        }
        assert!(ShareToken::parse(&KEY, &text, at("2026-06-08T12:00:59.999Z")).is_some());
        for late in ["2026-06-08T12:01:00Z", "2027-01-01T00:00:00Z"] {
            assert_eq!(ShareToken::parse(&KEY, &text, at(late)), None, "{late}");
        }
    }

    #[test]
    fn forged_tokens_are_invalid() {
        let now = at("2026-06-01T12:00:00Z");
        let (text, _) = ShareToken::create(&KEY, "a.md".into(), 7, now).unwrap();
        let (of_another, _) = ShareToken::create(&KEY, "b.md".into(), 7, now).unwrap();
        let (by_another, _) = ShareToken::create(&[8; 32], "a.md".into(), 7, now).unwrap();
        let bytes = base64url::decoded(&text).unwrap();
        let with = |at: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[at] ^= byte;
            base64url::encoded(&bytes)
        };
        let mut spelled = text.clone();
        let last = spelled.pop().unwrap();
        spelled.push(char::from(last as u8 + 1));
        let cases = [
            ("nothing", String::new()),
            ("short", text[..37].to_owned()),
            ("long", format!("{text}A")),
            ("padded", format!("{text}==")),
            ("by another key", by_another.clone()),
            ("longer time", with(3, 1)),
            ("another file", with(4, 1)),
            ("another proof", with(12, 1)),
            ("the last bit", with(27, 1)),
            ("another spelling", spelled),
            ("the proof of another", format!("{}{}", &text[..16], &of_another[16..])),
            ("zeros", base64url::encoded(&[0; TOKEN_BYTES])),
            ("ones", base64url::encoded(&[0xff; TOKEN_BYTES])),
        ];
        for (name, forged) in cases {
            assert_eq!(ShareToken::parse(&KEY, &forged, now), None, "{name}: {forged}");
        }
        assert!(ShareToken::parse(&[8; 32], &by_another, now).is_some());
    }

    proptest::proptest! {
        #[test]
        fn no_bit_of_a_token_can_be_changed(at in 0..TOKEN_BYTES, bit in 0..8_u8) {
            let now = self::at("2026-06-01T12:00:00Z");
            let (text, _) = ShareToken::create(&KEY, "a.md".into(), 90, now).unwrap();
            let mut bytes = base64url::decoded(&text).unwrap();
            bytes[at] ^= 1 << bit;
            proptest::prop_assert_eq!(ShareToken::parse(&KEY, &base64url::encoded(&bytes), now), None);
        }
    }

    #[test]
    fn paths() {
        let token = "A".repeat(38);
        let draft = |file: Option<&str>| {
            Some(DraftPath {
                token: token.clone(),
                file: file.map(str::to_owned),
            })
        };
        let cases = [
            (format!("/shared/{token}"), draft(None)),
            (format!("/shared/{token}/notes/a%20b.png"), draft(Some("notes/a b.png"))),
            (format!("/shared/{token}/"), None),
            (format!("/shared/{token}/../a.png"), None),
            (format!("/shared/{token}/%2e%2e/a.png"), None),
            (format!("/shared/{token}A"), None),
            ("/shared/".to_owned(), None),
            (format!("//shared/{token}"), None),
        ];
        for (path, expected) in cases {
            assert_eq!(DraftPath::parse(&path), expected, "{path}");
        }
    }
}
