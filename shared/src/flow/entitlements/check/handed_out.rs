//! Where the game delivers, a check hands an entitlement out by answering it as `pending`.
//!
//! The check that makes an entitlement `pending` stores the time in the same transaction. This file is
//! about those that were `pending` before: the rows of an earlier version, what an operator has
//! released, and what the game has had for so long that it should have confirmed it.

use futures_util::FutureExt;

use crate::App;
use crate::budget::HAND_OUT_WORK;
use crate::domain::{HandOut, Status, Timestamp};
use crate::flow::fulfillment::lease::at_once;
use crate::flow::rows::about;
use crate::flow::standing;
use crate::signals::event;
use crate::store::{HandedOut, Record};

/// How often noting a first hand-out is tried while other requests change the entitlement.
const TRIES: u32 = 3;

/// Notes what of `open` is handed out for the first time, or again. Gives `open` as the check answers it:
/// what has changed meanwhile is answered as it is now. What can't be noted is answered in any case.
pub(super) async fn hand_out(app: &App, mut open: Vec<Record>) -> Vec<Record> {
    let now = app.clock.now();
    let notes: Vec<_> = open
        .iter()
        .enumerate()
        .filter(|(_, record)| record.status == Status::Pending && standing::is_shown(app, record))
        .filter_map(|(place, record)| {
            let again_at = record.handed_out_again_at;
            let hand_out = HandOut::of(record.handed_out_at, again_at, now)?;
            let noted = match hand_out {
                HandOut::First => first(app, record.clone(), now).boxed_local(),
                HandOut::Again => again(app, record.clone(), now).boxed_local(),
            };
            Some(noted.map(move |after| (place, after)))
        })
        .collect();
    if notes.is_empty() {
        return open;
    }
    // What is left is noted by the next check.
    let noted = tokio::time::timeout(HAND_OUT_WORK, at_once(notes)).await;
    let mut erased = Vec::new();
    for (place, after) in noted.unwrap_or_default() {
        match after {
            Some(after) => open[place] = after,
            None => erased.push(open[place].id.clone()),
        }
    }
    open.retain(|record| record.status != Status::Reported && !erased.contains(&record.id));
    open
}

/// The first hand-out needs the record as it was read. Gives the record as it is answered; `None`: it
/// was erased.
async fn first(app: &App, mut record: Record, now: Timestamp) -> Option<Record> {
    for _ in 0..TRIES {
        match note(app, &record, HandOut::First, now).await {
            HandedOut::Noted => return Some(record),
            HandedOut::Changed(None) => return None,
            HandedOut::Changed(Some(changed)) => record = changed.for_the_game(),
        }
        let is_new = record.status == Status::Pending && record.handed_out_at.is_none();
        if !is_new {
            break;
        }
    }
    Some(record)
}

/// A later hand-out is only counted.
async fn again(app: &App, record: Record, now: Timestamp) -> Option<Record> {
    let _ = note(app, &record, HandOut::Again, now).await;
    Some(record)
}

async fn note(app: &App, record: &Record, hand_out: HandOut, now: Timestamp) -> HandedOut {
    let (player_id, entitlement_id, sku) = about(record);
    let noted = app.fulfillments.note_hand_out(record, hand_out, now).await;
    match noted {
        Ok(HandedOut::Noted) => {
            let again = hand_out == HandOut::Again;
            let waited_seconds = record.handed_out_at.map(|at| now.since(at).as_secs());
            tracing::info!(
                event = event::HANDED_OUT,
                %player_id, %entitlement_id, sku, again, waited_seconds
            );
            HandedOut::Noted
        }
        Ok(changed) => changed,
        Err(error) => {
            tracing::warn!(
                event = event::HANDED_OUT_NOT_STORED,
                %player_id, %entitlement_id, sku, %error
            );
            HandedOut::Noted
        }
    }
}
