//! Parses the length and the duration of a file, as authors write them.

/// Units of bytes. `k` and `M` are those of decimal units (IEC 80000-13).
const BYTE_UNITS: [(&str, u64); 11] = [
    ("", 1),
    ("b", 1),
    ("bytes", 1),
    ("k", 1000),
    ("kb", 1000),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
];

/// Units of time in seconds.
const TIME_UNITS: [(&[&str], u64); 3] = [
    (&["h", "hr", "hrs", "hour", "hours"], 3600),
    (&["m", "min", "mins", "minute", "minutes"], 60),
    (&["s", "sec", "secs", "second", "seconds"], 1),
];

/// Parses a number of bytes: `12345`, `12,345`, `23.4 MB`.
pub(super) fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.to_ascii_lowercase();
    let (_, factor) = BYTE_UNITS.iter().find(|(name, _)| *name == unit)?;
    if *factor == 1 {
        return grouped(number.trim());
    }
    let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    scaled(whole, fraction, *factor)
}

/// Parses a whole number, with or without a separator of each three digits.
fn grouped(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split([',', '.', '_', ' ', '\u{a0}', '\u{202f}']).collect();
    let (first, others) = groups.split_first()?;
    let is_grouped = others.is_empty() || (1..=3).contains(&first.len()) && others.iter().all(|group| group.len() == 3);
    let digits = groups.concat();
    (is_grouped && is_number(&digits)).then(|| digits.parse().ok())?
}

/// Parses a duration in seconds: `1:02:03`, `62:03`, `3723`, `3723.5`, `1h 2m 3s`, `62 min`, `PT1H2M3S`.
pub(super) fn parse_duration(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.contains(':') {
        return parse_clock(text);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if is_number(whole) && is_number(fraction) {
        return whole.parse().ok();
    }
    parse_units(&text.to_ascii_lowercase())
}

/// Parses `1:02:03` and `62:03.5`. Fractions of seconds are left out.
pub(super) fn parse_clock(text: &str) -> Option<u64> {
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<u64> = text.split(':').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    ((2..=3).contains(&parts.len()) && is_number(fraction)).then_some(())?;
    parts
        .into_iter()
        .try_fold(0u64, |sum, part| sum.checked_mul(60)?.checked_add(part))
}

/// Parses `1h 2m 3s`, in words or in the form of ISO 8601.
fn parse_units(text: &str) -> Option<u64> {
    let mut rest = text.strip_prefix("pt").unwrap_or(text);
    let mut sum = 0u64;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let after = after.trim_start();
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let (_, seconds) = TIME_UNITS.iter().find(|(names, _)| names.contains(&unit))?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        sum = sum.checked_add(scaled(whole, fraction, *seconds)?)?;
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    Some(sum).filter(|&sum| sum > 0)
}

/// `whole.fraction` times `factor`, rounded down.
fn scaled(whole: &str, fraction: &str, factor: u64) -> Option<u64> {
    let fraction = fraction.get(..fraction.len().min(6))?;
    let parts = if fraction.is_empty() {
        0
    } else {
        fraction.parse::<u64>().ok()?
    };
    let unit = 10u64.pow(u32::try_from(fraction.len()).ok()?);
    let whole = is_number(whole).then(|| whole.parse::<u64>().ok())??;
    whole.checked_mul(factor)?.checked_add(parts.checked_mul(factor)? / unit)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        let cases = [
            ("12345", Some(12345)),
            ("12,345,678", Some(12_345_678)),
            ("12.345.678", Some(12_345_678)),
            ("12 345 bytes", Some(12_345)),
            ("23.4 MB", Some(23_400_000)),
            ("1.5MiB", Some(1_572_864)),
            ("700k", Some(700_000)),
            ("1.2", None),
            ("12,34", None),
            ("-1", None),
            ("", None),
            ("1:02:03", None),
            ("99999999999999999999", None),
            ("99999999999 GB", None),
            ("12 parsecs", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn durations() {
        let cases = [
            ("1:02:03", Some(3723)),
            ("62:03", Some(3723)),
            ("62:03.9", Some(3723)),
            ("3723", Some(3723)),
            ("3723.5", Some(3723)),
            ("1h 2m 3s", Some(3723)),
            ("1 hour, 2 min", Some(3720)),
            ("PT1H2M3S", Some(3723)),
            ("1.5 h", Some(5400)),
            ("45 minutes", Some(2700)),
            ("1:2:3:4", None),
            ("a:b", None),
            ("long", None),
            ("5", Some(5)),
            ("5 apples", None),
            ("", None),
            ("999999999999999999 h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }
}
