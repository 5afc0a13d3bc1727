//! What answers and changes cost, in counts that are exact on any machine: a guard against growth that no clock is needed for.
//!
//! Each count has a bound with the reason for it. Who makes something cheaper lowers the bound; who needs more raises it and says
//! what for.

mod allocations;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod memory;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use camino::Utf8PathBuf;
use feedmill::config::Config;
use feedmill::http::filter::answer_at_once;
use feedmill::http::media::Library;
use feedmill::http::request::Request;
use feedmill::http::request_context::RequestContext;
use feedmill::http::routes::answer;
use feedmill::http::server::RequestHead;
use feedmill::http::target::Target;
use feedmill::identity::{Digest, Fingerprint, Likeness, PostRecord, Record};
use feedmill::publisher::site_builder::{CycleOutcome, SiteBuilder};
use feedmill::render::encode::Document;
use feedmill::render::{Format, Place};
use feedmill::site::Site;
use feedmill::source::Source;
use feedmill::source::watch::{Hints, How, Watching};
use feedmill::source_file::SourceFile;
use feedmill::storage::{RecordChange, Storage};
use feedmill::time::Timestamp;
use http::{HeaderMap, HeaderValue, Response, header};
use tempfile::TempDir;

/// A folder of posts, and the press that makes sites of it.
struct Printer {
    folder: TempDir,
    builder: SiteBuilder,
    begun: Instant,
    site: Arc<Site>,
}

/// Enough posts for archives, of which none holds the newest, and for tags that most posts do not have.
const POSTS: usize = 110;

impl Printer {
    fn of(posts: usize) -> Printer {
        let folder = TempDir::new().unwrap();
        for number in 0..posts {
            fs::write(folder.path().join(name(number)), text(number, "first")).unwrap();
        }
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let mut builder = SiteBuilder::new(&Arc::default(), root, None, Timestamp::now());
        let begun = Instant::now();
        let site = builder.open(Watching::Native, begun).unwrap().site.unwrap();
        assert_eq!(site.index.posts().len(), posts);
        Printer {
            folder,
            builder,
            begun,
            site,
        }
    }

    /// Puts another version of post `number` in place, whole; what the watch says of that.
    fn rewrite(&self, number: usize, words: &str, hints: &mut Hints) {
        let aside = self.folder.path().join(".aside");
        fs::write(&aside, text(number, words)).unwrap();
        fs::rename(aside, self.folder.path().join(name(number))).unwrap();
        hints.add(name(number).into(), How::Moved);
    }

    fn turn(&mut self, hints: &Hints) -> CycleOutcome {
        let outcome = self
            .builder
            .run_cycle(hints, Watching::Native, Timestamp::now(), self.begun.elapsed());
        if let Some(site) = &outcome.site {
            self.site = Arc::clone(site);
        }
        outcome
    }

    /// Post `number` is saved again, and the site that follows.
    fn save(&mut self, number: usize, words: &str) -> CycleOutcome {
        let mut hints = Hints::default();
        self.rewrite(number, words, &mut hints);
        self.turn(&hints)
    }
}

fn name(number: usize) -> String {
    format!("{number:04}.md")
}

fn text(number: usize, words: &str) -> String {
    let (day, tag) = (number % 28 + 1, number % 7);
    let (year, month) = (2000 + number / 336, number / 28 % 12 + 1);
    format!("---\ntitle: Post {number}\ndate: {year}-{month:02}-{day:02}\ntags: [tag{tag}]\n---\n\nThe {words} version.\n")
}

/// Every feed there is: what it is called and the document.
fn feeds(site: &Site) -> BTreeMap<String, Arc<Document>> {
    let mut feeds = BTreeMap::new();
    for (scope, _) in site.index.scopes() {
        let archives = (1..=site.archives(scope)).map(Place::Archive);
        for place in std::iter::once(Place::Newest).chain(archives) {
            for format in Format::ALL {
                let document = site.feed(scope, place, format).unwrap();
                feeds.insert(format!("{} {place:?} {format:?}", scope.path()), document);
            }
        }
    }
    feeds
}

/// What is in `after` and was not in `before`.
fn anew<T>(before: &BTreeMap<String, Arc<T>>, after: &BTreeMap<String, Arc<T>>) -> Vec<String> {
    let is_same = |name: &str, document| before.get(name).is_some_and(|before| Arc::ptr_eq(before, document));
    let made = after.iter().filter(|(name, document)| !is_same(name, document));
    made.map(|(name, _)| name.clone()).collect()
}

fn posts(site: &Site) -> BTreeMap<String, Arc<feedmill::post::Post>> {
    site.all()
        .iter()
        .map(|post| (post.source.to_string(), Arc::clone(post)))
        .collect()
}

#[test]
fn a_change_reads_the_post_that_changed_and_no_other() {
    let mut printer = Printer::of(POSTS);
    let before = posts(&printer.site);
    // this one changes as well, and nobody says so: if it shows, files are read that nothing was heard of
    printer.rewrite(5, "untold", &mut Hints::default());
    let outcome = printer.save(POSTS - 1, "second");
    assert_eq!(outcome.posts.len(), 1);
    assert_eq!(anew(&before, &posts(&printer.site)), [name(POSTS - 1)]);
}

#[test]
fn a_change_makes_the_documents_anew_that_tell_of_it_and_no_other() {
    let mut printer = Printer::of(POSTS);
    for (number, places, why) in [
        (
            POSTS - 1,
            [" Newest".to_owned(), format!("/tags/tag{} Newest", (POSTS - 1) % 7)],
            "the newest post is in the site's feeds and its tag's",
        ),
        (
            0,
            [" Archive(1)".to_owned(), "/tags/tag0 Newest".to_owned()],
            "the oldest is in an archive and its tag's feeds",
        ),
    ] {
        let before = feeds(&printer.site);
        printer.save(number, "second");
        let expected: Vec<String> = places
            .iter()
            .flat_map(|place| ["Atom", "Json", "Rss"].map(|format| format!("{place} {format}")))
            .collect();
        assert_eq!(anew(&before, &feeds(&printer.site)), expected, "{why}");
    }
}

/// The site's three feeds, each in three codings.
const ENCODED_PER_CHANGE: usize = 9;

#[test]
fn a_change_encodes_the_feeds_of_the_site_and_leaves_the_rest_until_it_is_asked_for() {
    let mut printer = Printer::of(POSTS);
    printer.save(POSTS - 1, "second");
    let encoded: usize = feeds(&printer.site).values().map(|document| document.tags().len() - 1).sum();
    let documents = Format::ALL.len();
    assert!(encoded + documents <= ENCODED_PER_CHANGE, "{encoded} codings beside identity");
}

#[test]
fn what_changes_nothing_builds_nothing() {
    let mut printer = Printer::of(POSTS);
    let builds = printer.turn(&Hints::default()).health.builds;
    let outcome = printer.turn(&Hints::everything());
    assert!(outcome.site.is_none());
    assert_eq!(outcome.health.builds, builds);
}

/// A change looks at what changed: how many other posts there are adds to it no more than the depth of trees.
#[test]
fn a_change_costs_the_same_among_many_posts() {
    let asked_for_memory = |posts: usize| {
        let mut printer = Printer::of(posts);
        // the first change after a start makes what later ones keep
        printer.save(posts - 1, "second");
        allocations::counted(|| printer.save(posts - 1, "third")).1
    };
    let (among_few, among_many) = (asked_for_memory(2 * POSTS), asked_for_memory(20 * POSTS));
    assert!(
        2 * among_many <= 3 * among_few,
        "{among_many} allocations, and {among_few} among a tenth of the posts"
    );
}

/// As many posts, and ten times as many, went before.
const WENT: usize = 200;

/// A press that remembers, beside its own posts, so many that were withdrawn at `instant`.
fn remembering(withdrawn: usize, instant: Timestamp) -> Printer {
    let mut printer = Printer::of(POSTS);
    let post = printer.site.post(name(0).as_str().into()).unwrap();
    let record = PostRecord::of(post, Timestamp::UNIX_EPOCH);
    let records = (POSTS..).take(withdrawn).map(|number| {
        let text = Digest::of(&number.to_le_bytes());
        let content = Fingerprint {
            text,
            shown: text,
            likeness: Likeness(number as u64),
        };
        Record::Post(Box::new(PostRecord {
            id: format!("urn:made-up:{number}"),
            source: name(number).into(),
            title: format!("Post {number}"),
            slug: format!("{number:04}"),
            wanted: format!("/posts/{number:04}"),
            address: format!("/posts/{number:04}"),
            content: Some(content),
            withdrawn: Some(instant),
            ..record.clone()
        }))
    });
    let root = Utf8PathBuf::from_path_buf(printer.folder.path().to_owned()).unwrap();
    let state = root.join(".state");
    let (mut exclusive, _) = Storage::sqlite(&state).open_exclusive().unwrap();
    exclusive.write(records.map(RecordChange::Put).collect()).unwrap();
    drop(exclusive);
    printer.builder = SiteBuilder::new(&Arc::default(), root, Some(Storage::sqlite(&state).open()), Timestamp::now());
    let first = printer.builder.open(Watching::Native, printer.begun).unwrap();
    assert_eq!(printer.builder.ledger().posts().count(), POSTS + withdrawn);
    printer.site = first.site.unwrap();
    printer
}

/// Whoever went is looked at by none of the posts that are there: how many went adds nothing to a change, but what maps differ by.
#[test]
fn a_change_costs_the_same_however_many_posts_went() {
    for (name, instant) in [("long ago", Timestamp::UNIX_EPOCH), ("now", Timestamp::now())] {
        let [few, many] = [WENT, 10 * WENT].map(|withdrawn| {
            let mut printer = remembering(withdrawn, instant);
            // the first change after a start makes what later ones keep
            printer.save(0, "second");
            allocations::counted(|| printer.save(0, "third")).1
        });
        assert!(
            few.abs_diff(many) <= 8,
            "{name}: {many} allocations, and {few} where a tenth of the posts went"
        );
    }
}

/// As many files renamed at once.
const MANY: usize = 300;

#[test]
fn a_burst_that_is_told_at_once_is_one_build() {
    let mut printer = Printer::of(MANY);
    let builds = printer.turn(&Hints::default()).health.builds;
    let mut hints = Hints::default();
    for number in 0..MANY {
        printer.rewrite(number, "second", &mut hints);
    }
    let outcome = printer.turn(&hints);
    assert_eq!(outcome.posts.len(), MANY);
    assert_eq!(outcome.health.builds - builds, 1);
}

/// Of a post with a title, a date, two tags and a summary: half are those of what a post holds, and
/// 26 those of the YAML parser's events.
const READING: u64 = 82;

#[test]
fn allocations_of_reading_a_post() {
    let config = Config::default();
    let [short, long] = [1, 200].map(|paragraphs| {
        let head = "title: A tide mill\ndate: 2026-01-31T09:00:00Z\ntags: [mills, tides]\nsummary: Of barley and ebb.";
        let body = "The *miller* opens the sluice, and the [stones](/stones) begin to grind.\n\n".repeat(paragraphs);
        let file = SourceFile {
            path: "tide-mill.md".into(),
            bytes: format!("---\n{head}\n---\n\n{body}").into_bytes().into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        // the first one makes what is made once
        feedmill::post::read(&file, &config).unwrap();
        let (reading, count) = allocations::counted(|| feedmill::post::read(&file, &config));
        assert!(reading.unwrap().remarks.is_empty());
        count
    });
    assert!(short <= READING, "{short} allocations, and {READING} are allowed");
    assert_eq!(
        short, long,
        "reading does not ask for more memory, but for larger pieces, the longer a text is"
    );
}

/// The header of a feed reader, which has the edition `tag` already.
fn headers(coding: &'static str, tag: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("example.org"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("reader/1.0"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
    if let Some(tag) = tag {
        headers.insert(header::IF_NONE_MATCH, tag.clone());
    }
    headers
}

/// Of a feed that the client has: the header is kept with the document, and copied.
const NOT_MODIFIED: u64 = 6;
/// Of a feed that the client has not.
const WHOLE_FEED: u64 = 6;
/// Of a probe, which says three bytes.
const PROBE: u64 = 6;
/// The bytes of its header, without the date: to copy them into the socket costs more than to find out what they are.
const BYTES_OF_NOT_MODIFIED: usize = 280;
/// The same with what all requests share: the response gets an id.
const NOT_MODIFIED_AT_ONCE: u64 = 3;
/// Likewise.
const WHOLE_FEED_AT_ONCE: u64 = 3;
/// Its path is read and its scope named.
const FEED_OF_A_TAG_AT_ONCE: u64 = 13;
/// Its path is read and its address named.
const PAGE_AT_ONCE: u64 = 8;
/// Its query is read.
const LISTING_AT_ONCE: u64 = 11;

fn ask(site: &Site, path: &str, headers: &HeaderMap) -> Response<Bytes> {
    let target = Target::parse(path);
    answer(site, &Request::new(target.as_ref(), path, "", headers, Timestamp::now()))
}

/// An answer, and how many times making it asked for memory.
fn asked_for_memory(site: &Site, path: &str, headers: &HeaderMap) -> (Response<Bytes>, u64) {
    // what is made once and kept is no cost of an answer
    ask(site, path, headers);
    allocations::counted(|| ask(site, path, headers))
}

#[test]
fn allocations_of_answers() {
    let printer = Printer::of(POSTS);
    let site = &printer.site;
    let tag = ask(site, "/rss.xml", &headers("gzip", None)).headers()[header::ETAG].clone();
    for (name, path, headers, status, most) in [
        (
            "a feed that the client has",
            "/rss.xml",
            headers("gzip", Some(&tag)),
            304,
            NOT_MODIFIED,
        ),
        ("a feed, gzip", "/rss.xml", headers("gzip", None), 200, WHOLE_FEED),
        ("a feed, identity", "/rss.xml", headers("identity", None), 200, WHOLE_FEED),
        ("a probe", "/healthz", headers("gzip", None), 200, PROBE),
    ] {
        let (response, count) = asked_for_memory(site, path, &headers);
        assert_eq!(response.status(), status, "{name}");
        assert!(count <= most, "{name}: {count} allocations, and {most} are allowed");
    }
}

#[test]
fn a_page_of_the_listing_is_made_once() {
    let printer = Printer::of(POSTS);
    let listed = |query: &str| {
        let query = feedmill::http::query::parse_listing_query(query, 20).unwrap();
        (printer.site.ready_listing(&query), printer.site.listing(&query).unwrap())
    };
    for query in ["", "page=2", "tag=tag1&include=content"] {
        let (finished, first) = listed(query);
        assert!(finished.is_none(), "{query}");
        let (finished, again) = listed(query);
        assert!(
            Arc::ptr_eq(&first, &finished.unwrap()) && Arc::ptr_eq(&first, &again),
            "{query}"
        );
    }
    for query in ["q=version", "q=version"] {
        assert!(listed(query).0.is_none(), "what a search finds is kept by nobody");
    }
}

/// As many saves as a feed remembers editions.
const SAVES: usize = 16;
/// Earlier editions of a feed are kept, and no answer pays for them.
#[test]
fn what_was_saved_before_an_answer_costs_it_nothing() {
    let of_its_tag = format!("/tags/tag{}/rss.xml", (POSTS - 1) % 7);
    for path in ["/rss.xml", of_its_tag.as_str()] {
        let mut printer = Printer::of(POSTS);
        let answered = |site: &Site| {
            let tag = ask(site, path, &headers("gzip", None)).headers()[header::ETAG].clone();
            let (response, count) = asked_for_memory(site, path, &headers("gzip", Some(&tag)));
            assert_eq!(response.status(), 304, "{path}");
            count
        };
        let before = answered(&printer.site);
        for number in 0..SAVES {
            printer.save(POSTS - 1, &format!("{number}th"));
            answered(&printer.site);
        }
        let after = answered(&printer.site);
        assert!(after <= before, "{path}: {after} allocations, and {before} before");
    }
}

/// Returns the response that needs no thread, if there is one, and the number of allocations.
fn at_once(printer: &Printer) -> impl Fn(&str, &HeaderMap) -> (Option<Response<Bytes>>, u64) {
    let config: Config = Config::default();
    let root = Utf8PathBuf::from_path_buf(printer.folder.path().to_owned()).unwrap();
    let library = Library::new(Source::folder(root, &config.posts));
    let context = RequestContext::new(&config, library, Arc::default(), tokio_util::sync::CancellationToken::new());
    let site = Arc::clone(&printer.site);
    move |path: &str, headers: &HeaderMap| {
        let head = RequestHead {
            uri: path.parse().unwrap(),
            headers: headers.clone(),
            ..RequestHead::default()
        };
        allocations::counted(|| answer_at_once(&site, &context, &head).ok())
    }
}

#[test]
fn a_document_that_exists_is_answered_at_once() {
    let printer = Printer::of(POSTS);
    let at_once = at_once(&printer);
    let answered = |path: &str, headers: &HeaderMap| at_once(path, headers).0;
    let headers = headers("identity", None);
    for path in ["/rss.xml", "/atom.xml", "/feed.json", "/", "/healthz", "/style.css"] {
        assert!(answered(path, &headers).is_some(), "{path} is finished with the site");
    }
    for path in [
        "/tags/tag1/rss.xml",
        "/archive/1/atom.xml",
        "/posts/0001",
        "/page/2",
        "/tags/tag1",
        "/years/2000",
    ] {
        assert!(answered(path, &headers).is_none(), "{path} is not made yet");
        assert_eq!(ask(&printer.site, path, &headers).status(), 200, "{path}");
        let again = answered(path, &headers);
        assert!(again.is_some_and(|again| again.status() == 200), "{path}");
    }
    for path in ["/nothing", "/search?q=version", "/rss.xml/", "/media/a.png"] {
        assert!(answered(path, &headers).is_none(), "{path}");
    }
}

#[test]
fn allocations_of_answers_at_once() {
    let printer = Printer::of(POSTS);
    let site = &printer.site;
    let answered = at_once(&printer);
    let tag = ask(site, "/rss.xml", &headers("gzip", None)).headers()[header::ETAG].clone();
    let listed = "/api/posts?page=3&per_page=20";
    for (name, path, headers, status, most) in [
        (
            "a feed that the client has",
            "/rss.xml",
            headers("gzip", Some(&tag)),
            304,
            NOT_MODIFIED_AT_ONCE,
        ),
        ("a feed", "/rss.xml", headers("gzip", None), 200, WHOLE_FEED_AT_ONCE),
        (
            "the feed of a tag",
            "/tags/tag1/rss.xml",
            headers("gzip", None),
            200,
            FEED_OF_A_TAG_AT_ONCE,
        ),
        ("a page", "/posts/0001", headers("gzip", None), 200, PAGE_AT_ONCE),
        ("the listing", listed, headers("identity", None), 200, LISTING_AT_ONCE),
    ] {
        // what is made once and kept is no cost of an answer
        let (path_only, query) = path.split_once('?').unwrap_or((path, ""));
        let target = Target::parse(path_only);
        let request = Request::new(target.as_ref(), path_only, query, &headers, Timestamp::now());
        let _ = answer(site, &request);
        answered(path, &headers);
        let (response, count) = answered(path, &headers);
        assert_eq!(response.unwrap().status(), status, "{name}");
        assert!(count <= most, "{name}: {count} allocations, and {most} are allowed");
    }
}

#[test]
fn a_304_is_short() {
    let printer = Printer::of(POSTS);
    let answered = at_once(&printer);
    let tag = ask(&printer.site, "/rss.xml", &headers("gzip", None)).headers()[header::ETAG].clone();
    let (response, _) = answered("/rss.xml", &headers("gzip", Some(&tag)));
    let response = response.unwrap();
    let lines = response
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let bytes: usize = lines.sum();
    assert_eq!(response.status(), 304);
    assert!(bytes <= BYTES_OF_NOT_MODIFIED, "{bytes} bytes: {:?}", response.headers());
}

#[test]
fn an_answer_among_many_posts_costs_no_more_than_among_few() {
    let headers = headers("gzip", None);
    let [few, many] = [210, 390].map(|posts| {
        let printer = Printer::of(posts);
        let (_, count) = asked_for_memory(&printer.site, "/rss.xml", &headers);
        count
    });
    assert_eq!(few, many, "an answer does not depend on the number of posts");
}
