//! A point in time, as it is stored and as it is shown.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since the Unix epoch, UTC. Shown as RFC 3339, for example
/// `2026-01-31T09:30:00.125Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From RFC 3339, with any offset; `None` if it is not that, or can't be shown. What is finer than
    /// a millisecond is cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let millis = time.unix_timestamp_nanos().div_euclid(1_000_000);
        let time = Self(i64::try_from(millis).ok()?);
        time.is_showable().then_some(time)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whether it can be shown: RFC 3339 ends with the year 9999. What is stored beyond was not
    /// written by this service.
    #[must_use]
    pub const fn is_showable(self) -> bool {
        0 <= self.0 && self.0 < 253_402_300_800_000
    }

    /// Whole seconds since the Unix epoch, rounded up: the unit of DynamoDB's TTL and of JWTs.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000) + (self.0.rem_euclid(1000) > 0) as i64
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|time| time.format(&Rfc3339).ok())
            .ok_or(fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_rfc_3339_in_utc() {
        assert_eq!(
            Timestamp::from_millis(1_769_851_800_125).to_string(),
            "2026-01-31T09:30:00.125Z"
        );
        assert_eq!(
            Timestamp::from_millis(1_769_851_800_000).to_string(),
            "2026-01-31T09:30:00Z"
        );
    }

    #[test]
    fn reads_rfc_3339_with_any_offset() {
        for (text, millis) in [
            ("2026-01-31T09:30:00.125Z", Some(1_769_851_800_125)),
            ("2026-01-31T10:30:00+01:00", Some(1_769_851_800_000)),
            ("2026-01-31T09:30:00.1259Z", Some(1_769_851_800_125)),
            ("2026-01-31", None),
            ("2026-01-31T09:30:00", None),
            ("1969-12-31T23:59:59Z", None),
            ("", None),
        ] {
            let time = Timestamp::parse(text);
            assert_eq!(time.map(Timestamp::as_millis), millis, "{text}");
        }
    }

    #[test]
    fn what_can_not_be_shown_says_so() {
        for (millis, showable) in [
            (0, true),
            (253_402_300_799_999, true),
            (253_402_300_800_000, false),
            (-1, false),
            (i64::MAX, false),
        ] {
            assert_eq!(Timestamp::from_millis(millis).is_showable(), showable);
        }
        let last = Timestamp::from_millis(253_402_300_799_999);
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn seconds_round_up_so_that_nothing_expires_early() {
        assert_eq!(Timestamp::from_millis(1000).as_seconds(), 1);
        assert_eq!(Timestamp::from_millis(1001).as_seconds(), 2);
    }
}
