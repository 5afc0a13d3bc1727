//! The `Date` of responses (RFC 9110, section 6.6.1).
//!
//! hyper adds a `Date` that it renews only when the clock moves forward: after the clock is set back by an hour, hyper sends the same
//! date for an hour. Here it is renewed whenever the second changes, in either direction.

use std::cell::RefCell;

use http::HeaderValue;

use crate::http::conditional::http_date;
use crate::time::Timestamp;

thread_local! {
    /// The last value made on this thread, and its second since 1970.
    static LAST: RefCell<Option<(i64, HeaderValue)>> = const { RefCell::new(None) };
}

/// The value of `Date` at `now`; `None` before 1970.
pub(super) fn date(now: Timestamp) -> Option<HeaderValue> {
    let second = now.as_second();
    LAST.with_borrow_mut(|last| {
        if let Some((_, value)) = last.as_ref().filter(|(made_at, _)| *made_at == second) {
            return Some(value.clone());
        }
        let value = HeaderValue::try_from(http_date(now)?).ok()?;
        *last = Some((second, value.clone()));
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_follows_a_clock_that_is_set_forward_or_back() {
        for (now, expected) in [
            ("2026-06-01T12:00:00.9Z", "Mon, 01 Jun 2026 12:00:00 GMT"),
            ("2026-06-01T12:00:01Z", "Mon, 01 Jun 2026 12:00:01 GMT"),
            ("2026-06-01T11:00:01.5Z", "Mon, 01 Jun 2026 11:00:01 GMT"),
            ("2020-01-01T00:00:00Z", "Wed, 01 Jan 2020 00:00:00 GMT"),
            ("2026-06-01T12:00:01Z", "Mon, 01 Jun 2026 12:00:01 GMT"),
        ] {
            assert_eq!(date(now.parse().unwrap()).unwrap(), expected);
        }
    }
}
