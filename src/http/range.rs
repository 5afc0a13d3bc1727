//! `Range` (RFC 9110, section 14.2): which bytes of a file a client wants.

use std::ops::Range;

/// More ranges than this in one request are answered with the whole (section 17.15: many small ranges are an attack).
const MOST_RANGES: usize = 16;

/// Which part of a representation a request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: no range was asked for that is understood.
    Whole,
    /// These parts, at least one, none empty, none overlapping another.
    Parts(Vec<Range<u64>>),
    /// Only what lies past its end: 416.
    Nothing,
}

/// Reads the `Range` field `value` of a request for a representation of `length` bytes.
///
/// What is malformed, of another unit than bytes, or more ranges than `MOST_RANGES` is as if it had not been sent. Ranges that overlap
/// or touch become one, in ascending order; others stay in the order asked for.
#[must_use]
pub fn wanted(value: &str, length: u64) -> Wanted {
    let Some((unit, ranges)) = value.split_once('=') else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let mut parts = Vec::new();
    let mut asked = 0;
    for range in ranges.split(',').map(|range| range.trim_matches([' ', '\t'])) {
        if range.is_empty() {
            continue;
        }
        asked += 1;
        match part(range, length) {
            Some(part) if asked <= MOST_RANGES => parts.extend(Some(part).filter(|part| !part.is_empty())),
            _ => return Wanted::Whole,
        }
    }
    match (asked, parts.is_empty()) {
        (0, _) => Wanted::Whole,
        (_, true) => Wanted::Nothing,
        _ => Wanted::Parts(apart(parts)),
    }
}

/// One range of a list, cut at the end of the representation and empty past it; `None` if it is malformed.
fn part(text: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = text.split_once('-')?;
    match (first.trim_end(), last.trim_start()) {
        ("", last) => {
            let count = number(last)?.min(length);
            Some(length - count..length)
        }
        (first, "") => Some(number(first)?.min(length)..length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first.min(length)..last.saturating_add(1).min(length))
        }
    }
}

/// Digits alone, however many: what is past all numbers is past every end.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The same bytes in ranges that neither overlap nor touch.
fn apart(parts: Vec<Range<u64>>) -> Vec<Range<u64>> {
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

    fn parts(ranges: &[(u64, u64)]) -> Wanted {
        Wanted::Parts(ranges.iter().map(|&(start, end)| start..end).collect())
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
            ("bytes=1000-", Wanted::Nothing),
            ("bytes=1000-2000,3000-", Wanted::Nothing),
            ("bytes=99999999999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=1", Wanted::Whole),
            ("bytes=0-0,x", Wanted::Whole),
            ("bytes=", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("items=0-1", Wanted::Whole),
            ("", Wanted::Whole),
        ];
        for (value, expected) in cases {
            assert_eq!(wanted(value, 1000), expected, "{value:?}");
        }
        assert!(matches!(wanted(&sixteen, 1000), Wanted::Parts(parts) if parts.len() == 16));
        assert_eq!(wanted(&many(17), 1000), Wanted::Whole, "too many");
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing, "of an empty file there is no range");
        assert_eq!(wanted("bytes=-1", 0), Wanted::Nothing);
    }

    proptest! {
        #[test]
        fn parts_are_inside_apart_and_all_that_was_asked_for(
            asked in prop::collection::vec((0u64..120, 0u64..120), 1..16), length in 0u64..100
        ) {
            let list: Vec<String> = asked.iter().map(|&(a, b)| format!("{}-{}", a.min(b), a.max(b))).collect();
            let asked_for = |byte: u64| asked.iter().any(|&(a, b)| (a.min(b)..=a.max(b)).contains(&byte));
            let got = match wanted(&format!("bytes={}", list.join(",")), length) {
                Wanted::Parts(parts) => parts,
                Wanted::Nothing => Vec::new(),
                Wanted::Whole => return Err(TestCaseError::fail("well-formed ranges are read")),
            };
            for byte in 0..130 {
                let times = got.iter().filter(|part| part.contains(&byte)).count();
                prop_assert_eq!(times, usize::from(byte < length && asked_for(byte)), "byte {}", byte);
            }
        }

        #[test]
        fn any_text_is_read(value in "(bytes=)?[0-9a-z,= -]{0,60}|.{0,60}", length: u64) {
            if let Wanted::Parts(parts) = wanted(&value, length) {
                prop_assert!(!parts.is_empty() && parts.iter().all(|part| part.start < part.end && part.end <= length));
            }
        }
    }
}
