//! Last good versions as files: one file each in the folder `last-good`.
//!
//! Each begins with a line of JSON ([`VersionHead`]); the rest is the content of the post's file. A damaged one is left out, and the
//! author gets a diagnostic that the post cannot be shown.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::state_folder::sync_folder;
use crate::identity::Digest;
use crate::storage::data::{MAX_VERSION_BYTES, MAX_VERSIONS, StoredVersion};
use crate::time::Timestamp;

/// The name of the folder in the state folder.
const FOLDER: &str = "last-good";
/// The ending of the name of each file.
const ENDING: &str = ".version";
/// The first line of each file is shorter than this.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The first line of each file.
#[derive(Serialize, Deserialize)]
struct VersionHead {
    path: Utf8PathBuf,
    modified: Timestamp,
    /// The digest of the version, by which damage is found.
    digest: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<i64>,
}

/// The last good versions in one state folder.
#[derive(Clone, Debug)]
pub(super) struct VersionFiles(Utf8PathBuf);

impl VersionFiles {
    /// The versions in the state folder `dir`. This touches no file.
    pub(super) fn in_state(dir: &Utf8Path) -> VersionFiles {
        VersionFiles(dir.join(FOLDER))
    }

    /// Reads all versions. Other files and damaged versions are left out.
    pub(super) fn read_all(&self) -> Vec<StoredVersion> {
        let Ok(entries) = self.0.read_dir_utf8() else {
            return Vec::new();
        };
        let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_owned()));
        let mut names: Vec<String> = names.filter(|name| name.ends_with(ENDING)).collect();
        names.sort();
        names.truncate(MAX_VERSIONS);
        names
            .iter()
            .filter_map(|name| self.read_version(name).ok().flatten())
            .collect()
    }

    fn read_version(&self, name: &str) -> io::Result<Option<StoredVersion>> {
        let mut file = File::open(self.0.join(name))?;
        let most = MAX_VERSION_BYTES + MAX_HEAD_BYTES;
        if !file.metadata()?.is_file() {
            return Ok(None);
        }
        let mut all = Vec::new();
        // the digest of a larger file does not match
        (&mut file).take(most as u64).read_to_end(&mut all)?;
        let end = all.iter().position(|&byte| byte == b'\n');
        let Some((head, rest)) = end.and_then(|end| all.split_at_checked(end + 1)) else {
            return Ok(None);
        };
        let Ok(head) = serde_json::from_slice::<VersionHead>(head) else {
            return Ok(None);
        };
        let VersionHead {
            path,
            modified,
            digest,
            refused,
            changed,
        } = head;
        let is_whole = Digest::of(rest) == digest && file_name(&path) == name;
        Ok(is_whole.then(|| StoredVersion {
            path,
            modified,
            bytes: rest.into(),
            refused,
            changed,
        }))
    }

    /// Writes `version` in place of an older one of its file. It is on disk when this returns.
    ///
    /// # Errors
    ///
    /// It is too large, there are too many, or the error of the system.
    pub(super) fn write(&self, version: &StoredVersion) -> io::Result<()> {
        let head = serde_json::to_string(&VersionHead {
            path: version.path.clone(),
            modified: version.modified,
            digest: Digest::of(&version.bytes),
            refused: version.refused,
            changed: version.changed,
        })?;
        if version.bytes.len() > MAX_VERSION_BYTES || head.len() >= MAX_HEAD_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let name = file_name(&version.path);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        if !self.0.join(&name).exists() && self.0.read_dir_utf8()?.count() >= MAX_VERSIONS {
            return Err(io::Error::other(format!("{MAX_VERSIONS} are kept already")));
        }
        let unfinished = self.0.join("unfinished");
        // if this fails, it cannot be created either
        let _ = fs::remove_file(&unfinished);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(head.as_bytes())?;
        file.write_all(b"\n")?;
        file.write_all(&version.bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.0.join(name))?;
        sync_folder(&self.0)
    }

    /// Deletes the version of the file at `path`, if there is one.
    ///
    /// # Errors
    ///
    /// The error of the system.
    pub(super) fn delete(&self, path: &Utf8Path) -> io::Result<()> {
        match fs::remove_file(self.0.join(file_name(path))) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // this fails while there are others
        let _ = fs::remove_dir(&self.0);
        Ok(())
    }
}

fn file_name(path: &Utf8Path) -> String {
    format!("{}{ENDING}", String::from(Digest::of(path.as_str().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(path: &str, bytes: &[u8]) -> StoredVersion {
        StoredVersion {
            path: path.into(),
            modified: Timestamp::UNIX_EPOCH,
            bytes: bytes.into(),
            refused: Some(Digest::of(b"TBD")),
            changed: Some(1_767_225_600_000_000_000),
        }
    }

    #[test]
    fn versions_are_stored_until_they_are_deleted() {
        let state = tempfile::tempdir().unwrap();
        let state = Utf8Path::from_path(state.path()).unwrap();
        let versions = VersionFiles::in_state(state);
        assert_eq!(versions.read_all(), []);
        let (one, other) = (
            version("a/b.md", b"---\ntitle: A\n---\nReeds.\n"),
            version("c.md", b"caf\xe9\n\n"),
        );
        for version in [&other, &one, &other] {
            versions.write(version).unwrap();
        }
        let mut all = versions.read_all();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        assert_eq!(all, [one.clone(), other.clone()]);
        let newer = version("c.md", b"");
        versions.write(&newer).unwrap();
        versions.delete("a/b.md".into()).unwrap();
        versions.delete("never.md".into()).unwrap();
        assert_eq!(versions.read_all(), [newer]);
        versions.delete("c.md".into()).unwrap();
        assert!(!state.join(FOLDER).exists(), "nothing is left behind");
    }

    #[test]
    fn damaged_too_large_and_misnamed_versions_are_left_out() {
        let state = tempfile::tempdir().unwrap();
        let state = Utf8Path::from_path(state.path()).unwrap();
        let versions = VersionFiles::in_state(state);
        assert!(
            versions
                .write(&version("large.md", &vec![b'x'; MAX_VERSION_BYTES + 1]))
                .is_err()
        );
        versions.write(&version("a.md", b"Reeds.")).unwrap();
        let long_path = "a".repeat(MAX_HEAD_BYTES);
        assert!(versions.write(&version(&long_path, b"Reeds.")).is_err());
        let file = state.join(FOLDER).join(file_name("a.md".into()));
        let whole = fs::read(&file).unwrap();
        let cut = whole.len() - 1;
        let cases: [(&str, &[u8]); 4] = [
            ("cut", &whole[..cut]),
            ("empty", b""),
            ("no head", b"Reeds.\nRushes.\n"),
            ("another's", b"{}\nReeds."),
        ];
        for (name, content) in cases {
            fs::write(&file, content).unwrap();
            assert_eq!(versions.read_all(), [], "{name}");
        }
        fs::write(&file, &whole).unwrap();
        fs::rename(&file, state.join(FOLDER).join(file_name("b.md".into()))).unwrap();
        assert_eq!(versions.read_all(), [], "it has the name of another version");
    }

    #[test]
    fn a_file_that_is_larger_than_any_version_is_not_read() {
        let state = tempfile::tempdir().unwrap();
        let state = Utf8Path::from_path(state.path()).unwrap();
        let versions = VersionFiles::in_state(state);
        versions.write(&version("a.md", b"")).unwrap();
        let bytes = vec![b'x'; MAX_VERSION_BYTES + MAX_HEAD_BYTES];
        let head = VersionHead {
            path: "a.md".into(),
            modified: Timestamp::UNIX_EPOCH,
            digest: Digest::of(&bytes),
            refused: None,
            changed: None,
        };
        let mut content = serde_json::to_vec(&head).unwrap();
        content.push(b'\n');
        content.extend(bytes);
        fs::write(state.join(FOLDER).join(file_name("a.md".into())), content).unwrap();
        assert_eq!(versions.read_all(), []);
    }

    #[test]
    fn the_number_of_versions_is_bounded() {
        let state = tempfile::tempdir().unwrap();
        let state = Utf8Path::from_path(state.path()).unwrap();
        let versions = VersionFiles::in_state(state);
        versions.write(&version("a.md", b"one")).unwrap();
        for number in 1..MAX_VERSIONS {
            fs::write(state.join(FOLDER).join(number.to_string()), "").unwrap();
        }
        assert!(versions.write(&version("b.md", b"")).is_err());
        versions.write(&version("a.md", b"two")).unwrap();
        assert_eq!(versions.read_all(), [version("a.md", b"two")]);
    }

    #[test]
    fn a_version_that_cannot_be_deleted_is_an_error() {
        let state = tempfile::tempdir().unwrap();
        let state = Utf8Path::from_path(state.path()).unwrap();
        fs::create_dir_all(state.join(FOLDER).join(file_name("a.md".into()))).unwrap();
        assert!(VersionFiles::in_state(state).delete("a.md".into()).is_err());
    }
}
