//! `--media`: pictures beside the posts, left where they are, or left out.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

use super::{check, files_below, import, import_json, post};
use crate::commands::folder;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01";

/// A server of pictures on the loopback, and the paths that were asked for.
fn pictures() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let Some(Ok(first)) = lines.next() else { continue };
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let path = first.split(' ').nth(1).unwrap().to_owned();
            let (status, body) = match path.as_str() {
                "/gone.png" => ("404 Not Found", b"".as_slice()),
                "/page.png" => ("200 OK", b"<!DOCTYPE html><p>Log in</p>".as_slice()),
                _ => ("200 OK", PNG),
            };
            seen.lock().unwrap().push(path);
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), body].concat());
        }
    });
    (base, asked)
}

fn feed(base: &str) -> String {
    let html = format!(
        "<p>Words <a href=\"{base}/up/boat.png\"><img src=\"{base}/up/boat-300x200.png\" alt=\"A [big] boat\"></a> <img src=\"{base}/gone.png\" alt=\"Gone\"> \
         <img src=\"{base}/page.png\" alt=\"Page\"> <img src=\"{base}/other/boat.png\"></p>"
    );
    json!({"version": "https://jsonfeed.org/version/1.1", "title": "Old", "items": [
        {"id": "1", "url": "https://old.example/one", "title": "One", "date_published": "2020-01-01T00:00:00Z", "content_html": html}]})
    .to_string()
}

#[test]
fn originals_are_put_beside_the_post_and_failures_keep_their_address() {
    let (base, asked) = pictures();
    let at = folder(&[("feed.json", &feed(&base))]);
    let import = || {
        import_json(
            at.path(),
            &["feed.json", "posts", "--media", "fetch", "--allow-network", "127.0.0.0/8"],
        )
    };
    let report = import();
    assert_eq!(
        (&report["media_fetched"], &report["media_elsewhere"]),
        (&json!(2), &json!(2)),
        "{report:#}"
    );
    let losses = report["losses"].to_string();
    assert!(
        losses.contains("the server answered 404") && losses.contains("it is neither a picture nor sound nor video"),
        "{losses}"
    );
    assert_eq!(
        files_below(&at.path().join("posts")),
        ["one/boat-2.png", "one/boat.png", "one/index.md"]
    );
    let text = post(at.path(), "one/index.md");
    assert!(text.contains("(boat.png)") && text.contains("(boat-2.png)"), "{text}");
    assert!(
        text.contains(&format!("![Gone]({base}/gone.png)")) && text.contains(&format!("![Page]({base}/page.png)")),
        "{text}"
    );
    assert!(!text.contains("300x200") && !text.contains("boat.png\">"), "{text}");
    check(at.path(), &["link-broken"]);
    // what is there is not fetched again
    std::fs::remove_file(at.path().join("posts/one/index.md")).unwrap();
    asked.lock().unwrap().clear();
    import();
    let again = asked.lock().unwrap().clone();
    assert!(!again.iter().any(|path| path.contains("boat")), "{again:?}");
}

#[test]
fn private_networks_are_not_asked_unless_they_are_allowed() {
    let (base, asked) = pictures();
    let at = folder(&[("feed.json", &feed(&base))]);
    let (status, out, err) = import(at.path(), &["feed.json", "posts", "--media", "fetch"]);
    assert!(
        status == 1
            && out.contains("which belongs to this machine or to a private network; `--allow-network 127.0.0.1/32` allows it"),
        "{out}{err}"
    );
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn media_stay_or_go_as_the_option_says() {
    let (base, asked) = pictures();
    let at = folder(&[("feed.json", &feed(&base))]);
    let (_, out, _) = import(at.path(), &["feed.json", "linked"]);
    assert!(
        out.contains("pictures and files on the old server: 4; import again with --media fetch to have them here"),
        "{out}"
    );
    let linked = std::fs::read_to_string(at.path().join("linked/one.md")).unwrap();
    assert!(linked.contains(&format!("{base}/up/boat.png")), "{linked}");
    import(at.path(), &["feed.json", "posts", "--media", "none"]);
    let text = post(at.path(), "one.md");
    assert!(
        !text.contains("![") && text.contains("big") && text.contains("Gone"),
        "{text}"
    );
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn a_later_import_fetches_what_an_earlier_one_left() {
    let (base, asked) = pictures();
    let at = folder(&[("feed.json", &feed(&base))]);
    import(at.path(), &["feed.json", "posts"]);
    let linked = post(at.path(), "one.md");
    let fetch = || {
        import(
            at.path(),
            &["feed.json", "posts", "--media", "fetch", "--allow-network", "127.0.0.0/8"],
        )
    };
    let (status, out, err) = fetch();
    assert!(
        status == 1 && out.contains("that could not be fetched: 2") && err.contains("1 post completed with pictures and files"),
        "{out}{err}"
    );
    assert_eq!(
        files_below(&at.path().join("posts")),
        ["one.md", "one/boat-2.png", "one/boat.png"]
    );
    let fetched = post(at.path(), "one.md");
    let expected = linked
        .replace(&format!("{base}/up/boat.png"), "one/boat.png")
        .replace(&format!("{base}/other/boat.png"), "one/boat-2.png");
    assert_eq!(fetched, expected);
    check(at.path(), &["link-broken"]);
    // once more: only what failed is asked for again
    asked.lock().unwrap().clear();
    let (status, _, err) = fetch();
    assert!(status == 1 && !err.contains("completed"), "{err}");
    let mut again = asked.lock().unwrap().clone();
    again.sort();
    assert_eq!(again, ["/gone.png", "/page.png"]);
    // the author's words are not written over
    let edited = fetched.replace("Words", "Other words");
    std::fs::write(at.path().join("posts/one.md"), &edited).unwrap();
    asked.lock().unwrap().clear();
    let (_, out, _) = fetch();
    assert!(
        out.contains("2 of its pictures and files were not fetched, because the file was edited after its import"),
        "{out}"
    );
    assert_eq!(post(at.path(), "one.md"), edited);
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn a_path_whose_site_is_not_known_is_reported_with_the_option_that_names_it() {
    let ghost = json!({"db": [{"meta": {"version": "5.0.0"}, "data": {"posts": [{
        "id": "1", "title": "One", "slug": "one", "status": "published", "visibility": "public", "type": "post",
        "published_at": "2020-01-01T00:00:00.000Z", "html": "<p>Words <img src=\"/content/images/a.png\" alt=\"A\"></p>"}]}}]});
    let at = folder(&[("ghost.json", &ghost.to_string())]);
    for media in ["link", "fetch"] {
        let (_, out, err) = import(at.path(), &["ghost.json", media, "--media", media]);
        assert!(
            out.contains("/content/images/a.png") && out.contains("import again with `--from-url https://…`"),
            "{media}: {out}{err}"
        );
    }
    let (_, out, err) = import(at.path(), &["ghost.json", "named", "--from-url", "https://old.example"]);
    assert!(!out.contains("--from-url"), "{out}{err}");
    let text = std::fs::read_to_string(at.path().join("named/one.md")).unwrap();
    assert!(text.contains("(https://old.example/content/images/a.png)"), "{text}");
}
