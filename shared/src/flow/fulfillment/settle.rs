//! Settles a report: one step writes down what became of it. The record is `reported`, rescheduled, or
//! parked until its account is linked again.

use crate::App;
use crate::budget::UNPARKED_PAUSE;
use crate::domain::{Delay, History, Pause, Status, Timestamp, backoff};
use crate::flow::rows::about;
use crate::signals::event;
use crate::store::{Link, Parked, Record, StoreError, WriteOutcome};

/// What became of a report.
#[derive(Debug)]
pub(in crate::flow) enum Outcome {
    /// Amazon has taken it, now or earlier.
    Reported,
    /// It is not finished.
    Unfinished(Unfinished),
}

/// Why something that was taken is not finished now.
#[derive(Clone, Debug)]
pub(in crate::flow) enum Unfinished {
    /// Attempted; failed, or the outcome is unknown.
    Failed {
        /// For the log.
        cause: String,
        /// Amazon or the webhook asked for a pause until then.
        not_before: Option<Timestamp>,
    },
    /// Not attempted, because it would be in vain.
    Waiting {
        /// For the log.
        cause: String,
        /// Nothing changes before then.
        not_before: Option<Timestamp>,
    },
    /// Not attempted, because Amazon lists it with a word that we do not know.
    Unclear,
    /// Not attempted to the end, because its link can't be used before then: Amazon refuses it, or
    /// its client id is not ours.
    Refused(Option<Timestamp>),
    /// It can't be reported until its Amazon account is linked again. Holds the link with worthless
    /// tokens, if there is one.
    Hopeless(Option<Box<Link>>),
}

impl Unfinished {
    fn delay(&self) -> Delay {
        match self {
            Self::Failed { not_before, .. } => Delay::Failed(*not_before),
            Self::Waiting { not_before, .. } => Delay::Waiting(*not_before),
            Self::Refused(not_before) => Delay::Refused(*not_before),
            Self::Unclear => Delay::Unclear,
            Self::Hopeless(_) => Delay::Waiting(None),
        }
    }

    fn cause(&self) -> &str {
        match self {
            Self::Failed { cause, .. } | Self::Waiting { cause, .. } => cause,
            Self::Unclear => UNCLEAR,
            Self::Refused(_) => "its link can't be used now; it is tried again later",
            Self::Hopeless(_) => "its account has to be linked again",
        }
    }
}

/// Why something unclear waits, for the log.
pub(in crate::flow) const UNCLEAR: &str = "Amazon lists it with an unknown instruction";

/// Writes down what became of a report that `owner` has acquired. Gives the status afterwards.
pub(in crate::flow) async fn settle(
    app: &App,
    owner: &str,
    record: &Record,
    outcome: &Outcome,
) -> Status {
    match outcome {
        Outcome::Reported => mark_reported(app, owner, record).await,
        Outcome::Unfinished(why) => {
            give_back(app, owner, record, why).await;
            record.status
        }
    }
}

async fn mark_reported(app: &App, owner: &str, record: &Record) -> Status {
    let now = app.clock.now();
    let (player_id, entitlement_id, sku) = about(record);
    match app.fulfillments.mark_reported(record, owner, now).await {
        Ok(WriteOutcome::Done) => {
            let waited_seconds = record.delivered_at.map(|at| now.since(at).as_secs());
            tracing::info!(event = event::REPORTED, %player_id, %entitlement_id, sku, waited_seconds);
            Status::Reported
        }
        // Amazon knows. The request that has acquired the record meanwhile will find that out.
        Ok(WriteOutcome::Changed) => Status::Delivered,
        Err(error) => {
            tracing::warn!(
                event = event::REPORTED_NOT_STORED,
                %player_id, %entitlement_id, sku, %error
            );
            Status::Delivered
        }
    }
}

/// Gives back what `owner` has acquired and could not finish. It keeps its status.
pub(in crate::flow) async fn give_back(app: &App, owner: &str, record: &Record, why: &Unfinished) {
    let now = app.clock.now();
    let later = now + backoff(record.attempts, app.jitter.fraction());
    let history = History {
        failing: record.failing,
        unclear_since: record.unclear_since,
        attention_at: record.attention_at,
    };
    let pause = Pause::of(history, why.delay(), now, later);
    log(record, why, &pause, now);
    if let (None, Some(_)) = (record.attention_at, pause.attention_at) {
        log_attention(record, why.cause());
    }
    let store = &app.fulfillments;
    let given_back = match why {
        Unfinished::Failed { cause, .. } => {
            store.reschedule(record, owner, &pause, Some(cause)).await
        }
        Unfinished::Waiting { .. } | Unfinished::Unclear => {
            store.reschedule(record, owner, &pause, None).await
        }
        Unfinished::Refused(_) => store.reschedule_until_linked(record, owner, &pause).await,
        Unfinished::Hopeless(dead) => park(app, owner, record, dead.as_deref(), pause).await,
    };
    if let Err(error) = given_back {
        // The lease runs out by itself.
        log_not_given_back(record, &error);
    }
}

async fn park(
    app: &App,
    owner: &str,
    record: &Record,
    dead: Option<&Link>,
    pause: Pause,
) -> Result<(), StoreError> {
    let store = &app.fulfillments;
    let parked = store.park(&app.links, record, owner, dead, pause.failing);
    match parked.await? {
        Parked::Done => Ok(()),
        // A player has just linked the account: the next try finds that out.
        Parked::Changed => store.reschedule(record, owner, &pause, None).await,
        // A later try finds out that the account is linked again.
        Parked::Full => {
            let due_at = app.clock.now() + UNPARKED_PAUSE;
            let pause = Pause { due_at, ..pause };
            store.reschedule(record, owner, &pause, None).await
        }
    }
}

/// One line for each entitlement, when its tries become rare.
pub(in crate::flow) fn log_attention(record: &Record, cause: &str) {
    let (player_id, entitlement_id, sku) = about(record);
    tracing::error!(event = event::ATTENTION, %player_id, %entitlement_id, sku, cause);
}

pub(in crate::flow) fn log_not_given_back(record: &Record, error: &StoreError) {
    let (player_id, entitlement_id, sku) = about(record);
    tracing::warn!(event = event::NOT_GIVEN_BACK, %player_id, %entitlement_id, sku, %error);
}

/// Alarms count these lines by their fields: `counted`, an entitlement at most once an hour, and
/// `stuck`, once while its step fails.
fn log(record: &Record, why: &Unfinished, pause: &Pause, now: Timestamp) {
    let (player_id, entitlement_id, sku) = about(record);
    let (cause, attempts) = (why.cause(), record.attempts);
    let (before, after) = (record.failing, pause.failing);
    let counted = after.counted_at != before.counted_at;
    let stuck = after.stuck_at != before.stuck_at;
    match (why, record.status) {
        (Unfinished::Failed { .. }, Status::Pending) => {
            let waited_seconds = now.since(record.first_seen_at).as_secs();
            tracing::warn!(
                event = event::DELIVERY_FAILED,
                %player_id, %entitlement_id, sku, attempts, cause, waited_seconds, counted, stuck
            );
        }
        (Unfinished::Failed { .. }, _) => {
            let waited_seconds = record.delivered_at.map(|at| now.since(at).as_secs());
            tracing::warn!(
                event = event::REPORT_FAILED,
                %player_id, %entitlement_id, sku, attempts, cause, waited_seconds, counted, stuck
            );
        }
        (Unfinished::Hopeless(_), _) => {
            tracing::info!(event = event::PARKED, %player_id, %entitlement_id, sku);
        }
        _ => tracing::info!(event = event::WAITS, %player_id, %entitlement_id, sku, cause, counted),
    }
}
