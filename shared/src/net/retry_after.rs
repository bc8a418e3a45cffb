//! `Retry-After`: how long a server asks us to wait.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::budget::RETRY_AFTER_MOST;
use crate::domain::Timestamp;

/// The wait that `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3), at most an hour.
/// A date in the past is no wait. `None`: there is no such header, or it can't be read.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // A number too long for `u64` is a long wait, too.
        text.parse().map_or(RETRY_AFTER_MOST, Duration::from_secs)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        let since_epoch = date.duration_since(UNIX_EPOCH).ok()?.as_millis();
        Timestamp::from_millis(i64::try_from(since_epoch).ok()?).since(now)
    };
    Some(wait.min(RETRY_AFTER_MOST))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn read(text: &str) -> Option<Duration> {
        // Wed, 21 Oct 2015 07:28:00 GMT
        let now = Timestamp::from_millis(1_445_412_480_000);
        let value = HeaderValue::from_str(text).expect("a header value");
        retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]), now)
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(read("0"), Some(Duration::ZERO));
        assert_eq!(read(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(
            read("Wed, 21 Oct 2015 07:28:30 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(read("Wed, 21 Oct 2015 07:00:00 GMT"), Some(Duration::ZERO));
        for obsolete in [
            "Wednesday, 21-Oct-15 07:28:30 GMT",
            "Wed Oct 21 07:28:30 2015",
        ] {
            assert_eq!(read(obsolete), Some(Duration::from_secs(30)), "{obsolete}");
        }
    }

    #[test]
    fn the_wait_is_at_most_an_hour() {
        for long in [
            "3600",
            "3601",
            "86400",
            "99999999999999999999999",
            "Wed, 21 Oct 2099 07:28:00 GMT",
        ] {
            assert_eq!(read(long), Some(RETRY_AFTER_MOST), "{long}");
        }
    }

    #[test]
    fn a_malformed_header_is_ignored() {
        for nonsense in ["", "-5", "1.5", "soon", "Wed, 99 Oct 2015 07:28:00 GMT"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
        assert_eq!(
            retry_after(&HeaderMap::new(), Timestamp::from_millis(0)),
            None
        );
    }
}
