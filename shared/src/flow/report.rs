//! Tells Prime Gaming what was delivered: each entitlement as its own request, several at once,
//! with the tokens of the Amazon account that it came from, whoever is linked now.
//!
//! An earlier report may have been heard though its answer was lost, so whatever was reported
//! before is looked up first: what Amazon no longer asks for is `reported`.

use std::collections::HashMap;

use futures_util::StreamExt;
use futures_util::stream;

use super::budget::{Budget, REQUEST_LIFE};
use super::session::{Session, SessionError};
use crate::App;
use crate::amazon::{FulfillResult, Instruction, Listing};
use crate::domain::{AmazonUserId, EntitlementId, Status, Timestamp, backoff, random_fraction};
use crate::store::{Link, LinkState, Record, StoreError};

/// How many reports are on their way at once.
const AT_ONCE: usize = 8;

/// What Amazon listed for one account, and when it was asked.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) listing: Listing,
    pub(super) asked_at: Timestamp,
}

/// What a lookup says about a report that was tried before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Amazon asks for it: report it (again).
    Wanted,
    /// Amazon does not ask for it any more: it was heard.
    Heard,
    /// Amazon says a word that we do not know: leave it alone.
    Unclear,
}

impl Lookup {
    pub(super) fn verdict(&self, record: &Record) -> Verdict {
        let listed = self
            .listing
            .entitlements
            .iter()
            .find(|listed| listed.id == record.id);
        match listed.map(|listed| &listed.instruction) {
            Some(Instruction::Fulfill) => Verdict::Wanted,
            Some(Instruction::Unknown(_)) => Verdict::Unclear,
            Some(Instruction::Noop) => Verdict::Heard,
            // An element that could not be read may be any entitlement, and a list that was asked
            // for before the delivery says nothing about it.
            None if self.listing.broken > 0 || self.asked_at <= record.updated_at => {
                Verdict::Wanted
            }
            None => Verdict::Heard,
        }
    }
}

/// Takes those of `delivered` that nobody else is reporting. `owner` is theirs from then on.
pub(super) async fn take(app: &App, owner: &str, delivered: Vec<Record>) -> Vec<Record> {
    let takes: Vec<_> = delivered
        .into_iter()
        .map(|record| take_one(app, owner, record))
        .collect();
    let taken: Vec<Option<Record>> = stream::iter(takes)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    taken.into_iter().flatten().collect()
}

async fn take_one(app: &App, owner: &str, record: Record) -> Option<Record> {
    let now = app.clock.now();
    let taken = app
        .fulfillments
        .take_report(&record, owner, now, now + REQUEST_LIFE)
        .await;
    taken.unwrap_or_else(|error| {
        tracing::warn!(event = "report_not_taken", entitlement_id = %record.id, %error);
        None
    })
}

/// Reports what `owner` has taken. `own` is the session of the player who asks, if there is one,
/// and `lookup` what Amazon has just listed for it. Gives the status of each afterwards.
pub(super) async fn report_all(
    app: &App,
    budget: Budget,
    own: Option<&Session<'_>>,
    lookup: Option<&Lookup>,
    owner: &str,
    taken: Vec<Record>,
) -> HashMap<EntitlementId, Status> {
    let mut by_account: HashMap<AmazonUserId, Vec<Record>> = HashMap::new();
    for record in taken {
        by_account
            .entry(record.amazon_user_id.clone())
            .or_default()
            .push(record);
    }
    let mut statuses = HashMap::new();
    for (account, records) in by_account {
        let own = match own {
            Some(own) if own.link().await.amazon_user_id == account => Some(own),
            _ => None,
        };
        let reported = match own {
            Some(own) => report_account(app, own, lookup, owner, records).await,
            None => match session_of(app, budget, &account).await {
                Ok(other) => report_account(app, &other, None, owner, records).await,
                Err(why) => postpone_all(app, owner, records, None, &why).await,
            },
        };
        statuses.extend(reported);
    }
    statuses
}

/// The session of the link that this Amazon account has now, or why there is none.
async fn session_of<'a>(
    app: &'a App,
    budget: Budget,
    account: &AmazonUserId,
) -> Result<Session<'a>, Why<'static>> {
    match app.links.of_amazon_account(account).await {
        Ok(Some(link)) => Ok(Session::new(app, budget, link)),
        Ok(None) => Err(Why::Waiting(
            "nobody is linked to the Amazon account that it came from",
        )),
        Err(error) => {
            tracing::warn!(event = "link_not_read", %error);
            Err(Why::Failed("the database did not answer"))
        }
    }
}

/// Whether Prime Gaming refused this link lately, so that it is left alone until its next try.
fn is_resting(link: &Link, now: Timestamp) -> bool {
    link.state == LinkState::RelinkRequired && link.next_check_at.is_some_and(|at| at > now)
}

async fn report_account(
    app: &App,
    session: &Session<'_>,
    lookup: Option<&Lookup>,
    owner: &str,
    records: Vec<Record>,
) -> Vec<(EntitlementId, Status)> {
    // A check has taken the right to try a refused link before it comes here, and has a lookup.
    let link = session.link().await;
    if lookup.is_none() && is_resting(&link, app.clock.now()) {
        let why = Why::Waiting("Amazon refuses this link; it is tried again later");
        return postpone_all(app, owner, records, link.next_check_at, &why).await;
    }
    let (again, first): (Vec<_>, Vec<_>) =
        records.into_iter().partition(|record| record.attempts > 1);
    let mut done = Vec::new();
    let own_lookup;
    let lookup = match lookup {
        None if !again.is_empty() => {
            own_lookup = look_up(app, session).await;
            own_lookup.as_ref().map_err(ToString::to_string).map(Some)
        }
        lookup => Ok(lookup),
    };
    let mut wanted = first;
    match lookup {
        Err(cause) => {
            let retry_at = session.link().await.retry_at;
            done.extend(postpone_all(app, owner, again, retry_at, &Why::Failed(&cause)).await);
        }
        Ok(lookup) => {
            for record in again {
                match lookup.map_or(Verdict::Wanted, |lookup| lookup.verdict(&record)) {
                    Verdict::Wanted => wanted.push(record),
                    Verdict::Heard => {
                        let status = mark_reported(app, owner, &record).await;
                        done.push((record.id, status));
                    }
                    Verdict::Unclear => {
                        let why = Why::Waiting("Amazon lists it with an unknown instruction");
                        let status = postpone(app, owner, &record, None, &why).await;
                        done.push((record.id, status));
                    }
                }
            }
        }
    }
    let reports: Vec<_> = wanted
        .into_iter()
        .map(|record| report_one(app, session, owner, record))
        .collect();
    let reports = stream::iter(reports).buffer_unordered(AT_ONCE);
    done.extend(reports.collect::<Vec<_>>().await);
    done
}

/// Asks Amazon what it still wants to hear of.
pub(super) async fn look_up(app: &App, session: &Session<'_>) -> Result<Lookup, SessionError> {
    let asked_at = app.clock.now();
    let listing = session.entitlements().await?;
    Ok(Lookup { listing, asked_at })
}

async fn report_one(
    app: &App,
    session: &Session<'_>,
    owner: &str,
    record: Record,
) -> (EntitlementId, Status) {
    let cause = match session.fulfill(&record).await {
        Ok(FulfillResult::Success) => {
            let status = mark_reported(app, owner, &record).await;
            return (record.id, status);
        }
        Ok(FulfillResult::NotReported(result)) => format!("Prime Gaming answered {result:?}"),
        Err(error) => error.to_string(),
    };
    let retry_at = session.link().await.retry_at;
    let status = postpone(app, owner, &record, retry_at, &Why::Failed(&cause)).await;
    (record.id, status)
}

async fn mark_reported(app: &App, owner: &str, record: &Record) -> Status {
    let marked: Result<bool, StoreError> = app
        .fulfillments
        .mark_reported(record, owner, app.clock.now())
        .await;
    match marked {
        Ok(true) => {
            tracing::info!(
                event = "reported",
                player_id = %record.player, entitlement_id = %record.id
            );
            Status::Reported
        }
        // Amazon knows; whoever holds the record will find that out.
        Ok(false) => Status::Delivered,
        Err(error) => {
            tracing::warn!(event = "reported_not_stored", entitlement_id = %record.id, %error);
            Status::Delivered
        }
    }
}

/// Why something is not reported now.
enum Why<'a> {
    /// It was tried, and failed.
    Failed(&'a str),
    /// It was not tried, because it would be in vain.
    Waiting(&'a str),
}

async fn postpone_all(
    app: &App,
    owner: &str,
    records: Vec<Record>,
    not_before: Option<Timestamp>,
    why: &Why<'_>,
) -> Vec<(EntitlementId, Status)> {
    let mut statuses = Vec::new();
    for record in records {
        let status = postpone(app, owner, &record, not_before, why).await;
        statuses.push((record.id, status));
    }
    statuses
}

/// It stays `delivered`, and is due again after a while, not before `not_before`.
async fn postpone(
    app: &App,
    owner: &str,
    record: &Record,
    not_before: Option<Timestamp>,
    why: &Why<'_>,
) -> Status {
    let (player_id, entitlement_id, attempts) = (&record.player, &record.id, record.attempts);
    match why {
        // The alarm on failing reports counts these, and only these.
        Why::Failed(cause) => {
            tracing::warn!(event = "report_failed", %player_id, %entitlement_id, attempts, cause);
        }
        Why::Waiting(cause) => {
            tracing::info!(event = "report_waits", %player_id, %entitlement_id, attempts, cause);
        }
    }
    let at = app.clock.now() + backoff(record.attempts, random_fraction());
    let due_at = not_before.map_or(at, |not_before| not_before.max(at));
    if let Err(error) = app
        .fulfillments
        .postpone_report(record, owner, due_at)
        .await
    {
        // The lease runs out by itself.
        tracing::warn!(event = "report_not_postponed", entitlement_id = %record.id, %error);
    }
    Status::Delivered
}

/// Tells Prime Gaming once more about what is `reported` already. Whatever comes of it, the
/// record stays as it is.
pub(super) async fn report_again(session: &Session<'_>, forgotten: Vec<Record>) {
    for record in forgotten {
        let told = session.fulfill(&record).await;
        tracing::warn!(
            event = "reported_again",
            player_id = %record.player, entitlement_id = %record.id, ?told
        );
    }
}
