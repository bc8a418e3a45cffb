//! The bodies of `/v1/entitlements`.

use serde::{Deserialize, Serialize};

use crate::domain::{Content, EntitlementId, HoldReason, LinkStatus, Status, Timestamp};

/// `POST /v1/entitlements/check`
#[derive(Debug, Deserialize)]
pub struct CheckRequest {
    /// The player, where a game server asks.
    pub player_id: Option<String>,
}

/// `POST /v1/entitlements/check`, 200
#[derive(Debug, Serialize)]
pub struct Check {
    /// The player's link.
    pub link: LinkStatus,
    /// Whether this call asked Amazon, and Amazon answered.
    pub fresh: bool,
    /// When Amazon was last asked.
    pub checked_at: Option<Timestamp>,
    /// Until then a check returns what is known, without asking Amazon.
    pub next_check_at: Option<Timestamp>,
    /// Whether there are more entitlements than these.
    pub more: bool,
    /// What is not reported yet.
    pub entitlements: Vec<Entitlement>,
}

impl Check {
    /// The most entitlements of one response.
    pub const MOST_ENTITLEMENTS: usize = 50;
}

/// `GET /v1/entitlements`, 200
#[derive(Debug, Serialize)]
pub struct EntitlementPage {
    /// The newest first.
    pub entitlements: Vec<Entitlement>,
    /// Where the next page begins; `None` on the last page.
    pub next_cursor: Option<String>,
}

/// An entitlement, as a game sees it.
#[derive(Debug, Serialize)]
pub struct Entitlement {
    /// Amazon's id of it.
    pub entitlement_id: EntitlementId,
    /// The studio's id of the offer.
    pub sku: Option<String>,
    /// The offer's title when the entitlement became `pending`.
    pub title: Option<String>,
    /// The offer's content when the entitlement became `pending`.
    pub content: Option<Content>,
    /// What it is now.
    pub status: Status,
    /// Why it is held, with the status `held`.
    pub reason: Option<HoldReason>,
    /// When Amazon first listed it.
    pub first_seen_at: Timestamp,
    /// When the player got it.
    pub delivered_at: Option<Timestamp>,
    /// When Amazon was last told.
    pub reported_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
}
