//! What waits for an offer, a check, or a link that can be used.

use it::{World, status_of};
use serde_json::json;
use stand_in::Endpoint::{Entitlements, Token};

use super::{HOUR, at, get, helps, holds, retry, status, waits};
use crate::operations::support::{done, order};
use crate::tokens::second_look::invalid_grant;

/// A linked player with an entitlement for which there was no offer when it came, and is one now.
async fn offered_late(world: &World) -> String {
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    world.offer("hat").await;
    id
}

#[tokio::test]
async fn an_offer_is_missing_until_a_check_finds_it() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    let put = json!({"command": "offers.put", "offers": [{"sku": "hat"}]});
    let found = get(&world, &id).await;
    holds(
        &found,
        "studio",
        "offer_missing",
        "Amazon has told us of your reward",
        &put,
    );
    // It lacks what only the studio knows, and says so.
    let answer = world
        .admin(order("offers.put", &json!({"offers": [{"sku": "hat"}]})))
        .await;
    assert_eq!(
        answer["errors"].as_array().map(Vec::len),
        Some(2),
        "{answer}"
    );
    world.offer("hat").await;
    waits(
        &get(&world, &id).await,
        "player",
        "waits_for_check",
        "Please open the game.",
    );
    assert_eq!(status_of(&world.check_later("p1").await, &id), "pending");
}

#[tokio::test]
async fn without_a_sku_there_is_no_offer_to_put() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let element = json!({"EntitlementId": "e1", "NextInstruction": "FULFILL"});
    world.amazon.put_entitlement("alice", element);
    world.check("p1").await;
    waits(
        &get(&world, "e1").await,
        "studio",
        "offer_missing",
        "Amazon has told us",
    );
}

#[tokio::test]
async fn what_needs_a_check_needs_a_link_too() {
    let world = World::new().await;
    let id = offered_late(&world).await;
    // Amazon wants rest.
    world.pass(5);
    world.amazon.fault(Entitlements, status(429, Some(600)), 1);
    world.check("p1").await;
    let found = get(&world, &id).await;
    holds(
        &found,
        "amazon",
        "amazon_failing",
        "We can't ask Amazon",
        &retry(),
    );
    helps(&world, &found).await;
    // Prime Gaming refuses the tokens.
    world.amazon.fault(Entitlements, status(403, None), 3);
    assert_eq!(world.check("p1").await["link"], "relink_required");
    let found = get(&world, &id).await;
    let say = "To get this reward, please link";
    holds(&found, "player", "relink_needed", say, &retry());
    helps(&world, &found).await;
    // LWA calls the refresh token invalid.
    world.pass(2 * HOUR);
    world.amazon.fault(Token, invalid_grant(), 1);
    assert_eq!(world.check("p1").await["link"], "relink_required");
    let found = get(&world, &id).await;
    let verdict = holds(&found, "player", "relink_needed", say, &retry());
    assert_eq!(verdict["since"], at(&world, 0));
    assert_eq!(verdict["next_try_at"], at(&world, HOUR));
    // The player ends the link.
    world.unlinked("p1").await;
    waits(&get(&world, &id).await, "player", "relink_needed", say);
}

#[tokio::test]
async fn a_link_of_another_client_id_has_to_be_made_anew() {
    let mut world = World::new().await;
    let id = offered_late(&world).await;
    world.app.config.lwa.client_id = "amzn1.application-oa2-client.other".to_owned();
    world.app.config.lwa.device_client_id = world.app.config.lwa.client_id.clone();
    let say = "To get this reward, please link";
    waits(&get(&world, &id).await, "player", "relink_needed", say);
}

#[tokio::test]
async fn a_paused_offer_holds_what_is_pending_and_is_resumed() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    done(&world, "offers.pause", json!({"sku": "hat"})).await;
    let resume = json!({"command": "offers.resume", "sku": "hat"});
    let say = "We are not giving out this reward";
    // Already before a check has held it.
    holds(
        &get(&world, &id).await,
        "operator",
        "offer_paused",
        say,
        &resume,
    );
    world.check_later("p1").await;
    let found = get(&world, &id).await;
    assert_eq!(found["status"], "held");
    holds(&found, "operator", "offer_paused", say, &resume);
    helps(&world, &found).await;
    waits(
        &get(&world, &id).await,
        "player",
        "waits_for_check",
        "Please open the game.",
    );
}
