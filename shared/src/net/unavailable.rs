//! A service that can't be used now.

use std::borrow::Cow;
use std::time::Duration;

use super::{FullResponse, NetError};
use crate::domain::Timestamp;

/// The server could not be reached, or its response was lost or unusable: try again later. Whether
/// the request took effect is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{source}")]
pub struct Unavailable {
    /// How long the server asks us to wait.
    pub retry_after: Option<Duration>,
    /// Whether the same request may be sent again at once: nothing was sent, or a gateway responded in
    /// the server's place.
    pub is_passing: bool,
    /// What went wrong.
    pub source: Cause,
}

/// Why an exchange failed. It holds no URL and no text of the response, so it is safe to log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// There was no response.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The response has this status.
    #[error("status {0}")]
    Status(u16),
    /// Something else, in a sentence.
    #[error("{0}")]
    Other(Cow<'static, str>),
}

impl Unavailable {
    /// The response has a status that decides nothing.
    #[must_use]
    pub fn status(response: &FullResponse, now: Timestamp) -> Self {
        Self {
            retry_after: response.retry_after(now),
            is_passing: matches!(response.status, 502..=504),
            source: Cause::Status(response.status),
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

    /// The shortest wait before the same request may be sent again. `None`: it may not, because its
    /// outcome is unknown.
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
