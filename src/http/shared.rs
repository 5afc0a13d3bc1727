//! Drafts that were shared: pages at addresses that nobody can guess, until they expire.
//!
//! A token names a post by its file and says until when it may be read; only who has the key can make one (BLAKE3, keyed). It holds no
//! path in readable form. Without the key, too late, or of a file that is not there any more, an address is as unknown as any other:
//! then nothing here answers. A file that is renamed is another one, and another key makes all tokens worthless.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use std::sync::Arc;

use camino::Utf8Path;
use jiff::SignedDuration;

use super::error_page;
use super::media::{Body, Library};
use super::preview::Confidential;
use super::routes::lost;
use super::target::Target;
use crate::index::base64url;
use crate::post::Post;
use crate::render::{pages, post_url};
use crate::site::{Site, Unavailable, Viewer};
use crate::storage::ShareKey;
use crate::time::Timestamp;

/// What addresses of shared posts begin with.
pub const PATH: &str = "/shared/";

/// The bytes of a token: minutes since 1970 until which it holds, the file, the proof.
const BYTES: usize = TIME + FILE + PROOF;
const TIME: usize = 4;
const FILE: usize = 8;
const PROOF: usize = 16;

/// What the hashes are for, so that none passes for another.
const FILE_CONTEXT: &[u8] = b"feedmill shared file\0";
const PROOF_CONTEXT: &[u8] = b"feedmill shared token\0";

/// A token whose proof was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    until: Timestamp,
    file: [u8; FILE],
}

impl Token {
    /// The token, in letters, for the post read from `source`, and until when it holds: for `days` from `now` on, up to the minute.
    /// `None` where that is past the year 10000.
    #[must_use]
    pub fn make(key: &ShareKey, source: &Utf8Path, days: u16, now: Timestamp) -> Option<(String, Timestamp)> {
        let until = now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()?;
        let minutes = u32::try_from((until.as_second() + 59).div_euclid(60)).ok()?;
        let mut bytes = [minutes.to_be_bytes().as_slice(), &file(key, source)].concat();
        let proof = proof(key, &bytes);
        bytes.extend(proof);
        Some((base64url::encoded(&bytes), instant(minutes)?))
    }

    /// Reads `text`; `None` where it is no token, was not made with `key`, or holds no more at `now`.
    #[must_use]
    pub fn read(key: &ShareKey, text: &str, now: Timestamp) -> Option<Token> {
        let bytes: [u8; BYTES] = base64url::decoded(text)?.try_into().ok()?;
        // one token has one spelling
        if base64url::encoded(&bytes) != text {
            return None;
        }
        let (said, given) = bytes.split_at_checked(TIME + FILE)?;
        // hashed once more, so that they are compared in the same time wherever they part
        let hashed = |proof: &[u8]| blake3::keyed_hash(key, proof);
        if hashed(given) != hashed(&proof(key, said)) {
            return None;
        }
        let (minutes, file) = said.split_first_chunk::<TIME>()?;
        let until = instant(u32::from_be_bytes(*minutes))?;
        let file = file.try_into().ok()?;
        (now < until).then_some(Token { until, file })
    }

    /// Until when it holds.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether it is for the post read from `source`.
    #[must_use]
    pub fn is_for(&self, key: &ShareKey, source: &Utf8Path) -> bool {
        self.file == file(key, source)
    }
}

fn instant(minutes: u32) -> Option<Timestamp> {
    Timestamp::from_second(60 * i64::from(minutes)).ok()
}

fn file(key: &ShareKey, source: &Utf8Path) -> [u8; FILE] {
    beginning(keyed(key, FILE_CONTEXT, source.as_str().as_bytes()))
}

fn proof(key: &ShareKey, said: &[u8]) -> [u8; PROOF] {
    beginning(keyed(key, PROOF_CONTEXT, said))
}

fn keyed(key: &ShareKey, context: &[u8], text: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(context).update(text);
    hasher.finalize()
}

fn beginning<const N: usize>(hash: blake3::Hash) -> [u8; N] {
    let mut beginning = [0; N];
    beginning.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
    beginning
}

/// What is asked for below [`PATH`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    token: String,
    /// The file beside the post, by its decoded path below the posts folder; `None` for the page.
    file: Option<String>,
}

impl Asked {
    /// Reads `path`, as the request line has it; `None` where it cannot be the address of anything shared.
    #[must_use]
    pub fn read(path: &str) -> Option<Asked> {
        let rest = path.strip_prefix(PATH)?;
        let (token, file) = match rest.split_once('/') {
            Some((token, file)) => (token, Some(file)),
            None => (rest, None),
        };
        if token.len() != (BYTES * 4).div_ceil(3) {
            return None;
        }
        let file = match file {
            None => None,
            // what a path to a file may be is said in one place
            Some(file) => match Target::read(&format!("/media/{file}"))? {
                Target::Media(file) => Some(file),
                _ => return None,
            },
        };
        Some(Asked {
            token: token.to_owned(),
            file,
        })
    }

    /// The answer of `site` to `method` (GET or HEAD); `None` where nothing is shared at this address at `now`. It reads the disk where
    /// a file is asked for.
    #[must_use]
    pub fn answer(
        &self,
        key: &ShareKey,
        (site, library): (&Site, &Library),
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Option<Response<Body>> {
        let token = Token::read(key, &self.token, now)?;
        let post = site.all().iter().find(|post| token.is_for(key, post.source()))?;
        let response = match &self.file {
            Some(file) => {
                let response = library.answer((site, Viewer::Guest(post)), file, method, headers, now);
                // an unknown address is answered elsewhere, and all of them alike
                if response.status() == StatusCode::NOT_FOUND {
                    return None;
                }
                response
            }
            None if site.is_readable(post) => published(site, post).map(Body::from),
            None => self.page(site, post, token.until).map(Body::from),
        };
        Some(confidential(response))
    }

    fn page(&self, site: &Site, post: &Arc<Post>, until: Timestamp) -> Response<Bytes> {
        let files = format!("{}{PATH}{}/", site.config().base(), self.token);
        let Ok(html) = site.shared_post(post, &files, until) else {
            return lost(Unavailable::Temporarily);
        };
        let mut response = Response::new(html.into());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(pages::MEDIA_TYPE));
        error_page::guard(headers);
        response
    }
}

/// What is public by now is read where everybody does (RFC 9110, section 15.4.4).
fn published(site: &Site, post: &Post) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = HeaderValue::try_from(post_url(&site.config().base(), post.address())) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// `response` as no cache keeps it, no search finds it, and no other site hears its address.
fn confidential(mut response: Response<Body>) -> Response<Body> {
    response.extensions_mut().insert(Confidential);
    let robots = HeaderName::from_static("x-robots-tag");
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store, private"),
        (robots, "noindex, nofollow, noarchive"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
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
    fn a_token_holds_for_its_days_and_its_file() {
        let now = at("2026-06-01T12:00:30Z");
        let (text, until) = Token::make(&KEY, "notes/a.md".into(), 7, now).unwrap();
        assert_eq!((text.len(), until), (38, at("2026-06-08T12:01:00Z")));
        let token = Token::read(&KEY, &text, now).unwrap();
        assert_eq!(token.until(), until);
        assert!(token.is_for(&KEY, "notes/a.md".into()));
        for other in ["notes/b.md", "a.md", "", "notes/a.md\0"] {
            assert!(!token.is_for(&KEY, other.into()), "{other:?}");
        }
        assert!(Token::read(&KEY, &text, at("2026-06-08T12:00:59.999Z")).is_some());
        for late in ["2026-06-08T12:01:00Z", "2027-01-01T00:00:00Z"] {
            assert_eq!(Token::read(&KEY, &text, at(late)), None, "{late}");
        }
    }

    #[test]
    fn nothing_made_up_is_a_token() {
        let now = at("2026-06-01T12:00:00Z");
        let (text, _) = Token::make(&KEY, "a.md".into(), 7, now).unwrap();
        let (of_another, _) = Token::make(&KEY, "b.md".into(), 7, now).unwrap();
        let (by_another, _) = Token::make(&[8; 32], "a.md".into(), 7, now).unwrap();
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
            ("zeros", base64url::encoded(&[0; BYTES])),
            ("ones", base64url::encoded(&[0xff; BYTES])),
        ];
        for (name, forged) in cases {
            assert_eq!(Token::read(&KEY, &forged, now), None, "{name}: {forged}");
        }
        assert!(Token::read(&[8; 32], &by_another, now).is_some());
    }

    proptest::proptest! {
        #[test]
        fn no_bit_of_a_token_can_be_changed(at in 0..BYTES, bit in 0..8_u8) {
            let now = self::at("2026-06-01T12:00:00Z");
            let (text, _) = Token::make(&KEY, "a.md".into(), 90, now).unwrap();
            let mut bytes = base64url::decoded(&text).unwrap();
            bytes[at] ^= 1 << bit;
            proptest::prop_assert_eq!(Token::read(&KEY, &base64url::encoded(&bytes), now), None);
        }
    }

    #[test]
    fn addresses() {
        let token = "A".repeat(38);
        let asked = |file: Option<&str>| {
            Some(Asked {
                token: token.clone(),
                file: file.map(str::to_owned),
            })
        };
        let cases = [
            (format!("/shared/{token}"), asked(None)),
            (format!("/shared/{token}/notes/a%20b.png"), asked(Some("notes/a b.png"))),
            (format!("/shared/{token}/"), None),
            (format!("/shared/{token}/../a.png"), None),
            (format!("/shared/{token}/%2e%2e/a.png"), None),
            (format!("/shared/{token}A"), None),
            ("/shared/".to_owned(), None),
            (format!("//shared/{token}"), None),
        ];
        for (path, expected) in cases {
            assert_eq!(Asked::read(&path), expected, "{path}");
        }
    }
}
