//! What reading gave of the posts in a folder, kept for the next start: `posts.cache` in the state folder.
//!
//! A file that has the very [`Stamp`] under which it was read holds what it held then, as far as it had not changed just before
//! ([`Stamp::is_fresh`]). That lets a running feedmill pass over it, and one that starts takes its post from here.
//!
//! It is a cache: without it a start takes longer, and nothing else. It is used whole or not at all. What is short or damaged, of another
//! program, or was read under other settings, is none, and of what goes wrong with it nobody is told.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use camino::Utf8Path;
use rustix::fs::{Mode, OFlags};

use super::Stamp;
use crate::config::Config;
use crate::post::{self, Digest, Post};
use crate::source_file::by_parts;

/// The file's name.
const NAME: &str = "posts.cache";
/// Its name until it is whole.
const UNFINISHED: &str = "posts.cache.new";
/// What it begins with; the number is that of what follows.
const MAGIC: [u8; 16] = *b"feedmill posts 1";
/// What it ends with: the hash of all before.
const SEAL: usize = blake3::OUT_LEN;
/// The largest that is read or written. A post takes half a kilobyte.
const MOST_BYTES: u64 = 1 << 30;

/// What else reading depends on, beside the files and the settings: the program, and the rules of time zones, which are not part of it.
const READ_WITH: [&str; 3] = ["/proc/self/exe", "/usr/share/zoneinfo", "/etc/zoneinfo"];

/// What tells posts that are read alike: by the same program, under the same settings. To be had before they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground([u8; 32]);

/// The posts that were kept.
#[derive(Debug, Default)]
pub struct KeptPosts {
    /// One after the other, in the order of their paths.
    entries: Vec<u8>,
}

/// Looks for kept posts, in the order of their paths.
#[derive(Debug, Default)]
pub struct InOrder<'a> {
    next: Option<KeptPost<'a>>,
    rest: &'a [u8],
}

/// A post that was kept.
#[derive(Clone, Copy, Debug)]
pub struct KeptPost<'a> {
    path: &'a Utf8Path,
    stamp: Stamp,
    digest: Digest,
    post: &'a [u8],
}

/// A post to be kept: as reading its file gave it, and with nothing to be said about it.
#[derive(Clone, Debug)]
pub struct Keep {
    /// What the file looked like; no other version may hide behind that.
    pub stamp: Stamp,
    /// What it held.
    pub digest: Digest,
    /// The post.
    pub post: Arc<Post>,
}

impl Ground {
    /// That of posts which this program reads from now on, as `config` says.
    #[must_use]
    pub fn of(config: &Config) -> Ground {
        let mut hasher = blake3::Hasher::new();
        hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
        for path in READ_WITH {
            hasher.update(format!("{:?}", version(path)).as_bytes());
        }
        hasher.update(&post::kept::ground(config).to_bytes());
        Ground(hasher.finalize().into())
    }
}

/// What tells what lies at `path` from what lay there before. Of files that are packed reproducibly all have one date, so it takes more
/// than that; the device is left out, for that of a container's files is another at every start.
fn version(path: &str) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp {
        device: 0,
        ..Stamp::of(&metadata)
    })
}

impl KeptPosts {
    /// Those in the state folder `dir` that were read on this `ground`.
    #[must_use]
    pub fn recall(dir: &Utf8Path, ground: Ground) -> Option<KeptPosts> {
        let path = dir.join(NAME);
        match recall(&path, ground) {
            Ok(kept) => Some(kept),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                tracing::debug!(%path, "not used: {error}");
                None
            }
        }
    }

    /// To look for posts, in the order of their paths.
    #[must_use]
    pub fn in_order(&self) -> InOrder<'_> {
        let mut posts = InOrder {
            next: None,
            rest: &self.entries,
        };
        posts.advance();
        posts
    }
}

impl<'a> InOrder<'a> {
    /// The post in the file at `path` if it was kept under `stamp`. Each path is to come after the one before.
    pub fn find(&mut self, path: &Utf8Path, stamp: &Stamp) -> Option<KeptPost<'a>> {
        while self.next.is_some_and(|next| by_parts(next.path, path).is_lt()) {
            self.advance();
        }
        self.next.filter(|next| next.path == path && next.stamp == *stamp)
    }

    fn advance(&mut self) {
        let first = KeptPost::first_of(self.rest);
        self.rest = first.map_or(&[], |(_, rest)| rest);
        self.next = first.map(|(post, _)| post);
    }
}

impl<'a> KeptPost<'a> {
    /// What its file holds.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The post, without its text.
    #[must_use]
    pub fn post(&self) -> Option<Post> {
        post::kept::read(self.path, self.post)
    }

    fn first_of(bytes: &'a [u8]) -> Option<(KeptPost<'a>, &'a [u8])> {
        let (path, bytes) = part(bytes)?;
        let (stamp, bytes) = bytes.split_first_chunk::<STAMP>()?;
        let (digest, bytes) = bytes.split_first_chunk()?;
        let (post, rest) = part(bytes)?;
        let kept = KeptPost {
            path: std::str::from_utf8(path).ok()?.into(),
            stamp: stamp_of(stamp),
            digest: Digest::from(*digest),
            post,
        };
        Some((kept, rest))
    }
}

/// Keeps `posts`, which were read on this `ground` and are in the order of their paths, in the state folder `dir`, in the place of all
/// that was kept before.
///
/// # Errors
///
/// What the system says, or that they are too large; then what was there stays.
pub fn keep(dir: &Utf8Path, ground: Ground, posts: &[Keep]) -> io::Result<()> {
    let unfinished = dir.join(UNFINISHED);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let kept = write(file, ground, posts).and_then(|()| fs::rename(&unfinished, dir.join(NAME)));
    kept.inspect_err(|_| drop(fs::remove_file(&unfinished)))
}

fn write(file: File, Ground(ground): Ground, posts: &[Keep]) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(64 * 1024, file);
    let mut hasher = blake3::Hasher::new();
    let mut put = |bytes: &[u8]| {
        hasher.update(bytes);
        if hasher.count() > MOST_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        file.write_all(bytes)
    };
    put(&MAGIC)?;
    put(&ground)?;
    let (mut entry, mut bytes) = (Vec::new(), Vec::new());
    for Keep { stamp, digest, post } in posts {
        entry.clear();
        add_part(&mut entry, post.source().as_str().as_bytes())?;
        add_stamp(&mut entry, stamp);
        entry.extend(digest.to_bytes());
        bytes.clear();
        post::kept::write(post, &mut bytes);
        add_part(&mut entry, &bytes)?;
        put(&entry)?;
    }
    file.write_all(hasher.finalize().as_bytes())?;
    file.flush()
}

fn recall(path: &Utf8Path, Ground(ground): Ground) -> io::Result<KeptPosts> {
    let wrong = |what: &'static str| io::Error::new(ErrorKind::InvalidData, what);
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::open(path.as_std_path(), flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return Err(wrong("no file, or too large a one"));
    }
    let mut head = [0; MAGIC.len() + 32];
    file.read_exact(&mut head)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head);
    if head != *[&MAGIC[..], &ground].concat() {
        return Err(wrong("read by another program, or under other settings"));
    }
    let mut entries = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.take(MOST_BYTES).read_to_end(&mut entries)?;
    let (rest, seal) = entries.split_last_chunk::<SEAL>().ok_or(ErrorKind::UnexpectedEof)?;
    hasher.update(rest);
    if hasher.finalize() != *seal {
        return Err(wrong("damaged"));
    }
    entries.truncate(entries.len() - SEAL);
    Ok(KeptPosts { entries })
}

/// Adds `bytes` and before them how many they are.
fn add_part(out: &mut Vec<u8>, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| ErrorKind::FileTooLarge)?;
    out.extend(length.to_le_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

/// The first part of `bytes`, and what comes after it.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, bytes) = bytes.split_first_chunk()?;
    bytes.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// The bytes of a stamp.
const STAMP: usize = 5 * size_of::<u64>();

fn add_stamp(out: &mut Vec<u8>, stamp: &Stamp) {
    let Stamp {
        device,
        inode,
        size,
        modified,
        changed,
    } = *stamp;
    for number in [device, inode, size, modified.cast_unsigned(), changed.cast_unsigned()] {
        out.extend(number.to_le_bytes());
    }
}

fn stamp_of(bytes: &[u8; STAMP]) -> Stamp {
    let (numbers, _) = bytes.as_chunks();
    let number = |place: usize| numbers.get(place).map_or(0, |bytes| u64::from_le_bytes(*bytes));
    Stamp {
        device: number(0),
        inode: number(1),
        size: number(2),
        modified: number(3).cast_signed(),
        changed: number(4).cast_signed(),
    }
}

#[cfg(test)]
mod tests;
