//! `offers.put`, `offers.list`, `offers.delete`.

use std::collections::HashSet;

use prime_gaming::domain::{Offer, Sku};
use prime_gaming::store::Offers;
use serde_json::{Map, Value, json};

use crate::{Answer, Fault};

/// The most offers of one `offers.put`: as many as are stored well within the time limit.
const MOST: usize = 500;

/// `{"offers": [{sku, title, content, per_player?}]}`: stores them all, or none if any has a
/// fault.
pub(crate) async fn put(offers: &Offers, event: &Value) -> Answer {
    let given = event
        .get("offers")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
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
            fault.detail = format!("{}; stored so far: {stored:?}", fault.detail);
            return Err(vec![fault]);
        }
        tracing::info!(event = "offer_put", sku = %offer.sku);
        stored.push(offer.sku.to_string());
    }
    Ok(fields(json!({"stored": stored})))
}

/// Every offer, by SKU.
pub(crate) async fn list(offers: &Offers) -> Answer {
    let offers = offers.list().await.map_err(|error| vec![error.into()])?;
    Ok(fields(json!({"offers": offers})))
}

/// `{"sku"}`: removes one offer. What was handed out of it stays as it is.
pub(crate) async fn delete(offers: &Offers, event: &Value) -> Answer {
    let sku = event.get("sku").and_then(Value::as_str).unwrap_or_default();
    let sku = Sku::new(sku).map_err(|error| vec![Fault::invalid(error.to_string())])?;
    if offers
        .delete(&sku)
        .await
        .map_err(|error| vec![error.into()])?
    {
        tracing::info!(event = "offer_deleted", %sku);
        Ok(fields(json!({"deleted": sku})))
    } else {
        Err(vec![Fault {
            code: "not_found",
            detail: format!("there is no offer {sku}"),
        }])
    }
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
