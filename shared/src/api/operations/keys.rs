//! What `keys.status` and `keys.reseal` answer.

use serde::Serialize;

use crate::domain::PlayerId;

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
