//! Reads the export of Substack: `posts.csv`, and a file of HTML for each post.
//!
//! A post is public only if the table says that it is published and for everyone. The newest posts sometimes have no file.

use std::sync::Mutex;

use serde::Deserialize;
use url::Url;

use super::ListedFile;
use super::archive::Archive;
use super::text::{date_in, plain};
use crate::import::imported::{Audience, FoundItem, ImportedDate, ImportedEnclosure, ImportedKind, ImportedPost, SiteFacts};
use crate::import::remove_elements::without_elements;
use crate::time::Timestamp;

/// The table.
const TABLE: &str = "posts.csv";
/// The most rows.
const MOST_ROWS: usize = 100_000;
/// Classes of what belongs to Substack and not to the post.
const NOT_CONTENT: [&str; 6] = [
    "subscription-widget-wrap",
    "subscription-widget",
    "button-wrapper",
    "captioned-button-wrap",
    "paywall-jump",
    "share-dialog",
];

/// A row of the table.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PostRow {
    post_id: String,
    post_date: String,
    is_published: String,
    r#type: String,
    audience: String,
    title: String,
    subtitle: String,
    podcast_url: String,
}

/// The name of the table in an archive of Substack.
pub(super) fn table_name(archive: &Archive) -> Option<String> {
    let is_table = |name: &&String| *name == TABLE || name.ends_with("/posts.csv");
    archive.names().iter().find(is_table).cloned()
}

/// Reads the archive whose table is `table`.
pub(super) fn read_substack(mut archive: Archive, table: &str, home: Option<&Url>, now: Timestamp) -> Result<ListedFile, String> {
    let text = archive.read_text(table).map_err(|why| format!("{table}: {why}"))?;
    let folder = table.strip_suffix(TABLE).unwrap_or_default().to_owned();
    let mut found = Vec::new();
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    for (row, number) in rows.deserialize::<PostRow>().zip(2..).take(MOST_ROWS) {
        match row {
            Ok(row) => found.push(read_row(&row, &mut archive, &folder, home, now)),
            Err(error) => found.push(FoundItem::Mistake {
                place: format!("{table}, row {number}"),
                message: error.to_string(),
            }),
        }
    }
    Ok(ListedFile {
        format: "Substack",
        site: SiteFacts {
            home: home.cloned(),
            feed: home.and_then(|home| home.join("/feed").ok()),
            ..SiteFacts::default()
        },
        found,
        archive: Some(Mutex::new(archive)),
    })
}

fn read_row(row: &PostRow, archive: &mut Archive, folder: &str, home: Option<&Url>, now: Timestamp) -> FoundItem {
    let is_published = row.is_published.trim().eq_ignore_ascii_case("true");
    let slug = row.post_id.split_once('.').map_or("", |(_, slug)| slug).to_owned();
    let state = format!("{}, {}", if is_published { "published" } else { "draft" }, row.audience);
    let name = format!("{folder}posts/{}.html", row.post_id);
    let html = match archive.read_text(&name) {
        Ok(html) => html,
        Err(why) => {
            return FoundItem::LeftOut {
                kind: row.r#type.clone(),
                state,
                why: format!(
                    "its text is missing in the export, as it is for the newest posts ({name}: {why}): export again later, or copy it"
                ),
            };
        }
    };
    let date = date_in(&row.post_date);
    let is_due = date
        .and_then(ImportedDate::moment)
        .is_some_and(|date| date.timestamp() <= now);
    let has_paywall = html.contains("paywall");
    let mut post = ImportedPost {
        kind: if row.r#type == "page" {
            ImportedKind::Page
        } else {
            ImportedKind::Post
        },
        place: name,
        audience: match (is_published, row.audience.trim()) {
            (true, "everyone") if !has_paywall && is_due => Audience::Everybody,
            (true, "everyone") if !is_due => Audience::Draft,
            (true, _) => Audience::Private,
            (false, _) => Audience::Draft,
        },
        state,
        source_key: format!("substack {}", row.post_id),
        title: plain(&row.title),
        date,
        summary: plain(&row.subtitle),
        ..ImportedPost::default()
    };
    if !slug.is_empty() {
        post.aliases.push(format!("/p/{slug}"));
        post.url = home.and_then(|home| home.join(&format!("/p/{slug}")).ok());
        // the guid of its feed
        post.id = post.url.as_ref().map(Url::to_string).unwrap_or_default();
    }
    post.slug = slug;
    if has_paywall && is_published {
        post.losses
            .push("a part of it was for subscribers who pay, so all of it is private".to_owned());
    }
    if row.podcast_url.starts_with("http") {
        post.enclosures.push(ImportedEnclosure {
            url: row.podcast_url.clone(),
            ..ImportedEnclosure::default()
        });
    }
    let is_not_content =
        |tag: &str, class: &str| tag != "a" && class.split_whitespace().any(|class| NOT_CONTENT.contains(&class));
    post.html = without_elements(&html, &is_not_content);
    FoundItem::Post(Box::new(post))
}
