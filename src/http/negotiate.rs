//! What a client would rather have: `Accept-Encoding` and `Accept` (RFC 9110, section 12.5).

use http::{HeaderMap, HeaderName, header};

use crate::render::Format;
use crate::render::encode::Coding;

/// More members than this of a list are not read.
const MOST_MEMBERS: usize = 64;

/// A weight, in thousandths.
type Weight = u16;

/// The weight of what comes without one.
const MOST: Weight = 1000;

/// The members of a header's values, without parameters, with their weights. A member whose weight is malformed is left out.
fn weighted<'a>(values: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = (&'a [u8], Weight)> {
    let members = values.into_iter().flat_map(|value| parts(value.as_bytes(), b','));
    members.take(MOST_MEMBERS).filter_map(|member| {
        let mut parts = parts(member, b';');
        let name = parts.next()?.trim_ascii();
        let weight = weight_among(parts)?;
        (!name.is_empty()).then_some((name, weight))
    })
}

/// The parts of `list` between the bytes `mark`.
fn parts(list: &[u8], mark: u8) -> impl DoubleEndedIterator<Item = &[u8]> {
    list.split(move |byte| *byte == mark)
}

/// What the members of a header's values say of each of `names`, which are in lower case; of a name that is there twice the first counts.
fn said<'a, const N: usize>(values: impl IntoIterator<Item = &'a str>, names: [&str; N]) -> [Option<Weight>; N] {
    let mut said = [None; N];
    for (member, weight) in weighted(values) {
        for (name, said) in names.iter().zip(&mut said) {
            if said.is_none() && member.eq_ignore_ascii_case(name.as_bytes()) {
                *said = Some(weight);
            }
        }
    }
    said
}

/// The weight that `parameters` give; none if it is malformed.
fn weight_among<'a>(parameters: impl DoubleEndedIterator<Item = &'a [u8]>) -> Option<Weight> {
    let mut pairs = parameters.filter_map(|parameter| str::from_utf8(parameter).ok()?.split_once('='));
    let last = pairs.rfind(|(key, _)| key.trim().eq_ignore_ascii_case("q"));
    last.map_or(Some(MOST), |(_, value)| weight(value.trim()))
}

/// `0`, `1`, `0.5`, `1.000`: at most three digits after the point (section 12.4.2).
fn weight(text: &str) -> Option<Weight> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let thousandths = digits.fold(0, |number, digit| number * 10 + Weight::from(digit - b'0'));
    let weight = if whole == "1" { MOST } else { 0 } + thousandths;
    (weight <= MOST).then_some(weight)
}

/// The codings that a client with these `Accept-Encoding` values accepts, the one it is to be sent first; none if it accepts none
/// there is.
///
/// Without the header the document goes as it is: who does not say that it can decode probably cannot.
pub fn codings<'a>(values: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = Coding> + Clone {
    let [any, identity, gzip, x_gzip, br] = said(values, ["*", "identity", "gzip", "x-gzip", "br"]);
    let weight = |coding: Coding| match coding {
        // unless it is refused by name or by a bare `*;q=0`; unnamed it is the last choice
        Coding::Identity => identity.or(any.filter(|&weight| weight == 0)).map_or(1, |weight| weight * 2),
        Coding::Gzip => gzip.or(x_gzip).or(any).unwrap_or(0) * 2,
        Coding::Brotli => br.or(any).unwrap_or(0) * 2,
    };
    let mut weighed = Coding::ALL.map(|coding| (weight(coding), coding));
    // of equals the first is the smallest
    weighed.sort_by_key(|&(weight, _)| std::cmp::Reverse(weight));
    weighed
        .into_iter()
        .filter(|&(weight, _)| weight > 0)
        .map(|(_, coding)| coding)
}

/// Whether `name` is in a list of weighted members, with a weight above nothing.
#[must_use]
pub fn names<'a>(values: impl IntoIterator<Item = &'a str>, name: &str) -> bool {
    weighted(values).any(|(member, weight)| weight > 0 && member.eq_ignore_ascii_case(name.as_bytes()))
}

/// What `/feed` is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// A feed, for who reads feeds.
    Feed(Format),
    /// The page that explains them, for a browser.
    Page,
}

/// What a client with these `Accept` values wants at `/feed`.
///
/// The page is for browsers alone: they ask for HTML above all, and never name a feed's own type. Whoever says nothing, or `*/*`,
/// or nothing that is known, gets RSS, as the JSON Feed specification advises for one address of all formats.
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
    let said = said(values, TYPES.map(|(name, _)| name));
    let best = TYPES.iter().zip(said);
    let best = best.filter_map(|(&(_, wanted), weight)| Some((wanted, weight.filter(|&weight| weight > 0)?)));
    // of equals the first: a feed before the page
    let best = best.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(Subscription::Feed(Format::Rss), |(wanted, _)| wanted)
}

/// Whether a client with these `Accept` values wants a page rather than data: it names HTML, and nothing of what is here for machines
/// before it.
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
    let [html, xhtml, data @ ..] = said(values, names).map(Option::unwrap_or_default);
    let page = html.max(xhtml);
    page > 0 && data.iter().all(|&weight| weight < page)
}

/// Whether it is a person who opens an address in a browser: it wants a page, and says that it goes there to show what it gets
/// (Fetch Metadata, sections 2.1 and 2.2). No feed reader says all of that, and no script of a page can.
#[must_use]
pub fn is_opened_by_a_person(headers: &HeaderMap) -> bool {
    const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");
    const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    let is = |name: HeaderName, expected: &str| headers.get(name).is_some_and(|value| value == expected);
    is(DESTINATION, "document") && is(MODE, "navigate") && prefers_page(accepted(headers))
}

/// The values of `Accept`.
pub fn accepted(headers: &HeaderMap) -> impl Iterator<Item = &str> {
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
            assert_eq!(super::codings(values.iter().copied()).next(), expected, "{values:?}");
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

    /// What it is, its `Accept`, its other headers; whether it wants a page, and is a person who goes there.
    type Case<'a> = (&'a str, Option<&'a str>, &'a [(&'a str, &'a str)], [bool; 2]);

    #[test]
    fn people_and_programs() {
        const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        let navigation = [("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")];
        let cases: [Case; 9] = [
            ("a browser goes there", Some(BROWSER), &navigation, [true, true]),
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
            ("nothing said", None, &navigation, [false, false]),
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
            let found = [prefers_page(accepted(&headers)), is_opened_by_a_person(&headers)];
            assert_eq!(found, expected, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(values in proptest::collection::vec(".{0,40}", 0..4)) {
            let _ = super::codings(values.iter().map(String::as_str)).next();
            let _ = subscription(values.iter().map(String::as_str));
            let _ = prefers_page(values.iter().map(String::as_str));
        }
    }
}
