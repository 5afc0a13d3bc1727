//! Explains what is wrong with a configuration file: the place, the setting, what it needs, and what to write.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};
use url::Url;

use super::Colour;
use super::schema::{Kind, REDIRECT, SETTINGS, Setting, TABLES, find};
use crate::diagnostic::{Diagnostic, Position, Severity};

/// A value in the file that is longer than this is cut in a message, in characters.
const LONGEST_SHOWN: usize = 60;

/// Settings that can be any text, a number too.
const WORDING: [&str; 4] = ["title", "description", "copyright", "footer"];
/// What other programs call some settings.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("url", "base_url"),
    ("address", "base_url"),
    ("name", "title"),
    ("lang", "language"),
    ("port", "listen"),
    ("host", "listen"),
];

/// Something wrong with the value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting: `feed.limit`.
    pub key: &'static str,
    /// Which one of a list of tables is meant, from 0.
    pub at: Option<usize>,
    /// What is wrong, naming the setting.
    pub message: String,
    /// What to do about it, in the imperative.
    pub fix: String,
}

impl Mistake {
    /// A mistake in the setting `key`.
    pub(super) fn new(key: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Mistake {
        Mistake {
            key,
            at: None,
            message: message.into(),
            fix: fix.into(),
        }
    }

    /// Its diagnostic in the file at `path` with this `text`.
    pub(super) fn diagnostic(&self, path: &camino::Utf8Path, text: &str) -> Diagnostic {
        let diagnostic = Diagnostic::new(Severity::Error, "config", path, &self.message).mend(&self.fix);
        match place_of(self, text) {
            Some(span) => placed(diagnostic, text, &span),
            None => diagnostic,
        }
    }
}

/// A mistake found in the file itself, and where.
struct Found {
    span: Range<usize>,
    message: String,
    fix: String,
    /// The setting is not known here. It may be known to the types.
    is_unknown: bool,
}

/// The diagnostic of `text`, the configuration file at `path`, that `error` made unreadable; with no error, of a value that was read as
/// something else than was written.
pub(super) fn diagnostic(path: &camino::Utf8Path, text: &str, error: Option<&toml::de::Error>) -> Option<Diagnostic> {
    let new = |message: &str, fix: &str| Diagnostic::new(Severity::Error, "config", path, message).mend(fix);
    match (DeTable::parse(text), error) {
        (Ok(table), error) => match (file(table.get_ref()), error) {
            (Some(found), Some(_)) => Some(placed(new(&found.message, &found.fix), text, &found.span)),
            (Some(found), None) if !found.is_unknown => Some(placed(new(&found.message, &found.fix), text, &found.span)),
            (None, Some(error)) => {
                let diagnostic = new(
                    first_line(error.message()),
                    "see the guide, \"Every setting\", for what it needs",
                );
                Some(
                    error
                        .span()
                        .map_or(diagnostic.clone(), |span| placed(diagnostic, text, &span)),
                )
            }
            (_, None) => None,
        },
        (Err(error), _) => {
            let span = error.span().unwrap_or(0..0);
            let (message, fix) = syntax(first_line(error.message()), text, span.start);
            Some(placed(new(&message, fix), text, &span))
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("this is not TOML")
}

fn placed(diagnostic: Diagnostic, text: &str, span: &Range<usize>) -> Diagnostic {
    let marked = text.get(span.clone()).and_then(|marked| marked.lines().next()).unwrap_or("");
    diagnostic.at(text, Position::of(text, span.start), marked.chars().count())
}

/// What is wrong with the line of `text` at `offset`, which the parser calls `message`, and what to do about it.
fn syntax(message: &str, text: &str, offset: usize) -> (String, &'static str) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or("").trim();
    let said = |message: &str, fix| (message.to_owned(), fix);
    if message.starts_with("duplicate key") {
        return said("this name was used before", "remove one of the two, or join them");
    }
    if line.starts_with('[') {
        return said(
            "this table's name is not closed correctly",
            "write `[name]`, or `[[name]]` where there can be several",
        );
    }
    let Some((key, value)) = line.split_once('=') else {
        if line.contains(':') {
            return said("a setting is written with `=`, not with `:`", "write `name = \"value\"`");
        }
        return said(
            "this is no setting",
            "write `name = \"value\"`, or put a `#` before a comment",
        );
    };
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() {
        return said("there is no name before the `=`", "write `name = \"value\"`");
    }
    if value.is_empty() {
        return said(
            "there is no value after the `=`",
            "write one, text in quotes, or remove the line",
        );
    }
    if value.starts_with(['"', '\'']) {
        return said(
            &format!("this text is not closed, or something follows it ({message})"),
            "put the whole text between two `\"`, and write `\\\"` for one inside",
        );
    }
    if matches!(
        value.to_ascii_lowercase().as_str(),
        "yes" | "no" | "on" | "off" | "true" | "false"
    ) {
        return said(
            "this is neither text nor `true` or `false`",
            "write `true` or `false`, in lower case",
        );
    }
    if value.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '#' | '.' | '*')) {
        return said("text must be in quotes", "write `\"` before and after the value");
    }
    (
        format!("this is not TOML: {message}"),
        "correct the line; https://toml.io shows how values are written",
    )
}

/// The first mistake in the file.
fn file(file: &DeTable<'_>) -> Option<Found> {
    let mut names: Vec<_> = file.iter().collect();
    names.sort_by_key(|(name, _)| name.span().start);
    names.into_iter().find_map(|(name, value)| {
        let word = name.get_ref().as_ref();
        if word == "redirect" {
            return tables("[[redirect]]", value, REDIRECT, "[[redirect]]");
        }
        if !TABLES.contains(&word) {
            return Some(unknown_table(name, word, value));
        }
        match value.get_ref() {
            DeValue::Table(settings) => table(word, settings),
            _ => Some(Found {
                span: value.span(),
                message: format!("`{word}` must be a table"),
                fix: format!("write `[{word}]` on a line of its own, and its settings below it"),
                is_unknown: false,
            }),
        }
    })
}

fn unknown_table(name: &Spanned<Cow<'_, str>>, word: &str, value: &Spanned<DeValue<'_>>) -> Found {
    let is_table = value.get_ref().is_table() || value.get_ref().is_array();
    let (message, fix) = if let Some(near) = nearest(word, TABLES.into_iter()).filter(|_| is_table) {
        let brackets = if near == "redirect" {
            "[[redirect]]".to_owned()
        } else {
            format!("[{near}]")
        };
        (format!("there is no table `{}`", shown(word)), format!("write `{brackets}`"))
    } else if let Some(setting) = elsewhere(word).filter(|_| !is_table) {
        let Setting { table, key, .. } = setting;
        (
            format!("`{}` is outside of every table", shown(word)),
            format!("write `[{table}]` on a line before it, and the setting as `{key}`"),
        )
    } else {
        (
            format!("there is no setting or table `{}`", shown(word)),
            format!("remove it; the tables are {}", listed(TABLES.into_iter())),
        )
    };
    Found {
        span: name.span(),
        message,
        fix,
        is_unknown: true,
    }
}

/// The first mistake in the table `table` of the file.
fn table(table: &str, settings: &DeTable<'_>) -> Option<Found> {
    let mut keys: Vec<_> = settings.iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    keys.into_iter().find_map(|(key, value)| {
        let word = key.get_ref().as_ref();
        match find(table, word) {
            Some(setting) => value_of(setting, value),
            None => Some(unknown_setting(table, key.span(), word)),
        }
    })
}

fn unknown_setting(table: &str, span: Range<usize>, word: &str) -> Found {
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
    } else if let Some(setting) = elsewhere(word) {
        format!("write it as `{}` below `[{}]`", setting.key, setting.table)
    } else {
        format!("remove it; `[{table}]` has {}", listed(known()))
    };
    Found {
        span,
        message: format!("there is no setting `{table}.{}`", shown(word)),
        fix,
        is_unknown: true,
    }
}

/// What is wrong with the value of `setting`.
fn value_of(setting: &Setting, value: &Spanned<DeValue<'_>>) -> Option<Found> {
    let Setting {
        table,
        key,
        kind,
        example,
    } = *setting;
    let name = format!("{table}.{key}");
    match kind {
        Kind::Table(keys, required) => return one_table(&name, value, keys, required, &format!("{key} = {example}")),
        Kind::Tables(_) => return tables(&name, value, kind, &format!("{key} = {example}")),
        _ => {}
    }
    let found = value.get_ref();
    let text = found.as_str();
    let fits = match kind {
        Kind::Text => text.is_some(),
        Kind::Flag => found.is_bool(),
        Kind::Number(least, most) => whole_number(found).is_some_and(|number| (least..=most).contains(&number)),
        Kind::Seconds => seconds(found).is_some_and(|seconds| (0.001..=86_400.0).contains(&seconds)),
        Kind::Word(words) => text.is_some_and(|text| words.contains(&text)),
        Kind::Address => text.is_some_and(|text| Url::parse(text).is_ok()),
        Kind::Colour => text.is_some_and(|text| Colour::read(text).is_some()),
        Kind::Texts => found
            .as_array()
            .is_some_and(|list| list.iter().all(|one| one.get_ref().is_str())),
        Kind::Networks => found
            .as_array()
            .is_some_and(|list| list.iter().all(|one| one.get_ref().as_str().is_some_and(is_network))),
        Kind::Table(..) | Kind::Tables(_) => true,
    };
    if fits {
        return None;
    }
    // the value that was probably meant, where it can be told
    let meant = match kind {
        Kind::Address => text
            .filter(|text| text.contains('.') && !text.contains("://") && !text.starts_with(['/', '.']))
            .map(|text| format!("\"https://{text}\"")),
        Kind::Number(..) => text
            .and_then(|text| text.parse::<u64>().ok())
            .map(|number| number.to_string()),
        Kind::Seconds => text
            .map(|text| text.trim_end_matches('s').trim_end())
            .filter(|text| text.parse::<f64>().is_ok())
            .map(str::to_owned),
        Kind::Flag => text.and_then(|text| match text {
            "yes" | "on" | "true" | "1" => Some("true".to_owned()),
            "no" | "off" | "false" | "0" => Some("false".to_owned()),
            _ => None,
        }),
        Kind::Texts => text.map(|text| format!("[\"{text}\"]")),
        Kind::Text if WORDING.contains(&key) => whole_number(found).map(|number| format!("\"{number}\"")),
        Kind::Networks => {
            let one = text.or_else(|| {
                found
                    .as_array()?
                    .iter()
                    .find_map(|one| one.get_ref().as_str().filter(|text| !is_network(text)))
            });
            one.and_then(network).map(|network| format!("[\"{network}\"]"))
        }
        _ => None,
    };
    let written = meant.unwrap_or_else(|| example.to_owned());
    Some(Found {
        span: value.span(),
        message: format!("`{name}` must be {}, and is {}", kind.in_words(), what_is(found, kind)),
        fix: format!("write it like `{key} = {}`", shown(&written)),
        is_unknown: false,
    })
}

/// What is wrong with a table with these texts, of which the first `required` ones are needed.
fn one_table(name: &str, value: &Spanned<DeValue<'_>>, keys: &[&'static str], required: usize, example: &str) -> Option<Found> {
    let wrong = |span, message, is_unknown| {
        let fix = format!("write it like `{example}`");
        Some(Found {
            span,
            message,
            fix,
            is_unknown,
        })
    };
    let DeValue::Table(table) = value.get_ref() else {
        let message = format!("`{name}` must be a table, and is {}", in_words(value.get_ref()));
        return wrong(value.span(), message, false);
    };
    for (key, value) in table {
        let word = key.get_ref().as_ref();
        if !keys.contains(&word) {
            let known = keys.join("`, `");
            let message = format!("there is no setting `{}` in `{name}`; it has `{known}`", shown(word));
            return wrong(key.span(), message, true);
        }
        if !value.get_ref().is_str() {
            let message = format!(
                "`{word}` in `{name}` must be text in quotes, and is {}",
                in_words(value.get_ref())
            );
            return wrong(value.span(), message, false);
        }
    }
    let missing = keys.iter().take(required).find(|key| !table.contains_key(**key))?;
    wrong(value.span(), format!("`{name}` has no `{missing}`"), false)
}

/// What is wrong with a list of tables of this kind.
fn tables(name: &str, value: &Spanned<DeValue<'_>>, kind: Kind, example: &str) -> Option<Found> {
    let Kind::Tables(keys) = kind else { return None };
    let example = if name.starts_with('[') {
        "[[redirect]]`, and below it `from = \"/old\"` and `to = \"/new\""
    } else {
        example
    };
    let DeValue::Array(list) = value.get_ref() else {
        return Some(Found {
            span: value.span(),
            message: format!("`{name}` must be {}, and is {}", kind.in_words(), in_words(value.get_ref())),
            fix: format!("write `{example}`"),
            is_unknown: false,
        });
    };
    list.iter().find_map(|one| one_table(name, one, keys, keys.len(), example))
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

/// What `value` is, to complete "and is".
fn in_words(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text \"{}\"", shown(text)),
        DeValue::Integer(number) => format!("the number {}", shown(number.as_str())),
        DeValue::Float(number) => format!("the number {}", shown(number.as_str())),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// What `value` is, where a value of `kind` is needed.
fn what_is(value: &DeValue<'_>, kind: Kind) -> String {
    match (value, kind) {
        (DeValue::Array(list), Kind::Texts | Kind::Networks) => {
            let fits = |one: &&Spanned<DeValue<'_>>| match kind {
                Kind::Texts => one.get_ref().is_str(),
                _ => one.get_ref().as_str().is_some_and(is_network),
            };
            let other = list.iter().find(|one| !fits(one));
            other.map_or_else(
                || in_words(value),
                |other| format!("a list with {} in it", in_words(other.get_ref())),
            )
        }
        _ => in_words(value),
    }
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// `` `a`, `b` and `c` ``.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The setting of any table that `word` is the key of, as other tools write it too.
fn elsewhere(word: &str) -> Option<&'static Setting> {
    let plain = plain(word);
    let ours = OTHER_NAMES.iter().find(|(other, _)| *other == plain).map(|(_, ours)| *ours);
    let same = |setting: &&Setting| self::plain(setting.key) == plain || Some(setting.key) == ours;
    SETTINGS.iter().find(same)
}

/// `word` in lower case, without what other tools part words with.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .collect::<String>()
        .to_lowercase()
}

/// The one of `names` that `word` is a slip of: the same but for case and hyphens, or one or two letters away.
fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    if word.len() > LONGEST_SHOWN {
        return None;
    }
    let near = |name: &'a str| {
        let plain = plain(name);
        let distance = distance(&word, &plain);
        let bound = if plain.chars().count() < 6 { 1 } else { 2 };
        (distance <= bound).then_some((distance, name))
    };
    names
        .filter_map(near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters have to be put in, taken out or exchanged to make one of the other (Levenshtein).
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

/// Where the value that `mistake` is about is in `text`.
fn place_of(mistake: &Mistake, text: &str) -> Option<Range<usize>> {
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
