//! Limits on time and connections of a client.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Client, LARGE, PATIENCE, Served, assert_answers};

/// Longer than any short limit below.
const A_WHILE: Duration = Duration::from_millis(600);

#[test]
fn a_silent_client_is_disconnected() {
    let served = Served::start("header_timeout = 0.2\n");
    served.connect().assert_ended();
}

#[test]
fn an_incomplete_header_times_out() {
    let served = Served::start("header_timeout = 0.3\n");
    let mut client = served.connect();
    client.send("GET / HT");
    let answer = client.answer();
    assert_eq!(answer.status, 408);
    assert!(
        answer.head.contains("\r\nconnection: close\r\n") && answer.head.contains("\r\ndate: "),
        "{answer:?}"
    );
    client.assert_ended();
}

#[test]
fn sending_a_header_byte_by_byte_does_not_extend_its_timeout() {
    let served = Served::start("header_timeout = 0.5\n");
    let mut client = served.connect();
    // the timeout of a second request starts with its first byte
    assert_answers(&mut client);
    sleep(A_WHILE);
    let since = Instant::now();
    while client.stream.write_all(b"x").is_ok() {
        assert!(since.elapsed() < PATIENCE, "it was never ended");
        sleep(Duration::from_millis(10));
    }
    assert!(since.elapsed() > Duration::from_millis(400), "it ended before its time");
}

#[test]
fn an_idle_connection_has_its_own_timeout() {
    let served = Served::start("header_timeout = 0.2\nidle_timeout = 1.5\n");
    let mut client = served.connect();
    assert_answers(&mut client);
    sleep(A_WHILE);
    assert_answers(&mut client);
    let since = Instant::now();
    client.assert_ended();
    assert!(since.elapsed() > Duration::from_secs(1), "it ended before its time");
}

#[test]
fn an_incomplete_body_times_out() {
    let served = Served::start("body_timeout = 0.2\n");
    for sent in ["", "abc"] {
        let mut client = served.connect();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
        client.send(sent);
        assert_eq!(client.answer().status, 408, "{sent:?}");
        client.assert_ended();
    }
}

#[test]
fn a_response_may_take_longer_than_any_client_timeout() {
    let limits = "header_timeout = 0.1\nidle_timeout = 0.1\nbody_timeout = 0.1\nwrite_timeout = 0.1\n";
    let served = Served::start(limits);
    let mut client = served.connect();
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    served.waiting.recv_timeout(PATIENCE).unwrap();
    sleep(A_WHILE);
    served.go_on.notify_waiters();
    assert_eq!(client.answer().body, "waited");
}

#[test]
fn a_client_that_reads_nothing_is_disconnected() {
    let served = Served::start("write_timeout = 0.3\nmax_connections = 1\n");
    let mut client = served.connect();
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    // its slot is free again
    super::wait_until("its place is free", || {
        let mut next = served.connect();
        next.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        next.answer().status == 200
    });
    let mut rest = Vec::new();
    let _ = client.stream.read_to_end(&mut rest);
    assert!(rest.len() < LARGE, "all of it was sent");
}

#[test]
fn a_slow_reader_gets_the_whole_response() {
    let served = Served::start("write_timeout = 0.5\nidle_timeout = 0.2\nheader_timeout = 0.2\n");
    let mut client = served.connect();
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    let since = Instant::now();
    let (mut buffer, mut read) = (vec![0; 2 << 20], 0);
    while read < LARGE {
        match client.stream.read(&mut buffer) {
            Ok(0) | Err(_) => panic!("it ended after {read} bytes"),
            Ok(count) => read += count,
        }
        sleep(Duration::from_millis(20));
    }
    assert!(since.elapsed() > Duration::from_millis(300), "this was not a slow reader");
}

fn assert_turned_away(mut client: Client) {
    let answer = client.answer();
    assert_eq!(answer.status, 503, "{answer:?}");
    for field in [
        "retry-after: 5",
        "connection: close",
        "cache-control: no-store",
        "application/problem+json",
    ] {
        assert!(answer.head.contains(field), "{field}: {answer:?}");
    }
    client.assert_ended();
}

/// Sends a request that is answered only when the test continues.
fn keep_busy(served: &Served, client: &mut Client) {
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    served.waiting.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn new_connections_are_refused_while_all_are_busy_and_then_replace_the_longest_idle_one() {
    let served = Served::start("max_connections = 2\n");
    let (mut first, mut second) = (served.connect(), served.connect());
    keep_busy(&served, &mut first);
    keep_busy(&served, &mut second);
    assert_turned_away(served.connect());
    let mut late = served.connect();
    let _ = late.stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_turned_away(late);
    served.go_on.notify_waiters();
    assert_eq!(
        (first.answer().status, second.answer().status),
        (200, 200),
        "no answer is cut off"
    );
    // the second sends another request, so the first has been idle longer
    sleep(Duration::from_millis(50));
    assert_answers(&mut second);
    let mut third = served.connect();
    assert_answers(&mut third);
    first.assert_ended();
    sleep(Duration::from_millis(50));
    assert_answers(&mut third);
    let mut fourth = served.connect();
    assert_answers(&mut fourth);
    second.assert_ended();
    assert_answers(&mut third);
    assert_answers(&mut fourth);
}

#[test]
fn a_response_that_is_being_sent_is_not_cut_off_for_another_connection() {
    let served = Served::start("max_connections = 1\n");
    let mut slow = served.connect();
    slow.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut start = [0; 1000];
    slow.stream.read_exact(&mut start).unwrap();
    for _ in 0..3 {
        assert_turned_away(served.connect());
    }
    let mut rest = vec![0; LARGE];
    let mut read = 0;
    while read < LARGE - 1000 {
        match slow.stream.read(&mut rest[read..]).unwrap() {
            0 => panic!("it ended after {read} bytes"),
            count => read += count,
        }
    }
    served.assert_answers();
}

#[test]
fn silent_connections_and_incomplete_headers_are_replaced_too() {
    let served = Served::start("max_connections = 2\n");
    let mut silent = served.connect();
    let mut half = served.connect();
    half.send("GET / HT");
    let mut next = served.connect();
    assert_answers(&mut next);
    silent.assert_ended();
    // a header that has just begun keeps its slot, a slow one does not
    assert_answers(&mut next);
    keep_busy(&served, &mut next);
    super::wait_until("the slow header makes room", || {
        let mut another = served.connect();
        let _ = another.stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        another.answer().status == 200
    });
    assert_eq!(half.answer().status, 408);
    half.assert_ended();
}

#[test]
fn connections_over_the_limit_get_a_response_and_no_reset() {
    let served = Served::start("max_connections = 2\n");
    let (mut first, mut second) = (served.connect(), served.connect());
    keep_busy(&served, &mut first);
    keep_busy(&served, &mut second);
    let port = served.port();
    let threads: Vec<_> = (0..20)
        .map(|_| {
            std::thread::spawn(move || {
                for _ in 0..10 {
                    let mut client = Client::connect(port);
                    let _ = client.stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                    assert_eq!(client.answer().status, 503);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    served.go_on.notify_waiters();
    assert_eq!((first.answer().status, second.answer().status), (200, 200));
}

#[test]
fn one_address_cannot_take_every_slot() {
    let served = Served::start("max_connections_per_address = 2\n");
    let mut held = [served.connect(), served.connect()];
    for client in &mut held {
        keep_busy(&served, client);
    }
    assert_turned_away(served.connect());
    let mut neighbour = connect_from(Ipv4Addr::new(127, 0, 0, 2), served.port());
    neighbour.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(neighbour.answer().body, "/ 127.0.0.2 ");
    // an idle connection of the same address is replaced, not another client's
    served.go_on.notify_waiters();
    for client in &mut held {
        assert_eq!(client.answer().status, 200);
    }
    sleep(Duration::from_millis(50));
    served.assert_answers();
    assert_answers(&mut neighbour);
}

/// A connection from another address of this machine.
pub(super) fn connect_from(address: Ipv4Addr, to: SocketAddr) -> Client {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((address, 0))).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Client::over(stream)
}

#[test]
fn a_request_among_thousands_of_idle_connections_is_answered_at_once() {
    let served = Served::start("max_connections = 5000\nmax_connections_per_address = 5000\n");
    // the server raises the limit of this process, which has both ends of each connection
    served.assert_answers();
    let mut idle: Vec<Client> = (0..2000).map(|_| served.connect()).collect();
    for half in idle.iter_mut().step_by(2) {
        half.send("GET / HT");
    }
    let since = Instant::now();
    served.assert_answers();
    assert!(since.elapsed() < Duration::from_secs(1), "it took {:?}", since.elapsed());
}
