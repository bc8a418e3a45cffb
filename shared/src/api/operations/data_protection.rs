//! What `player.export`, `player.erase` and `player.erase_again` answer.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::{AmazonUserId, PlayerId, Timestamp};

/// `player.erase`
#[derive(Debug, Default, Serialize)]
pub struct EraseAnswer {
    /// The receipt, under which the audit record of the erasure is kept; `None` in a dry run.
    pub receipt_id: Option<String>,
    /// Amazon's ids of what was delivered, and could not be reported. It is reported no more.
    pub not_reported: Vec<String>,
    /// In a dry run: what there is to erase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_erase: Option<WouldErase>,
}

/// What there is to erase of a player.
#[derive(Debug, Default, Serialize)]
pub struct WouldErase {
    /// Whether there is a link, or a row of one.
    pub link: bool,
    /// How many short-lived rows of linking there are.
    pub linking: usize,
    /// How many entitlements there are.
    pub entitlements: usize,
    /// How many audit records there are.
    pub audit_records: usize,
}

/// `player.erase_again`
#[derive(Debug, Serialize)]
pub struct EraseAgainAnswer {
    /// How many players were erased again by this call.
    pub erased: usize,
    /// Whom it could not erase, and why. The others were erased all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedErasure>,
    /// Where the next call goes on; `None`: it has been through all tables.
    pub cursor: Option<String>,
}

/// A player whom a restore has brought back, and who could not be erased again.
#[derive(Debug, Serialize)]
pub struct FailedErasure {
    /// The player.
    pub player_id: PlayerId,
    /// What is in the way.
    pub detail: String,
}

impl From<(PlayerId, String)> for FailedErasure {
    fn from((player_id, detail): (PlayerId, String)) -> Self {
        Self { player_id, detail }
    }
}

/// A stored row, by readable names.
pub type StoredRow = BTreeMap<&'static str, Box<RawValue>>;

/// `player.export`
#[derive(Debug, Serialize)]
pub struct ExportAnswer {
    /// The player.
    pub player_id: PlayerId,
    /// The link.
    pub link: Option<StoredRow>,
    /// What a game or a login page asked for in the last hours.
    pub link_sessions: Vec<StoredRow>,
    /// Browsers that went to Amazon in the last hours.
    pub link_attempts: Vec<StoredRow>,
    /// Consoles and TVs that showed a code in the last hours.
    pub device_sessions: Vec<StoredRow>,
    /// What is stored by Amazon account.
    pub amazon_accounts: Vec<ExportedAccount>,
    /// An earlier erasure of the player.
    pub erasure: Option<ExportedErasure>,
    /// The entitlements.
    pub entitlements: Vec<StoredRow>,
    /// The entitlements that count against the limit of an offer.
    pub used_up: Vec<StoredRow>,
    /// What operators did.
    pub audit: Vec<StoredRow>,
    /// Where the next page begins; `None` on the last page.
    pub cursor: Option<String>,
}

impl ExportAnswer {
    /// Nothing yet.
    #[must_use]
    pub fn of(player_id: PlayerId) -> Self {
        Self {
            player_id,
            link: None,
            link_sessions: Vec::new(),
            link_attempts: Vec::new(),
            device_sessions: Vec::new(),
            amazon_accounts: Vec::new(),
            erasure: None,
            entitlements: Vec::new(),
            used_up: Vec::new(),
            audit: Vec::new(),
            cursor: None,
        }
    }
}

/// What is stored of a player by Amazon account.
#[derive(Debug, Serialize)]
pub struct ExportedAccount {
    /// The account.
    pub amazon_user_id: AmazonUserId,
    /// A link that has ended, and whose tokens are kept for its last reports.
    pub ended_link: Option<StoredRow>,
    /// Entitlements whose reports wait until the account is linked again.
    pub parked: Vec<String>,
    /// What the service has to do for the account because of the player.
    pub housekeeping: Vec<StoredRow>,
}

/// An earlier erasure of a player.
#[derive(Debug, Serialize)]
pub struct ExportedErasure {
    /// Its receipt.
    pub receipt_id: String,
    /// When it began.
    pub at: Timestamp,
}
