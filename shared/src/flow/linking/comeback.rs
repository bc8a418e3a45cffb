//! A player who was erased comes back, or is being erased at this moment.

use crate::App;
use crate::domain::{PlayerId, Timestamp};
use crate::store::{Changes, StoreError};

/// What storing a row of linking needs: that no erasure of the player is under way.
pub(in crate::flow) fn unless_erased(app: &App, player: &PlayerId, now: Timestamp) -> Changes {
    let id = app.erased_id(player);
    id.map_or_else(Changes::default, |id| {
        app.erasures.unless_erased_since(&id, now)
    })
}

/// What a new link of this player needs, and gives back. It needs that no erasure has begun since the
/// marker was read. A player who was erased gets back what was used up before, so that no offer can
/// be had twice.
///
/// # Errors
/// See [`StoreError`]. While the player is being erased, nothing is linked.
pub(in crate::flow) async fn comeback(app: &App, player: &PlayerId) -> Result<Changes, StoreError> {
    let Some(id) = app.erased_id(player) else {
        // This process read the secret before it had the key. Before the first erasure the stack is
        // deployed once more, which ends such processes.
        return Ok(Changes::default());
    };
    let being_erased = StoreError::Contended {
        what: "what is stored of a player who is being erased",
    };
    let marker = app.erasures.get(&id).await?;
    let unchanged = app.erasures.still_changes(&id, marker.as_ref());
    let Some(marker) = marker else {
        return Ok(unchanged);
    };
    if marker.is_running {
        return Err(being_erased);
    }
    let store = &app.fulfillments;
    let mut used_up = store.used_up(&marker, player).await?;
    let given_back = store.give_back_most(&app.erasures, &marker, &mut used_up);
    if !given_back.await?.is_done() {
        return Err(being_erased);
    }
    Ok(unchanged.and(used_up.changes()))
}
