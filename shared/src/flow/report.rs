//! Tells Prime Gaming what was delivered: each entitlement as its own request, several at once,
//! with the tokens of the Amazon account that it came from, whoever is linked now.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use super::budget::Budget;
use super::session::{Session, SessionError};
use crate::App;
use crate::amazon::FulfillResult;
use crate::domain::{AmazonUserId, EntitlementId, Status, Timestamp, backoff, random_fraction};
use crate::store::{Record, StoreError};

/// How many reports are on their way at once.
const AT_ONCE: usize = 8;

/// How long a report is its taker's: longer than any function lives.
pub(super) const REPORT_LEASE: Duration = Duration::from_secs(30);

/// How long tokens that Prime Gaming refuses are left alone.
pub(super) const REFUSED_PAUSE: Duration = Duration::from_secs(3600);

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
        .take_report(&record, owner, now, now + REPORT_LEASE)
        .await;
    taken.unwrap_or_else(|error| {
        tracing::warn!(event = "report_not_taken", entitlement_id = %record.id, %error);
        None
    })
}

/// Reports what `owner` has taken; `own` is the session of the player who asks, if there is one.
/// Gives the status of each afterwards.
pub(super) async fn report_all(
    app: &App,
    budget: Budget,
    own: Option<&Session<'_>>,
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
        let other;
        let session = match own {
            Some(own) if own.link().await.amazon_user_id == account => Some(own),
            _ => {
                other = session_of(app, budget, &account).await;
                other.as_ref()
            }
        };
        let reports: Vec<_> = records
            .into_iter()
            .map(|record| report_one(app, session, owner, record))
            .collect();
        let reports = stream::iter(reports).buffer_unordered(AT_ONCE);
        statuses.extend(reports.collect::<Vec<_>>().await);
    }
    statuses
}

async fn session_of<'a>(
    app: &'a App,
    budget: Budget,
    account: &AmazonUserId,
) -> Option<Session<'a>> {
    match app.links.of_amazon_account(account).await {
        Ok(link) => link.map(|link| Session::new(app, budget, link)),
        Err(error) => {
            tracing::warn!(event = "report_failed", %error);
            None
        }
    }
}

async fn report_one(
    app: &App,
    session: Option<&Session<'_>>,
    owner: &str,
    record: Record,
) -> (EntitlementId, Status) {
    let failure = match session {
        None => "nobody is linked to the Amazon account that it came from".to_owned(),
        Some(session) => match tell(app, session, &record).await {
            Ok(FulfillResult::Success) => {
                let status = mark_reported(app, owner, &record).await;
                return (record.id, status);
            }
            Ok(FulfillResult::NotReported(result)) => format!("Prime Gaming answered {result:?}"),
            Err(error) => error.to_string(),
        },
    };
    tracing::warn!(
        event = "report_failed",
        player_id = %record.player, entitlement_id = %record.id,
        attempts = record.attempts, cause = failure
    );
    let retry_at = match session {
        Some(session) => session.link().await.retry_at,
        None => None,
    };
    let due_at = next_try(app, &record, retry_at);
    if let Err(error) = app
        .fulfillments
        .postpone_report(&record, owner, due_at)
        .await
    {
        // The lease runs out by itself.
        tracing::warn!(event = "report_not_postponed", entitlement_id = %record.id, %error);
    }
    (record.id, Status::Delivered)
}

fn next_try(app: &App, record: &Record, retry_at: Option<Timestamp>) -> Timestamp {
    let at = app.clock.now() + backoff(record.attempts, random_fraction());
    retry_at.map_or(at, |retry_at| retry_at.max(at))
}

/// Sends one report. Where Prime Gaming refuses it, also with refreshed tokens, its list of
/// entitlements tells whether the report or the link is at fault.
async fn tell(
    app: &App,
    session: &Session<'_>,
    record: &Record,
) -> Result<FulfillResult, SessionError> {
    let address = app.prime_gaming.address(&record.player);
    let told = session
        .call(|token| {
            let (id, address) = (&record.id, &address);
            async move {
                app.prime_gaming
                    .fulfill(&token, id, address, app.clock.now())
                    .await
            }
        })
        .await;
    if !matches!(told, Err(SessionError::Refused)) {
        return told;
    }
    let listed = session
        .call(|token| async move { app.prime_gaming.entitlements(&token, app.clock.now()).await })
        .await;
    match listed {
        Ok(_) => Ok(FulfillResult::NotReported("refused".to_owned())),
        Err(SessionError::Refused) => {
            let next = app.clock.now() + REFUSED_PAUSE;
            app.links.mark_refused(&session.link().await, next).await?;
            Err(SessionError::Refused)
        }
        Err(error) => Err(error),
    }
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

/// Tells Prime Gaming once more about what is `reported` already. Whatever comes of it, the
/// record stays as it is.
pub(super) async fn report_again(app: &App, session: &Session<'_>, forgotten: Vec<Record>) {
    for record in forgotten {
        let told = tell(app, session, &record).await;
        tracing::warn!(
            event = "reported_again",
            player_id = %record.player, entitlement_id = %record.id,
            success = matches!(told, Ok(FulfillResult::Success))
        );
    }
}
