//! A source file as it was read, before it is parsed.

pub mod file_type;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::time::Timestamp;

/// The path, content and time of a Markdown file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path below the posts folder, with `/` between its parts.
    pub path: Utf8PathBuf,
    /// The content.
    pub bytes: Arc<[u8]>,
    /// When the content last changed, according to the file system.
    pub modified: Timestamp,
}

/// Media files that were found, and media files that are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileChanges {
    /// The paths of the files that were found, below the posts folder.
    pub added: Vec<Arc<Utf8Path>>,
    /// The paths at which there is no media file any more.
    pub gone: Vec<Arc<Utf8Path>>,
    /// Whether `added` are all media files, so that all others are gone.
    pub are_all: bool,
}

/// Compares two paths part by part, like [`Utf8Path`] but much faster, because they are not split. The paths must consist of names
/// only.
#[must_use]
pub(crate) fn by_parts(one: &Utf8Path, other: &Utf8Path) -> Ordering {
    let (one, other) = (one.as_str().as_bytes(), other.as_str().as_bytes());
    // a path comes before a longer one, and a part before a longer part
    let rank = |byte: Option<&u8>| match byte {
        None => 0,
        Some(b'/') => 1,
        Some(&byte) => u16::from(byte) + 2,
    };
    // most paths in a folder have a common beginning
    let (blocks, _) = one.as_chunks::<8>();
    let alike = blocks
        .iter()
        .zip(other.as_chunks().0)
        .take_while(|(one, other)| one == other)
        .count()
        * 8;
    let rest = one.iter().zip(other).skip(alike);
    let alike = alike + rest.take_while(|(one, other)| one == other).count();
    rank(one.get(alike)).cmp(&rank(other.get(alike)))
}

impl SourceFile {
    /// The content as text, without byte order mark and carriage returns.
    ///
    /// It must be UTF-8, or UTF-16 with a byte order mark.
    ///
    /// # Errors
    ///
    /// Any other encoding, with the position of the first byte that is not UTF-8.
    pub fn text(&self) -> Result<Cow<'_, str>, Diagnostic> {
        let text = match *self.bytes {
            [0xef, 0xbb, 0xbf, ref rest @ ..] => self.utf8(rest)?,
            [0xff, 0xfe, ref rest @ ..] => self.utf16(rest, u16::from_le_bytes)?,
            [0xfe, 0xff, ref rest @ ..] => self.utf16(rest, u16::from_be_bytes)?,
            ref bytes => self.utf8(bytes)?,
        };
        // without branches, so that the compiler compares several bytes at once
        let returns = text.bytes().fold(0, |returns, byte| returns | u8::from(byte == b'\r'));
        Ok(if returns != 0 {
            Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
        } else {
            text
        })
    }

    fn utf8<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, str>, Diagnostic> {
        simdutf8::compat::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            let position = Position::of(&valid, valid.len());
            let lossy = String::from_utf8_lossy(bytes);
            Diagnostic::new(
                Severity::Error,
                "not-utf8",
                &self.path,
                format!("byte 0x{byte:02x} is not UTF-8"),
            )
            .at(&lossy, position, 1)
            .mend("save the file as UTF-8")
        })
    }

    fn utf16<'a>(&self, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'a, str>, Diagnostic> {
        let refuse = || {
            Diagnostic::new(Severity::Error, "not-utf16", &self.path, "starts as UTF-16 but is not")
                .mend("save the file as UTF-8")
        };
        let (pairs, rest) = bytes.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(refuse());
        }
        char::decode_utf16(pairs.iter().map(|&pair| unit(pair)))
            .collect::<Result<String, _>>()
            .map(Cow::Owned)
            .map_err(|_| refuse())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Few names, so that paths have common beginnings, with characters below and above `/`.
    const PATH: &str = "([a.\u{1}\\-é]{1,2}/){0,3}[a.\u{1}\\-é]{1,2}";

    #[test]
    fn paths_with_a_common_beginning() {
        let mut paths = [
            "a-b/c", "a/b", "a", "a/b/c", "a/b-c", "a.md", "ab", "a\u{1}", "é/a", "b", "a/é", "",
        ]
        .map(Utf8Path::new);
        paths.sort_by(|one, other| by_parts(one, other));
        assert!(paths.is_sorted(), "{paths:?}");
    }

    proptest! {
        #[test]
        fn paths_are_ordered_part_by_part(one in PATH, other in PATH) {
            let is_plain = |path: &str| path.split('/').all(|part| !matches!(part, "" | "." | ".."));
            prop_assume!(is_plain(&one) && is_plain(&other));
            let (one, other) = (Utf8Path::new(&one), Utf8Path::new(&other));
            prop_assert_eq!(by_parts(one, other), one.cmp(other));
            prop_assert_eq!(by_parts(one, one), Ordering::Equal);
        }
    }

    fn text(bytes: &[u8]) -> Result<String, String> {
        let file = SourceFile {
            path: "a.md".into(),
            bytes: bytes.into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        file.text().map(Cow::into_owned).map_err(|diagnostic| diagnostic.to_string())
    }

    #[test]
    fn encodings() {
        let cases: [(&[u8], &str); 7] = [
            (b"plain\n", "plain\n"),
            (b"\xef\xbb\xbfwith a mark", "with a mark"),
            (b"\xff\xfeh\0i\0", "hi"),
            (b"\xfe\xff\0h\0i", "hi"),
            (b"one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
            (b"", ""),
            (b"nul\0stays", "nul\0stays"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(text(bytes).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn another_encoding_is_refused_with_its_position() {
        let error = text(b"first\ncaf\xe9 au lait").unwrap_err();
        assert_eq!(error, "a.md:2:4: error: byte 0xe9 is not UTF-8 (save the file as UTF-8)");
        assert!(text(b"\xff\xfeh").unwrap_err().contains("UTF-16"));
        assert!(text(b"\xff\xfe\x00\xd8").unwrap_err().contains("UTF-16"));
    }
}
