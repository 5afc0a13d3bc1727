//! What a client prefers: `Accept-Encoding` and `Accept` (RFC 9110, section 12.5).

use http::{HeaderMap, HeaderName, header};

use crate::render::Format;
use crate::render::encode::Coding;

/// The most members of a list that are read.
const MAX_MEMBERS: usize = 64;

/// A quality value, in thousandths.
type QValue = u16;

/// The quality value of a member without one.
const MAX_QVALUE: QValue = 1000;

/// Returns the members of a field's values, without parameters, and their quality values. A member with a malformed one is left out.
fn members<'a>(values: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = (&'a [u8], QValue)> {
    let members = values.into_iter().flat_map(|value| parts(value.as_bytes(), b','));
    members.take(MAX_MEMBERS).filter_map(|member| {
        let mut parts = parts(member, b';');
        let name = parts.next()?.trim_ascii();
        let weight = qvalue_in(parts)?;
        (!name.is_empty()).then_some((name, weight))
    })
}

/// Splits `list` at the bytes `separator`.
fn parts(list: &[u8], separator: u8) -> impl DoubleEndedIterator<Item = &[u8]> {
    list.split(move |byte| *byte == separator)
}

/// Returns the quality value of each of `names`, which are in lower case. Of a repeated member the first counts.
fn qvalues<'a, const N: usize>(values: impl IntoIterator<Item = &'a str>, names: [&str; N]) -> [Option<QValue>; N] {
    let mut found = [None; N];
    for (member, weight) in members(values) {
        for (name, found) in names.iter().zip(&mut found) {
            if found.is_none() && member.eq_ignore_ascii_case(name.as_bytes()) {
                *found = Some(weight);
            }
        }
    }
    found
}

/// Returns the quality value in `parameters`; `None` if it is malformed.
fn qvalue_in<'a>(parameters: impl DoubleEndedIterator<Item = &'a [u8]>) -> Option<QValue> {
    let mut pairs = parameters.filter_map(|parameter| str::from_utf8(parameter).ok()?.split_once('='));
    let last = pairs.rfind(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
    last.map_or(Some(MAX_QVALUE), |(_, value)| parse_qvalue(value.trim()))
}

/// Parses `0`, `1`, `0.5` or `1.000`: at most three digits after the point (section 12.4.2).
fn parse_qvalue(text: &str) -> Option<QValue> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let thousandths = digits.fold(0, |number, digit| number * 10 + QValue::from(digit - b'0'));
    let weight = if whole == "1" { MAX_QVALUE } else { 0 } + thousandths;
    (weight <= MAX_QVALUE).then_some(weight)
}

/// The codings that a client accepts, the preferred one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedCodings([Option<Coding>; 3]);

impl AcceptedCodings {
    /// Returns the codings in their order.
    pub fn iter(self) -> impl Iterator<Item = Coding> + Clone {
        self.0.into_iter().flatten()
    }
}

/// Returns the codings that a client with these headers accepts.
#[must_use]
pub fn accepted_codings(headers: &HeaderMap) -> AcceptedCodings {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    parse_codings(values.filter_map(|value| value.to_str().ok()))
}

/// Parses the values of `Accept-Encoding`.
///
/// Without the field the document is sent uncoded: a client that does not say that it can decode probably cannot.
fn parse_codings<'a>(values: impl IntoIterator<Item = &'a str>) -> AcceptedCodings {
    let [any, identity, gzip, x_gzip, br] = qvalues(values, ["*", "identity", "gzip", "x-gzip", "br"]);
    let weight = |coding: Coding| match coding {
        // refused only by name or by a bare `*;q=0`; unnamed it is the last choice
        Coding::Identity => identity.or(any.filter(|&weight| weight == 0)).map_or(1, |weight| weight * 2),
        Coding::Gzip => gzip.or(x_gzip).or(any).unwrap_or(0) * 2,
        Coding::Brotli => br.or(any).unwrap_or(0) * 2,
    };
    let mut weighted = Coding::ALL.map(|coding| (weight(coding), coding));
    // of equals the first is the smallest
    weighted.sort_by_key(|&(weight, _)| std::cmp::Reverse(weight));
    AcceptedCodings(weighted.map(|(weight, coding)| (weight > 0).then_some(coding)))
}

/// Whether `name` is a member of a list, with a quality value above 0.
#[must_use]
pub fn is_accepted<'a>(values: impl IntoIterator<Item = &'a str>, name: &str) -> bool {
    members(values).any(|(member, weight)| weight > 0 && member.eq_ignore_ascii_case(name.as_bytes()))
}

/// The response to `/feed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// A feed, for feed readers.
    Feed(Format),
    /// The page that explains feeds, for browsers.
    Page,
}

/// Returns what a client with these `Accept` values wants at `/feed`.
///
/// Only browsers get the page: they prefer HTML, and never name a feed's own type. A client that sends no `Accept`, `*/*`, or only unknown
/// types gets RSS, as the JSON Feed specification advises for one address of all formats.
#[must_use]
pub fn subscription<'a>(values: impl IntoIterator<Item = &'a str>) -> Subscription {
    const TYPES: [(&str, Subscription); 8] = [
        ("application/rss+xml", Subscription::Feed(Format::Rss)),
        ("application/atom+xml", Subscription::Feed(Format::Atom)),
        ("application/feed+json", Subscription::Feed(Format::Json)),
        ("application/json", Subscription::Feed(Format::Json)),
        ("application/xml", Subscription::Feed(Format::Rss)),
        ("text/xml", Subscription::Feed(Format::Rss)),
        ("text/html", Subscription::Page),
        ("application/xhtml+xml", Subscription::Page),
    ];
    let weights = qvalues(values, TYPES.map(|(name, _)| name));
    let best = TYPES.iter().zip(weights);
    let best = best.filter_map(|(&(_, wanted), weight)| Some((wanted, weight.filter(|&weight| weight > 0)?)));
    // of equals the first: a feed before the page
    let best = best.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(Subscription::Feed(Format::Rss), |(wanted, _)| wanted)
}

/// Whether a client with these `Accept` values prefers a page to data: it names HTML, and no type of a feed or of data before it.
#[must_use]
pub fn prefers_page<'a>(values: impl IntoIterator<Item = &'a str>) -> bool {
    let names = [
        "text/html",
        "application/xhtml+xml",
        "application/problem+json",
        "application/json",
        "application/rss+xml",
        "application/atom+xml",
    ];
    let [html, xhtml, data @ ..] = qvalues(values, names).map(Option::unwrap_or_default);
    let page = html.max(xhtml);
    page > 0 && data.iter().all(|&weight| weight < page)
}

/// Whether a person opens the address in a browser: the client prefers a page, and says that it navigates to a document (Fetch Metadata,
/// sections 2.1 and 2.2). No feed reader sends all of that, and no script of a page can.
#[must_use]
pub fn is_browser_navigation(headers: &HeaderMap) -> bool {
    const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");
    const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    let is = |name: HeaderName, expected: &str| headers.get(name).is_some_and(|value| value == expected);
    is(DESTINATION, "document") && is(MODE, "navigate") && prefers_page(accepted_types(headers))
}

/// Returns the values of `Accept`.
pub fn accepted_types(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings() {
        use Coding::{Brotli, Gzip, Identity};
        let cases = [
            (&[][..], Some(Identity)),
            (&[""], Some(Identity)),
            (&["gzip"], Some(Gzip)),
            (&["GZIP"], Some(Gzip)),
            (&["x-gzip"], Some(Gzip)),
            (&["gzip, br"], Some(Brotli)),
            (&["br,gzip"], Some(Brotli)),
            (&["gzip", "br"], Some(Brotli)),
            (&["gzip;q=1.0, br;q=0.5"], Some(Gzip)),
            (&["gzip;q=0"], Some(Identity)),
            (&["gzip;q=0, *"], Some(Brotli)),
            (&["*"], Some(Brotli)),
            (&["*;q=0"], None),
            (&["identity;q=0, *;q=0"], None),
            (&["identity;q=0"], None),
            (&["identity;q=0, gzip"], Some(Gzip)),
            (&["gzip;q=0.5, identity;q=0.8"], Some(Identity)),
            (&["gzip;q=0.5, identity"], Some(Identity)),
            (&["deflate"], Some(Identity)),
            (&["gzip;q=2"], Some(Identity)),
            (&["gzip;q=0.0001"], Some(Identity)),
            (&["gzip;q="], Some(Identity)),
            (&["gzip ; q=0.001"], Some(Gzip)),
            (&[";;;,,,q=1"], Some(Identity)),
        ];
        for (values, expected) in cases {
            assert_eq!(parse_codings(values.iter().copied()).iter().next(), expected, "{values:?}");
        }
    }

    #[test]
    fn subscriptions() {
        use Subscription::{Feed, Page};
        let cases = [
            (&[][..], Feed(Format::Rss)),
            (&["*/*"], Feed(Format::Rss)),
            (&["application/atom+xml"], Feed(Format::Atom)),
            (&["application/feed+json"], Feed(Format::Json)),
            (&["application/json, */*;q=0.1"], Feed(Format::Json)),
            (&["text/xml"], Feed(Format::Rss)),
            (&["application/rss+xml;q=0.5, application/atom+xml"], Feed(Format::Atom)),
            (
                &["application/rss+xml, application/rdf+xml;q=0.8, application/atom+xml;q=0.6, text/xml;q=0.4"],
                Feed(Format::Rss),
            ),
            (
                &["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"],
                Page,
            ),
            (&["text/html"], Page),
            (&["text/html, application/rss+xml"], Feed(Format::Rss)),
            (&["application/rss+xml;q=0, text/html"], Page),
            (&["image/png"], Feed(Format::Rss)),
        ];
        for (values, expected) in cases {
            assert_eq!(subscription(values.iter().copied()), expected, "{values:?}");
        }
    }

    /// The client, its `Accept`, its other headers; whether it prefers a page, and navigates in a browser.
    type Case<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)], [bool; 2]);

    #[test]
    fn people_and_programs() {
        const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        let navigation = [("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")];
        let cases: [Case; 9] = [
            ("a browser navigates", Some(BROWSER), &navigation, [true, true]),
            ("an old browser", Some(BROWSER), &[], [true, false]),
            (
                "a script of a page",
                Some(BROWSER),
                &[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors")],
                [true, false],
            ),
            (
                "a frame",
                Some(BROWSER),
                &[("sec-fetch-dest", "iframe"), ("sec-fetch-mode", "navigate")],
                [true, false],
            ),
            ("anything", Some("*/*"), &navigation, [false, false]),
            ("no Accept", None, &navigation, [false, false]),
            (
                "a reader that takes pages too",
                Some("application/rss+xml, text/html;q=0.8"),
                &navigation,
                [false, false],
            ),
            (
                "a reader in a browser",
                Some("application/atom+xml, text/html"),
                &navigation,
                [false, false],
            ),
            ("no page", Some("text/html;q=0, */*"), &navigation, [false, false]),
        ];
        for (name, accept, others, expected) in cases {
            let accept = accept.map(|accept| ("accept", accept));
            let headers: HeaderMap = (accept.iter().chain(others))
                .map(|(name, value)| (http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap()))
                .collect();
            let found = [prefers_page(accepted_types(&headers)), is_browser_navigation(&headers)];
            assert_eq!(found, expected, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_values_are_parsed(values in proptest::collection::vec(".{0,40}", 0..4)) {
            let _ = parse_codings(values.iter().map(String::as_str));
            let _ = subscription(values.iter().map(String::as_str));
            let _ = prefers_page(values.iter().map(String::as_str));
        }
    }
}
