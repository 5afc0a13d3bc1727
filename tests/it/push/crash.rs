//! A server that is killed at any point: no subscription that was confirmed is lost, and at most one delivery is made twice.

use std::time::Duration;

use tempfile::TempDir;
use url::form_urlencoded;

use super::subscriber::{Subscriber, until};
use crate::commands::{Serving, folder};
use crate::server::write;

const CONFIG: &str = "[site]\nbase_url = 'http://site.example'\n[server]\nlisten = '127.0.0.1:0'\nadmin = 'off'\n[push]\nallow = ['127.0.0.0/8']\n";

fn post(site: &TempDir, name: &str) {
    let content = format!("---\ntitle: Post {name}\ndate: 2026-01-31\n---\nText of {name}.\n");
    write(site.path(), &format!("posts/{name}.md"), &content);
}

/// Starts the server. Returns it with its address.
fn start(site: &TempDir) -> (Serving, String) {
    let serving = Serving::start_configured(site.path(), &[]);
    let lines = serving.until("Ctrl-C ends it");
    let listens = lines.iter().find(|line| line.trim_start().starts_with("listens")).unwrap();
    let address = listens.split_whitespace().last().unwrap().trim_end_matches('/').to_owned();
    (serving, address)
}

/// Subscribes to a topic, and waits until the subscriber has confirmed it.
fn subscribe(address: &str, path: &str, subscriber: &Subscriber) {
    let before = subscriber.received("GET").len();
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.topic", &format!("http://site.example{path}"))
        .append_pair("hub.callback", &subscriber.callback())
        .finish();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    until("the hub takes it", || {
        let sent = agent
            .post(&format!("{address}/hub"))
            .header("content-type", "application/x-www-form-urlencoded")
            .send(&form);
        sent.unwrap().status() == 202
    });
    subscriber.wait_for("GET", before + 1);
}

/// `FEEDMILL_TEST_KILLS=300` for more.
#[test]
fn a_killed_hub_forgets_no_subscription_and_tells_everything_once_or_twice() {
    let kills: u32 = std::env::var("FEEDMILL_TEST_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let site = folder(&[("feedmill.toml", CONFIG)]);
    post(&site, "first");
    let subscriber = Subscriber::start();
    let (serving, address) = start(&site);
    subscribe(&address, "/atom.xml", &subscriber);
    // a second topic shows, by its delivery, that the first is stored: confirmed is not yet durable
    post(&site, "begin");
    subscriber.wait_for_text("Text of begin");
    let mut serving = serving;
    for kill in 0..kills {
        let name = format!("round-{kill}");
        post(&site, &name);
        // from before the file is read to after the delivery was noted
        std::thread::sleep(Duration::from_millis(u64::from(kill % 50) * 20));
        drop(serving);
        serving = start(&site).0;
        subscriber.wait_for_text(&format!("Text of {name}."));
        // each round's own edition: its post is the newest one
        let own = subscriber.deliveries();
        let own = own
            .iter()
            .filter(|delivery| delivery.text().contains(&format!("Text of {name}.")));
        let next = format!("Text of round-{}.", kill + 1);
        let told = own.filter(|delivery| !delivery.text().contains(&next)).count();
        assert!((1..=2).contains(&told), "round {kill}: told {told} times");
    }
    drop(serving);
}
