//! When a post is from.

use jiff::tz::TimeZone;

use super::date::NoDate;
use super::fields::{self, Fields};
use super::remarks::Remarks;
use super::slug::PathName;
use super::{Origin, date};
use crate::config::Config;
use crate::source::SourceFile;
use crate::time::{Moment, Timestamp};

/// Keys that hold when a post was published, the most telling first.
const DATE_KEYS: [&str; 7] = [
    "date",
    "publishDate",
    "pubDate",
    "published",
    "pubDatetime",
    "published_at",
    "created",
];
/// Those of them that Hugo holds a post back for.
const GATES: [&str; 3] = ["publishDate", "pubDate", "published"];
/// Keys that hold when a post was last changed.
pub(super) const UPDATED_KEYS: [&str; 9] = [
    "updated",
    "lastmod",
    "modified",
    "last_modified_at",
    "updatedDate",
    "last_modified",
    "last_update.date",
    "updated_at",
    "modDatetime",
];

/// Keys that hold when a post goes.
pub(super) const EXPIRES_KEYS: [&str; 3] = ["expiryDate", "unpublishDate", "expires"];

/// When a post is from, and how that is known.
pub(super) struct Dated {
    /// The date.
    pub(super) moment: Moment,
    /// What says so.
    pub(super) origin: Origin,
    /// Whether the key `published` holds a date, not a truth value.
    pub(super) published_is_date: bool,
}

/// The date of a post: of its front matter, its file's name, or its file.
pub(super) fn dated(fields: &Fields, path: &PathName, file: &SourceFile, config: &Config, says: &mut Remarks) -> Dated {
    let zone = config.timezone();
    let mut written: Option<(&str, Moment)> = None;
    let mut published_is_date = false;
    let found = DATE_KEYS
        .iter()
        .flat_map(|name| fields.all(&[name]).into_iter().map(move |(key, node)| (*name, key, node)));
    for (name, key, node) in found {
        let Some(text) = fields::text(node) else { continue };
        let is_published = name == "published";
        match date::parse(text, &zone, config.posts.day_first) {
            Ok(moment) => {
                published_is_date |= is_published;
                // whatever its `date`, a post is held back until the day it says it is published on
                let gate = GATES.contains(&name) && written.is_some_and(|(_, date)| moment > date);
                if written.is_none() || gate {
                    written = Some((key, moment));
                }
            }
            Err(NoDate::Unknown) if is_published => {}
            // Eleventy's words for times that the file system or git knows
            Err(_)
                if ["created", "last modified", "git created", "git last modified"].contains(&text.to_lowercase().as_str()) => {}
            Err(why) => {
                published_is_date |= is_published;
                let (code, message) = refusal(why, text);
                says.about(
                    code,
                    node,
                    message,
                    "write it like `2026-01-31` or `2026-01-31T09:00:00+01:00`",
                );
            }
        }
    }
    if let Some((key, moment)) = written {
        return Dated {
            moment,
            origin: Origin::Field(key.to_owned()),
            published_is_date,
        };
    }
    if let Some((key, moment)) = in_address(fields, &zone) {
        return Dated {
            moment,
            origin: Origin::Field(key.to_owned()),
            published_is_date,
        };
    }
    if let Some(text) = &path.date {
        if let Ok(moment) = date::parse(text, &zone, false) {
            return Dated {
                moment,
                origin: Origin::FileName,
                published_is_date,
            };
        }
        let message = format!("there is no such day as `{text}`, which the file's name holds");
        says.whole("date-impossible", message, "rename the file, or write a `date`");
    }
    says.whole(
        "date-missing",
        "it has no date, so the file's time stands for it",
        "write a `date`",
    );
    // to the second, as it is written everywhere: what is remembered of it must be the same instant
    let time = Timestamp::from_second(file.modified.as_second()).unwrap_or(file.modified);
    let moment = Moment::new(time, zone.to_offset(time)).unwrap_or_else(|| Moment::utc(time));
    Dated {
        moment,
        origin: Origin::FileTime,
        published_is_date,
    }
}

/// The day that an address in the front matter begins with or holds: `path = "2026/01/31/hello"`, `/blog/2026/1/31/hello`.
fn in_address<'a>(fields: &Fields<'a>, zone: &TimeZone) -> Option<(&'a str, Moment)> {
    ["path", "url", "permalink"]
        .iter()
        .filter_map(|key| fields.first_text(&[key]))
        .find_map(|(key, _, text)| {
            let parts: Vec<&str> = text.split('/').collect();
            let is_number =
                |part: &str, digits: &[usize]| digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            let day = parts
                .windows(3)
                .find(|day| is_number(day[0], &[4]) && is_number(day[1], &[1, 2]) && is_number(day[2], &[1, 2]))?;
            Some((key, date::parse(&day.join("-"), zone, false).ok()?))
        })
}

/// The date that the first of `keys` holds, if it is one.
pub(super) fn other_date(fields: &Fields, keys: &[&str], config: &Config, says: &mut Remarks) -> Option<Moment> {
    let (_, node, text) = fields.first_text(keys)?;
    let found = date::parse(text, &config.timezone(), config.posts.day_first);
    if let Err(why) = found {
        let (code, message) = refusal(why, text);
        let message = format!("{message}, and it is left out");
        says.about(
            code,
            node,
            message,
            "write it like `2026-01-31` or `2026-01-31T09:00:00+01:00`",
        );
    }
    found.ok()
}

/// The code and the message for a `text` that is no date.
fn refusal(why: NoDate, text: &str) -> (&'static str, String) {
    match why {
        NoDate::Impossible => ("date-impossible", format!("there is no such day or time as `{text}`")),
        NoDate::Unknown => ("date-unknown", format!("`{text}` is no date that is understood")),
    }
}
