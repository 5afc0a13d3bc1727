//! `If-None-Match` (RFC 9110, section 13.1.2).

/// Whether a request with these `If-None-Match` values already has the representation whose strong tag is `etag`, in its quotes.
///
/// Tags compare weakly (section 8.8.3.2); `*` matches whatever there is. What is no list of tags matches nothing.
#[must_use]
pub fn none_match_has<'a>(values: impl IntoIterator<Item = &'a str>, etag: &str) -> bool {
    values
        .into_iter()
        .any(|value| value.trim() == "*" || tags(value).any(|tag| tag == etag))
}

/// The opaque tags of one header value, in their quotes; none from the first thing on that is no tag.
fn tags(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        rest = rest.strip_prefix("W/").unwrap_or(rest);
        let end = rest.strip_prefix('"')?.find('"')? + 2;
        let (tag, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_any_list() {
        let cases = [
            (&["\"a\""][..], true),
            (&["W/\"a\""], true),
            (&["\"b\", W/\"a\" ,\"c\""], true),
            (&["\"b\"", "\"a\""], true),
            (&["*"], true),
            (&["\"b\""], false),
            (&["a"], false),
            (&["\"a"], false),
            (&["\"x,\"a\""], false),
            (&["\"b\", *"], false),
            (&["", ","], false),
            (&[], false),
        ];
        for (values, expected) in cases {
            assert_eq!(none_match_has(values.iter().copied(), "\"a\""), expected, "{values:?}");
        }
    }
}
