//! The life of an entitlement: `pending` → `delivered` → `reported`, or `held`.

use serde::Serialize;

/// Where an entitlement is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// To be delivered.
    Pending,
    /// Delivered; Amazon has not been told yet.
    Delivered,
    /// Delivered, and Amazon knows.
    Reported,
    /// Must not be delivered; its [`HoldReason`] says why.
    Held,
}

impl Status {
    /// The word in the API and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Reported => "reported",
            Self::Held => "held",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Reported, Self::Held]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// Why an entitlement is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Its SKU is not in the offers table.
    UnknownOffer,
    /// Amazon's instruction is a word we do not know.
    UnknownInstruction,
    /// The player has used this offer up.
    DuplicateOffer,
    /// It was handed out to another player before.
    OtherPlayer,
    /// The studio's backend refused to deliver it.
    DeliveryRefused,
}

impl HoldReason {
    /// The word in the API and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownOffer => "unknown_offer",
            Self::UnknownInstruction => "unknown_instruction",
            Self::DuplicateOffer => "duplicate_offer",
            Self::OtherPlayer => "other_player",
            Self::DeliveryRefused => "delivery_refused",
        }
    }

    /// The reason of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::UnknownOffer,
            Self::UnknownInstruction,
            Self::DuplicateOffer,
            Self::OtherPlayer,
            Self::DeliveryRefused,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == word)
    }

    /// Whether every fresh check looks again; the other holds only an operator releases.
    #[must_use]
    pub const fn is_looked_at_again(self) -> bool {
        matches!(self, Self::UnknownOffer | Self::UnknownInstruction)
    }
}
