//! What operators see of push and can do: `feedmill push`, `/status` and `/metrics`.

use super::crash::{config, post, start, subscribe, until_listed};
use super::subscriber::{Subscriber, until};
use crate::commands::{feedmill, folder, run};

/// Requests `url`. Returns the status and the body.
fn request(method: &str, url: &str, field: Option<(&str, &str)>) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    if let Some((name, value)) = field {
        request = request.header(name, value);
    }
    let mut answer = match method {
        "POST" => agent.run(request.body(String::new()).unwrap()).unwrap(),
        _ => agent.run(request.body(()).unwrap()).unwrap(),
    };
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

#[test]
fn an_operator_sees_hosts_and_numbers_and_ends_or_tests_subscriptions() {
    let site = folder(&[("feedmill.toml", &config("127.0.0.1:0"))]);
    post(&site, "first");
    let (subscriber, other) = (Subscriber::start(), Subscriber::start_at("127.0.0.2"));
    let (serving, address, admin) = start(&site);
    let push = |arguments: &[&str]| run(&mut feedmill(site.path(), &[&["push"], arguments].concat()));
    let (code, _, told) = push(&["list"]);
    assert!(code == 0 && told.contains("there are no subscriptions"), "{told}");
    subscribe(&address, "/atom.xml", &subscriber);
    subscribe(&address, "/tags/none/atom.xml", &other);
    subscribe(&address, "/rss.xml", &other);
    until_listed(&site, 2);
    post(&site, "second");
    subscriber.wait_for_text("Text of second");
    other.wait_for_text("Text of second");

    let (code, list, _) = push(&["list"]);
    assert_eq!(code, 0);
    assert!(
        list.starts_with("/rss.xml\t1 subscription\n/atom.xml\t1 subscription\n\n127.0.0.1\t1 subscription\t0 waiting\t"),
        "{list}"
    );

    let status = format!("{admin}/status");
    until("both deliveries are noted", || {
        request("GET", &status, None).1.contains("\"delivered\": 2")
    });
    let (_, json) = request("GET", &status, None);
    let shown: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(shown["push"]["hub"], "http://site.example/hub");
    assert_eq!(shown["push"]["topics"]["/atom.xml"], 1);
    assert_eq!(shown["push"]["deliveries"]["delivered"], 2);
    let (_, page) = request("GET", &status, Some(("accept", "text/html")));
    assert!(page.contains("2 subscriptions to 2 feeds"), "{page}");
    let (_, metrics) = request("GET", &format!("{admin}/metrics"), None);
    for line in [
        "feedmill_push_subscriptions 2",
        "feedmill_push_deliveries_total{outcome=\"delivered\"} 2",
        "feedmill_push_verifications_total{outcome=\"confirmed\"} 2",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    for text in [&list, &json, &page, &metrics] {
        assert!(!text.contains("callback"), "callbacks are secret: {text}");
    }

    let at = admin.trim_start_matches("http://");
    let (code, _, told) = push(&["test", "http://site.example/atom.xml", "--admin", at]);
    assert!(
        code == 0 && told.contains("/atom.xml is being sent for 1 subscription"),
        "{told}"
    );
    subscriber.wait_for("POST", 2);
    let (code, _, told) = push(&["test", "/none.xml", "--admin", at]);
    assert!(code == 2 && told.contains("there is no such feed"), "{told}");
    // a page in a browser can send a form, but no such field
    let (code, _) = request("POST", &format!("{admin}/push/drop?host=127.0.0.1"), None);
    assert_eq!(code, 403);
    let (code, _, told) = push(&["drop", "127.0.0.2", "--admin", at]);
    assert!(code == 0 && told.contains("1 subscription of 127.0.0.2 ended"), "{told}");
    let (code, _, told) = push(&["drop", "127.0.0.1", "--admin", "off"]);
    assert!(code == 2 && told.contains("stop the server first"), "{told}");

    drop(serving);
    let (code, _, told) = push(&["test", "/atom.xml"]);
    assert!(code == 2 && told.contains("start it first"), "{told}");
    let (code, list, _) = push(&["list"]);
    assert!(
        code == 0 && !list.contains("127.0.0.2") && list.contains("127.0.0.1"),
        "{list}"
    );
    let (code, _, told) = push(&["drop", "127.0.0.1"]);
    assert!(code == 0 && told.contains("1 subscription of 127.0.0.1 ended"), "{told}");
    assert!(push(&["list"]).2.contains("there are no subscriptions"));
}
