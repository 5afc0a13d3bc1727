//! Requests to servers on the loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ArrayVec, ResolvedSocketAddrs};
use ureq::unversioned::transport::NextTimeout;

use super::resolver::{RefusedAddress, check_all};
use super::*;

/// A server on the loopback that answers each path as `answer` says, and the requests that it got.
struct Server {
    base: Url,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    fn start(answer: fn(&str) -> String) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let (requests, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (seen, count) = (Arc::clone(&requests), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, seen) = (stream.unwrap(), Arc::clone(&seen));
                count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut head = String::new();
                    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|n| n > 0) {}
                    let length = head
                        .lines()
                        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                    let mut body = vec![0; length.unwrap_or(0)];
                    reader.read_exact(&mut body).unwrap();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    seen.lock().unwrap().push(format!("{head}{}", String::from_utf8_lossy(&body)));
                    if path == "/slow" {
                        thread::sleep(Duration::from_secs(5));
                    }
                    let _ = stream.write_all(answer(&path).as_bytes());
                });
            }
        });
        Server {
            base,
            requests,
            connections,
        }
    }

    fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn moved(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn loopback() -> Client {
    Client::new(vec!["127.0.0.0/8".parse().unwrap()])
}

fn get(client: &Client, url: &Url, limits: Limits) -> Result<Vec<u8>, FetchError> {
    client.send(&OutgoingRequest::get(url), limits)?.read_to_vec()
}

#[test]
fn every_form_of_a_private_address_is_refused_before_a_connection() {
    let server = Server::start(|_| ok("secret"));
    let port = server.base.port().unwrap();
    let client = Client::new(Vec::new());
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "127.0.0.1.",
        "0177.0.0.1",
        // other characters for the same digits, dots and letters (UTS #46)
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "\u{24db}ocalhost",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "[fd00::1]",
        "[fe80::1]",
    ] {
        let url: Url = format!("http://{host}:{port}/").parse().unwrap();
        let refused = get(&client, &url, Limits::default());
        // not every system resolves `localhost.`
        let is_refused = matches!(refused, Err(FetchError::NotPublic(_))) || host == "localhost." && refused.is_err();
        assert!(is_refused, "{host}: {refused:?}");
    }
    assert_eq!(server.connections(), 0);
    assert_eq!(get(&loopback(), &server.base, Limits::default()).unwrap(), b"secret");
}

#[test]
fn one_private_address_of_a_name_refuses_all() {
    let both: Vec<IpAddr> = ["1.1.1.1", "10.0.0.1"]
        .iter()
        .map(|address| address.parse().unwrap())
        .collect();
    assert_eq!(check_all(both.clone(), &[]), Err(RefusedAddress(both[1])));
    assert_eq!(check_all(both.clone(), &["10.0.0.0/8".parse().unwrap()]), Ok(()));
    assert_eq!(check_all(both.into_iter().take(1), &[]), Ok(()));
}

/// A resolver whose answer to each question is another one.
#[derive(Debug)]
struct Changing(Mutex<Vec<&'static [&'static str]>>);

impl Resolver for Changing {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let answer = self.0.lock().unwrap().remove(0);
        let mut addresses = ArrayVec::from_fn(|_| "0.0.0.0:0".parse().unwrap());
        for address in answer {
            addresses.push(SocketAddr::new(address.parse().unwrap(), uri.port_u16().unwrap()));
        }
        Ok(addresses)
    }
}

#[test]
fn a_name_that_changes_its_addresses_is_checked_at_each_connection() {
    let server = Server::start(|_| ok("challenge"));
    let url: Url = format!("http://changing.example:{}/", server.base.port().unwrap())
        .parse()
        .unwrap();
    // the address of the server stands for a public one
    let answers: Vec<&[&str]> = vec![
        &["127.0.0.1"],
        &["10.0.0.7"],
        &["127.0.0.1", "10.0.0.7"],
        &["::ffff:10.0.0.7"],
        &["64:ff9b::a00:7"],
        &["127.0.0.1"],
    ];
    let client = Client::with_resolver(Changing(Mutex::new(answers)), vec!["127.0.0.1/32".parse().unwrap()]);
    assert_eq!(get(&client, &url, Limits::default()).unwrap(), b"challenge");
    for answer in ["a private one", "one of each", "a mapped one", "a translated one"] {
        let refused = client.send(&OutgoingRequest::post(&url, b"a delivery"), Limits::default());
        assert!(matches!(refused, Err(FetchError::NotPublic(_))), "{answer}: {refused:?}");
    }
    assert_eq!(server.connections(), 1);
    assert_eq!(get(&client, &url, Limits::default()).unwrap(), b"challenge");
}

#[test]
fn what_is_no_plain_http_address_is_refused() {
    let client = loopback();
    for (url, expected) in [
        ("file:///etc/passwd", "`file` addresses cannot be read"),
        ("gopher://127.0.0.1/", "`gopher` addresses"),
        ("unix:/run/docker.sock", "`unix` addresses"),
        ("data:text/plain,a", "`data` addresses"),
        ("http://user:secret@127.0.0.1/", "a user name or a password"),
        ("http://user@127.0.0.1/", "a user name or a password"),
        ("http://127.0.0.1:22/", "port 22 belongs to another protocol"),
        ("http://127.0.0.1:25/", "port 25 belongs"),
        ("https://127.0.0.1:6379/", "port 6379 belongs"),
    ] {
        let error = get(&client, &url.parse().unwrap(), Limits::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{url}: {error}");
    }
    assert!(Url::parse("http://[::1%25lo]/").is_err(), "a zone is in no URL");
}

#[test]
fn redirects_are_followed_and_each_is_checked() {
    let server = Server::start(|path| match path {
        "/a" => moved("/b?x=1"),
        "/b?x=1" => ok("arrived"),
        "/circle" => moved("/circle"),
        "/metadata" => moved("http://169.254.169.254/latest/meta-data/"),
        "/file" => moved("file:///etc/passwd"),
        "/broken" => moved("http://[x"),
        _ => ok("?"),
    });
    let client = loopback();
    let response = client
        .send(&OutgoingRequest::get(&server.url("/a")), Limits::default())
        .unwrap();
    assert_eq!(response.url(), &server.url("/b?x=1"));
    assert_eq!(response.read_to_vec().unwrap(), b"arrived");
    for (path, expected) in [
        ("/circle", "it redirects more than 10 times"),
        (
            "/metadata",
            "169.254.169.254, which belongs to this machine or to a private network",
        ),
        ("/file", "`file` addresses cannot be read"),
        ("/broken", "not a valid address"),
    ] {
        let error = get(&client, &server.url(path), Limits::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{path}: {error}");
    }
}

#[test]
fn a_post_is_sent_as_it_is_and_never_redirected() {
    let server = Server::start(|path| if path == "/a" { moved("/b") } else { ok("") });
    let (url, body) = (server.url("/a"), b"hub.mode=publish".as_slice());
    let request = OutgoingRequest::post(&url, body).with_header("Content-Type", "application/x-www-form-urlencoded");
    let response = loopback().send(&request, Limits::default()).unwrap();
    assert_eq!(response.status(), 302);
    let head = loopback()
        .send(&OutgoingRequest::head(&server.url("/c")), Limits::default())
        .unwrap();
    assert_eq!(head.status(), 200);
    let requests = server.requests.lock().unwrap();
    let [post, head] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    assert!(
        post.starts_with("POST /a HTTP/1.1\r\n") && post.ends_with("\r\n\r\nhub.mode=publish"),
        "{post}"
    );
    let lower = post.to_lowercase();
    assert!(
        lower.contains("content-type: application/x-www-form-urlencoded") && !lower.contains("expect:"),
        "{post}"
    );
    assert!(head.starts_with("HEAD /c "), "{head}");
}

#[test]
fn size_and_time_are_limited() {
    let server = Server::start(|path| match path {
        "/large" => ok(&"x".repeat(5000)),
        "/exact" => ok(&"x".repeat(1000)),
        // it promises more than it sends
        "/short" => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nx".to_owned(),
        "/chunked" => {
            let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1000));
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n{}0\r\n\r\n",
                chunk.repeat(9)
            )
        }
        "/gzip" => "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "/headers" => format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(100_000)),
        _ => ok("late"),
    });
    let limits = Limits {
        bytes: 1000,
        time: Duration::from_millis(700),
        redirects: 0,
    };
    let fetched = |path: &str| get(&loopback(), &server.url(path), limits);
    assert_eq!(fetched("/exact").unwrap().len(), 1000);
    for path in ["/large", "/chunked"] {
        assert!(
            matches!(fetched(path), Err(FetchError::TooLarge(1000))),
            "{path}: {:?}",
            fetched(path)
        );
    }
    assert!(matches!(fetched("/gzip"), Err(FetchError::Compressed)));
    for path in ["/short", "/headers"] {
        assert!(fetched(path).is_err(), "{path}");
    }
    let started = Instant::now();
    assert!(matches!(fetched("/slow"), Err(FetchError::TooSlow)), "{:?}", fetched("/slow"));
    assert!(started.elapsed() < Duration::from_secs(4));
}
