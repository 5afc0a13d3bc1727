//! A running feedmill with one post, and what it serves.

use super::*;

pub(super) type Read = fn(&SourceFile, &Inherited, &Config) -> Result<ParsedPost, Diagnostic>;

/// Reads posts, and holds those back whose front matter has the key `hold`.
pub(super) fn holding(source: &SourceFile, inherited: &Inherited, config: &Config) -> Result<ParsedPost, Diagnostic> {
    let is_held = source.bytes.windows(6).any(|bytes| bytes == b"\nhold:");
    let mut reading = post::read_with(source, inherited, config)?;
    if is_held {
        hold(&mut reading, source);
    }
    Ok(reading)
}

pub(super) fn hold(reading: &mut ParsedPost, source: &SourceFile) {
    let held = Diagnostic::new(Severity::Error, "hold-unclear", &source.path, "is not understood");
    reading.remarks.push(held.clone());
    reading.held = Some(held);
    reading.post.is_held = true;
}

/// A folder, a storage and a site builder for them, with a clock that the test sets.
pub(super) struct Instance {
    pub(super) folder: TempDir,
    pub(super) storage: Storage,
    pub(super) builder: Option<SiteBuilder>,
    pub(super) site: Option<Arc<Site>>,
    pub(super) reports: Vec<PostEvent>,
    pub(super) read: Read,
    pub(super) now: Timestamp,
    pub(super) tick: Duration,
}

pub(super) const PATH: &str = "a.md";
pub(super) const ADDRESS: &str = "/posts/a";
pub(super) const GOOD: &[u8] =
    b"---\ntitle: Reeds and the mill\ndate: 2026-01-31\n---\nReeds along the creek, cut in winter and laid on the roof.\n";
pub(super) const TEXT: &str = "Reeds along the creek, cut in winter and laid on the roof.";

impl Instance {
    pub(super) fn new() -> Instance {
        let instance = Instance {
            folder: TempDir::new().unwrap(),
            storage: Storage::memory(),
            builder: None,
            site: None,
            reports: Vec::new(),
            read: holding,
            now: "2030-01-01T00:00:00Z".parse().unwrap(),
            tick: Duration::ZERO,
        };
        // another post, so that the folder is never empty
        instance.write(
            "keeper.md",
            b"---\ntitle: Keeper\ndate: 2026-01-01\n---\nThe lamp is lit at dusk.\n",
        );
        instance
    }

    /// Writes a file that counts as stable.
    pub(super) fn write(&self, path: &str, content: &[u8]) {
        let path = self.folder.path().join(path);
        fs::write(&path, content).unwrap();
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::try_from(self.now - Duration::from_mins(1)).unwrap())
            .unwrap();
    }

    pub(super) fn start(&mut self, read: Read) {
        self.open(read);
        self.run_until_idle();
    }

    /// Creates the builder, without a scan.
    pub(super) fn open(&mut self, read: Read) {
        self.read = read;
        let root = Utf8PathBuf::from_path_buf(self.folder.path().to_owned()).unwrap();
        let mut config = Config::default();
        config.site.base_url = Some("https://blog.example".parse().unwrap());
        let opening = self.storage.open();
        assert_eq!(opening.notes, Vec::<String>::new());
        let mut builder = SiteBuilder::new(&Arc::new(config), root, Some(opening), self.now);
        builder.tracker.read_with(read);
        self.builder = Some(builder);
    }

    /// Runs one cycle.
    pub(super) fn run_one_cycle(&mut self) {
        let builder = self.builder.as_mut().unwrap();
        let outcome = builder.run_cycle(&Hints::everything(), Watching::Native, self.now, self.tick);
        assert!(!outcome.has_failed);
        self.site = outcome.site.or(self.site.take());
    }

    pub(super) fn stop(&mut self) {
        assert!(self.builder.take().unwrap().close());
    }

    pub(super) fn restart(&mut self) {
        self.stop();
        self.start(self.read);
    }

    /// Runs cycles until none is due.
    pub(super) fn run_until_idle(&mut self) {
        self.reports.clear();
        self.now += Duration::from_mins(10);
        for _ in 0..20 {
            let outcome = self
                .builder
                .as_mut()
                .unwrap()
                .run_cycle(&Hints::everything(), Watching::Native, self.now, self.tick);
            assert!(!outcome.has_failed);
            self.reports.extend(outcome.posts);
            self.site = outcome.site.or(self.site.take());
            let Some(wait) = outcome.again_in else { return };
            self.now += wait;
            self.tick += wait;
        }
        panic!("there is always another cycle due");
    }

    pub(super) fn edit(&mut self, content: &[u8]) {
        self.write(PATH, content);
        self.run_until_idle();
    }

    pub(super) fn site(&self) -> &Site {
        self.site.as_deref().unwrap()
    }

    pub(super) fn post(&self) -> Option<&Arc<Post>> {
        self.site().post(PATH.into())
    }

    /// What is served at the address of the post.
    pub(super) fn served(&self) -> Served {
        let texts = self.builder.as_ref().unwrap().tracker.texts();
        match self.post().filter(|post| post.is_readable(self.now)) {
            Some(post) => {
                let text = texts.text(post).unwrap_or_else(|| "no text".into());
                Served::Text(text.trim().to_owned())
            }
            None => match self.site().unavailable(ADDRESS) {
                None => Served::Nothing,
                Some(Unavailable::Temporarily) => Served::Unavailable,
                Some(Unavailable::Withdrawn(title)) => Served::Gone(title),
            },
        }
    }

    pub(super) fn errors(&self) -> Vec<&str> {
        let errors = self.site().diagnostics.iter();
        let errors = errors.filter(|diagnostic| diagnostic.path == PATH && diagnostic.severity == Severity::Error);
        errors.map(|diagnostic| diagnostic.code).collect()
    }

    pub(super) fn events(&self) -> Vec<&str> {
        let reports = self.reports.iter().filter(|report| report.path == PATH);
        reports.map(|report| report.event.in_words().0).collect()
    }

    pub(super) fn has_version(&self) -> bool {
        !self.storage.last_good_versions().is_empty()
    }
}

/// What is served at an address.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Served {
    Text(String),
    Nothing,
    /// 503.
    Unavailable,
    /// 410, with this title.
    Gone(String),
}

pub(super) fn text(text: &str) -> Served {
    Served::Text(text.to_owned())
}
