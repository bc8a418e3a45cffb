//! `entitlement.get`, `entitlement.release`, `entitlement.hold`, `entitlement.rereport`.

use it::{Reply, World, entitlement_of, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint::Fulfill;

use super::support::{code, done, duplicate, places, trail};

fn of(id: &str) -> Value {
    json!({"player_id": "p1", "entitlement_id": id})
}

async fn get(world: &World, id: &str) -> Value {
    let answer = world
        .admin(json!({"command": "entitlement.get", "entitlement_id": id}))
        .await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer
}

#[tokio::test]
async fn an_entitlement_is_found_by_its_id_with_everybody_who_has_a_row_of_it() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    let answer = world.check("p2").await;
    assert_eq!(status_of(&answer, &id), "held other_player");
    let answer = get(&world, &id).await;
    assert_eq!(answer["entitlement"]["player_id"], "p1");
    assert_eq!(answer["entitlement"]["status"], "pending");
    assert_eq!(answer["also"], json!(["p2"]));
}

#[tokio::test]
async fn what_no_player_was_handed_is_found_too() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let unknown = world.amazon.claim("alice", "unknown");
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &unknown), "held unknown_offer");
    let answer = get(&world, &unknown).await;
    assert_eq!(answer["entitlement"]["reason"], "unknown_offer");
    assert_eq!(answer["also"], json!([]));
    // Once it is pending, its player is the owner, and is not listed twice.
    world.offer("unknown").await;
    assert_eq!(
        status_of(&world.check_later("p1").await, &unknown),
        "pending"
    );
    let answer = get(&world, &unknown).await;
    assert_eq!(answer["entitlement"]["status"], "pending");
    assert_eq!(answer["also"], json!([]));
}

#[tokio::test]
async fn a_released_duplicate_is_pending_beyond_the_limit() {
    let world = World::new().await;
    let (first, second) = duplicate(&world).await;
    let answer = done(&world, "entitlement.release", of(&second)).await;
    let entitlement = &answer["entitlement"];
    assert_eq!(entitlement["status"], "pending");
    assert_eq!(entitlement["content"], json!({"item": "hat"}));
    assert_eq!(get(&world, &second).await["entitlement"], *entitlement);
    let mut both = [first.clone(), second.clone()];
    both.sort();
    assert_eq!(places(&world, "p1", "hat").await, both);
    let note = trail(&world, "p1").await[0]["note"].clone();
    assert!(
        note.as_str()
            .is_some_and(|note| note.contains("beyond the limit"))
    );
    for answer in [world.check("p1").await, world.check_later("p1").await] {
        assert_eq!(status_of(&answer, &second), "pending");
        assert_eq!(entitlement_of(&answer, &second)["title"], "hat");
    }
    for result in [&first, &second] {
        assert_eq!(
            world.confirm("p1", &[result]).await[0]["status"],
            "reported"
        );
    }
    // The next one is a duplicate again.
    let third = world.amazon.claim("alice", "hat");
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &third), "held duplicate_offer");
    world.contract_is_kept();
}

#[tokio::test]
async fn a_duplicate_without_an_offer_waits_for_it() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    done(&world, "offers.delete", json!({"sku": "hat"})).await;
    assert_eq!(
        code(&world, "entitlement.release", of(&second)).await,
        "conflict"
    );
    world.offer("hat").await;
    done(&world, "entitlement.release", of(&second)).await;
}

#[tokio::test]
async fn what_is_held_by_an_operator_stays_so_until_an_operator_releases_it() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let answer = done(&world, "entitlement.hold", of(&id)).await;
    assert_eq!(answer["entitlement"]["reason"], "operator");
    for answer in [world.check("p1").await, world.check_later("p1").await] {
        assert_eq!(status_of(&answer, &id), "held operator");
    }
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "held");
    world.reconcile().await;
    assert_eq!(
        places(&world, "p1", "hat").await,
        [id.as_str()],
        "it keeps its place"
    );
    assert_eq!(code(&world, "entitlement.hold", of(&id)).await, "conflict");
    let answer = done(&world, "entitlement.release", of(&id)).await;
    assert_eq!(answer["note"], Value::Null);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    assert_eq!(
        code(&world, "entitlement.release", of(&id)).await,
        "conflict"
    );
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "reported");
    for command in ["entitlement.hold", "entitlement.release"] {
        assert_eq!(code(&world, command, of(&id)).await, "conflict");
    }
}

#[tokio::test]
async fn holds_that_end_by_themselves_are_not_released() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "unknown");
    world.check("p1").await;
    let answer = world
        .admin(super::support::order("entitlement.release", &of(&id)))
        .await;
    let detail = answer["errors"][0]["detail"].as_str().expect("text");
    assert!(
        detail.contains("unknown_offer") && detail.contains("put the offer"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_refused_delivery_goes_out_again_under_the_same_id_with_the_same_body() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    studio.script([Reply::Refuse(
        http::StatusCode::GONE,
        Vec::new(),
        json!({"refused": true, "reason": "banned"}).to_string(),
    )]);
    let id = world.amazon.claim("alice", "hat");
    assert_eq!(
        status_of(&world.check("p1").await, &id),
        "held delivery_refused"
    );
    world
        .offer_with("hat", &json!({"content": "changed"}))
        .await;
    world.pass(3600);
    let answer = done(&world, "entitlement.release", of(&id)).await;
    assert_eq!(answer["entitlement"]["status"], "pending");
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    let calls = studio.calls();
    assert_eq!(calls.len(), 2);
    for call in &calls {
        assert_eq!(call.id, id);
        assert_eq!(call.body, calls[0].body);
    }
    world.contract_is_kept();
}

#[tokio::test]
async fn a_released_delivery_that_may_have_been_made_stays_in_the_guard_if_amazon_takes_it_back() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    studio.script([Reply::status(500)]);
    let id = world.amazon.claim("alice", "hat");
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    done(&world, "entitlement.hold", of(&id)).await;
    done(&world, "entitlement.release", of(&id)).await;
    let mut element = json!({"EntitlementId": id, "VendorProductId": "hat"});
    element["NextInstruction"] = json!("NOOP");
    world.amazon.put_entitlement("alice", element);
    assert_eq!(
        status_of(&world.check_later("p1").await, &id),
        "held withdrawn"
    );
    assert_eq!(places(&world, "p1", "hat").await, [id.as_str()]);
}

#[tokio::test]
async fn an_unknown_delivery_is_handed_to_the_game_only_by_an_operator() {
    let (mut world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    studio.script([Reply::status(500)]);
    let id = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    world.let_the_game_deliver();
    assert_eq!(
        status_of(&world.check_later("p1").await, &id),
        "held delivery_unknown"
    );
    done(&world, "entitlement.release", of(&id)).await;
    for answer in [world.check("p1").await, world.check_later("p1").await] {
        assert_eq!(status_of(&answer, &id), "pending");
    }
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "reported");
}

#[tokio::test]
async fn what_was_reported_is_reported_once_more_and_never_pending_again() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "reported");
    world.check_later("p1").await;
    let told = world.amazon.calls_to(Fulfill);
    let answer = done(&world, "entitlement.rereport", of(&id)).await;
    assert_eq!(answer["entitlement"]["status"], "delivered");
    world.reconcile().await;
    assert_eq!(world.amazon.calls_to(Fulfill), told + 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(status_of(&world.check_later("p1").await, &id), "");
    world.contract_is_kept();
}

#[tokio::test]
async fn what_was_reported_is_reported_once_more_for_an_unlinked_player_too() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&id]).await;
    world.check_later("p1").await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    world.check("p2").await;
    let told = world.amazon.calls_to(Fulfill);
    done(&world, "entitlement.rereport", of(&id)).await;
    // The account's link owes the report, and unlinking makes it.
    let owes = json!({"command": "amazon.get", "amazon_user_id": world.amazon.account_id("alice")});
    assert_eq!(world.admin(owes).await["owes"], true);
    world.unlinked("p2").await;
    world.reconcile().await;
    assert_eq!(world.amazon.calls_to(Fulfill), told + 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn a_delivered_one_is_due_now() {
    let world = World::new().await;
    let id = world.unreported("p1", "alice").await;
    assert_eq!(world.reconcile().await["taken"], 0, "it waits");
    done(&world, "entitlement.rereport", of(&id)).await;
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn what_was_not_delivered_is_not_reported() {
    let world = World::new().await;
    let (first, second) = duplicate(&world).await;
    for id in [first, second] {
        assert_eq!(
            code(&world, "entitlement.rereport", of(&id)).await,
            "conflict"
        );
    }
}
