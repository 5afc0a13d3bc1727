//! Instants, as feeds write them.
//!
//! A [`Moment`] is an instant together with the offset from UTC its author wrote. It orders and compares by the instant alone,
//! and is always inside the years 0001 to 9998, so that every format below can spell it.
//!
//! Nothing here reads a clock: `now` is an argument everywhere below the edge.

use std::cmp::Ordering;

pub use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

/// An instant and the offset it was written with.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    at: Timestamp,
    offset: Offset,
}

impl Moment {
    /// The instant `at`, shown at `offset`; `None` outside the years 0001 to 9998.
    ///
    /// An offset that is no whole number of minutes (local mean time before 1900) cannot be written in RFC 3339: it is shown in UTC.
    #[must_use]
    pub fn new(at: Timestamp, offset: Offset) -> Option<Moment> {
        let offset = if offset.seconds() % 60 == 0 { offset } else { Offset::UTC };
        let writable = |offset: Offset| (1..=9998).contains(&offset.to_datetime(at).year());
        (writable(offset) && writable(Offset::UTC)).then_some(Moment { at, offset })
    }

    /// The wall-clock time `local` in `zone`; a time that a clock change skipped or repeated is resolved as RFC 5545 does.
    #[must_use]
    pub fn local(local: civil::DateTime, zone: &TimeZone) -> Option<Moment> {
        let zoned = zone.to_ambiguous_zoned(local).compatible().ok()?;
        Moment::new(zoned.timestamp(), zoned.offset())
    }

    /// `at` in UTC, moved to the nearest year that can be written where it is out of range.
    #[must_use]
    pub fn utc(at: Timestamp) -> Moment {
        let first = civil::date(1, 1, 1).at(0, 0, 0, 0);
        let last = civil::date(9998, 12, 31).at(23, 59, 59, 0);
        let bound = |edge: civil::DateTime| Offset::UTC.to_timestamp(edge).unwrap_or(Timestamp::UNIX_EPOCH);
        Moment {
            at: at.clamp(bound(first), bound(last)),
            offset: Offset::UTC,
        }
    }

    /// The same instant, shown as clocks in `zone` show it, where that can be written.
    #[must_use]
    pub fn in_zone(self, zone: &TimeZone) -> Moment {
        Moment::new(self.at, zone.to_offset(self.at)).unwrap_or(self)
    }

    /// The same without what is less than a second, as every format writes it.
    #[must_use]
    pub fn to_the_second(self) -> Moment {
        let at = Timestamp::from_second(self.at.as_second()).unwrap_or(self.at);
        Moment { at, ..self }
    }

    /// The instant.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        self.at
    }

    /// The day on the author's calendar.
    #[must_use]
    pub fn date(self) -> civil::Date {
        self.offset.to_datetime(self.at).date()
    }

    /// As RFC 3339 has it, to the second: `2026-01-31T09:00:00Z`, `2026-01-31T09:00:00+02:00`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let local = self.offset.to_datetime(self.at).strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let seconds = self.offset.seconds();
        if seconds == 0 {
            return format!("{local}Z");
        }
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// As RSS wants it (RFC 822 with a year of four digits), always in GMT: `Sat, 31 Jan 2026 09:00:00 GMT`.
    /// It is also an IMF-fixdate (RFC 9110, section 5.6.7).
    #[must_use]
    pub fn rfc822(self) -> String {
        Offset::UTC
            .to_datetime(self.at)
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .to_string()
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Moment) -> bool {
        self.at == other.at
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
        self.at.cmp(&other.at)
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
    fn spelled_as_the_formats_want_it() {
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
    fn what_cannot_be_written_is_refused_or_bounded() {
        assert!(Moment::new("9999-06-01T00:00:00Z".parse().unwrap(), Offset::UTC).is_none());
        assert!(Moment::new("-000001-06-01T00:00:00Z".parse().unwrap(), Offset::UTC).is_none());
        let west = Offset::from_seconds(-5 * 3600).unwrap();
        assert!(
            Moment::new("9999-01-01T04:59:00Z".parse().unwrap(), west).is_none(),
            "RFC 822 is written in GMT"
        );
        assert_eq!(Moment::utc(Timestamp::MAX).rfc3339(), "9998-12-31T23:59:59Z");
        assert_eq!(Moment::utc(Timestamp::MIN).rfc3339(), "0001-01-01T00:00:00Z");
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let old = Moment::local(civil::date(1890, 1, 1).at(0, 0, 0, 0), &paris).unwrap();
        assert!(old.rfc3339().ends_with('Z'), "{}", old.rfc3339());
    }
}
