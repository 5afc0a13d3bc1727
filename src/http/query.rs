//! Parses the parameters of the JSON listing.

use url::form_urlencoded;

use crate::index::Filter;
use crate::index::cursor::{Cursor, Order};
use crate::index::search::SearchQuery;
use crate::site::listing::{Query, QueryPart};
use crate::time::Timestamp;

/// The longest query that is answered, in bytes.
pub(super) const LONGEST_QUERY: usize = 4096;
/// The most posts of one page of the listing.
pub const MAX_PER_PAGE: usize = 200;

const NAMES: &str = "page, after, since, per_page, tag, author, section, lang, year, q, include";

/// Parses the query `text`. `per_page` is the default of that parameter.
///
/// # Errors
///
/// A message for the client: what is wrong, and what is possible.
pub fn parse_listing_query(text: &str, per_page: usize) -> Result<Query, String> {
    let mut query = Query {
        filter: Filter::default(),
        part: QueryPart::Page(1),
        per_page,
        with_content: false,
        kept: Vec::new(),
    };
    let mut parameters = PartParameters::default();
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if seen.iter().any(|known| *known == name) {
            return Err(format!("`{name}` is given more than once"));
        }
        let filter = &mut query.filter;
        match &*name {
            "page" => parameters.page = Some(number(&name, &value, usize::MAX)?),
            "after" => parameters.after = Some(word(&name, &value)?),
            "since" => parameters.since = Some(word(&name, &value)?),
            "q" => parameters.words = Some(SearchQuery::parse(&word(&name, &value)?)?),
            "per_page" => query.per_page = number(&name, &value, MAX_PER_PAGE)?,
            "tag" => filter.tag = Some(word(&name, &value)?),
            "author" => filter.author = Some(word(&name, &value)?),
            "section" => filter.section = Some(word(&name, &value)?),
            "lang" => filter.language = Some(word(&name, &value)?),
            "year" => {
                let year = value.parse().ok().filter(|year| (1..=9999).contains(year));
                filter.year = Some(year.ok_or("`year` is a number from 1 to 9999")?);
            }
            "include" if value == "content" => query.with_content = true,
            "include" => return Err("`include` is `content`".to_owned()),
            _ => return Err(format!("there is no parameter `{}`; there are {NAMES}", shown(&name))),
        }
        if !matches!(&*name, "page" | "after" | "since" | "per_page") {
            query.kept.push((name.to_string(), value.into_owned()));
        }
        seen.push(name.into_owned());
    }
    query.part = parameters.part(&query.filter)?;
    Ok(query)
}

/// The parameters that choose a part of the listing.
#[derive(Default)]
struct PartParameters {
    page: Option<usize>,
    after: Option<String>,
    since: Option<String>,
    words: Option<SearchQuery>,
}

impl PartParameters {
    fn part(self, filter: &Filter) -> Result<QueryPart, String> {
        match self {
            PartParameters {
                page,
                after: None,
                since: None,
                words,
            } => {
                let page = page.unwrap_or(1);
                Ok(words.map_or(QueryPart::Page(page), |words| QueryPart::Search(words, page)))
            }
            PartParameters { words: Some(_), .. } => {
                Err("`q` goes with `page` alone: what it finds is ordered by how well it fits".to_owned())
            }
            PartParameters {
                page: None,
                after: Some(after),
                since: None,
                ..
            } => cursor("after", &after, Order::Newest, filter).map(QueryPart::After),
            PartParameters {
                page: None,
                after: None,
                since: Some(since),
                ..
            } => match instant(&since) {
                Some(instant) => Ok(QueryPart::Since(instant)),
                None => cursor("since", &since, Order::Changed, filter).map(QueryPart::SinceCursor),
            },
            _ => Err("only one of `page`, `after` and `since` can be given".to_owned()),
        }
    }
}

/// Parses a cursor. It must come from a response to a query with the same filters.
fn cursor(name: &str, text: &str, order: Order, filter: &Filter) -> Result<Cursor, String> {
    let what = match order {
        Order::Newest => "the `cursor` of an earlier answer",
        Order::Changed => "an instant like 2026-01-31T09:00:00Z (RFC 3339) or the `cursor` of an earlier answer to `since`",
    };
    let cursor = Cursor::parse(text).ok_or_else(|| format!("`{name}` is {what}"))?;
    if cursor.belongs_to(order, filter) {
        Ok(cursor)
    } else {
        Err(format!(
            "this cursor belongs to another query: `{name}` is {what} with the same filters"
        ))
    }
}

/// Parses an instant (RFC 3339). A space is the `+` of an offset that was not percent-encoded.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let text = text.replace(' ', "+");
    let is_at = |at: usize, allowed: &[u8]| text.as_bytes().get(at).is_some_and(|byte| allowed.contains(byte));
    // jiff accepts more than RFC 3339
    let looks_right = is_at(4, b"-") && is_at(7, b"-") && is_at(10, b"Tt") && is_at(13, b":") && is_at(16, b":");
    if looks_right && !text.contains('[') {
        text.parse().ok()
    } else {
        None
    }
}

fn number(name: &str, value: &str, most: usize) -> Result<usize, String> {
    let number = value.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| {
        if most == usize::MAX {
            format!("`{name}` is a number from 1 on")
        } else {
            format!("`{name}` is a number from 1 to {most}")
        }
    })
}

fn word(name: &str, value: &str) -> Result<String, String> {
    if value.trim().is_empty() {
        Err(format!("`{name}` needs a value"))
    } else {
        Ok(value.to_owned())
    }
}

/// Returns the beginning of an unknown name, for a message.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_possible_is_read() {
        let query = parse_listing_query("page=5&tag=c%2B%2B&per_page=200&year=2024&lang=en&include=content", 8).unwrap();
        assert_eq!(
            (query.part, query.per_page, query.with_content),
            (QueryPart::Page(5), 200, true)
        );
        assert_eq!((query.filter.tag.as_deref(), query.filter.year), (Some("c++"), Some(2024)));
        let kept: Vec<_> = query.kept.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(kept, ["tag", "year", "lang", "include"]);
        let nothing = parse_listing_query("", 8).unwrap();
        assert_eq!(
            (nothing.part, nothing.per_page, nothing.with_content),
            (QueryPart::Page(1), 8, false)
        );
        let words = SearchQuery::parse("sea \"green kelp\"").unwrap();
        let search = parse_listing_query("q=sea+%22green%20kelp%22&page=2&tag=x", 8).unwrap();
        assert_eq!(search.part, QueryPart::Search(words, 2));
        assert_eq!(search.kept[0], ("q".to_owned(), "sea \"green kelp\"".to_owned()));
    }

    #[test]
    fn instants() {
        let cases = [
            ("2026-01-31T09:00:00Z", Some("2026-01-31T09:00:00Z")),
            ("2026-01-31t09:00:00.5z", Some("2026-01-31T09:00:00.5Z")),
            ("2026-01-31T09:00:00%2B02:00", Some("2026-01-31T07:00:00Z")),
            ("2026-01-31T09:00:00+02:00", Some("2026-01-31T07:00:00Z")),
            ("2026-01-31T09:00:00-02:00", Some("2026-01-31T11:00:00Z")),
            ("2026-01-31", None),
            ("2026-01-31T09Z", None),
            ("2026-01-31T09:00:00", None),
            ("2026-01-31T09:00:00%2B02:00[Europe/Berlin]", None),
            ("2026-02-30T09:00:00Z", None),
            ("1769850000", None),
            ("yesterday", None),
        ];
        for (text, expected) in cases {
            let part = parse_listing_query(&format!("since={text}"), 8).map(|query| query.part);
            match expected {
                Some(expected) => assert_eq!(part, Ok(QueryPart::Since(expected.parse().unwrap())), "{text}"),
                None => assert!(
                    part.unwrap_err()
                        .starts_with("`since` is an instant like 2026-01-31T09:00:00Z"),
                    "{text}"
                ),
            }
        }
    }

    #[test]
    fn what_is_not_says_what_would_be() {
        let long = format!("q={}", "x".repeat(201));
        let cases = [
            ("page=0", "`page` is a number from 1 on"),
            ("page=-1", "`page` is a number from 1 on"),
            ("page=abc", "`page` is a number from 1 on"),
            ("page=1e9", "`page` is a number from 1 on"),
            ("page=99999999999999999999999999", "`page` is a number from 1 on"),
            ("per_page=0", "`per_page` is a number from 1 to 200"),
            ("per_page=201", "`per_page` is a number from 1 to 200"),
            ("year=x", "`year` is a number from 1 to 9999"),
            ("year=0", "`year` is a number from 1 to 9999"),
            ("tag=", "`tag` needs a value"),
            ("q=+", "`q` needs a value"),
            ("q=!%3F", "`q` needs a word to look for"),
            (&long, "`q` has at most 200 characters"),
            ("q=a+b+c+d+e+f+g+h+i", "`q` has at most 8 words"),
            ("include=all", "`include` is `content`"),
            ("page=1&page=2", "`page` is given more than once"),
            ("after=x&page=2", "only one of `page`, `after` and `since` can be given"),
            ("after=x&since=y", "only one of `page`, `after` and `since` can be given"),
            ("after=x", "`after` is the `cursor` of an earlier answer"),
            ("after=2026-01-31T09:00:00Z", "`after` is the `cursor` of an earlier answer"),
            (
                "q=x&after=x",
                "`q` goes with `page` alone: what it finds is ordered by how well it fits",
            ),
            (
                "tga=x",
                "there is no parameter `tga`; there are page, after, since, per_page, tag, author, section, lang, year, q, include",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_listing_query(text, 8).unwrap_err(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_possible(text in "[a-z_]{0,8}=\\PC{0,60}|((page|per_page|after|since|q|tag|year|include)=[-a-zA-Z0-9%+:\"é日 ]{0,24}&?){0,4}|\\PC{0,200}") {
            if let Ok(query) = parse_listing_query(&text, 8) {
                prop_assert!((1..=MAX_PER_PAGE).contains(&query.per_page));
                prop_assert!(query.kept.len() <= 7);
                prop_assert!(!matches!(query.part, QueryPart::Page(0) | QueryPart::Search(_, 0)));
            }
        }
    }
}
