//! The verdict about an entitlement, for operators.

use serde::Serialize;

use crate::domain::{EntitlementId, PlayerId, Sku, Timestamp, Turn, VerdictCode};

/// Who has to act, and what helps.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Who has to act.
    pub turn: Turn,
    /// What it waits for.
    pub code: VerdictCode,
    /// Since when.
    pub since: Timestamp,
    /// When the service tries next by itself.
    pub next_try_at: Option<Timestamp>,
    /// A sentence that support may send to the player.
    pub say: &'static str,
    /// The command that would help. It lacks only the operator's own fields.
    #[serde(rename = "do")]
    pub help: Option<HelpfulCommand>,
}

/// A command that would help, filled in.
#[derive(Debug, Serialize)]
#[serde(tag = "command")]
pub enum HelpfulCommand {
    /// `entitlement.release`
    #[serde(rename = "entitlement.release")]
    Release {
        /// The player to whom it belongs.
        player_id: PlayerId,
        /// Amazon's id of it.
        entitlement_id: EntitlementId,
    },
    /// `entitlement.rereport`
    #[serde(rename = "entitlement.rereport")]
    Rereport {
        /// The player to whom it belongs.
        player_id: PlayerId,
        /// Amazon's id of it.
        entitlement_id: EntitlementId,
    },
    /// `entitlement.reassign`
    #[serde(rename = "entitlement.reassign")]
    Reassign {
        /// Amazon's id of it.
        entitlement_id: EntitlementId,
        /// The player who was handed it.
        from_player_id: PlayerId,
        /// The player who would get it.
        to_player_id: PlayerId,
    },
    /// `link.retry`
    #[serde(rename = "link.retry")]
    Retry {
        /// The player whose link it is.
        player_id: PlayerId,
    },
    /// `offers.resume`
    #[serde(rename = "offers.resume")]
    Resume {
        /// The offer.
        sku: Sku,
    },
    /// `offers.put`
    #[serde(rename = "offers.put")]
    Put {
        /// The offer that is missing.
        offers: [MissingOffer; 1],
    },
}

/// An offer as far as the service can fill it in: the studio has to add its title and content.
#[derive(Debug, Serialize)]
pub struct MissingOffer {
    /// Its SKU.
    pub sku: Sku,
}
