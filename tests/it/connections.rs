//! Raw bytes on a connection.

mod descriptors;
mod drain;
mod limits;
mod requests;
mod sockets;

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use feedmill::config::Config;
use feedmill::http::server::{self, Address, RequestHead, request_head};
use http::Response;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use warp::Filter;
use warp::filters::path::FullPath;

/// The longest wait for a condition. Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(20);
/// More bytes than the system buffers for a client that does not read.
const LARGE: usize = 32 << 20;

/// The real server with a filter for tests: `/panic` panics, `/large` answers with [`LARGE`] bytes, `/wait` waits for the test, and any
/// other path answers with itself, the client and the body.
struct Served {
    address: Address,
    stop: CancellationToken,
    go_on: Arc<Notify>,
    waiting: Receiver<()>,
    ended: Receiver<()>,
    runtime: Option<Runtime>,
}

impl Served {
    /// Starts a server with these `settings`, the keys of `[server]`.
    fn start(settings: &str) -> Served {
        Served::start_at("127.0.0.1:0", settings)
    }

    fn start_at(listen: &str, settings: &str) -> Served {
        Served::start_after(listen, settings, |_, _| {})
    }

    /// Listens, calls `first` with the address and the stop signal, and then serves.
    fn start_after(listen: &str, settings: &str, first: impl FnOnce(&Address, &CancellationToken)) -> Served {
        let config = Config::parse("feedmill.toml".into(), &format!("[server]\n{settings}")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (stop, go_on) = (CancellationToken::new(), Arc::new(Notify::new()));
        let (waits, waiting) = channel();
        let (ends, ended) = channel();
        let bound = runtime.block_on(server::bind(listen)).unwrap();
        let address = bound.address().clone();
        first(&address, &stop);
        let (notify, stopped) = (Arc::clone(&go_on), stop.clone());
        let filter = warp::path::full()
            .and(request_head())
            .and(warp::body::bytes())
            .and_then(move |path: FullPath, head: Arc<RequestHead>, body: Bytes| {
                let (notify, waits) = (Arc::clone(&notify), waits.clone());
                async move {
                    Ok::<_, warp::Rejection>(match path.as_str() {
                        "/panic" => panic!("this is part of the test"),
                        "/large" => Bytes::from(vec![b'x'; LARGE]),
                        "/wait" => {
                            let notify = notify.notified();
                            waits.send(()).unwrap();
                            notify.await;
                            Bytes::from("waited")
                        }
                        path => Bytes::from(format!("{path} {} {}", client(&head), String::from_utf8_lossy(&body))),
                    })
                }
            })
            .or_else(|_| async { Ok::<_, Infallible>((Bytes::from("rejected"),)) })
            .map(Response::new);
        runtime.spawn(async move {
            bound.serve(filter, &config.server, stopped).await;
            let _ = ends.send(());
        });
        Served {
            address,
            stop,
            go_on,
            waiting,
            ended,
            runtime: Some(runtime),
        }
    }

    fn port(&self) -> SocketAddr {
        match &self.address {
            Address::Tcp(address) => *address,
            Address::Unix(path) => panic!("{} is not a port", path.display()),
        }
    }

    fn connect(&self) -> Client {
        Client::connect(self.port())
    }

    /// Asserts that a request on a new connection is answered.
    fn assert_answers(&self) {
        assert_answers(&mut self.connect());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

fn client(head: &RequestHead) -> String {
    head.peer.map_or_else(|| "nobody".to_owned(), |peer| peer.ip().to_string())
}

fn assert_answers(client: &mut Client) {
    client.send("GET /here HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// One end of a connection.
struct Client {
    stream: Box<dyn Duplex>,
    read: Vec<u8>,
}

trait Duplex: Read + Write + Send {}
impl<T: Read + Write + Send> Duplex for T {}

/// A response as it was sent.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Client {
    fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Client::over(stream)
    }

    fn over(stream: impl Duplex + 'static) -> Client {
        Client {
            stream: Box::new(stream),
            read: Vec::new(),
        }
    }

    fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).unwrap();
    }

    /// Reads the next response.
    fn answer(&mut self) -> Answer {
        self.try_answer()
            .unwrap_or_else(|| panic!("the connection ended without an answer"))
    }

    /// Reads the next response; `None` if the server closed the connection before its first byte.
    fn try_answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.more() == 0 {
                assert!(self.read.is_empty(), "{:?}", String::from_utf8_lossy(&self.read));
                return None;
            }
        };
        let head = String::from_utf8(self.read.drain(..end).collect())
            .unwrap()
            .to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            assert!(self.more() > 0, "{head:?} has no end");
        }
        let body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answer { status, head, body })
    }

    fn more(&mut self) -> usize {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(count) => {
                self.read.extend_from_slice(&buffer[..count]);
                count
            }
            // a reset ends a connection too
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("{error}"),
        }
    }

    /// Asserts that the server closes the connection and sends nothing more.
    fn assert_ended(&mut self) {
        while self.more() > 0 {}
        assert!(self.read.is_empty(), "{:?}", String::from_utf8_lossy(&self.read));
    }
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
