//! What operators' commands answer.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::{
    AmazonUserId, AuditRecord, Check, EntitlementId, LinkStatus, Offer, PlayerId, Sku, Timestamp,
};

use super::entitlements::Entitlement;
use super::verdict::Verdict;

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

/// `entitlement.get`
#[derive(Debug, Serialize)]
pub struct FoundEntitlement {
    /// The owner's record. If the entitlement has no owner, the record of the first player who has one.
    pub entitlement: OperatorEntitlement,
    /// The other players who have a row of it.
    pub also: Vec<PlayerId>,
    /// Rows that can't be read, and why.
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

/// `link.retry`
#[derive(Debug, Serialize)]
pub struct RetryAnswer {
    /// The player, whose next check asks Amazon.
    pub player_id: PlayerId,
}

/// `entitlement.release`, `entitlement.hold`, `entitlement.reassign`, `entitlement.rereport`
#[derive(Debug, Serialize)]
pub struct ChangedEntitlement {
    /// As it is afterwards.
    pub entitlement: OperatorEntitlement,
    /// What else an operator should know. The audit record says it, too.
    pub note: Option<String>,
}

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

/// `keys.status`
#[derive(Debug, Serialize)]
pub struct KeysAnswer {
    /// The keys of the secret, in their order, and then those that it no longer has.
    pub keys: Vec<SealedBy>,
    /// How many rows have been read so far.
    pub read: u64,
    /// About how many rows there are. DynamoDB counts them every few hours.
    pub of_about: u64,
    /// Where the next page begins, with what was counted so far; `None` once all rows were read.
    pub cursor: Option<String>,
}

/// What is sealed with one key.
#[derive(Debug, Serialize)]
pub struct SealedBy {
    /// The key's id; empty for what was not sealed by this service.
    pub key_id: String,
    /// What the key is for.
    #[serde(rename = "use")]
    pub used: KeyUse,
    /// How many links have tokens that it opens.
    pub links: u64,
    /// How many values it opens that expire within a day: of players who are linking now, and of
    /// accounts that were unlinked.
    pub short_lived: u64,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUse {
    /// It seals, and opens.
    Seals,
    /// It only opens.
    Opens,
    /// The secret does not have it.
    Missing,
}

/// `keys.reseal`
#[derive(Debug, Serialize)]
pub struct ResealedAnswer {
    /// How many links of this page were sealed with the first key, or have lost dead tokens that
    /// nothing uses.
    pub resealed: u64,
    /// Links whose tokens do not open: their players have to link again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unopened: Vec<Unopened>,
    /// How many more of them there are, which are not named.
    pub more_unopened: u64,
    /// How many rows have been read so far.
    pub read: u64,
    /// About how many rows there are. DynamoDB counts them every few hours.
    pub of_about: u64,
    /// Where the next page begins; `None` once all rows were read.
    pub cursor: Option<String>,
}

/// A link whose tokens do not open.
#[derive(Debug, Serialize)]
pub struct Unopened {
    /// The player.
    pub player_id: PlayerId,
    /// Why.
    pub detail: String,
}

/// `offers.put`
#[derive(Debug, Serialize)]
pub struct StoredOffers {
    /// The SKUs, in the order of the command.
    pub stored: Vec<Sku>,
}

/// `offers.list`
#[derive(Debug, Serialize)]
pub struct ListedOffers {
    /// By SKU.
    pub offers: Vec<Offer>,
    /// Offers that can't be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// `offers.delete`
#[derive(Debug, Serialize)]
pub struct DeletedOffer {
    /// Its SKU.
    pub deleted: Sku,
}

/// `offers.pause`, `offers.resume`
#[derive(Debug, Serialize)]
pub struct PausedOffer {
    /// Its SKU.
    pub sku: Sku,
    /// Whether it is paused now.
    pub paused: bool,
}

/// `doctor`
#[derive(Debug, Serialize)]
pub struct Checkup {
    /// Every check, in the order in which to mend what is wrong.
    pub checks: Vec<Check>,
}

/// `offers.correct`
#[derive(Debug, Serialize)]
pub struct CorrectedOffer {
    /// How many entitlements have got the offer's present content.
    pub corrected: usize,
    /// How many of those that it met had been handed out already.
    pub too_late: usize,
    /// Where the search goes on; `None` at its end.
    pub cursor: Option<String>,
}
