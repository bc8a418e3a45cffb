//! A service that can't be used now.

use std::borrow::Cow;
use std::time::Duration;

use super::{FullResponse, NetError};
use crate::domain::Timestamp;

/// The other side could not be asked, or its answer was lost or unusable: try again later. Whether
/// the request took effect is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{source}")]
pub struct Unavailable {
    /// How long the other side wants to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether the same request may be sent again in the same breath: nothing was sent, or a
    /// gateway answered in the other side's place.
    pub is_passing: bool,
    /// What went wrong.
    pub source: Cause,
}

/// What is known of an exchange that brought nothing. It holds no URL and no text of the answer, so
/// it is safe to log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// There was no answer.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The answer has this status.
    #[error("status {0}")]
    Status(u16),
    /// Something else, in a sentence.
    #[error("{0}")]
    Other(Cow<'static, str>),
}

impl Unavailable {
    /// The answer has a status that decides nothing.
    #[must_use]
    pub fn status(answer: &FullResponse, now: Timestamp) -> Self {
        Self {
            retry_after: answer.retry_after(now),
            is_passing: matches!(answer.status, 502..=504),
            source: Cause::Status(answer.status),
        }
    }

    /// Something else went wrong, and may go wrong again.
    #[must_use]
    pub fn because(cause: impl Into<Cow<'static, str>>) -> Self {
        Self {
            retry_after: None,
            is_passing: false,
            source: Cause::Other(cause.into()),
        }
    }

    /// The shortest wait after which the same request may be sent again in the same breath. `None`:
    /// it may not, because what became of it is not known.
    #[must_use]
    pub fn passing(&self) -> Option<Duration> {
        self.is_passing
            .then(|| self.retry_after.unwrap_or_default())
    }
}

impl From<NetError> for Unavailable {
    fn from(error: NetError) -> Self {
        Self {
            retry_after: None,
            is_passing: matches!(error, NetError::Connect(_)),
            source: error.into(),
        }
    }
}
