//! A server that is killed at any point: no subscription that was confirmed is lost, and at most one delivery is made twice.

use std::time::Duration;

use tempfile::TempDir;
use url::form_urlencoded;

use super::subscriber::{Subscriber, until};
use crate::commands::{Serving, feedmill, folder, run};
use crate::server::write;

/// The configuration with the operator's address `admin`.
pub fn config(admin: &str) -> String {
    format!(
        "[site]
base_url = 'http://site.example'
[server]
listen = '127.0.0.1:0'
admin = '{admin}'
[push]
allow = ['127.0.0.0/8']
"
    )
}

pub fn post(site: &TempDir, name: &str) {
    post_at(site, name, 0);
}

/// Writes a post of this minute.
fn post_at(site: &TempDir, name: &str, minute: u32) {
    let (hour, minute) = (minute / 60, minute % 60);
    let content = format!("---\ntitle: Post {name}\ndate: 2026-01-31T{hour:02}:{minute:02}:00Z\n---\nText of {name}.\n");
    write(site.path(), &format!("posts/{name}.md"), &content);
}

/// Starts the server. Returns it with its address and the operator's, which may be empty.
pub fn start(site: &TempDir) -> (Serving, String, String) {
    let serving = Serving::start_configured(site.path(), &[]);
    let lines = serving.until("Ctrl-C ends it");
    let last_word = |name: &str| {
        let line = lines.iter().find(|line| line.trim_start().starts_with(name));
        line.map_or("", |line| line.split_whitespace().last().unwrap()).to_owned()
    };
    let address = last_word("listens").trim_end_matches('/').to_owned();
    let address = if address.contains("://") {
        address
    } else {
        format!("http://{address}")
    };
    (serving, address, last_word("status").trim_end_matches("/status").to_owned())
}

/// Subscribes to a topic, and waits until the subscriber has confirmed it, if there is such a topic.
pub fn subscribe(address: &str, path: &str, subscriber: &Subscriber) {
    let before = subscriber.received("GET").len();
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.topic", &format!("http://site.example{path}"))
        .append_pair("hub.callback", &subscriber.callback())
        .finish();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut status = 503;
    until("the hub is ready", || {
        let sent = agent
            .post(&format!("{address}/hub"))
            .header("content-type", "application/x-www-form-urlencoded")
            .send(&form);
        status = sent.unwrap().status().as_u16();
        status != 503
    });
    if status == 202 {
        subscriber.wait_for("GET", before + 1);
    }
}

/// Waits until `count` topics have subscribers: what is stored counts.
pub fn until_listed(site: &TempDir, count: usize) {
    until("the subscriptions are stored", || {
        let (_, list, _) = run(&mut feedmill(site.path(), &["push", "list"]));
        list.lines().filter(|line| line.starts_with('/')).count() == count
    });
}

/// `FEEDMILL_TEST_KILLS=300` for more.
#[test]
fn a_killed_hub_forgets_no_subscription_and_tells_everything_once_or_twice() {
    let kills: u32 = std::env::var("FEEDMILL_TEST_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let site = folder(&[("feedmill.toml", &config("off"))]);
    post(&site, "first");
    let subscriber = Subscriber::start();
    let (mut serving, address, _) = start(&site);
    subscribe(&address, "/atom.xml", &subscriber);
    until_listed(&site, 1);
    for kill in 0..kills {
        let name = format!("round-{kill}");
        // a feed has the newest 20 posts
        post_at(&site, &name, kill + 1);
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
