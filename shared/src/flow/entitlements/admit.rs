//! Writes down what Amazon listed: each entitlement becomes `pending` or `held`, or stays what
//! it is.

mod offers;
mod one;
mod step;

use std::collections::{HashMap, HashSet};

use offers::Offers;
use one::{NotAdmitted, admit_one, withdraw};
use step::Step;

use crate::App;
use crate::amazon::{Instruction, Listed};
use crate::api::Check;
use crate::budget::{Budget, FORGOTTEN_AFTER};
use crate::domain::{EntitlementId, HoldReason, Status, Timestamp};
use crate::flow::fulfillment::report::Lookup;
use crate::flow::fulfillment::settle::{UNCLEAR, log_attention};
use crate::flow::rows::{about, log_unreadable};
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
        // What was ordered before is ordered again under the SKU that it had.
        .flat_map(|(listed, step)| {
            let known = step.known().and_then(|record| record.sku.as_deref());
            [listed.sku.as_deref(), known]
        })
        .flatten();
    let offers = Offers::read(app, wanted, now).await;
    let is_handed_out = fit_in_the_answer(open, &news);
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
            is_handed_out,
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
                log_admission(app, &record, is_new, is_handed_out);
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

/// Whether the answer of this check has room for all that is `pending` after it. Otherwise no transaction
/// notes that it hands something out: what the answer has is known only at the end, and noted then.
fn fit_in_the_answer(open: &[Record], news: &[(&Listed, Step<'_>)]) -> bool {
    let pending = open
        .iter()
        .filter(|it| it.status == Status::Pending)
        .count();
    let wanted = news
        .iter()
        .filter(|(_, step)| matches!(step, Step::Admit(_)))
        .count();
    pending + wanted <= Check::MOST_ENTITLEMENTS
}

/// Where the game delivers, the check that makes an entitlement `pending` also hands it out, if its
/// answer has room.
fn log_admission(app: &App, record: &Record, new: bool, is_handed_out: bool) {
    let (player_id, entitlement_id, sku) = about(record);
    match record.reason.map(HoldReason::as_str) {
        Some(reason) => {
            tracing::warn!(event = event::HELD, reason, %player_id, %entitlement_id, sku, new);
        }
        None => {
            let handed_out = is_handed_out && app.webhook.is_none();
            tracing::info!(event = event::PENDING, %player_id, %entitlement_id, sku, new, handed_out);
        }
    }
}
