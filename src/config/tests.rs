//! What a configuration means, and what is said about one that is wrong.

use std::time::Duration;

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse("feedmill.toml".into(), text).map_err(|diagnostic| diagnostic.to_string())
}

#[test]
fn nothing_needs_to_be_set() {
    let config = parse("").unwrap();
    assert_eq!((config.list.per_page, config.feed.limit), (8, 20));
    assert_eq!(config.base(), "http://127.0.0.1:8080");
    assert_eq!(config.authority(), "localhost");
}

#[test]
fn without_an_address_it_is_the_one_listened_at() {
    let cases = [
        ("127.0.0.1:80", "http://127.0.0.1:80"),
        ("example:8080", "http://example:8080"),
        ("0.0.0.0:8080", "http://localhost:8080"),
        ("[::]:8080", "http://localhost:8080"),
    ];
    for (listen, expected) in cases {
        assert_eq!(parse(&format!("[server]\nlisten = '{listen}'")).unwrap().base(), expected);
    }
}

#[test]
fn what_is_set_is_taken() {
    let config = parse("[site]\nbase_url = 'https://example.com/blog/'\n[watch]\nsettle = 0.25\n").unwrap();
    assert_eq!(config.base(), "https://example.com/blog");
    assert_eq!(config.authority(), "example.com");
    assert_eq!(config.watch.settle, Duration::from_millis(250));
}

#[test]
fn mistakes_are_placed() {
    let cases: [(&str, &str); 0] = [];
    for (text, expected) in cases {
        let message = parse(text).unwrap_err();
        assert!(message.starts_with(expected), "{text:?} gave {message:?}");
    }
}
