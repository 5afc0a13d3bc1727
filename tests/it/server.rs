//! A site under test: files in a temporary folder, served by the real server on a free port.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use feedmill::config::Config;
use feedmill::http::fast_path::fast_path;
use feedmill::http::filter::filter;
use feedmill::http::media::Library;
use feedmill::http::preview::Preview;
use feedmill::http::preview::events::Events;
use feedmill::http::preview::key::Key;
use feedmill::http::request_context::RequestContext;
use feedmill::http::routes::{Request, answer};
use feedmill::http::server;
use feedmill::publisher::Publisher;
use feedmill::site::Site;
use feedmill::source::folder::Folder;
use feedmill::time::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The longest wait for a condition. Only a failure takes so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running site. It ends when it is dropped.
pub struct TestSite {
    folder: TempDir,
    base: String,
    /// The address of a listener without the fast path.
    long_way: String,
    /// The public listener, if `base` is that of a preview.
    public: String,
    /// The cookie for a preview.
    cookie: Option<String>,
    context: RequestContext,
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
    /// A site of these files (path, content), configured by `config` (TOML).
    pub fn start(files: &[(&str, &str)], config: &str) -> TestSite {
        TestSite::start_with(files, config, false)
    }

    /// A site whose requests go to the preview, with the key.
    pub fn preview(files: &[(&str, &str)], config: &str) -> TestSite {
        let mut site = TestSite::start_with(files, config, true);
        let led = site.get(site.cookie.clone().unwrap().as_str());
        assert_eq!((led.status, led.header("location")), (303, "/"));
        let cookie = led.header("set-cookie").split(';').next().unwrap().to_owned();
        site.cookie = Some(cookie);
        site
    }

    fn start_with(files: &[(&str, &str)], config: &str, is_preview: bool) -> TestSite {
        let folder = TempDir::new().unwrap();
        for (path, content) in files {
            write(folder.path(), path, content);
        }
        let config = Arc::new(Config::parse("feedmill.toml".into(), config).unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let stop = CancellationToken::new();
        let root = camino::Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
        let (bases, long_way, url, context) = runtime.block_on(async {
            let library = Library::new(Folder::new(root.clone(), &config.posts));
            let context = RequestContext::new(&config, library, Arc::default(), stop.clone());
            let publisher = Arc::new(Publisher::start(Arc::clone(&config), root).await.unwrap());
            let kept = context.clone();
            let bound = server::bind("127.0.0.1:0").await.unwrap();
            let long = server::bind("127.0.0.1:0").await.unwrap();
            let bases = [&bound, &long].map(|bound| format!("http://{}", bound.address()));
            let settings = [config.server.clone(), config.server.clone()];
            let stops = [stop.clone(), stop.clone()];
            let asked = Arc::clone(&publisher);
            let site = move || asked.site();
            let mut preview = None;
            if is_preview {
                let bound = server::bind("127.0.0.1:0").await.unwrap();
                let server::Address::Tcp(address) = bound.address().clone() else {
                    unreachable!()
                };
                let key = Key::new(address).unwrap();
                preview = Some((format!("http://{address}"), key.url()));
                let events = Events::new(publisher.sites(), Duration::from_secs(1));
                let shown = filter(site.clone(), context.clone().previewing(Preview { events, key }));
                let (settings, stop) = (config.server.clone(), stop.clone());
                tokio::spawn(async move { bound.serve(shown, &settings, stop).await });
            }
            let (fast_path, filter) = (fast_path(site.clone(), context.clone()), filter(site, context));
            let ([settings, of_long], [stop, end_of_long]) = (settings, stops);
            let filtered = filter.clone();
            tokio::spawn(async move { long.serve(filtered, &of_long, end_of_long).await });
            tokio::spawn(async move { bound.serve_with_fast_path(fast_path, filter, &settings, stop).await });
            let [public, long_way] = bases;
            let (base, url) = preview.map_or((public.clone(), None), |(base, url)| (base, Some(url)));
            ([base, public], long_way, url, kept)
        });
        let [base, public] = bases;
        let cookie = url.map(|url| url.strip_prefix(&base).unwrap().to_owned());
        TestSite {
            folder,
            base,
            long_way,
            public,
            cookie,
            context,
            stop,
            runtime: Some(runtime),
        }
    }

    /// Writes a file in place, as most programs do.
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

    /// The body as received, encoded or not.
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

    /// The current site.
    pub fn context(&self) -> &RequestContext {
        &self.context
    }

    /// The cookie with the key of a preview.
    pub fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap()
    }

    /// The response of the public listener, if this is a preview.
    pub fn get_public(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let Answer { status, headers, body } = request("GET", &format!("{}{path}", self.public), headers);
        Answer {
            status,
            headers,
            body: String::from_utf8(body).unwrap(),
        }
    }

    /// The response without the fast path.
    pub fn request_the_long_way(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer<Vec<u8>> {
        request(method, &format!("{}{path}", self.long_way), headers)
    }

    /// Requests `path` until the response is as `wanted`.
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

/// The response of `site` to a plain GET, without a server.
pub fn ask(site: &Site, path: &str, query: &str) -> http::Response<Bytes> {
    let headers = http::HeaderMap::new();
    answer(
        site,
        &Request {
            path,
            query,
            headers: &headers,
            now: Timestamp::now(),
        },
    )
}
