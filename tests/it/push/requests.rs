//! What the hub takes, and whom it believes.

use std::time::Duration;

use super::hub_site::{BASE, HubSite};
use super::subscriber::{Echo, Subscriber, until};

const CHALLENGED: [&str; 4] = ["hub.mode", "hub.topic", "hub.challenge", "hub.lease_seconds"];

#[test]
fn a_subscription_is_verified_at_the_exact_callback() {
    let (site, subscriber) = (HubSite::start(""), Subscriber::start());
    // websub.rocks publisher test: discovery, then this
    site.subscribe(
        "/tags/mill/atom.xml",
        &subscriber,
        &[("hub.lease_seconds", "7200"), ("hub.secret", "s")],
    );
    let asked = subscriber.received("GET").remove(0);
    assert!(
        asked.target.starts_with("/callback?key=1&hub.mode=subscribe&"),
        "{}",
        asked.target
    );
    let values = CHALLENGED.map(|name| asked.parameter(name).unwrap());
    assert_eq!(
        (&*values[0], &*values[1], &*values[3]),
        ("subscribe", &*format!("{BASE}/tags/mill/atom.xml"), "7200")
    );
    assert!(!asked.target.contains("secret"), "{}", asked.target);
    assert_eq!(site.status().topics, [("/tags/mill/atom.xml".to_owned(), 1)]);
    // a challenge is used once
    site.subscribe("/tags/mill/atom.xml", &subscriber, &[]);
    let again = subscriber.received("GET").remove(1);
    assert_ne!(again.parameter("hub.challenge"), asked.parameter("hub.challenge"));
    assert_eq!(again.parameter("hub.lease_seconds").unwrap(), "864000");
    assert_eq!(site.status().subscriptions, 1);
}

/// websub.rocks, subscriber tests, from the other end: whatever a callback answers but the challenge leaves the state as it was.
#[test]
fn what_is_not_confirmed_changes_nothing() {
    let site = HubSite::start("");
    let cases = [
        ("404 Not Found", "", "no such callback"),
        ("200 OK", "", "an empty answer"),
        ("200 OK", "wrong", "another challenge"),
        ("200 OK", "<CHALLENGE>\n", "more than the challenge"),
        ("500 Internal Server Error", "<CHALLENGE>", "an error with the challenge"),
        ("302 Found\r\nLocation: /callback", "<CHALLENGE>", "a redirect"),
    ];
    // a host for each case: failures slow a host down
    let mut hosts = (2..).map(|number| format!("127.0.0.{number}"));
    for (mode, before) in [("subscribe", 0), ("unsubscribe", 1)] {
        for (status, body, name) in cases {
            let subscriber = Subscriber::start_at(&hosts.next().unwrap());
            if before == 1 {
                site.subscribe("/atom.xml", &subscriber, &[("hub.secret", "old")]);
            }
            let had = site.status();
            subscriber.behave(|behaviour| behaviour.echo = Echo::Answer(status, body.to_owned()));
            site.ask(mode, "/atom.xml", &subscriber, &[("hub.secret", "new")]);
            until(name, || site.status().verified[1].1 > had.verified[1].1);
            let now = site.status();
            assert_eq!(
                (now.subscriptions, now.verified[0].1),
                (had.subscriptions, had.verified[0].1),
                "{mode}: {name}"
            );
            assert_eq!(
                subscriber.received("GET").len(),
                2 + before,
                "{mode}: {name}: one more attempt"
            );
        }
    }
}

#[test]
fn an_answer_that_does_not_end_is_not_read_to_its_end() {
    let (site, subscriber) = (HubSite::start(""), Subscriber::start());
    subscriber.behave(|behaviour| behaviour.echo = Echo::Answer("200 OK", "x".repeat(70_000)));
    site.ask("subscribe", "/atom.xml", &subscriber, &[]);
    until("it is refused", || site.status().verified[1].1 == 1);
}

#[test]
fn who_unsubscribes_gets_nothing_more() {
    let (site, leaving, staying) = (HubSite::start(""), Subscriber::start(), Subscriber::start());
    for subscriber in [&leaving, &staying] {
        site.subscribe("/atom.xml", subscriber, &[]);
    }
    let before = site.confirmed();
    site.ask("unsubscribe", "/atom.xml", &leaving, &[]);
    until("it is confirmed", || site.confirmed() > before);
    assert_eq!(leaving.received("GET")[1].parameter("hub.mode").unwrap(), "unsubscribe");
    site.post("second", "");
    staying.wait_for_text("Text of second");
    assert_eq!(leaving.deliveries().len(), 0);
    // what is not subscribed cannot be ended, and nobody is asked
    site.ask("unsubscribe", "/rss.xml", &leaving, &[]);
    assert_eq!((site.status().verifications, leaving.received("GET").len()), (0, 2));
}

#[test]
fn only_own_topics_are_taken_and_nothing_is_sent_for_others() {
    let (site, subscriber) = (HubSite::start(""), Subscriber::start());
    let callback = subscriber.callback();
    for topic in [
        "https://other.example/atom.xml",
        "http://site.example.other.example/atom.xml",
        "http://site.example/",
        "http://site.example/archive/1/atom.xml",
        "http://site.example/tags/none/atom.xml",
        "http://site.example/posts/first",
        "http://site.example/atom.xml?x=1",
        "http://site.example/atom.xml#x",
        "http://site.example/atom.xml\n",
        "/atom.xml",
        "",
    ] {
        let pairs = [("hub.mode", "subscribe"), ("hub.topic", topic), ("hub.callback", &*callback)];
        assert_eq!(site.send(&pairs), 400, "{topic:?}");
    }
    let foreign = [("hub.mode", "publish"), ("hub.url", "https://other.example/atom.xml")];
    assert_eq!(site.send(&foreign), 400);
    assert_eq!(
        site.send(&[("hub.mode", "publish"), ("hub.url", "http://site.example/atom.xml")]),
        202
    );
    assert_eq!(site.status().verifications, 0);
    assert_eq!(subscriber.received("GET").len(), 0);
}

#[test]
fn callbacks_on_networks_that_are_not_allowed_are_not_connected_to() {
    let mut site = HubSite::start("");
    let subscriber = Subscriber::start();
    site.subscribe("/atom.xml", &subscriber, &[]);
    site.stop();
    // from now on loopback is not allowed: neither for what is stored, nor by a name
    site.configure("hub = true\n");
    site.forbid_loopback();
    site.run();
    let port = subscriber.callback().split(':').nth(2).unwrap().to_owned();
    let named = format!("http://localhost:{port}");
    let topic = format!("{BASE}/atom.xml");
    let pairs = [("hub.mode", "subscribe"), ("hub.topic", &*topic), ("hub.callback", &*named)];
    assert_eq!(site.send(&pairs), 202, "a name is looked up when it is connected to");
    until("it is refused", || site.status().verified[1].1 == 1);
    site.post("second", "");
    until("a delivery fails", || site.status().deliveries[1].1 > 0);
    assert_eq!((subscriber.received("GET").len(), subscriber.deliveries().len()), (1, 0));
}

#[test]
fn the_hub_answers_people_forms_and_nothing_else() {
    let site = HubSite::start("");
    let page = site.get("/hub");
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.body().contains("http://site.example/hub"), "{}", page.body());
    let form = Some("application/x-www-form-urlencoded");
    for (method, path, content_type, body, status) in [
        ("HEAD", "/hub", None, String::new(), 200),
        ("POST", "/hub", None, "x".to_owned(), 400),
        ("POST", "/hub", Some("application/json"), "{}".to_owned(), 400),
        ("POST", "/hub", form, "x".repeat(9000), 413),
        ("POST", "/hub", form, "x".repeat(20_000), 413),
        ("PUT", "/hub", None, "x".to_owned(), 405),
        ("POST", "/atom.xml", form, "hub.mode=subscribe".to_owned(), 405),
        ("POST", "/", form, "x".to_owned(), 405),
    ] {
        let answer = site.request(method, path, content_type, &body);
        assert_eq!(answer.status(), status, "{method} {path} {}", body.len());
        if status == 405 {
            let takes_forms = answer.headers()["allow"].to_str().unwrap().contains("POST");
            assert_eq!(takes_forms, path == "/hub", "{method} {path}");
        }
    }
    let off = HubSite::start("hub = false\n");
    assert_eq!(off.get("/hub").status(), 404);
    assert_eq!(off.request("POST", "/hub", form, "hub.mode=subscribe").status(), 405);
}

#[test]
fn feeds_name_the_hub_where_there_is_one() {
    let site = HubSite::start("");
    let off = HubSite::start("hub = false\n");
    for path in ["/rss.xml", "/atom.xml", "/feed.json", "/tags/mill/atom.xml"] {
        for (site, is_on) in [(&site, true), (&off, false)] {
            let answer = site.get(path);
            let links = answer.headers()["link"].to_str().unwrap().to_owned();
            assert_eq!(
                links.contains("<http://site.example/hub>; rel=\"hub\""),
                is_on,
                "{path}: {links}"
            );
            assert_eq!(links.matches("rel=\"self\"").count(), 1, "{path}: {links}");
            assert_eq!(
                answer.body().contains("http://site.example/hub"),
                is_on,
                "{path}: {}",
                answer.body()
            );
            let head = site.request("HEAD", path, None, "");
            assert_eq!(head.headers()["link"], answer.headers()["link"], "{path}");
        }
    }
}

#[test]
fn a_slow_subscriber_delays_neither_others_nor_requests() {
    let (site, slow, quick) = (HubSite::start(""), Subscriber::start(), Subscriber::start_at("127.0.0.2"));
    site.subscribe("/atom.xml", &slow, &[]);
    site.subscribe("/atom.xml", &quick, &[]);
    slow.behave(|behaviour| behaviour.delay = Duration::from_secs(2));
    site.post("second", "");
    quick.wait_for_text("Text of second");
    assert_eq!(site.get("/atom.xml").status(), 200);
    assert_eq!(site.status().waiting, 1, "the slow one has not answered yet");
}
