//! Commands about an Amazon account.

use super::{Answer, OperationError};
use crate::App;
use crate::api::{AccountAnswer, ParkedEntitlement};
use crate::domain::AmazonUserId;
use crate::flow::linking::remnant::{needs_reports, still_inherited};
use crate::flow::rows::{told_unreadable, unless_corrupt};
use crate::store::Inherited;

/// `amazon.get`: whose account it is now, whether reports are owed, and what is parked. A row that
/// can't be read hides nothing but itself: the answer names it.
///
/// # Errors
/// See [`OperationError`].
pub async fn get_account(app: &App, account: &AmazonUserId) -> Result<Answer, OperationError> {
    let now = app.clock.now();
    let mut unreadable = Vec::new();
    let mut player_id =
        unless_corrupt(app.links.player_of(account).await, &mut unreadable)?.flatten();
    let mut link = None;
    if let Some(player) = &player_id
        && let Some(row) = unless_corrupt(app.links.get(player).await, &mut unreadable)?
    {
        link = row.link.filter(|link| link.amazon_user_id == *account);
        player_id = link.as_ref().map(|link| link.player.clone());
    }
    let remnant = unless_corrupt(app.links.remnant(account).await, &mut unreadable)?.flatten();
    let parked = app.fulfillments.parked_entries(account).await?;
    let is_nothing = link.is_none() && remnant.is_none() && parked.is_empty();
    if is_nothing && unreadable.is_empty() {
        return Err(OperationError::NotFound(format!(
            "the account {account} is linked to no player, and nothing is owed for it"
        )));
    }
    // What can't be read may have reports to make.
    let mut owes = !parked.is_empty() || !unreadable.is_empty();
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
        unreadable: told_unreadable(&unreadable),
    }))
}
