//! What files cannot say: which post a file is, whatever it is called, and what the world was told of it.

pub mod record;

pub use record::{Digest, DocumentRecord, Fingerprint, Likeness, PostRecord, Record, SiteRecord};
