//! The key of shared drafts as a file: 32 random bytes in `share.key` in the state folder, readable by its owner only.
//!
//! `feedmill share` creates it, and `feedmill serve` only reads it. After it is replaced no former address works.

use std::fs;
use std::io::{self, ErrorKind};

use camino::{Utf8Path, Utf8PathBuf};

use super::state_folder::{StateFolder, read_small_file, sync_folder, write_unnamed};
use crate::storage::data::{ShareKey, random_bytes};

const NAME: &str = "share.key";

/// The key in the state folder `dir`; `None` if nothing was ever shared.
///
/// # Errors
///
/// The error of the system; `InvalidData` if the file contains no key.
pub(super) fn read_share_key(dir: &Utf8Path) -> io::Result<Option<ShareKey>> {
    let path = dir.join(NAME);
    let Some(bytes) = read_small_file(&path, size_of::<ShareKey>() as u64 + 1)? else {
        return Ok(None);
    };
    let wrong = || {
        io::Error::new(
            ErrorKind::InvalidData,
            format!("{path} contains no key; `feedmill share --revoke-all` makes one"),
        )
    };
    bytes.try_into().map(Some).map_err(|_| wrong())
}

/// The key in the state folder `dir`, which is created if there is none. If several processes create one at once, all get the same.
///
/// # Errors
///
/// As [`read_share_key`], and why it cannot be written.
pub(super) fn get_or_create_share_key(dir: &Utf8Path) -> io::Result<ShareKey> {
    if let Some(key) = read_share_key(dir)? {
        return Ok(key);
    }
    let written = write_new_key(dir)?;
    let linked = fs::hard_link(&written, dir.join(NAME));
    fs::remove_file(&written)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => sync_folder(dir)?,
    }
    read_share_key(dir)?.ok_or_else(|| ErrorKind::NotFound.into())
}

/// Replaces the key in the state folder `dir`, in one step.
///
/// # Errors
///
/// The error of the system; then the former key stays.
pub(super) fn replace_share_key(dir: &Utf8Path) -> io::Result<()> {
    let written = write_new_key(dir)?;
    fs::rename(&written, dir.join(NAME)).inspect_err(|_| drop(fs::remove_file(&written)))?;
    sync_folder(dir)
}

/// Writes a new key to a new file. Returns its path.
fn write_new_key(dir: &Utf8Path) -> io::Result<Utf8PathBuf> {
    StateFolder::new(dir).make_folder().map_err(io::Error::other)?;
    let mut key: ShareKey = random_bytes()?;
    let written = write_unnamed(&dir.join(NAME), &key);
    key.fill(0);
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{FileType, Mode};

    use super::*;

    #[test]
    fn a_key_is_created_once_is_readable_by_its_owner_only_and_can_be_replaced() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(temporary.path()).unwrap().join("state/posts");
        assert_eq!(read_share_key(&dir).unwrap(), None);
        let keys: Vec<ShareKey> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| get_or_create_share_key(&dir).unwrap()))
                .collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]), "all have the same");
        assert_eq!(read_share_key(&dir).unwrap(), Some(keys[0]));
        let mode = fs::metadata(dir.join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        replace_share_key(&dir).unwrap();
        assert_ne!(read_share_key(&dir).unwrap(), Some(keys[0]));
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_file_that_contains_no_key_is_refused_until_it_is_replaced() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(temporary.path()).unwrap();
        for wrong in [&b""[..], &[1; 31], &[1; 33]] {
            fs::write(dir.join(NAME), wrong).unwrap();
            assert_eq!(
                read_share_key(dir).unwrap_err().kind(),
                ErrorKind::InvalidData,
                "{}",
                wrong.len()
            );
            assert!(get_or_create_share_key(dir).is_err());
        }
        fs::write(dir.join("another"), [1; 32]).unwrap();
        for target in ["another", "/dev/zero"] {
            fs::remove_file(dir.join(NAME)).unwrap();
            std::os::unix::fs::symlink(target, dir.join(NAME)).unwrap();
            assert!(read_share_key(dir).is_err(), "no link is followed");
        }
        fs::remove_file(dir.join(NAME)).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, dir.join(NAME).as_std_path(), FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert!(read_share_key(dir).is_err(), "it does not wait for a writer");
        replace_share_key(dir).unwrap();
        assert!(read_share_key(dir).unwrap().is_some());
    }
}
