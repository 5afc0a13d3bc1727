//! The cost of responses and changes, in counts that are exact on any machine: a guard against growth that needs no clock.
//!
//! Each count has a limit with its reason. A change that makes something cheaper lowers the limit; one that needs more raises it and gives
//! the reason.

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
use feedmill::source::watch::{HintKind, Hints, Watching};
use feedmill::source_file::SourceFile;
use feedmill::storage::{RecordChange, Storage};
use feedmill::time::Timestamp;
use http::{HeaderMap, HeaderValue, Response, header};
use tempfile::TempDir;

/// A folder of posts, and the builder of its sites.
struct SiteFixture {
    folder: TempDir,
    builder: SiteBuilder,
    begun: Instant,
    site: Arc<Site>,
}

/// Enough posts for archives without the newest posts, and for tags that most posts do not have.
const POSTS: usize = 110;

impl SiteFixture {
    fn of(posts: usize) -> SiteFixture {
        let folder = TempDir::new().unwrap();
        for number in 0..posts {
            fs::write(folder.path().join(name(number)), text(number, "first")).unwrap();
        }
        let root = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let mut builder = SiteBuilder::new(&Arc::default(), root, None, Timestamp::now());
        let begun = Instant::now();
        let site = builder.open(Watching::Native, begun).unwrap().site.unwrap();
        assert_eq!(site.index.posts().len(), posts);
        SiteFixture {
            folder,
            builder,
            begun,
            site,
        }
    }

    /// Replaces the file of post `number` by renaming, and adds the hint of the watch.
    fn rewrite(&self, number: usize, words: &str, hints: &mut Hints) {
        let aside = self.folder.path().join(".aside");
        fs::write(&aside, text(number, words)).unwrap();
        fs::rename(aside, self.folder.path().join(name(number))).unwrap();
        hints.add(name(number).into(), HintKind::Moved);
    }

    fn run_cycle(&mut self, hints: &Hints) -> CycleOutcome {
        let outcome = self
            .builder
            .run_cycle(hints, Watching::Native, Timestamp::now(), self.begun.elapsed());
        if let Some(site) = &outcome.site {
            self.site = Arc::clone(site);
        }
        outcome
    }

    /// Replaces post `number` and runs a cycle.
    fn save(&mut self, number: usize, words: &str) -> CycleOutcome {
        let mut hints = Hints::default();
        self.rewrite(number, words, &mut hints);
        self.run_cycle(&hints)
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

/// All feeds of the site, by name.
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

/// The names of the values in `after` that are not the same `Arc` in `before`.
fn changed<T>(before: &BTreeMap<String, Arc<T>>, after: &BTreeMap<String, Arc<T>>) -> Vec<String> {
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
    let mut fixture = SiteFixture::of(POSTS);
    let before = posts(&fixture.site);
    // this file changes too, without a hint: if the change is noticed, files without hints are read
    fixture.rewrite(5, "unnoticed", &mut Hints::default());
    let outcome = fixture.save(POSTS - 1, "second");
    assert_eq!(outcome.posts.len(), 1);
    assert_eq!(changed(&before, &posts(&fixture.site)), [name(POSTS - 1)]);
}

#[test]
fn a_change_renders_only_the_documents_that_contain_it() {
    let mut fixture = SiteFixture::of(POSTS);
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
        let before = feeds(&fixture.site);
        fixture.save(number, "second");
        let expected: Vec<String> = places
            .iter()
            .flat_map(|place| ["Atom", "Json", "Rss"].map(|format| format!("{place} {format}")))
            .collect();
        assert_eq!(changed(&before, &feeds(&fixture.site)), expected, "{why}");
    }
}

/// The three feeds of the site, each in three encodings.
const ENCODED_PER_CHANGE: usize = 9;

#[test]
fn a_change_compresses_only_the_feeds_of_the_site() {
    let mut fixture = SiteFixture::of(POSTS);
    fixture.save(POSTS - 1, "second");
    let encoded: usize = feeds(&fixture.site).values().map(|document| document.tags().len() - 1).sum();
    let documents = Format::ALL.len();
    assert!(
        encoded + documents <= ENCODED_PER_CHANGE,
        "{encoded} encodings besides identity"
    );
}

#[test]
fn a_scan_without_changes_builds_no_site() {
    let mut fixture = SiteFixture::of(POSTS);
    let builds = fixture.run_cycle(&Hints::default()).health.builds;
    let outcome = fixture.run_cycle(&Hints::everything());
    assert!(outcome.site.is_none());
    assert_eq!(outcome.health.builds, builds);
}

/// The cost of a change does not depend on the number of other posts, except for the depth of trees.
#[test]
fn a_change_costs_the_same_among_many_posts() {
    let allocations_among = |posts: usize| {
        let mut fixture = SiteFixture::of(posts);
        // the first change after a start fills caches for later ones
        fixture.save(posts - 1, "second");
        allocations::counted(|| fixture.save(posts - 1, "third")).1
    };
    let (among_few, among_many) = (allocations_among(2 * POSTS), allocations_among(20 * POSTS));
    assert!(
        2 * among_many <= 3 * among_few,
        "{among_many} allocations, and {among_few} among a tenth of the posts"
    );
}

/// The number of withdrawn posts; the second run has ten times as many.
const WITHDRAWN: usize = 200;

/// A site whose ledger also contains this number of posts that were withdrawn at `instant`.
fn with_withdrawn(withdrawn: usize, instant: Timestamp) -> SiteFixture {
    let mut fixture = SiteFixture::of(POSTS);
    let post = fixture.site.post(name(0).as_str().into()).unwrap();
    let record = PostRecord::of(post, Timestamp::UNIX_EPOCH);
    let records = (POSTS..).take(withdrawn).map(|number| {
        let text = Digest::of(&number.to_le_bytes());
        let content = Fingerprint {
            text,
            shown: text,
            likeness: Likeness(number as u64),
        };
        Record::Post(Box::new(PostRecord {
            id: format!("urn:made-up:{number}").into(),
            source: name(number).into(),
            title: format!("Post {number}").into(),
            slug: format!("{number:04}").into(),
            wanted: format!("/posts/{number:04}").into(),
            address: format!("/posts/{number:04}").into(),
            content: Some(content),
            withdrawn: Some(instant),
            ..record.clone()
        }))
    });
    let root = Utf8PathBuf::from_path_buf(fixture.folder.path().to_owned()).unwrap();
    let state = root.join(".state");
    let (mut exclusive, _) = Storage::sqlite(&state).open_exclusive().unwrap();
    exclusive.write(records.map(RecordChange::Put).collect()).unwrap();
    drop(exclusive);
    fixture.builder = SiteBuilder::new(&Arc::default(), root, Some(Storage::sqlite(&state).open()), Timestamp::now());
    let first = fixture.builder.open(Watching::Native, fixture.begun).unwrap();
    assert_eq!(fixture.builder.ledger().posts().count(), POSTS + withdrawn);
    fixture.site = first.site.unwrap();
    fixture
}

/// The cost of a change does not depend on the number of withdrawn posts, except for the depth of maps.
#[test]
fn a_change_costs_the_same_with_any_number_of_withdrawn_posts() {
    for (name, instant) in [("long ago", Timestamp::UNIX_EPOCH), ("now", Timestamp::now())] {
        let [few, many] = [WITHDRAWN, 10 * WITHDRAWN].map(|withdrawn| {
            let mut fixture = with_withdrawn(withdrawn, instant);
            // the first change after a start fills caches for later ones
            fixture.save(0, "second");
            allocations::counted(|| fixture.save(0, "third")).1
        });
        assert!(
            few.abs_diff(many) <= 8,
            "{name}: {many} allocations, and {few} with a tenth of the withdrawn posts"
        );
    }
}

/// The number of files that are renamed at once.
const MANY: usize = 300;

#[test]
fn a_burst_in_one_batch_of_hints_is_one_build() {
    let mut fixture = SiteFixture::of(MANY);
    let builds = fixture.run_cycle(&Hints::default()).health.builds;
    let mut hints = Hints::default();
    for number in 0..MANY {
        fixture.rewrite(number, "second", &mut hints);
    }
    let outcome = fixture.run_cycle(&hints);
    assert_eq!(outcome.posts.len(), MANY);
    assert_eq!(outcome.health.builds - builds, 1);
}

/// The allocations of a post with a title, a date, two tags and a summary: half are for the fields of the post, and 26 for the events of
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
    assert_eq!(short, long, "a longer text needs larger allocations, but not more");
}

/// The header of a feed reader that already has the version `tag`.
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

/// The allocations of a 304: the header is kept with the document, and copied.
const NOT_MODIFIED: u64 = 6;
/// The allocations of a feed that the client does not have.
const WHOLE_FEED: u64 = 6;
/// The allocations of a probe, whose body has three bytes.
const PROBE: u64 = 6;
/// The bytes of a 304's header, without the date: copying them into the socket costs more than computing them.
const BYTES_OF_NOT_MODIFIED: usize = 280;
/// The allocations of a 304 with the work common to all requests: the response gets an id.
const NOT_MODIFIED_AT_ONCE: u64 = 3;
/// The same for a whole feed.
const WHOLE_FEED_AT_ONCE: u64 = 3;
/// The feed of a tag: its path is parsed to a scope.
const FEED_OF_A_TAG_AT_ONCE: u64 = 13;
/// A page: its path is parsed to an address.
const PAGE_AT_ONCE: u64 = 8;
/// A listing: its query is parsed.
const LISTING_AT_ONCE: u64 = 11;

fn respond(site: &Site, path: &str, headers: &HeaderMap) -> Response<Bytes> {
    let target = Target::parse(path);
    answer(site, &Request::new(target.as_ref(), path, "", headers, Timestamp::now()))
}

/// A response, and the number of its allocations.
fn counted_response(site: &Site, path: &str, headers: &HeaderMap) -> (Response<Bytes>, u64) {
    // the first request fills the caches
    respond(site, path, headers);
    allocations::counted(|| respond(site, path, headers))
}

#[test]
fn allocations_of_responses() {
    let fixture = SiteFixture::of(POSTS);
    let site = &fixture.site;
    let tag = respond(site, "/rss.xml", &headers("gzip", None)).headers()[header::ETAG].clone();
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
        let (response, count) = counted_response(site, path, &headers);
        assert_eq!(response.status(), status, "{name}");
        assert!(count <= most, "{name}: {count} allocations, and {most} are allowed");
    }
}

#[test]
fn a_page_of_the_listing_is_rendered_once() {
    let fixture = SiteFixture::of(POSTS);
    let listed = |query: &str| {
        let query = feedmill::http::query::parse_listing_query(query, 20).unwrap();
        (fixture.site.ready_listing(&query), fixture.site.listing(&query).unwrap())
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
        assert!(listed(query).0.is_none(), "search results are not cached");
    }
}

/// As many saves as a feed keeps old versions.
const SAVES: usize = 16;
/// Old versions of a feed are kept, and do not make responses more expensive.
#[test]
fn earlier_saves_do_not_make_a_response_more_expensive() {
    let of_its_tag = format!("/tags/tag{}/rss.xml", (POSTS - 1) % 7);
    for path in ["/rss.xml", of_its_tag.as_str()] {
        let mut fixture = SiteFixture::of(POSTS);
        let answered = |site: &Site| {
            let tag = respond(site, path, &headers("gzip", None)).headers()[header::ETAG].clone();
            let (response, count) = counted_response(site, path, &headers("gzip", Some(&tag)));
            assert_eq!(response.status(), 304, "{path}");
            count
        };
        let before = answered(&fixture.site);
        for number in 0..SAVES {
            fixture.save(POSTS - 1, &format!("{number}th"));
            answered(&fixture.site);
        }
        let after = answered(&fixture.site);
        assert!(after <= before, "{path}: {after} allocations, and {before} before");
    }
}

/// Returns the response that needs no thread, if there is one, and the number of allocations.
fn respond_at_once(fixture: &SiteFixture) -> impl Fn(&str, &HeaderMap) -> (Option<Response<Bytes>>, u64) {
    let config: Config = Config::default();
    let root = Utf8PathBuf::from_path_buf(fixture.folder.path().to_owned()).unwrap();
    let library = Library::new(Source::folder(root, &config.posts));
    let context = RequestContext::new(&config, library, Arc::default(), tokio_util::sync::CancellationToken::new());
    let site = Arc::clone(&fixture.site);
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
fn a_rendered_document_is_served_at_once() {
    let fixture = SiteFixture::of(POSTS);
    let respond_at_once = respond_at_once(&fixture);
    let answered = |path: &str, headers: &HeaderMap| respond_at_once(path, headers).0;
    let headers = headers("identity", None);
    for path in ["/rss.xml", "/atom.xml", "/feed.json", "/", "/healthz", "/style.css"] {
        assert!(answered(path, &headers).is_some(), "{path} is rendered with the site");
    }
    for path in [
        "/tags/tag1/rss.xml",
        "/archive/1/atom.xml",
        "/posts/0001",
        "/page/2",
        "/tags/tag1",
        "/years/2000",
    ] {
        assert!(answered(path, &headers).is_none(), "{path} is not rendered yet");
        assert_eq!(respond(&fixture.site, path, &headers).status(), 200, "{path}");
        let again = answered(path, &headers);
        assert!(again.is_some_and(|again| again.status() == 200), "{path}");
    }
    for path in ["/nothing", "/search?q=version", "/rss.xml/", "/media/a.png"] {
        assert!(answered(path, &headers).is_none(), "{path}");
    }
}

#[test]
fn allocations_of_responses_at_once() {
    let fixture = SiteFixture::of(POSTS);
    let site = &fixture.site;
    let answered = respond_at_once(&fixture);
    let tag = respond(site, "/rss.xml", &headers("gzip", None)).headers()[header::ETAG].clone();
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
        // the first request fills the caches
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
    let fixture = SiteFixture::of(POSTS);
    let answered = respond_at_once(&fixture);
    let tag = respond(&fixture.site, "/rss.xml", &headers("gzip", None)).headers()[header::ETAG].clone();
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
fn a_response_does_not_cost_more_with_many_posts() {
    let headers = headers("gzip", None);
    let [few, many] = [210, 390].map(|posts| {
        let fixture = SiteFixture::of(posts);
        let (_, count) = counted_response(&fixture.site, "/rss.xml", &headers);
        count
    });
    assert_eq!(few, many, "a response does not depend on the number of posts");
}
