//! The life of a device session: a console or TV that shows a code, and asks how it went.
//!
//! ```text
//! pending ──▶ linked | denied | expired | failed
//! ```

use std::time::Duration;

use super::LinkFailure;
use crate::budget::POLL_INTERVAL_MOST;

/// How a device session stands. All but the first are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceStatus {
    /// The player has not entered the code yet, or the link is still being made.
    Pending,
    /// The player is linked.
    Linked,
    /// The player refused at Amazon.
    Denied,
    /// The code was not entered in time.
    Expired,
    /// Amazon said yes, and still there is no link.
    Failed(LinkFailure),
}

impl DeviceStatus {
    /// The word in the API and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Linked => "linked",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Failed(_) => "failed",
        }
    }

    /// Why it failed.
    #[must_use]
    pub const fn error(self) -> Option<LinkFailure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// The status of that word; `failed` needs its `error`, and no other has one.
    #[must_use]
    pub fn parse(word: &str, error: Option<LinkFailure>) -> Option<Self> {
        match (word, error) {
            ("pending", None) => Some(Self::Pending),
            ("linked", None) => Some(Self::Linked),
            ("denied", None) => Some(Self::Denied),
            ("expired", None) => Some(Self::Expired),
            ("failed", Some(failure)) => Some(Self::Failed(failure)),
            _ => None,
        }
    }

    /// Why there is no link, in the words of linking; `None` where there is one, or may still be.
    #[must_use]
    pub const fn failure(self) -> Option<LinkFailure> {
        match self {
            Self::Pending | Self::Linked => None,
            Self::Denied => Some(LinkFailure::AccessDenied),
            Self::Expired => Some(LinkFailure::AttemptExpired),
            Self::Failed(failure) => Some(failure),
        }
    }
}

/// The interval after Amazon said `slow_down`: the double.
#[must_use]
pub fn slowed_down(interval: Duration) -> Duration {
    interval.saturating_mul(2).min(POLL_INTERVAL_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_its_status() {
        for status in [
            DeviceStatus::Pending,
            DeviceStatus::Linked,
            DeviceStatus::Denied,
            DeviceStatus::Expired,
            DeviceStatus::Failed(LinkFailure::AmazonAccountTaken),
        ] {
            let read = DeviceStatus::parse(status.as_str(), status.error());
            assert_eq!(read, Some(status));
        }
    }

    #[test]
    fn a_failure_and_its_error_belong_together() {
        assert_eq!(DeviceStatus::parse("failed", None), None);
        let error = Some(LinkFailure::Internal);
        assert_eq!(DeviceStatus::parse("linked", error), None);
        assert_eq!(DeviceStatus::parse("", None), None);
    }

    #[test]
    fn the_interval_doubles_within_reason() {
        let seconds = Duration::from_secs;
        assert_eq!(slowed_down(seconds(5)), seconds(10));
        assert_eq!(slowed_down(seconds(200)), POLL_INTERVAL_MOST);
        assert_eq!(slowed_down(Duration::MAX), POLL_INTERVAL_MOST);
    }
}
