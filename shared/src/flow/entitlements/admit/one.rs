//! Writes down one element of Amazon's list.

use super::offers::Offers;
use crate::App;
use crate::amazon::Instruction;
use crate::domain::{HoldReason, Offer, PerPlayer, Status};
use crate::flow::fulfillment::lease::lease;
use crate::flow::rows::{log_held, offer_sku};
use crate::flow::standing;
use crate::store::{Admission, Claim, Record, StoreError};

/// Why an entitlement is not written down now.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAdmitted {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the offers could not be read: {0}")]
    NoOffers(String),
    #[error("its offer can't be read")]
    UnreadableOffer,
    #[error("the database did not say whether its offer is paused")]
    PauseNotKnown,
    #[error("the intake is on hold")]
    OnHold,
}

/// Makes a new or held entitlement `pending`, or holds it for what is in its way.
pub(super) async fn admit_one(
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
            Some(_) if is_paused(claim, offers)? => return hold_paused(app, claim).await,
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

/// Whether its offer is paused. What is held for a pause stays held here: this check has tried to resume
/// it before, by a strong read of the offer, and the next one tries again.
fn is_paused(claim: &Claim<'_>, offers: &Offers) -> Result<bool, NotAdmitted> {
    Ok(is_held_for_pause(claim) || offers.is_paused(claim.sku)?)
}

fn is_held_for_pause(claim: &Claim<'_>) -> bool {
    let reason = claim.known.and_then(|record| record.reason);
    reason == Some(HoldReason::OfferPaused)
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
    if is_paused(&claim, offers)? {
        return hold_paused(app, &claim).await;
    }
    let (Some(sku), Some(content)) = (offer_sku(order), order.content.clone()) else {
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

/// What Amazon takes back while the webhook may be delivering it stays `pending` until the delivery
/// has ended.
pub(super) async fn withdraw(
    app: &App,
    claim: &Claim<'_>,
    record: &Record,
) -> Result<Admission, NotAdmitted> {
    if record.work.is_leased(claim.now) {
        return Ok(Admission::Known(Box::new(record.clone())));
    }
    Ok(app.fulfillments.withdraw(&app.links, claim, record).await?)
}
