//! What reconcile asks of the database depends on what is due, and not on how many players are
//! stored. `cargo run --release -p bench -- scale` shows the same with very many.

use it::{Stored, World};
use serde_json::json;
use stand_in::{Endpoint, Fault};

/// A world with so many players stored beside the ones of the test.
async fn world_with(players: u32) -> (World, Stored) {
    let world = World::new().await;
    let mut stored = Stored::begin(&world).await.expect("a first player");
    stored.fill(&world, players).await.expect("written");
    (world, stored)
}

/// What reconcile asks of the database where the reports of three players are due and so many
/// players are stored.
async fn requests_with_three_due(players: u32) -> Vec<String> {
    let (world, _) = world_with(players).await;
    world.offer("hat").await;
    for number in 0..3 {
        let (player, account) = (format!("p{number}"), format!("a{number}"));
        world.linked(&player, &account).await;
        // Always the same ids, and so the same shards.
        let id = format!("entitlement-{number}");
        let element =
            json!({"EntitlementId": id, "VendorProductId": "hat", "NextInstruction": "FULFILL"});
        world.amazon.put_entitlement(&account, element);
        world.check(&player).await;
        let fault = Fault::ItemResult("ERROR".to_owned());
        world.amazon.fault(Endpoint::Fulfill, fault, 1);
        let results = world.confirm(&player, &[&id]).await;
        assert_eq!(results[0]["status"], "delivered");
    }
    world.pass(5);
    world.pass_until_uncounted();
    world.forget();
    let expected = json!({"taken": 3, "done": 3, "failed": 0, "left": 0});
    assert_eq!(world.reconcile().await, expected);
    let mut requests = world.database.requests();
    requests.sort_unstable();
    requests
}

#[tokio::test]
async fn a_hundred_times_the_players_cost_the_same_requests() {
    let few = requests_with_three_due(3).await;
    let many = requests_with_three_due(300).await;
    assert_eq!(many, few);
    let count = |operation| many.iter().filter(|name| *name == operation).count();
    // Two reads and two writes for each report, and a look or two at each shard.
    assert_eq!((count("GetItem"), count("UpdateItem")), (6, 6));
    assert_eq!(many.len(), 6 + 6 + count("Query"));
    assert!((9..=11).contains(&count("Query")), "{many:?}");
}

#[tokio::test]
async fn with_nothing_due_very_many_players_cost_one_query_per_shard() {
    let (world, _) = world_with(300).await;
    world.pass_until_uncounted();
    world.forget();
    world.reconcile().await;
    assert_eq!(world.database.requests(), ["Query"; 8]);
    assert_eq!(world.asked(), []);
}

#[tokio::test]
async fn the_players_that_are_stored_are_real() {
    let (world, stored) = world_with(60).await;
    for number in [0, 59] {
        let player = stored.player(number);
        // Their tokens open, and Amazon takes them.
        let answer = world.check_later(&player).await;
        assert_eq!(
            (&answer["link"], &answer["fresh"]),
            (&json!("linked"), &json!(true))
        );
        let history = world.history(&player).await;
        assert_eq!(
            (history.len(), &history[0]["status"]),
            (1, &json!("reported"))
        );
    }
}
