//! What is left of a link that has ended: its tokens, for as long as its account has reports to
//! make.

use std::collections::BTreeSet;

use crate::App;
use crate::budget::{REMNANT_LIFE, REMNANT_LOOK};
use crate::domain::{AmazonUserId, PlayerId};
use crate::flow::rows::read_open;
use crate::store::{Inherited, Link, PlayerRow, Record, RemnantTimes, StoreError};

/// When the remnant of the link is due and expires; `None`: the link has no reports to make. Its
/// reports are those that earlier players of the account left to it, and those of this player, also
/// for what is still to be delivered.
///
/// # Errors
/// See [`StoreError`].
pub(in crate::flow) async fn remnant(
    app: &App,
    row: &PlayerRow,
    link: &Link,
) -> Result<Option<RemnantTimes>, StoreError> {
    let is_needed = link.tokens.is_some()
        && (link.inherited != Inherited::None
            || (row.has_open && needs_reports(app, link).await?));
    let now = app.clock.now();
    Ok(is_needed.then(|| RemnantTimes {
        due_at: now + REMNANT_LOOK,
        expires_at: now + REMNANT_LIFE,
    }))
}

/// Whether the link's player has something open that its account has to report. A record that
/// can't be read may be such a one.
///
/// # Errors
/// See [`StoreError`].
pub(in crate::flow) async fn needs_reports(app: &App, link: &Link) -> Result<bool, StoreError> {
    needs_reports_of(app, &link.player, &link.amazon_user_id).await
}

/// The earlier players of the account that still have a report to make. The link notes those that may.
///
/// # Errors
/// See [`StoreError`].
pub(in crate::flow) async fn still_inherited(
    app: &App,
    link: &Link,
) -> Result<Inherited, StoreError> {
    let Inherited::From(players) = &link.inherited else {
        return Ok(link.inherited.clone());
    };
    let mut still = BTreeSet::new();
    for player in players {
        if needs_reports_of(app, player, &link.amazon_user_id).await? {
            still.insert(player.clone());
        }
    }
    Ok(Inherited::of(still))
}

async fn needs_reports_of(
    app: &App,
    player: &PlayerId,
    account: &AmazonUserId,
) -> Result<bool, StoreError> {
    let open = read_open(app, player).await?;
    let is_needed = |record: &Record| record.needs_report_by(account);
    Ok(open.has_unreadable || open.records.iter().any(is_needed))
}
