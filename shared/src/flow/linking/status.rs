//! The status of a player's link.

use serde::Serialize;

use crate::App;
use crate::domain::{LinkStatus, PlayerId, Timestamp};
use crate::flow::standing;
use crate::store::StoreError;

/// The status of a player's link.
#[derive(Debug, Serialize)]
pub struct LinkAnswer {
    /// As it is now.
    pub status: LinkStatus,
    linked_at: Option<Timestamp>,
}

/// The status of the player's link.
///
/// # Errors
/// See [`StoreError`].
pub async fn link_status(app: &App, player: &PlayerId) -> Result<LinkAnswer, StoreError> {
    let row = app.links.get(player).await?;
    Ok(LinkAnswer {
        status: standing::status(app, &row),
        linked_at: row.link.map(|link| link.linked_at),
    })
}
