//! Amazon takes back what is `pending`: it lists it with another word than `FULFILL`.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join;
use it::{Reply, Studio, World, check_in, entitlement_of, ids_of, status_of};
use prime_gaming::domain::{HoldReason, Status, Work};
use prime_gaming::testing::config::DeliveryConfig;
use prime_gaming::testing::store::{Admission, Claim, Record};
use serde_json::{Value, json};
use stand_in::Endpoint::{Entitlements, Fulfill};
use stand_in::Fault;

use crate::store::kit;

const WITHDRAWN: &str = "held withdrawn";

/// Amazon lists it with this word from now on.
fn say(world: &World, account: &str, id: &str, word: &Value) {
    let mut element = json!({"EntitlementId": id, "VendorProductId": "hat"});
    if *word != Value::Null {
        element["NextInstruction"] = word.clone();
    }
    world.amazon.put_entitlement(account, element);
}

fn take_back(world: &World, id: &str) {
    say(world, "alice", id, &json!("REVOKE"));
}

fn ask_again(world: &World, id: &str) {
    say(world, "alice", id, &json!("FULFILL"));
}

/// The entitlements that use the offer up.
async fn places(world: &World) -> Vec<String> {
    let guard = world.fulfillment_item("PLAYER#p1", "G#hat").await;
    let places = guard
        .get("entitlements")
        .map(|set| set.as_ss().expect("a set").clone());
    places.unwrap_or_default()
}

async fn withdrawn() -> (World, String) {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    take_back(&world, &id);
    assert_eq!(status_of(&world.check_later("p1").await, &id), WITHDRAWN);
    (world, id)
}

#[tokio::test]
async fn any_other_word_withdraws_it() {
    let words = [
        json!("REVOKE"),
        json!("NOOP"),
        json!("fulfill"),
        json!(5),
        Value::Null,
    ];
    for word in words {
        let world = World::new().await;
        let id = world.pending("p1", "alice", "hat").await;
        let before = world.check("p1").await;
        say(&world, "alice", &id, &word);
        let answer = world.check_later("p1").await;
        assert_eq!(answer["fresh"], true);
        assert_eq!(status_of(&answer, &id), WITHDRAWN, "{word}");
        let entitlement = entitlement_of(&answer, &id);
        assert_eq!(entitlement["content"], json!({"item": "hat"}));
        assert_eq!(
            entitlement["first_seen_at"],
            entitlement_of(&before, &id)["first_seen_at"]
        );
        assert_eq!(entitlement["updated_at"], world.clock.now().to_string());
        // It stays so, for the game and for `reconcile`.
        assert_eq!(status_of(&world.check("p1").await, &id), WITHDRAWN);
        assert_eq!(status_of(&world.check_later("p1").await, &id), WITHDRAWN);
        assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "held");
        assert_eq!(world.known_status("p1", &id).await, WITHDRAWN);
        assert_eq!(world.amazon.calls_to(Fulfill), 0);
        assert!(places(&world).await.is_empty(), "{word}");
    }
}

#[tokio::test]
async fn it_is_pending_again_when_amazon_asks_again_and_only_then() {
    let (world, id) = withdrawn().await;
    assert!(world.amazon.remove_entitlement("alice", &id));
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), WITHDRAWN, "merely missing");
    ask_again(&world, &id);
    assert_eq!(status_of(&world.check("p1").await, &id), WITHDRAWN);
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), "pending");
    assert_eq!(places(&world).await, [id.as_str()]);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "reported");
    assert_eq!(world.amazon.fulfilled()[0].times, 1);
}

#[tokio::test]
async fn its_place_is_free_and_if_that_is_taken_it_is_a_duplicate() {
    let (world, id) = withdrawn().await;
    let second = world.amazon.claim("alice", "hat");
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &second), "pending");
    ask_again(&world, &id);
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), "held duplicate_offer");
    assert_eq!(status_of(&answer, &second), "pending");
    // Only an operator releases that.
    take_back(&world, &second);
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), "held duplicate_offer");
    assert_eq!(status_of(&answer, &second), WITHDRAWN);
}

#[tokio::test]
async fn its_place_is_free_for_what_the_same_list_names_before_it() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    assert!(world.amazon.remove_entitlement("alice", &id));
    let second = world.amazon.claim("alice", "hat");
    take_back(&world, &id);
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &second), "pending");
    assert_eq!(status_of(&answer, &id), WITHDRAWN);
    assert_eq!(places(&world).await, [second]);
}

#[tokio::test]
async fn what_was_withdrawn_waits_for_its_offer_like_anything_else() {
    let (world, id) = withdrawn().await;
    let delete = json!({"command": "offers.delete", "sku": "hat"});
    assert_eq!(world.admin(delete).await["ok"], true);
    world.pass(60);
    ask_again(&world, &id);
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), "held unknown_offer");
    world.offer("hat").await;
    assert_eq!(status_of(&world.check_later("p1").await, &id), "pending");
}

#[tokio::test]
async fn the_list_of_another_account_says_nothing_about_it() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.linked("p1", "bob").await;
    say(&world, "bob", &id, &json!("REVOKE"));
    let answer = world.check_later("p1").await;
    assert_eq!(answer["fresh"], true);
    assert_eq!(status_of(&answer, &id), "pending");
}

/// The answer is worked out now, and comes late.
fn late() -> Fault {
    Fault::AfterEffect(Box::new(Fault::Stall(Duration::from_millis(300))))
}

#[tokio::test]
async fn a_confirmation_is_stronger() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    take_back(&world, &id);
    world.pass(5);
    world.amazon.fault(Entitlements, late(), 1);
    let confirmed = async {
        while world.amazon.calls_to(Entitlements) < 2 {
            tokio::task::yield_now().await;
        }
        world.confirm("p1", &[&id]).await
    };
    let (_, results) = join(world.check("p1"), confirmed).await;
    let status = results[0]["status"].as_str().expect("a word");
    assert!(["delivered", "reported"].contains(&status), "{results}");
    let known = world.known_status("p1", &id).await;
    assert!(
        ["delivered", "reported"].contains(&known.as_str()),
        "{known}"
    );
    assert_eq!(places(&world).await, [id]);
}

#[tokio::test]
async fn a_list_from_before_does_not_bring_it_back() {
    let world = World::with(&[("CHECK_MIN_INTERVAL_SECONDS", "0")]).await;
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(5);
    world.amazon.fault(Entitlements, late(), 1);
    let other = world.another_process().await;
    let meanwhile = async {
        while world.amazon.calls_to(Entitlements) < 2 {
            tokio::task::yield_now().await;
        }
        take_back(&world, &id);
        world.pass(1);
        assert_eq!(status_of(&check_in(&other, "p1").await, &id), WITHDRAWN);
    };
    let (answer, ()) = join(world.check("p1"), meanwhile).await;
    assert_eq!(answer["fresh"], true);
    assert_eq!(status_of(&answer, &id), WITHDRAWN);
    assert_eq!(world.known_status("p1", &id).await, WITHDRAWN);
}

#[tokio::test]
async fn what_could_not_be_withdrawn_is_not_handed_out_either() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    take_back(&world, &id);
    world.database.refuse("TransactWriteItems", 0, 1);
    let answer = world.check_later("p1").await;
    assert_eq!((&answer["fresh"], ids_of(&answer)), (&json!(true), vec![]));
    assert_eq!(status_of(&world.check_later("p1").await, &id), WITHDRAWN);
}

/// A linked player whose one entitlement the webhook could not deliver.
async fn tried() -> (World, Studio, String) {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    studio.script([Reply::status(500)]);
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    (world, studio, id)
}

#[tokio::test]
async fn the_webhook_is_not_called_for_it_any_more() {
    let (world, studio, id) = tried().await;
    take_back(&world, &id);
    world.pass(5);
    assert_eq!(status_of(&world.check("p1").await, &id), WITHDRAWN);
    for _ in 0..3 {
        world.pass(3600);
        assert_eq!(world.reconcile().await["taken"], 0);
        assert_eq!(status_of(&world.check("p1").await, &id), WITHDRAWN);
    }
    assert_eq!(studio.calls().len(), 1);
    let item = world.record_item("p1", &id).await;
    for gone in ["owner", "due_at", "due_shard", "failing_since"] {
        assert!(!item.contains_key(gone), "{gone}");
    }
}

#[tokio::test]
async fn what_a_webhook_may_have_delivered_keeps_its_place_and_is_ordered_again_as_it_was() {
    let (world, studio, id) = tried().await;
    take_back(&world, &id);
    let second = world.amazon.claim("alice", "hat");
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), WITHDRAWN);
    // The player may have had the offer.
    assert_eq!(status_of(&answer, &second), "held duplicate_offer");
    assert_eq!(places(&world).await, [id.as_str()]);
    let other = json!({"content": {"item": "a better hat"}});
    world.offer_with("hat", &other).await;
    world.pass(60);
    ask_again(&world, &id);
    world.check("p1").await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    let calls = studio.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        (&calls[1].id, &calls[1].body),
        (&calls[0].id, &calls[0].body)
    );
}

#[tokio::test]
async fn what_no_webhook_was_called_for_gives_its_place_back() {
    let mut world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let (studio, url) = Studio::start().await;
    let url: url::Url = url.parse().expect("a URL");
    let http = prime_gaming::testing::net::Client::new(world.app.clock.clone()).expect("a client");
    world.app.webhook = Some(prime_gaming::testing::delivery::Webhook::new(
        http,
        url.clone(),
    ));
    world.app.config.delivery = DeliveryConfig::Webhook {
        url,
        private: false,
    };
    take_back(&world, &id);
    let second = world.amazon.claim("alice", "hat");
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), WITHDRAWN);
    assert_eq!(world.known_status("p1", &second).await, "reported");
    assert_eq!(studio.given().into_keys().collect::<Vec<_>>(), [second]);
}

#[tokio::test]
async fn a_delivery_that_is_under_way_is_not_withdrawn() {
    let (world, studio, id) = tried().await;
    let record = kit::record(&world, &id).await;
    let now = world.clock.now();
    let lease = kit::lease("me", now);
    let taken = world.app.fulfillments.acquire(&record, lease, now).await;
    assert!(taken.expect("written").is_some());
    take_back(&world, &id);
    let answer = world.check_later("p1").await;
    assert_eq!(
        (status_of(&answer, &id).as_str(), studio.calls().len()),
        ("pending", 1)
    );
    // Its outcome stays unknown.
    world.pass(30);
    assert_eq!(status_of(&world.check("p1").await, &id), WITHDRAWN);
    assert_eq!(studio.calls().len(), 1);
    assert_eq!(places(&world).await, [id]);
}

#[tokio::test]
async fn what_was_tried_and_withdrawn_is_never_the_games() {
    let (mut world, studio, id) = tried().await;
    take_back(&world, &id);
    assert_eq!(status_of(&world.check_later("p1").await, &id), WITHDRAWN);
    world.let_the_game_deliver();
    ask_again(&world, &id);
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), "held delivery_unknown");
    assert_eq!(studio.calls().len(), 1);
}

/// Withdraws what is known as `known`.
async fn withdraw(world: &World, known: &Record) -> Admission {
    let link = world.stored_link("p1").await;
    let claim = Claim {
        link: &link,
        id: &known.id,
        sku: Some("hat"),
        known: Some(known),
        is_handed_out: true,
        now: world.clock.now(),
    };
    let store = &world.app.fulfillments;
    let done = store.withdraw(&world.app.links, &claim, known).await;
    done.expect("an answer")
}

#[tokio::test]
async fn the_conditions_of_the_withdrawal() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let pending = kit::record(&world, &id).await;
    let now = world.clock.now();
    let store = &world.app.fulfillments;
    let is_known = |admission: &Admission, status| match admission {
        Admission::Known(record) => record.status == status,
        _ => false,
    };

    // It has changed since it was read.
    let older = Record {
        updated_at: now - Duration::from_secs(1),
        ..pending.clone()
    };
    let done = withdraw(&world, &older).await;
    assert!(is_known(&done, Status::Pending), "{done:?}");

    // A process takes it to deliver it, and it counts as tried from then on.
    let taken = store.acquire(&pending, kit::lease("me", now), now).await;
    let taken = taken.expect("written").expect("free");
    for known in [&pending, &taken] {
        let done = withdraw(&world, known).await;
        assert!(is_known(&done, Status::Pending), "{done:?}");
    }
    world.pass(30);
    let done = withdraw(&world, &pending).await;
    assert!(
        is_known(&done, Status::Pending),
        "its place may be used: {done:?}"
    );
    assert_eq!(places(&world).await, [id.as_str()]);
    let done = withdraw(&world, &taken).await;
    let Admission::Written(written) = done else {
        panic!("{done:?}");
    };
    assert_eq!(written.reason, Some(HoldReason::Withdrawn));
    let stored = kit::record(&world, &id).await;
    assert_eq!(
        (stored.status, stored.reason),
        (Status::Held, written.reason)
    );
    assert_eq!(
        (stored.updated_at, &stored.work),
        (written.updated_at, &Work::Idle)
    );
    assert_eq!(places(&world).await, [id.as_str()]);

    // It is no longer pending.
    let done = withdraw(&world, &taken).await;
    assert!(is_known(&done, Status::Held), "{done:?}");

    // The player has another link.
    let link = world.stored_link("p1").await;
    world.linked("p1", "alice").await;
    let claim = Claim {
        link: &link,
        id: &stored.id,
        sku: Some("hat"),
        known: Some(&stored),
        is_handed_out: true,
        now: world.clock.now(),
    };
    let done = store.withdraw(&world.app.links, &claim, &taken).await;
    let done = done.expect("an answer");
    assert!(matches!(done, Admission::Known(_) | Admission::LinkChanged));
}

#[tokio::test]
async fn a_hold_for_an_unknown_word_that_lasts_a_week_has_an_operators_attention() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    say(&world, "alice", "e1", &json!("OTHER"));
    world.check("p1").await;
    let is_noted = async || {
        world
            .record_item("p1", "e1")
            .await
            .contains_key("attention_at")
    };
    world.pass(7 * 24 * 3600 - 10);
    world.check("p1").await;
    assert!(!is_noted().await);
    world.pass(10);
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, "e1"), "held unknown_instruction");
    assert!(is_noted().await);
    let noted = world.record_item("p1", "e1").await;
    world.check_later("p1").await;
    assert_eq!(world.record_item("p1", "e1").await, noted, "once is enough");
    ask_again(&world, "e1");
    assert_eq!(status_of(&world.check_later("p1").await, "e1"), "pending");
    let item = world.record_item("p1", "e1").await;
    assert!(!item.contains_key("attention_at"));
    assert_eq!(item["status"], AttributeValue::S("pending".to_owned()));
}
