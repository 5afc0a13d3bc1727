//! Instants with an offset, as in feeds.
//!
//! A [`Moment`] is an instant with the offset from UTC that its author wrote. It is compared by the instant alone, and is always
//! within the years 0001 to 9999, so that every format can express it.
//!
//! Nothing here reads a clock: `now` is an argument.

use std::cmp::Ordering;
use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

pub use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

/// An instant and the offset it was written with.
///
/// Every post has several, so it takes 16 bytes, and so does an `Option` of it.
#[derive(Clone, Copy)]
pub struct Moment {
    /// Seconds since 1970.
    second: i64,
    /// One more than the nanoseconds after that second, so that it is never 0.
    nanoseconds_plus_one: NonZeroU32,
    /// The offset from UTC.
    offset_minutes: i16,
}

/// An instant from 1678 to 2262, in 8 bytes. Other instants become the nearest of these.
///
/// It takes half the memory of a [`Timestamp`], and so does an `Option` of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(from = "Timestamp", into = "Timestamp")]
pub struct CompactTimestamp(
    /// One more than the nanoseconds since the first instant, in 1677.
    NonZeroU64,
);

impl CompactTimestamp {
    /// The instant.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        let nanosecond = i128::from(self.0.get()) + i128::from(i64::MIN);
        Timestamp::from_nanosecond(nanosecond).unwrap_or_default()
    }
}

impl From<Timestamp> for CompactTimestamp {
    fn from(at: Timestamp) -> CompactTimestamp {
        let since = (at.as_nanosecond() - i128::from(i64::MIN)).max(0);
        CompactTimestamp(NonZeroU64::new(u64::try_from(since).unwrap_or(u64::MAX)).unwrap_or(NonZeroU64::MIN))
    }
}

impl From<CompactTimestamp> for Timestamp {
    fn from(at: CompactTimestamp) -> Timestamp {
        at.timestamp()
    }
}

impl fmt::Debug for CompactTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl Moment {
    /// The instant `at` with `offset`; `None` outside the years 0001 to 9999.
    ///
    /// An offset with seconds (local mean time before 1900) cannot be written in RFC 3339 and becomes UTC.
    #[must_use]
    pub fn new(at: Timestamp, offset: Offset) -> Option<Moment> {
        let offset = if offset.seconds() % 60 == 0 { offset } else { Offset::UTC };
        let writable = |offset: Offset| (1..=9999).contains(&offset.to_datetime(at).year());
        (writable(offset) && writable(Offset::UTC)).then(|| Moment::packed(at, offset))
    }

    fn packed(at: Timestamp, offset: Offset) -> Moment {
        let nanosecond = at.as_nanosecond().rem_euclid(1_000_000_000);
        Moment {
            second: i64::try_from(at.as_nanosecond().div_euclid(1_000_000_000)).unwrap_or(0),
            nanoseconds_plus_one: u32::try_from(nanosecond)
                .map_or(NonZeroU32::MIN, |nanosecond| NonZeroU32::MIN.saturating_add(nanosecond)),
            offset_minutes: i16::try_from(offset.seconds() / 60).unwrap_or(0),
        }
    }

    /// The offset it was written with.
    #[must_use]
    pub fn offset(self) -> Offset {
        Offset::from_seconds(i32::from(self.offset_minutes) * 60).unwrap_or(Offset::UTC)
    }

    /// The local time `local` in `zone`. A time that a clock change skips or repeats is resolved as in RFC 5545.
    #[must_use]
    pub fn local(local: civil::DateTime, zone: &TimeZone) -> Option<Moment> {
        let zoned = zone.to_ambiguous_zoned_datetime(local).compatible().ok()?;
        Moment::new(zoned.timestamp(), zoned.offset())
    }

    /// `at` in UTC, or the nearest instant that can be written. The last instant of `Timestamp` is on 9999-12-30.
    #[must_use]
    pub fn utc(at: Timestamp) -> Moment {
        let first = civil::date(1, 1, 1).at(0, 0, 0, 0);
        let first = Offset::UTC.to_timestamp(first).unwrap_or(Timestamp::UNIX_EPOCH);
        Moment::packed(at.max(first), Offset::UTC)
    }

    /// The same instant with the offset of `zone`, if that can be written.
    #[must_use]
    pub(crate) fn in_zone(self, zone: &TimeZone) -> Moment {
        let at = self.timestamp();
        Moment::new(at, zone.to_offset(at)).unwrap_or(self)
    }

    /// The same instant without fractions of a second, as all formats write it.
    #[must_use]
    pub(crate) fn to_the_second(self) -> Moment {
        let at = Timestamp::from_second(self.timestamp().as_second()).unwrap_or_default();
        Moment::packed(at, self.offset())
    }

    /// The instant.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        let nanosecond = i32::try_from(self.nanoseconds_plus_one.get() - 1).unwrap_or(0);
        Timestamp::new(self.second, nanosecond).unwrap_or_default()
    }

    /// The day on the author's calendar.
    #[must_use]
    pub fn date(self) -> civil::Date {
        self.offset().to_datetime(self.timestamp()).date()
    }

    /// In the format of RFC 3339, to the second: `2026-01-31T09:00:00Z`, `2026-01-31T09:00:00+02:00`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let local = self
            .offset()
            .to_datetime(self.timestamp())
            .strftime("%Y-%m-%dT%H:%M:%S")
            .to_string();
        let seconds = self.offset().seconds();
        if seconds == 0 {
            return format!("{local}Z");
        }
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// In the format of RSS (RFC 822 with a year of four digits), always in GMT: `Sat, 31 Jan 2026 09:00:00 GMT`.
    /// It is also an IMF-fixdate (RFC 9110, section 5.6.7).
    #[must_use]
    pub(crate) fn rfc822(self) -> String {
        Offset::UTC
            .to_datetime(self.timestamp())
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .to_string()
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.timestamp(), self.offset())
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Moment) -> bool {
        (self.second, self.nanoseconds_plus_one) == (other.second, other.nanoseconds_plus_one)
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Moment) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Moment) -> Ordering {
        (self.second, self.nanoseconds_plus_one).cmp(&(other.second, other.nanoseconds_plus_one))
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> serde::Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let at: Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        let offset = jiff::fmt::temporal::Pieces::parse(&*text)
            .map_err(serde::de::Error::custom)?
            .to_numeric_offset()
            .unwrap_or(Offset::UTC);
        Moment::new(at, offset).ok_or_else(|| serde::de::Error::custom("this year cannot be written"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str, offset_minutes: i32) -> Moment {
        let offset = Offset::from_seconds(offset_minutes * 60).unwrap();
        Moment::new(text.parse().unwrap(), offset).unwrap()
    }

    #[test]
    fn formats() {
        let utc = moment("2026-01-31T09:00:00.9Z", 0);
        assert_eq!(utc.rfc3339(), "2026-01-31T09:00:00Z");
        assert_eq!(utc.rfc822(), "Sat, 31 Jan 2026 09:00:00 GMT");
        let west = moment("2026-01-31T02:00:00Z", -210);
        assert_eq!(west.rfc3339(), "2026-01-30T22:30:00-03:30");
        assert_eq!(west.rfc822(), "Sat, 31 Jan 2026 02:00:00 GMT");
        assert_eq!(west.date(), civil::date(2026, 1, 30));
        assert_eq!(moment("0033-04-03T12:00:00Z", 0).rfc3339(), "0033-04-03T12:00:00Z");
    }

    #[test]
    fn a_moment_takes_16_bytes_and_loses_nothing() {
        assert_eq!((size_of::<Moment>(), size_of::<Option<Moment>>()), (16, 16));
        let instants = [
            "2026-01-31T09:00:00.123456789Z",
            "1969-12-31T23:59:59.999999999Z",
            "1969-12-31T23:59:59Z",
            "0001-01-03T00:00:00.000000001Z",
            "9999-12-29T00:00:00.5Z",
        ]
        .map(|text| text.parse::<Timestamp>().unwrap());
        for (at, minutes) in instants.into_iter().zip([0, -1559, 1559, 330, -210]) {
            let offset = Offset::from_seconds(minutes * 60).unwrap();
            let moment = Moment::new(at, offset).unwrap();
            assert_eq!((moment.timestamp(), moment.offset()), (at, offset));
            let whole = moment.to_the_second().timestamp();
            assert_eq!(whole, Timestamp::from_second(at.as_second()).unwrap());
            assert_eq!(moment.cmp(&moment.to_the_second()), at.cmp(&whole), "{at}");
        }
    }

    #[test]
    fn a_compact_timestamp_takes_8_bytes_and_loses_nothing_in_its_range() {
        assert_eq!((size_of::<CompactTimestamp>(), size_of::<Option<CompactTimestamp>>()), (8, 8));
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let instants = [
            "1678-01-01T00:00:00.000000001Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "2026-01-31T09:00:00.123456789Z",
            "2262-01-01T00:00:00Z",
        ]
        .map(at);
        for instant in instants {
            assert_eq!(CompactTimestamp::from(instant).timestamp(), instant);
        }
        assert!(instants.map(CompactTimestamp::from).is_sorted());
        for (beyond, within) in [
            ("0001-06-01T00:00:00Z", "1678-01-01T00:00:00Z"),
            ("9998-06-01T00:00:00Z", "2262-01-01T00:00:00Z"),
        ] {
            let (beyond, within) = (at(beyond), at(within));
            assert_ne!(CompactTimestamp::from(beyond).timestamp(), beyond);
            assert_eq!(
                beyond.cmp(&within),
                CompactTimestamp::from(beyond).cmp(&CompactTimestamp::from(within)),
                "{beyond}"
            );
        }
    }

    #[test]
    fn instants_out_of_range_are_refused_or_clamped() {
        assert!(Moment::new("9999-06-01T00:00:00Z".parse().unwrap(), Offset::UTC).is_some());
        assert!(Moment::new("-000001-06-01T00:00:00Z".parse().unwrap(), Offset::UTC).is_none());
        let east = Offset::from_seconds(5 * 3600).unwrap();
        assert!(
            Moment::new("0000-12-31T23:00:00Z".parse().unwrap(), east).is_none(),
            "RFC 822 is written in GMT"
        );
        assert_eq!(Moment::utc(Timestamp::MAX).rfc3339(), "9999-12-30T22:00:00Z");
        let latest = Moment::new(Timestamp::MAX, Offset::MAX).unwrap();
        assert!(latest.rfc822().starts_with("Thu, 30 Dec 9999"), "{}", latest.rfc822());
        assert_eq!(Moment::utc(Timestamp::MIN).rfc3339(), "0001-01-01T00:00:00Z");
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let old = Moment::local(civil::date(1890, 1, 1).at(0, 0, 0, 0), &paris).unwrap();
        assert!(old.rfc3339().ends_with('Z'), "{}", old.rfc3339());
    }
}
