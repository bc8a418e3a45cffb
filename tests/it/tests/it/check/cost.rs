//! What each way through a check and a confirmation asks of the database and of Amazon: the
//! table at the end of the page on performance, request by request.

use it::{World, ids_of};
use serde_json::json;
use stand_in::Endpoint::{self, Entitlements, Fulfill, Token};

const READ: &str = "GetItem";
const UPDATE: &str = "UpdateItem";
const QUERY: &str = "Query";
const BATCH: &str = "BatchGetItem";
const TRANSACTION: &str = "TransactWriteItems";

/// What has been asked since [`World::forget`].
fn costs(world: &World, database: &[&str], amazon: &[Endpoint]) {
    assert_eq!(world.database.requests(), database);
    assert_eq!(world.asked(), amazon);
}

async fn linked_world() -> World {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    world.forget();
    world
}

#[tokio::test]
async fn a_player_without_a_link_costs_one_read() {
    let world = World::new().await;
    world.check("p1").await;
    costs(&world, &[READ], &[]);
}

#[tokio::test]
async fn too_soon_with_nothing_open_costs_one_read() {
    let world = linked_world().await;
    world.check("p1").await;
    world.forget();
    world.check("p1").await;
    costs(&world, &[READ], &[]);
}

#[tokio::test]
async fn too_soon_with_something_open_costs_three_reads() {
    let world = linked_world().await;
    world.amazon.claim("alice", "coin");
    world.check("p1").await;
    world.forget();
    world.check("p1").await;
    // The third: whether its offer is paused.
    costs(&world, &[READ, QUERY, BATCH], &[]);
}

#[tokio::test]
async fn nothing_new_costs_a_read_an_update_and_a_get() {
    let world = linked_world().await;
    for _ in 0..2 {
        world.forget();
        world.check_later("p1").await;
        costs(&world, &[READ, UPDATE], &[Entitlements]);
    }
}

#[tokio::test]
async fn each_new_entitlement_costs_a_transaction_and_an_uncached_offer_a_batch_read() {
    let world = linked_world().await;
    for _ in 0..3 {
        world.amazon.claim("alice", "coin");
    }
    world.check("p1").await;
    let new = [
        READ,
        UPDATE,
        QUERY,
        BATCH,
        TRANSACTION,
        TRANSACTION,
        TRANSACTION,
    ];
    costs(&world, &new, &[Entitlements]);

    world.amazon.claim("alice", "coin");
    world.forget();
    world.check_later("p1").await;
    // Whether the offer is paused is asked for what is pending and for what is new.
    let cached = [READ, UPDATE, QUERY, BATCH, BATCH, TRANSACTION];
    costs(&world, &cached, &[Entitlements]);

    world.amazon.claim("alice", "coin");
    world.pass(60);
    world.forget();
    world.check("p1").await;
    let after_a_minute = [READ, UPDATE, QUERY, BATCH, BATCH, TRANSACTION];
    costs(&world, &after_a_minute, &[Entitlements]);
}

#[tokio::test]
async fn what_is_listed_and_known_costs_a_query_and_a_batch_read() {
    let world = linked_world().await;
    world.amazon.claim("alice", "coin");
    world.check("p1").await;
    world.forget();
    world.check_later("p1").await;
    costs(&world, &[READ, UPDATE, QUERY, BATCH], &[Entitlements]);
}

#[tokio::test]
async fn an_offer_that_is_missing_is_looked_for_at_every_fresh_check() {
    let world = linked_world().await;
    world.amazon.claim("alice", "unknown");
    world.check("p1").await;
    for _ in 0..2 {
        world.forget();
        world.check_later("p1").await;
        costs(&world, &[READ, UPDATE, QUERY, BATCH], &[Entitlements]);
    }
}

#[tokio::test]
async fn each_confirmed_one_costs_two_updates_and_a_post() {
    let world = linked_world().await;
    world.amazon.claim("alice", "coin");
    let answer = world.check("p1").await;
    world.forget();
    world.confirm("p1", &[&ids_of(&answer)[0]]).await;
    costs(&world, &[UPDATE, READ, UPDATE], &[Fulfill]);
}

#[tokio::test]
async fn many_confirmed_at_once_share_the_read_of_the_link() {
    let world = linked_world().await;
    for _ in 0..3 {
        world.amazon.claim("alice", "coin");
    }
    let ids = ids_of(&world.check("p1").await);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    world.forget();
    world.confirm("p1", &ids).await;
    let mut requests = world.database.requests();
    requests.sort_unstable();
    assert_eq!(
        requests,
        [BATCH, READ, UPDATE, UPDATE, UPDATE, UPDATE, UPDATE, UPDATE]
    );
    assert_eq!(world.asked(), [Fulfill; 3]);
}

#[tokio::test]
async fn ids_that_do_not_exist_cost_one_batch_read_and_no_write() {
    let world = linked_world().await;
    world.amazon.claim("alice", "coin");
    let known = ids_of(&world.check("p1").await);
    let invented: Vec<_> = (0..49).map(|number| format!("invented-{number}")).collect();
    let mut ids: Vec<&str> = invented.iter().map(String::as_str).collect();
    world.forget();
    world.confirm("p1", &ids).await;
    costs(&world, &[BATCH], &[]);
    // What exists among them is confirmed as ever.
    ids.push(&known[0]);
    world.forget();
    let results = world.confirm("p1", &ids).await;
    costs(&world, &[BATCH, UPDATE, READ, UPDATE], &[Fulfill]);
    assert_eq!(results[48]["status"], "unknown");
    assert_eq!(results[49]["status"], "reported");
    // Nor does what needs no confirmation any more cost a write.
    world.forget();
    assert_eq!(world.confirm("p1", &ids).await, results);
    costs(&world, &[BATCH], &[]);
    // A single id goes straight to its update.
    world.forget();
    world.confirm("p1", &ids[..1]).await;
    costs(&world, &[UPDATE], &[]);
}

#[tokio::test]
async fn a_repeated_confirmation_costs_one_update_and_no_post() {
    let world = linked_world().await;
    world.amazon.claim("alice", "coin");
    let ids = ids_of(&world.check("p1").await);
    world.confirm("p1", &[&ids[0]]).await;
    world.forget();
    world.confirm("p1", &[&ids[0]]).await;
    costs(&world, &[UPDATE], &[]);
}

#[tokio::test]
async fn an_expired_token_costs_a_lease_a_post_and_a_store() {
    let world = linked_world().await;
    world.check("p1").await;
    world.pass(3600);
    world.forget();
    world.check("p1").await;
    costs(
        &world,
        &[READ, UPDATE, UPDATE, UPDATE],
        &[Token, Entitlements],
    );
}

#[tokio::test]
async fn once_all_is_reported_a_check_is_cheap_again() {
    let world = linked_world().await;
    world.amazon.claim("alice", "coin");
    let ids = ids_of(&world.check("p1").await);
    world.confirm("p1", &[&ids[0]]).await;
    // One look finds that nothing is open any more, and notes it.
    world.forget();
    world.check_later("p1").await;
    costs(&world, &[READ, UPDATE, QUERY, UPDATE], &[Entitlements]);
    world.forget();
    world.check_later("p1").await;
    costs(&world, &[READ, UPDATE], &[Entitlements]);
    world.forget();
    world.check("p1").await;
    costs(&world, &[READ], &[]);
}
