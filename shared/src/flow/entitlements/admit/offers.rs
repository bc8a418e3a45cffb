//! The offers of what is new.

use std::collections::HashSet;

use super::NotAdmitted;
use crate::App;
use crate::domain::{Offer, Sku, Timestamp};
use crate::flow::fulfillment::paused::paused_among;
use crate::flow::rows::log_unreadable;
use crate::store::FoundOffers;

/// The offers that a listing asks for.
pub(super) struct Offers {
    /// The reason where they could not be read.
    found: Result<FoundOffers, String>,
    paused: HashSet<Sku>,
}

impl Offers {
    pub(super) async fn read<'a>(
        app: &App,
        skus: impl Iterator<Item = &'a str>,
        now: Timestamp,
    ) -> Self {
        let skus: Vec<Sku> = skus.filter_map(|sku| Sku::new(sku).ok()).collect();
        if skus.is_empty() {
            return Self {
                found: Ok(FoundOffers::default()),
                paused: HashSet::new(),
            };
        }
        let found = app.offers.get(&skus, now).await;
        let mut paused = HashSet::new();
        if let Ok(found) = &found {
            found.unreadable.values().for_each(log_unreadable);
            let is_paused = |offer: &&Offer| offer.paused && !found.cached.contains(&offer.sku);
            let read = found.offers.values().filter(is_paused);
            paused.extend(read.map(|offer| offer.sku.clone()));
            paused.extend(paused_among(app, found.cached.iter().map(Sku::as_str)).await);
        }
        Self {
            found: found.map_err(|error| error.to_string()),
            paused,
        }
    }

    /// Whether the offer of this SKU is paused.
    pub(super) fn is_paused(&self, sku: Option<&str>) -> bool {
        let sku = sku.and_then(|sku| Sku::new(sku).ok());
        sku.is_some_and(|sku| self.paused.contains(&sku))
    }

    /// The offer of this SKU, if there is one.
    ///
    /// # Errors
    /// If that is not known.
    pub(super) fn of(&self, sku: Option<&str>) -> Result<Option<&Offer>, NotAdmitted> {
        let found = self
            .found
            .as_ref()
            .map_err(|cause| NotAdmitted::NoOffers(cause.clone()))?;
        let Some(sku) = sku.and_then(|sku| Sku::new(sku).ok()) else {
            return Ok(None);
        };
        if found.unreadable.contains_key(&sku) {
            return Err(NotAdmitted::UnreadableOffer);
        }
        Ok(found.offers.get(&sku))
    }
}
