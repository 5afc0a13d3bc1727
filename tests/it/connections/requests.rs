//! Valid and refused requests (RFC 9112).

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use super::{Client, PATIENCE, Served, assert_answers};
use crate::server::TestSite;

#[test]
fn other_methods_are_refused_and_cause_no_panic() {
    let site = TestSite::start(&[], "");
    let requests = [
        (
            405,
            "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n",
        ),
        (405, "TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (204, "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (501, "FOO / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (
            405,
            "POST /rss.xml HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        ),
    ];
    for (status, request) in requests {
        let mut client = Client::connect(site.address().parse().unwrap());
        client.send(request);
        let answer = client.answer();
        assert_eq!(answer.status, status, "{request:?}: {answer:?}");
        assert!(
            answer.head.contains("\r\nallow: get, head, options\r\n"),
            "{request:?}: {answer:?}"
        );
    }
    assert_eq!(site.get("/rss.xml").status, 200, "the server is still there");
}

/// A request, the status of its response, and whether the connection stays open.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn requests_are_answered_by_the_rules_of_the_grammar() {
    let served = Served::start("max_header_bytes = 16384\nmax_headers = 20\nmax_body_bytes = 10\n");
    let header = |bytes: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(bytes));
    let fields = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(count));
    let target = |bytes: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(bytes));
    let cases: &[(&str, &str, u16, bool)] = &[
        ("plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, true),
        (
            "empty lines before it",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            200,
            true,
        ),
        ("line feeds alone", "GET / HTTP/1.1\nHost: a\n\n", 200, true),
        ("absolute form", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 200, true),
        ("unknown method", "FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 200, true),
        ("1.0 without host", "GET / HTTP/1.0\r\n\r\n", 200, false),
        (
            "asked to close",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            200,
            false,
        ),
        (
            "a body",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            200,
            true,
        ),
        (
            "largest body",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
            200,
            true,
        ),
        ("no host", "GET / HTTP/1.1\r\n\r\n", 400, false),
        ("no host but absolute", "GET http://b/ HTTP/1.1\r\n\r\n", 400, false),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, false),
        ("empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, false),
        ("a path as host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, false),
        ("a user in the host", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, false),
        ("two hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, false),
        (
            "length, then encoding",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            false,
        ),
        (
            "encoding, then length",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\ncontent-LENGTH: 3\r\n\r\n0\r\n\r\n",
            400,
            false,
        ),
        (
            "chunked",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            411,
            false,
        ),
        (
            "another encoding",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
            400,
            false,
        ),
        (
            "chunked 1.0",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            false,
        ),
        (
            "two lengths",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            400,
            false,
        ),
        (
            "a negative length",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\n",
            400,
            false,
        ),
        (
            "too large a body",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n",
            413,
            false,
        ),
        (
            "too large a body, announced",
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n",
            413,
            false,
        ),
        ("largest target", &target(8191), 200, true),
        ("too long a target", &target(8192), 414, false),
        ("largest header", &header(16384 - 32), 200, true),
        ("too large a header", &header(16384 - 31), 431, false),
        ("far too large a header", &header(200_000), 431, false),
        ("most fields", &fields(19), 200, true),
        ("too many fields", &fields(20), 431, false),
        (
            "an authority as target",
            "GET example.com:80 HTTP/1.1\r\nHost: a\r\n\r\n",
            400,
            false,
        ),
        ("a word as target", "GET foo HTTP/1.1\r\nHost: a\r\n\r\n", 400, false),
        ("no version", "GET /\r\n\r\n", 400, false),
        ("another version", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 400, false),
        ("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400, false),
        ("a target with a space", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, false),
        ("a method with a slash", "GE/T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, false),
        ("space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, false),
        (
            "a folded field",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
            400,
            false,
        ),
        ("a field without colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400, false),
        ("a zero byte", "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400, false),
        ("TLS", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\r\n\r\n", 400, false),
    ];
    for &(name, request, status, goes_on) in cases {
        let mut client = served.connect();
        // a client may still be sending the refused body
        let _ = client.stream.write_all(request.as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        if goes_on {
            assert_answers(&mut client);
        } else {
            client.assert_ended();
        }
        if status == 413 || status == 414 {
            assert!(
                answer.head.contains("content-type: application/problem+json"),
                "{name}: {answer:?}"
            );
        }
    }
}

#[test]
fn http_2_is_refused_at_once() {
    let served = Served::start("");
    let mut client = served.connect();
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    client.assert_ended();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let served = Served::start("");
    let mut client = served.connect();
    let request = |n: usize| format!("GET /{n} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{n}");
    client.send(&(request(1) + &request(2) + &request(3)));
    for n in 1..=3 {
        assert_eq!(client.answer().body, format!("/{n} 127.0.0.1 {n}"));
    }
}

#[test]
fn a_client_that_goes_on_sending_can_read_the_refusal() {
    let served = Served::start("");
    let mut client = served.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    client.send(&"x".repeat(200_000));
    assert_eq!(client.answer().status, 413);
    client.assert_ended();
    // a client that only now sends the refused body, as most libraries do before they read
    let mut late = served.connect();
    late.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
    assert_eq!(late.answer().status, 413);
    late.send(&"x".repeat(100_000));
    std::thread::sleep(std::time::Duration::from_millis(50));
    late.send(&"x".repeat(100_000));
    late.assert_ended();
}

#[test]
fn a_client_that_closes_its_half_still_gets_the_response() {
    let served = Served::start("");
    let stream = TcpStream::connect(served.port()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut client = Client::over(stream.try_clone().unwrap());
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.shutdown(Shutdown::Write).unwrap();
    served.waiting.recv_timeout(PATIENCE).unwrap();
    served.go_on.notify_waiters();
    assert_eq!(client.answer().body, "waited");
    client.assert_ended();
}

#[test]
fn a_panic_is_answered_with_500_and_affects_no_other_request() {
    let served = Served::start("");
    let mut other = served.connect();
    other.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    served.waiting.recv_timeout(PATIENCE).unwrap();
    let mut client = served.connect();
    client.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 500);
    assert!(
        answer.head.contains("application/problem+json") && answer.head.contains("no-store"),
        "{answer:?}"
    );
    assert!(!answer.body.contains("part of the test"), "{answer:?}");
    assert_answers(&mut client);
    served.go_on.notify_waiters();
    assert_eq!(other.answer().body, "waited");
}

#[test]
fn every_response_has_one_current_date() {
    let served = Served::start("max_header_bytes = 8192\n");
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n", 500),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("nonsense\r\n\r\n", 400),
        (&long, 431),
    ] {
        let mut client = served.connect();
        let _ = client.stream.write_all(request.as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status, status, "{answer:?}");
        let dates: Vec<&str> = answer.head.lines().filter_map(|line| line.strip_prefix("date: ")).collect();
        let [date] = dates.as_slice() else { panic!("{answer:?}") };
        // the head is in lower case here
        let now = [0, 1, 2].map(|ago| {
            let at = std::time::SystemTime::now() - std::time::Duration::from_secs(ago);
            httpdate::fmt_http_date(at).to_ascii_lowercase()
        });
        assert!(now.iter().any(|now| now == date), "{date} {now:?}");
    }
}
