//! Files beside posts: pictures, sounds, attachments (RFC 9110, sections 13 and 14).
//!
//! They are served from below the posts folder and nowhere else, and only where the post they belong to may be seen. Nothing of
//! them is kept but the tags of small ones: the file as it was opened is what is answered, whatever happens to its name meanwhile.

mod body;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use camino::Utf8Path;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use mime_guess::Mime;
use quick_cache::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::body::{Body, reply};
use super::conditional::{Verdict, http_date, weigh};
use super::problem::problem;
use super::range::{Wanted, wanted};
use crate::site::{Site, Viewer};
use crate::source::folder::{Folder, Media, Stamp};
use crate::time::Timestamp;

/// Files up to this size have a tag made of their content, the same on every replica; that of larger ones is made of their stamp.
const HASHED_BYTES: u64 = 4 * 1024 * 1024;
/// How many tags of content are kept.
const KEPT_TAGS: usize = 10_000;
/// How long clients and caches may keep a file without asking: a picture that was replaced is seen soon.
const CACHE_CONTROL: &str = "public, max-age=300";
/// Media types that browsers run or style: they get an empty room to do it in.
const ACTIVE: [&str; 4] = ["html", "xml", "javascript", "css"];

/// Answers for the files below one posts folder.
#[derive(Debug)]
pub struct Library {
    folder: Folder,
    /// Files that may be open at once.
    open: Arc<Semaphore>,
    tags: Cache<Stamp, Arc<str>>,
}

/// What is said of a file beside its bytes.
struct Validators {
    /// In its quotes; weak where another version may hide behind the same stamp.
    etag: String,
    /// `None` where it lies ahead of the clock (RFC 9110, section 8.8.2.1).
    modified: Option<Timestamp>,
    /// Whether the date alone tells versions apart.
    is_date_strong: bool,
}

impl Library {
    /// The files below `folder`.
    #[must_use]
    pub fn new(folder: Folder) -> Library {
        Library {
            folder,
            open: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            tags: Cache::new(KEPT_TAGS),
        }
    }

    /// The same, with at most `files` open at once; whoever asks for more is told to come back.
    #[must_use]
    pub fn with_open_files(self, files: usize) -> Library {
        Library {
            open: Arc::new(Semaphore::new(files.min(Semaphore::MAX_PERMITS))),
            ..self
        }
    }

    /// The answer to `method` (GET or HEAD) of `reader` for the file at `path`, percent-decoded, below the posts folder at `now`.
    /// It reads the disk, so it is for a thread that may wait.
    pub fn answer(
        &self,
        (site, reader): (&Site, Viewer),
        path: &str,
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Response<Body> {
        let path = Utf8Path::new(path);
        let Ok(permit) = Arc::clone(&self.open).try_acquire_owned() else {
            return too_many_open().map(Body::from);
        };
        match self.open(site, reader, path) {
            Ok(media) => self
                .found(path, (media, permit), method, headers, now)
                .unwrap_or_else(|error| unread(&error)),
            Err(error) => unread(&error),
        }
    }

    fn open(&self, site: &Site, reader: Viewer, path: &Utf8Path) -> io::Result<Media> {
        // opened first: what is then found out about its post is no older than the file
        let media = self.folder.media(path)?;
        if !site.may_read_file(path, reader, |path| self.folder.has_file(path)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(media)
    }

    fn found(
        &self,
        path: &Utf8Path,
        (media, permit): (Media, OwnedSemaphorePermit),
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> io::Result<Response<Body>> {
        let length = media.stamp.size;
        let validators = self.validators(&media, now)?;
        let wanted = match weigh(headers, &validators.etag, validators.modified) {
            Verdict::NotModified => return Ok(described(StatusCode::NOT_MODIFIED, None, &validators, Body::empty())),
            Verdict::PreconditionFailed => {
                let detail = "the file has changed: it does not match the condition of the request";
                return Ok(problem(StatusCode::PRECONDITION_FAILED, detail).map(Body::from));
            }
            Verdict::Proceed if *method == Method::GET => range(headers, &validators, length),
            Verdict::Proceed => Wanted::Whole,
        };
        let media_type = mime_guess::from_path(path).first_or_octet_stream();
        let shown = Some(&media_type);
        let mut response = match wanted {
            Wanted::Whole => {
                let body = Body::of_file((media.file, permit), [Part::File(0..length)]);
                described(StatusCode::OK, shown, &validators, body)
            }
            Wanted::Nothing => {
                let mut response = problem(
                    StatusCode::RANGE_NOT_SATISFIABLE,
                    "the requested range is past the end of the file",
                )
                .map(Body::from);
                set(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
                return Ok(response);
            }
            Wanted::Parts(parts) => match parts.as_slice() {
                [part] => {
                    let body = Body::of_file((media.file, permit), [Part::File(part.clone())]);
                    let mut response = described(StatusCode::PARTIAL_CONTENT, shown, &validators, body);
                    set(&mut response, header::CONTENT_RANGE, &content_range(part, length));
                    response
                }
                parts => several((media.file, permit), parts, &media_type, &validators, length),
            },
        };
        let content_length = response.body().length();
        set(&mut response, header::CONTENT_LENGTH, &content_length.to_string());
        if *method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        Ok(response)
    }

    fn validators(&self, media: &Media, now: Timestamp) -> io::Result<Validators> {
        let stamp = media.stamp;
        let is_fresh = stamp.is_fresh(now);
        let etag = if stamp.size <= HASHED_BYTES {
            // another version may get the same stamp while it is fresh, so no tag is kept under it
            match self.tags.get(&stamp) {
                Some(tag) => tag,
                None => {
                    let tag = content_tag(&media.file, stamp.size)?;
                    if !is_fresh && !stamp.has_fresh_change(now) && media.is_unchanged() {
                        self.tags.insert(stamp, Arc::clone(&tag));
                    }
                    tag
                }
            }
        } else {
            stamp_tag(&stamp)
        };
        let is_weak = is_fresh && stamp.size > HASHED_BYTES;
        Ok(Validators {
            etag: format!("{}\"{etag}\"", if is_weak { "W/" } else { "" }),
            modified: Timestamp::from_nanosecond(stamp.modified.into()).ok().filter(|&at| at <= now),
            is_date_strong: !is_fresh,
        })
    }
}

/// A piece of a body: bytes of its own, or of the file.
#[derive(Clone, Debug)]
enum Part {
    Text(Bytes),
    File(Range<u64>),
}

fn content_tag(file: &File, size: u64) -> io::Result<Arc<str>> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut at = 0;
    while at < size {
        match file.read_at(&mut buffer, at)? {
            0 => break,
            read => {
                hasher.update(buffer.get(..read).unwrap_or_default());
                at += read as u64;
            }
        }
    }
    Ok(short(hasher.finalize()))
}

fn stamp_tag(stamp: &Stamp) -> Arc<str> {
    let Stamp {
        device,
        inode,
        size,
        modified,
        changed,
    } = stamp;
    short(blake3::hash(
        format!("{device} {inode} {size} {modified} {changed}").as_bytes(),
    ))
}

/// Half of a hash is more than enough to tell two versions of one file apart.
fn short(hash: blake3::Hash) -> Arc<str> {
    hash.to_hex().chars().take(32).collect::<String>().into()
}

/// What the request's `Range` and `If-Range` (RFC 9110, section 13.1.5) come to.
fn range(headers: &HeaderMap, validators: &Validators, length: u64) -> Wanted {
    let one = |name: HeaderName| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok()
    };
    let Some(value) = one(header::RANGE) else {
        return Wanted::Whole;
    };
    if headers.contains_key(header::IF_RANGE) {
        // only a validator that is strong can say that the parts fit together, and a date has to be the very same
        let date = validators.modified.filter(|_| validators.is_date_strong).and_then(http_date);
        let is_strong_tag = validators.etag.starts_with('"');
        let is_same =
            one(header::IF_RANGE).is_some_and(|sent| (is_strong_tag && sent == validators.etag) || date.as_deref() == Some(sent));
        if !is_same {
            return Wanted::Whole;
        }
    }
    wanted(value, length)
}

fn content_range(part: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1))
}

/// Several parts of a file as `multipart/byteranges` (RFC 9110, section 14.6).
fn several(
    file: (File, OwnedSemaphorePermit),
    parts: &[Range<u64>],
    media_type: &Mime,
    validators: &Validators,
    length: u64,
) -> Response<Body> {
    // made of the file's tag and the parts: whoever wrote the file could not know it
    let boundary = short(blake3::hash(format!("{} {parts:?}", validators.etag).as_bytes()));
    let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
    for part in parts {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
            content_type(media_type),
            content_range(part, length)
        );
        pieces.extend([Part::Text(head.into()), Part::File(part.clone())]);
    }
    pieces.push(Part::Text(format!("\r\n--{boundary}--\r\n").into()));
    let mut response = described(
        StatusCode::PARTIAL_CONTENT,
        Some(media_type),
        validators,
        Body::of_file(file, pieces),
    );
    let multipart = format!("multipart/byteranges; boundary={boundary}");
    set(&mut response, header::CONTENT_TYPE, &multipart);
    response
}

/// An answer about a file, with what is said of it; `media_type` where its content, or a part of it, is sent.
fn described(status: StatusCode, media_type: Option<&Mime>, validators: &Validators, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, header::ETAG, &validators.etag);
    set(&mut response, header::CACHE_CONTROL, CACHE_CONTROL);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    if let Some(modified) = validators.modified.and_then(http_date) {
        set(&mut response, header::LAST_MODIFIED, &modified);
    }
    let Some(media_type) = media_type else {
        return response;
    };
    set(&mut response, header::CONTENT_TYPE, &content_type(media_type));
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let is_of = |kinds: &[&str]| {
        kinds
            .iter()
            .any(|kind| media_type.subtype().as_str().contains(kind) || media_type.suffix().is_some_and(|suffix| suffix == *kind))
    };
    if is_of(&ACTIVE) {
        let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox";
        set(&mut response, header::CONTENT_SECURITY_POLICY, policy);
    }
    // a page of its own under the site's name could pass for the site
    if is_of(&["html"]) {
        set(&mut response, header::CONTENT_DISPOSITION, "attachment");
    }
    response
}

/// The media type with the character set that every text here has.
fn content_type(media_type: &Mime) -> String {
    if media_type.type_() == "text" && media_type.get_param("charset").is_none() {
        format!("{media_type}; charset=utf-8")
    } else {
        media_type.to_string()
    }
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

fn too_many_open() -> Response<Bytes> {
    let detail = "too many files are being sent; try again in a few seconds";
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// What is not there, what may not be seen and what lies elsewhere look alike; a disk that fails is said to.
fn unread(error: &io::Error) -> Response<Body> {
    use io::ErrorKind::{InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    let response = match error.kind() {
        NotFound | NotADirectory | IsADirectory | InvalidInput | InvalidFilename | PermissionDenied => {
            problem(StatusCode::NOT_FOUND, "there is nothing at this address")
        }
        _ => {
            tracing::warn!(%error, "a file beside posts could not be read");
            problem(StatusCode::SERVICE_UNAVAILABLE, "the file cannot be read at the moment")
        }
    };
    response.map(Body::from)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Config;
    use crate::site::SiteInput;

    #[test]
    fn a_tag_is_remembered_only_once_no_other_version_can_have_the_same_stamp() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.png"), "one").unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().to_owned();
        let config = Arc::new(Config::default());
        let now = Timestamp::now();
        let site = Site::build(&config, SiteInput::default(), now, None);
        let library = Library::new(Folder::new(root, &config.posts));
        let tag = |now| {
            let response = library.answer((&site, Viewer::Public), "a.png", &Method::GET, &HeaderMap::new(), now);
            assert_eq!(response.status(), StatusCode::OK);
            response.headers()[header::ETAG].to_str().unwrap().to_owned()
        };
        let first = tag(now);
        assert!(
            first.starts_with('"') && library.tags.is_empty(),
            "it is strong, and not kept"
        );
        // the content is as old as it says, but its time may have been set back
        let file = File::options().write(true).open(dir.path().join("a.png")).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_hours(1))
            .unwrap();
        assert_eq!(tag(now), first);
        assert!(library.tags.is_empty());
        let later = now + Duration::from_mins(1);
        assert_eq!(tag(later), first);
        assert_eq!(library.tags.len(), 1);
        assert_eq!(tag(later), first);
    }

    #[test]
    fn only_so_many_files_are_open_at_once() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.png"), "one").unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().to_owned();
        let config = Arc::new(Config::default());
        let now = Timestamp::now();
        let site = Site::build(&config, SiteInput::default(), now, None);
        let library = Library::new(Folder::new(root, &config.posts)).with_open_files(2);
        let ask = |method: &Method| library.answer((&site, Viewer::Public), "a.png", method, &HeaderMap::new(), now);
        let first = [ask(&Method::GET), ask(&Method::GET)];
        let refused = ask(&Method::GET);
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "5");
        drop(first);
        for _ in 0..5 {
            assert_eq!(
                ask(&Method::HEAD).status(),
                StatusCode::OK,
                "no file is open for it afterwards"
            );
        }
    }
}
