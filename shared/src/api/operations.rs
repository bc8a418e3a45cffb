//! What operators' commands answer.

mod attention;
mod data_protection;
mod entitlements;
mod keys;
mod offers;
mod players;

pub use attention::{AttentionPage, ReleasedPage, SkippedEntitlement};
pub use data_protection::{
    EraseAgainAnswer, EraseAnswer, ExportAnswer, ExportedAccount, ExportedErasure, FailedErasure,
    StoredRow, WouldErase,
};
pub use entitlements::{ChangedEntitlement, FoundEntitlement, OperatorEntitlement};
pub use keys::{KeyUse, KeysAnswer, ResealedAnswer, SealedBy, Unopened};
pub use offers::{CorrectedOffer, DeletedOffer, ListedOffers, PausedOffer, StoredOffers};
pub use players::{
    AccountAnswer, OperatorLink, ParkedEntitlement, PlayerAnswer, RetryAnswer, UnlinkAnswer,
};

use serde::Serialize;

use crate::domain::Check;

/// The code of a command's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandCode {
    /// The command is not as described; the detail names the field.
    InvalidRequest,
    /// The cursor is not from an earlier answer.
    InvalidCursor,
    /// The player, entitlement, account or offer is unknown.
    NotFound,
    /// It is in a state that does not allow the command.
    Conflict,
    /// The request id was used for a command with other fields.
    RequestIdReused,
    /// Our fault, or a row that can't be read.
    Internal,
    /// The database does not answer, or the secret can't be used. Repeating the command is safe.
    Unavailable,
}

/// `doctor`
#[derive(Debug, Serialize)]
pub struct Checkup {
    /// Every check, in the order in which to mend what is wrong.
    pub checks: Vec<Check>,
}
