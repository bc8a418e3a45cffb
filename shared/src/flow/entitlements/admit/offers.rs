//! The offers of what is new.

use super::NotAdmitted;
use crate::App;
use crate::domain::{Offer, Sku, Timestamp};
use crate::flow::rows::log_unreadable;
use crate::store::FoundOffers;

/// The offers that a listing asks for.
pub(super) enum Offers {
    Known(FoundOffers),
    /// They could not be read.
    NotRead(String),
}

impl Offers {
    pub(super) async fn read<'a>(
        app: &App,
        skus: impl Iterator<Item = &'a str>,
        now: Timestamp,
    ) -> Self {
        let skus: Vec<Sku> = skus.filter_map(|sku| Sku::new(sku).ok()).collect();
        if skus.is_empty() {
            return Self::Known(FoundOffers::default());
        }
        match app.offers.get(&skus, now).await {
            Ok(found) => {
                found.unreadable.values().for_each(log_unreadable);
                Self::Known(found)
            }
            Err(error) => Self::NotRead(error.to_string()),
        }
    }

    /// The offer of this SKU, if there is one.
    ///
    /// # Errors
    /// If that is not known.
    pub(super) fn of(&self, sku: Option<&str>) -> Result<Option<&Offer>, NotAdmitted> {
        let found = match self {
            Self::Known(found) => found,
            Self::NotRead(cause) => return Err(NotAdmitted::NoOffers(cause.clone())),
        };
        let Some(sku) = sku.and_then(|sku| Sku::new(sku).ok()) else {
            return Ok(None);
        };
        if found.unreadable.contains_key(&sku) {
            return Err(NotAdmitted::UnreadableOffer);
        }
        Ok(found.offers.get(&sku))
    }
}
