//! What the commands about one entitlement answer.

use serde::Serialize;

use crate::api::entitlements::Entitlement;
use crate::api::verdict::Verdict;
use crate::domain::{AmazonUserId, PlayerId, Timestamp};

/// An entitlement, as an operator sees it.
#[derive(Debug, Serialize)]
pub struct OperatorEntitlement {
    /// As a game sees it.
    #[serde(flatten)]
    pub entitlement: Entitlement,
    /// The player to whom it belongs.
    pub player_id: PlayerId,
    /// The Amazon account that it came from.
    pub amazon_user_id: AmazonUserId,
    /// How often its present step was tried.
    pub attempts: u32,
    /// Why the last try of its present step failed.
    pub last_cause: Option<String>,
    /// When it was first handed out, to the game or the studio's backend.
    pub handed_out_at: Option<Timestamp>,
    /// When an operator was first told that it makes no progress.
    pub attention_at: Option<Timestamp>,
    /// Who has to act, and what helps.
    pub verdict: Verdict,
}

/// `entitlement.get`
#[derive(Debug, Serialize)]
pub struct FoundEntitlement {
    /// The owner's record. Another player's record if there is no owner, or the owner's can't be read.
    pub entitlement: OperatorEntitlement,
    /// The other players who have a row of it.
    pub also: Vec<PlayerId>,
    /// Rows that can't be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// `entitlement.release`, `entitlement.hold`, `entitlement.reassign`, `entitlement.rereport`
#[derive(Debug, Serialize)]
pub struct ChangedEntitlement {
    /// As it is afterwards.
    pub entitlement: OperatorEntitlement,
    /// What else an operator should know. The audit record says it, too.
    pub note: Option<String>,
}
