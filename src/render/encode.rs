//! A document in every content coding, each with its own ETag.
//!
//! Codings are RFC 9110's content codings. The bytes of a coding are made on the first request for it, or before that by
//! [`Document::finish`]. They are a function of the document, so every replica has the same.

use std::io::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;

use crate::time::Timestamp;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Not coded.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// All codings, the one with the smallest result first.
    pub const ALL: [Coding; 3] = [Coding::Brotli, Coding::Gzip, Coding::Identity];

    /// The coding's name in `Accept-Encoding` and `Content-Encoding`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Coding::Identity => "identity",
            Coding::Gzip => "gzip",
            Coding::Brotli => "br",
        }
    }
}

/// A document in one coding.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The bytes.
    pub bytes: Bytes,
    /// A strong ETag made from the bytes (RFC 9110, section 8.8.3), with its quotes.
    pub etag: String,
    full: OnceLock<HeaderMap>,
    brief: OnceLock<HeaderMap>,
}

/// A document with its codings.
#[derive(Debug)]
pub struct Document {
    /// The media type.
    pub media_type: &'static str,
    /// When its bytes last changed, if that is known.
    pub modified: Option<Timestamp>,
    identity: Encoded,
    gzip: OnceLock<Encoded>,
    brotli: OnceLock<Encoded>,
    /// Whether another thread makes the codings, so that no request waits for one.
    is_staged: bool,
}

/// Above these levels the output hardly shrinks, and the time grows.
const GZIP_LEVEL: Compression = Compression::new(6);
const BROTLI_QUALITY: i32 = 5;
/// The window of brotli, as a power of two; the default of browsers and tools.
const BROTLI_WINDOW: i32 = 22;

impl Document {
    /// A document with these bytes.
    #[must_use]
    pub fn new(media_type: &'static str, bytes: impl Into<Bytes>) -> Document {
        let identity = Encoded::new(bytes.into());
        Document {
            media_type,
            modified: None,
            identity,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
            is_staged: false,
        }
    }

    /// The same document, for which [`Document::finish`] will be called soon. Until then no request waits for a coding.
    #[must_use]
    pub fn staged(mut self) -> Document {
        self.is_staged = true;
        self
    }

    /// Whether another thread makes its codings.
    #[must_use]
    pub fn is_staged(&self) -> bool {
        self.is_staged
    }

    /// Whether a request for `coding` can be answered with it: the coding is made, or no other thread will make it.
    #[must_use]
    pub fn is_ready(&self, coding: Coding) -> bool {
        !self.is_staged || self.already_encoded(coding).is_some()
    }

    /// The document in `coding`, if that coding is made.
    #[must_use]
    pub fn already_encoded(&self, coding: Coding) -> Option<&Encoded> {
        match coding {
            Coding::Identity => Some(&self.identity),
            Coding::Gzip => self.gzip.get(),
            Coding::Brotli => self.brotli.get(),
        }
    }

    /// The same document, last changed at `modified`.
    #[must_use]
    pub fn modified(mut self, modified: Timestamp) -> Document {
        self.modified = Some(modified);
        self
    }

    /// Its bytes, uncoded.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.identity.bytes
    }

    /// The document in `coding`, which is made if necessary.
    #[must_use]
    pub fn encoded(&self, coding: Coding) -> &Encoded {
        match coding {
            Coding::Identity => &self.identity,
            Coding::Gzip => self.gzip.get_or_init(|| Encoded::new(gzip(&self.identity.bytes))),
            Coding::Brotli => self.brotli.get_or_init(|| Encoded::new(brotli(&self.identity.bytes))),
        }
    }

    /// The ETags of the codings that were made. No client can have another one.
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        let made = Coding::ALL.into_iter().filter_map(|coding| self.already_encoded(coding));
        made.map(|encoded| encoded.etag.clone()).collect()
    }

    /// Makes every coding now, so that no request has to. The quickest is made first.
    pub fn finish(&self) {
        for coding in Coding::ALL.into_iter().rev() {
            let _ = self.encoded(coding);
        }
    }
}

impl Encoded {
    fn new(bytes: Bytes) -> Encoded {
        // half of the hash is more than enough to distinguish two versions of one document
        let hash = blake3::hash(&bytes).to_hex();
        Encoded {
            etag: format!("\"{}\"", &hash[..32]),
            bytes,
            full: OnceLock::new(),
            brief: OnceLock::new(),
        }
    }

    /// The header fields of responses with this coding. `make` is called once for full responses (`is_full`), and once for
    /// responses that only renew the client's copy.
    pub fn header(&self, is_full: bool, make: impl FnOnce() -> HeaderMap) -> &HeaderMap {
        let kept = if is_full { &self.full } else { &self.brief };
        kept.get_or_init(make)
    }
}

/// Writing to memory does not fail. If it did, clients would recognise that the bytes are not gzip.
fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), GZIP_LEVEL);
    let written = encoder.write_all(bytes);
    written.and_then(|()| encoder.finish()).unwrap_or_default().into()
}

fn brotli(bytes: &[u8]) -> Bytes {
    let mut coded = Vec::with_capacity(bytes.len() / 3);
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let written = brotli::BrotliCompress(&mut &*bytes, &mut coded, &parameters);
    written.map(|_| coded).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn every_coding_has_the_same_content_and_its_own_tag() {
        let text = "A feed is a promise. ".repeat(100);
        let document = Document::new("text/plain", text.clone());
        document.finish();
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&*document.encoded(Coding::Gzip).bytes)
            .read_to_string(&mut plain)
            .unwrap();
        assert_eq!(plain, text);
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &*document.encoded(Coding::Brotli).bytes, &mut plain).unwrap();
        assert_eq!(plain, text.as_bytes());
        let tags: std::collections::BTreeSet<_> = Coding::ALL.iter().map(|&coding| &document.encoded(coding).etag).collect();
        assert_eq!(tags.len(), 3);
        let again = Document::new("text/plain", text);
        for coding in Coding::ALL {
            assert_eq!(again.encoded(coding).etag, document.encoded(coding).etag, "{coding:?}");
        }
    }
}
