//! Parses `Range` (RFC 9110, section 14.2): the bytes of a file that a client wants.

use std::ops::Range;

/// The most ranges of one request. More get the whole file (section 17.15: many small ranges are an attack).
const MAX_RANGES: usize = 16;

/// The part of a representation that a request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedRange {
    /// All of it: the request has no valid range.
    Whole,
    /// These parts: at least one, none empty, no two overlapping.
    Parts(Vec<Range<u64>>),
    /// Only bytes past the end: 416.
    Nothing,
}

/// Parses the `Range` field `value` of a request for a representation of `length` bytes.
///
/// A field that is malformed, has another unit than bytes, or more than `MAX_RANGES` ranges is ignored. Ranges that overlap or touch are
/// merged, and all are sorted then; otherwise they keep the order of the request.
#[must_use]
pub fn requested_range(value: &str, length: u64) -> RequestedRange {
    let Some((unit, ranges)) = value.split_once('=') else {
        return RequestedRange::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return RequestedRange::Whole;
    }
    let mut parts = Vec::new();
    let mut count = 0;
    for range in ranges.split(',').map(|range| range.trim_matches([' ', '\t'])) {
        if range.is_empty() {
            continue;
        }
        count += 1;
        match parse_range(range, length) {
            Some(part) if count <= MAX_RANGES => parts.extend(Some(part).filter(|part| !part.is_empty())),
            _ => return RequestedRange::Whole,
        }
    }
    match (count, parts.is_empty()) {
        (0, _) => RequestedRange::Whole,
        (_, true) => RequestedRange::Nothing,
        _ => RequestedRange::Parts(merge(parts)),
    }
}

/// Parses one range of a list. It is cut at the end of the representation, and empty past it. `None` if it is malformed.
fn parse_range(text: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = text.split_once('-')?;
    match (first.trim_end(), last.trim_start()) {
        ("", last) => {
            let count = parse_number(last)?.min(length);
            Some(length - count..length)
        }
        (first, "") => Some(parse_number(first)?.min(length)..length),
        (first, last) => {
            let (first, last) = (parse_number(first)?, parse_number(last)?);
            (first <= last).then(|| first.min(length)..last.saturating_add(1).min(length))
        }
    }
}

/// Parses digits. A number that does not fit is past every end.
fn parse_number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Merges ranges that overlap or touch.
fn merge(parts: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut sorted = parts.clone();
    sorted.sort_by_key(|part| part.start);
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(sorted.len());
    for part in sorted {
        match joined.last_mut() {
            Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
            _ => joined.push(part),
        }
    }
    if joined.len() == parts.len() { parts } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(ranges: &[(u64, u64)]) -> RequestedRange {
        RequestedRange::Parts(ranges.iter().map(|&(start, end)| start..end).collect())
    }

    #[test]
    fn ranges() {
        let many = |n: usize| format!("bytes={}", vec!["0-0"; n].join(","));
        let sixteen = format!(
            "bytes={}",
            (0..16).map(|i| format!("{0}-{0}", i * 2)).collect::<Vec<_>>().join(",")
        );
        let cases = [
            ("bytes=0-499", parts(&[(0, 500)])),
            ("bytes=0-0", parts(&[(0, 1)])),
            ("BYTES = 0-0", parts(&[(0, 1)])),
            ("bytes=500-999", parts(&[(500, 1000)])),
            ("bytes=999-", parts(&[(999, 1000)])),
            ("bytes=0-", parts(&[(0, 1000)])),
            ("bytes=-1", parts(&[(999, 1000)])),
            ("bytes=-5000", parts(&[(0, 1000)])),
            ("bytes=990-99999999999999999999999999", parts(&[(990, 1000)])),
            ("bytes=0-0,-1", parts(&[(0, 1), (999, 1000)])),
            ("bytes= 0-0 , 5-6 ,", parts(&[(0, 1), (5, 7)])),
            ("bytes=500-600, 0-1", parts(&[(500, 601), (0, 2)])),
            ("bytes=500-600,0-1,601-999", parts(&[(0, 2), (500, 1000)])),
            ("bytes=0-10,5-20", parts(&[(0, 21)])),
            ("bytes=0-1,2000-3000", parts(&[(0, 2)])),
            ("bytes=1000-", RequestedRange::Nothing),
            ("bytes=1000-2000,3000-", RequestedRange::Nothing),
            ("bytes=99999999999999999999999999-", RequestedRange::Nothing),
            ("bytes=-0", RequestedRange::Nothing),
            ("bytes=5-4", RequestedRange::Whole),
            ("bytes=a-b", RequestedRange::Whole),
            ("bytes=+1-2", RequestedRange::Whole),
            ("bytes=-", RequestedRange::Whole),
            ("bytes=1", RequestedRange::Whole),
            ("bytes=0-0,x", RequestedRange::Whole),
            ("bytes=", RequestedRange::Whole),
            ("bytes", RequestedRange::Whole),
            ("items=0-1", RequestedRange::Whole),
            ("", RequestedRange::Whole),
        ];
        for (value, expected) in cases {
            assert_eq!(requested_range(value, 1000), expected, "{value:?}");
        }
        assert!(matches!(requested_range(&sixteen, 1000), RequestedRange::Parts(parts) if parts.len() == 16));
        assert_eq!(requested_range(&many(17), 1000), RequestedRange::Whole, "too many");
        assert_eq!(
            requested_range("bytes=0-", 0),
            RequestedRange::Nothing,
            "an empty file has no range"
        );
        assert_eq!(requested_range("bytes=-1", 0), RequestedRange::Nothing);
    }

    proptest! {
        #[test]
        fn parts_do_not_overlap_and_contain_all_requested_bytes(
            asked in prop::collection::vec((0u64..120, 0u64..120), 1..16), length in 0u64..100
        ) {
            let list: Vec<String> = asked.iter().map(|&(a, b)| format!("{}-{}", a.min(b), a.max(b))).collect();
            let asked_for = |byte: u64| asked.iter().any(|&(a, b)| (a.min(b)..=a.max(b)).contains(&byte));
            let got = match requested_range(&format!("bytes={}", list.join(",")), length) {
                RequestedRange::Parts(parts) => parts,
                RequestedRange::Nothing => Vec::new(),
                RequestedRange::Whole => return Err(TestCaseError::fail("well-formed ranges are parsed")),
            };
            for byte in 0..130 {
                let times = got.iter().filter(|part| part.contains(&byte)).count();
                prop_assert_eq!(times, usize::from(byte < length && asked_for(byte)), "byte {}", byte);
            }
        }

        #[test]
        fn any_text_is_parsed(value in "(bytes=)?[0-9a-z,= -]{0,60}|.{0,60}", length: u64) {
            if let RequestedRange::Parts(parts) = requested_range(&value, length) {
                prop_assert!(!parts.is_empty() && parts.iter().all(|part| part.start < part.end && part.end <= length));
            }
        }
    }
}
