//! Where the game delivers, a check hands an entitlement out by answering it as `pending`.
//!
//! The check that makes an entitlement `pending` stores the time in the same transaction. This file is
//! about those that were `pending` before: the rows of an earlier version, what an operator has
//! released, what earlier answers had no room for, and what the game has had for so long that it should have
//! confirmed it.

use std::cell::RefCell;

use futures_util::FutureExt;

use super::checked::Shown;
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

/// Notes what of `shown` is handed out for the first time, or again. Gives it as the check answers it:
/// what has changed meanwhile is answered as it is now. What can't be noted is answered in any case.
pub(super) async fn hand_out(app: &App, shown: Shown) -> Shown {
    let now = app.clock.now();
    // A note that finds a record changed writes that into its place at once, so it counts even if there
    // is no time for the other notes. `None`: the record was erased.
    let places: Vec<_> = shown
        .records
        .into_iter()
        .map(|record| RefCell::new(Some(record)))
        .collect();
    let notes: Vec<_> = places
        .iter()
        .filter_map(|place| {
            let record = place.borrow().clone()?;
            if record.status != Status::Pending {
                return None;
            }
            let again_at = record.handed_out_again_at;
            Some(match HandOut::of(record.handed_out_at, again_at, now)? {
                HandOut::First => first(app, place, record, now).boxed_local(),
                HandOut::Again => again(app, place, record, now).boxed_local(),
            })
        })
        .collect();
    // What is left is noted by the next check.
    let _ = tokio::time::timeout(HAND_OUT_WORK, at_once(notes)).await;
    let records = places.into_iter().filter_map(RefCell::into_inner);
    Shown {
        records: records
            .filter(|record| standing::is_shown(app, record) && record.status != Status::Reported)
            .collect(),
        ..shown
    }
}

/// The first hand-out needs the record as it was read.
async fn first(app: &App, place: &RefCell<Option<Record>>, mut record: Record, now: Timestamp) {
    for _ in 0..TRIES {
        let noted = note(app, &record, HandOut::First, now).await;
        match learn(place, noted) {
            Some(changed)
                if changed.status == Status::Pending && changed.handed_out_at.is_none() =>
            {
                record = changed;
            }
            _ => return,
        }
    }
}

/// A later hand-out is only counted.
async fn again(app: &App, place: &RefCell<Option<Record>>, record: Record, now: Timestamp) {
    learn(place, note(app, &record, HandOut::Again, now).await);
}

/// Puts a record that was changed meanwhile into its place, and gives it.
fn learn(place: &RefCell<Option<Record>>, noted: HandedOut) -> Option<Record> {
    let HandedOut::Changed(changed) = noted else {
        return None;
    };
    let changed = changed.map(|changed| changed.for_the_game());
    place.replace(changed.clone());
    changed
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
