//! Reads a front-matter value that is a date, also one inside other syntax: a list of one item, the brackets of a wikilink
//! (`[[2027-05-06]]`, which YAML reads as lists), quotes within quotes, and a mapping with `created`, `date` or `published`.

use jiff::tz::TimeZone;

use super::characters::is_invisible;
use super::date::{self, NoDate};
use super::fields;
use super::node::{Node, Value};
use crate::time::Moment;

/// The value of a date field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DateField<'a> {
    /// No value.
    Blank,
    /// A date.
    Date(Moment),
    /// One of Eleventy's names for a time that the file system or git knows.
    FileTime,
    /// Not a date; the text, if the value is one.
    NotUnderstood(NoDate, Option<&'a str>),
}

/// Keys that hold the date in a mapping, most specific first.
const MAPPING_KEYS: [&str; 3] = ["date", "created", "published"];
/// How many lists may be nested; a wikilink has two.
const DEEPEST: usize = 4;

/// Reads the date in `node`; `zone` and `day_first` are as in [`date::parse`].
pub(super) fn read_date_field<'a>(node: &'a Node, zone: &TimeZone, day_first: bool) -> DateField<'a> {
    read_within(node, zone, day_first, DEEPEST)
}

fn read_within<'a>(node: &'a Node, zone: &TimeZone, day_first: bool, depth: usize) -> DateField<'a> {
    if fields::is_blank(node) {
        return DateField::Blank;
    }
    match &node.value {
        Value::Scalar { text, .. } => read_text(text, zone, day_first),
        Value::List(list) if depth > 0 => {
            let mut written = list.iter().filter(|node| !fields::is_blank(node));
            match (written.next(), written.next()) {
                (Some(only), None) => read_within(only, zone, day_first, depth - 1),
                _ => DateField::NotUnderstood(NoDate::Unknown, None),
            }
        }
        Value::Map(_) if depth > 0 => {
            let written = MAPPING_KEYS.iter().filter_map(|key| fields::first_in(node, &[key]));
            let mut dates = written
                .map(|node| read_within(node, zone, day_first, 0))
                .filter(|found| *found != DateField::Blank);
            let Some(mut best) = dates.next() else {
                return DateField::NotUnderstood(NoDate::Unknown, None);
            };
            // a post created now and published later has the later date
            for other in dates {
                best = match (best, other) {
                    (DateField::Date(one), DateField::Date(other)) => DateField::Date(one.max(other)),
                    (DateField::Date(_), other) => other,
                    (best, _) => best,
                };
            }
            best
        }
        _ => DateField::NotUnderstood(NoDate::Unknown, None),
    }
}

fn read_text<'a>(text: &'a str, zone: &TimeZone, day_first: bool) -> DateField<'a> {
    let text = unwrap_date(text);
    if ["created", "last modified", "git created", "git last modified"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
    {
        return DateField::FileTime;
    }
    match date::parse(text, zone, day_first) {
        Ok(moment) => DateField::Date(moment),
        Err(why) => DateField::NotUnderstood(why, Some(text)),
    }
}

/// Removes quotes and wikilink brackets around `text`.
fn unwrap_date(text: &str) -> &str {
    let mut text = text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    for (open, close) in [("\"", "\""), ("'", "'"), ("[[", "]]"), ("\"", "\"")] {
        if let Some(inner) = text.strip_prefix(open).and_then(|inner| inner.strip_suffix(close)) {
            text = inner.trim();
            if open == "[[" {
                // `[[daily/2027-05-06|Thursday]]`
                text = text.split('|').next().unwrap_or(text);
                let is_path = text.contains(|c: char| c.is_alphabetic());
                text = text.rsplit('/').next().filter(|_| is_path).unwrap_or(text).trim();
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter;

    fn read_in(value: &str) -> String {
        let text = format!("---\ndate: {value}\n---\n");
        let parts = front_matter::parse("a.md".into(), &text).unwrap();
        match read_date_field(&parts.fields[0].1, &TimeZone::UTC, false) {
            DateField::Date(moment) => moment.rfc3339(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn dates_inside_lists_wikilinks_quotes_and_mappings() {
        let day = "2027-05-06T00:00:00Z";
        let not = "NotUnderstood(Unknown, None)";
        let cases = [
            ("2027-05-06", day),
            ("[2027-05-06]", day),
            ("[[2027-05-06]]", day),
            ("'[[2027-05-06]]'", day),
            ("\"[[daily/2027-05-06|Thursday]]\"", day),
            ("\"'2027-05-06'\"", day),
            ("[2027-05-06, ~]", day),
            ("\n  - 2027-05-06", day),
            ("[[[[2027-05-06]]]]", day),
            ("[[[[[2027-05-06]]]]]", not),
            ("{created: {created: 2027-05-06}}", not),
            ("\u{200b}2027-05-06\u{200b}", day),
            ("{created: 2027-05-06}", day),
            ("{created: 2026-05-06, published: 2027-05-06, updated: 2028-01-01}", day),
            ("{date: [[2027-05-06]]}", not),
            ("{published: 2027-05-06}", day),
            ("", "Blank"),
            ("~", "Blank"),
            ("null", "Blank"),
            ("''", "Blank"),
            ("' '", "Blank"),
            ("[]", "Blank"),
            ("[~]", "Blank"),
            ("{}", "Blank"),
            ("{created: ~}", not),
            ("{updated: 2027-05-06}", not),
            (
                "{created: 2027-05-06, published: soon}",
                "NotUnderstood(Unknown, Some(\"soon\"))",
            ),
            ("[2027-05-06, 2028-05-06]", not),
            ("TBD", "NotUnderstood(Unknown, Some(\"TBD\"))"),
            ("2027-02-30", "NotUnderstood(Impossible, Some(\"2027-02-30\"))"),
            ("[10000-01-01]", "NotUnderstood(TooFar, Some(\"10000-01-01\"))"),
            ("Last Modified", "FileTime"),
        ];
        for (value, expected) in cases {
            assert_eq!(read_in(value), expected, "{value}");
        }
    }
}
