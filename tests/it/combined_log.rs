//! The access log in the combined format.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::ChildStdout;

use crate::commands::{Serving, folder};

struct Logging {
    serving: Serving,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    address: String,
    _site: tempfile::TempDir,
}

impl Logging {
    fn start(config: &str, arguments: &[&str]) -> Logging {
        let site = folder(&[
            ("feedmill.toml", config),
            ("posts/a.md", "---\ntitle: A\ndate: 2026-01-31\n---\nx"),
        ]);
        let mut serving = Serving::start(site.path(), arguments);
        let lines = serving.until("Ctrl-C ends it");
        let read = lines.iter().find_map(|line| line.trim().strip_prefix("read")).unwrap();
        Logging {
            address: read.trim().trim_start_matches("http://").trim_end_matches('/').to_owned(),
            lines: BufReader::new(serving.output()).lines(),
            serving,
            _site: site,
        }
    }

    /// The line for `request`, and the bytes of the body.
    fn logged(&mut self, request: &[u8]) -> (String, usize) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        (self.lines.next().unwrap().unwrap(), answer.len() - head - 4)
    }
}

/// The fields of a line, split as `GoAccess` does with its format `%h %^[%d:%t %^] "%r" %s %b "%R" "%u"`.
fn fields(line: &str) -> [String; 8] {
    let (client, rest) = line.split_once(' ').unwrap();
    let (_, rest) = rest.split_once('[').unwrap();
    let (day, rest) = rest.split_once(':').unwrap();
    let (time, rest) = rest.split_once(' ').unwrap();
    let (zone, rest) = rest.split_once("] \"").unwrap();
    assert_eq!(zone, "+0000");
    let (request, rest) = rest.split_once("\" ").unwrap();
    let (status, rest) = rest.split_once(' ').unwrap();
    let (bytes, rest) = rest.split_once(" \"").unwrap();
    let (referrer, rest) = rest.split_once("\" \"").unwrap();
    let agent = rest.strip_suffix('"').unwrap();
    assert!(!agent.contains('"'), "{line}");
    [client, day, time, request, status, bytes, referrer, agent].map(str::to_owned)
}

#[test]
fn each_response_is_a_line_of_the_combined_format() {
    let mut logging = Logging::start(
        "[server]\naccess_log_format = 'combined'\n[pace]\ntrusted_proxies = ['127.0.0.0/8']\n",
        &[],
    );
    let (line, bytes) = logging.logged(
        b"GET /rss.xml?x=1 HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7, 198.51.100.77\r\nUser-Agent: Reader/1.0 (+x)\r\n\
          Referer: https://example.org/\r\n\r\n",
    );
    let [client, day, time, request, status, sent, referrer, agent] = fields(&line);
    assert_eq!(client, "198.51.100.77", "the last hop before the proxy, whole");
    assert!(day.len() == 11 && time.len() == 8, "{line}");
    assert_eq!(
        [&request, &status, &referrer, &agent].map(String::as_str),
        ["GET /rss.xml?x=1 HTTP/1.1", "200", "https://example.org/", "Reader/1.0 (+x)"]
    );
    assert_eq!(sent, bytes.to_string());
    let (line, _) = logging.logged(b"HEAD /rss.xml HTTP/1.0\r\n\r\n");
    let head = fields(&line);
    assert_eq!(
        (head[3].as_str(), head[5].as_str()),
        ("HEAD /rss.xml HTTP/1.0", "0"),
        "{line}"
    );
    let (line, bytes) = logging.logged(b"nonsense\r\n\r\n");
    let unread = fields(&line);
    assert_eq!(
        (unread[3].as_str(), unread[4].as_str(), unread[5].as_str()),
        ("-", "400", bytes.to_string().as_str()),
        "{line}"
    );
    let (line, _) = logging.logged(b"POST /x HTTP/1.1\r\nHost: a\r\nUser-Agent: a\"b\\c\xff\r\n\r\n");
    let hostile = fields(&line);
    assert_eq!(
        (hostile[4].as_str(), hostile[7].as_str()),
        ("405", "a\\x22b\\x5Cc\\xFF"),
        "{line}"
    );
    logging.serving.signal(rustix::process::Signal::TERM);
    assert_eq!(logging.serving.ended(), Some(0));
}

#[test]
fn the_option_turns_it_on_and_messages_stay_apart() {
    let mut logging = Logging::start("", &["--access-log-format", "combined", "--access-log"]);
    let (line, _) = logging.logged(b"GET /atom.xml HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(line.contains("\"GET /atom.xml HTTP/1.1\" 200 "), "{line}");
    logging.serving.signal(rustix::process::Signal::TERM);
    let messages = logging.serving.until("stopped").join("\n");
    assert!(!messages.contains("/atom.xml"), "{messages}");
}
