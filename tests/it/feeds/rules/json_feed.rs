//! JSON Feed 1.1.

use feedmill::render::{FeedPage, Format, Place};
use serde_json::Value;

use super::super::{archive, written};
use super::{JsonRule, is_absolute, is_rfc3339, is_unique};

fn items(json: &Value) -> impl Iterator<Item = &Value> {
    json["items"].as_array().unwrap().iter()
}

fn is_people(authors: &Value) -> bool {
    authors.is_null()
        || authors
            .as_array()
            .is_some_and(|authors| authors.iter().all(|author| author["name"].is_string()))
}

pub(super) const RULES: &[JsonRule] = &[
    ("3.1 version first, then title and items", |json| {
        let json = json.as_object().unwrap();
        json.iter().next() == Some((&"version".to_owned(), &"https://jsonfeed.org/version/1.1".into()))
            && json["title"].is_string()
            && json["items"].is_array()
    }),
    ("3.1 every item has an id that is text, and one content", |json| {
        items(json).all(|item| item["id"].is_string() && (item["content_html"].is_string() != item["content_text"].is_string()))
    }),
    ("3.2 home page and feed have absolute addresses", |json| {
        ["home_page_url", "feed_url"]
            .into_iter()
            .all(|key| json[key].as_str().is_some_and(is_absolute))
    }),
    ("3.3 next_url is not feed_url", |json| json["next_url"] != json["feed_url"]),
    ("3.4 authors are lists of people with names", |json| {
        is_people(&json["authors"]) && items(json).all(|item| is_people(&item["authors"])) && json.get("author").is_none()
    }),
    ("3.5 dates are RFC 3339, tags are texts", |json| {
        items(json).all(|item| {
            let is_date = |key: &str| item[key].as_str().is_some_and(is_rfc3339);
            let tags = item["tags"].as_array();
            is_date("date_published") && is_date("date_modified") && tags.is_none_or(|tags| tags.iter().all(Value::is_string))
        })
    }),
    (
        "3.6 attachments have an address and a type, and numbers a reader can hold",
        |json| {
            let mut attachments = items(json).filter_map(|item| item["attachments"].as_array()).flatten();
            attachments.all(|attachment| {
                let is_safe =
                    |key: &str| attachment[key].is_null() || attachment[key].as_u64().is_some_and(|number| number < 1 << 53);
                attachment["url"].as_str().is_some_and(is_absolute)
                    && attachment["mime_type"].is_string()
                    && is_safe("size_in_bytes")
                    && is_safe("duration_in_seconds")
            })
        },
    ),
    ("3.11 ids are unique", |json| {
        is_unique(items(json).map(|item| item["id"].as_str()))
    }),
    ("nothing is null", |json| {
        let is_full = |value: &Value| value.as_object().unwrap().values().all(|value| !value.is_null());
        is_full(json) && items(json).all(is_full)
    }),
];

#[test]
fn next_url_walks_to_the_oldest_archive_once() {
    let mut place = Some(Place::Newest);
    let mut walked = Vec::new();
    while let Some(here) = place {
        let page = FeedPage {
            place: here,
            ..archive()
        };
        let json: Value = serde_json::from_str(&written(&page, Format::Json)).unwrap();
        assert_eq!(json["feed_url"], "https://example.com/tags/c%2B%2B/feed.json", "{here:?}");
        let next = json["next_url"].as_str().map(str::to_owned);
        place = page.previous();
        assert_eq!(next, place.map(|place| page.address(place, Format::Json)));
        walked.extend(next);
    }
    let at = |k| format!("https://example.com/tags/c%2B%2B/archive/{k}/feed.json");
    assert_eq!(walked, [at(3), at(2), at(1)]);
}
