//! Reads the JSON export of Ghost (versions 1 to 6).
//!
//! Only a post with the status `published` that everybody may read is public. The picture files are not in the export.

use std::collections::HashMap;

use serde_json::{Map, Value};
use url::Url;

use super::ListedFile;
use super::text::{date_of, escaped_paragraphs, plain, push_new};
use crate::import::imported::{Audience, FoundItem, ImportedDate, ImportedKind, ImportedPost, SiteFacts};
use crate::time::Timestamp;

/// What stands for the address of the site.
const HOME: &str = "__GHOST_URL__";

/// Whether `export` is one of Ghost.
pub(super) fn is_ghost(export: &Value) -> bool {
    tables(export).is_some_and(|tables| tables.get("posts").is_some_and(Value::is_array))
}

/// The tables of the export.
fn tables(export: &Value) -> Option<&Map<String, Value>> {
    let data = export.pointer("/db/0/data").or_else(|| export.get("data"));
    data?.as_object()
}

/// Reads `export`. What was to be published before `now` is a draft. `home` is the address of the site, if it is known.
pub(super) fn read_ghost(export: &Value, home: Option<&Url>, now: Timestamp) -> ListedFile {
    let empty = Map::new();
    let tables = Tables::new(tables(export).unwrap_or(&empty), home, now);
    let found = tables
        .rows("posts")
        .map(|row| FoundItem::Post(Box::new(tables.post(row))))
        .collect();
    let title = tables
        .rows("settings")
        .find(|row| text(row, "key") == "title")
        .map(|row| text(row, "value"))
        .unwrap_or_default();
    ListedFile {
        format: "Ghost",
        site: SiteFacts {
            title,
            home: home.cloned(),
            feed: home.and_then(|home| home.join("rss/").ok()),
        },
        found,
        archive: None,
    }
}

struct Tables<'a> {
    all: &'a Map<String, Value>,
    /// Names of tags by their ids; none for internal ones.
    tags: HashMap<String, String>,
    users: HashMap<String, String>,
    tags_of: HashMap<String, Vec<(i64, String)>>,
    users_of: HashMap<String, Vec<(i64, String)>>,
    /// Summaries by the ids of their posts.
    summaries: HashMap<String, String>,
    /// Whether any post says who may read it: before Ghost had members, none did.
    has_visibility: bool,
    home: Option<&'a Url>,
    now: Timestamp,
}

impl<'a> Tables<'a> {
    fn new(all: &'a Map<String, Value>, home: Option<&'a Url>, now: Timestamp) -> Tables<'a> {
        let mut tables = Tables {
            all,
            tags: HashMap::new(),
            users: HashMap::new(),
            tags_of: HashMap::new(),
            users_of: HashMap::new(),
            summaries: HashMap::new(),
            has_visibility: false,
            home,
            now,
        };
        for row in tables.rows("tags") {
            let name = text(row, "name");
            if !name.starts_with('#') && text(row, "visibility") != "internal" {
                tables.tags.insert(text(row, "id"), plain(&name));
            }
        }
        tables.users = tables
            .rows("users")
            .map(|row| (text(row, "id"), plain(&text(row, "name"))))
            .collect();
        tables.tags_of = tables.relations("posts_tags", "tag_id");
        tables.users_of = tables.relations("posts_authors", "author_id");
        let summaries = tables
            .rows("posts_meta")
            .map(|row| (text(row, "post_id"), text(row, "meta_description")));
        tables.summaries = summaries.filter(|(_, summary)| !summary.is_empty()).collect();
        tables.has_visibility = tables
            .rows("posts")
            .any(|row| row.get("visibility").is_some_and(|value| !value.is_null()));
        tables
    }

    fn rows(&self, table: &str) -> impl Iterator<Item = &'a Map<String, Value>> + use<'a> {
        let rows = self
            .all
            .get(table)
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        rows.iter().filter_map(Value::as_object)
    }

    /// The ids in the column `other` of a table that relates posts to something, in their order.
    fn relations(&self, table: &str, other: &str) -> HashMap<String, Vec<(i64, String)>> {
        let mut found: HashMap<String, Vec<(i64, String)>> = HashMap::new();
        for row in self.rows(table) {
            let order = row.get("sort_order").and_then(Value::as_i64).unwrap_or(0);
            found.entry(text(row, "post_id")).or_default().push((order, text(row, other)));
        }
        for ids in found.values_mut() {
            ids.sort();
        }
        found
    }

    fn post(&self, row: &Map<String, Value>) -> ImportedPost {
        let (id, slug, status) = (text(row, "id"), text(row, "slug"), text(row, "status"));
        let visibility = text(row, "visibility");
        let is_page = text(row, "type") == "page" || matches!(text(row, "page").as_str(), "1" | "true");
        let names = |relations: &HashMap<String, Vec<(i64, String)>>, names: &HashMap<String, String>| {
            let ids = relations.get(&id).map(Vec::as_slice).unwrap_or_default();
            ids.iter().filter_map(|(_, id)| names.get(id).cloned()).collect::<Vec<_>>()
        };
        let mut post = ImportedPost {
            kind: if is_page { ImportedKind::Page } else { ImportedKind::Post },
            place: format!("post {id}"),
            audience: self.audience(row, &status, &visibility),
            state: if visibility.is_empty() {
                status
            } else {
                format!("{status}, {visibility}")
            },
            // the guid of its feed; before version 1 it was the UUID
            id: if id.len() == 24 { id.clone() } else { text(row, "uuid") },
            source_key: format!("ghost {id} {slug}"),
            title: plain(&text(row, "title")),
            date: date_of(row.get("published_at")).or_else(|| date_of(row.get("created_at"))),
            updated: date_of(row.get("updated_at")),
            authors: names(&self.users_of, &self.users),
            tags: names(&self.tags_of, &self.tags),
            summary: plain(&text(row, "custom_excerpt")),
            image: Some(self.with_home(&text(row, "feature_image"))).filter(|image| !image.is_empty()),
            url: self.home.and_then(|home| home.join(&format!("{slug}/")).ok()),
            aliases: vec![format!("/{slug}/")],
            external_url: Some(self.with_home(&text(row, "canonical_url"))).filter(|url| url.starts_with("http")),
            slug,
            ..ImportedPost::default()
        };
        if post.authors.is_empty()
            && let Some(name) = self.users.get(&text(row, "author_id"))
        {
            push_new(&mut post.authors, name.clone());
        }
        if post.summary.is_empty() {
            let summary = self
                .summaries
                .get(&id)
                .cloned()
                .unwrap_or_else(|| text(row, "meta_description"));
            post.summary = plain(&summary);
        }
        self.add_body(row, &mut post);
        post
    }

    /// Who may read a post. A status or a visibility that is not known is not for everybody.
    fn audience(&self, row: &Map<String, Value>, status: &str, visibility: &str) -> Audience {
        let is_public = visibility == "public" || visibility.is_empty() && !self.has_visibility;
        match status {
            "published" if is_public && has_gated_part(&text(row, "html")) => Audience::Private,
            "published" if is_public => Audience::Everybody,
            // sent by mail only, or for members
            "published" | "sent" => Audience::Private,
            "scheduled" if is_public => {
                let date = date_of(row.get("published_at")).and_then(ImportedDate::moment);
                if date.is_some_and(|date| date.timestamp() > self.now) {
                    Audience::Everybody
                } else {
                    Audience::Draft
                }
            }
            _ => Audience::Draft,
        }
    }

    fn add_body(&self, row: &Map<String, Value>, post: &mut ImportedPost) {
        let html = text(row, "html");
        if has_gated_part(&html) {
            post.losses
                .push("a part of it was for members only, so all of it is private".to_owned());
        }
        if !html.is_empty() {
            post.html = self.with_home(&html);
            return;
        }
        let words = text(row, "plaintext");
        let editor = [text(row, "lexical"), text(row, "mobiledoc")]
            .into_iter()
            .find(|text| !text.is_empty());
        match (words.is_empty(), editor) {
            (false, _) => {
                post.html = escaped_paragraphs(&words);
                post.losses
                    .push("the export has no HTML of it, so only its words are here".to_owned());
            }
            (true, Some(editor)) => {
                let mut words = Vec::new();
                collect_texts(&serde_json::from_str(&editor).unwrap_or_default(), 0, &mut words);
                post.html = escaped_paragraphs(&words.join("\n\n"));
                post.losses
                    .push("the export has it only in the form of Ghost's editor, so only its words are here".to_owned());
            }
            (true, None) => {}
        }
    }

    /// `text` with the address of the site in it.
    fn with_home(&self, text: &str) -> String {
        let home = self
            .home
            .map(|home| home.as_str().trim_end_matches('/').to_owned())
            .unwrap_or_default();
        text.replace(HOME, &home)
    }
}

/// Whether a part of `html` was shown to members only.
fn has_gated_part(html: &str) -> bool {
    html.contains("kg-gated-block:begin") && html.contains("nonMember:false") || html.contains("<!--members-only-->")
}

/// The texts of an editor's document, in order.
fn collect_texts(value: &Value, depth: usize, found: &mut Vec<String>) {
    if depth > 100 {
        return;
    }
    match value {
        Value::Array(values) => {
            // a marker of mobiledoc: [0, [], 0, "text"]
            if let [Value::Number(_), Value::Array(_), Value::Number(_), Value::String(text)] = values.as_slice() {
                found.push(text.clone());
                return;
            }
            for value in values {
                collect_texts(value, depth + 1, found);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if matches!(key.as_str(), "text" | "html" | "code" | "markdown" | "caption") => {
                        found.push(plain(text));
                    }
                    value => collect_texts(value, depth + 1, found),
                }
            }
        }
        _ => {}
    }
}

/// The value of the column `key` as text; empty if there is none.
fn text(row: &Map<String, Value>, key: &str) -> String {
    match row.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(is)) => is.to_string(),
        _ => String::new(),
    }
}
