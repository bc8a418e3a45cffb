//! What is parked and what is left of a link: the conditions by which reports and links look at
//! each other.

use std::time::Duration;

use it::{World, player_id};
use prime_gaming::testing::store::{
    Confirmation, Link, Parked, Record, RemnantTimes, WriteOutcome,
};
use serde_json::json;
use stand_in::Endpoint::Fulfill;

use crate::store::kit::{admit, confirm, lease, linked_world, mark_dead, offer, written};

/// A delivered entitlement that `me` is reporting.
async fn delivered() -> (World, Link, Record) {
    let (world, link) = linked_world().await;
    written(admit(&world, &link, "e1", &offer(Some(1))).await);
    let record = match confirm(&world, "e1", "me").await {
        Confirmation::Delivered(record) => *record,
        other => panic!("{other:?}"),
    };
    (world, link, record)
}

async fn park(world: &World, record: &Record, owner: &str, dead: Option<&Link>) -> bool {
    let fulfillments = &world.app.fulfillments;
    let parked = fulfillments.park(&world.app.links, record, owner, dead, record.failing);
    parked.await.expect("an answer") == Parked::Done
}

async fn is_parked(world: &World) -> bool {
    !world.record_item("p1", "e1").await.contains_key("due_at")
}

#[tokio::test]
async fn only_a_dead_link_parks_its_reports() {
    let (world, link, record) = delivered().await;
    assert!(!park(&world, &record, "me", Some(&link)).await, "it lives");
    assert!(!park(&world, &record, "me", None).await, "there is a link");
    assert!(mark_dead(&world, &link).await);
    assert!(
        !park(&world, &record, "you", Some(&link)).await,
        "not theirs"
    );
    assert!(!is_parked(&world).await);
    assert!(park(&world, &record, "me", Some(&link)).await);
    assert!(is_parked(&world).await);
}

#[tokio::test]
async fn nothing_is_parked_behind_a_link_that_was_just_made() {
    let (world, link, record) = delivered().await;
    assert!(mark_dead(&world, &link).await);
    world.linked("p1", "alice").await;
    assert!(!park(&world, &record, "me", Some(&link)).await);
    assert!(!is_parked(&world).await);
}

#[tokio::test]
async fn nothing_is_parked_behind_a_player_who_has_just_linked_the_account() {
    let (world, _, record) = delivered().await;
    world.amazon.fault(Fulfill, stand_in::Fault::Reset, 2);
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    assert!(!park(&world, &record, "me", None).await);
    world.unlinked("p2").await;
    assert!(park(&world, &record, "me", None).await);
}

#[tokio::test]
async fn what_was_parked_and_reported_since_stays_reported() {
    let (world, link, record) = delivered().await;
    assert!(mark_dead(&world, &link).await);
    assert!(park(&world, &record, "me", Some(&link)).await);
    world.linked("p1", "alice").await;
    let fulfillments = &world.app.fulfillments;
    let now = world.clock.now();
    let taken = fulfillments.acquire(&record, lease("you", now), now).await;
    let taken = taken.expect("written").expect("free");
    let marked = fulfillments.mark_reported(&taken, "you", now).await;
    assert!(marked.expect("written").is_done());
    assert_eq!(world.reconcile().await["taken"], 0);
    assert_eq!(world.known_status("p1", "e1").await, "reported");
    let account = format!("ACCOUNT#{}", link.amazon_user_id);
    let note = world.fulfillment_item(&account, "PARKED").await;
    assert!(note.is_empty(), "it has served its purpose");
}

#[tokio::test]
async fn a_refresh_that_began_since_the_row_was_read_stops_unlinking() {
    let (world, link, _) = delivered().await;
    let links = &world.app.links;
    let now = world.clock.now();
    let times = RemnantTimes {
        due_at: now,
        expires_at: now + Duration::from_secs(60),
    };
    let row = links.get(&player_id("p1")).await.expect("a row");
    let until = now + Duration::from_secs(30);
    let leased = links.acquire_refresh(&link, "me", now, until).await;
    assert!(leased.expect("written").is_ours());
    let fulfillments = &world.app.fulfillments;
    let unlinked = links.unlink(fulfillments, &row, &link, Some(times)).await;
    assert_eq!(unlinked.expect("refused"), WriteOutcome::Changed);

    // With the row as it is now the lease goes along.
    let row = links.get(&player_id("p1")).await.expect("a row");
    let link = row.link.clone().expect("a link");
    let unlinked = links.unlink(fulfillments, &row, &link, Some(times)).await;
    assert_eq!(unlinked.expect("done"), WriteOutcome::Done);
    let remnant = links.remnant(&link.amazon_user_id).await;
    let remnant = remnant.expect("a good row").expect("one is left");
    assert_eq!(remnant.link.refresh, link.refresh);
    assert_eq!(remnant.expires_at, times.expires_at);
    let again = links
        .acquire_refresh(&remnant.link, "you", now, until)
        .await;
    assert!(
        !again.expect("refused").is_ours(),
        "another process has the lease"
    );
    assert_eq!(json!(remnant.link.token_version), json!(1));
}
