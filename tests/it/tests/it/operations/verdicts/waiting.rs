//! What waits for the game, an operator or Amazon, or is over.

use it::World;
use prime_gaming::testing::config::Intake;
use serde_json::json;

use super::{HOUR, about, get, helps, holds, waits};
use crate::operations::support::{done, duplicate};

#[tokio::test]
async fn the_game_has_it_until_it_confirms() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let found = get(&world, &id).await;
    waits(
        &found,
        "game",
        "waits_for_confirmation",
        "We have passed this reward on",
    );
    assert_eq!(found["verdict"]["since"], found["handed_out_at"]);
    world.confirm("p1", &[&id]).await;
    let found = get(&world, &id).await;
    waits(&found, "nobody", "done", "You have received this reward");
    assert_eq!(found["verdict"]["since"], found["reported_at"]);
}

#[tokio::test]
async fn what_an_operator_holds_is_released_and_waits_for_a_check() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(HOUR);
    let of = json!({"player_id": "p1", "entitlement_id": id});
    done(&world, "entitlement.hold", of).await;
    let found = get(&world, &id).await;
    let release = about("entitlement.release", &id);
    holds(
        &found,
        "operator",
        "operator_hold",
        "We are holding this reward back",
        &release,
    );
    assert_eq!(found["verdict"]["since"], found["updated_at"]);
    world.pass(60);
    helps(&world, &found).await;
    let found = get(&world, &id).await;
    waits(&found, "player", "waits_for_check", "Please open the game.");
    world.check_later("p1").await;
    waits(
        &get(&world, &id).await,
        "game",
        "waits_for_confirmation",
        "We have passed",
    );
}

#[tokio::test]
async fn an_intake_on_hold_holds_everything() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.app.config.intake = Intake::Hold;
    let say = "We are not giving out any rewards";
    waits(&get(&world, &id).await, "operator", "intake_held", say);
}

#[tokio::test]
async fn amazon_takes_it_back_or_says_what_nobody_knows() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let listed = |word: &str| json!({"EntitlementId": id, "VendorProductId": "hat", "NextInstruction": word});
    world.amazon.put_entitlement("alice", listed("NOOP"));
    world.check_later("p1").await;
    waits(
        &get(&world, &id).await,
        "amazon",
        "withdrawn",
        "Amazon tells us that this reward",
    );
    let unknown =
        json!({"EntitlementId": "e2", "VendorProductId": "hat", "NextInstruction": "SHINE"});
    world.amazon.put_entitlement("alice", unknown);
    world.check_later("p1").await;
    let say = "Amazon has sent us a message";
    waits(
        &get(&world, "e2").await,
        "amazon",
        "unknown_instruction",
        say,
    );
    world.pass(7 * 24 * HOUR);
    world.check_later("p1").await;
    let say = "We have not been able to give you";
    waits(&get(&world, "e2").await, "operator", "attention", say);
}

#[tokio::test]
async fn a_used_up_offer_is_nobodys_turn() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    waits(
        &get(&world, &second).await,
        "nobody",
        "used_up",
        "Each player can get this reward",
    );
}

#[tokio::test]
async fn what_another_player_was_handed_can_be_moved() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    world.check("p2").await;
    let player = json!({"command": "player.get", "player_id": "p2"});
    let found = world.admin(player.clone()).await["entitlements"][0].clone();
    let reassign = json!({
        "command": "entitlement.reassign", "entitlement_id": id,
        "from_player_id": "p1", "to_player_id": "p2"
    });
    let (code, say) = (
        "shown_to_other_player",
        "This reward belongs to another player",
    );
    holds(&found, "nobody", code, say, &reassign);
    // What the other player has got stays there.
    world.confirm("p1", &[&id]).await;
    let found = world.admin(player).await["entitlements"][0].clone();
    waits(&found, "nobody", code, say);
}
