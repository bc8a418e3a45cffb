//! A check that does not ask Amazon.

use super::checked::{Checked, Shown, checked};
use super::handed_out::hand_out;
use crate::App;
use crate::domain::{PlayerId, Status, Work};
use crate::flow::fulfillment::deliver::keep_from_the_game;
use crate::flow::fulfillment::paused::settle_paused;
use crate::flow::rows::{Open, about, read_open};
use crate::flow::standing;
use crate::signals::event;
use crate::store::{PlayerRow, Record, StoreError};

/// What is known without asking Amazon. Without a link, that is everything.
pub(super) async fn known(
    app: &App,
    player: &PlayerId,
    row: PlayerRow,
) -> Result<Checked, StoreError> {
    let open = if row.has_open {
        Box::pin(read_open(app, player)).await?
    } else {
        Open::default()
    };
    if row.has_open && open.is_nothing() {
        Box::pin(clear_open(app, player, &row)).await;
    }
    let mut open = open.records;
    // Boxed, because most checks that do not ask Amazon have nothing open.
    if !open.is_empty() {
        open = Box::pin(settle_paused(app, open)).await;
    }
    if app.webhook.is_some() {
        if !standing::is_on_hold(app) {
            Box::pin(make_due(app, &open)).await;
        }
    } else {
        open = Box::pin(keep_from_the_game(app, open)).await;
    }
    let mut shown = Shown::of(app, open);
    if app.webhook.is_none() {
        shown = Box::pin(hand_out(app, shown)).await;
    }
    let fresh = row.link.is_none();
    let status = standing::status(app, &row);
    Ok(checked(app, status, row.link.as_ref(), fresh, shown))
}

/// The setting has changed: the webhook has to deliver what became `pending` for the game, even if
/// Amazon is not asked about this player any more.
async fn make_due(app: &App, open: &[Record]) {
    let now = app.clock.now();
    for record in open {
        if record.status == Status::Pending
            && record.work == Work::Idle
            && let Err(error) = app.fulfillments.make_due(record, now).await
        {
            let (player_id, entitlement_id, sku) = about(record);
            tracing::warn!(event = event::NOT_MADE_DUE, %player_id, %entitlement_id, sku, %error);
        }
    }
}

/// Saves the next check a query. It does no harm if this fails.
pub(super) async fn clear_open(app: &App, player: &PlayerId, row: &PlayerRow) {
    if let Err(error) = app.links.clear_open(player, row).await {
        tracing::warn!(event = event::OPEN_NOT_CLEARED, player_id = %player, %error);
    }
}
