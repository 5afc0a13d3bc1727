//! What subscribers are sent, when, and what follows from their answers.

use super::hub_site::{BASE, HubSite};
use super::subscriber::{Received, Subscriber, is_signed, until};

/// websub.rocks, hub tests 100 to 106: any topic, with and without a secret.
#[test]
fn a_delivery_is_the_whole_document_with_its_type_and_links() {
    let site = HubSite::start("");
    let cases = [
        ("/atom.xml", None),
        ("/rss.xml", Some("a secret")),
        ("/feed.json", Some("é")),
        ("/tags/mill/atom.xml", None),
    ];
    let subscribers = cases.map(|(path, secret)| {
        let subscriber = Subscriber::start();
        let mut more = vec![("foo", "1"), ("hub.foo", "1")];
        more.extend(secret.map(|secret| ("hub.secret", secret)));
        site.subscribe(path, &subscriber, &more);
        subscriber
    });
    site.post("second", "tags: [mill]\n");
    for ((path, secret), subscriber) in cases.into_iter().zip(subscribers) {
        let delivery = subscriber.wait_for_text("Text of second");
        let document = site.get(path);
        assert_eq!(delivery.text(), document.body(), "{path}");
        assert_eq!(delivery.target, "/callback?key=1");
        let expected = format!("<{BASE}/hub>; rel=\"hub\", <{BASE}{path}>; rel=\"self\"");
        assert_eq!(delivery.all("link"), [expected]);
        assert_eq!(
            delivery.all("content-type"),
            [document.headers()["content-type"].to_str().unwrap()]
        );
        assert_eq!(delivery.all("content-length"), [delivery.body.len().to_string()]);
        for absent in ["transfer-encoding", "content-encoding", "expect"] {
            assert!(delivery.all(absent).is_empty(), "{path}: {absent}");
        }
        let signatures = delivery.all("x-hub-signature");
        match secret {
            None => assert!(signatures.is_empty()),
            Some(secret) => {
                let signature = signatures[0];
                assert!(
                    signature.starts_with("sha256=") && is_signed(signature, secret, &delivery.body),
                    "{signature}"
                );
                assert!(!is_signed(signature, "another", &delivery.body));
            }
        }
    }
}

#[test]
fn signatures_for_old_subscribers_are_made_with_sha1() {
    let (site, subscriber) = (HubSite::start("signature = 'sha1'\n"), Subscriber::start());
    site.subscribe("/atom.xml", &subscriber, &[("hub.secret", "s")]);
    site.post("second", "");
    let delivery = subscriber.wait_for_text("Text of second");
    let signature = delivery.all("x-hub-signature")[0];
    assert!(
        signature.starts_with("sha1=") && is_signed(signature, "s", &delivery.body),
        "{signature}"
    );
}

/// websub.rocks, hub test 103: one delivery, not two, with the new secret.
#[test]
fn who_subscribes_again_gets_one_delivery() {
    let (site, subscriber) = (HubSite::start(""), Subscriber::start());
    site.subscribe("/atom.xml", &subscriber, &[("hub.secret", "old")]);
    site.subscribe("/atom.xml", &subscriber, &[("hub.secret", "new")]);
    site.post("second", "");
    subscriber.wait_for_text("Text of second");
    site.wait_until_idle();
    let deliveries = subscriber.deliveries();
    assert_eq!(deliveries.len(), 1);
    assert!(is_signed(deliveries[0].all("x-hub-signature")[0], "new", &deliveries[0].body));
}

#[test]
fn only_subscribers_of_feeds_with_news_are_told() {
    let (site, subscriber) = (HubSite::start(""), Subscriber::start());
    for path in ["/atom.xml", "/tags/mill/rss.xml", "/tags/creek/feed.json"] {
        site.subscribe(path, &subscriber, &[]);
    }
    site.post("second", "tags: [mill]\n");
    subscriber.wait_for("POST", 2);
    site.wait_until_idle();
    // a draft and a minor edit are no news; what comes after them shows that they were seen
    site.post("draft", "draft: true\ntags: [creek]\n");
    site.post("second", "tags: [mill]\nminor: true\nsummary: Another\n");
    until("they were read", || site.get("/feed.json").body().contains("Another"));
    site.post("third", "tags: [creek]\n");
    subscriber.wait_for("POST", 4);
    site.wait_until_idle();
    let deliveries = subscriber.deliveries();
    let of_type = |part: &str| {
        deliveries
            .iter()
            .filter(|one| one.all("content-type")[0].contains(part))
            .count()
    };
    assert_eq!(
        (of_type("atom"), of_type("rss"), of_type("json"), deliveries.len()),
        (2, 1, 1, 4)
    );
}

/// websub.rocks, subscriber tests 200 to 205 and 300 to 302, from the other end. Redirects are not followed.
#[test]
fn an_answer_that_is_no_success_is_tried_again_and_ends_no_subscription() {
    let site = HubSite::start("");
    let statuses = [
        "301 Moved Permanently\r\nLocation: /elsewhere",
        "302 Found\r\nLocation: /elsewhere",
        "307 Temporary Redirect\r\nLocation: /elsewhere",
        "308 Permanent Redirect\r\nLocation: /elsewhere",
        "403 Forbidden",
        "404 Not Found",
        "413 Content Too Large",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "503 Service Unavailable\r\nRetry-After: 0",
    ];
    let subscribers = statuses.map(|status| {
        let subscriber = Subscriber::start();
        site.subscribe("/atom.xml", &subscriber, &[]);
        subscriber.behave(|behaviour| behaviour.deliveries = vec![status]);
        subscriber
    });
    site.post("second", "");
    for (status, subscriber) in statuses.iter().zip(&subscribers) {
        subscriber.wait_for("POST", 2);
        site.wait_until_idle();
        let deliveries = subscriber.deliveries();
        assert_eq!(deliveries.len(), 2, "{status}");
        assert!(deliveries.iter().all(|one| one.target == "/callback?key=1"), "{status}");
    }
    let counted = site.status().deliveries;
    assert_eq!((counted[0].1, counted[1].1, site.status().subscriptions), (10, 10, 10));
}

#[test]
fn after_all_attempts_the_subscription_stays_for_the_next_news() {
    let (site, subscriber) = (HubSite::start(""), Subscriber::start());
    site.subscribe("/atom.xml", &subscriber, &[]);
    subscriber.behave(|behaviour| behaviour.deliveries = vec!["404 Not Found"; 4]);
    site.post("second", "");
    until("it was given up", || site.status().deliveries[2].1 == 1);
    assert_eq!((site.status().waiting, subscriber.deliveries().len()), (0, 4));
    site.post("third", "");
    subscriber.wait_for_text("Text of third");
}

#[test]
fn an_answer_of_410_ends_the_subscription_for_good() {
    let (mut site, subscriber) = (HubSite::start(""), Subscriber::start());
    site.subscribe("/atom.xml", &subscriber, &[]);
    subscriber.behave(|behaviour| behaviour.deliveries = vec!["410 Gone"]);
    site.post("second", "");
    until("it is ended", || site.status().subscriptions == 0);
    site.stop();
    site.run();
    assert_eq!(site.status().subscriptions, 0);
}

/// Of ten saves in a second the last delivery has the last one, and there is never more than one in flight.
#[test]
fn of_ten_saves_in_a_second_the_last_delivery_is_the_newest() {
    let (site, subscriber) = (HubSite::start(""), Subscriber::start());
    site.subscribe("/atom.xml", &subscriber, &[]);
    for n in 0..10 {
        site.post(&format!("burst-{n}"), "");
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    subscriber.wait_for_text("Text of burst-9");
    site.wait_until_idle();
    let last = subscriber.deliveries().pop().unwrap();
    assert_eq!(last.text(), site.get("/atom.xml").body());
}

fn texts(deliveries: &[Received], text: &str) -> usize {
    deliveries.iter().filter(|delivery| delivery.text().contains(text)).count()
}

#[test]
fn a_delivery_that_failed_before_a_restart_is_made_after_it_with_what_is_new_then() {
    let (mut site, subscriber) = (HubSite::start(""), Subscriber::start());
    site.subscribe("/atom.xml", &subscriber, &[("hub.secret", "s")]);
    subscriber.behave(|behaviour| behaviour.deliveries = vec!["500 Internal Server Error"; 3]);
    site.post("second", "");
    subscriber.wait_for("POST", 1);
    site.stop();
    let before = subscriber.deliveries().len();
    subscriber.behave(|behaviour| behaviour.deliveries.clear());
    site.post("third", "");
    site.run();
    let delivery = subscriber.wait_for_text("Text of third");
    assert!(delivery.text().contains("Text of second") && is_signed(delivery.all("x-hub-signature")[0], "s", &delivery.body));
    site.wait_until_idle();
    assert_eq!(subscriber.deliveries().len(), before + 1);
}

#[test]
fn what_changed_while_it_was_stopped_is_announced_once_and_other_bytes_are_not() {
    let (mut site, subscriber) = (HubSite::start(""), Subscriber::start());
    site.subscribe("/atom.xml", &subscriber, &[]);
    site.stop();
    site.post("second", "");
    site.run();
    subscriber.wait_for_text("Text of second");
    site.wait_until_idle();
    assert_eq!(subscriber.deliveries().len(), 1);
    site.stop();
    // as after an upgrade: every feed has other bytes
    site.configure("[feed]\ncontent = 'summary'\n");
    site.run();
    assert!(!site.get("/atom.xml").body().contains("<content"));
    site.post("third", "");
    subscriber.wait_for("POST", 2);
    site.wait_until_idle();
    assert_eq!(subscriber.deliveries().len(), 2, "the new post alone");
    assert_eq!(texts(&subscriber.deliveries(), "Post third"), 1);
}

#[test]
fn subscribers_of_a_topic_that_is_gone_are_told_so() {
    let (site, subscriber) = (HubSite::start(""), Subscriber::start());
    site.subscribe("/tags/creek/atom.xml", &subscriber, &[]);
    site.post("first", "tags: [mill]\n");
    let denied = subscriber.wait_for("GET", 2).remove(1);
    assert_eq!(denied.parameter("hub.mode").unwrap(), "denied");
    assert_eq!(denied.parameter("hub.topic").unwrap(), format!("{BASE}/tags/creek/atom.xml"));
    assert!(denied.parameter("hub.reason").is_some());
    until("it is ended", || site.status().subscriptions == 0);
    assert_eq!(subscriber.deliveries().len(), 0);
}

#[test]
fn a_withdrawal_is_delivered() {
    let (site, subscriber) = (HubSite::start(""), Subscriber::start());
    // half of the posts at once would be gone only after a minute
    for name in ["second", "third", "fourth"] {
        site.post(name, "tags: [creek]\n");
    }
    until("they were read", || site.site().index.posts().len() == 4);
    site.subscribe("/tags/creek/atom.xml", &subscriber, &[]);
    site.remove("second");
    let delivery = subscriber.wait_for("POST", 1).remove(0);
    assert!(!delivery.text().contains("Text of second"), "it is gone");
    assert_eq!(site.status().subscriptions, 1);
}

#[test]
fn subscribers_of_a_topic_that_moved_get_the_new_document() {
    let (mut site, subscriber) = (HubSite::start(""), Subscriber::start());
    site.subscribe("/tags/creek/atom.xml", &subscriber, &[]);
    site.stop();
    site.configure("[[redirect]]\nfrom = '/tags/creek/atom.xml'\nto = '/tags/brook/atom.xml'\n");
    site.post("first", "tags: [mill, brook]\n");
    site.run();
    let delivery = subscriber.wait_for_text("Text of first");
    assert!(
        delivery.all("link")[0].contains("/tags/brook/atom.xml>; rel=\"self\""),
        "{delivery:?}"
    );
    site.post("second", "tags: [brook]\n");
    subscriber.wait_for_text("Text of second");
    // and who asks for the old topic gets the new one
    let before = site.status().subscriptions;
    site.subscribe("/tags/creek/atom.xml", &subscriber, &[]);
    let asked = subscriber.received("GET").pop().unwrap();
    assert_eq!(asked.parameter("hub.topic").unwrap(), format!("{BASE}/tags/creek/atom.xml"));
    assert_eq!(site.status().subscriptions, before);
}

#[test]
fn a_document_that_is_too_large_for_subscribers_is_sent_without_its_oldest_entries() {
    let (site, atom, json) = (HubSite::start(""), Subscriber::start(), Subscriber::start());
    site.subscribe("/atom.xml", &atom, &[]);
    site.subscribe("/feed.json", &json, &[]);
    let words = "A long text & more. ".repeat(9_000);
    for n in 0..8 {
        site.post_with(&format!("large-{n}"), &format!("2026-02-0{}", n + 1), "", &words);
    }
    let delivery = atom.wait_for_text("Post large-7");
    until("the last one", || texts(&json.deliveries(), "Post large-7") > 0);
    site.wait_until_idle();
    let newest = atom.deliveries().pop().unwrap_or(delivery);
    assert!(
        newest.body.len() <= 1_000_000 && newest.text().contains("Post large-7"),
        "{}",
        newest.body.len()
    );
    assert!(!newest.text().contains("Post first"));
    assert_eq!(
        json.deliveries().pop().unwrap().text(),
        site.get("/feed.json").body(),
        "JSON is never cut"
    );
}

#[test]
fn an_operator_ends_the_subscriptions_of_a_host_and_has_a_topic_sent() {
    let (site, first, second) = (HubSite::start(""), Subscriber::start(), Subscriber::start_at("127.0.0.2"));
    site.subscribe("/atom.xml", &first, &[]);
    site.subscribe("/atom.xml", &second, &[]);
    assert_eq!(site.hub().drop_host("127.0.0.2"), 1);
    let topic = feedmill::http::hub::topic_at(&site.site(), "/atom.xml").unwrap();
    assert_eq!(site.hub().test(&topic), 1);
    assert_eq!(first.wait_for("POST", 1).len(), 1);
    assert_eq!(second.deliveries().len(), 0);
    let shown = format!("{:?}", site.status());
    assert!(!shown.contains("callback"), "callbacks are secret: {shown}");
}
