//! What the commands about one player or Amazon account answer.

use serde::Serialize;

use super::entitlements::OperatorEntitlement;
use crate::domain::{AmazonUserId, AuditRecord, EntitlementId, LinkStatus, PlayerId, Timestamp};

/// A player's link, as an operator sees it. It has no token.
#[derive(Debug, Default, Serialize)]
pub struct OperatorLink {
    /// As the game sees it; `unlinked` where there is none. `None`: the row can't be read.
    pub status: Option<LinkStatus>,
    /// When it was made.
    pub linked_at: Option<Timestamp>,
    /// The Amazon account.
    pub amazon_user_id: Option<AmazonUserId>,
    /// The LWA client that it belongs to.
    pub client_id: Option<String>,
    /// When Amazon was last asked for this player.
    pub checked_at: Option<Timestamp>,
    /// The next check may not ask Amazon before this time.
    pub next_check_at: Option<Timestamp>,
    /// Amazon asked for rest until then.
    pub retry_at: Option<Timestamp>,
    /// When tokens that Amazon called invalid are tried again.
    pub next_look_at: Option<Timestamp>,
}

/// `player.get`
#[derive(Debug, Serialize)]
pub struct PlayerAnswer {
    /// The player.
    pub player_id: PlayerId,
    /// The link.
    pub link: OperatorLink,
    /// The newest first.
    pub entitlements: Vec<OperatorEntitlement>,
    /// Where the next page of entitlements begins; `None` on the last page.
    pub cursor: Option<String>,
    /// What operators did, the newest first.
    pub audit: Vec<AuditRecord>,
    /// Rows of this page, or of a link that it depends on, that can't be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// `amazon.get`
#[derive(Debug, Serialize)]
pub struct AccountAnswer {
    /// The player whose account it is now.
    pub player_id: Option<PlayerId>,
    /// Whether reports are owed with its tokens; `true` if a row of it can't be read.
    pub owes: bool,
    /// What waits for the account to be linked again.
    pub parked: Vec<ParkedEntitlement>,
    /// Rows that can't be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// A report that waits for its Amazon account to be linked again.
#[derive(Debug, Serialize)]
pub struct ParkedEntitlement {
    /// The player to whom it belongs.
    pub player_id: PlayerId,
    /// Amazon's id of it.
    pub entitlement_id: EntitlementId,
}

/// `player.unlink`
#[derive(Debug, Serialize)]
pub struct UnlinkAnswer {
    /// The player.
    pub player_id: PlayerId,
    /// Whether there was a link.
    pub unlinked: bool,
}

/// `link.retry`
#[derive(Debug, Serialize)]
pub struct RetryAnswer {
    /// The player, whose next check asks Amazon.
    pub player_id: PlayerId,
}
