//! Opens files beneath the posts folder only, even if folders on the path are moved or replaced meanwhile.
//!
//! No symbolic link is followed, except that the posts folder itself may be one. Opening never waits for the other end of a pipe.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;

use camino::{Utf8Component, Utf8Path};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Opens the file or folder at `path` below `root`.
///
/// # Errors
///
/// `NotFound` if there is nothing at the path, or if a part of it is a link; otherwise the system's error.
pub(super) fn open(root: &Utf8Path, path: &Utf8Path) -> io::Result<File> {
    open_in(&open_folder(root)?, path)
}

/// Opens the folder at `root`, which may be a link.
fn open_folder(root: &Utf8Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(root.as_std_path(), FOLDER, Mode::empty())?)
}

/// Does the same as [`open`] below an open folder.
fn open_in(root: &OwnedFd, path: &Utf8Path) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{ResolveFlags, openat2};
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match openat2(root, path.as_std_path(), FILE, Mode::empty(), resolve) {
            // older kernels do not have this call, and some containers forbid it
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return opened.map(File::from).map_err(not_found),
        }
    }
    step_by_step(root, path)
}

/// Opens each folder of the path relative to the previous one, so that a folder that is moved or replaced meanwhile has no effect.
fn step_by_step(root: &OwnedFd, path: &Utf8Path) -> io::Result<File> {
    let mut at = None;
    let mut components = path.components().peekable();
    while let Some(component) = components.next() {
        let Utf8Component::Normal(name) = component else {
            return Err(ErrorKind::NotFound.into());
        };
        let flags = if components.peek().is_some() {
            FOLDER.union(OFlags::NOFOLLOW)
        } else {
            FILE
        };
        let folder = at.as_ref().unwrap_or(root);
        at = Some(rustix::fs::openat(folder, name, flags, Mode::empty()).map_err(not_found)?);
    }
    at.map(File::from).ok_or_else(|| ErrorKind::NotFound.into())
}

/// Converts `error`: a link, or a path that led outside for a moment, counts as not found.
fn not_found(error: Errno) -> io::Error {
    match error {
        Errno::LOOP | Errno::XDEV | Errno::AGAIN | Errno::MLINK => ErrorKind::NotFound.into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8PathBuf;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    type Open = fn(&Utf8Path, &Utf8Path) -> io::Result<File>;

    /// Both implementations: the kernel's, and the one for kernels without it.
    const WAYS: [(&str, Open); 2] = [
        ("open", open),
        ("step_by_step", |root, path| step_by_step(&open_folder(root)?, path)),
    ];

    #[test]
    fn only_files_beneath_the_root_are_opened() {
        let temporary = tempfile::tempdir().unwrap();
        let outside = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
        let root = outside.join("posts");
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(outside.join("secret"), "secret").unwrap();
        std::fs::write(root.join("a/b/c.png"), "c").unwrap();
        symlink("../secret", root.join("out.png")).unwrap();
        symlink("a/b/c.png", root.join("in.png")).unwrap();
        symlink("..", root.join("up")).unwrap();
        symlink("a", root.join("also-a")).unwrap();
        symlink(&outside, root.join("away")).unwrap();
        for (way, open) in WAYS {
            let read = |path: &str| {
                let mut text = String::new();
                open(&root, path.into())?.read_to_string(&mut text)?;
                Ok::<_, io::Error>(text)
            };
            assert_eq!(read("a/b/c.png").unwrap(), "c", "{way}");
            for path in [
                "out.png",
                "in.png",
                "up/secret",
                "also-a/b/c.png",
                "away/secret",
                "../secret",
                "a/../../secret",
                "a/b/d.png",
                "a/b/c.png/d",
                "/etc/hostname",
            ] {
                assert!(read(path).is_err(), "{way}: {path}");
            }
        }
    }
}
