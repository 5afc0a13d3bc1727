//! Checks of links to servers on the loopback. Each address below 127.0.0.0/8 is a host of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use super::*;
use crate::storage::Storage;

/// A request that a server got: the host, method and path, and when it came and was answered.
#[derive(Clone, Debug)]
struct Seen {
    host: String,
    line: String,
    begun: Instant,
    ended: Instant,
}

/// Servers at the same port of several loopback addresses.
struct Servers {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Answer = fn(&str, u16) -> String;

impl Servers {
    /// Servers at 127.0.0.1 to 127.0.0.`hosts`, which answer a request line as `answer` says for their port.
    fn start(hosts: usize, answer: Answer) -> Servers {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        let others = (2..=hosts).map(|n| TcpListener::bind(format!("127.0.0.{n}:{port}")).unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        for listener in std::iter::once(first).chain(others) {
            let seen = Arc::clone(&seen);
            thread::spawn(move || {
                let host = listener.local_addr().unwrap().ip().to_string();
                for stream in listener.incoming() {
                    let (mut stream, host, seen) = (stream.unwrap(), host.clone(), Arc::clone(&seen));
                    thread::spawn(move || {
                        let mut reader = BufReader::new(stream.try_clone().unwrap());
                        let mut head = String::new();
                        while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|n| n > 0) {}
                        let begun = Instant::now();
                        let line = head
                            .lines()
                            .next()
                            .unwrap_or_default()
                            .trim_end_matches(" HTTP/1.1")
                            .to_owned();
                        let answer = answer(&line, port);
                        thread::sleep(Duration::from_millis(20));
                        let ended = Instant::now();
                        seen.lock().unwrap().push(Seen {
                            host,
                            line,
                            begun,
                            ended,
                        });
                        let _ = stream.write_all(answer.as_bytes());
                    });
                }
            });
        }
        Servers { port, seen }
    }

    fn link(&self, host: usize, path: &str) -> ExternalLink {
        let reference = format!("http://127.0.0.{host}:{}{path}", self.port);
        ExternalLink {
            source: "a.md".into(),
            url: reference.parse().unwrap(),
            reference,
        }
    }

    fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| seen.line.clone()).collect()
    }
}

fn status(status: &str, more: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n")
}

fn loopback() -> Client {
    Client::new(vec!["127.0.0.0/8".parse().unwrap()])
}

fn quick() -> CheckLimits {
    CheckLimits {
        pause: Duration::from_millis(50),
        request: Duration::from_secs(2),
        ..CheckLimits::default()
    }
}

fn check(links: &[ExternalLink], limits: CheckLimits, cache: &mut LinkCache) -> ExternalCheck {
    check_external_links(links, &loopback(), limits, cache, |_, _, _| ())
}

#[test]
fn kinds_are_told_apart() {
    let servers = Servers::start(1, |line, port| match line {
        "HEAD /fine" | "GET /no-head" | "GET /head-404" | "HEAD /new" | "HEAD /newer" | "GET /drops-head" => status("200 OK", ""),
        "HEAD /no-head" => status("405 Method Not Allowed", ""),
        "HEAD /drops-head" => String::new(),
        "HEAD /gone" | "GET /gone" => status("410 Gone", ""),
        "HEAD /error" | "GET /error" => status("503 Service Unavailable", ""),
        "HEAD /robots" | "GET /robots" => status("403 Forbidden", ""),
        "HEAD /many" => status("429 Too Many Requests", ""),
        "HEAD /moved" => status("301 Moved Permanently", "Location: /new#part\r\n"),
        "HEAD /twice" => status("308 Permanent Redirect", "Location: /hop\r\n"),
        "HEAD /hop" => status("302 Found", "Location: /newer\r\n"),
        "HEAD /login" => status("302 Found", "Location: /fine\r\n"),
        "HEAD /moved-gone" | "GET /moved-gone" => status("301 Moved Permanently", "Location: /gone\r\n"),
        "HEAD /circle" | "GET /circle" => status("302 Found", "Location: /circle\r\n"),
        "HEAD /metadata" | "GET /metadata" => status("302 Found", "Location: http://169.254.169.254/latest\r\n"),
        "HEAD /script" | "GET /script" => status("302 Found", "Location: javascript:alert(1)\r\n"),
        "HEAD /port" => status("301 Moved Permanently", &format!("Location: http://127.0.0.1:{port}/new\r\n")),
        _ => status("404 Not Found", ""),
    });
    let at = |path: &str| format!("http://127.0.0.1:{}{path}", servers.port);
    let unreachable = |why: &str| LinkState::Unreachable(why.to_owned());
    let cases = [
        ("/fine", LinkState::Alive),
        ("/no-head", LinkState::Alive),
        ("/head-404", LinkState::Alive),
        ("/drops-head", LinkState::Alive),
        ("/login", LinkState::Alive),
        ("/none", LinkState::Gone(404)),
        ("/gone", LinkState::Gone(410)),
        ("/moved-gone", LinkState::Gone(410)),
        ("/error", LinkState::ServerError(503)),
        ("/robots", LinkState::Unjudged(403)),
        ("/many", LinkState::Unjudged(429)),
        ("/moved", LinkState::Moved(at("/new#part"))),
        ("/twice", LinkState::Moved(at("/hop"))),
        ("/port", LinkState::Moved(at("/new"))),
        ("/circle", unreachable("it redirects more than 8 times")),
        (
            "/metadata",
            unreachable("its host has the address 169.254.169.254, which belongs to this machine or to a private network"),
        ),
        ("/script", unreachable("`javascript` addresses cannot be read")),
    ];
    let links: Vec<ExternalLink> = cases.iter().map(|(path, _)| servers.link(1, path)).collect();
    let limits = CheckLimits {
        pause: Duration::ZERO,
        ..quick()
    };
    let check = check(&links, limits, &mut LinkCache::default());
    for (path, expected) in cases {
        assert_eq!(check.states.get(&servers.link(1, path).url), Some(&expected), "{path}");
    }
    assert_eq!((check.unchecked, check.unjudged()), (0, 2));
    assert!(!servers.lines().contains(&"GET /fine".to_owned()) && !servers.lines().contains(&"GET /many".to_owned()));
}

#[test]
fn a_host_gets_one_request_at_a_time_with_a_pause_and_hosts_do_not_wait_for_each_other() {
    // half of the addresses of each host lead to the first
    let servers = Servers::start(5, |line, port| {
        if line.contains("away") {
            status("302 Found", &format!("Location: http://127.0.0.1:{port}/here\r\n"))
        } else {
            status("200 OK", "")
        }
    });
    let links: Vec<ExternalLink> = (1..=5)
        .flat_map(|host| ["/a", "/b", "/away"].map(|path| servers.link(host, path)))
        .collect();
    let started = Instant::now();
    let check = check(&links, quick(), &mut LinkCache::default());
    let took = started.elapsed();
    assert!(check.states.values().all(|state| *state == LinkState::Alive), "{check:?}");
    let mut seen = servers.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 20);
    seen.sort_by_key(|seen| (seen.host.clone(), seen.begun));
    let neighbours = || seen.iter().zip(seen.iter().skip(1));
    for (one, next) in neighbours().filter(|(one, next)| one.host == next.host) {
        let pause = next.begun.saturating_duration_since(one.ended);
        assert!(pause >= Duration::from_millis(45), "{pause:?} between {one:?} and {next:?}");
    }
    let is_parallel = |one: &Seen| {
        seen.iter()
            .any(|other| other.host != one.host && other.begun < one.ended && one.begun < other.ended)
    };
    assert!(seen.iter().any(is_parallel), "{seen:#?}");
    // the first host has eight requests; all twenty in a row would take 1.4 seconds
    assert!(took < Duration::from_millis(1300), "{took:?}");
}

#[test]
fn number_and_time_are_limited_and_the_next_check_goes_on() {
    let servers = Servers::start(1, |_, _| status("200 OK", ""));
    let links: Vec<ExternalLink> = (0..30).map(|n| servers.link(1, &format!("/{n}"))).collect();
    let limits = CheckLimits {
        total: Duration::from_millis(600),
        addresses: 20,
        ..quick()
    };
    let storage = Storage::memory();
    let mut cache = LinkCache::load(&storage);
    let mut told = (0, 0);
    let first = check_external_links(&links, &loopback(), limits, &mut cache, |done, all, cache| {
        told = (done, all);
        cache.store(&storage, Timestamp::now()).unwrap();
    });
    assert!((1..20).contains(&first.states.len()), "{first:?}");
    assert_eq!((first.states.len() + first.unchecked, told), (30, (20, 20)));
    let mut cache = LinkCache::load(&storage);
    // on a busy machine the end of the time may cut one request off, which is made again
    let answered = first
        .states
        .values()
        .filter(|state| matches!(state, LinkState::Alive))
        .count();
    assert!(answered > 0 && answered + 1 >= first.states.len(), "{first:?}");
    let second = check(&links, limits, &mut cache);
    assert_eq!(second.remembered, answered);
    assert!(second.states.len() > answered);
    let requests = servers.lines();
    let all: BTreeSet<&String> = requests.iter().collect();
    let cut_off = first.states.len() - answered;
    assert!(
        requests.len() <= all.len() + cut_off,
        "none was asked for twice: {requests:?}"
    );
}

#[test]
fn links_without_a_server_are_unreachable_and_private_ones_are_not_asked_for() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let servers = Servers::start(1, |_, _| status("200 OK", ""));
    let link = |url: &str| ExternalLink {
        source: "a.md".into(),
        reference: url.to_owned(),
        url: url.parse().unwrap(),
    };
    let links = [link(&format!("http://127.0.0.1:{port}/")), link("http://nowhere.invalid/")];
    let check = check(&links, quick(), &mut LinkCache::default());
    for link in &links {
        assert!(
            matches!(check.states.get(&link.url), Some(LinkState::Unreachable(_))),
            "{check:?}"
        );
    }
    let private = [servers.link(1, "/admin")];
    let guarded = check_external_links(
        &private,
        &Client::new(Vec::new()),
        quick(),
        &mut LinkCache::default(),
        |_, _, _| (),
    );
    assert!(
        matches!(guarded.states.values().next(), Some(LinkState::Unreachable(_))),
        "{guarded:?}"
    );
    assert!(servers.lines().is_empty(), "no connection is made");
}
