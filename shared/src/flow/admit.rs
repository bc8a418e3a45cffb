//! Writes down what Amazon listed: each entitlement becomes `pending` or `held`, or stays what
//! it is.

use std::collections::HashMap;
use std::time::Duration;

use super::budget::Budget;
use super::lease::lease;
use super::rows::log_unreadable;
use super::standing;
use crate::App;
use crate::amazon::{Instruction, Listed, Listing};
use crate::domain::{HoldReason, Offer, Sku, Status, Timestamp};
use crate::store::{Admission, Claim, FoundOffers, Link, Record, StoreError};

/// Amazon lists a reported entitlement for a while. One that it still lists after this time it
/// has forgotten, and is told once more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(600);

/// What became of a listing.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// The records that are open and were not known so before.
    pub(super) changed: Vec<Record>,
    /// Reported long ago, and listed still: ours to report once more.
    pub(super) forgotten: Vec<Record>,
    /// The player has linked anew or unlinked meanwhile: the listing is not for them.
    pub(super) link_changed: bool,
}

/// Writes down what is new in `listing`, asked with `link`; `open` is what was known. What the
/// studio's backend is to deliver is `owner`'s. What can't be written now, Amazon lists again.
pub(super) async fn admit(
    app: &App,
    budget: Budget,
    link: &Link,
    listing: &Listing,
    open: &[Record],
    owner: &str,
) -> Admitted {
    let mut admitted = Admitted::default();
    let now = app.clock.now();
    let known: HashMap<_, _> = open.iter().map(|record| (&record.id, record)).collect();
    listing
        .entitlements
        .iter()
        .for_each(|listed| log_unknown(link, listed));
    let news: Vec<_> = listing
        .entitlements
        .iter()
        .map(|listed| (listed, known.get(&listed.id).copied()))
        .filter(|(listed, record)| is_news(listed, *record))
        .collect();
    let wanted = news
        .iter()
        .filter(|(listed, _)| listed.instruction == Instruction::Fulfill)
        .filter_map(|(listed, _)| listed.sku.as_deref());
    let offers = Offers::read(app, wanted, now).await;
    for (listed, known) in news {
        if !budget.allows_a_step() {
            tracing::warn!(event = "check_cut_short", player_id = %link.player);
            return admitted;
        }
        let claim = Claim {
            link,
            id: &listed.id,
            sku: listed.sku.as_deref(),
            known,
            now,
        };
        // One that can't be written down keeps nothing from the others: Amazon lists it again.
        match admit_one(app, &claim, &listed.instruction, &offers, owner).await {
            Ok(Admission::Written(record)) => {
                log_admission(&record);
                admitted.changed.push(*record);
            }
            Ok(Admission::Known(record)) if record.status != Status::Reported => {
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
            Err(error) => log_not_admitted(&claim, &error),
        }
    }
    admitted
}

/// The offers that a listing asks for.
enum Offers {
    Known(FoundOffers),
    /// The database did not say.
    NotRead(String),
}

impl Offers {
    async fn read<'a>(app: &App, skus: impl Iterator<Item = &'a str>, now: Timestamp) -> Self {
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
    fn of(&self, sku: Option<&str>) -> Result<Option<&Offer>, NotAdmitted> {
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

/// Why an entitlement is not written down now.
#[derive(Debug, thiserror::Error)]
enum NotAdmitted {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the offers could not be read: {0}")]
    NoOffers(String),
    #[error("its offer can't be read")]
    UnreadableOffer,
    #[error("the intake is on hold")]
    OnHold,
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
    offers: &Offers,
    owner: &str,
) -> Result<Admission, NotAdmitted> {
    let reason = match instruction {
        Instruction::Fulfill => match offers.of(claim.sku)? {
            Some(_) if standing::is_on_hold(app) => return on_hold(app, claim).await,
            Some(offer) => {
                let lease = app.webhook.as_ref().map(|_| lease(owner, claim.now));
                match app
                    .fulfillments
                    .admit(&app.links, claim, offer, lease)
                    .await?
                {
                    Admission::UsedUp => HoldReason::DuplicateOffer,
                    Admission::OtherPlayer => HoldReason::OtherPlayer,
                    done => return Ok(done),
                }
            }
            None => HoldReason::UnknownOffer,
        },
        _ => HoldReason::UnknownInstruction,
    };
    match claim.known {
        // Held for that already: no write says nothing new.
        Some(record) if record.reason == Some(reason) => {
            Ok(Admission::Known(Box::new(record.clone())))
        }
        _ => Ok(app.fulfillments.hold(&app.links, claim, reason).await?),
    }
}

/// What would become `pending` while the intake is on hold. Nothing is written, for Amazon lists it
/// again; what is known already stays what it is, and may have to be reported once more.
async fn on_hold(app: &App, claim: &Claim<'_>) -> Result<Admission, NotAdmitted> {
    let known = app.fulfillments.get(&claim.link.player, claim.id).await?;
    known
        .map(|record| Admission::Known(Box::new(record)))
        .ok_or(NotAdmitted::OnHold)
}

/// Takes what is `reported` for so long that Amazon must have forgotten it, to report it again.
async fn take_forgotten(app: &App, record: &Record, now: Timestamp) -> bool {
    let before = now - FORGOTTEN_AFTER;
    if record.reported_at.is_none_or(|at| at > before) {
        return false;
    }
    let taken = app
        .fulfillments
        .take_reported_again(record, before, now)
        .await;
    taken.unwrap_or_else(|error| {
        tracing::warn!(event = "not_taken", entitlement_id = %record.id, %error);
        false
    })
}

fn log_not_admitted(claim: &Claim<'_>, error: &NotAdmitted) {
    if let NotAdmitted::Store(error @ StoreError::Corrupt { .. }) = error {
        log_unreadable(error);
    }
    tracing::error!(
        event = "not_admitted",
        player_id = %claim.link.player, entitlement_id = %claim.id, sku = claim.sku, %error
    );
}

/// An operator has to see every word that we do not know, whatever became of it.
fn log_unknown(link: &Link, listed: &Listed) {
    if let Instruction::Unknown(word) = &listed.instruction {
        tracing::warn!(
            event = "unknown_instruction",
            player_id = %link.player, entitlement_id = %listed.id, instruction = ?word
        );
    }
}

fn log_admission(record: &Record) {
    let Record {
        player, id, sku, ..
    } = record;
    match record.reason {
        Some(reason) => tracing::warn!(
            event = "held",
            reason = reason.as_str(),
            player_id = %player, entitlement_id = %id, sku = sku.as_deref()
        ),
        None => tracing::info!(
            event = "pending",
            player_id = %player, entitlement_id = %id, sku = sku.as_deref()
        ),
    }
}
