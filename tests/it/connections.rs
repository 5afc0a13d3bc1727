//! Raw bytes on a connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::server::TestSite;

/// What the server answers to `bytes`, up to its closing the connection or a second of silence.
fn answer(site: &TestSite, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(site.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn methods_that_do_not_read_are_refused_and_kill_nothing() {
    let site = TestSite::start(&[], "");
    let requests = [
        (
            "405",
            "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n",
        ),
        ("405", "TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        ("204", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        ("501", "FOO / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        (
            "405",
            "POST /rss.xml HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        ),
    ];
    for (status, request) in requests {
        let answer = answer(&site, request.as_bytes()).to_ascii_lowercase();
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{request:?}: {answer:?}");
        assert!(
            answer.contains("\r\nallow: get, head, options\r\n"),
            "{request:?}: {answer:?}"
        );
    }
    assert_eq!(site.get("/rss.xml").status, 200, "the server is still there");
}

#[test]
fn a_silent_connection_is_ended() {
    let site = TestSite::start(&[], "[server]\nheader_timeout = 0.2\n");
    for sent in ["", "GET / HT"] {
        let mut stream = TcpStream::connect(site.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut rest = Vec::new();
        // the server closes it: without that, reading would last to its own timeout
        assert!(stream.read_to_end(&mut rest).is_ok(), "{sent:?} was never ended");
    }
}
