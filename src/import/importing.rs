//! Imports the posts of an export into a folder.
//!
//! The export is read twice: first to choose the file of each post, so that links between posts can name files, then to write them. So
//! only one post is in memory at a time. A post whose id a file already has is left alone: a second import writes nothing. The one
//! exception are media that an earlier import did not fetch: they are fetched, and the file of their post is written again, unless its
//! author edited it since.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;
use url::Url;

use super::export::{Export, ReadProgress};
use super::files::{self, FileNames};
use super::imported::{Audience, FoundItem, ImportedDate, ImportedKind, ImportedPost};
use super::links::LinkTable;
use super::media::{MediaMode, MediaPlace, MediaStore};
use super::old_ids::OldIds;
use super::post_body::ImportedBody;
use crate::diagnostic::plain_error;
use crate::outgoing::Client;
use crate::time::Timestamp;

/// The most lines of one kind in a report.
const MOST_LINES: usize = 10_000;

/// How an export is imported.
#[derive(Debug)]
pub struct ImportOptions {
    /// The posts folder.
    pub posts: Utf8PathBuf,
    /// What happens to pictures, sound and video.
    pub media: MediaMode,
    /// Whether the HTML of each post is written beside its file, as the export has it.
    pub keeps_html: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// The ids in the old feeds.
    pub old_ids: OldIds,
    /// The address of the old site, where the export does not say it.
    pub home: Option<Url>,
    /// Fetches media.
    pub client: Client,
    /// The present instant.
    pub now: Timestamp,
}

/// The number of things of one type and state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The type, in the words of the tool.
    pub kind: String,
    /// The state, in the words of the tool.
    pub state: String,
    /// What became of it: `public`, `scheduled`, `draft`, `private`, `left out`.
    pub became: String,
    /// Why it was left out; empty if that is usual for its type.
    pub why: String,
    /// How many there are.
    pub count: usize,
}

/// Something that could not be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// The file here.
    pub file: Utf8PathBuf,
    /// Its place in the export.
    pub place: String,
    /// What was lost.
    pub what: String,
}

/// A mistake in the export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// Its place in the export.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

/// The result of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// The tool that wrote the export.
    pub format: String,
    /// The title of the old site.
    pub title: String,
    /// Its first page.
    pub home: Option<Url>,
    /// The address at which its feed usually is.
    pub feed: Option<Url>,
    /// Counts by type and state.
    pub counts: Vec<Count>,
    /// New files.
    pub written: Vec<Utf8PathBuf>,
    /// Files of an earlier import, written again with media that it had not fetched.
    pub completed: Vec<Utf8PathBuf>,
    /// The number of posts that were here already.
    pub already_here: usize,
    /// What could not be kept.
    pub losses: Vec<Loss>,
    /// Shortcodes that stay in the text as they are, with the number of posts that have them.
    pub shortcodes: BTreeMap<String, usize>,
    /// Mistakes in the export.
    pub mistakes: Vec<Mistake>,
    /// Comments, which are not imported.
    pub comments: usize,
    /// Media that were fetched.
    pub media_fetched: usize,
    /// Media that are on other servers.
    pub media_elsewhere: usize,
    /// How many of these could not be fetched.
    pub media_failed: usize,
    /// The number of lines that are not in these lists.
    pub more_lines: usize,
}

/// Imports `export`. `progress` gets the bytes and the items read so far.
///
/// # Errors
///
/// If the export or the posts folder cannot be read, or a file cannot be written.
pub(crate) fn import_posts(
    export: &Export,
    options: &ImportOptions,
    progress: &mut ReadProgress,
) -> Result<ImportReport, String> {
    let site = export.site();
    let home = site.home.clone().or_else(|| options.home.clone());
    let existing = files::existing_ids(&options.posts)
        .map_err(|error| format!("{} cannot be read: {}", options.posts, plain_error(&error)))?;
    let plan = plan_files(export, options, &existing, home.as_ref(), progress)?;
    let mut importer = Importer {
        options,
        links: &plan,
        existing: &existing,
        ids: IdChooser::new(&options.old_ids),
        counts: BTreeMap::new(),
        index: 0,
        store: MediaStore::new(&options.client, export.archive()),
        report: ImportReport {
            format: export.format().to_owned(),
            title: site.title.clone(),
            feed: site.feed.clone(),
            home,
            ..ImportReport::default()
        },
        failed: None,
    };
    export.read(progress, &mut |found| importer.add(found))?;
    importer.finish()
}

/// Chooses the file of every post.
fn plan_files(
    export: &Export,
    options: &ImportOptions,
    existing: &HashMap<String, Utf8PathBuf>,
    home: Option<&Url>,
    progress: &mut ReadProgress,
) -> Result<LinkTable, String> {
    let mut links = LinkTable::new(home);
    let mut names = FileNames::new(&options.posts, options.media == MediaMode::Fetch);
    let mut ids = IdChooser::new(&options.old_ids);
    export.read(progress, &mut |found| {
        if let FoundItem::Post(post) = found {
            let file = match ids.choose(&post) {
                Some(id) => existing.get(&id).cloned().unwrap_or_else(|| names.choose(&post)),
                None => Utf8PathBuf::new(),
            };
            links.add(&post, &file);
        }
    })?;
    Ok(links)
}

/// Chooses the id of each post of an export, in order.
struct IdChooser<'a> {
    old_ids: &'a OldIds,
    /// Hashes of the ids that were given, and of what identifies their posts in the export.
    given: HashMap<u64, u64>,
}

impl<'a> IdChooser<'a> {
    fn new(old_ids: &'a OldIds) -> IdChooser<'a> {
        IdChooser {
            old_ids,
            given: HashMap::new(),
        }
    }

    /// The id that `post` gets: the one in the old feed, else the one in the export, else one made of what identifies it there. `None` if
    /// the export has the post twice. Of two posts with one id, the second gets another.
    fn choose(&mut self, post: &ImportedPost) -> Option<String> {
        let id = match self.old_ids.id_of(post) {
            Some(id) => id.to_owned(),
            None if is_usable_id(&post.id) => post.id.clone(),
            None => id_from(&post.source_key),
        };
        let key = hash(&post.source_key);
        match self.given.get(&hash(&id)) {
            None => {
                self.given.insert(hash(&id), key);
                Some(id)
            }
            Some(known) if *known == key => None,
            Some(_) => {
                let own = id_from(&post.source_key);
                self.given.insert(hash(&own), key).is_none().then_some(own)
            }
        }
    }
}

/// An id made of `key`: a UUID of version 8 (RFC 9562).
fn id_from(key: &str) -> String {
    let hash = blake3::hash(key.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let (a, b) = (&hex[..8], &hex[8..12]);
    format!("urn:uuid:{a}-{b}-{}-{}-{}", &hex[12..16], &hex[16..20], &hex[20..])
}

/// Whether the front matter can have `id`.
fn is_usable_id(id: &str) -> bool {
    !id.trim().is_empty()
        && id.trim() == id
        && id.len() <= 1000
        && !id.contains(|c: char| c.is_control() || crate::post::is_forbidden(c))
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The import of one export.
struct Importer<'a> {
    options: &'a ImportOptions,
    links: &'a LinkTable,
    existing: &'a HashMap<String, Utf8PathBuf>,
    ids: IdChooser<'a>,
    /// By type, state, result and reason.
    counts: BTreeMap<(String, String, String, String), usize>,
    /// The number of the next post in the export.
    index: usize,
    store: MediaStore<'a>,
    report: ImportReport,
    /// Why a file could not be written.
    failed: Option<String>,
}

impl Importer<'_> {
    fn add(&mut self, found: FoundItem) {
        if self.failed.is_some() {
            return;
        }
        match found {
            FoundItem::LeftOut { kind, state, why } => self.count(&kind, &state, "left out", &why),
            FoundItem::Mistake { place, message } => {
                if self.report.mistakes.len() < MOST_LINES {
                    self.report.mistakes.push(Mistake { place, message });
                } else {
                    self.report.more_lines += 1;
                }
            }
            FoundItem::Post(post) => self.add_post(*post),
        }
    }

    fn count(&mut self, kind: &str, state: &str, became: &str, why: &str) {
        let key = (kind.to_owned(), state.to_owned(), became.to_owned(), why.to_owned());
        *self.counts.entry(key).or_default() += 1;
    }

    fn add_post(&mut self, mut post: ImportedPost) {
        let file = self.links.file(self.index).map(Utf8Path::to_owned);
        self.index += 1;
        let Some(id) = self.ids.choose(&post) else {
            self.count(post.kind.name(), &post.state, "left out", "the export has it twice");
            return;
        };
        let Some(file) = file else { return };
        self.count(post.kind.name(), &post.state, self.became(&post), "");
        self.report.comments += post.comments;
        for name in &post.shortcodes {
            *self.report.shortcodes.entry(name.clone()).or_default() += 1;
        }
        if let Some(known) = self.existing.get(&id) {
            self.report.already_here += 1;
            if self.fetches() {
                self.fetch_missing(post, &id, known);
            }
            return;
        }
        let html = self.options.keeps_html.then(|| post.html.clone());
        let body = self.markdown(&mut post, &file);
        let text = files::file_text(&post, &id, &body);
        // the post is the last, so that a run that is interrupted before it writes both again
        let html = html.map(|html| (file.with_extension(files::HTML_EXTENSION), html));
        for (file, text) in html.into_iter().chain([(file.clone(), text)]) {
            if !self.write(&file, &text) {
                return;
            }
        }
        if post.date.is_none() && post.kind == ImportedKind::Post && post.audience == Audience::Everybody {
            post.losses
                .push("the export has no date of it, so that of its file counts: write `date:` into the file".to_owned());
        }
        self.report_losses(&file, &post.place, post.losses);
        self.report.written.push(file);
    }

    /// Writes the new file `file`, and returns whether it could. The HTML of a run that was interrupted is there already.
    fn write(&mut self, file: &Utf8Path, text: &str) -> bool {
        let path = self.options.posts.join(file);
        let is_there = || file.as_str().ends_with(files::HTML_EXTENSION) && path.exists();
        if self.options.dry_run || is_there() {
            return true;
        }
        let written = files::write_new(&path, text.as_bytes());
        if let Err(error) = &written {
            self.failed = Some(format!("{path} cannot be written: {}", plain_error(error)));
        }
        written.is_ok()
    }

    /// Whether media are fetched.
    fn fetches(&self) -> bool {
        self.options.media == MediaMode::Fetch && !self.options.dry_run
    }

    /// Fetches the media that an earlier import of `post` left where they were, and writes its file again unless somebody edited it.
    fn fetch_missing(&mut self, mut post: ImportedPost, id: &str, file: &Utf8Path) {
        let place = MediaPlace::of(&self.options.posts, file);
        let mut body = ImportedBody::new(&mut post, self.links, file, MediaMode::Fetch);
        MediaStore::find_existing(body.media(), &place);
        let missing: Vec<String> = body.media().missing().cloned().collect();
        if missing.is_empty() {
            return;
        }
        let before = body.markdown(&mut post).markdown;
        let before = files::file_text(&post, id, &before);
        let path = self.options.posts.join(file);
        let Ok(there) = std::fs::read_to_string(&path) else { return };
        if there != before {
            let named = missing.iter().filter(|address| there.contains(*address)).count();
            if named > 0 {
                let what = format!(
                    "{named} of its pictures and files were not fetched, because the file was edited after its import; move it away and import \
                     again, or fetch them by hand"
                );
                self.report.media_failed += named;
                self.report_losses(file, &post.place, vec![what]);
            }
            return;
        }
        let losses = self.store.fetch_all(body.media(), &place);
        self.report.media_failed += losses.len();
        self.report.media_fetched += missing.len() - body.media().missing().count();
        self.report_losses(file, &post.place, losses);
        let after = body.markdown(&mut post).markdown;
        let after = files::file_text(&post, id, &after);
        if after != before {
            match files::replace(&path, after.as_bytes()) {
                Ok(()) => self.report.completed.push(file.to_owned()),
                Err(error) => self.failed = Some(format!("{path} cannot be written: {}", plain_error(&error))),
            }
        }
    }

    /// What becomes of `post`, in a word.
    fn became(&self, post: &ImportedPost) -> &'static str {
        let is_ahead = post
            .date
            .and_then(ImportedDate::moment)
            .is_some_and(|date| date.timestamp() > self.options.now);
        match post.audience {
            Audience::Draft => "draft",
            Audience::Private => "private",
            Audience::Everybody if is_ahead => "scheduled",
            Audience::Everybody => "public",
        }
    }

    fn report_losses(&mut self, file: &Utf8Path, place: &str, losses: Vec<String>) {
        for what in losses {
            if self.report.losses.len() < MOST_LINES {
                self.report.losses.push(Loss {
                    file: file.to_owned(),
                    place: place.to_owned(),
                    what,
                });
            } else {
                self.report.more_lines += 1;
            }
        }
    }

    /// The Markdown of `post`, whose media are beside it or where they were. Its picture is one of them.
    fn markdown(&mut self, post: &mut ImportedPost, file: &Utf8Path) -> String {
        let mut body = ImportedBody::new(post, self.links, file, self.options.media);
        if self.fetches() {
            let losses = self.store.fetch_all(body.media(), &MediaPlace::of(&self.options.posts, file));
            self.report.media_failed += losses.len();
            post.losses.extend(losses);
        }
        if self.options.media == MediaMode::Link {
            post.losses.extend(self.store.media_without_site(body.media()));
        }
        let converted = body.markdown(post);
        if converted.is_html {
            post.losses
                .push("Markdown would have lost words of it, so it stays HTML".to_owned());
        }
        let stored = body.media().stored.len();
        self.report.media_fetched += stored;
        self.report.media_elsewhere += body.media().wanted.len() - stored;
        converted.markdown
    }

    fn finish(self) -> Result<ImportReport, String> {
        if let Some(why) = self.failed {
            return Err(why);
        }
        let mut report = self.report;
        report.counts = self
            .counts
            .into_iter()
            .map(|((kind, state, became, why), count)| Count {
                kind,
                state,
                became,
                why,
                count,
            })
            .collect();
        Ok(report)
    }
}
