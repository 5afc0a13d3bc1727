//! A subscriber: a server on the loopback that does what a test asks for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ring::hmac;
use url::form_urlencoded;

/// The longest wait for a condition. Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that the subscriber got.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    /// The values of the header field `name`.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of the parameter `name` of the target.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
    }

    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

/// How the subscriber answers a challenge.
#[derive(Clone, Debug)]
pub enum Echo {
    /// As it should.
    Challenge,
    /// With this status and body, in which `<CHALLENGE>` stands for the challenge.
    Answer(&'static str, String),
}

/// How it behaves.
#[derive(Clone, Debug)]
pub struct Behaviour {
    pub echo: Echo,
    /// The status lines, and more fields, of the next deliveries; 200 after that.
    pub deliveries: Vec<&'static str>,
    /// How long it takes to answer a delivery.
    pub delay: Duration,
}

#[derive(Debug)]
struct Shared {
    behaviour: Mutex<Behaviour>,
    received: Mutex<Vec<Received>>,
}

/// A running subscriber.
pub struct Subscriber {
    base: String,
    shared: Arc<Shared>,
}

impl Subscriber {
    /// Starts it at `host`, an address of this machine.
    pub fn start_at(host: &str) -> Subscriber {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(Behaviour {
                echo: Echo::Challenge,
                deliveries: Vec::new(),
                delay: Duration::ZERO,
            }),
            received: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&serving);
                // a client that leaves is no failure
                std::thread::spawn(move || shared.answer(stream.unwrap()));
            }
        });
        Subscriber { base, shared }
    }

    pub fn start() -> Subscriber {
        Subscriber::start_at("127.0.0.1")
    }

    pub fn callback(&self) -> String {
        format!("{}/callback?key=1", self.base)
    }

    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.shared.behaviour.lock().unwrap());
    }

    /// The requests so far with this method.
    pub fn received(&self, method: &str) -> Vec<Received> {
        let received = self.shared.received.lock().unwrap();
        received.iter().filter(|request| request.method == method).cloned().collect()
    }

    /// The deliveries so far.
    pub fn deliveries(&self) -> Vec<Received> {
        self.received("POST")
    }

    /// Waits for `count` requests with this method, and returns all of them.
    pub fn wait_for(&self, method: &str, count: usize) -> Vec<Received> {
        until(&format!("{count} {method} at {}", self.base), || {
            self.received(method).len() >= count
        });
        self.received(method)
    }

    /// Waits for a delivery that contains `text`.
    pub fn wait_for_text(&self, text: &str) -> Received {
        let find = || {
            self.deliveries()
                .into_iter()
                .rev()
                .find(|delivery| delivery.text().contains(text))
        };
        until(&format!("a delivery with {text:?}"), || find().is_some());
        find().unwrap()
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let Some(first) = lines.first() else { return Ok(()) };
        let mut words = first.split(' ');
        let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        let headers: Vec<(String, String)> = lines[1..]
            .iter()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
        reader.read_exact(&mut body)?;
        let request = Received {
            method,
            target,
            headers,
            body,
        };
        let (status, answer, delay) = self.decide(&request);
        // before the answer: whoever has that sees the request here
        self.received.lock().unwrap().push(request);
        std::thread::sleep(delay);
        let length = answer.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
        )
    }

    fn decide(&self, request: &Received) -> (String, String, Duration) {
        let mut behaviour = self.behaviour.lock().unwrap();
        if request.method == "GET" {
            let (status, answer) = match &behaviour.echo {
                Echo::Challenge => ("200 OK", request.parameter("hub.challenge").unwrap_or_default()),
                Echo::Answer(status, answer) => {
                    let challenge = request.parameter("hub.challenge").unwrap_or_default();
                    (*status, answer.replace("<CHALLENGE>", &challenge))
                }
            };
            return (status.to_owned(), answer, Duration::ZERO);
        }
        let status = if behaviour.deliveries.is_empty() {
            "200 OK"
        } else {
            behaviour.deliveries.remove(0)
        };
        (status.to_owned(), String::new(), behaviour.delay)
    }
}

/// Whether `signature` is the one of `body` with `secret`.
pub fn is_signed(signature: &str, secret: &str, body: &[u8]) -> bool {
    let (name, hex) = signature.split_once('=').unwrap();
    let algorithm = match name {
        "sha256" => hmac::HMAC_SHA256,
        "sha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        _ => panic!("{name}"),
    };
    let tag: Vec<u8> = (0..hex.len() / 2)
        .map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap())
        .collect();
    hmac::verify(&hmac::Key::new(algorithm, secret.as_bytes()), body, &tag).is_ok()
}

/// Waits for `condition`.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}
