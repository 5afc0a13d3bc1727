//! What warp 0.4.3 does by itself, measured, and what feedmill does instead. A case stays when a new warp fixes the cause.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::server::TestSite;

/// Returns all bytes that the server sends after `request`, in lower case.
fn answer(site: &TestSite, request: &str) -> String {
    let mut stream = TcpStream::connect(site.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).to_ascii_lowercase()
}

fn site() -> TestSite {
    TestSite::start(
        &[
            (
                "a.md",
                "---\ntitle: A\ndate: 2026-01-01\ntags: [c++, 日本語]\nimage: i.png\n---\nText.\n",
            ),
            ("i.png", "0123456789"),
            (".hidden.png", "secret"),
        ],
        "",
    )
}

#[test]
fn feedmill_behaves_better_than_warp() {
    let site = site();
    let closing = "Host: a\r\nConnection: close\r\n\r\n";
    let cases = [
        (
            "get() answers HEAD with 405",
            format!("HEAD /rss.xml HTTP/1.1\r\n{closing}"),
            "http/1.1 200",
        ),
        (
            "405 has no Allow",
            format!("DELETE /rss.xml HTTP/1.1\r\n{closing}"),
            "allow: get, head, options",
        ),
        (
            "no Host gets 200",
            "GET /rss.xml HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
            "http/1.1 400",
        ),
        (
            "two Hosts get 200",
            format!("GET /rss.xml HTTP/1.1\r\nHost: b\r\n{closing}"),
            "http/1.1 400",
        ),
        (
            "parameters stay percent-encoded",
            format!("GET /tags/c%2B%2B HTTP/1.1\r\n{closing}"),
            "http/1.1 200",
        ),
        (
            "dot files are served",
            format!("GET /media/.hidden.png HTTP/1.1\r\n{closing}"),
            "http/1.1 404",
        ),
        (
            "files have no tag",
            format!("GET /media/i.png HTTP/1.1\r\n{closing}"),
            "\r\netag: ",
        ),
        (
            "If-None-Match is ignored for files",
            format!("GET /media/i.png HTTP/1.1\r\nIf-None-Match: *\r\n{closing}"),
            "http/1.1 304",
        ),
        (
            "only the first of several ranges is sent",
            format!("GET /media/i.png HTTP/1.1\r\nRange: bytes=0-1,8-9\r\n{closing}"),
            "content-type: multipart/byteranges",
        ),
        ("TRACE gets 200", format!("TRACE / HTTP/1.1\r\n{closing}"), "http/1.1 405"),
        (
            "unknown methods get 200",
            format!("FOO / HTTP/1.1\r\n{closing}"),
            "http/1.1 501",
        ),
        (
            "OPTIONS * gets 200 and no Allow",
            format!("OPTIONS * HTTP/1.1\r\n{closing}"),
            "allow: get, head, options",
        ),
        (
            "CONNECT panics",
            format!("CONNECT a:443 HTTP/1.1\r\n{closing}"),
            "http/1.1 405",
        ),
        (
            "absolute-form and Host that differ fall through",
            format!("GET http://b/rss.xml HTTP/1.1\r\n{closing}"),
            "http/1.1 200",
        ),
        (
            "a header that cannot be written is dropped",
            format!("GET /tags/%E6%97%A5%E6%9C%AC%E8%AA%9E/rss.xml HTTP/1.1\r\n{closing}"),
            "\r\nlink: <http://",
        ),
        (
            "both lengths are accepted",
            format!("GET / HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n{closing}0\r\n\r\n"),
            "http/1.1 4",
        ),
    ];
    for (fact, request, expected) in cases {
        let answer = answer(&site, &request);
        assert!(answer.contains(expected), "{fact}: {expected:?} is not in {answer}");
    }
}

#[test]
fn nothing_is_compressed_unasked_and_each_coding_has_its_own_tag() {
    let site = site();
    let plain = site.get_bytes("/rss.xml", &[]);
    let gzip = site.get_bytes("/rss.xml", &[("accept-encoding", "gzip")]);
    assert_eq!(
        (plain.header("content-encoding"), gzip.header("content-encoding")),
        ("", "gzip")
    );
    assert!(plain.header("vary").contains("Accept-Encoding") && gzip.header("vary").contains("Accept-Encoding"));
    assert_ne!(plain.header("etag"), gzip.header("etag"));
}
