//! What a player's link is.

use serde::Serialize;

use crate::App;
use crate::domain::{LinkStatus, PlayerId, Timestamp};
use crate::flow::standing;
use crate::store::StoreError;

/// What a player's link is.
#[derive(Debug, Serialize)]
pub struct LinkAnswer {
    /// As it is now.
    pub status: LinkStatus,
    linked_at: Option<Timestamp>,
}

/// What the player's link is.
///
/// # Errors
/// If the database does not answer, or the row is corrupt.
pub async fn link_status(app: &App, player: &PlayerId) -> Result<LinkAnswer, StoreError> {
    let row = app.links.get(player).await?;
    Ok(LinkAnswer {
        status: standing::status(app, &row),
        linked_at: row.link.map(|link| link.linked_at),
    })
}
