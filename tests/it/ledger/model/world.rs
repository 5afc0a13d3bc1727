//! A folder, storage in memory and a clock that is turned by hand; and feedmill over them, stopped and started at will.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use feedmill::config::Config;
use feedmill::http::routes::{Request, answer};
use feedmill::identity::{PostRecord, Record};
use feedmill::publisher::site_builder::SiteBuilder;
use feedmill::site::Site;
use feedmill::source::watch::{Hints, Watching};
use feedmill::storage::{RecordChange, Storage};
use feedmill::time::Timestamp;

pub(super) const HOSTS: [&str; 3] = ["one.example", "two.example", "three.example"];
pub(super) const PERMALINKS: [&str; 3] = ["/posts/{slug}", "/{year}/{slug}/", "/{section}/{slug}.html"];

/// Feedmill over a folder.
pub(super) struct World {
    above: Utf8PathBuf,
    _temporary: tempfile::TempDir,
    pub(super) root: Utf8PathBuf,
    storage: Storage,
    pub(super) config: Config,
    /// The host that ids are made of.
    pub(super) authority: String,
    builder: Option<SiteBuilder>,
    pub(super) site: Arc<Site>,
    pub(super) now: Timestamp,
    /// When the site was built: a clock that is put back alone builds no other.
    pub(super) built: Timestamp,
    tick: Duration,
    /// Whether the ledger could be kept at the last look.
    is_kept: bool,
}

/// What is answered at an address.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: String,
    pub(super) tag: String,
    pub(super) modified: Option<SystemTime>,
    pub(super) body: String,
}

impl World {
    pub(super) fn new() -> World {
        let temporary = tempfile::tempdir().unwrap();
        let above = Utf8PathBuf::from_path_buf(temporary.path().canonicalize().unwrap()).unwrap();
        let root = above.join("posts");
        fs::create_dir(&root).unwrap();
        let mut config = Config::default();
        config.feed.limit = 500;
        // no file is younger than a year: what is written is dated by the clock of the model
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap() + Duration::from_hours(24 * 365);
        let material = feedmill::site::SiteInput::default();
        let mut world = World {
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
        world.set_host(0);
        world.start();
        world
    }

    pub(super) fn set_host(&mut self, number: u8) {
        let host = HOSTS[usize::from(number) % HOSTS.len()];
        self.config.site.base_url = Some(format!("https://{host}").parse().unwrap());
    }

    pub(super) fn set_permalink(&mut self, number: u8) {
        PERMALINKS[usize::from(number) % PERMALINKS.len()].clone_into(&mut self.config.posts.permalink);
    }

    /// Time goes by.
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

    /// Ends it as a loss of power does: what was not on disk yet is forgotten.
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

    /// Carries what is remembered over as lines of JSON.
    pub(super) fn carry(&mut self) {
        self.stop();
        let records = self.storage.load().unwrap().records;
        let lines: Vec<String> = records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        let carried: Vec<Record> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(carried, records);
        self.begin_storage(carried);
    }

    /// Ends it and changes what is remembered of posts.
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

    /// Puts an empty folder in the place of the posts, or the posts back.
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

    /// One look.
    pub(super) fn turn(&mut self) -> Option<Duration> {
        let builder = self.builder.as_mut().unwrap();
        let edition = builder.run_cycle(&Hints::everything(), Watching::Native, self.now, self.tick);
        assert!(!edition.has_failed, "a turn failed");
        if let Some(site) = edition.site {
            self.site = site;
            self.built = self.now;
        }
        self.is_kept = edition.health.ledger.is_none();
        edition.again_in
    }

    /// Looks until nothing is waited for.
    pub(super) fn settle(&mut self) {
        let mut again = self.turn();
        for _ in 0..20 {
            let Some(wait) = again else { return };
            self.pass(wait);
            again = self.turn();
        }
        // a store that a crash left locked is looked after by the real clock, however this one is turned
        assert!(again.is_none() || !self.is_kept, "it never comes to rest: {again:?}");
    }

    pub(super) fn write(&self, path: &Utf8Path, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        self.date(&path);
    }

    /// Dates the file at `path` by the clock of the model, a little back: it has held still since.
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

    /// What is answered at `address`, a path with or without a query.
    pub(super) fn get(&self, address: &str) -> Answer {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let request = Request {
            path,
            query,
            headers: &http::HeaderMap::new(),
            now: self.now,
        };
        let response = answer(&self.site, &request);
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
