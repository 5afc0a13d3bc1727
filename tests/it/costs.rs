//! The cost of responses and changes in counts that are the same on any machine, as a guard against growth.
//!
//! Each count has a bound with a reason. A change that makes something cheaper lowers the bound; one that needs more raises it and
//! gives the reason.

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
use feedmill::http::fast_path::fast_path;
use feedmill::http::media::Library;
use feedmill::http::request_context::RequestContext;
use feedmill::http::routes::{Request, answer};
use feedmill::identity::{Digest, Fingerprint, Likeness, PostRecord, Record};
use feedmill::publisher::site_builder::{CycleOutcome, SiteBuilder};
use feedmill::render::encode::Document;
use feedmill::render::{Format, Place};
use feedmill::site::Site;
use feedmill::source::folder::Folder;
use feedmill::source::watch::{Hints, How, Watching};
use feedmill::source_file::SourceFile;
use feedmill::storage::{RecordChange, Storage};
use feedmill::time::Timestamp;
use http::{HeaderMap, HeaderValue, Response, header};
use tempfile::TempDir;

/// A folder of posts, and the builder of its sites.
struct Builder {
    folder: TempDir,
    builder: SiteBuilder,
    begun: Instant,
    site: Arc<Site>,
}

/// Enough posts for archives without the newest posts, and for tags that most posts do not have.
const POSTS: usize = 110;

impl Builder {
    fn of(posts: usize) -> Builder {
        let folder = TempDir::new().unwrap();
        for number in 0..posts {
            fs::write(folder.path().join(name(number)), text(number, "first")).unwrap();
        }
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let mut builder = SiteBuilder::new(&Arc::default(), root, None, Timestamp::now());
        let begun = Instant::now();
        let site = builder.open(Watching::Native, begun).unwrap().site.unwrap();
        assert_eq!(site.index.posts().len(), posts);
        Builder {
            folder,
            builder,
            begun,
            site,
        }
    }

    /// Replaces the file of post `number`, and adds the hints of the watch.
    fn rewrite(&self, number: usize, words: &str, hints: &mut Hints) {
        let aside = self.folder.path().join(".aside");
        fs::write(&aside, text(number, words)).unwrap();
        fs::rename(aside, self.folder.path().join(name(number))).unwrap();
        hints.add(name(number).into(), How::Moved);
    }

    fn turn(&mut self, hints: &Hints) -> CycleOutcome {
        let outcome = self
            .builder
            .turn(hints, Watching::Native, Timestamp::now(), self.begun.elapsed());
        if let Some(site) = &outcome.site {
            self.site = Arc::clone(site);
        }
        outcome
    }

    /// Saves post `number` again, and builds the next site.
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

/// All feeds by name.
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

/// The names of the documents in `after` that are not in `before`.
fn new_documents<T>(before: &BTreeMap<String, Arc<T>>, after: &BTreeMap<String, Arc<T>>) -> Vec<String> {
    let is_same = |name: &str, document| before.get(name).is_some_and(|before| Arc::ptr_eq(before, document));
    let made = after.iter().filter(|(name, document)| !is_same(name, document));
    made.map(|(name, _)| name.clone()).collect()
}

fn posts(site: &Site) -> BTreeMap<String, Arc<feedmill::post::Post>> {
    site.all()
        .iter()
        .map(|post| (post.source().to_string(), Arc::clone(post)))
        .collect()
}

#[test]
fn a_change_reads_only_the_changed_post() {
    let mut builder = Builder::of(POSTS);
    let before = posts(&builder.site);
    // this one changes too, without a hint: if it shows, files without a hint are read
    builder.rewrite(5, "untold", &mut Hints::default());
    let outcome = builder.save(POSTS - 1, "second");
    assert_eq!(outcome.reports.len(), 1);
    assert_eq!(new_documents(&before, &posts(&builder.site)), [name(POSTS - 1)]);
}

#[test]
fn a_change_makes_only_documents_with_the_changed_post() {
    let mut builder = Builder::of(POSTS);
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
        let before = feeds(&builder.site);
        builder.save(number, "second");
        let expected: Vec<String> = places
            .iter()
            .flat_map(|place| ["Atom", "Json", "Rss"].map(|format| format!("{place} {format}")))
            .collect();
        assert_eq!(new_documents(&before, &feeds(&builder.site)), expected, "{why}");
    }
}

/// The site's three feeds, each in three codings.
const ENCODED_PER_CHANGE: usize = 9;

#[test]
fn a_change_encodes_only_the_feeds_of_the_site() {
    let mut builder = Builder::of(POSTS);
    builder.save(POSTS - 1, "second");
    let encoded: usize = feeds(&builder.site).values().map(|document| document.tags().len() - 1).sum();
    let documents = Format::ALL.len();
    assert!(encoded + documents <= ENCODED_PER_CHANGE, "{encoded} codings beside identity");
}

#[test]
fn a_hint_without_a_change_builds_nothing() {
    let mut builder = Builder::of(POSTS);
    let builds = builder.turn(&Hints::default()).health.builds;
    let outcome = builder.turn(&Hints::everything());
    assert!(outcome.site.is_none());
    assert_eq!(outcome.health.builds, builds);
}

/// The cost of a change does not depend on the number of other posts, except for the depth of trees.
#[test]
fn a_change_costs_the_same_among_many_posts() {
    let count_allocations = |posts: usize| {
        let mut builder = Builder::of(posts);
        // the first change after a start fills caches
        builder.save(posts - 1, "second");
        allocations::counted(|| builder.save(posts - 1, "third")).1
    };
    let (among_few, among_many) = (count_allocations(2 * POSTS), count_allocations(20 * POSTS));
    assert!(
        2 * among_many <= 3 * among_few,
        "{among_many} allocations, and {among_few} among a tenth of the posts"
    );
}

/// The number of withdrawn posts; the test compares it with ten times as many.
const WITHDRAWN: usize = 200;

/// A builder whose ledger also has `withdrawn` posts that were withdrawn at `instant`.
fn with_withdrawn(withdrawn: usize, instant: Timestamp) -> Builder {
    let mut builder = Builder::of(POSTS);
    let post = builder.site.post(name(0).as_str().into()).unwrap();
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
    let root = Utf8PathBuf::from_path_buf(builder.folder.path().to_owned()).unwrap();
    let state = root.join(".state");
    let (mut exclusive, _) = Storage::sqlite(&state).open_exclusive().unwrap();
    exclusive.write(records.map(RecordChange::Put).collect()).unwrap();
    drop(exclusive);
    builder.builder = SiteBuilder::new(&Arc::default(), root, Some(Storage::sqlite(&state).open()), Timestamp::now());
    let first = builder.builder.open(Watching::Native, builder.begun).unwrap();
    assert_eq!(builder.builder.ledger().posts().count(), POSTS + withdrawn);
    builder.site = first.site.unwrap();
    builder
}

/// The cost of a change does not depend on the number of withdrawn posts, except for the size of maps.
#[test]
fn a_change_costs_the_same_with_many_withdrawn_posts() {
    for (name, instant) in [("long ago", Timestamp::UNIX_EPOCH), ("now", Timestamp::now())] {
        let [few, many] = [WITHDRAWN, 10 * WITHDRAWN].map(|withdrawn| {
            let mut builder = with_withdrawn(withdrawn, instant);
            // the first change after a start fills caches
            builder.save(0, "second");
            allocations::counted(|| builder.save(0, "third")).1
        });
        assert!(
            few.abs_diff(many) <= 8,
            "{name}: {many} allocations, and {few} where a tenth of the posts went"
        );
    }
}

/// The number of files that are renamed at once.
const MANY: usize = 300;

#[test]
fn a_burst_of_changes_is_one_build() {
    let mut builder = Builder::of(MANY);
    let builds = builder.turn(&Hints::default()).health.builds;
    let mut hints = Hints::default();
    for number in 0..MANY {
        builder.rewrite(number, "second", &mut hints);
    }
    let outcome = builder.turn(&hints);
    assert_eq!(outcome.reports.len(), MANY);
    assert_eq!(outcome.health.builds - builds, 1);
}

/// Allocations for a post with a title, a date, two tags and a summary: half are for the values of the post, 26 for the events of
/// the YAML parser.
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
        // the first one initializes statics
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

/// The headers of a feed reader, which has the version `tag`.
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

/// Allocations for a feed that the client has: the headers are stored with the document, and copied.
const NOT_MODIFIED: u64 = 6;
/// For a feed that the client does not have.
const WHOLE_FEED: u64 = 6;
/// For a health check, whose body has three bytes.
const PROBE: u64 = 6;
/// The bytes of the headers, without the date: copying them to the socket costs more than computing them.
const BYTES_OF_NOT_MODIFIED: usize = 280;
/// The same on the fast path.
const NOT_MODIFIED_ON_THE_FAST_PATH: u64 = 3;
/// Likewise.
const WHOLE_FEED_ON_THE_FAST_PATH: u64 = 3;
/// Its path is parsed, and its scope named.
const FEED_OF_A_TAG_ON_THE_FAST_PATH: u64 = 13;
/// Its path is parsed, and its address named.
const PAGE_ON_THE_FAST_PATH: u64 = 8;
/// Its query is parsed.
const LISTING_ON_THE_FAST_PATH: u64 = 11;

fn ask(site: &Site, path: &str, headers: &HeaderMap) -> Response<Bytes> {
    let request = Request {
        path,
        query: "",
        headers,
        now: Timestamp::now(),
    };
    answer(site, &request)
}

/// A response, and the number of its allocations.
fn count_allocations(site: &Site, path: &str, headers: &HeaderMap) -> (Response<Bytes>, u64) {
    // documents that are made once and cached are not a cost of a response
    ask(site, path, headers);
    allocations::counted(|| ask(site, path, headers))
}

#[test]
fn allocations_of_responses() {
    let builder = Builder::of(POSTS);
    let site = &builder.site;
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
        let (response, count) = count_allocations(site, path, &headers);
        assert_eq!(response.status(), status, "{name}");
        assert!(count <= most, "{name}: {count} allocations, and {most} are allowed");
    }
}

#[test]
fn a_page_of_the_listing_is_made_once() {
    let builder = Builder::of(POSTS);
    let listed = |query: &str| {
        let query = feedmill::http::query::read(query, 20).unwrap();
        (builder.site.ready_listing(&query), builder.site.listing(&query).unwrap())
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

/// The number of earlier versions of a feed that are kept.
const SAVES: usize = 16;
/// Earlier versions of a feed are kept, without a cost for responses.
#[test]
fn earlier_versions_cost_a_response_nothing() {
    let of_its_tag = format!("/tags/tag{}/rss.xml", (POSTS - 1) % 7);
    for path in ["/rss.xml", of_its_tag.as_str()] {
        let mut builder = Builder::of(POSTS);
        let answered = |site: &Site| {
            let tag = ask(site, path, &headers("gzip", None)).headers()[header::ETAG].clone();
            let (response, count) = count_allocations(site, path, &headers("gzip", Some(&tag)));
            assert_eq!(response.status(), 304, "{path}");
            count
        };
        let before = answered(&builder.site);
        for number in 0..SAVES {
            builder.save(POSTS - 1, &format!("{number}th"));
            answered(&builder.site);
        }
        let after = answered(&builder.site);
        assert!(after <= before, "{path}: {after} allocations, and {before} before");
    }
}

/// Answers on the fast path, which returns `None` if the filter has to answer; with the number of allocations.
fn on_the_fast_path(builder: &Builder) -> impl Fn(&str, &HeaderMap) -> (Option<Response<Bytes>>, u64) {
    let config: Config = Config::default();
    let root = Utf8PathBuf::from_path_buf(builder.folder.path().to_owned()).unwrap();
    let library = Library::new(Folder::new(root, &config.posts));
    let context = RequestContext::new(&config, library, Arc::default(), tokio_util::sync::CancellationToken::new());
    let site = Arc::clone(&builder.site);
    let fast_path = fast_path(move || Arc::clone(&site), context);
    move |path: &str, headers: &HeaderMap| {
        let mut request = http::Request::new(());
        *request.uri_mut() = path.parse().unwrap();
        *request.headers_mut() = headers.clone();
        let (head, ()) = request.into_parts();
        allocations::counted(|| fast_path(&head, None))
    }
}

#[test]
fn documents_that_are_ready_are_served_on_the_fast_path() {
    let builder = Builder::of(POSTS);
    let on_the_fast_path = on_the_fast_path(&builder);
    let answered = |path: &str, headers: &HeaderMap| on_the_fast_path(path, headers).0;
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
        assert_eq!(ask(&builder.site, path, &headers).status(), 200, "{path}");
        let again = answered(path, &headers);
        assert!(again.is_some_and(|again| again.status() == 200), "{path}");
    }
    for path in ["/nothing", "/readyz", "/search?q=version", "/rss.xml/", "/media/a.png"] {
        assert!(answered(path, &headers).is_none(), "{path}");
    }
}

#[test]
fn allocations_of_responses_on_the_fast_path() {
    let builder = Builder::of(POSTS);
    let site = &builder.site;
    let answered = on_the_fast_path(&builder);
    let tag = ask(site, "/rss.xml", &headers("gzip", None)).headers()[header::ETAG].clone();
    let listed = "/api/posts?page=3&per_page=20";
    for (name, path, headers, status, most) in [
        (
            "a feed that the client has",
            "/rss.xml",
            headers("gzip", Some(&tag)),
            304,
            NOT_MODIFIED_ON_THE_FAST_PATH,
        ),
        ("a feed", "/rss.xml", headers("gzip", None), 200, WHOLE_FEED_ON_THE_FAST_PATH),
        (
            "the feed of a tag",
            "/tags/tag1/rss.xml",
            headers("gzip", None),
            200,
            FEED_OF_A_TAG_ON_THE_FAST_PATH,
        ),
        ("a page", "/posts/0001", headers("gzip", None), 200, PAGE_ON_THE_FAST_PATH),
        (
            "the listing",
            listed,
            headers("identity", None),
            200,
            LISTING_ON_THE_FAST_PATH,
        ),
    ] {
        // documents that are made once and cached are not a cost of a response
        let (path_only, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            path: path_only,
            query,
            headers: &headers,
            now: Timestamp::now(),
        };
        let _ = answer(site, &request);
        answered(path, &headers);
        let (response, count) = answered(path, &headers);
        assert_eq!(response.unwrap().status(), status, "{name}");
        assert!(count <= most, "{name}: {count} allocations, and {most} are allowed");
    }
}

#[test]
fn not_modified_takes_few_bytes() {
    let builder = Builder::of(POSTS);
    let answered = on_the_fast_path(&builder);
    let tag = ask(&builder.site, "/rss.xml", &headers("gzip", None)).headers()[header::ETAG].clone();
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
fn a_response_costs_the_same_among_many_posts() {
    let headers = headers("gzip", None);
    let [few, many] = [210, 390].map(|posts| {
        let builder = Builder::of(posts);
        let (_, count) = count_allocations(&builder.site, "/rss.xml", &headers);
        count
    });
    assert_eq!(few, many, "an answer does not depend on the number of posts");
}
