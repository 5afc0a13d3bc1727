//! Parses JSON Feed 1.0 and 1.1.

use serde_json::{Map, Value};
use url::Url;

use super::old_feed::{ItemDraft, MOST_ITEMS, OldFeed, parse_moment};
use crate::render::Format;

/// Parses `bytes`, which begin like a JSON object.
pub(super) fn parse_json(bytes: &[u8], found: Option<&Url>) -> Result<OldFeed, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    let version = value.get("version").and_then(Value::as_str).unwrap_or_default();
    if !version.contains("jsonfeed.org/version/1") {
        return Err("it is JSON, but no JSON Feed: `version` does not say so".to_owned());
    }
    let Some(items) = value.get("items").and_then(Value::as_array) else {
        return Err("it is a JSON Feed without `items`".to_owned());
    };
    let url = |key: &str| {
        let text = value.get(key)?.as_str()?;
        Url::options().base_url(found).parse(text).ok()
    };
    let mut feed = OldFeed::new(Format::Json, found);
    feed.title = value.get("title").and_then(Value::as_str).unwrap_or_default().to_owned();
    feed.home = url("home_page_url");
    feed.older = url("next_url");
    if let Some(address) = url("feed_url") {
        feed.address = Some(address);
    }
    let items = items.iter().filter_map(Value::as_object).take(MOST_ITEMS);
    feed.add_drafts(items.map(|item| draft(item, found)).collect());
    Ok(feed)
}

fn draft(item: &Map<String, Value>, found: Option<&Url>) -> ItemDraft {
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let first = |keys: [&str; 2]| {
        let found = keys.iter().map(|key| text(key)).find(|text| !text.is_empty());
        found.unwrap_or_default()
    };
    ItemDraft {
        id: match item.get("id") {
            Some(Value::String(id)) => Some(id.clone()),
            // "If it's not a string, coerce it to a string" (JSON Feed 1.1, `id`)
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        },
        links: Some(text("url"))
            .filter(|url| !url.is_empty())
            .map(|url| (url, found.cloned()))
            .into_iter()
            .collect(),
        title: text("title"),
        published: parse_moment(&text("date_published")),
        updated: parse_moment(&text("date_modified")),
        summary: text("summary"),
        content: first(["content_html", "content_text"]),
        ..ItemDraft::default()
    }
}
