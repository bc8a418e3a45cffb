//! There are offers; which of them are paused or unlimited.

use super::{Patient, not_told};
use crate::domain::{Finding, Offer, PerPlayer, names};
use crate::store::Offers;

pub(super) async fn are_there(patient: &Patient<'_>) -> Finding {
    let deployment = patient.deployment;
    let table = deployment.config.tables.offers.clone();
    match Offers::new(deployment.dynamodb.clone(), table).list().await {
        Ok((offers, unreadable)) => {
            let unreadable: Vec<_> = unreadable.iter().map(ToString::to_string).collect();
            judge(&offers, &unreadable)
        }
        Err(error) => not_told(&error),
    }
}

fn judge(offers: &[Offer], unreadable: &[String]) -> Finding {
    if offers.is_empty() && unreadable.is_empty() {
        return Finding::unwell(
            "there are no offers, so everything that players claim is held as unknown_offer",
            "Put the offers with the command offers.put: events/admin-offers-put.json is an example.",
        );
    }
    let skus = |which: &dyn Fn(&Offer) -> bool| {
        let which = offers.iter().filter(|offer| which(offer));
        let skus: Vec<_> = which.map(|offer| offer.sku.as_str().to_owned()).collect();
        skus
    };
    let mut detail = match offers.len() {
        1 => "there is 1 offer".to_owned(),
        count => format!("there are {count} offers"),
    };
    for (what, skus) in [
        ("paused", skus(&|offer| offer.paused)),
        (
            "any number of times for each player",
            skus(&|offer| offer.per_player == PerPlayer(None)),
        ),
    ] {
        if !skus.is_empty() {
            detail += &format!("; {what}: {}", names(&skus));
        }
    }
    if unreadable.is_empty() {
        return Finding::well(detail);
    }
    Finding::unwell(
        format!("{detail}; can't be read: {}", names(unreadable)),
        "Put the offers that can't be read again with offers.put.",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;
    use serde_json::{Value, json};

    use super::*;

    fn offer(sku: &str, more: &Value) -> Offer {
        let mut offer = json!({"sku": sku, "title": sku, "content": 1});
        for (name, value) in more.as_object().expect("fields") {
            offer[name] = value.clone();
        }
        Offer::from_json(&to_raw_value(&offer).expect("JSON")).expect("a good offer")
    }

    #[test]
    fn offers_that_are_paused_or_unlimited_are_named_and_no_fault() {
        let offers = [
            offer("hat", &json!({})),
            offer("cape", &json!({"paused": true})),
            offer("boost", &json!({"per_player": null})),
        ];
        let finding = judge(&offers, &[]);
        assert!(finding.ok);
        assert_eq!(
            finding.detail,
            "there are 3 offers; paused: cape; any number of times for each player: boost"
        );
        assert_eq!(judge(&offers[..1], &[]).detail, "there is 1 offer");
    }

    #[test]
    fn no_offers_or_unreadable_ones_are_a_fault_and_stop_no_rollout() {
        for (offers, unreadable, detail, fix) in [
            (vec![], vec![], "no offers", "offers.put"),
            (
                vec![],
                vec!["the item sku=hat".to_owned()],
                "sku=hat",
                "again",
            ),
            (
                vec![offer("cape", &json!({}))],
                vec!["the item sku=hat".to_owned()],
                "1 offer; can't be read",
                "again",
            ),
        ] {
            let finding = judge(&offers, &unreadable);
            assert!(!finding.ok && !finding.stops_rollout, "{finding:?}");
            assert!(finding.detail.contains(detail), "{finding:?}");
            assert!(finding.fix.is_some_and(|it| it.contains(fix)));
        }
    }
}
