//! The Atom id of a post, which is always an IRI (RFC 4287, section 4.2.6; RFC 3987).
//!
//! RSS and JSON Feed accept any text as an id, so they contain the author's id as it is written. Atom uses the same id if it is an
//! IRI. Otherwise the Atom id is derived from it: a UUID becomes `urn:uuid:…`, any other text a tag URI (RFC 4151) of the site's
//! authority. Two different texts never give the same tag URI, and neither the post's date nor its file is part of it.

use super::Post;

/// Returns the Atom id of a post with this `id` on a site with this `authority`; `None` if it is the id itself.
#[must_use]
pub fn atom_id_for(id: &str, authority: &str) -> Option<String> {
    if is_iri(id) {
        return None;
    }
    if let Some(uuid) = parse_uuid(id) {
        return Some(format!("urn:uuid:{uuid}"));
    }
    // RFC 4151, section 2.1, allows a year alone; all ids without a date use this one
    let id = percent_encoding::utf8_percent_encode(id, ALL_BUT_UNRESERVED);
    Some(format!("tag:{authority},2000:id:{id}"))
}

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const ALL_BUT_UNRESERVED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns `id` in lower case and without braces if it is a UUID.
fn parse_uuid(id: &str) -> Option<String> {
    let bare = id.strip_prefix('{').and_then(|id| id.strip_suffix('}')).unwrap_or(id);
    let mut groups = bare.split('-');
    let is_group = |length: usize| move |group: &str| group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let are_groups = [8, 4, 4, 4, 12]
        .into_iter()
        .all(|length| groups.next().is_some_and(is_group(length)));
    (are_groups && groups.next().is_none()).then(|| bare.to_ascii_lowercase())
}

/// Returns whether `text` is an IRI with a scheme (RFC 3987, section 2.2).
#[must_use]
pub fn is_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !is_scheme {
        return false;
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match hierarchy.strip_prefix("//") {
        Some(below) => {
            let (authority, path) = below.split_at(below.find('/').unwrap_or(below.len()));
            (Some(authority), path)
        }
        None => (None, hierarchy),
    };
    // a web address needs a host
    let needs_host = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    authority.map_or(!needs_host, |authority| is_authority(authority, needs_host))
        && consists_of(path, |c| is_path_char(c) || c == '/')
        && consists_of(query, |c| is_path_char(c) || matches!(c, '/' | '?') || is_private(c))
        && consists_of(fragment, |c| is_path_char(c) || matches!(c, '/' | '?'))
}

/// Whether `text` is an authority: `user@host:port`.
fn is_authority(text: &str, needs_host: bool) -> bool {
    let (user, place) = text.split_once('@').unwrap_or(("", text));
    let (host, port) = match place.strip_prefix('[') {
        Some(literal) => {
            let Some((address, port)) = literal.split_once(']') else {
                return false;
            };
            let is_address = address.contains(':') && address.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
            if !is_address || !(port.is_empty() || port.starts_with(':')) {
                return false;
            }
            (address, port.trim_start_matches(':'))
        }
        None => {
            let (host, port) = place.split_once(':').unwrap_or((place, ""));
            if !consists_of(host, |c| is_path_char(c) && !matches!(c, ':' | '@')) {
                return false;
            }
            (host, port)
        }
    };
    consists_of(user, |c| is_path_char(c) && c != '@')
        && port.bytes().all(|b| b.is_ascii_digit())
        && !(needs_host && host.is_empty())
}

/// Whether `text` consists of characters that `is_allowed`, and of whole percent-encoded bytes.
fn consists_of(text: &str, is_allowed: impl Fn(char) -> bool) -> bool {
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let is_right = if c == '%' {
            (0..2).all(|_| characters.next().is_some_and(|digit| digit.is_ascii_hexdigit()))
        } else {
            is_allowed(c)
        };
        if !is_right {
            return false;
        }
    }
    true
}

/// `ipchar` but for percent-encoding.
fn is_path_char(c: char) -> bool {
    let is_ascii_part = c.is_ascii_alphanumeric() || (c.is_ascii() && "-._~!$&'()*+,;=:@".contains(c));
    // `ucschar`; section 4.1 forbids direction marks
    let is_direction = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
    let is_beyond_ascii = match c {
        '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}' => !is_direction,
        '\u{10000}'..='\u{dfffd}' | '\u{e1000}'..='\u{efffd}' => u32::from(c) & 0xffff < 0xfffe,
        _ => false,
    };
    is_ascii_part || is_beyond_ascii
}

/// `iprivate`, which only a query may contain.
fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

impl Post {
    /// Returns the Atom id: the [`id`](Post::id) if that is an IRI or was served in Atom as it is, else the id derived from it
    /// ([`atom_id_for`]).
    #[must_use]
    pub fn atom_id(&self) -> &str {
        self.rare.atom_id.as_deref().unwrap_or(self.id())
    }

    /// Sets the Atom id; `None` if it is the id itself.
    pub(crate) fn set_atom_id(&mut self, atom_id: Option<&str>) {
        // does not allocate the rare fields for nothing
        if self.rare.atom_id.as_deref() != atom_id {
            self.rare.atom_id = atom_id.map(str::to_owned);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn atom_ids() {
        let urn = "urn:uuid:550e8400-e29b-41d4-a716-446655440000";
        // `None`: the id itself
        let cases = [
            ("tag:example.com,2026-01-01:a", None),
            ("urn:uuid:5B0D3EA1-97b4-4d7a-8c13-2f5a1c9d1e60", None),
            ("https://example.com/?p=12", None),
            ("https://user@example.com:8080/a%20b?c#d", None),
            ("http://[2001:db8::1]:80/a", None),
            ("https://пример.рф/путь", None),
            ("x:", None),
            ("mailto:a@example.com", None),
            ("x:?\u{e000}", None),
            ("550e8400-e29b-41d4-a716-446655440000", Some(urn)),
            ("550E8400-E29B-41D4-A716-446655440000", Some(urn)),
            ("{550E8400-E29B-41D4-A716-446655440000}", Some(urn)),
            (
                "550e8400e29b41d4a716446655440000",
                Some("tag:example.org,2000:id:550e8400e29b41d4a716446655440000"),
            ),
            ("007", Some("tag:example.org,2000:id:007")),
            ("12:30", Some("tag:example.org,2000:id:12%3A30")),
            ("/2019/03/x", Some("tag:example.org,2000:id:%2F2019%2F03%2Fx")),
            ("?p=12", Some("tag:example.org,2000:id:%3Fp%3D12")),
            ("//example.com/a", Some("tag:example.org,2000:id:%2F%2Fexample.com%2Fa")),
            (
                "https://example.com/a b",
                Some("tag:example.org,2000:id:https%3A%2F%2Fexample.com%2Fa%20b"),
            ),
            ("https:///a", Some("tag:example.org,2000:id:https%3A%2F%2F%2Fa")),
            ("http:a", Some("tag:example.org,2000:id:http%3Aa")),
            ("http://[1/", Some("tag:example.org,2000:id:http%3A%2F%2F%5B1%2F")),
            ("http://a:b/", Some("tag:example.org,2000:id:http%3A%2F%2Fa%3Ab%2F")),
            ("x:%4", Some("tag:example.org,2000:id:x%3A%254")),
            ("x:a#b#c", Some("tag:example.org,2000:id:x%3Aa%23b%23c")),
            ("x:[a]", Some("tag:example.org,2000:id:x%3A%5Ba%5D")),
            ("x:a|b", Some("tag:example.org,2000:id:x%3Aa%7Cb")),
            ("x:\u{e000}", Some("tag:example.org,2000:id:x%3A%EE%80%80")),
            ("x:\u{202e}", Some("tag:example.org,2000:id:x%3A%E2%80%AE")),
            ("C:\\posts\\a", Some("tag:example.org,2000:id:C%3A%5Cposts%5Ca")),
            ("Müll & <b>", Some("tag:example.org,2000:id:M%C3%BCll%20%26%20%3Cb%3E")),
            ("a%20b", Some("tag:example.org,2000:id:a%2520b")),
            ("日本", Some("tag:example.org,2000:id:%E6%97%A5%E6%9C%AC")),
        ];
        for (id, expected) in cases {
            let atom_id = atom_id_for(id, "example.org");
            assert_eq!(atom_id.as_deref(), expected, "{id}");
            assert!(atom_id.is_none_or(|atom_id| is_iri(&atom_id)), "{id}");
        }
    }

    proptest! {
        #[test]
        fn every_atom_id_is_an_iri_and_no_two_are_equal(ids in prop::collection::hash_set("[a-zA-Z:/?#%@ .é{}-]{1,6}|.{1,20}", 1..20)) {
            let atom_id = |id: &String| atom_id_for(id, "example.org").unwrap_or_else(|| id.clone());
            let all: HashSet<String> = ids.iter().map(atom_id).collect();
            prop_assert_eq!(all.len(), ids.len());
            prop_assert!(all.iter().all(|id| is_iri(id)), "{:?}", all);
        }
    }
}
