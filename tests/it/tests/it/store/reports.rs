//! The conditions of the fulfillments table from `pending` over `delivered` to `reported`.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use it::World;
use prime_gaming::domain::{Failing, Pause, Status, Timestamp, Work};
use prime_gaming::testing::store::Confirmation;

use crate::store::kit::{admit, confirm, indexed, lease, linked_world, offer, record, written};

const SECOND: Duration = Duration::from_secs(1);

/// A try that failed at `since`, to be repeated at `due_at`.
fn failed(due_at: Timestamp, since: Timestamp) -> Pause {
    Pause {
        due_at,
        was_tried: true,
        failing: Failing::default().tried(since),
        unclear_since: None,
        attention_at: None,
    }
}

/// The sort keys of what the due index shows up to `until`.
async fn due(world: &World, until: Timestamp) -> Vec<String> {
    let mut keys = Vec::new();
    for shard in 0..8 {
        let query = world
            .dynamodb
            .query()
            .table_name(&world.app.config.tables.fulfillments)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at <= :until")
            .expression_attribute_values(":shard", AttributeValue::S(shard.to_string()))
            .expression_attribute_values(
                ":until",
                AttributeValue::N(until.as_millis().to_string()),
            );
        for item in query.send().await.expect("an answer").items() {
            keys.push(item["sk"].as_s().expect("text").clone());
        }
    }
    keys
}

#[tokio::test]
async fn confirming_makes_it_due_and_reporting_takes_it_out_of_both_indexes() {
    let (world, link) = linked_world().await;
    written(admit(&world, &link, "e1", &offer(Some(1))).await);
    let until = world.clock.now() + 30 * SECOND;
    assert!(due(&world, until).await.is_empty());
    let delivered = match confirm(&world, "e1", "me").await {
        Confirmation::Delivered(record) => *record,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        (
            delivered.status,
            delivered.work.due_at(),
            delivered.attempts
        ),
        (Status::Delivered, Some(until), 1)
    );
    assert_eq!(due(&world, until).await, ["E#e1"]);
    assert!(due(&world, until - SECOND).await.is_empty());
    assert_eq!(indexed(&world, "open").await, 1);

    let fulfillments = &world.app.fulfillments;
    world.pass(1);
    let now = world.clock.now();
    assert!(
        fulfillments
            .mark_reported(&delivered, "me", now)
            .await
            .expect("written")
            .is_done()
    );
    let item = world.record_item("p1", "e1").await;
    for gone in ["open", "owner", "due_shard", "due_at"] {
        assert!(!item.contains_key(gone), "{gone}");
    }
    assert_eq!(
        item["reported_at"].as_n().expect("a number"),
        &now.as_millis().to_string()
    );
    assert_eq!(
        (indexed(&world, "open").await, indexed(&world, "seen").await),
        (0, 1)
    );
    assert!(due(&world, now + 3600 * SECOND).await.is_empty());
}

#[tokio::test]
async fn of_two_confirmations_one_has_the_report() {
    let (world, link) = linked_world().await;
    written(admit(&world, &link, "e1", &offer(Some(1))).await);
    assert!(matches!(
        confirm(&world, "e1", "me").await,
        Confirmation::Delivered(_)
    ));
    let first = world.record_item("p1", "e1").await;
    world.pass(5);
    assert!(matches!(
        confirm(&world, "e1", "you").await,
        Confirmation::Was(_)
    ));
    assert!(
        matches!(
            confirm(&world, "e1", "me").await,
            Confirmation::Delivered(_)
        ),
        "as where the answer to our own write was lost"
    );
    assert_eq!(world.record_item("p1", "e1").await, first);
    assert!(matches!(
        confirm(&world, "nobodys", "me").await,
        Confirmation::Unknown
    ));
    assert!(world.record_item("p1", "nobodys").await.is_empty());
}

#[tokio::test]
async fn a_report_has_one_owner_until_its_lease_ends() {
    let (world, link) = linked_world().await;
    written(admit(&world, &link, "e1", &offer(Some(1))).await);
    confirm(&world, "e1", "me").await;
    let fulfillments = &world.app.fulfillments;
    let known = record(&world, "e1").await;
    let now = world.clock.now();
    let take = |owner, now| fulfillments.acquire(&known, lease(owner, now), now);
    assert!(take("you", now).await.expect("refused").is_none());
    // Only the owner ends it.
    assert!(
        !fulfillments
            .mark_reported(&known, "you", now)
            .await
            .expect("refused")
            .is_done()
    );
    let before = world.record_item("p1", "e1").await;
    fulfillments
        .reschedule(&known, "you", &failed(now, now), Some("no answer"))
        .await
        .expect("nothing done");
    assert_eq!(world.record_item("p1", "e1").await, before);

    let later = now + 30 * SECOND;
    let taken = take("you", later).await.expect("written").expect("free");
    assert!(taken.work.is_leased_by("you"));
    assert_eq!(taken.attempts, 2);
    assert!(take("third", later).await.expect("refused").is_none());
    assert!(
        !fulfillments
            .mark_reported(&known, "me", later)
            .await
            .expect("the late one")
            .is_done()
    );
    fulfillments
        .reschedule(
            &known,
            "you",
            &failed(later + SECOND, now),
            Some("no answer"),
        )
        .await
        .expect("written");
    let postponed = record(&world, "e1").await;
    assert_eq!(
        (postponed.work, postponed.failing.since),
        (Work::Due { at: later + SECOND }, Some(now))
    );
    assert_eq!(due(&world, later + SECOND).await, ["E#e1"]);
    let taken = take("third", later).await.expect("written");
    assert!(taken.is_some(), "free before it is due");
}

#[tokio::test]
async fn only_what_is_delivered_can_be_reported() {
    let (world, link) = linked_world().await;
    written(admit(&world, &link, "e1", &offer(Some(1))).await);
    let fulfillments = &world.app.fulfillments;
    let now = world.clock.now();
    let pending = record(&world, "e1").await;
    let before = world.record_item("p1", "e1").await;
    let marked = fulfillments.mark_reported(&pending, "me", now).await;
    assert!(!marked.expect("refused").is_done());
    let postponed = fulfillments
        .reschedule(&pending, "me", &failed(now, now), Some("no answer"))
        .await;
    postponed.expect("nothing done");
    assert_eq!(world.record_item("p1", "e1").await, before);

    confirm(&world, "e1", "me").await;
    for _ in 0..2 {
        let marked = fulfillments.mark_reported(&pending, "me", now).await;
        assert!(
            marked.expect("reported").is_done(),
            "also by an earlier write of ours"
        );
    }
    assert_eq!(record(&world, "e1").await.status, Status::Reported);
}

#[tokio::test]
async fn a_reported_one_is_taken_once_to_be_reported_again() {
    let (world, link) = linked_world().await;
    written(admit(&world, &link, "e1", &offer(Some(1))).await);
    confirm(&world, "e1", "me").await;
    let fulfillments = &world.app.fulfillments;
    let known = record(&world, "e1").await;
    let at = world.clock.now();
    let take = |before, now| fulfillments.acquire_reported(&known, before, now);
    assert!(
        !take(at, at)
            .await
            .expect("refused: it is delivered")
            .is_done(),
        "only what is reported"
    );
    let marked = fulfillments.mark_reported(&known, "me", at).await;
    assert!(marked.expect("written").is_done());
    let now = at + 600 * SECOND;
    assert!(!take(at - SECOND, now).await.expect("too early").is_done());
    assert!(take(at, now).await.expect("written").is_done());
    assert!(!take(at, now).await.expect("taken").is_done());
    let record = record(&world, "e1").await;
    assert_eq!(
        (record.status, record.reported_at),
        (Status::Reported, Some(now))
    );
    assert_eq!(indexed(&world, "open").await, 0);
}
