//! A folder, storage in memory and a clock that the test sets, with feedmill, which can be stopped and started.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use feedmill::config::Config;
use feedmill::http::request::Request;
use feedmill::http::routes::answer;
use feedmill::http::target::Target;
use feedmill::identity::{PostRecord, Record};
use feedmill::publisher::site_builder::SiteBuilder;
use feedmill::site::Site;
use feedmill::source::watch::{Hints, Watching};
use feedmill::storage::{RecordChange, Storage};
use feedmill::time::Timestamp;

pub(super) const HOSTS: [&str; 3] = ["one.example", "two.example", "three.example"];
pub(super) const PERMALINKS: [&str; 3] = ["/posts/{slug}", "/{year}/{slug}/", "/{section}/{slug}.html"];

/// Feedmill with a folder, storage and a clock.
pub(super) struct Harness {
    above: Utf8PathBuf,
    _temporary: tempfile::TempDir,
    pub(super) root: Utf8PathBuf,
    storage: Storage,
    pub(super) config: Config,
    /// The host that ids are made from.
    pub(super) authority: String,
    builder: Option<SiteBuilder>,
    pub(super) site: Arc<Site>,
    pub(super) now: Timestamp,
    /// When the site was built. It is not built again only because the clock is put back.
    pub(super) built: Timestamp,
    tick: Duration,
    /// Whether the ledger could be stored at the last scan.
    is_kept: bool,
}

/// The response at an address.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: String,
    pub(super) tag: String,
    pub(super) modified: Option<SystemTime>,
    pub(super) body: String,
}

impl Harness {
    pub(super) fn new() -> Harness {
        let temporary = tempfile::tempdir().unwrap();
        let above = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap()).unwrap();
        let root = above.join("posts");
        fs::create_dir(&root).unwrap();
        let mut config = Config::default();
        config.feed.limit = 500;
        // files are dated by the clock of the model, which is a year ahead so that no real date is later
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap() + Duration::from_hours(24 * 365);
        let material = feedmill::site::SiteInput::default();
        let mut harness = Harness {
            storage: Storage::memory(),
            site: Arc::new(Site::build(&Arc::new(config.clone()), material, now, None)),
            authority: HOSTS[0].to_owned(),
            above,
            _temporary: temporary,
            root,
            config,
            builder: None,
            now,
            built: now,
            is_kept: true,
            tick: Duration::ZERO,
        };
        harness.set_host(0);
        harness.start();
        harness
    }

    pub(super) fn set_host(&mut self, number: u8) {
        let host = HOSTS[usize::from(number) % HOSTS.len()];
        self.config.site.base_url = Some(format!("https://{host}").parse().unwrap());
    }

    pub(super) fn set_permalink(&mut self, number: u8) {
        PERMALINKS[usize::from(number) % PERMALINKS.len()].clone_into(&mut self.config.posts.permalink);
    }

    /// Moves the clock forward.
    pub(super) fn pass(&mut self, span: Duration) {
        self.now += span;
        self.tick += span;
    }

    pub(super) fn start(&mut self) {
        if self.builder.is_none() {
            let opening = self.storage.open();
            assert_eq!(opening.notes, Vec::<String>::new());
            let config = Arc::new(self.config.clone());
            self.builder = Some(SiteBuilder::new(&config, self.root.clone(), Some(opening), self.now));
        }
    }

    pub(super) fn stop(&mut self) {
        if let Some(builder) = self.builder.take() {
            assert!(builder.close(), "all is written at the end");
        }
    }

    /// Ends feedmill as a loss of power does: records that were not stored yet are lost.
    pub(super) fn crash(&mut self) {
        let kept = self.storage.load().unwrap().records;
        drop(self.builder.take());
        self.begin_storage(kept);
    }

    pub(super) fn lose_store(&mut self) {
        self.stop();
        self.begin_storage(Vec::new());
        self.authority = self.config.site.base_url.as_ref().unwrap().host_str().unwrap().to_owned();
    }

    /// Moves the records to new storage as lines of JSON.
    pub(super) fn carry(&mut self) {
        self.stop();
        let records = self.storage.load().unwrap().records;
        let lines: Vec<String> = records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        let carried: Vec<Record> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(carried, records);
        self.begin_storage(carried);
    }

    /// Ends feedmill and changes the records of posts.
    pub(super) fn amend(&mut self, change: impl Fn(&mut PostRecord)) {
        self.stop();
        let mut records = self.storage.load().unwrap().records;
        for record in &mut records {
            if let Record::Post(post) = record {
                change(post);
            }
        }
        self.begin_storage(records);
    }

    fn begin_storage(&mut self, records: Vec<Record>) {
        self.storage = Storage::memory();
        if !records.is_empty() {
            let (mut exclusive, _) = self.storage.open_exclusive().unwrap();
            exclusive.write(records.into_iter().map(RecordChange::Put).collect()).unwrap();
        }
    }

    /// Replaces the posts folder by an empty one, or puts it back.
    pub(super) fn mount(&self, is_mounted: bool) {
        let away = self.above.join("away");
        if is_mounted {
            fs::remove_dir(&self.root).unwrap();
            fs::rename(&away, &self.root).unwrap();
        } else {
            fs::rename(&self.root, &away).unwrap();
            fs::create_dir(&self.root).unwrap();
        }
    }

    /// Runs one publishing cycle.
    pub(super) fn turn(&mut self) -> Option<Duration> {
        let builder = self.builder.as_mut().unwrap();
        let cycle = builder.run_cycle(&Hints::everything(), Watching::Native, self.now, self.tick);
        assert!(!cycle.has_failed, "a turn failed");
        if let Some(site) = cycle.site {
            self.site = site;
            self.built = self.now;
        }
        self.is_kept = cycle.health.ledger.is_none();
        cycle.again_in
    }

    /// Runs publishing cycles until none is due.
    pub(super) fn settle(&mut self) {
        let mut again = self.turn();
        for _ in 0..20 {
            let Some(wait) = again else { return };
            self.pass(wait);
            again = self.turn();
        }
        // storage that a crash left locked is tried again by the real clock
        assert!(again.is_none() || !self.is_kept, "a cycle is always due: {again:?}");
    }

    pub(super) fn write(&self, path: &Utf8Path, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        self.date(&path);
    }

    /// Dates the file at `path` a little before the clock of the model, so that it counts as stable.
    fn date(&self, path: &Utf8Path) {
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::try_from(self.now - Duration::from_secs(5)).unwrap())
            .unwrap();
    }

    pub(super) fn touch(&self, path: &Utf8Path) {
        self.date(&self.root.join(path));
    }

    pub(super) fn rename(&self, from: &Utf8Path, to: &Utf8Path) {
        let to = self.root.join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(self.root.join(from), to).unwrap();
    }

    pub(super) fn remove(&self, path: &Utf8Path) {
        fs::remove_file(self.root.join(path)).unwrap();
    }

    /// The response at `address`, a path with or without a query.
    pub(super) fn get(&self, address: &str) -> Answer {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let (target, headers) = (Target::parse(path), http::HeaderMap::new());
        let response = answer(&self.site, &Request::new(target.as_ref(), path, query, &headers, self.now));
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
                .to_owned()
        };
        Answer {
            status: response.status().as_u16(),
            location: header("location"),
            tag: header("etag"),
            modified: httpdate::parse_http_date(&header("last-modified")).ok(),
            body: String::from_utf8(response.body().to_vec()).unwrap(),
        }
    }
}
