//! Dates as people and tools write them → a [`Moment`].
//!
//! Read are RFC 3339 with the zone names of RFC 9557, RFC 2822, the output of `date` and of JavaScript, the forms that front matter
//! of other tools holds (`2013/7/13 20:46:25`, `January 23rd, 2021`, `1.23.2021`, `15 Oct 2023 10:00 PM -4`) and Unix time in seconds
//! or milliseconds, and the names of months in the languages of `names`. Not read are years of two digits, week dates, and dates
//! without a day.

mod names;
mod written;

#[cfg(test)]
mod tests;

use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use crate::time::{Moment, Timestamp};
use written::{Rest, Token, tokens};

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDate {
    /// It has the form of a date, but there is no such day or time: `2017-02-29`.
    Impossible,
    /// Its year lies beyond 9999.
    TooFar,
    /// It has no form of a date that is known.
    Unknown,
}

/// In bytes. The longest form known, that of JavaScript with the zone's name in full, has about eighty.
const LONGEST: usize = 128;

/// The moment that `text` names. Where it names no zone, `zone` holds; where it names no time, the day's first instant.
/// In `1/2/2026` the day comes first if `day_first`, in `1.2.2026` always; where one of the two exceeds 12, that one is the day.
///
/// The last day of 9999, of which not all zones have an instant that can be kept, is the last instant that can. A leap second is the second before it; an hour of 24 is impossible (RFC 3339, section 5.7).
///
/// # Errors
///
/// See [`NoDate`].
pub fn parse(text: &str, zone: &TimeZone, day_first: bool) -> Result<Moment, NoDate> {
    if text.len() > LONGEST {
        return Err(NoDate::Unknown);
    }
    let text = names::in_ascii_digits(text);
    let tokens = tokens(&text).ok_or(NoDate::Unknown)?;
    if let [Token::Number(digits)] = *tokens.as_slice()
        && matches!(digits.len(), 10 | 13)
    {
        return unix(digits);
    }
    if let [Token::Number(digits)] = *tokens.as_slice()
        && matches!(digits.len(), 12 | 14)
        && digits.starts_with(['1', '2'])
    {
        return compact(digits, zone);
    }
    let mut rest = Rest(&tokens);
    rest.weekday();
    let day = rest.day(day_first).ok_or(NoDate::Unknown)?;
    rest.mark(",");
    rest.connector();
    let time = rest.time();
    rest.hours();
    let early = rest.year_again();
    let place = rest.zone();
    let late = rest.year_again();
    // a name in brackets says only what the offset before it has said already (RFC 9557, section 3.4)
    let named = rest.named_zone();
    if !rest.0.is_empty() {
        return Err(NoDate::Unknown);
    }
    let year = one_year([day.year, early, late]).ok_or(NoDate::Unknown)?;
    if year > 9999 {
        return Err(NoDate::TooFar);
    }
    let date = day.date(year).ok_or(NoDate::Impossible)?;
    let local = date.to_datetime(
        time.map_or(Some(civil::Time::midnight()), Clock::time)
            .ok_or(NoDate::Impossible)?,
    );
    moment(local, place.or(named).as_ref(), zone)
        .or_else(|| is_last_day(local).then(|| Moment::utc(Timestamp::MAX)))
        .ok_or(NoDate::Impossible)
}

/// Whether `local` is of the last two days of 9999, which are past the last instant in some zones.
fn is_last_day(local: civil::DateTime) -> bool {
    local.date() >= civil::date(9999, 12, 30)
}

fn moment(local: civil::DateTime, place: Option<&Zone>, zone: &TimeZone) -> Option<Moment> {
    match place {
        None => Moment::local(local, zone),
        Some(Zone::Offset(minutes)) => {
            let offset = Offset::from_seconds((*minutes)? * 60).ok()?;
            Moment::new(offset.to_timestamp(local).ok()?, offset)
        }
        Some(Zone::Named(name)) => Moment::local(local, &TimeZone::get(name).ok()?),
    }
}

/// Seconds in ten digits, milliseconds in thirteen: the years 2001 to 2286.
fn unix(digits: &str) -> Result<Moment, NoDate> {
    let number: i64 = digits.parse().map_err(|_| NoDate::Unknown)?;
    let at = if digits.len() == 13 {
        Timestamp::from_millisecond(number)
    } else {
        Timestamp::from_second(number)
    };
    at.ok().and_then(|at| Moment::new(at, Offset::UTC)).ok_or(NoDate::Impossible)
}

/// `20231015131850` and `202310151318`, as notes are numbered.
fn compact(digits: &str, zone: &TimeZone) -> Result<Moment, NoDate> {
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |part| part.parse::<i8>().ok());
    let read = || {
        let date = civil::Date::new(digits.get(..4)?.parse().ok()?, part(4)?, part(6)?).ok()?;
        let time = civil::Time::new(part(8)?, part(10)?, part(12)?, 0).ok()?;
        Moment::local(date.to_datetime(time), zone)
    };
    read().ok_or(NoDate::Impossible)
}

/// The year, where the places that may name it do not contradict each other: `2023-01-29 18:30:22 2023`.
fn one_year(places: [Option<u32>; 3]) -> Option<u32> {
    let mut named = places.into_iter().flatten();
    let first = named.next()?;
    named.all(|year| year == first).then_some(first)
}

/// A day as it was written: nothing says yet that there is one.
struct Day {
    /// May follow after the time.
    year: Option<u32>,
    month: u32,
    day: u32,
}

impl Day {
    fn date(&self, year: u32) -> Option<civil::Date> {
        let small = |number: u32| i8::try_from(number).ok();
        civil::Date::new(i16::try_from(year).ok()?, small(self.month)?, small(self.day)?).ok()
    }
}

/// A time of day as it was written.
struct Clock<'a> {
    hour: u32,
    minute: u32,
    second: u32,
    /// The digits after the point.
    fraction: &'a str,
    /// Whether `pm` follows, or `am`.
    pm: Option<bool>,
}

impl Clock<'_> {
    fn time(self) -> Option<civil::Time> {
        let hour = match (self.hour, self.pm) {
            (hour, None) => hour,
            (12, Some(false)) => 0,
            (1..=12, Some(false)) | (12..=23, Some(true)) => self.hour,
            (1..=11, Some(true)) => self.hour + 12,
            _ => return None,
        };
        let second = if self.second == 60 { 59 } else { self.second };
        let nanoseconds = match self.fraction {
            "" => 0,
            fraction => format!("{fraction:0<9.9}").parse().ok()?,
        };
        let small = |number: u32| i8::try_from(number).ok();
        civil::Time::new(small(hour)?, small(self.minute)?, small(second)?, nanoseconds).ok()
    }
}

/// A zone as it was written.
enum Zone<'a> {
    /// Minutes east of Greenwich; `None` where there is no such offset.
    Offset(Option<i32>),
    /// By its name in the IANA database.
    Named(&'a str),
}
