//! stub
use crate::time::Moment;
use jiff::tz::TimeZone;

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDate {
    /// It has the form of a date, but there is no such day or time: `2017-02-29`.
    Impossible,
    /// It has no form of a date that is known.
    Unknown,
}

/// The moment that `text` names. Where it names no zone, `zone` holds; where it names no time, the day's first instant.
/// In `1/2/2026` the day comes first if `day_first`.
///
/// # Errors
///
/// See [`NoDate`].
pub fn parse(text: &str, zone: &TimeZone, day_first: bool) -> Result<Moment, NoDate> {
    let _ = (text, zone, day_first);
    Err(NoDate::Unknown)
}
