//! Why a browser's step of linking leads no further.

use std::time::Duration;

use crate::domain::LinkFailure;
use crate::store::StoreError;

/// Why a browser's step of linking leads no further.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The player is told why.
    #[error("linking was refused: {}", .0.code())]
    Refused(LinkFailure),
    /// The player has too many open attempts, for this time.
    #[error("the player has 10 open link attempts; the first of them ends in {0:?}")]
    TooManyAttempts(Duration),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LinkFailure> for LinkError {
    fn from(failure: LinkFailure) -> Self {
        Self::Refused(failure)
    }
}
