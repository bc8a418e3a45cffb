//! What the commands about offers answer.

use serde::Serialize;

use crate::domain::{Offer, Sku};

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
