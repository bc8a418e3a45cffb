//! What the commands about what waits for an operator answer.

use serde::Serialize;

use super::entitlements::OperatorEntitlement;
use crate::domain::{EntitlementId, PlayerId};

/// `attention.list`
#[derive(Debug, Serialize)]
pub struct AttentionPage {
    /// What waits for an operator. It may be empty although there are more pages.
    pub entitlements: Vec<OperatorEntitlement>,
    /// Where the next page begins; `None` on the last page.
    pub cursor: Option<String>,
    /// Rows of this page that can't be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// `attention.release`
#[derive(Debug, Serialize)]
pub struct ReleasedPage {
    /// How many of this page were released, or made due.
    pub released: u64,
    /// Where the next page begins; `None` on the last page.
    pub cursor: Option<String>,
    /// What stays as it is, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedEntitlement>,
    /// Rows of this page that can't be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// An entitlement that a command about many left as it is.
#[derive(Debug, Serialize)]
pub struct SkippedEntitlement {
    /// The player.
    pub player_id: PlayerId,
    /// Amazon's id of it.
    pub entitlement_id: EntitlementId,
    /// What is in its way.
    pub detail: String,
}
