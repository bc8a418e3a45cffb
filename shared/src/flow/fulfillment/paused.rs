//! Paused offers. While an offer is paused, nothing of it is handed out or delivered: what is
//! `pending` becomes `held`, `offer_paused`. Once it is resumed, that becomes `pending` by itself, at
//! the player's next check or the next run of `reconcile`.

use std::collections::{HashMap, HashSet};

use futures_util::FutureExt;

use crate::App;
use crate::domain::{HoldReason, Offer, Sku, Status, Timestamp};
use crate::flow::fulfillment::lease::at_once;
use crate::flow::fulfillment::settle::{Unfinished, give_back};
use crate::flow::rows::{about, log_held, log_unreadable, offer_sku};
use crate::flow::standing;
use crate::signals::event;
use crate::store::{Record, Release, Resumed, StoreError};

/// Whether an offer is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) enum IsPaused {
    Yes,
    No,
    /// The database did not say. Nothing of the offer is handed out, delivered or resumed until a later
    /// request hears it: that costs a delay, and the opposite would lift the pause.
    NotKnown,
}

/// Which offers are paused, as far as was asked.
#[derive(Debug, Default)]
pub(in crate::flow) struct Pauses(HashMap<Sku, IsPaused>);

impl Pauses {
    /// Reads which of the offers of these SKUs are paused.
    pub(in crate::flow) async fn read<'a>(app: &App, skus: impl Iterator<Item = &'a str>) -> Self {
        let mut pauses = Self::default();
        pauses.learn(app, skus).await;
        pauses
    }

    /// Reads which of the offers of these SKUs are paused, but for those that were asked about before.
    pub(in crate::flow) async fn learn<'a>(
        &mut self,
        app: &App,
        skus: impl Iterator<Item = &'a str>,
    ) {
        let skus = skus.filter_map(|sku| Sku::new(sku).ok());
        let new: HashSet<Sku> = skus.filter(|sku| !self.0.contains_key(sku)).collect();
        if new.is_empty() {
            return;
        }
        let asked: Vec<_> = new.iter().collect();
        let paused = app.offers.stored().paused(&asked).await;
        let paused = paused.inspect_err(log_not_read).ok();
        self.0.extend(new.into_iter().map(|sku| {
            let is_paused = match &paused {
                None => IsPaused::NotKnown,
                Some(paused) if paused.contains(&sku) => IsPaused::Yes,
                Some(_) => IsPaused::No,
            };
            (sku, is_paused)
        }));
    }

    /// Whether the offer of this record is paused.
    pub(in crate::flow) fn of(&self, record: &Record) -> IsPaused {
        offer_sku(record).map_or(IsPaused::No, |sku| self.of_sku(&sku))
    }

    /// Whether the offer of this SKU is paused.
    pub(in crate::flow) fn of_sku(&self, sku: &Sku) -> IsPaused {
        let is_paused = self.0.get(sku).copied();
        is_paused.unwrap_or(IsPaused::NotKnown)
    }
}

pub(in crate::flow) fn log_corrupt(error: &StoreError) {
    if let StoreError::Corrupt { .. } = error {
        log_unreadable(error);
    }
}

fn log_not_read(error: &StoreError) {
    tracing::warn!(event = event::PAUSE_NOT_READ, %error);
}

/// Gives a player's open records as they are after what is `pending` of a paused offer is held, and
/// what was held for a pause that is over is `pending`. A record that can't be written stays as it
/// is, but is not handed out.
pub(in crate::flow) async fn settle_paused(app: &App, open: Vec<Record>) -> Vec<Record> {
    let (concerned, mut others): (Vec<_>, Vec<_>) = open.into_iter().partition(is_concerned);
    if concerned.is_empty() {
        return others;
    }
    let skus = concerned.iter().filter_map(|record| record.sku.as_deref());
    let pauses = Pauses::read(app, skus).await;
    let resumed = if standing::is_on_hold(app) {
        HashMap::new()
    } else {
        let is_over =
            |record: &&Record| record.status == Status::Held && pauses.of(record) == IsPaused::No;
        let skus = concerned.iter().filter(is_over).filter_map(offer_sku);
        // Boxed, because most checks find nothing that was held for a pause.
        Box::pin(resumed_offers(app, skus)).await
    };
    let settled: Vec<_> = concerned
        .into_iter()
        .map(|record| settle_one(app, &pauses, &resumed, record))
        .collect();
    others.extend(at_once(settled).await.into_iter().flatten());
    others
}

/// What a history has of this record: what a check would answer, but nothing is written. `None`: it is left
/// out.
pub(in crate::flow) fn as_checked(
    pauses: &Pauses,
    record: Record,
    now: Timestamp,
) -> Option<Record> {
    if !is_to_ask(&record, now) {
        return Some(record);
    }
    match pauses.of(&record) {
        IsPaused::Yes => Some(record.while_paused()),
        IsPaused::No => Some(record),
        IsPaused::NotKnown => None,
    }
}

/// Whether a pause of its offer concerns this record in a history.
pub(in crate::flow) fn is_to_ask(record: &Record, now: Timestamp) -> bool {
    record.status == Status::Pending && !record.work.is_leased(now)
}

fn is_concerned(record: &Record) -> bool {
    record.status == Status::Pending || record.reason == Some(HoldReason::OfferPaused)
}

async fn settle_one(
    app: &App,
    pauses: &Pauses,
    resumed: &HashMap<Sku, Offer>,
    record: Record,
) -> Option<Record> {
    let now = app.clock.now();
    match (record.status, pauses.of(&record)) {
        // A request is delivering it: it ends the way it began.
        (Status::Pending, _) if record.work.is_leased(now) => Some(record),
        (Status::Pending, IsPaused::Yes) => hold_paused(app, None, record).await,
        (Status::Pending, IsPaused::NotKnown) => None,
        (Status::Held, _) => match offer_sku(&record).and_then(|sku| resumed.get(&sku)) {
            Some(offer) => Some(resume(app, &record, offer, now).await.unwrap_or(record)),
            None => Some(record),
        },
        _ => Some(record),
    }
}

/// Those of the offers of these SKUs that are not paused, as the table has them now. Without them nothing
/// that was held for a pause becomes `pending`: a cached offer, or a read that is not strong, may not
/// know of a new pause.
async fn resumed_offers(app: &App, skus: impl Iterator<Item = Sku>) -> HashMap<Sku, Offer> {
    let skus: HashSet<Sku> = skus.collect();
    if skus.is_empty() {
        return HashMap::new();
    }
    let skus: Vec<_> = skus.iter().collect();
    match app.offers.stored().get(&skus).await {
        Ok(mut found) => {
            found.unreadable.values().for_each(log_unreadable);
            found.offers.retain(|_, offer| !offer.paused);
            found.offers
        }
        Err(error) => {
            log_not_read(&error);
            HashMap::new()
        }
    }
}

/// Holds a record whose offer is paused. `owner` has a lease on it; without `owner`, no request may
/// have one. `None`: that could not be written.
pub(in crate::flow) async fn hold_paused(
    app: &App,
    owner: Option<&str>,
    record: Record,
) -> Option<Record> {
    let now = app.clock.now();
    match app.fulfillments.hold_paused(&record, owner, now).await {
        Ok(after) => {
            if after.reason == Some(HoldReason::OfferPaused) {
                log_held(&after, HoldReason::OfferPaused, false);
            }
            Some(after)
        }
        Err(error) => {
            let (player_id, entitlement_id, sku) = about(&record);
            tracing::warn!(event = event::NOT_HELD, %player_id, %entitlement_id, sku, %error);
            None
        }
    }
}

/// `offer` is resumed: the record becomes `pending`, or `held` for what is in its way now. If that can't
/// be written now, the next check or run does it.
pub(in crate::flow) async fn resume(
    app: &App,
    record: &Record,
    offer: &Offer,
    now: Timestamp,
) -> Result<Record, StoreError> {
    let resumed = try_to_resume(app, record, offer, now).await;
    resumed.inspect_err(|error| {
        log_corrupt(error);
        let (player_id, entitlement_id, sku) = about(record);
        tracing::warn!(event = event::NOT_RESUMED, %player_id, %entitlement_id, sku, %error);
    })
}

async fn try_to_resume(
    app: &App,
    record: &Record,
    offer: &Offer,
    now: Timestamp,
) -> Result<Record, StoreError> {
    let release = Release {
        // What was handed out before goes out as it was.
        offer: record.content.is_none().then_some(offer),
        by_webhook: app.webhook.is_some(),
        now,
    };
    let store = &app.fulfillments;
    // The game never delivers what the webhook may have delivered.
    if app.webhook.is_none() && record.may_have_been_delivered() {
        return hold_instead(app, record, HoldReason::DeliveryUnknown, now).await;
    }
    let most = offer.per_player.0;
    let reason = match store.resume(record, release, most).await? {
        Resumed::Pending(after) => {
            let (player_id, entitlement_id, sku) = about(&after);
            let (new, handed_out) = (false, false);
            tracing::info!(event = event::PENDING, %player_id, %entitlement_id, sku, new, handed_out);
            return Ok(*after);
        }
        Resumed::Changed(after) => return Ok(*after),
        Resumed::UsedUp => HoldReason::DuplicateOffer,
        Resumed::OtherPlayer => HoldReason::OtherPlayer,
    };
    hold_instead(app, record, reason, now).await
}

async fn hold_instead(
    app: &App,
    record: &Record,
    reason: HoldReason,
    now: Timestamp,
) -> Result<Record, StoreError> {
    let held = app.fulfillments.hold_instead(record, reason, now).await?;
    log_held(&held, reason, false);
    Ok(held)
}

/// Holds those of `pending`, which `owner` has acquired, whose offer is paused. Gives those whose offer
/// is not, and how many are held. What may be paused is due again later.
pub(in crate::flow) async fn hold_paused_ones(
    app: &App,
    owner: &str,
    pending: Vec<Record>,
) -> (Vec<Record>, u64) {
    let skus = pending.iter().filter_map(|record| record.sku.as_deref());
    let pauses = Pauses::read(app, skus).await;
    let (others, paused): (Vec<_>, Vec<_>) = pending
        .into_iter()
        .partition(|record| pauses.of(record) == IsPaused::No);
    let holds: Vec<_> = paused
        .into_iter()
        // Boxed, because giving back has a large state.
        .map(|record| hold_or_give_back(app, &pauses, owner, record).boxed_local())
        .collect();
    let held = at_once(holds).await.into_iter().flatten().count();
    (others, u64::try_from(held).unwrap_or(u64::MAX))
}

async fn hold_or_give_back(
    app: &App,
    pauses: &Pauses,
    owner: &str,
    record: Record,
) -> Option<Record> {
    if pauses.of(&record) == IsPaused::Yes {
        return hold_paused(app, Some(owner), record).await;
    }
    let why = Unfinished::Waiting {
        cause: "the database did not say whether its offer is paused".to_owned(),
        not_before: None,
    };
    give_back(app, owner, &record, &why).await;
    None
}
