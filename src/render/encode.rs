//! A document in every coding, each with an ETag of its own.
//!
//! Codings are RFC 9110's content codings. A coding's bytes are made when they are first asked for, or ahead of that by
//! [`Document::finish`]; they are a function of the document, so every replica has the same.

use std::io::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;

use crate::time::Timestamp;

/// How a document's bytes are coded on the way.
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
    /// All of them, the smallest result first.
    pub const ALL: [Coding; 3] = [Coding::Brotli, Coding::Gzip, Coding::Identity];

    /// Its name in `Accept-Encoding` and `Content-Encoding`.
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

/// A document as it is served.
#[derive(Debug)]
pub struct Document {
    /// The media type.
    pub media_type: &'static str,
    /// When its bytes last changed, as far as that is known.
    pub modified: Option<Timestamp>,
    identity: Encoded,
    gzip: OnceLock<Encoded>,
    brotli: OnceLock<Encoded>,
    /// Whether the codings are made elsewhere, so that no request has to wait for one.
    is_staged: bool,
}

/// Beyond these the output hardly shrinks, and the time grows.
const GZIP_LEVEL: Compression = Compression::new(6);
const BROTLI_QUALITY: i32 = 5;
/// The window of brotli, as a power of two; the default of browsers and tools.
const BROTLI_WINDOW: i32 = 22;

impl Document {
    /// The document of these bytes.
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

    /// The same document, for which [`Document::finish`] is called soon: until then no request waits for a coding of it.
    #[must_use]
    pub fn staged(mut self) -> Document {
        self.is_staged = true;
        self
    }

    /// Whether its codings are made elsewhere.
    #[must_use]
    pub fn is_staged(&self) -> bool {
        self.is_staged
    }

    /// Whether a request for `coding` can be answered with it: the coding is made, or no one else makes it.
    #[must_use]
    pub fn is_ready(&self, coding: Coding) -> bool {
        !self.is_staged || self.made(coding).is_some()
    }

    /// The document in `coding`, if that is made.
    #[must_use]
    pub fn made(&self, coding: Coding) -> Option<&Encoded> {
        match coding {
            Coding::Identity => Some(&self.identity),
            Coding::Gzip => self.gzip.get(),
            Coding::Brotli => self.brotli.get(),
        }
    }

    /// The same, last changed at `modified`.
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

    /// The document in `coding`.
    #[must_use]
    pub fn encoded(&self, coding: Coding) -> &Encoded {
        match coding {
            Coding::Identity => &self.identity,
            Coding::Gzip => self.gzip.get_or_init(|| Encoded::new(gzip(&self.identity.bytes))),
            Coding::Brotli => self.brotli.get_or_init(|| Encoded::new(brotli(&self.identity.bytes))),
        }
    }

    /// The tags of the codings that were made: no client can have another.
    #[must_use]
    pub fn tags(&self) -> Vec<String> {
        let made = Coding::ALL.into_iter().filter_map(|coding| self.made(coding));
        made.map(|encoded| encoded.etag.clone()).collect()
    }

    /// Makes every coding now, so that no request has to; the quickest first.
    pub fn finish(&self) {
        for coding in Coding::ALL.into_iter().rev() {
            let _ = self.encoded(coding);
        }
    }
}

impl Encoded {
    fn new(bytes: Bytes) -> Encoded {
        // half of the hash is more than enough to tell two versions of one document apart
        let hash = blake3::hash(&bytes).to_hex();
        Encoded {
            etag: format!("\"{}\"", &hash[..32]),
            bytes,
            full: OnceLock::new(),
            brief: OnceLock::new(),
        }
    }

    /// What the header of every answer with it says, as `make` says it once; one header is kept for answers that say all (`is_full`),
    /// and one for those that say what renews one that the client has.
    pub fn header(&self, is_full: bool, make: impl FnOnce() -> HeaderMap) -> &HeaderMap {
        let kept = if is_full { &self.full } else { &self.brief };
        kept.get_or_init(make)
    }
}

/// Writing to memory does not fail; if it did, the bytes would be recognisably no gzip.
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
    fn every_coding_has_the_same_content_and_a_tag_of_its_own() {
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
