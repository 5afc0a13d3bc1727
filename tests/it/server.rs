//! A site for tests: files in a temporary folder, served by the real server on a free port.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use feedmill::config::Config;
use feedmill::http::events::PostEvents;
use feedmill::http::filter::filter;
use feedmill::http::media::Library;
use feedmill::http::preview::Preview;
use feedmill::http::preview::events::Events;
use feedmill::http::preview::key::PreviewKey;
use feedmill::http::request::Request;
use feedmill::http::request_context::RequestContext;
use feedmill::http::routes::answer;
use feedmill::http::server;
use feedmill::http::target::Target;
use feedmill::publisher::Publisher;
use feedmill::site::Site;
use feedmill::source::{MemorySource, Source};
use feedmill::time::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The longest wait for a condition. Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running site. Dropping it ends it.
pub struct TestSite {
    folder: TempDir,
    base: String,
    /// The public listener, if `base` is the preview's.
    public: String,
    /// The cookie with the key of a preview.
    cookie: Option<String>,
    context: RequestContext,
    publisher: Arc<Publisher>,
    stop: CancellationToken,
    runtime: Option<Runtime>,
}

/// A response, as a client sees it.
#[derive(Debug)]
pub struct Answer<B = String> {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: B,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl<B> Answer<B> {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl TestSite {
    /// Starts a site of these files (path, content) with `config` (TOML).
    pub fn start(files: &[(&str, &str)], config: &str) -> TestSite {
        TestSite::start_with(files, config, false)
    }

    /// Starts a site whose requests go to its preview, with the key.
    pub fn preview(files: &[(&str, &str)], config: &str) -> TestSite {
        let mut site = TestSite::start_with(files, config, true);
        let led = site.get(site.cookie.clone().unwrap().as_str());
        assert_eq!((led.status, led.header("location")), (303, "/"));
        let cookie = led.header("set-cookie").split(';').next().unwrap().to_owned();
        site.cookie = Some(cookie);
        site
    }

    /// Starts a site of the files in `memory`, which are on no disk.
    pub fn of_memory(memory: &MemorySource) -> TestSite {
        let source = Source::Memory(memory.clone());
        TestSite::of_source(TempDir::new().unwrap(), source, &Arc::default(), false)
    }

    /// Starts a site of the files in `folder`, as a restart does.
    pub fn of_folder(folder: &Path, config: &str) -> TestSite {
        let config = Arc::new(Config::parse("feedmill.toml".into(), config).unwrap());
        let root = camino::Utf8PathBuf::from_path_buf(folder.to_owned()).unwrap();
        let source = Source::folder(root, &config.posts);
        TestSite::of_source(TempDir::new().unwrap(), source, &config, false)
    }

    fn start_with(files: &[(&str, &str)], config: &str, is_preview: bool) -> TestSite {
        let folder = TempDir::new().unwrap();
        for (path, content) in files {
            write(folder.path(), path, content);
        }
        let config = Arc::new(Config::parse("feedmill.toml".into(), config).unwrap());
        let root = camino::Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let source = Source::folder(root, &config.posts);
        TestSite::of_source(folder, source, &config, is_preview)
    }

    fn of_source(folder: TempDir, source: Source, config: &Arc<Config>, is_preview: bool) -> TestSite {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let stop = CancellationToken::new();
        let (bases, url, context, publisher) = runtime.block_on(async {
            let library = Library::new(source.clone());
            let context = RequestContext::new(config, library, Arc::default(), stop.clone());
            let publisher = Arc::new(Publisher::start(Arc::clone(config), source).await.unwrap());
            let asked = Arc::clone(&publisher);
            let events = PostEvents::new(move || asked.site(), publisher.sites(), config.server.idle_timeout);
            let context = context.with_events(events);
            let kept = context.clone();
            let bound = server::bind("127.0.0.1:0").await.unwrap();
            let public = format!("http://{}", bound.address());
            let asked = Arc::clone(&publisher);
            let site = move || asked.site();
            let mut preview = None;
            if is_preview {
                let bound = server::bind("127.0.0.1:0").await.unwrap();
                let server::Address::Tcp(address) = bound.address().clone() else {
                    unreachable!()
                };
                let key = PreviewKey::new(address).unwrap();
                preview = Some((format!("http://{address}"), key.url()));
                let events = Events::new(publisher.sites(), Duration::from_secs(1));
                let shown = filter(site.clone(), context.clone().with_preview(Preview { events, key }));
                let (settings, stop) = (config.server.clone(), stop.clone());
                tokio::spawn(async move { bound.serve(shown, &settings, stop).await });
            }
            let (filter, settings, stop) = (filter(site, context), config.server.clone(), stop.clone());
            tokio::spawn(async move { bound.serve(filter, &settings, stop).await });
            let (base, url) = preview.map_or((public.clone(), None), |(base, url)| (base, Some(url)));
            ([base, public], url, kept, publisher)
        });
        let [base, public] = bases;
        let cookie = url.map(|url| url.strip_prefix(&base).unwrap().to_owned());
        TestSite {
            folder,
            base,
            public,
            cookie,
            context,
            publisher,
            stop,
            runtime: Some(runtime),
        }
    }

    /// Writes a file the way most programs do: in place.
    pub fn write(&self, path: &str, content: &str) {
        write(self.folder.path(), path, content);
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The host and port it listens at.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request("GET", path, headers)
    }

    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let Answer { status, headers, body } = self.request_bytes(method, path, headers);
        Answer {
            status,
            headers,
            body: String::from_utf8(body).unwrap(),
        }
    }

    /// Returns the response with its body as it was sent, perhaps coded.
    pub fn get_bytes(&self, path: &str, headers: &[(&str, &str)]) -> Answer<Vec<u8>> {
        self.request_bytes("GET", path, headers)
    }

    pub fn request_bytes(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer<Vec<u8>> {
        let mut headers = headers.to_vec();
        if let Some(cookie) = &self.cookie
            && !headers.iter().any(|(name, _)| *name == "cookie")
        {
            headers.push(("cookie", cookie));
        }
        request(method, &format!("{}{path}", self.base), &headers)
    }

    /// The context of the public listener.
    pub fn context(&self) -> &RequestContext {
        &self.context
    }

    /// The cookie with the key of a preview.
    pub fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap()
    }

    /// Returns the public response, if this is a preview.
    pub fn get_public(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let Answer { status, headers, body } = request("GET", &format!("{}{path}", self.public), headers);
        Answer {
            status,
            headers,
            body: String::from_utf8(body).unwrap(),
        }
    }

    /// Asks the server to end, as a signal does.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Ends the server, and waits until everything is stored.
    pub fn close(self) {
        self.stop();
        if let Some(runtime) = &self.runtime {
            runtime.block_on(self.publisher.stop());
        }
    }

    /// The site that is served now.
    pub fn site(&self) -> Arc<Site> {
        self.publisher.site()
    }

    /// Requests `path` until `wanted` is true for the response.
    pub fn wait_for(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let since = Instant::now();
        loop {
            let answer = self.get(path);
            if wanted(&answer) {
                return answer;
            }
            assert!(
                since.elapsed() < PATIENCE,
                "{path} never became what was waited for; at last: {answer:?}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Requests `url`.
fn request(method: &str, url: &str, headers: &[(&str, &str)]) -> Answer<Vec<u8>> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = agent.run(request.body(()).unwrap()).unwrap();
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: answer.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap(),
    }
}

impl Drop for TestSite {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

pub fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Returns the response of `site` to a plain GET, without a server.
pub fn ask(site: &Site, path: &str, query: &str) -> http::Response<Bytes> {
    let headers = http::HeaderMap::new();
    let target = Target::parse(path);
    answer(site, &Request::new(target.as_ref(), path, query, &headers, Timestamp::now()))
}

/// Reads one request from `stream`: its head, and its body if the head gives a length.
pub fn read_request(stream: &TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|n| n > 0) {}
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    (head, body)
}
