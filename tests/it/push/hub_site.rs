//! A site with a hub, which can be stopped and started again.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use feedmill::config::Config;
use feedmill::http::filter::filter;
use feedmill::http::hub::topic_at;
use feedmill::http::media::Library;
use feedmill::http::request_context::RequestContext;
use feedmill::http::server;
use feedmill::publisher::Publisher;
use feedmill::push::Timing;
use feedmill::push::hub::{Hub, HubStatus, Sources};
use feedmill::site::Site;
use feedmill::source::Source;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use url::form_urlencoded;

use super::subscriber::{Subscriber, until};
use crate::server::write;

/// The address of the site as its configuration says. It is not where it listens.
pub const BASE: &str = "http://site.example";

/// A folder with a state folder, and what serves it.
pub struct HubSite {
    folder: TempDir,
    config: String,
    running: Option<Running>,
}

struct Running {
    address: String,
    hub: Arc<Hub>,
    publisher: Arc<Publisher>,
    stop: CancellationToken,
    runtime: Runtime,
}

/// Short pauses.
fn timing() -> Timing {
    Timing {
        retries: vec![Duration::from_millis(50); 3],
        verify_again: Duration::from_millis(50),
        probe: Duration::from_millis(50),
        request: Duration::from_secs(10),
        gone: Duration::from_millis(50),
    }
}

impl HubSite {
    /// Starts a site with a post in two tags; `config` is more of the table `[push]`.
    pub fn start(config: &str) -> HubSite {
        let mut site = HubSite {
            folder: TempDir::new().unwrap(),
            config: format!("[site]\nbase_url = '{BASE}'\n[push]\nallow = ['127.0.0.0/8']\n{config}"),
            running: None,
        };
        site.post("first", "tags: [mill, creek]\n");
        site.run();
        site
    }

    /// Writes a post.
    pub fn post(&self, name: &str, front_matter: &str) {
        self.post_with(name, "2026-01-31", front_matter, &format!("Text of {name}."));
    }

    pub fn post_with(&self, name: &str, date: &str, front_matter: &str, text: &str) {
        let content = format!("---\ntitle: Post {name}\ndate: {date}\n{front_matter}---\n{text}\n");
        write(self.folder.path(), &format!("posts/{name}.md"), &content);
    }

    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.folder.path().join(format!("posts/{name}.md"))).unwrap();
    }

    /// Allows no callbacks on loopback, from the next start on.
    pub fn forbid_loopback(&mut self) {
        self.config = self.config.replace("allow = ['127.0.0.0/8']", "allow = []");
    }

    /// The site that is served now.
    pub fn site(&self) -> Arc<Site> {
        self.running().publisher.site()
    }

    /// Adds to the configuration, for the next start.
    pub fn configure(&mut self, table: &str) {
        self.config.push_str(table);
    }

    pub fn run(&mut self) {
        let mut config = Config::parse("feedmill.toml".into(), &self.config).unwrap();
        let root = Utf8PathBuf::from_path_buf(self.folder.path().to_owned()).unwrap();
        config.state.dir = Some(root.join("state"));
        let config = Arc::new(config);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let stop = CancellationToken::new();
        let source = Source::folder(root.join("posts"), &config.posts);
        let running = runtime.block_on(async {
            let publisher = Arc::new(Publisher::start(Arc::clone(&config), source.clone()).await.unwrap());
            let hub = hub_of(&publisher);
            let context = RequestContext::new(&config, Library::new(source), Arc::default(), stop.clone());
            let bound = server::bind("127.0.0.1:0").await.unwrap();
            let address = format!("http://{}", bound.address());
            let sites = Arc::clone(&publisher);
            let filter = filter(move || sites.site(), context.with_hub(Arc::clone(&hub)));
            let (settings, stopped) = (config.server.clone(), stop.clone());
            tokio::spawn(async move { bound.serve(filter, &settings, stopped).await });
            let (updated, mut changes) = (Arc::clone(&hub), publisher.changes());
            updated.update(None);
            tokio::spawn(async move {
                while let Ok(change) = changes.recv().await {
                    updated.update(Some(&change.feeds));
                }
            });
            (address, hub, publisher)
        });
        let (address, hub, publisher) = running;
        self.running = Some(Running {
            address,
            hub,
            publisher,
            stop,
            runtime,
        });
    }

    pub fn stop(&mut self) {
        let running = self.running.take().unwrap();
        running.stop.cancel();
        running.hub.stop(Duration::from_secs(10));
        running.runtime.block_on(running.publisher.stop());
        running.runtime.shutdown_timeout(Duration::from_secs(5));
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn hub(&self) -> &Arc<Hub> {
        &self.running().hub
    }

    pub fn status(&self) -> HubStatus {
        self.hub().status()
    }

    /// Requests `path`.
    pub fn request(&self, method: &str, path: &str, content_type: Option<&str>, body: &str) -> ureq::http::Response<String> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .accept_encoding("identity")
            .allow_non_standard_methods(true)
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.running().address));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = if body.is_empty() {
            agent.run(request.body(()).unwrap()).unwrap()
        } else {
            agent.run(request.body(body.to_owned()).unwrap()).unwrap()
        };
        answer.map(|mut body| body.read_to_string().unwrap())
    }

    pub fn get(&self, path: &str) -> ureq::http::Response<String> {
        self.request("GET", path, None, "")
    }

    /// Sends a form with these pairs to the hub. Returns the status.
    pub fn send(&self, pairs: &[(&str, &str)]) -> u16 {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let answer = self.request("POST", "/hub", Some("application/x-www-form-urlencoded"), &form);
        assert!(
            answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"),
            "{answer:?}"
        );
        answer.status().as_u16()
    }

    /// Asks for `mode` of the topic at `path`, with more `parameters`.
    pub fn ask(&self, mode: &str, path: &str, subscriber: &Subscriber, parameters: &[(&str, &str)]) {
        let (topic, callback) = (format!("{BASE}{path}"), subscriber.callback());
        let mut pairs = vec![("hub.mode", mode), ("hub.topic", &topic), ("hub.callback", &callback)];
        pairs.extend(parameters);
        assert_eq!(self.send(&pairs), 202);
    }

    /// Subscribes to the topic at `path`, and waits until that counts.
    pub fn subscribe(&self, path: &str, subscriber: &Subscriber, more: &[(&str, &str)]) {
        let before = self.confirmed();
        self.ask("subscribe", path, subscriber, more);
        until("the subscription counts", || self.confirmed() > before);
    }

    /// The confirmed requests so far.
    pub fn confirmed(&self) -> u64 {
        self.status().verified[0].1
    }

    /// Waits until nothing is waiting or in flight.
    pub fn wait_until_idle(&self) {
        until("nothing waits", || {
            self.status().waiting == 0 && self.status().verifications == 0
        });
    }
}

impl Drop for HubSite {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
    }
}

fn hub_of(publisher: &Arc<Publisher>) -> Arc<Hub> {
    let (sites, stores) = (Arc::clone(publisher), Arc::clone(publisher));
    let sources = Sources {
        site: Box::new(move || sites.site()),
        store: Box::new(move || stores.store()),
        topic_at,
    };
    Hub::new(sources, timing())
}
