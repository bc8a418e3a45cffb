//! `player.erase`: erases a player.
//!
//! First what can be reported is reported, then the marker is written, and from then on the player can't
//! link or begin to. Then each row is erased in a transaction of its own that needs the marker. The
//! last transaction ends the marker. After a crash at any step, repeating the command goes on with the
//! same receipt.

use super::erasing::{Work, answer_of};
use super::export::is_known;
use super::players::unknown_player;
use super::{Answer, OperationError, Order, export, recall};
use crate::App;
use crate::api::WouldErase;
use crate::budget::{Budget, UNLINK_WORK};
use crate::domain::{ErasedId, NotPossible, PlayerId, random_token};
use crate::flow::linking::unlink::report_last;
use crate::store::{Erasing, Marker, StoreError};

/// `player.erase`
///
/// # Errors
/// See [`OperationError`].
pub async fn erase_player(
    app: &App,
    order: &Order,
    player: &PlayerId,
) -> Result<Answer, OperationError> {
    let budget = Budget::of_request();
    if let Some(answer) = recall(app, order).await? {
        return Ok(answer);
    }
    let id = erased_id(app, player).await?;
    let marker = app.erasures.get(&id).await?;
    let is_running = marker.as_ref().is_some_and(|marker| marker.is_running);
    if !is_running && !is_known(app, player).await? {
        return already_erased(order, player, marker);
    }
    if order.dry_run {
        return would_erase(app, order, player, marker).await;
    }
    // A call that has begun before has reported already.
    if !is_running {
        let link = match app.links.get(player).await {
            Ok(row) => row.link,
            // Tokens that can't be read report nothing. What is not reported is listed.
            Err(StoreError::Corrupt { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        report_last(app, Budget::of(UNLINK_WORK), player, link.as_ref()).await;
    }
    let receipt = marker
        .filter(|marker| marker.is_running)
        .map_or_else(random_token, |marker| marker.receipt);
    let erasing = Erasing {
        player,
        id: &id,
        receipt: &receipt,
        lists_unreported: true,
    };
    let work = Work {
        app,
        order,
        budget,
        erasing,
    };
    work.run().await
}

/// Erases once more what a backup has brought back of a player with this marker.
///
/// # Errors
/// See [`OperationError`].
pub(super) async fn erase_restored(
    app: &App,
    order: &Order,
    budget: Budget,
    player: &PlayerId,
    marker: &Marker,
) -> Result<(), OperationError> {
    let erasing = Erasing {
        player,
        id: &marker.id,
        receipt: &marker.receipt,
        lists_unreported: marker.is_running,
    };
    // The request id is that of the whole page.
    let order = Order {
        request: None,
        ..order.clone()
    };
    let work = Work {
        app,
        order: &order,
        budget,
        erasing,
    };
    work.run().await.map(drop)
}

/// The keyed hash of the player's id.
///
/// # Errors
/// If the secret has no key.
pub(super) async fn erased_id(app: &App, player: &PlayerId) -> Result<ErasedId, OperationError> {
    if app.secrets.current().erasure_key.is_none() {
        // It may have been added since this process has read the secret.
        app.secrets.reload(app.clock.now()).await;
    }
    app.erased_id(player).ok_or_else(|| {
        OperationError::Conflict(NotPossible(
            "the secret has no erasure_key; add one, 32 random bytes in base64, and never change it; \
             then deploy the stack once more, so that every running function knows it"
                .to_owned(),
        ))
    })
}

/// Repeating the command after it has ended gives the receipt again.
fn already_erased(
    order: &Order,
    player: &PlayerId,
    marker: Option<Marker>,
) -> Result<Answer, OperationError> {
    let Some(marker) = marker else {
        return Err(unknown_player(player));
    };
    let body = answer_of(&marker);
    Ok(Answer::written(order.dry_run, &order.warnings, &body))
}

async fn would_erase(
    app: &App,
    order: &Order,
    player: &PlayerId,
    marker: Option<Marker>,
) -> Result<Answer, OperationError> {
    let running = marker.filter(|marker| marker.is_running);
    let mut body = running.as_ref().map(answer_of).unwrap_or_default();
    let mut would = WouldErase {
        link: app.links.has_row(player).await?,
        linking: app.links.linking_rows(player).await?.len(),
        ..WouldErase::default()
    };
    export::look_at_rows(app, player, |row| {
        export::count(row, &mut would);
        body.not_reported.extend(row.unreported().map(String::from));
    })
    .await?;
    body.would_erase = Some(would);
    Ok(Answer::written(true, &order.warnings, &body))
}
