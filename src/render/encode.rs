//! A finished answer: bytes, media type and validator.

use bytes::Bytes;

/// A document as it is served.
#[derive(Clone, Debug)]
pub struct Document {
    /// The media type.
    pub media_type: &'static str,
    /// The content.
    pub bytes: Bytes,
    /// A strong validator made of the content (RFC 9110, section 8.8.3), in its quotes.
    pub etag: String,
}

impl Document {
    /// The document of these bytes.
    #[must_use]
    pub fn new(media_type: &'static str, bytes: impl Into<Bytes>) -> Document {
        let bytes = bytes.into();
        // half of the hash is more than enough to tell two versions of one document apart
        let hash = blake3::hash(&bytes).to_hex();
        Document {
            media_type,
            etag: format!("\"{}\"", &hash[..32]),
            bytes,
        }
    }
}
