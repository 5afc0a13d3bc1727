//! Conditional requests (RFC 9110, section 13): a document that the client has already is not sent again.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, header};

use crate::time::Timestamp;

/// The result of the conditions of a GET or HEAD request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionResult {
    /// Answer as without conditions.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: the representation that the client wants is gone.
    PreconditionFailed,
}

/// Evaluates the conditions of a request for the representation with the tag `etag`, in quotes, that last changed at `modified`, in the
/// order of section 13.2.2.
#[must_use]
pub fn evaluate_conditions(headers: &HeaderMap, etag: &str, modified: Option<Timestamp>) -> ConditionResult {
    let text = |name: HeaderName| {
        let values = headers.get_all(name);
        move || values.iter().map(|value| value.to_str().unwrap_or_default())
    };
    if headers.contains_key(header::IF_MATCH) {
        // weak tags never match here (section 8.8.3.2)
        if !matches(text(header::IF_MATCH), |tag| tag == etag && !is_weak(tag)) {
            return ConditionResult::PreconditionFailed;
        }
    } else if let (Some(modified), Some(since)) = (modified, date(headers, &header::IF_UNMODIFIED_SINCE))
        && modified.as_second() > since
    {
        return ConditionResult::PreconditionFailed;
    }
    let mut held = headers.get_all(header::IF_NONE_MATCH).iter();
    if let Some(first) = held.next() {
        // nearly always it is the one tag that was sent, unchanged
        if first == etag && held.next().is_none() {
            return ConditionResult::NotModified;
        }
        let is_same = |tag: &str| is_same_or_suffixed(opaque(tag), opaque(etag));
        return if matches(text(header::IF_NONE_MATCH), is_same) {
            ConditionResult::NotModified
        } else {
            ConditionResult::Proceed
        };
    }
    match (modified, date(headers, &header::IF_MODIFIED_SINCE)) {
        (Some(modified), Some(since)) if modified.as_second() <= since => ConditionResult::NotModified,
        _ => ConditionResult::Proceed,
    }
}

/// Returns the tags in `If-None-Match`, without `W/`; none if it is no list of tags.
#[must_use]
pub fn if_none_match_tags(headers: &HeaderMap) -> Vec<&str> {
    let values = || {
        let values = headers.get_all(header::IF_NONE_MATCH).iter();
        values.map(|value| value.to_str().unwrap_or_default())
    };
    if is_any(values()) {
        return Vec::new();
    }
    tags(values())
        .collect::<Option<Vec<&str>>>()
        .map_or_else(Vec::new, |tags| tags.into_iter().map(opaque).collect())
}

fn is_weak(tag: &str) -> bool {
    tag.starts_with("W/")
}

/// Returns a tag without `W/`.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Whether the values of `If-Match` or `If-None-Match` are a single `*`.
fn is_any<'a>(mut values: impl Iterator<Item = &'a str>) -> bool {
    matches!((values.next(), values.next()), (Some(only), None) if only.trim() == "*")
}

/// Returns the tags in the values of `If-Match` or `If-None-Match`, unchanged; `None` where a value stops being a list.
fn tags<'a>(values: impl Iterator<Item = &'a str>) -> impl Iterator<Item = Option<&'a str>> {
    values.flat_map(|value| {
        let mut rest = Some(value.trim_matches([' ', '\t', ',']));
        std::iter::from_fn(move || {
            let list = rest.take().filter(|list| !list.is_empty())?;
            let read = split_first_tag(list);
            rest = read.map(|(_, after)| after);
            Some(read.map(|(tag, _)| tag))
        })
    })
}

/// Splits a list into its first tag and the rest.
fn split_first_tag(list: &str) -> Option<(&str, &str)> {
    let start = if is_weak(list) { 2 } else { 0 };
    let end = list.get(start..)?.strip_prefix('"')?.find('"')?;
    let (tag, after) = list.split_at_checked(start + end + 2)?;
    let after = after.trim_start_matches([' ', '\t']);
    (after.is_empty() || after.starts_with(',')).then(|| (tag, after.trim_start_matches([' ', '\t', ','])))
}

/// Whether the values are a single `*`, or a list with a tag for which `is_same` returns true. A malformed list matches nothing.
fn matches<'a, V: Iterator<Item = &'a str>>(values: impl Fn() -> V, is_same: impl Fn(&str) -> bool) -> bool {
    // to the end: what follows a tag may show that it is no list
    let found = || tags(values()).try_fold(false, |found, tag| tag.map(|tag| found || is_same(tag)));
    is_any(values()) || found() == Some(true)
}

/// Whether `tag` is `etag`, perhaps with a suffix of a proxy that compresses: `"x-gzip"`, `"x--gzip"`, `"x;br"`.
fn is_same_or_suffixed(tag: &str, etag: &str) -> bool {
    let (Some(tag), Some(etag)) = (inner(tag), inner(etag)) else {
        return false;
    };
    tag.strip_prefix(etag)
        .is_some_and(|suffix| matches!(suffix, "" | "-gzip" | "--gzip" | ";gzip" | ":gzip" | "-br" | "--br" | ";br"))
}

/// Returns a tag without its quotes.
fn inner(tag: &str) -> Option<&str> {
    tag.strip_prefix('"')?.strip_suffix('"')
}

/// Returns the date in the only value of the field `name`, in seconds since 1970, in any of the three forms of section 5.6.7.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    let since = httpdate::parse_http_date(value.to_str().ok()?)
        .ok()?
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// Formats `at` as an HTTP date; `None` before 1970.
#[must_use]
pub fn http_date(at: Timestamp) -> Option<String> {
    let since = Duration::from_secs(u64::try_from(at.as_second()).ok()?);
    Some(httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + since))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "Fri, 30 Jan 2026 09:00:00 GMT";
    const AT: &str = "Sat, 31 Jan 2026 09:00:00 GMT";
    const AFTER: &str = "Sun, 01 Feb 2026 09:00:00 GMT";

    fn evaluate(headers: &[(&str, &str)]) -> ConditionResult {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        evaluate_conditions(&map, "\"a\"", Some("2026-01-31T09:00:00.5Z".parse().unwrap()))
    }

    #[test]
    fn conditions_are_evaluated_in_their_order() {
        use ConditionResult::{NotModified, PreconditionFailed, Proceed};
        let cases: &[(&[(&str, &str)], ConditionResult)] = &[
            (&[], Proceed),
            (&[("if-none-match", "\"a\"")], NotModified),
            (&[("if-none-match", "W/\"a\"")], NotModified),
            (&[("if-none-match", "\"b\", W/\"a\" ,\"c\"")], NotModified),
            (&[("if-none-match", "\"b\""), ("if-none-match", "\"a\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"a\", *")], Proceed),
            (&[("if-none-match", "\"a-gzip\"")], NotModified),
            (&[("if-none-match", "\"a--gzip\"")], NotModified),
            (&[("if-none-match", "W/\"a;br\"")], NotModified),
            (&[("if-none-match", "\"a-other\"")], Proceed),
            (&[("if-none-match", "\"b\"")], Proceed),
            (&[("if-none-match", "a")], Proceed),
            (&[("if-none-match", "\"a")], Proceed),
            (&[("if-none-match", "\"x,\"a\"")], Proceed),
            (&[("if-none-match", "")], Proceed),
            (&[("if-none-match", ", ,")], Proceed),
            (&[("if-none-match", "\"b\""), ("if-modified-since", AFTER)], Proceed),
            (&[("if-modified-since", AFTER), ("if-none-match", "\"b\"")], Proceed),
            (&[("if-none-match", "\"a\""), ("if-modified-since", BEFORE)], NotModified),
            (&[("if-modified-since", BEFORE)], Proceed),
            (&[("if-modified-since", AT)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", "Saturday, 31-Jan-26 09:00:00 GMT")], NotModified),
            (&[("if-modified-since", "Sat Jan 31 09:00:00 2026")], NotModified),
            (&[("if-modified-since", "yesterday")], Proceed),
            (&[("if-modified-since", AT), ("if-modified-since", AT)], Proceed),
            (&[("if-match", "\"a\"")], Proceed),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", "W/\"a\"")], PreconditionFailed),
            (&[("if-match", "\"b\"")], PreconditionFailed),
            (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], PreconditionFailed),
            (&[("if-unmodified-since", BEFORE)], PreconditionFailed),
            (&[("if-unmodified-since", AT)], Proceed),
            (&[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)], Proceed),
        ];
        for (headers, expected) in cases {
            assert_eq!(evaluate(headers), *expected, "{headers:?}");
        }
    }

    #[test]
    fn a_weak_tag_matches_if_none_match_and_never_if_match() {
        let evaluate = |name: HeaderName, value: &str| {
            evaluate_conditions(&HeaderMap::from_iter([(name, value.parse().unwrap())]), "W/\"a\"", None)
        };
        assert_eq!(evaluate(header::IF_NONE_MATCH, "W/\"a\""), ConditionResult::NotModified);
        assert_eq!(evaluate(header::IF_NONE_MATCH, "\"a\""), ConditionResult::NotModified);
        assert_eq!(evaluate(header::IF_MATCH, "W/\"a\""), ConditionResult::PreconditionFailed);
        assert_eq!(evaluate(header::IF_MATCH, "*"), ConditionResult::Proceed);
    }

    proptest::proptest! {
        #[test]
        fn only_a_named_tag_is_matched(value in "[ -~]{0,40}") {
            if evaluate(&[("if-none-match", &value)]) == ConditionResult::NotModified {
                proptest::prop_assert!(value.contains("\"a") || value.trim() == "*", "{}", value);
            }
        }
    }
}
