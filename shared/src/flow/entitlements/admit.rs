//! Writes down what Amazon listed: each entitlement becomes `pending` or `held`, or stays what
//! it is.

mod offers;
mod step;

use std::collections::{HashMap, HashSet};

use offers::Offers;
use step::Step;

use crate::App;
use crate::amazon::{Instruction, Listed};
use crate::budget::{Budget, FORGOTTEN_AFTER};
use crate::domain::{EntitlementId, HoldReason, Offer, PerPlayer, Sku, Status, Timestamp};
use crate::flow::fulfillment::lease::lease;
use crate::flow::fulfillment::report::Lookup;
use crate::flow::fulfillment::settle::{UNCLEAR, log_attention};
use crate::flow::rows::{about, log_held, log_unreadable};
use crate::flow::standing;
use crate::signals::event;
use crate::store::{Admission, Claim, Link, Record, StoreError, WriteOutcome};

/// What became of a listing.
#[derive(Debug, Default)]
pub(in crate::flow) struct Admitted {
    /// The records that have become open, or have changed.
    pub(in crate::flow) changed: Vec<Record>,
    /// Reported long ago, and still listed: this request has to report them once more.
    pub(in crate::flow) forgotten: Vec<Record>,
    /// What Amazon has taken back, but could not be written down.
    pub(in crate::flow) taken_back: HashSet<EntitlementId>,
    /// Something could not be written down, or there was no time: Amazon lists it again.
    pub(in crate::flow) left_out: bool,
    /// The player has linked anew or unlinked meanwhile: the listing is of no use.
    pub(in crate::flow) link_changed: bool,
}

/// Writes down what is new in Amazon's list for `link`; `open` is what was known. `owner` acquires
/// what the webhook has to deliver. Amazon lists again what can't be written now.
pub(in crate::flow) async fn admit(
    app: &App,
    budget: Budget,
    link: &Link,
    lookup: &Lookup,
    open: &[Record],
    owner: &str,
) -> Admitted {
    let mut admitted = Admitted::default();
    let now = app.clock.now();
    let known: HashMap<_, _> = open.iter().map(|record| (&record.id, record)).collect();
    let listing = &lookup.listing.entitlements;
    listing.iter().for_each(|listed| log_unknown(link, listed));
    let account = &link.amazon_user_id;
    let mut news = Vec::new();
    for listed in listing {
        let known = known.get(&listed.id).copied();
        if let Some(step) = Step::of(listed, known, account, lookup.asked_at) {
            news.push((listed, step));
        }
    }
    // What is taken back first makes room in the guard for what is new.
    news.sort_by_key(|(_, step)| !matches!(step, Step::Withdraw(_)));
    let withdrawn = news
        .iter()
        .filter(|(_, step)| matches!(step, Step::Withdraw(_)));
    admitted.taken_back = withdrawn.map(|(listed, _)| listed.id.clone()).collect();
    let wanted = news
        .iter()
        .filter(|(listed, _)| listed.instruction == Instruction::Fulfill)
        .filter_map(|(listed, _)| listed.sku.as_deref());
    let offers = Offers::read(app, wanted, now).await;
    for (listed, step) in news {
        if !budget.allows_a_step() {
            admitted.left_out = true;
            tracing::warn!(event = event::ADMISSION_CUT_SHORT, player_id = %link.player);
            return admitted;
        }
        let claim = Claim {
            link,
            id: &listed.id,
            sku: listed.sku.as_deref(),
            known: step.known(),
            now,
        };
        let is_new = claim.known.is_none();
        // One that can't be written down does not stop the others: Amazon lists it again.
        let done = match step {
            Step::Admit(_) => admit_one(app, &claim, &listed.instruction, &offers, owner).await,
            Step::Withdraw(record) => withdraw(app, &claim, record).await,
            Step::Attention(record) => {
                mark_attention(app, record, now).await;
                continue;
            }
        };
        match done {
            Ok(Admission::Written(record)) => {
                log_admission(app, &record, is_new);
                admitted.taken_back.remove(&record.id);
                admitted.changed.push(*record);
            }
            Ok(Admission::Known(record)) if record.status != Status::Reported => {
                // The webhook may be delivering it.
                admitted.taken_back.remove(&record.id);
                admitted.changed.push(*record);
            }
            Ok(Admission::Known(record)) => {
                let is_wanted = listed.instruction == Instruction::Fulfill;
                if is_wanted && take_forgotten(app, &record, now).await {
                    admitted.forgotten.push(*record);
                }
            }
            Ok(Admission::LinkChanged) => {
                admitted.link_changed = true;
                return admitted;
            }
            Ok(Admission::UsedUp | Admission::OtherPlayer) => {}
            Err(NotAdmitted::OnHold) => {}
            Err(error) => {
                admitted.left_out = true;
                log_not_admitted(&claim, &error);
            }
        }
    }
    admitted
}

/// What Amazon takes back while the webhook may be delivering it stays `pending` until the delivery
/// has ended.
async fn withdraw(app: &App, claim: &Claim<'_>, record: &Record) -> Result<Admission, NotAdmitted> {
    if record.work.is_leased(claim.now) {
        return Ok(Admission::Known(Box::new(record.clone())));
    }
    Ok(app.fulfillments.withdraw(&app.links, claim, record).await?)
}

async fn mark_attention(app: &App, record: &Record, now: Timestamp) {
    match app.fulfillments.mark_attention(record, now).await {
        Ok(WriteOutcome::Done) => log_attention(record, UNCLEAR),
        Ok(WriteOutcome::Changed) => {}
        Err(error) => {
            let (player_id, entitlement_id, sku) = about(record);
            tracing::warn!(
                event = event::ATTENTION_NOT_NOTED,
                %player_id, %entitlement_id, sku, %error
            );
        }
    }
}

/// Why an entitlement is not written down now.
#[derive(Debug, thiserror::Error)]
pub(in crate::flow) enum NotAdmitted {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the offers could not be read: {0}")]
    NoOffers(String),
    #[error("its offer can't be read")]
    UnreadableOffer,
    #[error("the intake is on hold")]
    OnHold,
}

async fn admit_one(
    app: &App,
    claim: &Claim<'_>,
    instruction: &Instruction,
    offers: &Offers,
    owner: &str,
) -> Result<Admission, NotAdmitted> {
    if *instruction == Instruction::Fulfill
        && let Some(order) = claim.ordered_before()
    {
        return order_again(app, claim, order, offers, owner).await;
    }
    let reason = match instruction {
        Instruction::Fulfill => match offers.of(claim.sku)? {
            Some(_) if standing::is_on_hold(app) => return on_hold(app, claim).await,
            Some(_) if offers.is_paused(claim.sku) => return hold_paused(app, claim).await,
            Some(offer) => match pend(app, claim, offer, owner).await? {
                Admission::UsedUp => HoldReason::DuplicateOffer,
                Admission::OtherPlayer => HoldReason::OtherPlayer,
                done => return Ok(done),
            },
            None => HoldReason::UnknownOffer,
        },
        _ => HoldReason::UnknownInstruction,
    };
    match claim.known {
        // It is held for that reason already: there is nothing to write.
        Some(record) if record.reason == Some(reason) => {
            Ok(Admission::Known(Box::new(record.clone())))
        }
        _ => Ok(app.fulfillments.hold(&app.links, claim, reason).await?),
    }
}

/// An entitlement that would become `pending` while the intake is on hold. Nothing is written, because
/// Amazon lists it again. A record that exists stays as it is, and may have to be reported once more.
async fn on_hold(app: &App, claim: &Claim<'_>) -> Result<Admission, NotAdmitted> {
    let known = app.fulfillments.get(&claim.link.player, claim.id).await?;
    known
        .map(|record| Admission::Known(Box::new(record)))
        .ok_or(NotAdmitted::OnHold)
}

/// Its offer is paused. Another check, which had read the offer before it was paused, may have made the
/// entitlement `pending` meanwhile: that is held as well, because this check must not hand it out.
async fn hold_paused(app: &App, claim: &Claim<'_>) -> Result<Admission, NotAdmitted> {
    let (reason, store) = (HoldReason::OfferPaused, &app.fulfillments);
    if let Some(record) = claim.known.filter(|record| record.reason == Some(reason)) {
        return Ok(Admission::Known(Box::new(record.clone())));
    }
    let admission = store.hold(&app.links, claim, reason).await?;
    match admission {
        Admission::Known(record)
            if record.status == Status::Pending && !record.work.is_leased(claim.now) =>
        {
            let after = store.hold_paused(&record, None, claim.now).await?;
            if after.reason == Some(reason) {
                log_held(&after, reason, false);
            }
            Ok(Admission::Known(Box::new(after)))
        }
        done => Ok(done),
    }
}

async fn pend(
    app: &App,
    claim: &Claim<'_>,
    offer: &Offer,
    owner: &str,
) -> Result<Admission, StoreError> {
    let lease = app.webhook.as_ref().map(|_| lease(owner, claim.now));
    app.fulfillments
        .admit(&app.links, claim, offer, lease)
        .await
}

/// It was withdrawn although a webhook may have delivered it, so it kept its place in the guard. The
/// webhook is called again with the same body, even if the offer has changed since.
async fn order_again(
    app: &App,
    claim: &Claim<'_>,
    order: &Record,
    offers: &Offers,
    owner: &str,
) -> Result<Admission, NotAdmitted> {
    let claim = Claim {
        sku: order.sku.as_deref(),
        ..claim.clone()
    };
    if app.webhook.is_none() {
        let reason = HoldReason::DeliveryUnknown;
        return Ok(app.fulfillments.hold(&app.links, &claim, reason).await?);
    }
    if standing::is_on_hold(app) {
        return on_hold(app, &claim).await;
    }
    if offers.is_paused(claim.sku) {
        return hold_paused(app, &claim).await;
    }
    let sku = order.sku.as_deref().and_then(|sku| Sku::new(sku).ok());
    let (Some(sku), Some(content)) = (sku, order.content.clone()) else {
        return Err(NotAdmitted::UnreadableOffer);
    };
    let offer = Offer {
        sku,
        title: order.title.clone().unwrap_or_default(),
        content,
        per_player: PerPlayer(None),
        paused: false,
    };
    Ok(pend(app, &claim, &offer, owner).await?)
}

/// Acquires a record that was `reported` so long ago that Amazon must have forgotten it.
async fn take_forgotten(app: &App, record: &Record, now: Timestamp) -> bool {
    let before = now - FORGOTTEN_AFTER;
    if record.reported_at.is_none_or(|at| at > before) {
        return false;
    }
    let taken = app.fulfillments.acquire_reported(record, before, now).await;
    match taken {
        Ok(outcome) => outcome.is_done(),
        Err(error) => {
            let (player_id, entitlement_id, sku) = about(record);
            tracing::warn!(event = event::NOT_TAKEN, %player_id, %entitlement_id, sku, %error);
            false
        }
    }
}

fn log_not_admitted(claim: &Claim<'_>, error: &NotAdmitted) {
    if let NotAdmitted::Store(error @ StoreError::Corrupt { .. }) = error {
        log_unreadable(error);
    }
    let not_written = matches!(error, NotAdmitted::Store(error) if error.is_not_written());
    tracing::error!(
        event = event::NOT_ADMITTED,
        player_id = %claim.link.player, entitlement_id = %claim.id, sku = claim.sku, %error,
        not_written
    );
}

/// An operator has to see every unknown word, even if nothing came of it.
fn log_unknown(link: &Link, listed: &Listed) {
    if let Instruction::Unknown(word) = &listed.instruction {
        tracing::warn!(
            event = event::UNKNOWN_INSTRUCTION,
            player_id = %link.player, entitlement_id = %listed.id, sku = listed.sku.as_deref(),
            instruction = ?word
        );
    }
}

/// Where the game delivers, the check that makes an entitlement `pending` also hands it out.
fn log_admission(app: &App, record: &Record, new: bool) {
    let (player_id, entitlement_id, sku) = about(record);
    match record.reason.map(HoldReason::as_str) {
        Some(reason) => {
            tracing::warn!(event = event::HELD, reason, %player_id, %entitlement_id, sku, new);
        }
        None => {
            let handed_out = app.webhook.is_none();
            tracing::info!(event = event::PENDING, %player_id, %entitlement_id, sku, new, handed_out);
        }
    }
}
