//! When a post is from, and when it goes.
//!
//! A date that is written and not understood holds the post back: what was meant may lie ahead. A key with nothing after it is not
//! written. Only a date in the name of the file or of its folder, where that has passed, stands in for one with a slip in it.

use jiff::tz::TimeZone;

use super::date::NoDate;
use super::date_field::{self, DateField};
use super::fields::Fields;
use super::front_matter::{Node, Value};
use super::remarks::Remarks;
use super::slug::PathName;
use super::visibility::hides_value;
use super::{Origin, date, unfinished};
use crate::config::Config;
use crate::source_file::SourceFile;
use crate::time::{Moment, Timestamp};

/// What a date says of its post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// When it is from.
    Date,
    /// When it is published: whatever its date, it waits until then.
    Gate,
    /// A [`Role::Gate`], or else a word that [`visibility`](super::visibility) reads.
    GateOrWord,
    /// When it was begun, which says nothing where something else says when it is from.
    Begun,
}

/// Keys that hold when a post is from, the most telling first, without `-`, `_` and capitals.
const DATE_KEYS: [(&str, Role); 48] = [
    ("date", Role::Date),
    ("publishdate", Role::Gate),
    ("pubdate", Role::Gate),
    ("published", Role::GateOrWord),
    ("publish", Role::GateOrWord),
    ("pubdatetime", Role::Gate),
    ("publishedat", Role::Gate),
    ("datepublished", Role::Gate),
    ("publisheddate", Role::Gate),
    ("publicationdate", Role::Gate),
    ("publishdatetime", Role::Gate),
    ("publishtime", Role::Gate),
    ("publisheson", Role::Gate),
    ("publishedon", Role::Gate),
    ("publishon", Role::Gate),
    ("publishat", Role::Gate),
    ("publishafter", Role::Gate),
    ("dgpublishdate", Role::Gate),
    ("scheduled", Role::GateOrWord),
    ("scheduledfor", Role::Gate),
    ("scheduledat", Role::Gate),
    ("scheduledate", Role::Gate),
    ("scheduleddate", Role::Gate),
    ("embargo", Role::GateOrWord),
    ("embargoed", Role::GateOrWord),
    ("isembargoed", Role::GateOrWord),
    ("underembargo", Role::GateOrWord),
    ("isscheduled", Role::GateOrWord),
    ("embargodate", Role::Gate),
    ("embargountil", Role::Gate),
    ("embargoeduntil", Role::Gate),
    ("releasedate", Role::Gate),
    ("releaseon", Role::Gate),
    ("releaseat", Role::Gate),
    ("golivedate", Role::Gate),
    ("goliveon", Role::Gate),
    ("goliveat", Role::Gate),
    ("postdate", Role::Date),
    ("posteddate", Role::Date),
    ("postedon", Role::Date),
    ("dateposted", Role::Date),
    ("datetime", Role::Date),
    ("created", Role::Begun),
    ("createdat", Role::Begun),
    ("datecreated", Role::Begun),
    ("createdon", Role::Begun),
    ("createddate", Role::Begun),
    ("creationdate", Role::Begun),
];

/// Keys that hold when a post was last changed.
const UPDATED_KEYS: [&str; 20] = [
    "updated",
    "lastmod",
    "modified",
    "last_modified_at",
    "updatedDate",
    "last_modified",
    "last_update.date",
    "updated_at",
    "modDatetime",
    "dateModified",
    "modified_at",
    "modifiedDate",
    "last_updated",
    "last_updated_at",
    "updated_on",
    "dateUpdated",
    "update_date",
    "date.updated",
    "date.modified",
    "date.lastmod",
];

/// Keys that hold when a post goes, without `-`, `_` and capitals.
const EXPIRES_KEYS: [&str; 15] = [
    "expirydate",
    "unpublishdate",
    "expires",
    "expiry",
    "expirationdate",
    "expiredate",
    "expiresat",
    "expireson",
    "expireat",
    "dateexpires",
    "unpublishat",
    "unpublishon",
    "unpublishedat",
    "publishuntil",
    "publisheduntil",
];

/// Keys that hold when a post goes, or else a word that means nothing here.
const EXPIRES_OR_WORD: [&str; 2] = ["expire", "expired"];

/// How to write a date.
const MEND: &str = "write it like `2026-01-31` or `2026-01-31T09:00:00+01:00`";

/// When a post is from, and how that is known.
pub(super) struct Dated {
    /// The date.
    pub(super) moment: Moment,
    /// What says so.
    pub(super) origin: Origin,
}

/// A value that was to be a date.
struct Broken<'a> {
    role: Role,
    node: &'a Node,
    why: NoDate,
    text: Option<&'a str>,
}

/// Whether `key`, without `-`, `_` and capitals, holds when a post is public, so that a key like it may be a slip.
pub(super) fn guards(key: &str) -> Option<Guard> {
    let is_gate = |(name, role): &&(&str, Role)| *name == key && *role != Role::GateOrWord;
    if EXPIRES_KEYS.contains(&key) {
        Some(Guard::Expiry)
    } else {
        DATE_KEYS.iter().find(is_gate).map(|_| Guard::Date)
    }
}

/// Whether `key`, without `-`, `_` and capitals, holds when a post appears or goes whatever its date, so that of two the stricter
/// counts.
pub(super) fn is_gate(key: &str) -> bool {
    let is_gate = |(name, role): &(&str, Role)| *name == key && matches!(role, Role::Gate | Role::GateOrWord);
    EXPIRES_KEYS.contains(&key) || DATE_KEYS.iter().any(is_gate)
}

/// Whether `key`, without `-`, `_` and capitals, says when a post is from or when it goes.
pub(super) fn is_about_dates(key: &str) -> bool {
    let is_of_date = DATE_KEYS.iter().any(|(name, role)| *name == key && *role != Role::Begun);
    is_of_date || EXPIRES_KEYS.contains(&key) || EXPIRES_OR_WORD.contains(&key)
}

/// What a key of a date guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// When the post appears.
    Date,
    /// When it goes.
    Expiry,
}

/// All keys for which [`guards`] says something.
pub(super) fn guarding_keys() -> impl Iterator<Item = &'static str> {
    let dates = DATE_KEYS.iter().filter(|(_, role)| *role != Role::GateOrWord);
    dates.map(|(key, _)| *key).chain(EXPIRES_KEYS)
}

/// Whether `moment` had passed when `file` was written, and so was not ahead for its author.
pub(super) fn had_passed(moment: Moment, file: &SourceFile) -> bool {
    /// In seconds: the day that a date without a time or zone may mean.
    const A_DAY: i64 = 24 * 60 * 60;
    moment.timestamp().as_second() <= file.modified.as_second().saturating_add(A_DAY)
}

/// The date of a post: of its front matter, its file's name, or its file.
pub(super) fn dated(fields: &Fields, path: &PathName, file: &SourceFile, config: &Config, says: &mut Remarks) -> Dated {
    let zone = config.timezone();
    let mut first: Option<(Origin, Moment)> = None;
    let mut gates: Vec<(&str, Moment)> = Vec::new();
    let mut broken: Vec<Broken> = Vec::new();
    for (name, role) in DATE_KEYS {
        let mut latest: Option<(&str, Moment)> = None;
        for (key, node) in fields.all(&[name]) {
            match date_field::read(node, &zone, config.posts.day_first) {
                DateField::Blank if hides_value(node, says.text()) => broken.push(Broken {
                    role,
                    node,
                    why: NoDate::Unknown,
                    text: None,
                }),
                DateField::Blank | DateField::FileTime => {}
                DateField::At(moment) => {
                    if matches!(role, Role::Gate | Role::GateOrWord) {
                        gates.push((key, moment));
                    }
                    let is_twice = latest.is_some_and(|(_, known)| known != moment);
                    if is_twice && matches!(role, Role::Date | Role::Begun) {
                        warn_of_second(key, node, says);
                    }
                    latest = latest.filter(|(_, known)| *known >= moment).or(Some((key, moment)));
                }
                DateField::NotUnderstood(NoDate::Unknown, _) if role == Role::GateOrWord => {}
                DateField::NotUnderstood(why, text) => broken.push(Broken { role, node, why, text }),
            }
        }
        first = first.or_else(|| latest.map(|(key, moment)| (Origin::Field(key.to_owned()), moment)));
    }
    for (role, node) in hidden_values(fields, says.text(), |key| {
        Some(DATE_KEYS.iter().find(|(name, _)| *name == key)?.1)
    }) {
        if role != Role::GateOrWord {
            broken.push(Broken {
                role,
                node,
                why: NoDate::Unknown,
                text: None,
            });
        }
    }
    let named = path.date.as_deref().map(|text| date::parse(text, &zone, false));
    let passed = named.and_then(Result::ok).filter(|&moment| had_passed(moment, file));
    let (mut is_held, mut is_named) = (false, false);
    for broken in &broken {
        let (code, message) = refusal(broken.why, broken.text);
        if broken.role == Role::Begun && first.is_some() {
            says.about(code, broken.node, format!("{message}, and it is left out"), MEND);
        } else if passed.is_some_and(|passed| broken.may_give_way_to(passed)) {
            says.about(
                code,
                broken.node,
                format!("{message}; the file's name says when it is from"),
                MEND,
            );
            is_named = true;
        } else {
            says.hold(code, broken.node, message, MEND);
            is_held = true;
        }
    }
    if let Some(moment) = passed.filter(|_| is_named) {
        first = Some((Origin::FileName, moment));
    }
    if let Some((mut origin, mut moment)) = first {
        // whatever its `date`, a post is held back until the day it says it is published on
        for (key, gate) in gates {
            if gate > moment {
                (origin, moment) = (Origin::Field(key.to_owned()), gate);
            }
        }
        return Dated { moment, origin };
    }
    if !is_held && let Some((key, moment)) = in_address(fields, &zone) {
        let origin = Origin::Field(key.to_owned());
        return Dated { moment, origin };
    }
    match (named, &path.date) {
        (Some(Ok(moment)), _) => {
            let origin = Origin::FileName;
            return Dated { moment, origin };
        }
        (Some(Err(_)), Some(text)) if !is_held => {
            let message = format!("there is no such day as `{text}`, which the file's name holds");
            says.hold_whole("date-impossible", message, "rename the file, or write a `date`");
        }
        _ if is_held => {}
        _ => says.whole(
            "date-missing",
            "it has no date, so the file's time stands for it",
            "write a `date`",
        ),
    }
    // to the second, as it is written everywhere: what is remembered of it must be the same instant
    let time = Timestamp::from_second(file.modified.as_second()).unwrap_or(file.modified);
    let moment = Moment::new(time, zone.to_offset(time)).unwrap_or_else(|| Moment::utc(time));
    Dated {
        moment,
        origin: Origin::FileTime,
    }
}

/// Says that `key`, with the value `node`, is written a second time with another date.
fn warn_of_second(key: &str, node: &Node, says: &mut Remarks) {
    let message = format!("`{key}` is written a second time; the later date counts");
    says.about("date-twice", node, message, "delete one of the two");
}

impl Broken<'_> {
    /// Whether the date `passed` in the file's name may stand in for it: only where it is a date with a slip in it, as `2017-02-29` is,
    /// and names no later time. Words (`TBD`, `soon`) say that its author had yet to decide.
    fn may_give_way_to(&self, passed: Moment) -> bool {
        let is_slip = |text: &str| match self.why {
            NoDate::Impossible => true,
            NoDate::TooFar => false,
            NoDate::Unknown => self.role != Role::Gate && looks_like_date(text),
        };
        self.text.is_some_and(|text| is_slip(text) && !names_later(text, passed))
    }
}

/// Whether `text` is made of what dates are made of, digits and separators, and has enough digits to be one.
fn looks_like_date(text: &str) -> bool {
    /// Those of a year, a month and a day without zeros before them.
    const FEWEST: usize = 6;
    let is_of_date = |c: char| c.is_ascii_digit() || c.is_whitespace() || "-–—/.,:+TtZz年月日".contains(c);
    text.chars().all(is_of_date) && text.chars().filter(char::is_ascii_digit).count() >= FEWEST
}

/// Whether `text`, which is no date, names a year after that of `moment`, or a later month of the same year: `2027-02-30`.
fn names_later(text: &str, moment: Moment) -> bool {
    let day = moment.date();
    let numbers: Vec<&str> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    numbers.iter().enumerate().any(|(at, number)| {
        let year = Some(number)
            .filter(|number| number.len() == 4)
            .and_then(|number| number.parse::<i16>().ok());
        let month = numbers.get(at + 1).and_then(|month| month.parse::<i8>().ok());
        year.is_some_and(|year| {
            year > day.year() || (year == day.year() && at == 0 && month.is_some_and(|month| month > day.month()))
        })
    })
}

/// What was read as nothing although something stands there, as the values of the keys for which `role` finds something.
fn hidden_values<'a, R>(fields: &Fields<'a>, text: &str, role: impl Fn(&str) -> Option<R>) -> Vec<(R, &'a Node)> {
    let blank = fields.keys().filter(|key| key.node().value == Value::Null);
    let hidden = blank.filter(|key| hides_value(key.node(), text));
    hidden.filter_map(|key| Some((role(key.folded())?, key.node()))).collect()
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

/// When a post was last changed, if that is written. It says nothing of who may read the post, so one that is not understood holds
/// nothing back.
pub(super) fn updated(fields: &Fields, config: &Config, says: &mut Remarks) -> Option<Moment> {
    for (_, node) in fields.all(&UPDATED_KEYS) {
        match date_field::read(node, &config.timezone(), config.posts.day_first) {
            DateField::Blank | DateField::FileTime => {}
            DateField::At(moment) => return Some(moment),
            DateField::NotUnderstood(why, text) => {
                let (code, message) = refusal(why, text);
                says.about(code, node, format!("{message}, and it is left out"), MEND);
                return None;
            }
        }
    }
    None
}

/// When a post goes: the earliest of what is written. One that is not understood holds the post back, which else would stay for ever.
pub(super) fn expires(fields: &Fields, config: &Config, says: &mut Remarks) -> Option<Moment> {
    const NEVER: [&str; 6] = ["never", "none", "no", "false", "off", "n/a"];
    let mut earliest: Option<Moment> = None;
    for (_, node) in fields.all(&EXPIRES_KEYS) {
        match date_field::read(node, &config.timezone(), config.posts.day_first) {
            DateField::Blank if hides_value(node, says.text()) => {
                says.hold(
                    "date-unknown",
                    node,
                    "this is not one date",
                    "write it like `2026-01-31`, or delete the line",
                );
            }
            // beyond all years that can be written it goes as good as never
            DateField::Blank | DateField::FileTime | DateField::NotUnderstood(NoDate::TooFar, _) => {}
            DateField::At(moment) => earliest = Some(earliest.map_or(moment, |earliest| earliest.min(moment))),
            DateField::NotUnderstood(_, Some(text)) if NEVER.iter().any(|word| text.eq_ignore_ascii_case(word)) => {}
            DateField::NotUnderstood(why, text) => {
                let (code, message) = refusal(why, text);
                says.hold(code, node, message, "write it like `2026-01-31`, or delete the line");
            }
        }
    }
    for ((), node) in hidden_values(fields, says.text(), |key| EXPIRES_KEYS.contains(&key).then_some(())) {
        says.hold(
            "date-unknown",
            node,
            "this is not one date",
            "write it like `2026-01-31`, or delete the line",
        );
    }
    for (_, node) in fields.all(&EXPIRES_OR_WORD) {
        if let DateField::At(moment) = date_field::read(node, &config.timezone(), config.posts.day_first) {
            earliest = Some(earliest.map_or(moment, |earliest| earliest.min(moment)));
        }
    }
    earliest
}

/// In characters: what of a value a message repeats.
const MOST_QUOTED: usize = 60;

/// The code and the message for a `text` that is no date.
fn refusal(why: NoDate, text: Option<&str>) -> (&'static str, String) {
    let Some(text) = text else {
        return ("date-unknown", "this is not one date".to_owned());
    };
    let is_placeholder = unfinished::is_placeholder(text);
    let text = match text.char_indices().nth(MOST_QUOTED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    };
    match why {
        _ if is_placeholder => ("placeholder", format!("`{text}` is a placeholder of a template")),
        NoDate::Impossible => ("date-impossible", format!("there is no such day or time as `{text}`")),
        NoDate::TooFar => ("date-too-far", format!("`{text}` lies beyond the year 9999")),
        NoDate::Unknown => ("date-unknown", format!("`{text}` is no date that is understood")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::read;

    #[test]
    fn of_a_date_in_two_spellings_the_later_counts_and_it_is_said() {
        let cases = [
            ("date: 2020-01-01\nDate: 2099-01-01", "2099-01-01", true),
            ("Date: 2099-01-01\ndate: 2020-01-01", "2099-01-01", true),
            ("DATE: 2020-01-01\ndate: 2021-01-01\nDate: 2019-01-01", "2021-01-01", true),
            ("created: 2020-01-01\nCreated: 2099-01-01", "2099-01-01", true),
            ("date: 2020-01-01\nDate: 2020-01-01", "2020-01-01", false),
            ("date: 2020-01-01\nDate:", "2020-01-01", false),
            ("date: 2020-01-01\ncreated: 2099-01-01", "2020-01-01", false),
        ];
        for (front_matter, expected, is_said) in cases {
            let file = SourceFile {
                path: "a.md".into(),
                bytes: format!("---\ntitle: x\n{front_matter}\n---\nText.\n").into_bytes().into(),
                modified: "2026-01-01T00:00:00Z".parse().unwrap(),
            };
            let reading = read(&file, &Config::default()).unwrap();
            assert_eq!(reading.post.date.date().to_string(), expected, "{front_matter}");
            let is_found = reading.remarks.iter().any(|remark| remark.code == "date-twice");
            assert_eq!(is_found, is_said, "{front_matter}: {:?}", reading.remarks);
        }
    }
}
