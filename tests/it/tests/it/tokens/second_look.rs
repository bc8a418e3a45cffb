//! `invalid_grant` is not believed at once: the tokens are kept aside and tried again.

use it::{DbFault, Outage, World, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint::{Entitlements, Fulfill, Token};
use stand_in::Fault;

use crate::link::support::{links, scan, text};

pub(crate) const HOUR: u64 = 3600;
pub(crate) const DAY: u64 = 24 * HOUR;

/// Amazon says so of a token that is good.
pub(crate) fn invalid_grant() -> Fault {
    Fault::OAuthError {
        error: "invalid_grant".to_owned(),
        description: String::new(),
    }
}

/// Amazon says `invalid_grant` once when this player's token is refreshed.
pub(crate) async fn dies(world: &World, player: &str) {
    world.pass(HOUR);
    world.amazon.fault(Token, invalid_grant(), 1);
    let answer = world.check(player).await;
    assert_eq!(answer["link"], "relink_required", "{answer}");
    world.forget();
}

async fn dead_world() -> World {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    dies(&world, "p1").await;
    world
}

pub(crate) async fn status(world: &World, player: &str) -> Value {
    let answer = world.call_as(player, "GET", "/v1/link").send().await;
    answer.ok()["status"].clone()
}

/// No row of any table holds tokens that were kept aside, and nothing is left to be done.
pub(crate) async fn no_dead_tokens(world: &World) {
    for item in scan(world, &world.app.config.tables.links).await {
        let names = ["dead_tokens", "dead_link_id", "next_look_at", "dead_until"];
        assert!(names.iter().all(|it| !item.contains_key(*it)), "{item:?}");
    }
    for item in scan(world, &world.app.config.tables.fulfillments).await {
        assert_ne!(text(&item, "sk"), "SECOND_LOOK");
    }
}

#[tokio::test]
async fn an_incident_at_amazon_costs_no_player_the_link() {
    let world = World::new().await;
    let players: Vec<_> = (0..6).map(|number| format!("p{number}")).collect();
    for player in &players {
        world.linked(player, &format!("account-of-{player}")).await;
    }
    for player in &players {
        let item = world.player_item(player).await;
        dies(&world, player).await;
        let dead = world.player_item(player).await;
        assert_eq!(dead["dead_tokens"], item["tokens"]);
        assert!(!dead.contains_key("tokens"));
    }
    // No player comes back: the service looks again by itself.
    world.pass(HOUR);
    assert_eq!(
        world.reconcile().await,
        json!({"taken": 0, "done": 0, "failed": 0, "left": 0})
    );
    assert_eq!(world.asked(), vec![Token; players.len()]);
    for player in &players {
        assert_eq!(status(&world, player).await, "linked");
        assert_eq!(world.stored_link(player).await.token_version, 2);
        assert_eq!(world.check(player).await["fresh"], true);
    }
    no_dead_tokens(&world).await;
    world.contract_is_kept();
}

/// The database takes no transaction, so no tokens, but every other write: the look is made again, without the player.
#[tokio::test]
async fn a_look_whose_tokens_could_not_be_stored_stays_due() {
    let world = dead_world().await;
    world.pass(HOUR);
    let no_transaction = DbFault::Canceled("ThrottlingError");
    world
        .database
        .begin(Outage::after(0, no_transaction, u32::MAX));
    world.reconcile().await;
    assert_eq!(world.asked(), [Token]);
    assert_eq!(status(&world, "p1").await, "relink_required");
    world.database.end();
    world.pass(HOUR);
    world.reconcile().await;
    assert_eq!(status(&world, "p1").await, "linked");
    no_dead_tokens(&world).await;
    world.contract_is_kept();
}

#[tokio::test]
async fn no_process_looks_before_the_time_and_a_check_then_does() {
    let world = dead_world().await;
    for _ in 0..3 {
        world.pass(1199);
        let answer = world.check("p1").await;
        assert_eq!(
            (&answer["link"], &answer["fresh"]),
            (&json!("relink_required"), &json!(false))
        );
        world.reconcile().await;
        assert_eq!(world.asked(), []);
    }
    world.pass(3);
    let answer = world.check("p1").await;
    assert_eq!(
        (&answer["link"], &answer["fresh"]),
        (&json!("linked"), &json!(true))
    );
    assert_eq!(world.asked(), [Token, Entitlements]);
    assert_eq!(status(&world, "p1").await, "linked");
    world.forget();
    world.reconcile().await;
    assert_eq!(world.asked(), []);
    no_dead_tokens(&world).await;
    world.contract_is_kept();
}

#[tokio::test]
async fn looks_are_an_hour_and_then_days_apart_and_end_after_seven_days() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.amazon.revoke("alice");
    world.check("p1").await;
    world.forget();
    let mut looked = Vec::new();
    for hour in 1..=(9 * 24) {
        world.pass(HOUR);
        world.reconcile().await;
        looked.extend(world.asked().iter().map(|asked| (hour, *asked)));
        world.forget();
        let is_kept = world.player_item("p1").await.contains_key("dead_tokens");
        assert_eq!(is_kept, hour < 7 * 24, "{hour}");
        assert_eq!(status(&world, "p1").await, "relink_required");
    }
    let expected = [1, 25, 49, 73, 97, 121, 145].map(|hour| (hour, Token));
    assert_eq!(looked, expected);
    no_dead_tokens(&world).await;
    let answer = world.check("p1").await;
    assert_eq!(answer["next_check_at"], Value::Null);
    world.pass_until_uncounted();
    world.forget();
    world.reconcile().await;
    assert_eq!(world.database.requests(), ["Query"; 8], "nothing is due");
    world.contract_is_kept();
}

#[tokio::test]
async fn the_last_look_can_still_revive_the_link() {
    let world = dead_world().await;
    world.amazon.fault(Token, invalid_grant(), 6);
    world.pass(HOUR);
    for _ in 0..6 {
        world.reconcile().await;
        assert_eq!(status(&world, "p1").await, "relink_required");
        world.pass(DAY);
    }
    world.reconcile().await;
    assert_eq!(world.amazon.calls_to(Token), 7);
    assert_eq!(status(&world, "p1").await, "linked");
    assert_eq!(world.check("p1").await["fresh"], true);
}

#[tokio::test]
async fn too_old_tokens_are_not_tried_where_reconcile_did_not_run() {
    let world = dead_world().await;
    world.pass(7 * DAY);
    assert_eq!(world.check("p1").await["fresh"], false);
    assert_eq!(world.asked(), []);
    world.reconcile().await;
    assert_eq!(world.asked(), []);
    no_dead_tokens(&world).await;
}

#[tokio::test]
async fn linking_again_and_unlinking_drop_the_dead_tokens() {
    for (unlinks, has_open) in [(false, false), (true, false), (true, true)] {
        let world = World::new().await;
        if has_open {
            world.pending("p1", "alice", "hat").await;
        } else {
            world.linked("p1", "alice").await;
        }
        dies(&world, "p1").await;
        if unlinks {
            world.unlinked("p1").await;
            assert!(links(&world, "REMNANT#").await.is_empty());
            assert_eq!(world.player_item("p1").await.is_empty(), !has_open);
        } else {
            world.linked("p1", "alice").await;
        }
        let item = world.player_item("p1").await;
        assert!(!item.contains_key("dead_tokens") && !item.contains_key("dead_link_id"));
        world.forget();
        world.pass(HOUR);
        world.reconcile().await;
        assert_eq!(world.asked(), []);
        let after = world.player_item("p1").await;
        assert_eq!(after.get("tokens"), item.get("tokens"));
        no_dead_tokens(&world).await;
        world.contract_is_kept();
    }
}

#[tokio::test]
async fn a_look_that_revives_the_link_wakes_what_was_parked() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    dies(&world, "p1").await;
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "delivered");
    assert!(!world.record_item("p1", &id).await.contains_key("due_at"));
    world.pass(HOUR - 60);
    world.reconcile().await;
    assert_eq!(world.asked(), [], "it is parked");
    world.pass(60);
    world.reconcile().await;
    world.reconcile().await;
    assert_eq!(world.asked(), [Token, Fulfill]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    no_dead_tokens(&world).await;
    world.contract_is_kept();
}

#[tokio::test]
async fn what_is_left_of_a_link_gets_a_second_look_too() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world
        .amazon
        .fault(Fulfill, Fault::ItemResult("ERROR".to_owned()), 2);
    world.confirm("p1", &[&id]).await;
    world.unlinked("p1").await;
    world.pass(HOUR);
    world.amazon.fault(Token, invalid_grant(), 1);
    world.reconcile().await;
    let remnants = links(&world, "REMNANT#").await;
    let remnant = remnants.values().next().expect("one is left");
    assert!(remnant.contains_key("dead_tokens") && !remnant.contains_key("tokens"));
    assert_eq!(world.known_status("p1", &id).await, "delivered");
    world.pass(HOUR);
    world.reconcile().await;
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.pass(2 * HOUR);
    world.reconcile().await;
    assert!(links(&world, "REMNANT#").await.is_empty());
    no_dead_tokens(&world).await;
    world.contract_is_kept();
}

#[tokio::test]
async fn after_a_day_a_dead_remnant_is_forgotten() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.pass(HOUR);
    world.amazon.revoke("alice");
    world.confirm("p1", &[&id]).await;
    assert_eq!(links(&world, "REMNANT#").await.len(), 1);
    for _ in 0..24 {
        world.pass(HOUR);
        world.reconcile().await;
    }
    assert!(links(&world, "REMNANT#").await.is_empty());
    assert_eq!(status_of(&world.check("p1").await, &id), "delivered");
    world.pass(DAY);
    world.reconcile().await;
    no_dead_tokens(&world).await;
}
