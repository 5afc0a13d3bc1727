//! Explains errors in a configuration file: the position, the setting, the values that it accepts, and a fix.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};
use url::Url;

use super::colour::Colour;
use super::schema::{REDIRECT, SETTINGS, Setting, TABLES, ValueKind, find};
use crate::diagnostic::{Diagnostic, Position, Severity};

/// The most characters of a value in a message. A longer one is cut.
const LONGEST_SHOWN: usize = 60;

/// Settings with any text, which may look like a number.
const WORDING: [&str; 4] = ["title", "description", "copyright", "footer"];
/// Names of settings in other programs, and their names here.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("url", "base_url"),
    ("address", "base_url"),
    ("name", "title"),
    ("lang", "language"),
    ("port", "listen"),
    ("host", "listen"),
];

/// A setting with an invalid value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting {
    /// The setting: `feed.limit`.
    pub key: &'static str,
    /// The index in a list of tables.
    pub at: Option<usize>,
    /// The problem, with the name of the setting.
    pub message: String,
    /// The fix, in the imperative.
    pub fix: String,
}

impl InvalidSetting {
    /// A problem with the setting `key`.
    pub(super) fn new(key: &'static str, message: impl Into<String>, fix: impl Into<String>) -> InvalidSetting {
        InvalidSetting {
            key,
            at: None,
            message: message.into(),
            fix: fix.into(),
        }
    }

    /// The diagnostic for it in the file at `path` with this `text`.
    pub(super) fn diagnostic(&self, path: &camino::Utf8Path, text: &str) -> Diagnostic {
        let diagnostic = Diagnostic::new(Severity::Error, "config", path, &self.message).mend(&self.fix);
        match span_of(self, text) {
            Some(span) => at_span(diagnostic, text, &span),
            None => diagnostic,
        }
    }
}

/// A problem in the file, and its position.
struct SettingProblem {
    span: Range<usize>,
    message: String,
    fix: String,
    /// Whether the setting is unknown here. The types may know it.
    is_unknown: bool,
}

/// The diagnostic for `text`, the configuration file at `path`, which cannot be parsed because of `error`; without an error, for a
/// value that was parsed as something else than it means.
pub(super) fn diagnostic(path: &camino::Utf8Path, text: &str, error: Option<&toml::de::Error>) -> Option<Diagnostic> {
    let new = |message: &str, fix: &str| Diagnostic::new(Severity::Error, "config", path, message).mend(fix);
    match (DeTable::parse(text), error) {
        (Ok(table), error) => match (check_file(table.get_ref()), error) {
            (Some(found), Some(_)) => Some(at_span(new(&found.message, &found.fix), text, &found.span)),
            (Some(found), None) if !found.is_unknown => Some(at_span(new(&found.message, &found.fix), text, &found.span)),
            (None, Some(error)) => {
                let diagnostic = new(
                    first_line(error.message()),
                    "see the guide, \"Every setting\", for what it needs",
                );
                Some(
                    error
                        .span()
                        .map_or(diagnostic.clone(), |span| at_span(diagnostic, text, &span)),
                )
            }
            (_, None) => None,
        },
        (Err(error), _) => {
            let span = error.span().unwrap_or(0..0);
            let (message, fix) = explain_syntax(first_line(error.message()), text, span.start);
            Some(at_span(new(&message, fix), text, &span))
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("this is not TOML")
}

fn at_span(diagnostic: Diagnostic, text: &str, span: &Range<usize>) -> Diagnostic {
    let marked = text.get(span.clone()).and_then(|marked| marked.lines().next()).unwrap_or("");
    diagnostic.at(text, Position::of(text, span.start), marked.chars().count())
}

/// The problem in the line of `text` at `offset`, for which the parser has `message`, and a fix.
fn explain_syntax(message: &str, text: &str, offset: usize) -> (String, &'static str) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or("").trim();
    let explanation = |message: &str, fix| (message.to_owned(), fix);
    if message.starts_with("duplicate key") {
        return explanation("this name was used before", "remove one of the two, or join them");
    }
    if line.starts_with('[') {
        return explanation(
            "this table's name is not closed correctly",
            "write `[name]`, or `[[name]]` where there can be several",
        );
    }
    let Some((key, value)) = line.split_once('=') else {
        if line.contains(':') {
            return explanation("a setting is written with `=`, not with `:`", "write `name = \"value\"`");
        }
        return explanation(
            "this is not a setting",
            "write `name = \"value\"`, or put a `#` before a comment",
        );
    };
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() {
        return explanation("there is no name before the `=`", "write `name = \"value\"`");
    }
    if value.is_empty() {
        return explanation(
            "there is no value after the `=`",
            "write one, text in quotes, or remove the line",
        );
    }
    if value.starts_with(['"', '\'']) {
        return explanation(
            &format!("this text is not closed, or something follows it ({message})"),
            "put the whole text between two `\"`, and write `\\\"` for one inside",
        );
    }
    if matches!(
        value.to_ascii_lowercase().as_str(),
        "yes" | "no" | "on" | "off" | "true" | "false"
    ) {
        return explanation(
            "this is neither text nor `true` or `false`",
            "write `true` or `false`, in lower case",
        );
    }
    if value.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '#' | '.' | '*')) {
        return explanation("text must be in quotes", "write `\"` before and after the value");
    }
    (
        format!("this is not TOML: {message}"),
        "correct the line; https://toml.io shows how values are written",
    )
}

/// The first problem in the file.
fn check_file(file: &DeTable<'_>) -> Option<SettingProblem> {
    let mut names: Vec<_> = file.iter().collect();
    names.sort_by_key(|(name, _)| name.span().start);
    names.into_iter().find_map(|(name, value)| {
        let word = name.get_ref().as_ref();
        if word == "redirect" {
            return check_tables("[[redirect]]", value, REDIRECT, "[[redirect]]");
        }
        if !TABLES.contains(&word) {
            return Some(unknown_table(name, word, value));
        }
        match value.get_ref() {
            DeValue::Table(settings) if word == "shortcodes" => check_texts(word, settings),
            DeValue::Table(settings) => check_table(word, settings),
            _ => Some(SettingProblem {
                span: value.span(),
                message: format!("`{word}` must be a table"),
                fix: format!("write `[{word}]` on a line of its own, and its settings below it"),
                is_unknown: false,
            }),
        }
    })
}

fn unknown_table(name: &Spanned<Cow<'_, str>>, word: &str, value: &Spanned<DeValue<'_>>) -> SettingProblem {
    let is_table = value.get_ref().is_table() || value.get_ref().is_array();
    let (message, fix) = if let Some(near) = nearest(word, TABLES.into_iter()).filter(|_| is_table) {
        let brackets = if near == "redirect" {
            "[[redirect]]".to_owned()
        } else {
            format!("[{near}]")
        };
        (
            format!("there is no table `{}`", shortened(word)),
            format!("write `{brackets}`"),
        )
    } else if let Some(setting) = setting_in_any_table(word).filter(|_| !is_table) {
        let Setting { table, key, .. } = setting;
        (
            format!("`{}` is outside of every table", shortened(word)),
            format!("write `[{table}]` on a line before it, and the setting as `{key}`"),
        )
    } else {
        (
            format!("there is no setting or table `{}`", shortened(word)),
            format!("remove it; the tables are {}", join_names(TABLES.into_iter())),
        )
    };
    SettingProblem {
        span: name.span(),
        message,
        fix,
        is_unknown: true,
    }
}

/// The first problem in the table `table` of the file.
fn check_table(table: &str, settings: &DeTable<'_>) -> Option<SettingProblem> {
    let mut keys: Vec<_> = settings.iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    keys.into_iter().find_map(|(key, value)| {
        let word = key.get_ref().as_ref();
        match find(table, word) {
            Some(setting) => check_value(setting, value),
            None => Some(unknown_setting(table, key.span(), word)),
        }
    })
}

/// The first value that is not a text in the table `table`, whose keys the author chooses.
fn check_texts(table: &str, settings: &DeTable<'_>) -> Option<SettingProblem> {
    let wrong = settings.iter().filter(|(_, value)| !value.get_ref().is_str());
    let (key, value) = wrong.min_by_key(|(key, _)| key.span().start)?;
    Some(SettingProblem {
        span: value.span(),
        message: format!("`{table}.{}` must be text in quotes", shortened(key.get_ref())),
        fix: format!("write it like `{} = \"<b>{{{{ args[0] }}}}</b>\"`", shortened(key.get_ref())),
        is_unknown: false,
    })
}

fn unknown_setting(table: &str, span: Range<usize>, word: &str) -> SettingProblem {
    let known = || {
        SETTINGS
            .iter()
            .filter(|setting| setting.table == table)
            .map(|setting| setting.key)
    };
    let fix = if (table, word) == ("server", "preview") {
        "remove it, and start with `feedmill serve --preview`".to_owned()
    } else if let Some(near) = nearest(word, known()) {
        format!("write `{near}`")
    } else if let Some(setting) = setting_in_any_table(word) {
        format!("write it as `{}` below `[{}]`", setting.key, setting.table)
    } else {
        format!("remove it; `[{table}]` has {}", join_names(known()))
    };
    SettingProblem {
        span,
        message: format!("there is no setting `{table}.{}`", shortened(word)),
        fix,
        is_unknown: true,
    }
}

/// The problem with the value of `setting`.
fn check_value(setting: &Setting, value: &Spanned<DeValue<'_>>) -> Option<SettingProblem> {
    let Setting {
        table,
        key,
        kind,
        example,
    } = *setting;
    let name = format!("{table}.{key}");
    match kind {
        ValueKind::Table(keys, required) => return check_one_table(&name, value, keys, required, &format!("{key} = {example}")),
        ValueKind::Tables(_) => return check_tables(&name, value, kind, &format!("{key} = {example}")),
        _ => {}
    }
    let found = value.get_ref();
    if fits(kind, found) {
        return None;
    }
    let written = probable_value(kind, key, found).unwrap_or_else(|| example.to_owned());
    Some(SettingProblem {
        span: value.span(),
        message: format!(
            "`{name}` must be {}, and is {}",
            kind.describe(),
            describe_mismatch(found, kind)
        ),
        fix: format!("write it like `{key} = {}`", shortened(&written)),
        is_unknown: false,
    })
}

/// Whether `value` is one of `kind`. Tables are checked elsewhere.
fn fits(kind: ValueKind, value: &DeValue<'_>) -> bool {
    let text = value.as_str();
    match kind {
        ValueKind::Text => text.is_some(),
        ValueKind::Flag => value.is_bool(),
        ValueKind::Number(least, most) => whole_number(value).is_some_and(|number| (least..=most).contains(&number)),
        ValueKind::Seconds => seconds(value).is_some_and(|seconds| (0.001..=86_400.0).contains(&seconds)),
        ValueKind::Word(words) => text.is_some_and(|text| words.contains(&text)),
        ValueKind::Address => text.is_some_and(|text| Url::parse(text).is_ok()),
        ValueKind::Colour => text.is_some_and(|text| Colour::parse(text).is_some()),
        ValueKind::Texts => value
            .as_array()
            .is_some_and(|list| list.iter().all(|one| one.get_ref().is_str())),
        ValueKind::Addresses => value
            .as_array()
            .is_some_and(|list| list.iter().all(|one| fits(ValueKind::Address, one.get_ref()))),
        ValueKind::Networks => value
            .as_array()
            .is_some_and(|list| list.iter().all(|one| one.get_ref().as_str().is_some_and(is_network))),
        ValueKind::Table(..) | ValueKind::Tables(_) => true,
    }
}

/// The value that was probably meant by `value`, which does not fit `kind`.
fn probable_value(kind: ValueKind, key: &str, value: &DeValue<'_>) -> Option<String> {
    let text = value.as_str();
    match kind {
        ValueKind::Address => text
            .filter(|text| text.contains('.') && !text.contains("://") && !text.starts_with(['/', '.']))
            .map(|text| format!("\"https://{text}\"")),
        ValueKind::Number(..) => text
            .and_then(|text| text.parse::<u64>().ok())
            .map(|number| number.to_string()),
        ValueKind::Seconds => text
            .map(|text| text.trim_end_matches('s').trim_end())
            .filter(|text| text.parse::<f64>().is_ok())
            .map(str::to_owned),
        ValueKind::Flag => text.and_then(|text| match text {
            "yes" | "on" | "true" | "1" => Some("true".to_owned()),
            "no" | "off" | "false" | "0" => Some("false".to_owned()),
            _ => None,
        }),
        ValueKind::Texts => text.map(|text| format!("[\"{text}\"]")),
        ValueKind::Addresses if fits(ValueKind::Address, value) => text.map(|text| format!("[\"{text}\"]")),
        ValueKind::Addresses => {
            let mut wrong = value.as_array().into_iter().flatten().map(Spanned::get_ref);
            let one = wrong.find(|one| !fits(ValueKind::Address, one)).unwrap_or(value);
            probable_value(ValueKind::Address, key, one).map(|address| format!("[{address}]"))
        }
        ValueKind::Text if WORDING.contains(&key) => whole_number(value).map(|number| format!("\"{number}\"")),
        ValueKind::Networks => {
            let one = text.or_else(|| {
                value
                    .as_array()?
                    .iter()
                    .find_map(|one| one.get_ref().as_str().filter(|text| !is_network(text)))
            });
            one.and_then(network).map(|network| format!("[\"{network}\"]"))
        }
        _ => None,
    }
}

/// The problem with a table that may have the texts `keys`. The first `required` ones are required.
fn check_one_table(
    name: &str,
    value: &Spanned<DeValue<'_>>,
    keys: &[&'static str],
    required: usize,
    example: &str,
) -> Option<SettingProblem> {
    let wrong = |span, message, is_unknown| {
        let fix = format!("write it like `{example}`");
        Some(SettingProblem {
            span,
            message,
            fix,
            is_unknown,
        })
    };
    let DeValue::Table(table) = value.get_ref() else {
        let message = format!("`{name}` must be a table, and is {}", describe_value(value.get_ref()));
        return wrong(value.span(), message, false);
    };
    for (key, value) in table {
        let word = key.get_ref().as_ref();
        if !keys.contains(&word) {
            let known = keys.join("`, `");
            let message = format!("there is no setting `{}` in `{name}`; it has `{known}`", shortened(word));
            return wrong(key.span(), message, true);
        }
        if !value.get_ref().is_str() {
            let message = format!(
                "`{word}` in `{name}` must be text in quotes, and is {}",
                describe_value(value.get_ref())
            );
            return wrong(value.span(), message, false);
        }
    }
    let missing = keys.iter().take(required).find(|key| !table.contains_key(**key))?;
    wrong(value.span(), format!("`{name}` has no `{missing}`"), false)
}

/// The problem with a list of tables of this kind.
fn check_tables(name: &str, value: &Spanned<DeValue<'_>>, kind: ValueKind, example: &str) -> Option<SettingProblem> {
    let ValueKind::Tables(keys) = kind else { return None };
    let example = if name.starts_with('[') {
        "[[redirect]]`, and below it `from = \"/old\"` and `to = \"/new\""
    } else {
        example
    };
    let DeValue::Array(list) = value.get_ref() else {
        return Some(SettingProblem {
            span: value.span(),
            message: format!(
                "`{name}` must be {}, and is {}",
                kind.describe(),
                describe_value(value.get_ref())
            ),
            fix: format!("write `{example}`"),
            is_unknown: false,
        });
    };
    list.iter()
        .find_map(|one| check_one_table(name, one, keys, keys.len(), example))
}

fn whole_number(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer()?;
    u64::from_str_radix(number.as_str().trim_start_matches('+'), number.radix()).ok()
}

fn seconds(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .and_then(|number| i32::try_from(number).ok())
            .map(f64::from),
        _ => None,
    }
}

fn is_network(text: &str) -> bool {
    text.parse::<ipnet::IpNet>().is_ok()
}

/// The network of one address.
fn network(text: &str) -> Option<ipnet::IpNet> {
    let with = |length: &str| format!("{text}/{length}").parse().ok();
    text.parse().ok().or_else(|| with("32")).or_else(|| with("128"))
}

/// `value` in words, to complete "and is".
fn describe_value(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text \"{}\"", shortened(text)),
        DeValue::Integer(number) => format!("the number {}", shortened(number.as_str())),
        DeValue::Float(number) => format!("the number {}", shortened(number.as_str())),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// The part of `value` that does not fit `kind`, to complete "and is".
fn describe_mismatch(value: &DeValue<'_>, kind: ValueKind) -> String {
    match (value, kind) {
        (DeValue::Array(list), ValueKind::Texts | ValueKind::Addresses | ValueKind::Networks) => {
            let fits = |one: &&Spanned<DeValue<'_>>| match kind {
                ValueKind::Texts => one.get_ref().is_str(),
                ValueKind::Addresses => self::fits(ValueKind::Address, one.get_ref()),
                _ => one.get_ref().as_str().is_some_and(is_network),
            };
            let other = list.iter().find(|one| !fits(one));
            other.map_or_else(
                || describe_value(value),
                |other| format!("a list with {} in it", describe_value(other.get_ref())),
            )
        }
        _ => describe_value(value),
    }
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// `` `a`, `b` and `c` ``.
fn join_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The setting of any table with the key `word`, or with `word` as its name in other programs.
fn setting_in_any_table(word: &str) -> Option<&'static Setting> {
    let plain = normalized(word);
    let ours = OTHER_NAMES.iter().find(|(other, _)| *other == plain).map(|(_, ours)| *ours);
    let same = |setting: &&Setting| self::normalized(setting.key) == plain || Some(setting.key) == ours;
    SETTINGS.iter().find(same)
}

/// `word` in lower case, without `_` and `-`.
fn normalized(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .collect::<String>()
        .to_lowercase()
}

/// The one of `names` that `word` probably misspells: the same except for case and hyphens, or with one or two other letters.
fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = normalized(word);
    if word.len() > LONGEST_SHOWN {
        return None;
    }
    let near = |name: &'a str| {
        let plain = normalized(name);
        let distance = distance(&word, &plain);
        let bound = if plain.chars().count() < 6 { 1 } else { 2 };
        (distance <= bound).then_some((distance, name))
    };
    names
        .filter_map(near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The Levenshtein distance of two words.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, c) in one.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, d) in other.iter().enumerate() {
            let exchanged = diagonal + usize::from(c != *d);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// The position in `text` of the value with the problem.
fn span_of(mistake: &InvalidSetting, text: &str) -> Option<Range<usize>> {
    let file = DeTable::parse(text).ok()?;
    let mut parts = mistake.key.split('.');
    let mut value = file.get_ref().get(parts.next()?)?;
    for part in parts {
        value = step(value, mistake.at, part)?;
    }
    match (value.get_ref(), mistake.at) {
        (DeValue::Array(list), Some(at)) => list.get(at).map(Spanned::span),
        _ => Some(value.span()),
    }
}

fn step<'a, 'i>(value: &'a Spanned<DeValue<'i>>, at: Option<usize>, part: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    let table = match value.get_ref() {
        DeValue::Array(list) => element(list, at?)?,
        other => other.as_table()?,
    };
    table.get(part)
}

fn element<'a, 'i>(list: &'a DeArray<'i>, at: usize) -> Option<&'a DeTable<'i>> {
    list.get(at)?.get_ref().as_table()
}
