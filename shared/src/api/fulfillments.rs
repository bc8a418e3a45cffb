//! The bodies of `/v1/fulfillments`.

use serde::Deserialize;

use crate::domain::EntitlementId;

/// `POST /v1/fulfillments`
#[derive(Debug, Deserialize)]
pub struct FulfillmentsRequest {
    /// The player, where a game server confirms.
    pub player_id: Option<String>,
    /// What was delivered.
    pub entitlement_ids: Vec<EntitlementId>,
}
