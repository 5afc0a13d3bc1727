//! Status, metrics and logs of the program.

use serde_json::Value;

use crate::commands::{Serving, folder};

struct Operated {
    serving: Serving,
    site: tempfile::TempDir,
    admin: String,
    base: String,
}

impl Operated {
    fn start(files: &[(&str, &str)], arguments: &[&str]) -> Operated {
        let site = folder(files);
        let arguments: Vec<&str> = ["--log", "json"].iter().chain(arguments).copied().collect();
        let serving = Serving::start(site.path(), &arguments);
        let address = |wanted: &str, key: &str| {
            let line = serving.until(wanted).pop().unwrap();
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            event[key].as_str().unwrap().to_owned()
        };
        let base = address("\"started\"", "base_url");
        let admin = format!("http://{}", address("operator's address", "address"));
        Operated {
            serving,
            site,
            admin,
            base,
        }
    }

    /// Status, media type and body.
    fn get(url: &str, accept: &str) -> (u16, String, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.get(url).header("accept", accept).call().unwrap();
        let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (
            answer.status().as_u16(),
            media_type,
            answer.body_mut().read_to_string().unwrap(),
        )
    }
}

const FILES: [(&str, &str); 6] = [
    ("posts/good.md", "---\ntitle: Good\ndate: 2026-01-31\n---\nx"),
    ("posts/draft.md", "---\ntitle: \"<Draft>\"\ndraft: true\n---\nx"),
    ("posts/later.md", "---\ntitle: Later\ndate: 2999-01-31\n---\nx"),
    (
        "posts/gone.md",
        "---\ntitle: Gone\ndate: 2020-01-31\nexpires: 2021-01-31\n---\nx",
    ),
    ("posts/colon.md", "---\ntitle: A: B\ndate: 2026-01-31\n---\nx"),
    ("posts/broken.md", "---\ntitle: Never closed\n"),
];

#[test]
fn the_status_lists_published_scheduled_and_held_posts() {
    let operated = Operated::start(&FILES, &[]);
    let (status, media_type, body) = Operated::get(&format!("{}/status", operated.admin), "*/*");
    assert_eq!((status, media_type.as_str()), (200, "application/json"));
    let status: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert!(status["uptime_seconds"].is_u64());
    assert_eq!(
        (
            &status["posts"]["public"],
            &status["posts"]["draft"],
            &status["posts"]["scheduled"]
        ),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(status["scheduled"][0]["path"], "later.md");
    assert_eq!(status["scheduled"][0]["appears"], "2999-01-31T00:00:00Z");
    assert_eq!(status["next_due"], "2999-01-31T00:00:00Z");
    let held: Vec<(&str, &str)> = status["held_back"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| (post["path"].as_str().unwrap(), post["why"].as_str().unwrap()))
        .collect();
    let why = |path: &str| {
        held.iter()
            .find(|(held, _)| *held == path)
            .unwrap_or_else(|| panic!("{path}: {held:?}"))
            .1
    };
    assert_eq!(why("draft.md"), "a draft (front matter: draft)");
    assert_eq!(why("gone.md"), "expired at 2021-01-31T00:00:00Z");
    assert!(!why("broken.md").is_empty());
    let problem = |path: &str| {
        let problems = status["problems"].as_array().unwrap();
        problems.iter().find(|problem| problem["path"] == path).unwrap().clone()
    };
    let colon = problem("colon.md");
    assert_eq!(
        (&colon["line"], &colon["column"], &colon["severity"]),
        (&2.into(), &9.into(), &"warning".into())
    );
    assert!(!colon["mend"].as_str().unwrap().is_empty() && !colon["code"].as_str().unwrap().is_empty());
    let watching = &status["watching"];
    assert!(matches!(watching["mode"].as_str(), Some("native" | "poll")), "{watching}");
    assert!(watching["last_full_scan_age_seconds"].as_u64().unwrap() < 60 && watching["builds"].as_u64().unwrap() > 0);
    assert_eq!(watching["degraded"], Value::Null);
}

#[test]
fn a_browser_gets_a_page() {
    let operated = Operated::start(&FILES, &[]);
    let accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    let (status, media_type, body) = Operated::get(&format!("{}/status", operated.admin), accept);
    assert_eq!((status, media_type.as_str()), (200, "text/html; charset=utf-8"));
    for expected in [
        "colon.md:2:9",
        "&lt;Draft&gt;",
        "later.md",
        "expired at 2021-01-31",
        "broken.md",
        "1 scheduled",
        "last looked at",
    ] {
        assert!(body.contains(expected), "{expected} is not in {body}");
    }
    assert!(!body.contains("<Draft>"), "titles are text");
    assert_eq!(Operated::get(&format!("{}/", operated.admin), accept).0, 200);
    assert_eq!(Operated::get(&format!("{}/elsewhere", operated.admin), accept).0, 404);
}

#[test]
fn requests_are_counted() {
    let operated = Operated::start(&FILES, &[]);
    let feed = format!("{}/rss.xml", operated.base);
    let etag = ureq::get(&feed).call().unwrap().headers()["etag"].clone();
    assert_eq!(ureq::get(&feed).header("if-none-match", etag).call().unwrap().status(), 304);
    for path in ["/api/posts", "/nothing", "/media/none.png", "/posts/good"] {
        Operated::get(&format!("{}{path}", operated.base), "*/*");
    }
    let (status, media_type, text) = Operated::get(&format!("{}/metrics", operated.admin), "*/*");
    assert_eq!(
        (status, media_type.as_str()),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    for line in [
        "feedmill_requests_total{kind=\"feed\",status=\"2xx\"} 1",
        "feedmill_requests_total{kind=\"feed\",status=\"304\"} 1",
        "feedmill_requests_total{kind=\"listing\",status=\"2xx\"} 1",
        "feedmill_requests_total{kind=\"media\",status=\"4xx\"} 1",
        "feedmill_requests_total{kind=\"page\",status=\"2xx\"} 1",
        "feedmill_requests_total{kind=\"page\",status=\"4xx\"} 1",
        "feedmill_posts{visibility=\"public\"} 2",
        "feedmill_problems{severity=\"error\"} 1",
        "feedmill_degraded 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    for name in [
        "last_build_seconds",
        "builds_total",
        "looks_total",
        "last_full_scan_age_seconds",
        "watching_native",
    ] {
        assert!(text.contains(&format!("\nfeedmill_{name} ")), "{name} is not in\n{text}");
    }
    // no request adds a series
    let series = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();
    for n in 0..20 {
        Operated::get(&format!("{}/made-up-{n}?x={n}", operated.base), "*/*");
    }
    let (_, _, after) = Operated::get(&format!("{}/metrics", operated.admin), "*/*");
    assert_eq!(series(&text), series(&after));
}

#[test]
fn the_access_log_is_optional_and_has_no_personal_data() {
    let mut operated = Operated::start(&FILES, &["--access-log"]);
    Operated::get(&format!("{}/api/posts?page=1&secret=Ann", operated.base), "*/*");
    // a line is written once its response was sent, so that of the next request could come first
    let mut lines = operated.serving.until("/api/posts");
    Operated::get(&format!("{}/rss.xml", operated.base), "*/*");
    lines.extend(operated.serving.until("/rss.xml"));
    let line = lines.join("\n");
    let event: Value = serde_json::from_str(line.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&event["method"], &event["address"], &event["status"], &event["kind"]),
        (&"GET".into(), &"/rss.xml".into(), &200.into(), &"feed".into())
    );
    assert!(event["bytes"].as_u64().unwrap() > 0 && event["milliseconds"].is_number());
    assert!(
        line.contains("/api/posts?page=1&…") && !line.contains("Ann") && !line.contains("ureq"),
        "{line}"
    );
    operated.serving.signal(rustix::process::Signal::TERM);
    operated.serving.until("\"stopped\"");
    assert_eq!(operated.serving.ended(), Some(0));

    let silent = Operated::start(&FILES, &[]);
    Operated::get(&format!("{}/rss.xml", silent.base), "*/*");
    silent.serving.signal(rustix::process::Signal::TERM);
    let lines = silent.serving.until("\"stopped\"");
    assert!(lines.iter().all(|line| !line.contains("/rss.xml")), "{lines:?}");
}

#[test]
fn every_line_of_a_json_log_is_json() {
    let operated = Operated::start(&FILES, &[]);
    crate::server::write(
        operated.site.path(),
        "posts/new.md",
        "---\ntitle: New\ndate: 2026-02-01\n---\nx",
    );
    let line = operated.serving.until("new.md").pop().unwrap();
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&event["path"], &event["event"], &event["address"]),
        (&"new.md".into(), &"added".into(), &"/posts/new".into())
    );
}

#[test]
fn pages_of_other_sites_cannot_use_a_name_of_their_own() {
    let operated = Operated::start(&FILES, &[]);
    let port = operated.admin.rsplit_once(':').unwrap().1;
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for (host, status) in [
        (format!("rebound.example:{port}"), 421),
        (format!("localhost.example:{port}"), 421),
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("[::1]:{port}"), 200),
    ] {
        let mut answer = agent
            .get(format!("{}/status", operated.admin))
            .header("host", &host)
            .call()
            .unwrap();
        assert_eq!(answer.status().as_u16(), status, "{host}");
        let body = answer.body_mut().read_to_string().unwrap();
        assert_eq!(body.contains("draft.md"), status == 200, "{host}");
    }
}

/// More bytes than the system buffers for a client that does not read.
const LARGE: usize = 64 << 20;

/// Sends `request` and reads the response to its end.
fn raw(base: &str, request: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn the_access_log_counts_sent_bytes_names_clients_behind_proxies_and_cannot_be_forged() {
    use std::io::{Read as _, Write as _};
    let files = [FILES[0], ("feedmill.toml", "[pace]\ntrusted_proxies = ['127.0.0.0/8']\n")];
    let operated = Operated::start(&files, &["--access-log"]);
    let large = std::fs::File::create(operated.site.path().join("posts/large.bin")).unwrap();
    large.set_len(LARGE as u64).unwrap();
    // the next line that contains `wanted`
    let logged = |wanted: &str| -> Value {
        let line = operated.serving.until(wanted).pop().unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    let length = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.len();
    let forwarded = "X-Forwarded-For: 203.0.113.7, 198.51.100.77\r\n";
    let whole = raw(
        &operated.base,
        &format!("GET /rss.xml HTTP/1.1\r\nHost: a\r\n{forwarded}\r\n"),
    );
    let event = logged("/rss.xml");
    assert_eq!(event["bytes"], length(&whole));
    assert!(length(&whole) > 100);
    assert_eq!(event["peer"], "198.51.100.0", "the last hop before the proxy");
    let etag = whole.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
    for (request, path) in [
        ("HEAD /feed.json HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "/feed.json"),
        (
            format!("GET /rss.xml HTTP/1.1\r\nHost: a\r\nIf-None-Match: {etag}\r\n\r\n"),
            "/rss.xml",
        ),
        (
            "HEAD /media/large.bin HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "/media/large.bin",
        ),
    ] {
        let answer = raw(&operated.base, &request);
        assert_eq!(length(&answer), 0, "{answer}");
        let event = logged(path);
        assert_eq!(
            (&event["bytes"], &event["peer"]),
            (&0.into(), &"127.0.0.0".into()),
            "{request}"
        );
    }
    // several requests on one connection, sent together
    let two = raw(
        &operated.base,
        "GET /atom.xml HTTP/1.1\r\nHost: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    let first = logged("/atom.xml")["bytes"].as_u64().unwrap();
    assert_eq!(logged("/healthz")["bytes"], 3);
    assert!(first > 100 && two.ends_with("ok\n"), "{two}");
    // a client that leaves early
    let mut stream = std::net::TcpStream::connect(operated.base.trim_start_matches("http://")).unwrap();
    stream.write_all(b"GET /media/large.bin HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut start = vec![0; 1 << 20];
    stream.read_exact(&mut start).unwrap();
    drop(stream);
    let sent = usize::try_from(logged("/media/large.bin")["bytes"].as_u64().unwrap()).unwrap();
    assert!((start.len() - 1000..LARGE).contains(&sent), "{sent}");
    // a client's text neither ends a line nor imitates a field
    let forged = "/x\u{202e}y?tag=%0A%7B%22status%22%3A200%7D%E2%80%AE";
    raw(
        &operated.base,
        &format!("GET {forged} HTTP/1.1\r\nHost: a\r\nUser-Agent: \u{202e}agent\r\nReferer: \u{202e}referrer\r\n\r\n"),
    );
    let line = operated.serving.until("\"address\":\"/x").pop().unwrap();
    assert!(line.is_ascii() || !line.contains(['\u{202e}', '\n']), "{line}");
    assert!(!line.contains("agent") && !line.contains("referrer"), "{line}");
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["status"], 404);
}

#[test]
fn the_access_log_has_a_line_for_requests_refused_before_routing() {
    let files = [FILES[0], ("feedmill.toml", "[pace]\ntrusted_proxies = ['127.0.0.0/8']\n")];
    let operated = Operated::start(&files, &["--access-log"]);
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(9000));
    let cases = [
        (
            "POST /rss.xml?page=2&x=y HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            405,
            "POST",
            "/rss.xml?page=2&…",
        ),
        ("OPTIONS /feed.json HTTP/1.1\r\nHost: a\r\n\r\n", 204, "OPTIONS", "/feed.json"),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204, "OPTIONS", "*"),
        ("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", 501, "BREW", "/pot"),
        (
            "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
            405,
            "CONNECT",
            "a.test:443",
        ),
        ("GET /no-host HTTP/1.1\r\n\r\n", 400, "GET", "/no-host"),
        (&long, 414, "GET", "/aaa"),
        (
            "POST /chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            411,
            "POST",
            "/chunks",
        ),
        ("GET /bad path HTTP/1.1\r\nHost: a\r\n\r\n", 400, "-", "-"),
        ("nonsense\r\n\r\n", 400, "-", "-"),
    ];
    for (request, status, method, address) in cases {
        let answer = raw(&operated.base, request);
        let sent = answer.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok());
        let lines = operated.serving.until("feedmill::access");
        let event: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        assert_eq!(sent, Some(status), "{request}: {answer}");
        assert_eq!(
            (&event["status"], &event["method"]),
            (&status.into(), &method.into()),
            "{request}"
        );
        assert!(event["address"].as_str().unwrap().starts_with(address), "{request}: {event}");
        assert_eq!(event["bytes"], answer.split_once("\r\n\r\n").unwrap().1.len(), "{request}");
        assert_eq!(event["peer"], "127.0.0.0", "{request}");
    }
    let forwarded = "X-Forwarded-For: 198.51.100.9:1234\r\n";
    raw(&operated.base, &format!("POST /b HTTP/1.1\r\nHost: a\r\n{forwarded}\r\n"));
    let event: Value = serde_json::from_str(operated.serving.until("\"/b\"").last().unwrap()).unwrap();
    assert_eq!(event["peer"], "198.51.100.0");
}

#[test]
fn an_unwritable_ledger_is_reported_everywhere() {
    let site = folder(&FILES);
    let kept = Operated::start(&FILES, &[]);
    let status = |operated: &Operated| -> Value {
        serde_json::from_str(&Operated::get(&format!("{}/status", operated.admin), "*/*").2).unwrap()
    };
    let ledger = status(&kept)["ledger"].clone();
    assert_eq!(
        (&ledger["is_written"], &ledger["trouble"]),
        (&true.into(), &Value::Null),
        "{ledger}"
    );
    assert!(ledger["folder"].as_str().unwrap().ends_with("/.feedmill/posts"), "{ledger}");

    // a file at the path of the folder, so that not even root can write there
    crate::server::write(site.path(), "taken", "");
    let state = site.path().join("taken/ledger");
    let state = state.to_str().unwrap();
    let lost = Operated::start(&FILES, &["--state", state]);
    let ledger = status(&lost)["ledger"].clone();
    assert_eq!(
        (&ledger["is_written"], &ledger["folder"]),
        (&false.into(), &state.into()),
        "{ledger}"
    );
    let trouble = ledger["trouble"].as_str().unwrap();
    assert!(
        trouble.starts_with("Cannot write the ledger ") && trouble.contains("no restart needed"),
        "{trouble}"
    );
    let page = Operated::get(&format!("{}/status", lost.admin), "text/html").2;
    assert!(
        page.contains("<p class=\"degraded\"><strong>Cannot write the ledger"),
        "{page}"
    );
    let metrics = Operated::get(&format!("{}/metrics", lost.admin), "*/*").2;
    assert!(metrics.contains("\nfeedmill_ledger_trouble 1\n"), "{metrics}");

    let serving = Serving::start(site.path(), &["--state", state]);
    let welcome = serving.until("Ctrl-C ends it");
    for expected in [
        "cannot be written: see the warning below",
        "warning: Cannot write the ledger ",
    ] {
        assert!(welcome.iter().any(|line| line.contains(expected)), "{expected}: {welcome:#?}");
    }
    let times = welcome.iter().filter(|line| line.contains("Cannot write the ledger")).count();
    assert_eq!(times, 1, "{welcome:#?}");

    let serving = Serving::start(site.path(), &["--state", state, "--log", "json"]);
    let lines = serving.until("Cannot write the ledger");
    let times = lines.iter().filter(|line| line.contains("Cannot write the ledger")).count();
    assert_eq!(times, 1, "{lines:#?}");
}

#[test]
fn a_json_log_has_every_problem_with_its_code_and_position() {
    let site = folder(&FILES);
    let serving = Serving::start(site.path(), &["--log", "json"]);
    let events = |lines: Vec<String>| -> Vec<Value> { lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let problem = |events: &[Value], file: &str| -> Value {
        let found = events.iter().find(|event| event["file"] == file && event["code"].is_string());
        found.unwrap_or_else(|| panic!("{file}: {events:#?}")).clone()
    };
    let started = events(serving.until("operator's address"));
    let colon = problem(&started, "colon.md");
    assert_eq!(
        (&colon["level"], &colon["line"], &colon["column"]),
        (&"WARN".into(), &2.into(), &9.into()),
        "{colon}"
    );
    assert!(
        ["code", "message", "fix"]
            .iter()
            .all(|key| colon[key].as_str().is_some_and(|text| !text.is_empty())),
        "{colon}"
    );
    assert_eq!(problem(&started, "broken.md")["level"], "ERROR");

    crate::server::write(
        site.path(),
        "posts/new\u{202e}.md",
        "---\ntitle: C: D\ndate: 2026-01-31\n---\nx",
    );
    let lines = serving.until("feedmill::diagnostic");
    assert!(lines.iter().all(|line| !line.contains('\u{202e}')), "{lines:#?}");
    let changed = events(lines);
    assert_eq!(problem(&changed, "new\u{202e}.md")["line"], 2);
    assert!(
        changed.iter().all(|event| event["file"] != "colon.md"),
        "what is known already is not said again"
    );
}
