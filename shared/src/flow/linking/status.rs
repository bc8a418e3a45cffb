//! The status of a player's link.

use crate::App;
use crate::api;
use crate::domain::PlayerId;
use crate::flow::standing;
use crate::store::StoreError;

/// The status of the player's link.
///
/// # Errors
/// See [`StoreError`].
pub async fn link_status(app: &App, player: &PlayerId) -> Result<api::Link, StoreError> {
    let row = app.links.get(player).await?;
    Ok(api::Link {
        status: standing::status(app, &row),
        linked_at: row.link.map(|link| link.linked_at),
    })
}
