//! Taking what is to be delivered or reported, and giving back what could not be finished: it is
//! tried again later, or parked, or an operator has to look at it.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use super::budget::REQUEST_LIFE;
use crate::App;
use crate::domain::{Status, Timestamp, backoff, random_fraction};
use crate::store::{Lease, Link, Record};

/// How much one request does at once: writes to the database, and calls to others.
pub(super) const AT_ONCE: usize = 8;

/// After so long without success only an operator can help.
const GIVE_UP_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// A lease that outlives the request.
pub(super) fn lease(owner: &str, now: Timestamp) -> Lease<'_> {
    Lease {
        owner,
        until: now + REQUEST_LIFE,
    }
}

/// Takes those of `records` that nobody else is at. `owner` is theirs from then on.
pub(super) async fn take(app: &App, owner: &str, records: Vec<Record>) -> Vec<Record> {
    let takes: Vec<_> = records
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
    let taken = app.fulfillments.take(&record, lease(owner, now), now).await;
    taken.unwrap_or_else(|error| {
        tracing::warn!(event = "not_taken", entitlement_id = %record.id, %error);
        None
    })
}

/// Why something that was taken is not finished now.
#[derive(Clone, Debug)]
pub(super) enum Unfinished {
    /// It was tried, and failed, or nobody knows.
    Failed {
        /// For the log.
        cause: String,
        /// The other side wants rest until then.
        not_before: Option<Timestamp>,
    },
    /// It was not tried, because it would be in vain.
    Waiting {
        /// For the log.
        cause: &'static str,
        /// Nothing changes before then.
        not_before: Option<Timestamp>,
    },
    /// It can't be reported until its Amazon account is linked again. With the link whose tokens
    /// are worthless, or without one.
    Hopeless(Option<Box<Link>>),
}

/// Gives back what `owner` has taken and could not finish. It keeps its status, which is returned.
pub(super) async fn give_back(app: &App, owner: &str, record: &Record, why: &Unfinished) -> Status {
    let (player_id, entitlement_id, attempts) = (&record.player, &record.id, record.attempts);
    let now = app.clock.now();
    let later = now + backoff(attempts, random_fraction());
    let at = |not_before: &Option<Timestamp>| not_before.map_or(later, |time| time.max(later));
    let given_back = match why {
        Unfinished::Failed { cause, not_before } => {
            let since = record.failing_since.unwrap_or(now);
            // The alarm on failing reports counts these lines, and only these.
            match record.status {
                Status::Pending => tracing::warn!(
                    event = "delivery_failed",
                    %player_id, %entitlement_id, attempts, cause
                ),
                _ => tracing::warn!(
                    event = "report_failed",
                    %player_id, %entitlement_id, attempts, cause
                ),
            }
            if now.since(since) >= GIVE_UP_AFTER {
                tracing::error!(event = "attention", %player_id, %entitlement_id, cause);
                app.fulfillments.give_up(record, owner, now).await
            } else {
                let due_at = at(not_before);
                app.fulfillments
                    .postpone(record, owner, due_at, Some(since))
                    .await
            }
        }
        Unfinished::Waiting { cause, not_before } => {
            tracing::info!(event = "waits", %player_id, %entitlement_id, attempts, cause);
            let due_at = at(not_before);
            app.fulfillments
                .postpone(record, owner, due_at, record.failing_since)
                .await
        }
        Unfinished::Hopeless(dead) => {
            tracing::info!(event = "parked", %player_id, %entitlement_id);
            let parked = app
                .fulfillments
                .park(&app.links, record, owner, dead.as_deref())
                .await;
            match parked {
                Ok(true) => Ok(()),
                // Somebody has just linked the account: the next try finds that out.
                Ok(false) => {
                    app.fulfillments
                        .postpone(record, owner, later, record.failing_since)
                        .await
                }
                Err(error) => Err(error),
            }
        }
    };
    if let Err(error) = given_back {
        // The lease runs out by itself.
        tracing::warn!(event = "not_given_back", %entitlement_id, %error);
    }
    record.status
}

/// Gives back all of them, for the same reason.
pub(super) async fn give_all_back(
    app: &App,
    owner: &str,
    records: Vec<Record>,
    why: &Unfinished,
) -> Vec<Record> {
    let all: Vec<_> = records
        .into_iter()
        .map(|record| async move {
            give_back(app, owner, &record, why).await;
            record
        })
        .collect();
    stream::iter(all).buffer_unordered(AT_ONCE).collect().await
}
