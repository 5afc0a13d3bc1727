//! Writes a site to a folder of files, for hosts that have only files.
//!
//! Each file has the body of the response to a plain GET of its address, so it is byte for byte what `serve` sends. The folder is made
//! beside the old one and takes its place at once: whoever reads it meanwhile, or a crash, finds the old files or the new ones, never a
//! mixture. Files of this program are replaced or removed; all others stay. A process that writes again makes only the documents that
//! the change concerns.
//!
//! - `addresses`: the addresses that a site answers, and those that it answered once
//! - `layout`: the file for each address
//! - `folder`: the new folder, and how it takes the place of the old one; `manifest`: what the last run wrote
//! - `hosts`: redirects and response headers, in the form of each host

mod addresses;
mod folder;
pub mod hosts;
mod layout;
mod manifest;

use std::collections::{HashMap, HashSet};
use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};
use http::{HeaderMap, Response, StatusCode, header};

use self::addresses::DocumentAddress;
pub use self::folder::WriteError;
use self::folder::{NewFolder, SpareFolder};
use self::hosts::{Host, HostRedirect, SampleHeaders};
pub use self::layout::FileLayout;
use crate::http::request::Request;
use crate::http::routes::answer;
use crate::http::target::Target;
use crate::render::encode::{Coding, Document};
use crate::site::unchanged::Unchanged;
use crate::site::{AddressOwner, Site, Viewer};
use crate::source::Source;
use crate::time::Timestamp;

/// Files below this size are not compressed: a packet holds them anyway.
const SMALLEST_COMPRESSED: usize = 1024;
/// The codings of compressed copies, with the ending of their files.
const COPIES: [(Coding, &str); 2] = [(Coding::Gzip, "gz"), (Coding::Brotli, "br")];

/// What is written, and where.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Options {
    /// The hosts whose files with redirects and headers are written. Without one that redirects, an old address has a redirect page.
    pub hosts: Vec<Host>,
    /// The files of pages.
    pub layout: FileLayout,
    /// Whether compressed copies (`.gz`, `.br`) are written beside files, for servers that send them.
    pub compresses: bool,
    /// Whether the Markdown of posts is left out.
    pub omits_markdown: bool,
    /// Whether pages and feeds of tags, authors and sections are left out.
    pub omits_scopes: bool,
    /// How many files may be removed; `None` for the usual limit.
    pub max_deletes: Option<usize>,
    /// Whether a folder that another program wrote is taken over.
    pub takes_over: bool,
    /// Whether this process will write again: then the folder before stays beside the new one for the next run.
    pub writes_again: bool,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct BuildReport {
    /// The number of files in the folder that are the program's.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them are new or have other bytes than before.
    pub written: usize,
    /// How many documents were not made again, because they are those of the last run.
    pub kept: usize,
    /// How many files of the run before were removed.
    pub removed: usize,
    /// What a reader of the folder misses, each as a sentence.
    pub notes: Vec<String>,
    /// When the site changes next without an edit.
    pub next_due: Option<Timestamp>,
    /// Whether the folder could not be exchanged at once, so its files were replaced one after the other.
    pub was_replaced_in_place: bool,
}

/// The site that a run wrote, and the files of its addresses.
#[derive(Debug)]
pub struct WrittenSite {
    site: Arc<Site>,
    files: HashMap<String, Utf8PathBuf>,
    /// The next run takes it.
    spare: Mutex<Option<SpareFolder>>,
}

/// Writes `site`, whose media files are in `source`, to the folder `out`. Documents that are as in `previous`, which was written there with
/// the same options, are not made again. `done` counts the addresses that are finished.
///
/// # Errors
///
/// [`WriteError`]. The folder is as it was before.
pub fn write(
    site: &Arc<Site>,
    previous: Option<&WrittenSite>,
    source: &Source,
    out: &Utf8Path,
    options: &Options,
    done: &AtomicUsize,
) -> Result<(BuildReport, WrittenSite), WriteError> {
    let spare = previous.and_then(|written| written.spare.lock().unwrap_or_else(PoisonError::into_inner).take());
    let folder = NewFolder::begin(out, options.takes_over, newest_change(site), spare)?;
    let addresses = addresses::documents(site, options);
    let writer = Writer {
        site,
        source,
        options,
        folder: &folder,
        done,
        previous: previous.and_then(|written| Some((site.unchanged_since(&written.site)?, &written.files))),
        written: Mutex::default(),
    };
    writer.write_all(&addresses)?;
    writer.write_media()?;
    if let Some(page) = site.missing_page() {
        writer.put("404.html".into(), page.bytes(), None)?;
    }
    let mut report = BuildReport {
        next_due: site.next_due(),
        ..BuildReport::default()
    };
    writer.write_former_addresses(&mut report)?;
    let written = writer.written.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.notes.extend(notes(site, &written.unwritable));
    report.kept = written.kept;
    if let Some(due) = report.next_due {
        folder.put(Utf8Path::new(".feedmill-next"), format!("{due}\n").as_bytes(), None)?;
    }
    let is_empty = site.index.posts().is_empty();
    let spare = folder.finish(is_empty, options.max_deletes, options.writes_again, &mut report)?;
    let written = WrittenSite {
        site: Arc::clone(site),
        files: written.by_address,
        spare: Mutex::new(spare),
    };
    Ok((report, written))
}

/// The latest time at which a file, a post or its absence changed what the site shows. It depends on files and ledger alone.
fn newest_change(site: &Site) -> Timestamp {
    let now = site.built();
    let posts = site.all().iter().map(|post| {
        let dates = [post.touched.timestamp(), post.modified().timestamp(), post.date.timestamp()];
        dates
            .into_iter()
            .filter(|at| *at <= now)
            .max()
            .unwrap_or(Timestamp::UNIX_EPOCH)
    });
    let departures = site.departures().iter().map(|departure| departure.at);
    posts
        .chain(departures)
        .filter(|at| *at <= now)
        .max()
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What the threads that write share.
struct Writer<'a> {
    site: &'a Site,
    source: &'a Source,
    options: &'a Options,
    folder: &'a NewFolder,
    done: &'a AtomicUsize,
    /// What is the same as in the last run, and the files of its addresses.
    previous: Option<(Unchanged<'a>, &'a HashMap<String, Utf8PathBuf>)>,
    written: Mutex<WrittenFiles>,
}

/// The files that were written so far.
#[derive(Debug, Default)]
struct WrittenFiles {
    files: HashSet<Utf8PathBuf>,
    /// The files of documents, by address.
    by_address: HashMap<String, Utf8PathBuf>,
    /// How many of them were not made again.
    kept: usize,
    /// Addresses without a file, each with the reason.
    unwritable: Vec<(String, &'static str)>,
}

impl Writer<'_> {
    /// Writes the documents at `addresses`, on as many threads as there are cores.
    fn write_all(&self, addresses: &[DocumentAddress]) -> Result<(), WriteError> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), WriteError> {
            while let Some(address) = addresses.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.write_document(address)?;
                self.done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut result = work();
            for other in others {
                let ended = other
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a thread panicked").into()));
                result = result.and(ended);
            }
            result
        })
    }

    /// Takes the file of `address` from the last run, if its document is the same. Returns whether it is.
    fn keep_document(&self, address: &DocumentAddress) -> Result<bool, WriteError> {
        let Some((unchanged, files)) = &self.previous else {
            return Ok(false);
        };
        let name = address.file_path();
        let Some(file) = files.get(&name).filter(|_| address.is_same(unchanged)) else {
            return Ok(false);
        };
        if self.lock().files.contains(file) || !self.folder.keep(file, &COPIES.map(|(_, ending)| ending))? {
            return Ok(false);
        }
        let mut written = self.lock();
        written.files.insert(file.clone());
        written.by_address.insert(name, file.clone());
        written.kept += 1;
        Ok(true)
    }

    fn write_document(&self, address: &DocumentAddress) -> Result<(), WriteError> {
        if self.keep_document(address)? {
            return Ok(());
        }
        if self
            .previous
            .as_ref()
            .is_some_and(|(unchanged, _)| !address.has_texts(unchanged))
        {
            return Err(WriteError::Unreadable(address.path.clone()));
        }
        let response = get(self.site, &address.path, &address.query, self.site.built());
        match response.status() {
            StatusCode::OK => {}
            // a configured redirect has the address, and is written with the others; the text of 404 answers has none
            StatusCode::MOVED_PERMANENTLY | StatusCode::NOT_FOUND => return Ok(()),
            StatusCode::SERVICE_UNAVAILABLE => return Err(WriteError::Unreadable(address.path.clone())),
            status => {
                let message = format!("{} is answered with {status}", address.path);
                return Err(io::Error::other(message).into());
            }
        }
        let media_type = media_type(response.headers());
        let file = match self.options.layout.file_of(&address.file_path(), &media_type) {
            Ok(file) => file,
            Err(why) => {
                self.lock().unwritable.push((address.path.clone(), why));
                return Ok(());
            }
        };
        let modified = response
            .headers()
            .get(header::LAST_MODIFIED)
            .and_then(|value| Timestamp::try_from(httpdate::parse_http_date(value.to_str().ok()?).ok()?).ok());
        if self.put(&file, response.body(), modified)? {
            self.lock().by_address.insert(address.file_path(), file);
        }
        Ok(())
    }

    /// Writes `file` and its compressed copies, unless another address has it. Returns whether it did.
    fn put(&self, file: &Utf8Path, bytes: &Bytes, modified: Option<Timestamp>) -> Result<bool, WriteError> {
        {
            let mut written = self.lock();
            if !written.files.insert(file.to_owned()) {
                written
                    .unwritable
                    .push((format!("/{file}"), "another address has the same file"));
                return Ok(false);
            }
        }
        let modified = self.folder.put(file, bytes, modified)?;
        if self.options.compresses && bytes.len() >= SMALLEST_COMPRESSED {
            let document = Document::new("", bytes.clone());
            for (coding, ending) in COPIES {
                let coded = &document.encoded(coding).bytes;
                if coded.len() * 20 < bytes.len() * 19 {
                    self.folder
                        .put(Utf8Path::new(&format!("{file}.{ending}")), coded, Some(modified))?;
                }
            }
        }
        Ok(true)
    }

    /// Writes the media files that everybody may read.
    fn write_media(&self) -> Result<(), WriteError> {
        for path in self.site.index.files() {
            let is_public = self.source.is_media_name(path)
                && self
                    .site
                    .may_read_file(path, Viewer::Public, |path| self.source.has_file(path));
            if !is_public {
                continue;
            }
            let Ok(media) = self.source.open_media(path) else { continue };
            let file = Utf8Path::new("media").join(path);
            self.folder.put_media(&file, &media)?;
            // a static file is at the root too, unless something else is there
            let folder = &self.site.config().posts.static_folder;
            if let Ok(below) = path.strip_prefix(folder)
                && !folder.as_str().is_empty()
                && matches!(self.site.holder(&format!("/{below}")), Some(AddressOwner::File(_)))
                && self.lock().files.insert(below.to_owned())
            {
                self.folder.put_media(below, &media)?;
            }
        }
        Ok(())
    }

    /// Writes what is at addresses that posts had: redirects in the form of each host, else pages that lead on.
    fn write_former_addresses(&self, report: &mut BuildReport) -> Result<(), WriteError> {
        let (mut redirects, mut gone) = (Vec::new(), Vec::new());
        for former in addresses::former(self.site) {
            let response = get(self.site, &former.path, &former.query, self.site.built());
            match response.status() {
                StatusCode::MOVED_PERMANENTLY => {
                    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
                    redirects.extend(location.map(|to| HostRedirect {
                        is_public: !self.leads_to_unlisted(to),
                        from: former.path,
                        query: former.query,
                        to: to.to_owned(),
                        is_feed: former.is_feed,
                    }));
                }
                StatusCode::GONE => gone.push(former.path),
                _ => {}
            }
        }
        let samples = SampleHeaders::of(self.site);
        let files = hosts::files(&self.options.hosts, &redirects, &gone, &samples, report);
        for (path, text) in files.texts {
            self.put(path.into(), &text.into(), None)?;
        }
        for redirect in files.as_pages {
            self.write_redirect_page(redirect)?;
        }
        Ok(())
    }

    /// Writes a page that leads on. Programs do not follow one, so at an address of a file they get a copy of the document.
    fn write_redirect_page(&self, redirect: &HostRedirect) -> Result<(), WriteError> {
        let name = redirect.from.rsplit('/').next().unwrap_or_default();
        let (bytes, media_type) = match name.rsplit_once('.') {
            Some((_, ending)) if !ending.starts_with("htm") => match self.copy_for(ending, &redirect.to) {
                Some(copy) => (copy, ""),
                None => return Ok(()),
            },
            // a feed of other software, at an address that tells no host its type
            _ if redirect.is_feed => return Ok(()),
            _ => (hosts::redirect_page(&redirect.to).into(), "text/html"),
        };
        let Ok(file) = self.options.layout.file_of(&redirect.from, media_type) else {
            return Ok(());
        };
        let is_taken = self.lock().files.contains(&file);
        if is_taken {
            return Ok(());
        }
        self.put(&file, &bytes, None)?;
        Ok(())
    }

    /// The document at the address `to`, if hosts send it with the same type at an address with this `ending`.
    fn copy_for(&self, ending: &str, to: &str) -> Option<Bytes> {
        let path = to.strip_prefix(&self.site.config().base())?;
        let is_same_kind = path.rsplit_once('.').is_some_and(|(_, own)| own == ending)
            || matches!((ending, path.rsplit_once('.')), ("rss" | "atom", Some((_, "xml"))));
        let response = is_same_kind.then(|| get(self.site, path, "", self.site.built()))?;
        (response.status() == StatusCode::OK).then(|| response.into_body())
    }

    /// Whether the address `to` is that of an unlisted post, which no file may name.
    fn leads_to_unlisted(&self, to: &str) -> bool {
        let base = self.site.config().base();
        let path = to.strip_prefix(&base).unwrap_or(to);
        let Some(Target::Address(address)) = Target::parse(path.split(['?', '#']).next().unwrap_or(path)) else {
            return false;
        };
        let markdown = address.strip_suffix(".md").unwrap_or(&address);
        let mut posts = [&*address, markdown]
            .into_iter()
            .filter_map(|at| self.site.index.by_address(at));
        posts.any(|post| self.site.is_hidden_from_engines(post))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, WrittenFiles> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the response to a GET without request headers.
fn get(site: &Site, path: &str, query: &str, now: Timestamp) -> Response<Bytes> {
    let target = Target::parse(path);
    let headers = HeaderMap::new();
    answer(site, &Request::new(target.as_ref(), path, query, &headers, now))
}

/// The media type in `headers`, without parameters.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// What the folder lacks, for its author.
fn notes(site: &Site, unwritable: &[(String, &'static str)]) -> Vec<String> {
    let mut notes = Vec::new();
    if site.config().is_static {
        notes.push(
            "a host of files has no search, no `/feed` that asks which format a reader wants, and no queries to `/api/posts`"
                .to_owned(),
        );
    }
    let shown = unwritable.iter().take(SHOWN);
    notes.extend(shown.map(|(address, why)| format!("{address} has no file: {why}")));
    if unwritable.len() > SHOWN {
        notes.push(format!("{} more addresses have no file", unwritable.len() - SHOWN));
    }
    notes
}

/// The most addresses that the report names.
const SHOWN: usize = 10;
