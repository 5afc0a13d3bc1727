//! Parses dates as people and tools write them into a [`Moment`]: [`parse`].
//!
//! It understands RFC 3339 with the zone names of RFC 9557, RFC 2822, the output of `date` and of JavaScript, the forms in front matter
//! of other tools (`2013/7/13 20:46:25`, `January 23rd, 2021`, `1.23.2021`, `15 Oct 2023 10:00 PM -4`), Unix time in seconds or
//! milliseconds, and names of months in fourteen languages. It does not understand years of two digits, week dates, and dates without
//! a day.
//!
//! ```
//! use feedmill::post::date::{NoDate, parse};
//! use jiff::tz::TimeZone;
//!
//! let date = parse("Jan 23rd, 2021 9:30 PM", &TimeZone::UTC, false).unwrap();
//! assert_eq!(date.rfc3339(), "2021-01-23T21:30:00Z");
//! // the time zone is needed only where the text has none
//! let date = parse("6. Mai 2027 10:00 +02:00", &TimeZone::UTC, false).unwrap();
//! assert_eq!(date.rfc3339(), "2027-05-06T10:00:00+02:00");
//! assert_eq!(parse("2017-02-29", &TimeZone::UTC, false), Err(NoDate::Impossible));
//! assert_eq!(parse("soon", &TimeZone::UTC, false), Err(NoDate::Unknown));
//! ```

mod forms;
mod names;

#[cfg(test)]
mod tests;

use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use crate::time::{Moment, Timestamp};
use forms::{DateParser, DateToken, WrittenTime, WrittenZone, split_tokens};

/// Why a text is not a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDate {
    /// It looks like a date, but there is no such day or time: `2017-02-29`.
    Impossible,
    /// Its year is after 9999.
    TooFar,
    /// It does not look like any known form of a date.
    Unknown,
}

/// In bytes. The longest form, that of JavaScript with the full name of the zone, has about eighty.
const LONGEST_DATE: usize = 128;

/// Parses the date `text`. If it has no zone, `zone` is used; if it has no time, the first instant of the day. In `1/2/2026` the day comes
/// first if `day_first`, in `1.2.2026` always; if one of the two numbers exceeds 12, that one is the day.
///
/// Some instants of the last two days of 9999 cannot be stored in every zone: they become the last instant that can be. A leap second
/// becomes the second before it. An hour of 24 is impossible (RFC 3339, section 5.7).
///
/// # Errors
///
/// See [`NoDate`].
pub fn parse(text: &str, zone: &TimeZone, day_first: bool) -> Result<Moment, NoDate> {
    if text.len() > LONGEST_DATE {
        return Err(NoDate::Unknown);
    }
    let text = names::in_ascii_digits(text);
    let tokens = split_tokens(&text).ok_or(NoDate::Unknown)?;
    if let [DateToken::Number(digits)] = *tokens.as_slice()
        && matches!(digits.len(), 10 | 13)
    {
        return unix_time(digits);
    }
    if let [DateToken::Number(digits)] = *tokens.as_slice()
        && matches!(digits.len(), 12 | 14)
        && digits.starts_with(['1', '2'])
    {
        return compact_date(digits, zone);
    }
    let mut parser = DateParser(&tokens);
    parser.skip_weekday();
    let day = parser.day(day_first).ok_or(NoDate::Unknown)?;
    parser.skip_mark(",");
    parser.skip_connector();
    let time = parser.time();
    parser.skip_hour_word();
    let early = parser.year_after_time();
    let zone_of_text = parser.zone();
    let late = parser.year_after_time();
    // with an offset, a name in brackets repeats it (RFC 9557, section 3.4)
    let zone_in_brackets = parser.bracketed_zone();
    if !parser.0.is_empty() {
        return Err(NoDate::Unknown);
    }
    let year = single_year([day.year, early, late]).ok_or(NoDate::Unknown)?;
    if year > 9999 {
        return Err(NoDate::TooFar);
    }
    let date = day.date(year).ok_or(NoDate::Impossible)?;
    let time = time.map_or(Some(civil::Time::midnight()), WrittenTime::time);
    let local = date.to_datetime(time.ok_or(NoDate::Impossible)?);
    to_moment(local, zone_of_text.or(zone_in_brackets).as_ref(), zone)
        .or_else(|| is_last_day(local).then(|| Moment::utc(Timestamp::MAX)))
        .ok_or(NoDate::Impossible)
}

/// Whether `local` is on the last two days of 9999, which are after the last instant in some zones.
fn is_last_day(local: civil::DateTime) -> bool {
    local.date() >= civil::date(9999, 12, 30)
}

/// The moment `local` in the zone of the text, else in `zone`.
fn to_moment(local: civil::DateTime, zone_of_text: Option<&WrittenZone>, zone: &TimeZone) -> Option<Moment> {
    match zone_of_text {
        None => Moment::local(local, zone),
        Some(WrittenZone::Offset(minutes)) => {
            let offset = Offset::from_seconds((*minutes)? * 60).ok()?;
            Moment::new(offset.to_timestamp(local).ok()?, offset)
        }
        Some(WrittenZone::Named(name)) => Moment::local(local, &TimeZone::get(name).ok()?),
    }
}

/// Unix time: seconds in ten digits, milliseconds in thirteen, for the years 2001 to 2286.
fn unix_time(digits: &str) -> Result<Moment, NoDate> {
    let number: i64 = digits.parse().map_err(|_| NoDate::Unknown)?;
    let at = if digits.len() == 13 {
        Timestamp::from_millisecond(number)
    } else {
        Timestamp::from_second(number)
    };
    at.ok().and_then(|at| Moment::new(at, Offset::UTC)).ok_or(NoDate::Impossible)
}

/// `20231015131850` and `202310151318`, as in numbered notes.
fn compact_date(digits: &str, zone: &TimeZone) -> Result<Moment, NoDate> {
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |part| part.parse::<i8>().ok());
    let read = || {
        let date = civil::Date::new(digits.get(..4)?.parse().ok()?, part(4)?, part(6)?).ok()?;
        let time = civil::Time::new(part(8)?, part(10)?, part(12)?, 0).ok()?;
        Moment::local(date.to_datetime(time), zone)
    };
    read().ok_or(NoDate::Impossible)
}

/// The year, which may be written in several places but must be the same: `2023-01-29 18:30:22 2023`.
fn single_year(places: [Option<u32>; 3]) -> Option<u32> {
    let mut years = places.into_iter().flatten();
    let first = years.next()?;
    years.all(|year| year == first).then_some(first)
}
