//! Media files: pictures, sounds, attachments (RFC 9110, sections 13 and 14).
//!
//! Only files below the posts folder are served, and only to readers of the post that they belong to. Only the tags of small files are
//! cached. A response has the content of the file that was opened, whatever happens to its name meanwhile.

mod body;

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use camino::Utf8Path;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use mime_guess::Mime;
use quick_cache::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::body::BodyPart;
pub use self::body::{ResponseBody, to_warp};
use super::conditional::{ConditionResult, evaluate_conditions, http_date};
use super::problem::{problem, unavailable};
use super::range::{RequestedRange, requested_range};
use crate::site::{Site, Viewer};
use crate::source::{MediaError, MediaFile, Source, Version};
use crate::time::Timestamp;

/// Files up to this size have a tag of their content, the same on every replica. Larger files have a tag of their version.
const HASHED_BYTES: u64 = 4 * 1024 * 1024;
/// The most tags of content that are cached.
const KEPT_TAGS: usize = 10_000;
/// How long clients and caches may keep a file: a replaced picture is seen soon.
pub(crate) const CACHE_CONTROL: &str = "public, max-age=300";
/// Media types with scripts or styles. Browsers get a sandbox policy for them.
const ACTIVE: [&str; 4] = ["html", "xml", "javascript", "css"];

/// The media files below one posts folder.
#[derive(Debug)]
pub struct Library {
    source: Source,
    /// One permit for each file that may be open at the same time.
    open: Arc<Semaphore>,
    tags: Cache<Version, Arc<str>>,
}

/// The validators of a file (RFC 9110, section 8.8).
struct Validators {
    /// In quotes; weak if another version may have the same identity.
    etag: String,
    /// `None` if it is ahead of the clock (RFC 9110, section 8.8.2.1).
    modified: Option<Timestamp>,
    /// Whether each version has its own date.
    is_date_strong: bool,
}

impl Library {
    /// Returns the media files of `source`.
    #[must_use]
    pub fn new(source: Source) -> Library {
        Library {
            source,
            open: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            tags: Cache::new(KEPT_TAGS),
        }
    }

    /// Returns the same, with at most `files` open at the same time. Further requests get 503.
    #[must_use]
    pub fn with_open_files(self, files: usize) -> Library {
        Library {
            open: Arc::new(Semaphore::new(files.min(Semaphore::MAX_PERMITS))),
            ..self
        }
    }

    /// Returns the response to `method` (GET or HEAD) of `reader` for the file at the decoded `path` below the posts folder. It reads the
    /// disk, so it must run on a thread that may block.
    pub fn answer(
        &self,
        (site, reader): (&Site, Viewer),
        path: &str,
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Response<ResponseBody> {
        let path = Utf8Path::new(path);
        let Ok(permit) = Arc::clone(&self.open).try_acquire_owned() else {
            return too_many_open().map(ResponseBody::from);
        };
        match self.open(site, reader, path) {
            Ok(media) => self
                .file_response(path, (media, permit), method, headers, now)
                .unwrap_or_else(|error| error_response(&error.into())),
            Err(error) => error_response(&error),
        }
    }

    fn open(&self, site: &Site, reader: Viewer, path: &Utf8Path) -> Result<MediaFile, MediaError> {
        // opened first: what is known of its post is then no older than the file
        let media = self.source.open_media(path)?;
        if !site.may_read_file(path, reader, |path| self.source.has_file(path)) {
            return Err(MediaError::NotFound);
        }
        Ok(media)
    }

    fn file_response(
        &self,
        path: &Utf8Path,
        (media, permit): (MediaFile, OwnedSemaphorePermit),
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> io::Result<Response<ResponseBody>> {
        let length = media.version.size();
        let validators = self.validators(&media, now)?;
        let range = match evaluate_conditions(headers, &validators.etag, validators.modified) {
            ConditionResult::NotModified => {
                return Ok(file_response(
                    StatusCode::NOT_MODIFIED,
                    None,
                    &validators,
                    ResponseBody::empty(),
                ));
            }
            ConditionResult::PreconditionFailed => {
                let detail = "the file has changed: it does not match the condition of the request";
                return Ok(problem(StatusCode::PRECONDITION_FAILED, detail).map(ResponseBody::from));
            }
            ConditionResult::Proceed if *method == Method::GET => evaluate_range(headers, &validators, length),
            ConditionResult::Proceed => RequestedRange::Whole,
        };
        if range == RequestedRange::Nothing {
            let detail = "the requested range is past the end of the file";
            let mut response = problem(StatusCode::RANGE_NOT_SATISFIABLE, detail).map(ResponseBody::from);
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
            return Ok(response);
        }
        let media_type = mime_guess::from_path(path).first_or_octet_stream();
        let mut response = range_response((media, permit), &range, &media_type, &validators, length);
        let content_length = response.body().length();
        set(&mut response, header::CONTENT_LENGTH, &content_length.to_string());
        if *method == Method::HEAD {
            *response.body_mut() = ResponseBody::empty();
        }
        Ok(response)
    }

    fn validators(&self, media: &MediaFile, now: Timestamp) -> io::Result<Validators> {
        let version = media.version;
        let is_fresh = version.is_recent(now);
        let etag = if version.size() <= HASHED_BYTES {
            // another version may get the same version while it is fresh, so no tag is kept under it
            match self.tags.get(&version) {
                Some(tag) => tag,
                None => {
                    let tag = content_tag(media, version.size())?;
                    if !is_fresh && !version.is_recently_touched(now) && media.is_unchanged() {
                        self.tags.insert(version, Arc::clone(&tag));
                    }
                    tag
                }
            }
        } else {
            version_tag(&version)
        };
        let is_weak = is_fresh && version.size() > HASHED_BYTES;
        Ok(Validators {
            etag: format!("{}\"{etag}\"", if is_weak { "W/" } else { "" }),
            modified: Some(version.modified()).filter(|&at| at <= now),
            is_date_strong: !is_fresh,
        })
    }
}

fn content_tag(file: &MediaFile, size: u64) -> io::Result<Arc<str>> {
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
    Ok(short_hash(hasher.finalize()))
}

fn version_tag(version: &Version) -> Arc<str> {
    short_hash(blake3::hash(version.to_string().as_bytes()))
}

/// Half of a hash is more than enough for the versions of one file.
fn short_hash(hash: blake3::Hash) -> Arc<str> {
    hash.to_hex().chars().take(32).collect::<String>().into()
}

/// Evaluates `Range` and `If-Range` (RFC 9110, section 13.1.5).
fn evaluate_range(headers: &HeaderMap, validators: &Validators, length: u64) -> RequestedRange {
    let one = |name: HeaderName| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())?.to_str().ok()
    };
    let Some(value) = one(header::RANGE) else {
        return RequestedRange::Whole;
    };
    if headers.contains_key(header::IF_RANGE) {
        // only a strong validator ensures that the parts belong to one version, and a date must be equal
        let date = validators.modified.filter(|_| validators.is_date_strong).and_then(http_date);
        let is_strong_tag = validators.etag.starts_with('"');
        let is_same =
            one(header::IF_RANGE).is_some_and(|sent| (is_strong_tag && sent == validators.etag) || date.as_deref() == Some(sent));
        if !is_same {
            return RequestedRange::Whole;
        }
    }
    requested_range(value, length)
}

/// Returns the response with a range of a file.
fn range_response(
    file: (MediaFile, OwnedSemaphorePermit),
    range: &RequestedRange,
    media_type: &Mime,
    validators: &Validators,
    length: u64,
) -> Response<ResponseBody> {
    let one_part = |status, part: Range<u64>, file| {
        let body = ResponseBody::from_file(file, [BodyPart::File(part)]);
        file_response(status, Some(media_type), validators, body)
    };
    match range {
        RequestedRange::Whole | RequestedRange::Nothing => one_part(StatusCode::OK, 0..length, file),
        RequestedRange::Parts(parts) => match parts.as_slice() {
            [part] => {
                let mut response = one_part(StatusCode::PARTIAL_CONTENT, part.clone(), file);
                set(&mut response, header::CONTENT_RANGE, &content_range(part, length));
                response
            }
            parts => multipart_response(file, parts, media_type, validators, length),
        },
    }
}

fn content_range(part: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1))
}

/// Returns several parts of a file as `multipart/byteranges` (RFC 9110, section 14.6).
fn multipart_response(
    file: (MediaFile, OwnedSemaphorePermit),
    parts: &[Range<u64>],
    media_type: &Mime,
    validators: &Validators,
    length: u64,
) -> Response<ResponseBody> {
    // made of the file's tag and the parts, so that the file's author could not know it
    let boundary = short_hash(blake3::hash(format!("{} {parts:?}", validators.etag).as_bytes()));
    let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
    for part in parts {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
            content_type(media_type),
            content_range(part, length)
        );
        pieces.extend([BodyPart::Text(head.into()), BodyPart::File(part.clone())]);
    }
    pieces.push(BodyPart::Text(format!("\r\n--{boundary}--\r\n").into()));
    let mut response = file_response(
        StatusCode::PARTIAL_CONTENT,
        Some(media_type),
        validators,
        ResponseBody::from_file(file, pieces),
    );
    let multipart = format!("multipart/byteranges; boundary={boundary}");
    set(&mut response, header::CONTENT_TYPE, &multipart);
    response
}

/// Returns a response with the fields of a file. It has a `media_type` if content is sent.
fn file_response(
    status: StatusCode,
    media_type: Option<&Mime>,
    validators: &Validators,
    body: ResponseBody,
) -> Response<ResponseBody> {
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
    // a page of an author under the site's name could look like the site's own
    if is_of(&["html"]) {
        set(&mut response, header::CONTENT_DISPOSITION, "attachment");
    }
    response
}

/// Returns the media type. Texts are UTF-8.
fn content_type(media_type: &Mime) -> String {
    if media_type.type_() == "text" && media_type.get_param("charset").is_none() {
        format!("{media_type}; charset=utf-8")
    } else {
        media_type.to_string()
    }
}

fn set(response: &mut Response<ResponseBody>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

fn too_many_open() -> Response<Bytes> {
    unavailable("too many files are being sent; try again in a few seconds", 5)
}

/// Returns the response to a file that cannot be opened. Missing, hidden and misplaced files are all 404; a disk error is 503.
fn error_response(error: &MediaError) -> Response<ResponseBody> {
    let response = match error {
        MediaError::NotFound => problem(StatusCode::NOT_FOUND, "there is nothing at this address"),
        MediaError::Io(error) => {
            tracing::warn!(%error, "a file beside posts could not be read");
            problem(StatusCode::SERVICE_UNAVAILABLE, "the file cannot be read at the moment")
        }
    };
    response.map(ResponseBody::from)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Config;
    use crate::site::SiteInput;

    #[test]
    fn a_tag_is_cached_only_when_no_other_version_can_have_the_same_stamp() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.png"), "one").unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().to_owned();
        let config = Arc::new(Config::default());
        let now = Timestamp::now();
        let site = Site::build(&config, SiteInput::default(), now, None);
        let library = Library::new(Source::folder(root, &config.posts));
        let tag = |now| {
            let response = library.answer((&site, Viewer::Public), "a.png", &Method::GET, &HeaderMap::new(), now);
            assert_eq!(response.status(), StatusCode::OK);
            response.headers()[header::ETAG].to_str().unwrap().to_owned()
        };
        let first = tag(now);
        assert!(
            first.starts_with('"') && library.tags.is_empty(),
            "it is strong, and not cached"
        );
        // the content may be newer than its time, which may have been set back
        let file = std::fs::File::options().write(true).open(dir.path().join("a.png")).unwrap();
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
    fn a_large_file_has_a_weak_tag_while_it_is_fresh_and_no_date_ahead_of_the_clock() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().to_owned();
        let config = Arc::new(Config::default());
        for (name, size) in [("small.bin", HASHED_BYTES), ("large.bin", HASHED_BYTES + 1)] {
            let file = std::fs::File::create(dir.path().join(name)).unwrap();
            file.set_len(size).unwrap();
        }
        let now = Timestamp::now();
        let later = now + Duration::from_mins(1);
        let site = Site::build(&config, SiteInput::default(), now, None);
        let library = Library::new(Source::folder(root, &config.posts));
        let ask = |name: &str, headers: &HeaderMap, at: Timestamp| {
            library.answer((&site, Viewer::Public), name, &Method::GET, headers, at)
        };
        let fields = |name: &str, at: Timestamp| {
            let response = ask(name, &HeaderMap::new(), at);
            let headers = response.headers();
            let is_weak = headers[header::ETAG].to_str().unwrap().starts_with("W/");
            (is_weak, headers.contains_key(header::LAST_MODIFIED))
        };
        assert_eq!(fields("small.bin", now), (false, true));
        assert_eq!(fields("large.bin", now), (true, true));
        assert_eq!(fields("large.bin", later), (false, true));
        assert_eq!(fields("large.bin", now - Duration::from_mins(1)), (true, false));
        // no part is sent for the date of a fresh file, because a later version may have it too
        let date = ask("large.bin", &HeaderMap::new(), later).headers()[header::LAST_MODIFIED].clone();
        let part = HeaderMap::from_iter([
            (header::RANGE, HeaderValue::from_static("bytes=0-1")),
            (header::IF_RANGE, date),
        ]);
        assert_eq!(ask("large.bin", &part, now).status(), StatusCode::OK);
        assert_eq!(ask("large.bin", &part, later).status(), StatusCode::PARTIAL_CONTENT);
    }

    #[test]
    fn files_with_another_content_have_another_tag() {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().to_owned();
        let config = Arc::new(Config::default());
        let now = Timestamp::now();
        let site = Site::build(&config, SiteInput::default(), now, None);
        let library = Library::new(Source::folder(root, &config.posts));
        // longer than what is read at once
        let mut content = vec![b'x'; 100_000];
        let mut tags = std::collections::HashSet::new();
        for at in [0, 70_000, 99_999] {
            content[at] = b'y';
            std::fs::write(dir.path().join("a.bin"), &content).unwrap();
            let response = library.answer((&site, Viewer::Public), "a.bin", &Method::HEAD, &HeaderMap::new(), now);
            tags.insert(response.headers()[header::ETAG].clone());
        }
        assert_eq!(tags.len(), 3);
    }

    #[test]
    fn the_number_of_open_files_is_limited() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.png"), "one").unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().to_owned();
        let config = Arc::new(Config::default());
        let now = Timestamp::now();
        let site = Site::build(&config, SiteInput::default(), now, None);
        let library = Library::new(Source::folder(root, &config.posts)).with_open_files(2);
        let ask = |method: &Method| library.answer((&site, Viewer::Public), "a.png", method, &HeaderMap::new(), now);
        let first = [ask(&Method::GET), ask(&Method::GET)];
        let refused = ask(&Method::GET);
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "5");
        drop(first);
        for _ in 0..5 {
            assert_eq!(ask(&Method::HEAD).status(), StatusCode::OK, "HEAD leaves no file open");
        }
    }
}
