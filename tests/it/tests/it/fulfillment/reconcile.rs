//! What reconcile finishes, in which order, at which cost, and what it leaves alone.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join, join_all};
use it::World;
use prime_gaming::domain::Timestamp;
use prime_gaming::flow::{self, Budget};
use serde_json::{Value, json};
use stand_in::Endpoint::{Entitlements, Fulfill, Token};
use stand_in::Fault;

fn counts(taken: u64, done: u64, failed: u64, left: u64) -> Value {
    json!({"taken": taken, "done": done, "failed": failed, "left": left})
}

/// A linked player with one delivered entitlement, whose first report Amazon did not take. What was
/// asked for it does not count.
async fn unreported(world: &World, player: &str, account: &str) -> String {
    let id = world.unreported(player, account).await;
    world.forget();
    id
}

async fn number(world: &World, player: &str, id: &str, field: &str) -> i64 {
    let item = world.record_item(player, id).await;
    let number = item[field].as_n().expect("a number");
    number.parse().expect("a number")
}

#[tokio::test]
async fn with_nothing_due_it_costs_one_query_per_shard() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.pass_until_uncounted();
    world.forget();
    assert_eq!(world.reconcile().await, counts(0, 0, 0, 0));
    assert_eq!(world.database.requests(), ["Query"; 8]);
    assert_eq!(world.asked(), []);
}

#[tokio::test]
async fn a_report_is_made_for_a_player_who_never_comes_back() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    assert_eq!(world.reconcile().await, counts(0, 0, 0, 0), "not due yet");
    world.pass(5);
    assert_eq!(world.reconcile().await, counts(1, 1, 0, 0));
    // What was reported before is looked up first.
    assert_eq!(world.asked(), [Entitlements, Fulfill]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(world.reconcile().await, counts(0, 0, 0, 0));
    world.contract_is_kept();
}

#[tokio::test]
async fn what_amazon_has_heard_is_not_reported_again() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let fault = Fault::AfterEffect(Box::new(Fault::Truncated));
    world.amazon.fault(Fulfill, fault, 1);
    world.confirm("p1", &[&id]).await;
    world.forget();
    world.pass(60);
    assert_eq!(world.reconcile().await, counts(1, 1, 0, 0));
    assert_eq!(world.asked(), [Entitlements]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn tries_are_seconds_apart_at_first_and_never_more_than_an_hour() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    for attempt in 1..=20_u32 {
        let due_at = number(&world, "p1", &id, "due_at").await;
        let wait = due_at - world.clock.now().as_millis();
        let most = (5_000_i64 << (attempt - 1).min(20)).min(3_600_000);
        assert!((1_000..=most).contains(&wait), "{attempt}: {wait}");
        world.pass(3600);
        let fault = Fault::ItemResult("ERROR".to_owned());
        world.amazon.fault(Fulfill, fault, 1);
        assert_eq!(world.reconcile().await, counts(1, 0, 1, 0));
    }
    assert_eq!(world.known_status("p1", &id).await, "delivered");
}

#[tokio::test]
async fn tokens_are_refreshed_once_for_all_reports_of_an_account() {
    let world = World::new().await;
    world
        .amazon
        .behave(|behaviour| behaviour.rotate_refresh_tokens = true);
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    for _ in 0..6 {
        world.amazon.claim("alice", "coin");
    }
    let ids = it::ids_of(&world.check("p1").await);
    world.amazon.fault(Fulfill, Fault::NotJson, 6);
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    world.confirm("p1", &ids).await;
    world.forget();
    world.pass(3600);
    let (one, two) = join(world.reconcile(), world.reconcile()).await;
    let sum = |field: &str| {
        one[field].as_u64().expect("a number") + two[field].as_u64().expect("a number")
    };
    assert_eq!((sum("taken"), sum("done")), (6, 6), "{one} {two}");
    assert_eq!(world.amazon.calls_to(Token), 1);
    assert!(world.amazon.fulfilled().iter().all(|it| it.times == 1));
    world.contract_is_kept();
}

#[tokio::test]
async fn any_number_of_reconcilers_report_everything_once() {
    let world = World::new().await;
    for number in 0..12 {
        world
            .unreported(&format!("p{number}"), &format!("a{number}"))
            .await;
    }
    world.pass(60);
    let runs = join_all((0..4).map(|_| world.reconcile())).await;
    let taken: u64 = runs.iter().filter_map(|run| run["taken"].as_u64()).sum();
    assert_eq!(taken, 12, "{runs:?}");
    assert_eq!(world.amazon.fulfilled().len(), 12);
    assert!(world.amazon.fulfilled().iter().all(|it| it.times == 1));
}

#[tokio::test]
async fn a_dead_link_parks_its_reports_until_the_player_links_again() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    let other = unreported(&world, "p2", "bob").await;
    world.amazon.revoke("alice");
    world.pass(60);
    assert_eq!(world.reconcile().await, counts(2, 1, 1, 0));
    assert_eq!(world.known_status("p2", &other).await, "reported");
    let item = world.record_item("p1", &id).await;
    assert!(!item.contains_key("due_at") && !item.contains_key("owner"));
    for _ in 0..3 {
        world.forget();
        world.pass(24 * 3600);
        world.pass_until_uncounted();
        assert_eq!(world.reconcile().await, counts(0, 0, 0, 0));
        // Only the second look: it is taken, reads the link, takes the refresh lease, asks Amazon,
        // gives the lease back, and is due a day later.
        let look = [
            "UpdateItem",
            "GetItem",
            "UpdateItem",
            "UpdateItem",
            "UpdateItem",
        ];
        let requests = world.database.requests();
        assert_eq!(requests[..8], ["Query"; 8]);
        assert_eq!(requests[8..13], look);
        assert_eq!(requests[13..], ["Query"]);
        assert_eq!(world.amazon.calls_to(Token), 1);
    }
    // The tokens are forgotten after seven days; then nothing is left to be done.
    world.pass(7 * 24 * 3600);
    world.reconcile().await;
    world.forget();
    world.pass(24 * 3600);
    world.pass_until_uncounted();
    assert_eq!(world.reconcile().await, counts(0, 0, 0, 0));
    assert_eq!(world.database.requests(), ["Query"; 8]);
    world.linked("p1", "alice").await;
    assert_eq!(world.reconcile().await, counts(1, 1, 0, 0));
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.forget();
    assert_eq!(world.reconcile().await, counts(0, 0, 0, 0));
    assert_eq!(world.database.requests(), ["Query"; 8]);
    world.contract_is_kept();
}

#[tokio::test]
async fn what_was_parked_wakes_when_another_player_links_the_account() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    world.amazon.revoke("alice");
    world.pass(60);
    world.reconcile().await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    assert_eq!(world.reconcile().await, counts(1, 1, 0, 0));
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn what_was_parked_is_reported_by_the_players_own_check() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    world.amazon.revoke("alice");
    world.pass(60);
    world.reconcile().await;
    world.linked("p1", "alice").await;
    world.check("p1").await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(world.reconcile().await, counts(0, 0, 0, 0));
    assert_eq!(world.amazon.fulfilled()[0].times, 1);
}

#[tokio::test]
async fn a_link_made_while_its_reports_are_parked_wakes_them_or_is_seen() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    world.amazon.revoke("alice");
    world.pass(60);
    let (_, page) = join(world.reconcile(), world.link("p1", "alice")).await;
    assert_eq!(page.status, 200);
    world.pass(3600);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn a_refused_link_is_tried_hourly_and_a_success_clears_it() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    world.pass(60);
    let refused = Fault::Status {
        status: 403,
        body: String::new(),
        retry_after: None,
    };
    world.amazon.fault(Entitlements, refused, 3);
    assert_eq!(world.reconcile().await, counts(1, 0, 1, 0));
    let link = world.call_as("p1", "GET", "/v1/link").send().await.ok();
    assert_eq!(link["status"], "relink_required");
    world.forget();
    world.pass(3500);
    assert_eq!(world.reconcile().await["done"], 0);
    assert_eq!(world.asked(), [], "not within the hour");
    world.pass(3700);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    let link = world.call_as("p1", "GET", "/v1/link").send().await.ok();
    assert_eq!(link["status"], "linked");
}

/// A row in every shard that no code of ours has written.
async fn poison(world: &World) -> Vec<String> {
    let mut keys = Vec::new();
    for shard in 0..8 {
        for number in 0..30 {
            let key = format!("E#poison-{shard}-{number}");
            let request = world
                .dynamodb
                .put_item()
                .table_name(&world.app.config.tables.fulfillments)
                .item("pk", AttributeValue::S("PLAYER#nobody".to_owned()))
                .item("sk", AttributeValue::S(key.clone()))
                .item("due_shard", AttributeValue::S(shard.to_string()))
                // Also a time that no clock of ours shows.
                .item(
                    "due_at",
                    AttributeValue::N(["1", "-5"][number % 2].to_owned()),
                );
            request.send().await.expect("written");
            keys.push(key);
        }
    }
    keys
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn items_that_cannot_be_read_do_not_block_the_others() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    let keys = poison(&world).await;
    world.pass(60);
    assert_eq!(world.reconcile().await, counts(1, 1, 0, 0));
    assert_eq!(world.known_status("p1", &id).await, "reported");
    // They are out of the way for an hour.
    let item = world.fulfillment_item("PLAYER#nobody", &keys[0]).await;
    let due_at: i64 = item["due_at"]
        .as_n()
        .expect("a number")
        .parse()
        .expect("ms");
    let pause = Timestamp::from_millis(due_at).since(world.clock.now());
    assert_eq!(pause, Duration::from_secs(3600));
}

#[tokio::test]
async fn an_account_that_stalls_does_not_hold_the_others_up() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for number in 0..6 {
        let player = format!("p{number}");
        ids.push(unreported(&world, &player, &format!("a{number}")).await);
    }
    world.pass(60);
    world
        .amazon
        .fault(Entitlements, Fault::Stall(Duration::from_secs(8)), 1);
    assert_eq!(world.reconcile().await, counts(6, 5, 1, 0));
}

#[tokio::test]
async fn without_time_it_takes_nothing_and_says_what_is_left() {
    let world = World::new().await;
    for number in 0..5 {
        world
            .unreported(&format!("p{number}"), &format!("a{number}"))
            .await;
    }
    world.pass(60);
    world.forget();
    let soon = Budget::of(Duration::from_secs(4));
    let done = flow::reconcile(&world.app, soon).await.expect("an answer");
    assert_eq!(
        serde_json::to_value(done).expect("JSON"),
        counts(0, 0, 0, 5)
    );
    assert_eq!(world.asked(), []);
    assert_eq!(world.reconcile().await, counts(5, 5, 0, 0));
}

#[tokio::test]
async fn amazons_rest_is_kept() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    let busy = Fault::Status {
        status: 429,
        body: String::new(),
        retry_after: Some(1800),
    };
    world.amazon.fault(Entitlements, busy, 1);
    world.pass(60);
    assert_eq!(world.reconcile().await, counts(1, 0, 1, 0));
    world.forget();
    world.pass(1700);
    assert_eq!(world.reconcile().await, counts(0, 0, 0, 0));
    assert_eq!(world.asked(), []);
    world.pass(200);
    assert_eq!(world.reconcile().await, counts(1, 1, 0, 0));
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_an_error() {
    let world = World::new().await;
    world.database.refuse("Query", 0, 100);
    let deadline = world.clock.now() + Duration::from_secs(58);
    let failed = reconcile::handle(&world.app, deadline).await;
    failed.expect_err("nothing could be read");
}

fn refused() -> Fault {
    Fault::Status {
        status: 403,
        body: String::new(),
        retry_after: None,
    }
}

#[tokio::test]
async fn linking_anew_wakes_the_reports_of_a_refused_link() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    world.pass(60);
    world.amazon.fault(Entitlements, refused(), 3);
    assert_eq!(world.reconcile().await, counts(1, 0, 1, 0));
    world.linked("p1", "alice").await;
    assert_eq!(world.reconcile().await, counts(1, 1, 0, 0));
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn a_refused_link_is_no_fault_of_its_reports_however_long_it_lasts() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    world.pass(60);
    for _ in 0..9 {
        world.amazon.fault(Entitlements, refused(), 3);
        assert_eq!(world.reconcile().await, counts(1, 0, 1, 0));
        world.amazon.clear_faults();
        world.pass(24 * 3600);
    }
    let item = world.record_item("p1", &id).await;
    assert!(!item.contains_key("attention_at"));
    assert_eq!(item["attempts"], AttributeValue::N("1".to_owned()));
    assert_eq!(world.reconcile().await, counts(1, 1, 0, 0));
}

#[tokio::test]
async fn what_was_not_tried_has_not_failed() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let busy = Fault::Status {
        status: 429,
        body: String::new(),
        retry_after: Some(600),
    };
    world.amazon.fault(Entitlements, busy, 1);
    world.check_later("p1").await;
    world.forget();
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "delivered");
    assert_eq!(world.asked(), []);
    let item = world.record_item("p1", &id).await;
    assert!(!item.contains_key("failing_since"));
    assert_eq!(item["attempts"], AttributeValue::N("0".to_owned()));
    // So its first report needs no look at what Amazon has heard.
    world.pass(600);
    assert_eq!(world.reconcile().await, counts(1, 1, 0, 0));
    assert_eq!(world.asked(), [Fulfill]);
}

#[tokio::test]
async fn no_page_is_begun_that_could_not_be_worked_on() {
    let world = World::new().await;
    let id = unreported(&world, "p1", "alice").await;
    world.pass(60);
    let soon = Budget::of(Duration::from_millis(9_900));
    let done = flow::reconcile(&world.app, soon).await.expect("an answer");
    assert_eq!(
        serde_json::to_value(done).expect("JSON"),
        counts(0, 0, 0, 1)
    );
    let attempts = number(&world, "p1", &id, "attempts").await;
    assert_eq!(attempts, 1);
}
