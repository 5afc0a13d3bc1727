//! Errors of reading a file, and their diagnostics.

use std::io::{self, ErrorKind};

use camino::Utf8Path;

use crate::diagnostic::{Diagnostic, Severity};

/// The reason why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The file is no longer the version that a scan found, or it changed while it was read: scan again.
    Changed,
    /// The file does not exist any more.
    Gone,
    /// The file cannot be read.
    Refused(Diagnostic),
}

impl ReadError {
    /// Returns the reason for the system's `error` about the file at `path`.
    pub(super) fn of(path: &Utf8Path, error: &io::Error) -> ReadError {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => ReadError::Gone,
            _ => ReadError::Refused(unreadable(path, error)),
        }
    }
}

/// The diagnostic for a file or folder that cannot be read.
pub(super) fn unreadable(path: &Utf8Path, error: &io::Error) -> Diagnostic {
    let reason = match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string().to_lowercase(),
    };
    Diagnostic::new(Severity::Error, "unreadable", path, format!("it cannot be read: {reason}"))
        .mend("give feedmill the right to read it")
}

/// The diagnostic for a file of more than `most` bytes.
pub(super) fn too_large(path: &Utf8Path, most: u64) -> Diagnostic {
    let message = format!("it is larger than {most} bytes and is not read");
    Diagnostic::new(Severity::Error, "too-large", path, message).mend("shorten it, or raise posts.max_file_bytes")
}
