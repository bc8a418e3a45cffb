//! Commands about an Amazon account.

use super::{Answer, OperationError};
use crate::App;
use crate::api::{AccountAnswer, ParkedEntitlement};
use crate::domain::AmazonUserId;
use crate::flow::linking::remnant::{needs_reports, still_inherited};
use crate::store::Inherited;

/// `amazon.get`: whose account it is now, whether reports are owed, and what is parked.
///
/// # Errors
/// See [`OperationError`].
pub async fn get_account(app: &App, account: &AmazonUserId) -> Result<Answer, OperationError> {
    let now = app.clock.now();
    let link = app.links.of_amazon_account(account).await?;
    let player_id = link.as_ref().map(|link| link.player.clone());
    let remnant = app.links.remnant(account).await?;
    let parked = app.fulfillments.parked_entries(account).await?;
    if link.is_none() && remnant.is_none() && parked.is_empty() {
        return Err(OperationError::NotFound(format!(
            "the account {account} is linked to no player, and nothing is owed for it"
        )));
    }
    let mut owes = !parked.is_empty();
    let speakers = link
        .into_iter()
        .chain(remnant.and_then(|remnant| remnant.usable(now)));
    for link in speakers {
        owes = owes
            || needs_reports(app, &link).await?
            || still_inherited(app, &link).await? != Inherited::None;
    }
    let parked = parked
        .into_iter()
        .map(|(player_id, entitlement_id)| ParkedEntitlement {
            player_id,
            entitlement_id,
        });
    Ok(Answer::of(&AccountAnswer {
        player_id,
        owes,
        parked: parked.collect(),
    }))
}
