//! What a check hands out, where the game delivers: it answers an entitlement as `pending`.
//!
//! The check that makes an entitlement `pending` stores the time in the same transaction. Here are
//! those that were `pending` before: the rows of an earlier version, and what the game has had for so
//! long that it should have confirmed it.

use crate::App;
use crate::budget::HAND_OUT_WORK;
use crate::domain::{HandOut, Status, Timestamp};
use crate::flow::fulfillment::lease::at_once;
use crate::flow::rows::about;
use crate::flow::standing;
use crate::signals::event;
use crate::store::{Record, WriteOutcome};

/// Notes what of `open` is handed out for the first time, or again. The check answers it in any case.
pub(super) async fn hand_out(app: &App, open: &[Record]) {
    let now = app.clock.now();
    let notes: Vec<_> = open
        .iter()
        .filter(|record| record.status == Status::Pending && standing::is_shown(app, record))
        .filter_map(|record| {
            let again_at = record.handed_out_again_at;
            let hand_out = HandOut::of(record.handed_out_at, again_at, now)?;
            Some(note(app, record, hand_out, now))
        })
        .collect();
    if !notes.is_empty() {
        // What is left is noted by the next check.
        let _ = tokio::time::timeout(HAND_OUT_WORK, at_once(notes)).await;
    }
}

async fn note(app: &App, record: &Record, hand_out: HandOut, now: Timestamp) {
    let (player_id, entitlement_id, sku) = about(record);
    match app.fulfillments.note_hand_out(record, hand_out, now).await {
        Ok(WriteOutcome::Done) => {
            let again = hand_out == HandOut::Again;
            let waited_seconds = record.handed_out_at.map(|at| now.since(at).as_secs());
            tracing::info!(
                event = event::HANDED_OUT,
                %player_id, %entitlement_id, sku, again, waited_seconds
            );
        }
        // Another check has noted it, or it is no longer `pending`.
        Ok(WriteOutcome::Changed) => {}
        Err(error) => tracing::warn!(
            event = event::HANDED_OUT_NOT_STORED,
            %player_id, %entitlement_id, sku, %error
        ),
    }
}
