//! What a verdict depends on beside the record: the link and the offer.

use crate::domain::link::LinkStatus;
use crate::domain::time::Timestamp;

/// What an entitlement's SKU stands for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferFacts {
    /// Amazon sent no SKU that can have an offer.
    NoSku,
    /// There is no such offer.
    Missing,
    /// There is one.
    There,
    /// There is one, and it is paused.
    Paused,
}

/// Tokens that Amazon called invalid, while they are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondLook {
    /// When they are tried again.
    pub at: Timestamp,
    /// When they are deleted.
    pub until: Timestamp,
}

/// The link whose tokens the entitlement's next step needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkFacts {
    /// What is stored as its status.
    pub status: LinkStatus,
    /// Whether its tokens were issued to one of our client ids.
    pub is_ours: bool,
    /// Whether it has tokens that Amazon has not called invalid.
    pub has_tokens: bool,
    /// Whether it has ended, and is kept for its last reports.
    pub is_remnant: bool,
    /// The tokens that Amazon called invalid.
    pub second_look: Option<SecondLook>,
    /// Amazon asked for rest until then.
    pub retry_at: Option<Timestamp>,
}

impl LinkFacts {
    pub(super) fn is_usable(&self) -> bool {
        self.status == LinkStatus::Linked && self.is_ours && self.has_tokens
    }

    /// Whether `link.retry` makes the next check ask Amazon with it.
    pub(super) fn can_be_retried(&self, now: Timestamp) -> bool {
        let has_hope = self.has_tokens || self.second_look.is_some_and(|look| look.until > now);
        self.is_ours && has_hope && !self.is_remnant
    }
}
