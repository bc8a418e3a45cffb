//! Delivers what is `pending` through the studio's webhook. What the webhook confirms is written down
//! as `delivered` before anything else happens.

use crate::App;
use crate::budget::{Budget, NoTimeLeft};
use crate::delivery::{Delivery, Order, Webhook};
use crate::domain::{HoldReason, Status, Timestamp};
use crate::flow::fulfillment::lease::{at_once, lease};
use crate::flow::fulfillment::settle::{Unfinished, give_back, log_not_given_back};
use crate::flow::rows::{about, log_held};
use crate::flow::standing;
use crate::signals::event;
use crate::store::{Confirmation, Record, StoreError};

/// Delivers what `owner` has acquired. Gives each record as it is afterwards. Those that are
/// `delivered` and still `owner`'s have to be reported.
pub(in crate::flow) async fn deliver_all(
    app: &App,
    budget: Budget,
    owner: &str,
    taken: Vec<Record>,
) -> Vec<Record> {
    let deliveries: Vec<_> = taken
        .into_iter()
        .map(|record| deliver_one(app, budget, owner, record))
        .collect();
    at_once(deliveries).await
}

async fn deliver_one(app: &App, budget: Budget, owner: &str, record: Record) -> Record {
    let Some(webhook) = &app.webhook else {
        return leave_to_the_game(app, owner, record).await;
    };
    let unfinished = if standing::is_on_hold(app) {
        Unfinished::Waiting {
            cause: "the intake is on hold".to_owned(),
            not_before: Some(standing::after_hold(app, app.clock.now())),
        }
    } else if budget.allows_a_step() {
        match call(app, webhook, &record).await {
            Ok(delivery) => match write_down(app, owner, &record, delivery).await {
                Ok(after) => return after,
                Err(unfinished) => unfinished,
            },
            Err(unfinished) => unfinished,
        }
    } else {
        Unfinished::Waiting {
            cause: NoTimeLeft.to_string(),
            not_before: None,
        }
    };
    give_back(app, owner, &record, &unfinished).await;
    record
}

/// The record waited for the webhook, and the setting has changed since. The game never delivers what
/// the webhook may have delivered.
async fn leave_to_the_game(app: &App, owner: &str, record: Record) -> Record {
    // Acquiring it has counted as a try.
    if record.attempts > 1 {
        return hold_undelivered(app, Some(owner), record).await;
    }
    if let Err(error) = app.fulfillments.release(&record, owner).await {
        log_not_given_back(&record, &error);
    }
    record
}

/// Used where the game delivers. Holds those of the records that a webhook may have delivered before,
/// and gives all of them as the game may see them. A hold that can't be written is made by a later
/// request.
pub(in crate::flow) async fn keep_from_the_game(app: &App, records: Vec<Record>) -> Vec<Record> {
    let now = app.clock.now();
    let (held, mut others): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| {
        record.status == Status::Pending
            && record.may_have_been_delivered()
            && !record.work.is_leased(now)
    });
    let holds: Vec<_> = held
        .into_iter()
        .map(|record| hold_undelivered(app, None, record))
        .collect();
    others.extend(at_once(holds).await);
    others.into_iter().map(Record::for_the_game).collect()
}

async fn hold_undelivered(app: &App, owner: Option<&str>, record: Record) -> Record {
    let now = app.clock.now();
    let held = app.fulfillments.hold_undelivered(&record, owner, now).await;
    match held {
        Ok(after) => {
            if after.status == Status::Held {
                log_held(&record, HoldReason::DeliveryUnknown, false);
            }
            after
        }
        Err(error) => {
            let (player_id, entitlement_id, sku) = about(&record);
            tracing::warn!(event = event::NOT_HELD, %player_id, %entitlement_id, sku, %error);
            record
        }
    }
}

async fn call(app: &App, webhook: &Webhook, record: &Record) -> Result<Delivery, Unfinished> {
    let secrets = app.secrets.current();
    let Some(secret) = &secrets.delivery_webhook_secret else {
        return Err(Unfinished::Failed {
            cause: "delivery_webhook_secret is missing in the secret".to_owned(),
            not_before: None,
        });
    };
    let order = Order {
        player: &record.player,
        id: &record.id,
        sku: record.sku.as_deref(),
        title: record.title.as_deref(),
        content: record.content.as_ref(),
        // Neither changes while the record is pending. Records of an older version have only the
        // second.
        since: record.ordered_at.unwrap_or(record.updated_at),
    };
    Ok(webhook.deliver(secret, &order, app.clock.now()).await)
}

async fn write_down(
    app: &App,
    owner: &str,
    record: &Record,
    delivery: Delivery,
) -> Result<Record, Unfinished> {
    let now = app.clock.now();
    let written = match delivery {
        Delivery::Delivered => mark_delivered(app, owner, record, now).await,
        Delivery::Refused(why) => {
            let refused = app
                .fulfillments
                .refuse_delivery(record, owner, why.as_deref(), now)
                .await;
            refused.map(|refused| {
                let mut after = record.clone();
                if refused.is_done() {
                    // Refusing counts as failing, at most once an hour.
                    let counted = record.failing.counted(now) != record.failing;
                    log_held(record, HoldReason::DeliveryRefused, counted);
                    after.status = Status::Held;
                    after.reason = Some(HoldReason::DeliveryRefused);
                    after.updated_at = now;
                }
                after
            })
        }
        Delivery::Unknown {
            is_signature_refused,
            source,
        } => {
            if is_signature_refused {
                // The secret may have been rotated: the next try signs with the new one.
                app.secrets.reload(now).await;
            }
            return Err(Unfinished::Failed {
                cause: source.to_string(),
                not_before: source.retry_after.map(|wait| now + wait),
            });
        }
    };
    // The outcome is lost: the webhook is called again, with the same id.
    written.map_err(|error| Unfinished::Failed {
        cause: error.to_string(),
        not_before: None,
    })
}

async fn mark_delivered(
    app: &App,
    owner: &str,
    record: &Record,
    now: Timestamp,
) -> Result<Record, StoreError> {
    let marked = app
        .fulfillments
        .mark_delivered(record, lease(owner, now), now)
        .await?;
    Ok(match marked {
        Confirmation::Delivered(after) => {
            log_delivered(&after, now);
            *after
        }
        // Another request has it, and delivers it under the same id.
        Confirmation::Was(after) => *after,
        Confirmation::Unknown => record.clone(),
    })
}

/// Logs that the player has it.
pub(in crate::flow) fn log_delivered(record: &Record, now: Timestamp) {
    let (player_id, entitlement_id, sku) = about(record);
    let waited_seconds = now.since(record.first_seen_at).as_secs();
    tracing::info!(event = event::DELIVERED, %player_id, %entitlement_id, sku, waited_seconds);
}
