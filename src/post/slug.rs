//! Reads the properties of a post from its path ([`parse_path`]): date, name, slug, language, section, draft.
//!
//! It supports the conventions of Jekyll, Hugo, Zola, Eleventy, Hexo, Docusaurus, Blot and Obsidian, all at once. It does not look at the
//! file's content, and does not decide which files are posts: an extension that is not Markdown's stays part of the name.
//!
//! ```
//! use feedmill::post::slug::{parse_path, slugify};
//!
//! let path = parse_path("notes/2026-01-31-Hello World.fr.md".into());
//! assert_eq!(path.date.as_deref(), Some("2026-01-31"));
//! assert_eq!(path.name, "Hello World");
//! assert_eq!(path.slug, "hello-world");
//! assert_eq!(path.language.as_deref(), Some("fr"));
//! assert_eq!(path.section.as_deref(), Some("notes"));
//!
//! assert_eq!(slugify("Straße nach Øresund"), "strasse-nach-oresund");
//! ```

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use camino::Utf8Path;

use crate::source_file::file_type::without_text_ending;

/// The properties of a post in its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathName {
    /// The date in the file's name or path, as text for `date::parse`: `2026-01-31`, `2026-01-31T10:20:30`.
    pub date: Option<String>,
    /// The name without date, language and extension, as written: `Hello World`.
    pub name: String,
    /// The slug made from the name.
    pub slug: String,
    /// The language in the file's name: `fr` of `hello.fr.md`.
    pub language: Option<String>,
    /// The top folder, if it is a subject: not `_posts`, not a date, and not a bundle's own folder.
    pub section: Option<String>,
    /// Whether it is in a folder of drafts (`_drafts`, `Drafts`).
    pub draft: bool,
}

/// Parses the path of a post, relative to the posts folder.
#[must_use]
pub fn parse_path(path: &Utf8Path) -> PathName {
    let mut folders: Vec<&str> = path.components().map(|part| part.as_str()).collect();
    let file = folders.pop().unwrap_or_default();
    let draft = folders.iter().any(|folder| is_drafts(folder));
    let (stem, language) = split_language(without_text_ending(file));
    let bundle = folders
        .last()
        .filter(|folder| stem == "index" && !is_posts(folder) && !is_drafts(folder));
    // a bundle has the name of its folder; if that is a day, it has the whole date of the folders
    let (date, name) = match bundle {
        Some(folder) if is_number(folder) => (None, dashed_date(&folders).unwrap_or_else(|| (*folder).to_owned())),
        Some(folder) => owned(split_date(folder)),
        None => owned(split_date(stem)),
    };
    let date = date
        .or_else(|| folders.iter().rev().find_map(|folder| split_date(folder).0))
        .or_else(|| dashed_date(&folders));
    if bundle.is_some() {
        folders.pop();
    }
    let section = folders.into_iter().find(|folder| is_section(folder)).map(str::to_owned);
    let slug = Some(slugify(&name))
        .filter(|slug| !slug.is_empty())
        .unwrap_or_else(|| hash_slug(&name));
    PathName {
        date,
        name,
        slug,
        language,
        section,
        draft,
    }
}

/// In bytes. Longer slugs are cut between two words.
const LONGEST_SLUG: usize = 120;

/// Returns `text` as a slug: ASCII, lower case, words joined by `-`; empty if nothing is left.
///
/// Other scripts are transliterated to Latin letters, apostrophes are removed, every other sign separates two words.
#[must_use]
pub fn slugify(text: &str) -> String {
    let text = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        deunicode::deunicode(text).into()
    };
    let mut slug = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if c != '\'' && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    if let Some((kept, _)) = slug.split_at_checked(LONGEST_SLUG) {
        let end = kept
            .rfind('-')
            .filter(|_| slug.as_bytes().get(LONGEST_SLUG).is_some_and(u8::is_ascii_alphanumeric));
        slug.truncate(end.unwrap_or(LONGEST_SLUG));
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Returns a title made from the `name` of a file: `Hello world` for `hello-world`.
///
/// A name with spaces is a title already, a date or a version stays as it is, and `iPhone` keeps its spelling.
#[must_use]
pub(super) fn title_from_name(name: &str) -> String {
    let name = name.trim();
    if name.contains(char::is_whitespace) || !name.contains(char::is_alphabetic) {
        return name.to_owned();
    }
    let words: Vec<&str> = name.split(['-', '_']).filter(|word| !word.is_empty()).collect();
    let title = words.join(" ");
    let spelled = words.first().is_some_and(|word| word.contains(char::is_uppercase));
    let mut chars = title.chars();
    match chars.next() {
        Some(first) if !spelled => first.to_uppercase().chain(chars).collect(),
        _ => title,
    }
}

/// A slug for a name without letters and digits: always the same one.
fn hash_slug(name: &str) -> String {
    blake3::hash(name.as_bytes()).to_hex().chars().take(12).collect()
}

pub(super) fn is_posts(folder: &str) -> bool {
    folder == "_posts"
}

pub(super) fn is_drafts(folder: &str) -> bool {
    folder.eq_ignore_ascii_case("_drafts") || folder.eq_ignore_ascii_case("drafts")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_section(folder: &str) -> bool {
    let is_date = matches!(split_date(folder), (Some(_), name) if name == folder);
    !is_posts(folder) && !is_drafts(folder) && !is_number(folder) && !is_date
}

/// The languages of ISO 639-1 without `io` and `ts`: a file is more likely about `crates.io` or `index.ts` than written in Ido or Tsonga.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee \
    el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik is it iu ja jv ka kg ki kj \
    kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj \
    om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr tt \
    tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// The scripts (ISO 15924) that distinguish two written forms of one language.
const SCRIPTS: [&str; 5] = ["Arab", "Cyrl", "Hans", "Hant", "Latn"];

/// Splits `hello.fr`, `hello.pt-BR` or `hello.zh-Hans` into the name and the language, in the spelling of RFC 5646 (section 2.1.1).
fn split_language(stem: &str) -> (&str, Option<String>) {
    let language = |tag: &str| {
        let (language, subtag) = tag
            .split_once('-')
            .map_or((tag, None), |(language, subtag)| (language, Some(subtag)));
        if !LANGUAGES.split(' ').any(|known| known == language) {
            return None;
        }
        match subtag {
            None => Some(language.to_owned()),
            Some(region) if region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                Some(format!("{language}-{}", region.to_ascii_uppercase()))
            }
            Some(other) => SCRIPTS
                .iter()
                .find(|script| script.eq_ignore_ascii_case(other))
                .map(|script| format!("{language}-{script}")),
        }
    };
    match stem.rsplit_once('.') {
        Some((name, tag)) if !name.is_empty() => language(tag).map_or((stem, None), |language| (name, Some(language))),
        _ => (stem, None),
    }
}

fn owned((date, name): (Option<String>, &str)) -> (Option<String>, String) {
    (date, name.to_owned())
}

/// The date in folders of a year, a month and a day: `blog/2024/05/06`.
fn dashed_date(folders: &[&str]) -> Option<String> {
    folders.windows(3).rev().find_map(|days| match *days {
        [year, month, day] if year.len() == 4 && month.len() <= 2 && day.len() <= 2 => {
            let written = format!("{year}-{month}-{day}");
            let (date, rest) = day_at_start(&written)?;
            rest.is_empty().then_some(date)
        }
        _ => None,
    })
}

/// The date at the start of `name`, and the name without it; the whole name if it is only a date.
///
/// The numbers must be possible for a month and a day: `2020-20-20-vision` has no date, `2017-02-29-x` has one that does not exist.
fn split_date(name: &str) -> (Option<String>, &str) {
    let Some((day, after_day)) = day_at_start(name) else {
        return (None, name);
    };
    let (time, after) = time_at_start(after_day).map_or((None, after_day), |(time, after)| (Some(time), after));
    let date = time.map_or_else(|| day.clone(), |time| format!("{day}T{time}"));
    let rest = after.trim_start();
    let rest = rest.strip_prefix(['-', '_']).unwrap_or(rest).trim_start();
    // a year of two digits is a date only in Jekyll's names, which continue after the date
    let short_year = name.find('-') == Some(2);
    match after.chars().next() {
        None if !short_year => (Some(date), name),
        Some('-' | '_' | ' ') if !rest.is_empty() => (Some(date), rest),
        _ => (None, name),
    }
}

/// Parses `2026-01-31`, `2026-1-31` or `26-01-31` into a date with four digits for the year and two for month and day, and the rest.
fn day_at_start(text: &str) -> Option<(String, &str)> {
    let (year, rest) = digits(text, 2..=4, 0..=9999)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 1..=2, 1..=12)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 1..=2, 1..=31)?;
    let year = match text.find('-')? {
        // as in Ruby, and so in Jekyll
        2 if year < 69 => 2000 + year,
        2 => 1900 + year,
        4 => year,
        _ => return None,
    };
    Some((format!("{year:04}-{month:02}-{day:02}"), rest))
}

/// Parses `-10-20-30`, `T10:20:30`, `T10-20-30` or ` 10.20.30`, the last three with or without a zone, and returns the rest too.
fn time_at_start(text: &str) -> Option<(String, &str)> {
    let lead = text.chars().next().filter(|lead| matches!(lead, '-' | '_' | 'T' | ' '))?;
    let part = |text, most| digits(text, 2..=2, 0..=most);
    let between = |text: &'_ str| {
        text.strip_prefix(['-', ':', '.', '_'])
            .map(str::len)
            .map(|length| text.len() - length)
    };
    let (hour, rest) = part(text.get(lead.len_utf8()..)?, 23)?;
    let (minute, rest) = part(rest.get(between(rest)?..)?, 59)?;
    let (second, rest) = part(rest.get(between(rest)?..)?, 60)?;
    let (zone, rest) = zone_at_start(rest);
    Some((format!("{hour:02}:{minute:02}:{second:02}{zone}"), rest))
}

/// Splits off `Z` or `+02:00`, if there is one. A minus belongs to a zone only if a colon follows the hours; otherwise it separates time
/// and name.
fn zone_at_start(text: &str) -> (&str, &str) {
    let length = if text.starts_with('Z') {
        1
    } else if let [b'+' | b'-', a, b, b':', c, d, ..] = *text.as_bytes()
        && [a, b, c, d].iter().all(u8::is_ascii_digit)
    {
        6
    } else {
        0
    };
    text.split_at_checked(length).unwrap_or(("", text))
}

/// The number at the start of `text`, if its length and size are in these ranges, and the rest.
fn digits(text: &str, lengths: RangeInclusive<usize>, sizes: RangeInclusive<u16>) -> Option<(u16, &str)> {
    let length = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(length)?;
    let number = number.parse().ok().filter(|number| sizes.contains(number))?;
    lengths.contains(&length).then_some((number, rest))
}
