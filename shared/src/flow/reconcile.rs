//! Finishes what a crash, an outage or a player who stays away has left half done: delivers what
//! is `pending` where the studio's backend delivers, and reports what is `delivered`.
//!
//! Each shard of the due index is worked on by itself, so an item that is slow or always fails delays
//! at most its own shard, and only until the time of the run is over. Any number of runs at the same
//! time is safe: each acquires what it works on by a lease. With nothing to do a run costs one query per shard,
//! and every fifth run some more that count what waits for an operator.

mod housekeeping;
mod resumption;

use std::ops::AddAssign;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use serde::Serialize;

use crate::App;
use crate::budget::{Budget, UNREADABLE_PAUSE};
use crate::domain::{Sku, Status, Timestamp, random_token};
use crate::flow::fulfillment::deliver::deliver_all;
use crate::flow::fulfillment::lease::{at_once, lease};
use crate::flow::fulfillment::paused::hold_paused_ones;
use crate::flow::fulfillment::report::report_all;
use crate::flow::rows::log_unreadable;
use crate::signals::event;
use crate::store::{DUE_SHARDS, Due, Housekeeping, Record, StoreError, Taken};

/// Every run in a minute that is a multiple of this counts what waits for an operator. The alarm
/// `Attention` rings within 15 minutes.
const WAITING_COUNTED_EVERY: i64 = 5;

/// What a run has done. Counts entitlements, not the housekeeping beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// How many it has taken.
    pub taken: u64,
    /// How many of these are finished.
    pub done: u64,
    /// How many of these could not be finished: they are due again later, parked, or an
    /// operator has to look.
    pub failed: u64,
    /// How many items are due still: at least so many, where there are very many.
    pub left: u64,
}

impl AddAssign for Reconciled {
    fn add_assign(&mut self, part: Self) {
        self.taken += part.taken;
        self.done += part.done;
        self.failed += part.failed;
        self.left += part.left;
    }
}

/// Works on what is due until nothing is, or until the budget is used up.
///
/// # Errors
/// See [`StoreError`]; only if no shard could be read.
pub async fn reconcile(app: &App, budget: Budget) -> Result<Reconciled, StoreError> {
    let began = app.clock.now();
    // Boxed, because each is large.
    let shards = (0..DUE_SHARDS).map(|shard| work_shard(app, budget, shard).boxed_local());
    let mut total = Reconciled::default();
    let mut overdue = Duration::ZERO;
    let (mut broken, mut cause) = (0, None);
    for outcome in join_all(shards).await {
        match outcome {
            Ok((part, longest)) => {
                total += part;
                overdue = overdue.max(longest);
            }
            Err(error) => {
                broken += 1;
                tracing::error!(event = event::SHARD_NOT_READ, %error);
                cause = Some(error);
            }
        }
    }
    if let Some(error) = cause
        && broken == DUE_SHARDS
    {
        return Err(error);
    }
    let attention = count_waiting(app, began).await;
    let duration = app.clock.now().since(began);
    tracing::info!(
        event = event::RECONCILED,
        taken = total.taken,
        done = total.done,
        failed = total.failed,
        left = total.left,
        due = total.taken + total.left,
        // How long the longest due item had been waiting.
        overdue_seconds = overdue.as_secs(),
        attention,
        duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
    );
    Ok(total)
}

/// How many entitlements wait for an operator who should come soon. Every fifth run counts them, so
/// that the other runs cost no more than a look at what is due.
async fn count_waiting(app: &App, now: Timestamp) -> Option<u64> {
    let minute = now.as_millis().div_euclid(60_000);
    if minute.rem_euclid(WAITING_COUNTED_EVERY) != 0 {
        return None;
    }
    // Boxed, because it is large.
    let counted = app.fulfillments.count_alarming().boxed_local().await;
    counted
        .inspect_err(|error| tracing::warn!(event = event::SHARD_NOT_COUNTED, %error))
        .ok()
}

/// Works on one shard, and tells how long the longest due item had been waiting.
async fn work_shard(
    app: &App,
    budget: Budget,
    shard: u8,
) -> Result<(Reconciled, Duration), StoreError> {
    let mut total = Reconciled::default();
    let mut overdue = Duration::ZERO;
    // Records that were woken, or failed for a moment, may be due again at the end of a pass.
    loop {
        let mut after = None;
        let mut took_any = false;
        loop {
            let now = app.clock.now();
            let page = match app.fulfillments.due(shard, now, after).await {
                Ok(page) => page,
                Err(error) if total.taken > 0 => {
                    tracing::warn!(event = event::SHARD_CUT_SHORT, %error);
                    return Ok((total, overdue));
                }
                Err(error) => return Err(error),
            };
            if let Some(first) = page.hints.first() {
                overdue = overdue.max(now.since(first.due_at));
            }
            if !page.hints.is_empty() {
                if !budget.allows_a_page() {
                    total.left = left(app, shard, now, &page.hints).await;
                    return Ok((total, overdue));
                }
                let page_budget = budget.of_part();
                let work = work_page(app, page_budget, &page.hints);
                // The work ends before its leases do, and before this run does.
                let Some((part, took)) = page_budget.at_most(work).await else {
                    tracing::warn!(event = event::SHARD_CUT_SHORT, "a page took too long");
                    total.left = left(app, shard, now, &page.hints).await;
                    return Ok((total, overdue));
                };
                total += part;
                took_any |= took;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if !took_any {
            return Ok((total, overdue));
        }
    }
}

/// How many are due in this shard. If the database does not say: how many were `seen`, so that the
/// counts of what was done are not lost.
async fn left(app: &App, shard: u8, now: Timestamp, seen: &[Due]) -> u64 {
    let counted = app.fulfillments.count_due(shard, now).await;
    counted.unwrap_or_else(|error| {
        tracing::warn!(event = event::SHARD_NOT_COUNTED, %error);
        count(seen.len())
    })
}

/// Acquires what these hints point to, and works on it. Also tells whether anything was acquired.
async fn work_page(app: &App, budget: Budget, hints: &[Due]) -> (Reconciled, bool) {
    let owner = random_token();
    let Acquired {
        mut records,
        tasks,
        resumed,
    } = take_all(app, &owner, hints).await;
    let took = !records.is_empty() || !tasks.is_empty() || !resumed.is_empty();
    let tasks: Vec<_> = tasks
        .iter()
        .map(|task| housekeeping::work(app, budget, &owner, task).boxed_local())
        .collect();
    records.extend(at_once(tasks).await.into_iter().flatten());
    let taken = count(records.len());
    let (pending, mut reports): (Vec<_>, Vec<_>) = records
        .into_iter()
        .partition(|record| record.status == Status::Pending);
    let (pending, held) = hold_paused_ones(app, &owner, pending).await;
    let mut done = held;
    for record in deliver_all(app, budget, &owner, pending).await {
        match record.status {
            Status::Delivered if record.work.is_leased_by(&owner) => reports.push(record),
            // Another request has it.
            Status::Delivered => {}
            Status::Held | Status::Reported => done += 1,
            // Left to the game, where the studio's backend no longer delivers.
            Status::Pending => done += u64::from(app.webhook.is_none()),
        }
    }
    let statuses = report_all(app, budget, None, None, &owner, reports).await;
    done += count(
        statuses
            .values()
            .filter(|status| **status == Status::Reported)
            .count(),
    );
    // Last, because a resumption may take all the time that is left. What it makes due for the webhook is
    // on a later page.
    for (sku, attempts) in resumed {
        resumption::resume_all(app, budget, &owner, &sku, attempts).await;
    }
    let part = Reconciled {
        taken,
        done,
        failed: taken.saturating_sub(done),
        left: 0,
    };
    (part, took)
}

/// What a run has acquired.
#[derive(Default)]
struct Acquired {
    records: Vec<Record>,
    tasks: Vec<Housekeeping>,
    /// Offers that were resumed, and how often a run has looked for what waits for them.
    resumed: Vec<(Sku, u32)>,
}

async fn take_all(app: &App, owner: &str, hints: &[Due]) -> Acquired {
    let takes: Vec<_> = hints
        .iter()
        .map(|hint| take_one(app, owner, hint))
        .collect();
    let mut acquired = Acquired::default();
    for taken in at_once(takes).await.into_iter().flatten() {
        match taken {
            Taken::Record(record) => acquired.records.push(*record),
            Taken::Housekeeping(task) => acquired.tasks.push(task),
            Taken::Resumed { sku, attempts } => acquired.resumed.push((sku, attempts)),
        }
    }
    acquired
}

async fn take_one(app: &App, owner: &str, hint: &Due) -> Option<Taken> {
    let now = app.clock.now();
    let lease = lease(owner, now);
    match app.fulfillments.acquire_due(hint, lease, now).await {
        Ok(taken) => taken,
        Err(error @ StoreError::Corrupt { .. }) => {
            log_unreadable(&error);
            let due_at = now + UNREADABLE_PAUSE;
            if let Err(error) = app
                .fulfillments
                .reschedule_unreadable(hint, lease, due_at)
                .await
            {
                tracing::warn!(event = event::NOT_GIVEN_BACK, %error);
            }
            None
        }
        Err(error) => {
            tracing::warn!(event = event::NOT_TAKEN, %error);
            None
        }
    }
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
