//! Writes down what Amazon listed: each entitlement becomes `pending` or `held`, or stays what
//! it is.

use std::collections::HashMap;
use std::time::Duration;

use super::budget::Budget;
use crate::App;
use crate::amazon::{Instruction, Listed, Listing};
use crate::config::DeliveryConfig;
use crate::domain::{HoldReason, Offer, Sku, Status, Timestamp};
use crate::store::{Admission, Claim, Link, Record, StoreError};

/// Amazon lists a reported entitlement for a while. One that it still lists after this time it
/// has forgotten, and is told once more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// What became of a listing.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// Records that were not known to be open before.
    pub(super) new: Vec<Record>,
    /// Reported long ago, and listed still: ours to report once more.
    pub(super) forgotten: Vec<Record>,
}

/// Writes down what is new in `listing`, asked with `link`; `open` is what was known.
///
/// # Errors
/// If the database does not answer. What was written stays; Amazon lists the rest again.
pub(super) async fn admit(
    app: &App,
    budget: Budget,
    link: &Link,
    listing: &Listing,
    open: &[Record],
) -> Result<Admitted, StoreError> {
    let now = app.clock.now();
    let known: HashMap<_, _> = open.iter().map(|record| (&record.id, record)).collect();
    let news: Vec<_> = listing
        .entitlements
        .iter()
        .map(|listed| (listed, known.get(&listed.id).copied()))
        .filter(|(listed, record)| is_news(listed, *record))
        .collect();
    let skus: Vec<Sku> = news
        .iter()
        .filter(|(listed, _)| listed.instruction == Instruction::Fulfill)
        .filter_map(|(listed, _)| Sku::new(listed.sku.as_deref()?).ok())
        .collect();
    let offers = if skus.is_empty() {
        HashMap::new()
    } else {
        app.offers.get(&skus, now).await?
    };

    let mut admitted = Admitted::default();
    for (listed, known) in news {
        // Amazon lists again what there is no time for now.
        if !budget.allows_amazon_call() {
            tracing::warn!(event = "check_cut_short", player_id = %link.player);
            break;
        }
        let claim = Claim {
            link,
            id: &listed.id,
            sku: listed.sku.as_deref(),
            known,
            now,
        };
        let offer = listed
            .sku
            .as_ref()
            .and_then(|sku| offers.get(&Sku::new(sku.clone()).ok()?));
        match admit_one(app, &claim, &listed.instruction, offer).await? {
            Admission::Written(record) => {
                log_admission(&record, &listed.instruction);
                admitted.new.push(*record);
            }
            Admission::Known(record) => settle_known(app, *record, now, &mut admitted).await?,
            Admission::LinkChanged => break,
            Admission::UsedUp | Admission::OtherPlayer => {}
        }
    }
    Ok(admitted)
}

/// Whether there is something to write down for this element.
fn is_news(listed: &Listed, known: Option<&Record>) -> bool {
    match known {
        None => listed.instruction != Instruction::Noop,
        Some(record) => {
            let next = match listed.instruction {
                Instruction::Noop => return false,
                Instruction::Fulfill => None,
                Instruction::Unknown(_) => Some(HoldReason::UnknownInstruction),
            };
            record.reason.is_some_and(HoldReason::is_looked_at_again) && record.reason != next
        }
    }
}

async fn admit_one(
    app: &App,
    claim: &Claim<'_>,
    instruction: &Instruction,
    offer: Option<&Offer>,
) -> Result<Admission, StoreError> {
    let reason = match (instruction, offer) {
        (Instruction::Fulfill, Some(offer)) => {
            let due_at = match app.config.delivery {
                DeliveryConfig::Confirm => None,
                DeliveryConfig::Webhook { .. } => Some(claim.now),
            };
            match app
                .fulfillments
                .admit(&app.links, claim, offer, due_at)
                .await?
            {
                Admission::UsedUp => HoldReason::DuplicateOffer,
                Admission::OtherPlayer => HoldReason::OtherPlayer,
                done => return Ok(done),
            }
        }
        (Instruction::Fulfill, None) => HoldReason::UnknownOffer,
        _ => HoldReason::UnknownInstruction,
    };
    match claim.known {
        // Held for that already: no write says nothing new.
        Some(record) if record.reason == Some(reason) => {
            Ok(Admission::Known(Box::new(record.clone())))
        }
        _ => app.fulfillments.hold(&app.links, claim, reason).await,
    }
}

/// Something that was not among the open ones, and yet is known: reported before, or written
/// by another check just now.
async fn settle_known(
    app: &App,
    record: Record,
    now: Timestamp,
    admitted: &mut Admitted,
) -> Result<(), StoreError> {
    if record.status != Status::Reported {
        admitted.new.push(record);
        return Ok(());
    }
    let before = now - FORGOTTEN_AFTER;
    let is_forgotten = record.reported_at.is_some_and(|at| at <= before);
    if is_forgotten
        && app
            .fulfillments
            .take_reported_again(&record, before, now)
            .await?
    {
        admitted.forgotten.push(record);
    }
    Ok(())
}

fn log_admission(record: &Record, instruction: &Instruction) {
    let Record {
        player, id, sku, ..
    } = record;
    match (record.reason, instruction) {
        (Some(HoldReason::UnknownInstruction), Instruction::Unknown(word)) => tracing::warn!(
            event = "unknown_instruction",
            player_id = %player, entitlement_id = %id, instruction = ?word
        ),
        (Some(reason), _) => tracing::warn!(
            event = "held",
            reason = reason.as_str(),
            player_id = %player, entitlement_id = %id, sku = ?sku
        ),
        (None, _) => tracing::info!(
            event = "pending",
            player_id = %player, entitlement_id = %id, sku = ?sku
        ),
    }
}
