//! How often one operation of the database is tried that always fails.

use std::time::Duration;

use it::{DbFault, Outage, World, entitlement_id, player_id};
use prime_gaming::App;
use prime_gaming::domain::{Sku, Timestamp};
use prime_gaming::testing::store::{Lease, Link, PlayerRow, StoreError, WriteOutcome};

/// Does this operation and no other.
async fn once(
    app: &App,
    operation: &str,
    row: &PlayerRow,
    link: &Link,
    now: Timestamp,
) -> Result<(), StoreError> {
    let player = player_id("p1");
    match operation {
        "GetItem" => app.links.get(&player).await.map(drop),
        "Query" => app.fulfillments.open(&player).await.map(drop),
        "BatchGetItem" => {
            let sku = Sku::new("hat").expect("a SKU");
            app.offers.get([&sku], now).await.map(drop)
        }
        "UpdateItem" => {
            let lease = Lease {
                owner: "me",
                until: now + Duration::from_secs(30),
            };
            let id = entitlement_id("e1");
            let confirmed = app.fulfillments.confirm(&player, &id, lease, now).await;
            confirmed.map(drop)
        }
        "DeleteItem" => {
            let unlinked = PlayerRow {
                link: None,
                ..row.clone()
            };
            app.links.clear_open(&player, &unlinked).await
        }
        _ => {
            let unlinked = app.links.unlink(&app.fulfillments, row, link, None).await;
            unlinked.map(|unlinked| assert_eq!(unlinked, WriteOutcome::Done))
        }
    }
}

const OPERATIONS: [&str; 6] = [
    "GetItem",
    "Query",
    "BatchGetItem",
    "UpdateItem",
    "DeleteItem",
    "TransactWriteItems",
];

#[tokio::test]
async fn every_operation_gives_up_after_few_tries_and_changes_nothing() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let (link, before) = (world.stored_link("p1").await, world.player_item("p1").await);
    let row = world.app.links.get(&player_id("p1")).await.expect("a row");
    for fault in DbFault::PASSING.into_iter().chain([DbFault::Garbage]) {
        for operation in OPERATIONS.into_iter().filter(|it| fault.can_meet(it)) {
            // A process of its own, so that nothing is cached, and no failure before counts.
            let app = world.another_process().await;
            world.database.forget();
            world.database.begin(Outage::after(0, fault, u32::MAX));
            let done = once(&app, operation, &row, &link, world.clock.now()).await;
            assert_eq!(
                world.database.end(),
                fault.most_tries(),
                "{operation} {fault:?}"
            );
            let error = done.expect_err("it fails for ever").to_string();
            assert!(error.contains(operation), "{error}");
            assert_eq!(
                world.database.requests(),
                vec![operation; fault.most_tries()],
                "{operation} {fault:?}"
            );
        }
    }
    assert_eq!(world.player_item("p1").await, before);
}
