//! Taking what is to be delivered or reported, and giving back what could not be finished: it is
//! tried again later, or parked, or an operator has to look at it.

use futures_util::StreamExt;
use futures_util::stream;

use crate::App;
use crate::budget::{ATTENTION_PAUSE, LEASE, UNCLEAR_PAUSE, UNPARKED_PAUSE};
use crate::domain::{EntitlementId, Status, Timestamp, backoff, is_long_ago, random_fraction};
use crate::store::{Lease, Link, Parked, Pause, Record};

/// How much of one kind is done at once: writes to the database, calls to others, accounts.
const AT_ONCE: usize = 8;

/// Does several things at once, but no more than a few. Gives what came of them, in no order.
pub(in crate::flow) async fn at_once<F: Future>(
    work: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    stream::iter(work).buffer_unordered(AT_ONCE).collect().await
}

/// A lease that outlives the request.
pub(in crate::flow) fn lease(owner: &str, now: Timestamp) -> Lease<'_> {
    Lease {
        owner,
        until: now + LEASE,
    }
}

/// Takes those of `records` that nobody else is at. `owner` is theirs from then on.
pub(in crate::flow) async fn take(app: &App, owner: &str, records: Vec<Record>) -> Vec<Record> {
    let takes: Vec<_> = records
        .into_iter()
        .map(|record| take_one(app, owner, record))
        .collect();
    at_once(takes).await.into_iter().flatten().collect()
}

async fn take_one(app: &App, owner: &str, record: Record) -> Option<Record> {
    let now = app.clock.now();
    let taken = app
        .fulfillments
        .acquire(&record, lease(owner, now), now)
        .await;
    taken.unwrap_or_else(|error| {
        tracing::warn!(event = "not_taken", entitlement_id = %record.id, %error);
        None
    })
}

/// Why something that was taken is not finished now.
#[derive(Clone, Debug)]
pub(in crate::flow) enum Unfinished {
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
        cause: String,
        /// Nothing changes before then.
        not_before: Option<Timestamp>,
    },
    /// It was not tried, because Amazon lists it with a word that we do not know.
    Unclear,
    /// It was not tried to the end, because its link can't be used before then: Amazon refuses it,
    /// or its client id is not ours.
    Refused(Option<Timestamp>),
    /// It can't be reported until its Amazon account is linked again. With the link whose tokens
    /// are worthless, or without one.
    Hopeless(Option<Box<Link>>),
}

/// Gives back what `owner` has taken and could not finish. It keeps its status, which is returned.
pub(in crate::flow) async fn give_back(
    app: &App,
    owner: &str,
    record: &Record,
    why: &Unfinished,
) -> Status {
    log(record, why);
    let now = app.clock.now();
    let later = now + backoff(record.attempts, random_fraction());
    let pause = pause(record, why, now, later);
    if let (None, Some(_)) = (record.attention_at, pause.attention_at) {
        log_attention(record, why);
    }
    let store = &app.fulfillments;
    let given_back = match why {
        Unfinished::Failed { .. } | Unfinished::Waiting { .. } | Unfinished::Unclear => {
            store.reschedule(record, owner, &pause).await
        }
        Unfinished::Refused(_) => store.reschedule_until_linked(record, owner, &pause).await,
        Unfinished::Hopeless(dead) => {
            let dead = dead.as_deref();
            let parked = store.park(&app.links, record, owner, dead, pause.failing);
            match parked.await {
                Ok(Parked::Done) => Ok(()),
                // A player has just linked the account: the next try finds that out.
                Ok(Parked::Changed) => store.reschedule(record, owner, &pause).await,
                // A later try finds out that the account is linked again.
                Ok(Parked::Full) => {
                    let due_at = now + UNPARKED_PAUSE;
                    let pause = Pause { due_at, ..pause };
                    store.reschedule(record, owner, &pause).await
                }
                Err(error) => Err(error),
            }
        }
    };
    if let Err(error) = given_back {
        // The lease runs out by itself.
        tracing::warn!(event = "not_given_back", entitlement_id = %record.id, %error);
    }
    record.status
}

/// How long it is left alone: until `later`, or until what is in its way has passed. What has an
/// operator's attention is tried once a day.
fn pause(record: &Record, why: &Unfinished, now: Timestamp, later: Timestamp) -> Pause {
    let (failing, unclear_since) = (record.failing, record.unclear_since);
    let waits = Pause {
        due_at: later,
        was_tried: false,
        failing: failing.waits(now),
        unclear_since,
        attention_at: record.attention_at,
    };
    let at = |not_before: &Option<Timestamp>| not_before.map_or(later, |time| time.max(later));
    match why {
        Unfinished::Failed { not_before, .. } => {
            let failing = failing.tried(now);
            let since = failing.needs_attention(now).then_some(now);
            let attention_at = record.attention_at.or(since);
            Pause {
                due_at: match attention_at {
                    None => at(not_before),
                    Some(_) => at(not_before).max(now + ATTENTION_PAUSE),
                },
                was_tried: true,
                failing,
                unclear_since: None,
                attention_at,
            }
        }
        Unfinished::Unclear => {
            let unclear_since = unclear_since.unwrap_or(now);
            let since = is_long_ago(unclear_since, now).then_some(now);
            let attention_at = record.attention_at.or(since);
            let pause = attention_at.map_or(UNCLEAR_PAUSE, |_| ATTENTION_PAUSE);
            Pause {
                due_at: later.max(now + pause),
                unclear_since: Some(unclear_since),
                attention_at,
                ..waits
            }
        }
        Unfinished::Waiting { not_before, .. } | Unfinished::Refused(not_before) => Pause {
            due_at: at(not_before),
            ..waits
        },
        Unfinished::Hopeless(_) => waits,
    }
}

/// The alarm counts these lines: one for each entitlement, when its tries become rare.
fn log_attention(record: &Record, why: &Unfinished) {
    let (player_id, entitlement_id, sku) = (&record.player, &record.id, record.sku.as_deref());
    let cause = match why {
        Unfinished::Failed { cause, .. } | Unfinished::Waiting { cause, .. } => cause,
        _ => UNCLEAR,
    };
    tracing::error!(event = "attention", %player_id, %entitlement_id, sku, cause);
}

/// Why something unclear waits, for the log.
pub(in crate::flow) const UNCLEAR: &str = "Amazon lists it with an unknown instruction";

fn log(record: &Record, why: &Unfinished) {
    let (player_id, entitlement_id, attempts) = (&record.player, &record.id, record.attempts);
    match (why, record.status) {
        (Unfinished::Failed { cause, .. }, Status::Pending) => {
            tracing::warn!(event = "delivery_failed", %player_id, %entitlement_id, attempts, cause);
        }
        // The alarm on failing reports counts these lines, and only these.
        (Unfinished::Failed { cause, .. }, _) => {
            tracing::warn!(event = "report_failed", %player_id, %entitlement_id, attempts, cause);
        }
        (Unfinished::Waiting { cause, .. }, _) => {
            tracing::info!(event = "waits", %player_id, %entitlement_id, cause);
        }
        (Unfinished::Unclear, _) => {
            tracing::info!(event = "waits", %player_id, %entitlement_id, cause = UNCLEAR);
        }
        (Unfinished::Refused(_), _) => {
            let cause = "its link can't be used now; it is tried again later";
            tracing::info!(event = "waits", %player_id, %entitlement_id, cause);
        }
        (Unfinished::Hopeless(_), _) => {
            tracing::info!(event = "parked", %player_id, %entitlement_id);
        }
    }
}

/// Gives back all of them, for the same reason. Each with its status, which it keeps.
pub(in crate::flow) async fn give_all_back(
    app: &App,
    owner: &str,
    records: Vec<Record>,
    why: &Unfinished,
) -> Vec<(EntitlementId, Status)> {
    let all: Vec<_> = records
        .into_iter()
        .map(|record| async move {
            let status = give_back(app, owner, &record, why).await;
            (record.id, status)
        })
        .collect();
    at_once(all).await
}
