//! Determines a post's date, the date of its last change and its expiry.
//!
//! A date that is written and not understood holds the post back, because it may be in the future. A key without a value counts as
//! not written. A mistyped date is replaced only by a date in the name of the file or of its folder, and only if that date has passed.

use jiff::tz::TimeZone;

use super::date::NoDate;
use super::date_field::{self, DateField};
use super::fields::{Fields, has_unread_value};
use super::node::{Node, Value};
use super::remarks::Remarks;
use super::slug::PathName;
use super::{Origin, date, unfinished};
use crate::config::Config;
use crate::source_file::SourceFile;
use crate::time::{Moment, Timestamp};

/// The meaning of a date key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DateRole {
    /// The date of the post.
    Date,
    /// When the post is published: whatever its date is, it appears only then.
    Publication,
    /// A [`DateRole::Publication`], or a word that [`visibility`](super::visibility) reads.
    PublicationOrWord,
    /// When the post was created, which counts only if there is no other date.
    Creation,
}

/// Keys of a post's date, the most specific first, without `-`, `_` and capitals.
const DATE_KEYS: [(&str, DateRole); 48] = [
    ("date", DateRole::Date),
    ("publishdate", DateRole::Publication),
    ("pubdate", DateRole::Publication),
    ("published", DateRole::PublicationOrWord),
    ("publish", DateRole::PublicationOrWord),
    ("pubdatetime", DateRole::Publication),
    ("publishedat", DateRole::Publication),
    ("datepublished", DateRole::Publication),
    ("publisheddate", DateRole::Publication),
    ("publicationdate", DateRole::Publication),
    ("publishdatetime", DateRole::Publication),
    ("publishtime", DateRole::Publication),
    ("publisheson", DateRole::Publication),
    ("publishedon", DateRole::Publication),
    ("publishon", DateRole::Publication),
    ("publishat", DateRole::Publication),
    ("publishafter", DateRole::Publication),
    ("dgpublishdate", DateRole::Publication),
    ("scheduled", DateRole::PublicationOrWord),
    ("scheduledfor", DateRole::Publication),
    ("scheduledat", DateRole::Publication),
    ("scheduledate", DateRole::Publication),
    ("scheduleddate", DateRole::Publication),
    ("embargo", DateRole::PublicationOrWord),
    ("embargoed", DateRole::PublicationOrWord),
    ("isembargoed", DateRole::PublicationOrWord),
    ("underembargo", DateRole::PublicationOrWord),
    ("isscheduled", DateRole::PublicationOrWord),
    ("embargodate", DateRole::Publication),
    ("embargountil", DateRole::Publication),
    ("embargoeduntil", DateRole::Publication),
    ("releasedate", DateRole::Publication),
    ("releaseon", DateRole::Publication),
    ("releaseat", DateRole::Publication),
    ("golivedate", DateRole::Publication),
    ("goliveon", DateRole::Publication),
    ("goliveat", DateRole::Publication),
    ("postdate", DateRole::Date),
    ("posteddate", DateRole::Date),
    ("postedon", DateRole::Date),
    ("dateposted", DateRole::Date),
    ("datetime", DateRole::Date),
    ("created", DateRole::Creation),
    ("createdat", DateRole::Creation),
    ("datecreated", DateRole::Creation),
    ("createdon", DateRole::Creation),
    ("createddate", DateRole::Creation),
    ("creationdate", DateRole::Creation),
];

/// Keys of the date of the last change.
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

/// Keys of a post's expiry, without `-`, `_` and capitals.
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

/// Keys of a post's expiry whose value may also be a word that has no meaning here.
const EXPIRES_OR_WORD: [&str; 2] = ["expire", "expired"];

/// How to write a date.
const MEND: &str = "write it like `2026-01-31` or `2026-01-31T09:00:00+01:00`";

/// A post's date.
pub(super) struct PostDate {
    /// The date.
    pub(super) moment: Moment,
    /// Where it came from.
    pub(super) origin: Origin,
}

/// The date keys that limit when a post is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateLimit {
    /// The post appears then.
    Start,
    /// The post expires then.
    Expiry,
}

/// Returns how `key`, without `-`, `_` and capitals, limits when a post is public. A key with a similar name may be a misspelling of it.
pub(super) fn date_limit(key: &str) -> Option<DateLimit> {
    if EXPIRES_KEYS.contains(&key) {
        return Some(DateLimit::Expiry);
    }
    limiting_date_keys().any(|name| name == key).then_some(DateLimit::Start)
}

/// Returns all keys for which [`date_limit`] returns something.
pub(super) fn limiting_date_keys() -> impl Iterator<Item = &'static str> {
    let dates = DATE_KEYS.iter().filter(|(_, role)| *role != DateRole::PublicationOrWord);
    dates.map(|(key, _)| *key).chain(EXPIRES_KEYS)
}

/// Returns whether `key`, without `-`, `_` and capitals, says when a post appears or expires whatever its date is, so that the stricter of
/// two values counts.
pub(super) fn is_schedule_key(key: &str) -> bool {
    let is_publication =
        |(name, role): &(&str, DateRole)| *name == key && matches!(role, DateRole::Publication | DateRole::PublicationOrWord);
    EXPIRES_KEYS.contains(&key) || DATE_KEYS.iter().any(is_publication)
}

/// Returns whether `key`, without `-`, `_` and capitals, holds the date of a post or its expiry.
pub(super) fn is_about_dates(key: &str) -> bool {
    let is_date = DATE_KEYS
        .iter()
        .any(|(name, role)| *name == key && *role != DateRole::Creation);
    is_date || EXPIRES_KEYS.contains(&key) || EXPIRES_OR_WORD.contains(&key)
}

/// Returns whether `moment` had passed when `file` was written, so that the author did not mean a date in the future.
pub(super) fn had_passed(moment: Moment, file: &SourceFile) -> bool {
    /// In seconds: a date without a time or zone may mean the whole day.
    const A_DAY: i64 = 24 * 60 * 60;
    moment.timestamp().as_second() <= file.modified.as_second().saturating_add(A_DAY)
}

/// A value that should be a date and is not.
struct BrokenDate<'a> {
    role: DateRole,
    node: &'a Node,
    why: NoDate,
    text: Option<&'a str>,
}

impl<'a> BrokenDate<'a> {
    /// A value that is written but that YAML reads as null.
    fn unread(role: DateRole, node: &'a Node) -> BrokenDate<'a> {
        BrokenDate {
            role,
            node,
            why: NoDate::Unknown,
            text: None,
        }
    }
}

/// The dates in a front matter.
#[derive(Default)]
struct WrittenDates<'a> {
    /// The date under the most specific key.
    first: Option<(Origin, Moment)>,
    /// The dates before which the post must not appear, with their keys.
    publications: Vec<(&'a str, Moment)>,
    broken: Vec<BrokenDate<'a>>,
}

/// Returns the date of a post: that of its front matter, else that of its file's name, else the time of the file.
pub(super) fn read_date(fields: &Fields, path: &PathName, file: &SourceFile, config: &Config, remarks: &mut Remarks) -> PostDate {
    let zone = config.timezone();
    let WrittenDates {
        mut first,
        publications,
        broken,
    } = read_date_keys(fields, config, remarks);
    let in_name = path.date.as_deref().map(|text| date::parse(text, &zone, false));
    let passed = in_name.and_then(Result::ok).filter(|&moment| had_passed(moment, file));
    let (mut is_held, mut uses_name) = (false, false);
    for date in &broken {
        match report_broken(date, first.is_some(), passed, remarks) {
            Replacement::None => is_held = true,
            Replacement::FileName => uses_name = true,
            Replacement::OtherKey => {}
        }
    }
    if let Some(moment) = passed.filter(|_| uses_name) {
        first = Some((Origin::FileName, moment));
    }
    if let Some((mut origin, mut moment)) = first {
        // whatever its `date` is, a post does not appear before its date of publication
        for (key, publication) in publications {
            if publication > moment {
                (origin, moment) = (Origin::Field(key.into()), publication);
            }
        }
        return PostDate { moment, origin };
    }
    if !is_held && let Some((key, moment)) = date_in_address(fields, &zone) {
        let origin = Origin::Field(key.into());
        return PostDate { moment, origin };
    }
    if let Some(Ok(moment)) = in_name {
        let origin = Origin::FileName;
        return PostDate { moment, origin };
    }
    if !is_held {
        warn_undated(path, remarks);
    }
    file_date(file, &zone)
}

/// Reads all keys of [`DATE_KEYS`].
fn read_date_keys<'a>(fields: &Fields<'a>, config: &Config, remarks: &mut Remarks) -> WrittenDates<'a> {
    let zone = config.timezone();
    let mut dates = WrittenDates::default();
    for (name, role) in DATE_KEYS {
        let mut latest: Option<(&str, Moment)> = None;
        for (key, node) in fields.all(&[name]) {
            match date_field::read_date_field(node, &zone, config.posts.day_first) {
                DateField::Blank if has_unread_value(node, remarks.text()) => dates.broken.push(BrokenDate::unread(role, node)),
                DateField::Blank | DateField::FileTime => {}
                DateField::Date(moment) => {
                    if matches!(role, DateRole::Publication | DateRole::PublicationOrWord) {
                        dates.publications.push((key, moment));
                    }
                    let is_second = latest.is_some_and(|(_, known)| known != moment);
                    if is_second && matches!(role, DateRole::Date | DateRole::Creation) {
                        warn_of_second(key, node, remarks);
                    }
                    latest = latest.filter(|(_, known)| *known >= moment).or(Some((key, moment)));
                }
                DateField::NotUnderstood(NoDate::Unknown, _) if role == DateRole::PublicationOrWord => {}
                DateField::NotUnderstood(why, text) => dates.broken.push(BrokenDate { role, node, why, text }),
            }
        }
        let latest = latest.map(|(key, moment)| (Origin::Field(key.into()), moment));
        dates.first = dates.first.or(latest);
    }
    let role_of = |key: &str| DATE_KEYS.iter().find(|(name, _)| *name == key).map(|(_, role)| *role);
    let unread = unread_values(fields, remarks.text(), role_of).into_iter();
    let unread = unread.filter(|(role, _)| *role != DateRole::PublicationOrWord);
    dates.broken.extend(unread.map(|(role, node)| BrokenDate::unread(role, node)));
    dates
}

/// The date that is used in place of one that is not understood.
enum Replacement {
    /// None: the post is held back.
    None,
    /// The date in the file's name.
    FileName,
    /// The date under another key.
    OtherKey,
}

/// Reports `broken`, and returns what replaces it: another date where `has_other` says that there is one, or `passed`, a date in the file's
/// name.
fn report_broken(broken: &BrokenDate, has_other: bool, passed: Option<Moment>, remarks: &mut Remarks) -> Replacement {
    let (code, message) = describe_broken(broken.why, broken.text);
    if broken.role == DateRole::Creation && has_other {
        remarks.warn_value(code, broken.node, format!("{message}, and it is left out"), MEND);
        Replacement::OtherKey
    } else if passed.is_some_and(|passed| broken.may_be_replaced_by(passed)) {
        let message = format!("{message}; the file's name says when it is from");
        remarks.warn_value(code, broken.node, message, MEND);
        Replacement::FileName
    } else {
        remarks.hold_value(code, broken.node, message, MEND);
        Replacement::None
    }
}

/// Reports a post without a date; one whose file's name has an impossible date is held back.
fn warn_undated(path: &PathName, remarks: &mut Remarks) {
    if let Some(text) = &path.date {
        let message = format!("there is no such day as `{text}`, which is in the file's name");
        remarks.hold_file("date-impossible", message, "rename the file, or write a `date`");
    } else {
        let message = "it has no date, so the file's time is used";
        remarks.warn_file("date-missing", message, "write a `date`");
    }
}

/// The time of `file`, to the second, as it is written everywhere: the date that is stored must be the same instant.
fn file_date(file: &SourceFile, zone: &TimeZone) -> PostDate {
    let time = Timestamp::from_second(file.modified.as_second()).unwrap_or(file.modified);
    PostDate {
        moment: Moment::new(time, zone.to_offset(time)).unwrap_or_else(|| Moment::utc(time)),
        origin: Origin::FileTime,
    }
}

/// Warns that `key`, with the value `node`, is written a second time with another date.
fn warn_of_second(key: &str, node: &Node, remarks: &mut Remarks) {
    let message = format!("`{key}` is written a second time; the later date counts");
    remarks.warn_value("date-twice", node, message, "delete one of the two");
}

impl BrokenDate<'_> {
    /// Whether the date `passed` in the file's name may replace it: only if it is a mistyped date, as `2017-02-29` is, and not a later
    /// one. Words (`TBD`, `soon`) mean that the author has not decided yet.
    fn may_be_replaced_by(&self, passed: Moment) -> bool {
        let is_mistyped = |text: &str| match self.why {
            NoDate::Impossible => true,
            NoDate::TooFar => false,
            NoDate::Unknown => self.role != DateRole::Publication && looks_like_date(text),
        };
        self.text.is_some_and(|text| is_mistyped(text) && !names_later(text, passed))
    }
}

/// Whether `text` consists of digits and the separators of dates, with enough digits for a date.
fn looks_like_date(text: &str) -> bool {
    /// Those of a year, a month and a day without leading zeros.
    const FEWEST_DIGITS: usize = 6;
    let is_date_char = |c: char| c.is_ascii_digit() || c.is_whitespace() || "-–—/.,:+TtZz年月日".contains(c);
    text.chars().all(is_date_char) && text.chars().filter(char::is_ascii_digit).count() >= FEWEST_DIGITS
}

/// Whether `text`, which is not a date, names a year after that of `moment`, or a later month of the same year: `2027-02-30`.
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

/// The values that are written but read as null, of the keys for which `role` returns something, with what it returns.
fn unread_values<'a, R>(fields: &Fields<'a>, text: &str, role: impl Fn(&str) -> Option<R>) -> Vec<(R, &'a Node)> {
    let blank = fields.keys().filter(|key| key.node().value == Value::Null);
    let unread = blank.filter(|key| has_unread_value(key.node(), text));
    unread.filter_map(|key| Some((role(key.folded())?, key.node()))).collect()
}

/// The day in an address in the front matter: `path = "2026/01/31/hello"`, `/blog/2026/1/31/hello`.
fn date_in_address<'a>(fields: &Fields<'a>, zone: &TimeZone) -> Option<(&'a str, Moment)> {
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

/// Returns when a post was last changed, if that is written. It does not decide who may read the post, so a date that is not understood
/// is only reported.
pub(super) fn read_updated(fields: &Fields, config: &Config, remarks: &mut Remarks) -> Option<Moment> {
    for (_, node) in fields.all(&UPDATED_KEYS) {
        match date_field::read_date_field(node, &config.timezone(), config.posts.day_first) {
            DateField::Blank | DateField::FileTime => {}
            DateField::Date(moment) => return Some(moment),
            DateField::NotUnderstood(why, text) => {
                let (code, message) = describe_broken(why, text);
                remarks.warn_value(code, node, format!("{message}, and it is left out"), MEND);
                return None;
            }
        }
    }
    None
}

/// Returns when a post expires: the earliest of the dates written. One that is not understood holds the post back, which would otherwise
/// stay public for ever.
pub(super) fn read_expiry(fields: &Fields, config: &Config, remarks: &mut Remarks) -> Option<Moment> {
    const NEVER: [&str; 6] = ["never", "none", "no", "false", "off", "n/a"];
    const MEND: &str = "write it like `2026-01-31`, or delete the line";
    let read = |node| date_field::read_date_field(node, &config.timezone(), config.posts.day_first);
    let mut dates: Vec<Moment> = Vec::new();
    for (_, node) in fields.all(&EXPIRES_KEYS) {
        match read(node) {
            DateField::Blank if has_unread_value(node, remarks.text()) => {
                remarks.hold_value("date-unknown", node, NOT_ONE_DATE, MEND);
            }
            // a year beyond 9999 is as good as never
            DateField::Blank | DateField::FileTime | DateField::NotUnderstood(NoDate::TooFar, _) => {}
            DateField::Date(moment) => dates.push(moment),
            DateField::NotUnderstood(_, Some(text)) if NEVER.iter().any(|word| text.eq_ignore_ascii_case(word)) => {}
            DateField::NotUnderstood(why, text) => {
                let (code, message) = describe_broken(why, text);
                remarks.hold_value(code, node, message, MEND);
            }
        }
    }
    for ((), node) in unread_values(fields, remarks.text(), |key| EXPIRES_KEYS.contains(&key).then_some(())) {
        remarks.hold_value("date-unknown", node, NOT_ONE_DATE, MEND);
    }
    for (_, node) in fields.all(&EXPIRES_OR_WORD) {
        if let DateField::Date(moment) = read(node) {
            dates.push(moment);
        }
    }
    dates.into_iter().min()
}

/// The message for a value that is not a text, or not a single one.
const NOT_ONE_DATE: &str = "this is not one date";

/// In characters: the longest part of a value that a message quotes.
const MOST_QUOTED: usize = 60;

/// The code and the message for a `text` that is not a date.
fn describe_broken(why: NoDate, text: Option<&str>) -> (&'static str, String) {
    let Some(text) = text else {
        return ("date-unknown", NOT_ONE_DATE.to_owned());
    };
    let is_placeholder = unfinished::is_placeholder(text);
    let text = match text.char_indices().nth(MOST_QUOTED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    };
    match why {
        _ if is_placeholder => ("placeholder", format!("`{text}` is a placeholder of a template")),
        NoDate::Impossible => ("date-impossible", format!("there is no such day or time as `{text}`")),
        NoDate::TooFar => ("date-too-far", format!("`{text}` is after the year 9999")),
        NoDate::Unknown => ("date-unknown", format!("`{text}` is not a date that feedmill understands")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::post::read;

    #[test]
    fn the_later_of_a_date_in_two_spellings_counts_with_a_warning() {
        let cases = [
            ("date: 2020-01-01\nDate: 2099-01-01", "2099-01-01", true),
            ("Date: 2099-01-01\ndate: 2020-01-01", "2099-01-01", true),
            ("DATE: 2020-01-01\ndate: 2021-01-01\nDate: 2019-01-01", "2021-01-01", true),
            ("created: 2020-01-01\nCreated: 2099-01-01", "2099-01-01", true),
            ("date: 2020-01-01\nDate: 2020-01-01", "2020-01-01", false),
            ("date: 2020-01-01\nDate:", "2020-01-01", false),
            ("date: 2020-01-01\ncreated: 2099-01-01", "2020-01-01", false),
        ];
        for (front_matter, expected, is_reported) in cases {
            let file = SourceFile {
                path: "a.md".into(),
                bytes: format!("---\ntitle: x\n{front_matter}\n---\nText.\n").into_bytes().into(),
                modified: "2026-01-01T00:00:00Z".parse().unwrap(),
            };
            let reading = read(&file, &Config::default()).unwrap();
            assert_eq!(reading.post.date.date().to_string(), expected, "{front_matter}");
            let is_found = reading.remarks.iter().any(|remark| remark.code == "date-twice");
            assert_eq!(is_found, is_reported, "{front_matter}: {:?}", reading.remarks);
        }
    }

    #[test]
    fn keys_about_dates() {
        let cases = [
            ("date", true),
            ("publishdate", true),
            ("scheduled", true),
            ("expires", true),
            ("expired", true),
            ("created", false),
            ("title", false),
            ("", false),
        ];
        for (key, expected) in cases {
            assert_eq!(is_about_dates(key), expected, "{key}");
        }
    }

    #[test]
    fn keys_that_limit_when_a_post_is_public() {
        let cases = [
            ("publishdate", Some(DateLimit::Start), true),
            ("date", Some(DateLimit::Start), false),
            ("created", Some(DateLimit::Start), false),
            ("published", None, true),
            ("embargo", None, true),
            ("expires", Some(DateLimit::Expiry), true),
            ("expired", None, false),
            ("title", None, false),
            ("", None, false),
        ];
        for (key, limit, is_schedule) in cases {
            assert_eq!((date_limit(key), is_schedule_key(key)), (limit, is_schedule), "{key}");
        }
    }

    #[test]
    fn a_mistyped_date_names_no_later_day_than_the_file() {
        let passed = date::parse("2020-05-10", &TimeZone::UTC, false).unwrap();
        let cases = [
            ("2020-02-30", true, false),
            ("2020-05-32", true, false),
            ("2020-06-31", true, true),
            ("2021-02-30", true, true),
            ("2019-06-31", true, false),
            ("31.06.2020", true, false),
            ("31.02.2021", true, true),
            ("2020-1-1", true, false),
            ("2020-1", false, false),
            ("20211-1-1", true, false),
            ("2020-01-1x", false, false),
            ("soon", false, false),
        ];
        for (text, is_like_date, is_later) in cases {
            assert_eq!(looks_like_date(text), is_like_date, "{text} looks like a date");
            assert_eq!(names_later(text, passed), is_later, "{text} is later");
        }
    }

    #[test]
    fn the_day_in_an_address_is_the_date_of_a_post_without_one() {
        let cases = [
            ("path: 2020/01/31/hello", Some("2020-01-31")),
            ("url: /blog/2020/1/31/hello", Some("2020-01-31")),
            ("permalink: /2020/01/31/", Some("2020-01-31")),
            ("path: blog/1/2/2020/01/31/hello", Some("2020-01-31")),
            ("path: 2020/001/31/hello", None),
            ("path: 20/01/31/hello", None),
            ("path: 2020/01/x1/hello", None),
            ("path: 2020/x1/31/hello", None),
            ("path: 2020/01/031/hello", None),
            ("path: 2020/02/31/hello", None),
        ];
        for (front_matter, expected) in cases {
            let file = SourceFile {
                path: "a.md".into(),
                bytes: format!("---\ntitle: x\n{front_matter}\n---\nText.\n").into_bytes().into(),
                modified: "2026-01-01T00:00:00Z".parse().unwrap(),
            };
            let post = read(&file, &Config::default()).unwrap().post;
            let day = post.date.date().to_string();
            let found = (post.origins.date != Origin::FileTime).then_some(day.as_str());
            assert_eq!(found, expected, "{front_matter}");
        }
    }

    #[test]
    fn a_mistyped_date_is_replaced_by_a_passed_one_in_the_name_and_others_hold_the_post_back() {
        let cases = [
            ("date: 2020-04-31", false),
            ("publishDate: 2020-04-31", false),
            ("date: 2020-05", false),
            ("publishDate: 2020-05", true),
            ("date: 2021-02-30", true),
            ("date: 10000-01-01", true),
            ("date: soon", true),
        ];
        for (front_matter, is_held) in cases {
            let file = SourceFile {
                path: "2020-05-10-a.md".into(),
                bytes: format!("---\ntitle: x\n{front_matter}\n---\nText.\n").into_bytes().into(),
                modified: "2026-01-01T00:00:00Z".parse().unwrap(),
            };
            let reading = read(&file, &Config::default()).unwrap();
            assert_eq!(reading.post.is_held, is_held, "{front_matter}: {:?}", reading.remarks);
        }
    }

    #[test]
    fn a_value_that_is_written_and_not_understood_holds_the_post_back() {
        let cases = [
            ("date:", false),
            ("date: []", false),
            // YAML reads a tag without a value as null
            ("date: !later", true),
            ("date: [!later]", true),
            ("mood: !later", false),
            ("date: soon", true),
            ("expires:", false),
            ("expires: []", false),
            ("expires: !later", true),
            ("expires: [!later]", true),
            ("expires: soon", true),
            ("expires: never", false),
            ("expires: 2099-01-01", false),
        ];
        for (front_matter, is_held) in cases {
            let file = SourceFile {
                path: "a.md".into(),
                bytes: format!("---\ntitle: x\n{front_matter}\n---\nText.\n").into_bytes().into(),
                modified: "2026-01-01T00:00:00Z".parse().unwrap(),
            };
            let reading = read(&file, &Config::default()).unwrap();
            assert_eq!(reading.post.is_held, is_held, "{front_matter}: {:?}", reading.remarks);
        }
    }

    #[test]
    fn the_key_of_the_latest_date_is_the_origin_and_the_date_of_the_post_comes_first() {
        let cases = [
            ("date: 2020-01-02\npublishDate: 2020-01-01", "date"),
            ("date: 2020-01-02\npublishDate: 2020-01-02", "date"),
            ("date: 2020-01-02\npublishDate: 2020-01-03", "publishDate"),
        ];
        for (front_matter, key) in cases {
            let file = SourceFile {
                path: "a.md".into(),
                bytes: format!("---\ntitle: x\n{front_matter}\n---\nText.\n").into_bytes().into(),
                modified: "2026-01-01T00:00:00Z".parse().unwrap(),
            };
            let post = read(&file, &Config::default()).unwrap().post;
            assert_eq!(post.origins.date, Origin::Field(key.into()), "{front_matter}");
        }
    }

    #[test]
    fn a_placeholder_is_called_one() {
        let (code, message) = describe_broken(NoDate::Unknown, Some("{{date}}"));
        assert_eq!(code, "placeholder", "{message}");
    }

    #[test]
    fn a_long_value_that_is_no_date_is_cut_in_its_message() {
        let (_, message) = describe_broken(NoDate::Unknown, Some(&"é".repeat(MOST_QUOTED)));
        assert!(
            message.contains(&"é".repeat(MOST_QUOTED)) && !message.contains('…'),
            "{message}"
        );
        let (_, message) = describe_broken(NoDate::Unknown, Some(&"é".repeat(MOST_QUOTED + 1)));
        assert!(message.contains(&format!("`{}…`", "é".repeat(MOST_QUOTED))), "{message}");
    }

    #[test]
    fn a_date_up_to_a_day_after_the_save_has_passed() {
        let file = SourceFile {
            path: "a.md".into(),
            bytes: Arc::from([]),
            modified: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        let cases = [
            ("2025-12-31T00:00:00Z", true),
            ("2026-01-02T00:00:00Z", true),
            ("2026-01-02T00:00:01Z", false),
        ];
        for (text, expected) in cases {
            let moment = date::parse(text, &TimeZone::UTC, false).unwrap();
            assert_eq!(had_passed(moment, &file), expected, "{text}");
        }
    }
}
