//! The bodies of `/v1/link` and `/health`.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::{LinkStatus, Timestamp};

/// `POST /v1/link/sessions`
#[derive(Debug, Deserialize)]
pub struct LinkSessionRequest {
    /// Where the browser goes after linking.
    pub return_to: Option<String>,
}

/// `POST /v1/link/sessions`, 201
#[derive(Debug, Serialize)]
pub struct LinkSession {
    /// The address that the game opens in a browser. It holds a secret.
    pub start_url: Url,
    /// Until when it can be opened.
    pub expires_at: Timestamp,
}

/// `POST /v1/link/login`
#[derive(Deserialize)]
pub struct LinkLoginRequest {
    /// The ticket that `GET /link` has sent along to the studio's login page. A secret.
    pub login_ticket: String,
    /// The player that has logged in.
    pub player_id: Option<String>,
    /// The name to show on the page before Amazon.
    pub player_name: Option<String>,
}

/// `POST /v1/link/login`, 200
#[derive(Serialize)]
pub struct LinkLogin {
    /// Where the studio sends the browser next. It holds a secret.
    pub continue_url: Url,
}

/// `POST /v1/link/devices`, 201
#[derive(Debug, Serialize)]
pub struct DeviceSession {
    /// The id to poll with.
    pub id: String,
    /// The code that the player enters at Amazon.
    pub user_code: String,
    /// Where the player enters it.
    pub verification_uri: Url,
    /// The same address with the code in it, for a QR code.
    pub verification_uri_complete: Option<Url>,
    /// The pause between two polls, in seconds.
    pub interval: u64,
    /// Until when the code can be entered.
    pub expires_at: Timestamp,
}

/// `POST /v1/link/devices/{id}`, 200
#[derive(Debug, Serialize)]
pub struct DeviceStatus {
    /// `pending`, `linked`, `denied`, `expired` or `failed`.
    pub status: &'static str,
    /// The pause before the next poll, in seconds.
    pub interval: u64,
    /// The code of the failure, with `failed`.
    pub error: Option<&'static str>,
}

/// `GET /v1/link`, 200
#[derive(Debug, Serialize)]
pub struct Link {
    /// The link's status.
    pub status: LinkStatus,
    /// When the player linked; `None` without a link.
    pub linked_at: Option<Timestamp>,
}

/// `GET /health`, 200
#[derive(Debug, Serialize)]
pub struct Health {
    /// `ok`
    pub status: &'static str,
}
