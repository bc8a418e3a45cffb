//! The on-demand check: what may this player have now?
//!
//! A check that comes too soon, without a link or while Amazon is down is no error: the game gets what
//! is known.

mod checked;
mod handed_out;
mod known;

use std::collections::{HashMap, HashSet};

pub use checked::Checked;
use checked::{Shown, checked};
use handed_out::hand_out;
use known::{clear_open, known};

use crate::App;
use crate::budget::Budget;
use crate::domain::{EntitlementId, LinkStatus, PlayerId, Status, Verdict, random_token};
use crate::flow::entitlements::admit::{Admitted, admit};
use crate::flow::fulfillment::deliver::{deliver_all, keep_from_the_game};
use crate::flow::fulfillment::lease::take;
use crate::flow::fulfillment::paused::settle_paused;
use crate::flow::fulfillment::report::{Lookup, look_up, report_again, report_all};
use crate::flow::rows::read_open;
use crate::flow::session::{Session, SessionError};
use crate::flow::standing;
use crate::signals::event;
use crate::store::{Claimed, LinkState, PlayerRow, Record, StoreError};

/// Every check tries a failed report again, until it has failed this often. From then on the report
/// waits until it is due.
const EAGER_ATTEMPTS: u32 = 5;

/// Checks for this player.
///
/// # Errors
/// If our own records can't be read: then nothing is known.
pub async fn check(app: &App, budget: Budget, player: &PlayerId) -> Result<Checked, StoreError> {
    let now = app.clock.now();
    let row = app.links.get(player).await?;
    let Some(link) = &row.link else {
        return known(app, player, row).await;
    };
    if standing::may_ask_at(app, link).is_none_or(|at| at > now) {
        return known(app, player, row).await;
    }
    let next = now + app.config.check_min_interval;
    let owner = random_token();
    let acquired = app.links.acquire_check(link, &owner, now, next);
    let acquired = acquired.await.inspect_err(|error| {
        tracing::error!(event = event::CHECK_NOT_BEGUN, player_id = %player, %error);
    });
    match acquired? {
        // Boxed, because most checks end before this, and should not carry its state.
        Claimed::Ours(row) => {
            let asked = budget.at_most(Box::pin(ask(app, budget, player, row.clone())));
            match asked.await {
                Some(answer) => answer,
                None => {
                    tracing::error!(event = event::CHECK_CUT_SHORT, player_id = %player);
                    // The response has what was written down meanwhile.
                    let row = PlayerRow {
                        has_open: true,
                        ..row
                    };
                    known(app, player, row).await
                }
            }
        }
        Claimed::Theirs(row) => known(app, player, row).await,
    }
}

/// Asks Amazon, and writes down what it says.
async fn ask(
    app: &App,
    budget: Budget,
    player: &PlayerId,
    row: PlayerRow,
) -> Result<Checked, StoreError> {
    let Some(link) = row.link.clone() else {
        return known(app, player, row).await;
    };
    let session = Session::new(app, budget, link);
    let asked = match look_up(app, &session).await {
        Ok(lookup) => apply(app, budget, &session, &row, &lookup).await,
        Err(error) => Err(error),
    };
    let mut link = session.link().await;
    match asked {
        Ok(Applied {
            listed,
            open,
            left_out,
        }) => {
            tracing::info!(event = event::CHECKED, player_id = %player, listed);
            let mut shown = Shown::of(app, open);
            if app.webhook.is_none() {
                shown = hand_out(app, shown).await;
            }
            let mut checked = checked(app, LinkStatus::Linked, Some(&link), true, shown);
            checked.left_out = left_out;
            return Ok(checked);
        }
        Err(SessionError::Store(error)) => return Err(error),
        Err(error) => {
            tracing::warn!(event = event::CHECK_NOT_FRESH, player_id = %player, cause = %error);
            match error {
                SessionError::Changed => {
                    let row = app.links.get(player).await?;
                    return known(app, player, row).await;
                }
                SessionError::Dead => {
                    link.state = LinkState::RelinkRequired;
                    link.tokens = None;
                }
                _ => {}
            }
        }
    }
    known(
        app,
        player,
        PlayerRow {
            link: Some(link),
            ..row
        },
    )
    .await
}

/// What a check has made of Amazon's list.
struct Applied {
    /// How many entitlements Amazon listed.
    listed: usize,
    /// What is open afterwards.
    open: Vec<Record>,
    /// Whether something that Amazon listed could not be written down.
    left_out: bool,
}

/// Writes down what Amazon lists, delivers, and reports.
async fn apply(
    app: &App,
    budget: Budget,
    session: &Session<'_>,
    row: &PlayerRow,
    lookup: &Lookup,
) -> Result<Applied, SessionError> {
    let (link, listing) = (session.link().await, &lookup.listing);
    if listing.broken > 0 {
        let count = listing.broken;
        tracing::warn!(event = event::BROKEN_ENTITLEMENTS, player_id = %link.player, count);
    }
    if listing.entitlements.is_empty() && !row.has_open {
        return Ok(Applied {
            listed: 0,
            open: Vec::new(),
            left_out: false,
        });
    }
    let open = read_open(app, &link.player).await?;
    if listing.entitlements.is_empty() && open.is_nothing() {
        clear_open(app, &link.player, row).await;
    }
    let mut open = open.records;
    if app.webhook.is_none() {
        open = keep_from_the_game(app, open).await;
    }
    let mut open = Box::pin(settle_paused(app, open)).await;
    let owner = random_token();
    let Admitted {
        changed,
        forgotten,
        taken_back,
        left_out,
        link_changed,
    } = admit(app, budget, &link, lookup, &open, &owner).await;
    if link_changed {
        return Err(SessionError::Changed);
    }
    replace(&mut open, changed);
    // Amazon has taken these back, although that could not be written down.
    open.retain(|record| record.status != Status::Pending || !taken_back.contains(&record.id));
    if app.webhook.is_none() {
        open = open.into_iter().map(Record::for_the_game).collect();
    }
    let mut open = deliver_pending(app, budget, open, &owner).await;
    let statuses = report_delivered(app, budget, session, lookup, &open, &owner).await;
    report_again(session, forgotten).await;
    for record in &mut open {
        if let Some(status) = statuses.get(&record.id) {
            record.status = *status;
        }
    }
    open.retain(|record| record.status != Status::Reported);
    Ok(Applied {
        listed: listing.entitlements.len(),
        open,
        left_out,
    })
}

/// With a webhook, delivers what is `pending`: what `owner` has just written down, and what is due for
/// another try. Gives all of `open` as it is afterwards.
async fn deliver_pending(
    app: &App,
    budget: Budget,
    mut open: Vec<Record>,
    owner: &str,
) -> Vec<Record> {
    if app.webhook.is_none() || standing::is_on_hold(app) {
        return open;
    }
    let now = app.clock.now();
    let is_ours =
        |record: &&Record| record.status == Status::Pending && record.work.is_leased_by(owner);
    let is_free = |record: &&Record| record.status == Status::Pending && record.work.is_ready(now);
    let mut ours: Vec<_> = open.iter().filter(is_ours).cloned().collect();
    let free = open.iter().filter(is_free).cloned().collect();
    ours.extend(take(app, owner, free).await);
    replace(&mut open, deliver_all(app, budget, owner, ours).await);
    open
}

/// Puts `changed` in the place of what was known of these records.
fn replace(open: &mut Vec<Record>, changed: Vec<Record>) {
    let ids: HashSet<_> = changed.iter().map(|record| record.id.clone()).collect();
    open.retain(|record| !ids.contains(&record.id));
    open.extend(changed);
}

/// Reports what is `delivered`: what `owner` has just delivered, and what was delivered before.
async fn report_delivered(
    app: &App,
    budget: Budget,
    session: &Session<'_>,
    lookup: &Lookup,
    open: &[Record],
    owner: &str,
) -> HashMap<EntitlementId, Status> {
    let now = app.clock.now();
    let account = session.link().await.amazon_user_id;
    let is_to_do = |record: &&Record| {
        let is_eager = record.amazon_user_id == account
            && record.may_be_tried(now)
            && (record.attempts < EAGER_ATTEMPTS || record.is_parked());
        record.status == Status::Delivered
            && !record.work.is_leased(now)
            && (is_eager || record.work.is_due(now))
            && lookup.verdict(record) != Verdict::Unclear
    };
    let is_ours =
        |record: &&Record| record.status == Status::Delivered && record.work.is_leased_by(owner);
    let to_do = open.iter().filter(is_to_do).cloned().collect();
    let mut taken = take(app, owner, to_do).await;
    taken.extend(open.iter().filter(is_ours).cloned());
    report_all(app, budget, Some(session), Some(lookup), owner, taken).await
}
