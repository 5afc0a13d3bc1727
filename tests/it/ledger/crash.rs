//! feedmill is killed at random moments while an author goes on writing. What readers have seen stays true.
//!
//! `FEEDMILL_TEST_KILLS` sets how often (default 80). `FEEDMILL_TEST_SEED` repeats a run, except for its timing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use camino::Utf8Path;
use feedmill::identity::Record;
use feedmill::storage::Storage;
use feedmill::time::Timestamp;
use tempfile::TempDir;

use self::author::{Author, Random};
use self::listed_post::{ListedPost, from_atom, from_json, from_rss};
use crate::commands::{Serving, feedmill, folder, run};

mod author;
mod listed_post;

const BASE: &str = "http://blog.example";
/// Runs at the same time, because most of a round is waiting.
const LANES: u64 = 2;
/// The longest time that anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
const CONFIG: &str = "[site]\nbase_url = 'http://blog.example'\n[feed]\nlimit = 200\n[list]\nper_page = 200\n\
                      [watch]\nsettle = 0.02\ndelete_grace = 0.1\n";
const LISTS: [&str; 5] = ["/atom.xml", "/rss.xml", "/feed.json", "/api/posts", "/tags/harbour/atom.xml"];
/// How many of the known addresses are requested in a round.
const SAMPLE: usize = 12;

#[test]
fn what_readers_have_seen_stays_true_after_kills() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let kills = number("FEEDMILL_TEST_KILLS").unwrap_or(80);
    let clock = || u64::from(SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos());
    let seed = number("FEEDMILL_TEST_SEED").unwrap_or_else(clock);
    println!("FEEDMILL_TEST_SEED={seed}");
    std::thread::scope(|lanes| {
        for lane in 0..LANES {
            lanes.spawn(move || kill_again_and_again(kills.div_ceil(LANES), seed.wrapping_add(lane << 32)));
        }
    });
}

fn kill_again_and_again(kills: u64, seed: u64) {
    let site = folder(&[("feedmill.toml", CONFIG)]);
    let author = Mutex::new(Author::new(site.path().join("posts"), seed));
    let is_over = AtomicBool::new(false);
    let end = End(&is_over);
    std::thread::scope(|threads| {
        threads.spawn(|| write_until(&is_over, &author, seed));
        // the author also ends if this panics
        let _end = end;
        let mut reader = Reader::new(&site, &author, seed);
        for round in 0..kills {
            reader.round(round);
        }
        reader.check_end();
    });
}

/// Ends the author when dropped.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn write_until(is_over: &AtomicBool, author: &Mutex<Author>, seed: u64) {
    let mut random = Random(!seed);
    while !is_over.load(Ordering::Relaxed) {
        author.lock().unwrap_or_else(PoisonError::into_inner).act();
        std::thread::sleep(Duration::from_millis(random.below(40)));
    }
}

/// A reader of all feeds, who remembers all that they showed.
struct Reader<'a> {
    site: &'a TempDir,
    author: &'a Mutex<Author>,
    random: Random,
    /// By marker.
    ids: HashMap<String, String>,
    /// By id.
    markers: HashMap<String, String>,
    addresses: BTreeSet<String>,
    published: HashMap<String, Timestamp>,
    /// Dates that only move forward, by list and by id.
    dates: HashMap<(String, String), Timestamp>,
    round: u64,
    address: String,
}

struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: String,
}

impl<'a> Reader<'a> {
    fn new(site: &'a TempDir, author: &'a Mutex<Author>, seed: u64) -> Reader<'a> {
        Reader {
            site,
            author,
            random: Random(seed.wrapping_mul(3)),
            ids: HashMap::new(),
            markers: HashMap::new(),
            addresses: BTreeSet::new(),
            published: HashMap::new(),
            dates: HashMap::new(),
            round: 0,
            address: String::new(),
        }
    }

    /// Starts feedmill, reads, and kills it.
    fn round(&mut self, round: u64) {
        self.round = round;
        self.author().note(&format!("round {round}"));
        let serving = Serving::start(self.site.path(), &["--state", "state"]);
        if self.random.chance(4) {
            // before it serves, or just after
            std::thread::sleep(Duration::from_millis(self.random.below(150)));
            drop(serving);
            return self.check_storage();
        }
        self.await_start(&serving);
        for list in LISTS {
            self.read(list);
        }
        let author = self.author();
        for _ in 0..SAMPLE.min(self.addresses.len()) {
            let at = usize::try_from(self.random.below(self.addresses.len() as u64)).unwrap();
            let address = self.addresses.iter().nth(at).unwrap().clone();
            self.visit(&address, &author);
        }
        drop(author);
        let until = Instant::now() + Duration::from_millis(self.random.below(150));
        // everything that readers have just seen must be stored already
        let at_news = self.random.chance(2);
        let mut known: HashMap<&str, String> = HashMap::new();
        while Instant::now() < until {
            let list = LISTS[usize::try_from(self.random.below(LISTS.len() as u64)).unwrap()];
            let body = self.read(list);
            if known.insert(list, body.clone()).is_some_and(|before| before != body) && at_news {
                break;
            }
        }
        drop(serving);
        self.author().note("killed");
        self.check_storage();
    }

    fn await_start(&mut self, serving: &Serving) {
        let lines = serving.until("Ctrl-C ends it");
        let wrong = |line: &&String| {
            ["is now in", "was empty", "not kept", "not understood"]
                .iter()
                .any(|w| line.contains(w))
        };
        let wrong = lines.iter().find(wrong).filter(|_| !self.ids.is_empty());
        assert!(wrong.is_none(), "round {}: {wrong:?}", self.round);
        let listens = lines.iter().find_map(|line| line.split_once("listens  ")).unwrap();
        self.address = listens.1.trim().to_owned();
    }

    fn author(&self) -> MutexGuard<'a, Author> {
        self.author.lock().unwrap()
    }

    /// Checks that all that readers have seen is stored, and that storage was not damaged.
    fn check_storage(&mut self) {
        if self.random.chance(2) {
            return;
        }
        let state = self.site.path().join("state");
        if self.round.is_multiple_of(10) {
            let (status, _, err) = run(&mut feedmill(self.site.path(), &["ledger", "export", "--state", "state"]));
            assert_eq!(status, 0, "round {}: {err}", self.round);
        }
        let contents = Storage::sqlite(Utf8Path::from_path(&state).unwrap()).load().unwrap();
        let notes = contents.notes;
        // before readers have seen anything, feedmill may be killed while it creates the file
        assert!(notes.is_empty() || self.ids.is_empty(), "round {}: {notes:?}", self.round);
        let kept: BTreeSet<&str> = contents.records.iter().filter_map(post_id).collect();
        for (marker, id) in &self.ids {
            assert!(
                kept.contains(id.as_str()),
                "round {}: {marker} is forgotten, {id}",
                self.round
            );
        }
        if let Ok(files) = std::fs::read_dir(state) {
            for file in files {
                let name = file.unwrap().file_name().into_string().unwrap();
                let is_own = [
                    "ledger.db",
                    "ledger.db-journal",
                    "ledger.db-wal",
                    "ledger.db-shm",
                    "ledger.lock",
                ]
                .contains(&name.as_str());
                assert!(is_own, "round {}: {name}", self.round);
            }
        }
    }

    /// Checks that in the end exactly the author's posts are shown.
    fn check_end(&mut self) {
        let serving = Serving::start(self.site.path(), &["--state", "state"]);
        self.await_start(&serving);
        let author = self.author();
        let works = author.works.iter().filter(|(_, work)| work.is_public());
        let wanted: BTreeMap<&str, String> = works.map(|(marker, work)| (marker.as_str(), work.revision(marker))).collect();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let body = self.read("/feed.json");
            let listed = from_json(&body, "items");
            let is_as_written = |post: &ListedPost| {
                wanted
                    .get(post.marker.as_str())
                    .is_some_and(|revision| post.text.contains(revision))
            };
            if listed.len() == wanted.len() && listed.iter().all(is_as_written) {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "{wanted:#?} was written, this is served: {listed:#?}"
            );
        }
        for address in self.addresses.clone() {
            self.visit(&address, &author);
        }
        println!(
            "{} rounds, {} posts seen, {} addresses",
            self.round + 1,
            self.ids.len(),
            self.addresses.len()
        );
    }

    fn get(&self, path: &str) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let mut answer = agent.get(format!("{}{path}", self.address)).call().unwrap();
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.body_mut().read_to_string().unwrap(),
        }
    }

    /// Reads a list of posts, and checks it against all that readers have seen before.
    fn read(&mut self, list: &str) -> String {
        let answer = self.get(list);
        assert_eq!(answer.status, 200, "{list}");
        assert!(
            !answer.body.contains("withheld"),
            "round {}: a draft in {list}: {}",
            self.round,
            answer.body
        );
        // the feed of a tag is made when it is requested, and its dates are stored a little later
        let is_kept_in_time = !list.starts_with("/tags/");
        if let Some(modified) = answer.headers.get("last-modified").filter(|_| is_kept_in_time) {
            let modified = httpdate::parse_http_date(modified.to_str().unwrap()).unwrap();
            self.moves_forward(list, "Last-Modified", Timestamp::try_from(modified).unwrap());
        }
        let listed = match list {
            "/atom.xml" | "/tags/harbour/atom.xml" => {
                let (updated, listed) = from_atom(&answer.body);
                if is_kept_in_time {
                    self.moves_forward(list, "updated", updated);
                }
                listed
            }
            "/rss.xml" => from_rss(&answer.body),
            "/feed.json" => from_json(&answer.body, "items"),
            _ => from_json(&answer.body, "posts"),
        };
        let ids: BTreeSet<&str> = listed.iter().map(|post| post.id.as_str()).collect();
        assert_eq!(
            ids.len(),
            listed.len(),
            "round {}: an id twice in {list}: {listed:#?}",
            self.round
        );
        for post in listed {
            self.check_post(list, post);
        }
        answer.body
    }

    /// Checks a post against what readers have seen of it before.
    fn check_post(&mut self, list: &str, post: ListedPost) {
        let round = self.round;
        let id = self.ids.entry(post.marker.clone()).or_insert_with(|| post.id.clone());
        assert_eq!(*id, post.id, "round {round}: another id in {list}: {post:?}");
        let marker = self.markers.entry(post.id.clone()).or_insert_with(|| post.marker.clone());
        assert_eq!(*marker, post.marker, "round {round}: another post's id in {list}: {post:?}");
        if let Some(published) = post.published {
            let first = *self.published.entry(post.marker.clone()).or_insert(published);
            assert_eq!(first, published, "round {round}: another date in {list}: {post:?}");
        }
        if let Some(updated) = post.updated {
            self.moves_forward("posts", &post.marker, updated);
        }
        self.addresses.insert(post.address);
    }

    fn moves_forward(&mut self, list: &str, what: &str, at: Timestamp) {
        let round = self.round;
        let latest = self.dates.entry((list.to_owned(), what.to_owned())).or_insert(at);
        assert!(
            *latest <= at,
            "round {round}: {what} of {list} went back from {latest} to {at}"
        );
        *latest = at;
    }

    /// Requests an address that readers have seen, while the author does not write: it shows the post, redirects to it in one step, or answers that it
    /// was withdrawn.
    fn visit(&self, address: &str, author: &Author) {
        let round = self.round;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut answer = self.get(address);
            assert!(
                matches!(answer.status, 200 | 301 | 410 | 503),
                "round {round}: {} at {address}",
                answer.status
            );
            if answer.status == 301 {
                let location = answer.headers["location"].to_str().unwrap();
                answer = self.get(location.strip_prefix(BASE).unwrap());
            }
            if answer.status == 200 {
                let asked = author.asked_for.get(address).into_iter().flatten();
                let owners: Vec<&String> = asked.collect();
                let is_owners = owners.is_empty() || owners.iter().any(|marker| answer.body.contains(*marker));
                assert!(is_owners, "round {round}: at {address} of {owners:?} is {}", answer.body);
                assert!(!answer.body.contains("withheld"), "round {round}: a draft at {address}");
            }
            // the last edit may not be read yet
            if matches!(answer.status, 200 | 410) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "round {round}: {} in the end at {address}",
                answer.status
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// How many of the author's last actions are printed after a failure.
const PRINTED_ACTIONS: usize = 100;

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let author = self.author.lock().unwrap_or_else(PoisonError::into_inner);
            let first = author.diary.len().saturating_sub(PRINTED_ACTIONS);
            println!("{:#?}", &author.diary[first..]);
        }
    }
}

fn post_id(record: &Record) -> Option<&str> {
    match record {
        Record::Post(post) => Some(post.id.as_str()),
        _ => None,
    }
}
