//! `feedmill check --external`, with servers on the loopback.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::commands::{feedmill, folder, run};
use crate::server::read_request;

/// A server on the loopback, and the requests that it got.
struct Server {
    base: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (head, _) = read_request(&stream);
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                requests.lock().unwrap().push(head);
                let status = match path.as_str() {
                    "/gone" => "410 Gone",
                    "/error" => "502 Bad Gateway",
                    "/moved" => "301 Moved Permanently\r\nLocation: /fine",
                    _ => "200 OK",
                };
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Server { base, seen }
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn post(server: &Server) -> String {
    format!(
        "---\ntitle: A\ndate: 2026-01-31\n---\nA [fine]({0}/fine), a [moved]({0}/moved) and a\n[gone]({0}/gone) page; [again]({0}/fine#part),\n[error]({0}/error).\n",
        server.base
    )
}

fn check(site: &Path, arguments: &[&str]) -> (i32, String, String) {
    let external = ["check", "--external", "--allow-network", "127.0.0.0/8"];
    run(&mut feedmill(site, &[&external, arguments].concat()))
}

#[test]
fn links_to_other_sites_are_checked_only_if_that_is_asked_for() {
    let server = Server::start();
    let draft = format!("---\ntitle: Draft\ndraft: true\n---\n[secret]({}/secret)\n", server.base);
    let site = folder(&[("posts/a.md", &post(&server)), ("posts/draft.md", &draft)]);
    let (status, _, _) = run(&mut feedmill(site.path(), &["check"]));
    assert_eq!((status, server.requests()), (0, 0), "never by default");

    let (status, out, err) = check(site.path(), &[]);
    assert_eq!(status, 1, "{out}{err}");
    for expected in [
        "leads nowhere: the server answers 410",
        "does not work: the server answers 502",
        "a.md:6:8",
        "has moved for good, to http://127.0.0.1:",
        "help: write the new address",
    ] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    assert!(err.contains("4 links to other sites checked\n"), "{err}");
    assert!(err.ends_with("posts: 2 posts read, 0 errors, 2 warnings\n"), "{err}");
    let seen = server.seen.lock().unwrap().join("");
    assert!(
        !seen.contains("/secret") && seen.to_lowercase().contains("user-agent: feedmill/"),
        "{seen}"
    );
}

#[test]
fn formats_apply_and_what_was_found_is_remembered() {
    let server = Server::start();
    let site = folder(&[("posts/a.md", &post(&server))]);
    let (status, out, _) = check(site.path(), &["--json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    let codes: Vec<&str> = json["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        (status, codes),
        (1, vec!["external-moved", "external-gone", "external-error"])
    );
    assert_eq!(
        (&json["external"]["checked"], &json["external"]["remembered"]),
        (&4.into(), &0.into())
    );
    let gone = &json["problems"][1];
    assert_eq!(
        (&gone["line"], &gone["column"], &gone["severity"]),
        (&6.into(), &8.into(), &"warning".into())
    );

    let before = server.requests();
    let (_, out, err) = check(site.path(), &["--format", "github"]);
    assert!(
        out.contains("::warning file=posts/a.md,line=6,col=8,title=external-gone::"),
        "{out}"
    );
    assert!(
        err.contains("4 links to other sites checked, 3 of them by an earlier check"),
        "{err}"
    );
    assert_eq!(
        server.requests(),
        before + 2,
        "only the address with an error is asked for again, by HEAD and by GET"
    );

    let (status, _, err) = check(site.path(), &["--errors"]);
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("were not checked"), "{err}");
}

#[test]
fn private_addresses_are_not_asked_for_and_the_time_is_limited() {
    let server = Server::start();
    let many: Vec<String> = (0..20).map(|n| format!("[{n}]({}/{n})\n", server.base)).collect();
    let many = many.concat();
    let site = folder(&[("posts/a.md", &format!("---\ntitle: A\ndate: 2026-01-31\n---\n{many}"))]);
    let (status, out, _) = run(&mut feedmill(site.path(), &["check", "--external"]));
    assert_eq!((status, server.requests()), (1, 0));
    assert!(out.contains("belongs to this machine or to a private network"), "{out}");
    let (_, _, err) = check(site.path(), &["--external-time", "2"]);
    assert!((1..20).contains(&server.requests()), "{}", server.requests());
    assert!(err.contains("not checked in the time given"), "{err}");
    let (status, _, _) = run(&mut feedmill(site.path(), &["check", "--external-time", "2"]));
    assert_eq!(status, 2, "the option belongs to --external");
}
