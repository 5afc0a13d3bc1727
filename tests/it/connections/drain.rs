//! Stopping the server.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Client, PATIENCE, Served, assert_answers};

#[test]
fn idle_connections_are_closed_and_open_requests_are_finished() {
    let served = Served::start("drain_timeout = 15\n");
    let (mut idle, mut silent, mut busy) = (served.connect(), served.connect(), served.connect());
    assert_answers(&mut idle);
    busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    served.waiting.recv_timeout(PATIENCE).unwrap();
    served.stop.cancel();
    idle.assert_ended();
    silent.assert_ended();
    super::wait_until("nobody is let in", || TcpStream::connect(served.port()).is_err());
    assert!(served.ended.try_recv().is_err(), "it ended over an open request");
    served.go_on.notify_waiters();
    let answer = busy.answer();
    assert_eq!(answer.body, "waited");
    assert!(answer.head.contains("\r\nconnection: close\r\n"), "{answer:?}");
    busy.assert_ended();
    served.ended.recv_timeout(Duration::from_secs(10)).unwrap();
}

#[test]
fn requests_that_were_sent_before_the_stop_are_answered() {
    let mut early = Vec::new();
    let served = Served::start_after("127.0.0.1:0", "", |address, stop| {
        for _ in 0..20 {
            let mut client = Client::connect(address.to_string().parse().unwrap());
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            early.push(client);
        }
        // they wait in the listener's queue
        stop.cancel();
    });
    for client in &mut early {
        let answer = client.answer();
        assert_eq!(answer.status, 200);
        assert!(answer.head.contains("\r\nconnection: close\r\n"), "{answer:?}");
    }
    served.ended.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn requests_in_transit_at_the_stop_are_answered() {
    let served = Served::start("");
    let mut idle: Vec<_> = (0..10).map(|_| served.connect()).collect();
    idle.iter_mut().for_each(assert_answers);
    served.stop.cancel();
    idle.iter_mut().for_each(assert_answers);
    served.ended.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn the_drain_ends_at_its_deadline_whatever_clients_do() {
    let served = Served::start("drain_timeout = 0.5\n");
    let mut half = served.connect();
    half.send("GET / HT");
    let mut stalled = served.connect();
    stalled.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    let mut deaf = served.connect();
    deaf.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut slow = served.connect();
    slow.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    served.waiting.recv_timeout(PATIENCE).unwrap();
    let since = Instant::now();
    served.stop.cancel();
    served.ended.recv_timeout(PATIENCE).unwrap();
    let took = since.elapsed();
    assert!(took > Duration::from_millis(400), "it waited {took:?} for what was open");
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    // and none of them is kept open
    assert_eq!(half.answer().status, 408);
    half.assert_ended();
    stalled.assert_ended();
    slow.assert_ended();
}
