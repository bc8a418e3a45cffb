//! The bodies of `/v1/fulfillments`.

use serde::{Deserialize, Serialize, Serializer};

use crate::domain::{EntitlementId, Status};

/// `POST /v1/fulfillments`
#[derive(Debug, Deserialize)]
pub struct FulfillmentsRequest {
    /// The player, where a game server confirms.
    pub player_id: Option<String>,
    /// What was delivered.
    pub entitlement_ids: Vec<EntitlementId>,
}

/// `POST /v1/fulfillments`, 200
#[derive(Debug, Serialize)]
pub struct Fulfillments {
    /// One for each id, in the order of first mention.
    pub results: Vec<FulfillmentResult>,
}

/// What an entitlement is after its confirmation.
#[derive(Debug, Serialize)]
pub struct FulfillmentResult {
    /// The id in the request.
    pub entitlement_id: EntitlementId,
    /// `None`, written `unknown`, for an id that is not this player's, or was never seen.
    #[serde(serialize_with = "known_or_unknown")]
    pub status: Option<Status>,
}

fn known_or_unknown<S: Serializer>(
    status: &Option<Status>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.map_or("unknown", Status::as_str))
}
