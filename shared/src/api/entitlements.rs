//! The bodies of `/v1/entitlements`.

use serde::Deserialize;

/// `POST /v1/entitlements/check`
#[derive(Debug, Deserialize)]
pub struct CheckRequest {
    /// The player, where a game server asks.
    pub player_id: Option<String>,
}
