//! Requests to other servers: the one place from which feedmill connects to anything.
//!
//! Addresses come from old feeds, exports and subscribers, so a hostile one may lead into the network of this machine (server-side
//! request forgery). The guard checks the addresses to which a connection is made, not the text of the URL: see [`address`]. It is asked
//! for names and for literal addresses, and for each redirect, because this module follows redirects itself. No proxy is used, because
//! a proxy would connect to what the guard did not see.
//!
//! Each request is limited in size, time and redirects. Nothing is decompressed, so a response is never larger than it was sent.
//!
//! ```no_run
//! use feedmill::outgoing::{Client, Limits, OutgoingRequest};
//!
//! let client = Client::new(Vec::new());
//! let url = "https://example.com/feed.xml".parse()?;
//! let response = client.send(&OutgoingRequest::get(&url), Limits::default())?;
//! println!("{} from {}", response.status(), response.url());
//! println!("{} bytes", response.read_to_vec()?.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod address;
mod error;
mod resolver;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::time::{Duration, Instant};

use http::header::{CONTENT_ENCODING, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use ipnet::IpNet;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{DefaultResolver, Resolver};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, BodyReader};
use url::Url;

pub use self::error::FetchError;
use self::resolver::GuardedResolver;

/// The most bytes of a response's headers.
const MOST_HEADER_BYTES: usize = 64 * 1024;
/// The longest URL.
const LONGEST_URL: usize = 8 * 1024;

/// The limits of one request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes of the response's body.
    pub bytes: u64,
    /// How long the request may take, with all redirects and the body.
    pub time: Duration,
    /// The most redirects.
    pub redirects: usize,
}

impl Default for Limits {
    /// 16 MiB, 30 seconds, 10 redirects.
    fn default() -> Limits {
        Limits {
            bytes: 16 * 1024 * 1024,
            time: Duration::from_secs(30),
            redirects: 10,
        }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct OutgoingRequest<'a> {
    /// GET, HEAD or POST.
    pub method: Method,
    /// An http or https URL.
    pub url: &'a Url,
    /// Header fields.
    pub headers: Vec<(&'a str, String)>,
    /// The body of a POST.
    pub body: &'a [u8],
}

impl<'a> OutgoingRequest<'a> {
    /// A GET request without further header fields.
    #[must_use]
    pub fn get(url: &'a Url) -> OutgoingRequest<'a> {
        OutgoingRequest {
            method: Method::GET,
            url,
            headers: Vec::new(),
            body: b"",
        }
    }

    /// A HEAD request without further header fields.
    #[must_use]
    pub fn head(url: &'a Url) -> OutgoingRequest<'a> {
        OutgoingRequest {
            method: Method::HEAD,
            ..OutgoingRequest::get(url)
        }
    }

    /// A POST request with `body`.
    #[must_use]
    pub fn post(url: &'a Url, body: &'a [u8]) -> OutgoingRequest<'a> {
        OutgoingRequest {
            method: Method::POST,
            body,
            ..OutgoingRequest::get(url)
        }
    }

    /// The request with the header field `name` added.
    #[must_use]
    pub fn with_header(mut self, name: &'a str, value: impl Into<String>) -> OutgoingRequest<'a> {
        self.headers.push((name, value.into()));
        self
    }
}

/// A response, of any status. Its body is read with [`Response::read_to_vec`] or [`Response::into_reader`].
#[derive(Debug)]
pub struct Response {
    status: StatusCode,
    url: Url,
    headers: HeaderMap,
    body: Body,
    most_bytes: u64,
}

impl Response {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The URL after all redirects.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The header field `name` as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Reads the whole body.
    ///
    /// # Errors
    ///
    /// If it is too large or takes too long, or the connection breaks.
    pub fn read_to_vec(self) -> Result<Vec<u8>, FetchError> {
        let most = self.most_bytes;
        let mut bytes = Vec::new();
        let read = self.into_reader().read_to_end(&mut bytes);
        read.map_err(|error| FetchError::from_io(error, most))?;
        Ok(bytes)
    }

    /// A reader of the body. It fails if the body is too large or takes too long.
    pub fn into_reader(self) -> BodyReader<'static> {
        self.body.into_with_config().limit(self.most_bytes).reader()
    }
}

/// Sends requests to other servers.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
}

impl Client {
    /// A client that connects to public addresses, and to those in the networks `allowed`.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Client {
        Client::with_resolver(DefaultResolver::default(), allowed)
    }

    fn with_resolver(resolver: impl Resolver, allowed: Vec<IpNet>) -> Client {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .max_response_header_size(MOST_HEADER_BYTES)
            .user_agent(concat!("feedmill/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .tls_config(TlsConfig::default())
            .build();
        Client {
            agent: Agent::with_parts(config, DefaultConnector::default(), GuardedResolver { resolver, allowed }),
        }
    }

    /// Sends `request`, and follows redirects. A POST is never redirected: its response is returned as it is.
    ///
    /// # Errors
    ///
    /// Why there is no response. A response with a status of 400 or more is not an error.
    pub fn send(&self, request: &OutgoingRequest, limits: Limits) -> Result<Response, FetchError> {
        let deadline = Instant::now() + limits.time;
        let mut url = request.url.clone();
        for _ in 0..=limits.redirects {
            let response = self.send_once(request, &url, deadline, limits)?;
            if response
                .headers
                .get(CONTENT_ENCODING)
                .is_some_and(|coding| coding != "identity")
            {
                return Err(FetchError::Compressed);
            }
            if !response.status.is_redirection() || request.method == Method::POST {
                return Ok(response);
            }
            let Some(location) = response.header(LOCATION.as_str()) else {
                return Ok(response);
            };
            url = url
                .join(location)
                .map_err(|_| FetchError::InvalidRedirect(location.to_owned()))?;
        }
        Err(FetchError::TooManyRedirects(limits.redirects))
    }

    /// Sends `request`, and returns the status and the header of the response. A redirect is not followed, and no body is read.
    ///
    /// # Errors
    ///
    /// Why there is no response. A response with a status of 400 or more is not an error.
    pub fn fetch_head(&self, request: &OutgoingRequest, time: Duration) -> Result<(StatusCode, HeaderMap), FetchError> {
        let response = self.send_once(request, request.url, Instant::now() + time, Limits::default())?;
        Ok((response.status, response.headers))
    }

    /// Sends `request` to `url`, without following a redirect.
    fn send_once(&self, request: &OutgoingRequest, url: &Url, deadline: Instant, limits: Limits) -> Result<Response, FetchError> {
        check_url(url)?;
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(FetchError::TooSlow);
        }
        let mut builder = http::Request::builder().method(&request.method).uri(url.as_str());
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let sent = if request.method == Method::POST {
            let request = builder
                .body(request.body)
                .map_err(|error| FetchError::Other(error.to_string()))?;
            let request = self.agent.configure_request(request).timeout_global(Some(left)).build();
            self.agent.run(request)
        } else {
            let request = builder.body(()).map_err(|error| FetchError::Other(error.to_string()))?;
            let request = self.agent.configure_request(request).timeout_global(Some(left)).build();
            self.agent.run(request)
        };
        let (parts, body) = sent.map_err(|error| FetchError::from_ureq(error, limits.bytes))?.into_parts();
        Ok(Response {
            status: parts.status,
            url: url.clone(),
            headers: parts.headers,
            body,
            most_bytes: limits.bytes,
        })
    }
}

/// Checks what can be seen in `url` without a connection.
fn check_url(url: &Url) -> Result<(), FetchError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::UnknownScheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::HasCredentials);
    }
    if url.as_str().len() > LONGEST_URL {
        return Err(FetchError::TooLong(LONGEST_URL));
    }
    match url.port() {
        Some(port) if address::is_blocked_port(port) => Err(FetchError::BlockedPort(port)),
        _ => Ok(()),
    }
}
