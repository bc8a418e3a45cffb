//! `offers.put`, `offers.list`, `offers.delete`.

use std::collections::HashSet;

use prime_gaming::api::ErrorCode;
use prime_gaming::app::Offers;
use prime_gaming::domain::{Offer, Sku};
use serde_json::value::RawValue;

use crate::{Done, Fault, Fields, text};
use prime_gaming::signals::event;

/// The most offers of one `offers.put`: as many as are stored well within the time limit.
const MOST: usize = 500;

/// `{"offers": [{sku, title, content, per_player?}]}`: stores them all, or none if any has a
/// fault.
pub(crate) async fn put(offers: &Offers, fields: &Fields<'_>) -> Result<Done, Vec<Fault>> {
    let given: Vec<&RawValue> = fields
        .get("offers")
        .and_then(|list| serde_json::from_str(list.get()).ok())
        .unwrap_or_default();
    if !(1..=MOST).contains(&given.len()) {
        return Err(vec![Fault::invalid(format!(
            "offers must be a list of 1 to {MOST} objects with sku, title and content"
        ))]);
    }
    let mut faults = Vec::new();
    let mut checked = Vec::new();
    let mut skus = HashSet::new();
    for (index, offer) in given.iter().enumerate() {
        match Offer::from_json(offer) {
            Ok(offer) if skus.insert(offer.sku.clone()) => checked.push(offer),
            Ok(offer) => faults.push(Fault::invalid(format!(
                "offers[{index}].sku: {} is in the list twice",
                offer.sku
            ))),
            Err(found) => faults.extend(
                found
                    .into_iter()
                    .map(|fault| Fault::invalid(format!("offers[{index}].{fault}"))),
            ),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut stored = Vec::new();
    for offer in checked {
        if let Err(error) = offers.put(&offer).await {
            let mut fault = Fault::from(error);
            let stored: Vec<_> = stored.iter().map(Sku::as_str).collect();
            fault.detail = format!("{}; stored so far: {stored:?}", fault.detail);
            return Err(vec![fault]);
        }
        tracing::info!(event = event::OFFER_PUT, sku = %offer.sku);
        stored.push(offer.sku);
    }
    Ok(Done::Stored { stored })
}

/// Every offer, by SKU.
pub(crate) async fn list(offers: &Offers) -> Result<Done, Vec<Fault>> {
    let offers = offers.list().await.map_err(|error| vec![error.into()])?;
    Ok(Done::Listed { offers })
}

/// `{"sku"}`: removes one offer. What was handed out of it stays as it is.
pub(crate) async fn delete(offers: &Offers, fields: &Fields<'_>) -> Result<Done, Vec<Fault>> {
    let sku = text(fields, "sku").unwrap_or_default();
    let sku = Sku::new(sku).map_err(|error| vec![Fault::invalid(error.to_string())])?;
    if offers
        .delete(&sku)
        .await
        .map_err(|error| vec![error.into()])?
    {
        tracing::info!(event = event::OFFER_DELETED, %sku);
        Ok(Done::Deleted { deleted: sku })
    } else {
        Err(vec![Fault {
            code: ErrorCode::NotFound.as_str(),
            detail: format!("there is no offer {sku}"),
        }])
    }
}
