//! The offers of what is new.

use super::NotAdmitted;
use crate::App;
use crate::domain::{Offer, Sku, Timestamp};
use crate::flow::fulfillment::paused::{IsPaused, Pauses};
use crate::flow::rows::log_unreadable;
use crate::store::FoundOffers;

/// The offers that a listing asks for.
pub(super) struct Offers {
    /// The reason where they could not be read.
    found: Result<FoundOffers, String>,
    /// What the table says of the offers that a cache gave or that can't be read.
    others: Pauses,
}

impl Offers {
    pub(super) async fn read<'a>(
        app: &App,
        skus: impl Iterator<Item = &'a str>,
        now: Timestamp,
    ) -> Self {
        let skus: Vec<Sku> = skus.filter_map(|sku| Sku::new(sku).ok()).collect();
        let found = if skus.is_empty() {
            Ok(FoundOffers::default())
        } else {
            app.offers.get(&skus, now).await
        };
        let mut others = Vec::new();
        if let Ok(found) = &found {
            found.unreadable.values().for_each(log_unreadable);
            others.extend(found.cached.iter().chain(found.unreadable.keys()));
        }
        let others = Pauses::read(app, others.into_iter().map(Sku::as_str)).await;
        Self {
            found: found.map_err(|error| error.to_string()),
            others,
        }
    }

    /// Whether the offer of this SKU is paused.
    ///
    /// # Errors
    /// If that is not known.
    pub(super) fn is_paused(&self, sku: Option<&str>) -> Result<bool, NotAdmitted> {
        let found = self.found()?;
        let Some(sku) = sku.and_then(|sku| Sku::new(sku).ok()) else {
            return Ok(false);
        };
        if !found.cached.contains(&sku) && !found.unreadable.contains_key(&sku) {
            return Ok(found.offers.get(&sku).is_some_and(|offer| offer.paused));
        }
        match self.others.of_sku(&sku) {
            IsPaused::Yes => Ok(true),
            IsPaused::No => Ok(false),
            IsPaused::NotKnown => Err(NotAdmitted::PauseNotKnown),
        }
    }

    /// The offer of this SKU, if there is one.
    ///
    /// # Errors
    /// If that is not known.
    pub(super) fn of(&self, sku: Option<&str>) -> Result<Option<&Offer>, NotAdmitted> {
        let found = self.found()?;
        let Some(sku) = sku.and_then(|sku| Sku::new(sku).ok()) else {
            return Ok(None);
        };
        if found.unreadable.contains_key(&sku) {
            return Err(NotAdmitted::UnreadableOffer);
        }
        Ok(found.offers.get(&sku))
    }

    fn found(&self) -> Result<&FoundOffers, NotAdmitted> {
        self.found
            .as_ref()
            .map_err(|cause| NotAdmitted::NoOffers(cause.clone()))
    }
}
