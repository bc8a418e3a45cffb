//! `offers.pause`, `offers.resume`, and `paused` of an offer.

use std::sync::atomic::{AtomicBool, Ordering};

use it::{Reply, World, check_in, entitlement_of, planted, status_of};
use prime_gaming::testing::config::Intake;
use serde_json::{Value, json};
use stand_in::Fault;

use super::support::{code, done, places};
use crate::attacks::secrets::Log;

const PAUSED: &str = "held offer_paused";

async fn pause(world: &World) {
    let answer = done(world, "offers.pause", json!({"sku": "hat"})).await;
    assert_eq!(answer, json!({"ok": true, "sku": "hat", "paused": true}));
}

async fn resume(world: &World) {
    let answer = done(world, "offers.resume", json!({"sku": "hat"})).await;
    assert_eq!(answer, json!({"ok": true, "sku": "hat", "paused": false}));
}

#[tokio::test]
async fn what_is_pending_is_held_from_the_next_check_on_and_pending_again_at_the_next_after_it() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let before = entitlement_of(&world.check("p1").await, &id);
    pause(&world).await;
    // Also by a check that does not ask Amazon.
    for answer in [world.check("p1").await, world.check_later("p1").await] {
        assert_eq!(status_of(&answer, &id), PAUSED);
    }
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "held");
    assert_eq!(places(&world, "p1", "hat").await, [id.as_str()]);
    world.pass(120);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, PAUSED);
    resume(&world).await;
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &id), "pending");
    assert_eq!(entitlement_of(&answer, &id)["content"], before["content"]);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "reported");
    world.contract_is_kept();
}

#[tokio::test]
async fn what_another_check_makes_pending_during_a_check_is_held_too() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    pause(&world).await;
    world.pass(60);
    // This check has read what is open before the other one wrote the entitlement down.
    let is_first = AtomicBool::new(true);
    let database = planted(&world.dynamodb, move |operation, status, body| {
        let is_early = operation == "Query" && is_first.swap(false, Ordering::SeqCst);
        let none = json!({"Items": [], "Count": 0, "ScannedCount": 0});
        (status, if is_early { none } else { body })
    });
    let process = world.another_process_on(&database).await;
    let answer = check_in(&process, "p1").await;
    assert_eq!(answer["fresh"], true);
    assert_eq!(status_of(&answer, &id), PAUSED);
    resume(&world).await;
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
}

#[tokio::test]
async fn what_is_held_for_a_pause_stays_held_if_the_pause_can_not_be_read() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    pause(&world).await;
    assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
    // One check does not ask Amazon, and the other does.
    world.database.refuse("BatchGetItem", 0, 1);
    assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
    world.database.refuse("BatchGetItem", 0, 2);
    assert_eq!(status_of(&world.check_later("p1").await, &id), PAUSED);
    assert_eq!(world.known_status("p1", &id).await, PAUSED);
    resume(&world).await;
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
}

#[tokio::test]
async fn what_may_be_paused_is_not_handed_out_until_the_pause_can_be_read() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    for is_paused in [false, true] {
        if is_paused {
            pause(&world).await;
        }
        world.database.refuse("BatchGetItem", 0, 1);
        let answer = world.check("p1").await;
        assert_eq!(entitlement_of(&answer, &id), Value::Null, "{answer}");
        world.database.refuse("BatchGetItem", 0, 2);
        let answer = world.check_later("p1").await;
        assert_eq!(entitlement_of(&answer, &id), Value::Null, "{answer}");
        let item = world.record_item("p1", &id).await;
        assert_eq!(item["status"].as_s().expect("text"), "pending");
        let status = if is_paused { PAUSED } else { "pending" };
        assert_eq!(status_of(&world.check("p1").await, &id), status);
    }
}

#[tokio::test]
async fn what_is_new_is_not_written_down_until_the_pause_can_be_read() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    world.offer_with("hat", &json!({"per_player": null})).await;
    let first = world.amazon.claim("alice", "hat");
    assert_eq!(status_of(&world.check("p1").await, &first), "pending");
    assert_eq!(
        world.confirm("p1", &[&first]).await[0]["status"],
        "reported"
    );
    // The process has the offer in its cache, but not the pause.
    let id = world.amazon.claim("alice", "hat");
    pause(&world).await;
    world.database.refuse("BatchGetItem", 0, 1);
    let answer = world.check_later("p1").await;
    assert_eq!(entitlement_of(&answer, &id), Value::Null, "{answer}");
    assert!(world.record_item("p1", &id).await.is_empty());
    assert_eq!(status_of(&world.check_later("p1").await, &id), PAUSED);
}

/// A database whose eventually consistent reads do not know yet that the offer is paused.
fn with_late_replicas(world: &World) -> aws_sdk_dynamodb::Client {
    planted(&world.dynamodb, |operation, status, mut body| {
        let table = (operation == "BatchGetItem").then(|| body["Responses"].as_object_mut());
        for offers in table.flatten().into_iter().flat_map(|it| it.values_mut()) {
            for offer in offers.as_array_mut().into_iter().flatten() {
                // Only the read that is not strong leaves the title out.
                if let Some(offer) = offer.as_object_mut()
                    && !offer.contains_key("title")
                {
                    offer.remove("paused");
                }
            }
        }
        (status, body)
    })
}

#[tokio::test]
async fn a_read_that_is_late_does_not_lift_a_pause() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let process = world.another_process_on(&with_late_replicas(&world)).await;
    world.pass(60);
    assert_eq!(status_of(&check_in(&process, "p1").await, &id), "pending");
    pause(&world).await;
    assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
    for wait in [1, 60] {
        world.pass(wait);
        assert_eq!(status_of(&check_in(&process, "p1").await, &id), PAUSED);
    }
    assert_eq!(world.known_status("p1", &id).await, PAUSED);
}

#[tokio::test]
async fn what_waits_stays_held_if_the_offer_is_paused_again_before_reconcile_runs_or_meanwhile() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    pause(&world).await;
    assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
    resume(&world).await;
    pause(&world).await;
    world.database.refuse("BatchGetItem", 0, 1);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, PAUSED);
    world.pass(60);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, PAUSED);
    resume(&world).await;
    // The run has found what waits, and is about to read the offer.
    let run = world.reconcile();
    world
        .database
        .between("BatchGetItem", 0, run, pause(&world))
        .await;
    assert_eq!(world.known_status("p1", &id).await, PAUSED);
}

#[tokio::test]
async fn a_webhook_is_not_called_until_the_pause_can_be_read() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    studio.script([Reply::status(500)]);
    let id = world.amazon.claim("alice", "hat");
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    let tried = world.record_item("p1", &id).await;
    pause(&world).await;
    world.pass(3600);
    world.database.refuse("BatchGetItem", 0, 1);
    assert_eq!(world.reconcile().await["failed"], 1);
    let waiting = world.record_item("p1", &id).await;
    for name in ["status", "attempts", "failing_since"] {
        assert_eq!(waiting.get(name), tried.get(name), "{name}");
    }
    world.pass(3600);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, PAUSED);
    assert_eq!(studio.calls().len(), 1);
}

#[tokio::test]
async fn the_history_shows_what_a_check_would_answer() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let history = async |query: &str| {
        let path = format!("/v1/entitlements{query}");
        let page = world.call_as("p1", "GET", &path).send().await.ok();
        status_of(&page, &id)
    };
    pause(&world).await;
    world.forget();
    assert_eq!(history("").await, PAUSED);
    assert_eq!(world.database.requests(), ["Query", "BatchGetItem"]);
    assert_eq!(history("?status=held").await, PAUSED);
    assert_eq!(history("?status=pending").await, "", "not there");
    for query in ["", "?status=held", "?status=pending"] {
        world.database.refuse("BatchGetItem", 0, 1);
        assert_eq!(history(query).await, "", "not known");
    }
    resume(&world).await;
    assert_eq!(history("").await, "pending");
    assert_eq!(history("?status=pending").await, "pending");
    assert_eq!(history("?status=held").await, "");
}

#[tokio::test]
async fn what_is_new_is_held_and_pending_when_the_offer_is_resumed() {
    for is_asked in [false, true] {
        let world = World::new().await;
        world.offer_with("hat", &json!({"paused": true})).await;
        world.linked("p1", "alice").await;
        let id = world.amazon.claim("alice", "hat");
        assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
        assert_eq!(status_of(&world.check_later("p1").await, &id), PAUSED);
        assert_eq!(places(&world, "p1", "hat").await, [""; 0]);
        resume(&world).await;
        let answer = if is_asked {
            world.check_later("p1").await
        } else {
            world.check("p1").await
        };
        assert_eq!(status_of(&answer, &id), "pending");
        assert_eq!(
            entitlement_of(&answer, &id)["content"],
            json!({"item": "hat"})
        );
        assert_eq!(places(&world, "p1", "hat").await, [id.as_str()]);
        assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "reported");
    }
}

#[tokio::test]
async fn reconcile_resumes_for_players_who_do_not_come() {
    let world = World::new().await;
    world.offer("hat").await;
    let mut ids = Vec::new();
    for (player, account) in [("p1", "alice"), ("p2", "bob"), ("p3", "carol")] {
        world.linked(player, account).await;
        let id = world.amazon.claim(account, "hat");
        assert_eq!(status_of(&world.check(player).await, &id), "pending");
        ids.push((player, id));
    }
    pause(&world).await;
    for (player, id) in &ids {
        assert_eq!(status_of(&world.check(player).await, id), PAUSED);
    }
    world.reconcile().await;
    resume(&world).await;
    world.reconcile().await;
    for (player, id) in &ids {
        assert_eq!(world.known_status(player, id).await, "pending");
    }
    // The second look finds nothing, and ends it.
    world.pass(30);
    world.reconcile().await;
    assert!(
        world
            .fulfillment_item("OFFER#hat", "RESUMED")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_resumption_that_failed_is_made_again() {
    // The read of the record fails, or the write.
    for operation in ["GetItem", "TransactWriteItems"] {
        let world = World::new().await;
        let id = world.pending("p1", "alice", "hat").await;
        pause(&world).await;
        world.check("p1").await;
        resume(&world).await;
        let (log, _listening) = Log::start();
        for _ in 0..3 {
            world.database.refuse(operation, 0, 1);
            world.reconcile().await;
            assert_eq!(world.known_status("p1", &id).await, PAUSED, "{operation}");
            world.pass(30);
        }
        assert!(!log.text().contains("unreadable_row"), "{}", log.text());
        world.reconcile().await;
        assert_eq!(
            world.known_status("p1", &id).await,
            "pending",
            "{operation}"
        );
    }
}

#[tokio::test]
async fn what_is_resumed_while_the_intake_is_on_hold_is_delivered_afterwards() {
    let (mut world, studio) = World::with_studio(&[]).await;
    world.offer_with("hat", &json!({"paused": true})).await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
    world.app.config.intake = Intake::Hold;
    resume(&world).await;
    for _ in 0..3 {
        world.reconcile().await;
        world.pass(600);
    }
    assert_eq!(studio.calls().len(), 0);
    world.app.config.intake = Intake::Open;
    world.reconcile().await;
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn a_webhook_is_not_called_while_the_offer_is_paused() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    studio.script([Reply::status(500)]);
    let id = world.amazon.claim("alice", "hat");
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    pause(&world).await;
    world.pass(3600);
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, PAUSED);
    assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
    assert_eq!(studio.calls().len(), 1);
    resume(&world).await;
    world.reconcile().await;
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    let calls = studio.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        calls[0].body, calls[1].body,
        "under the same id, with the same body"
    );
}

#[tokio::test]
async fn what_a_webhook_may_have_delivered_is_not_resumed_for_the_game() {
    for is_asked in [false, true] {
        let (mut world, studio) = World::with_studio(&[]).await;
        world.offer("hat").await;
        world.linked("p1", "alice").await;
        studio.script([Reply::status(500)]);
        let id = world.amazon.claim("alice", "hat");
        assert_eq!(status_of(&world.check("p1").await, &id), "pending");
        pause(&world).await;
        assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
        world.let_the_game_deliver();
        resume(&world).await;
        if !is_asked {
            world.reconcile().await;
            let unknown = "held delivery_unknown";
            assert_eq!(world.known_status("p1", &id).await, unknown);
        }
        let answer = world.check("p1").await;
        assert_eq!(status_of(&answer, &id), "held delivery_unknown");
        assert_eq!(places(&world, "p1", "hat").await, [id.as_str()]);
    }
}

/// The part of the index in which this row is due.
async fn due_shard(world: &World, pk: &str, sk: &str) -> Option<String> {
    let item = world.fulfillment_item(pk, sk).await;
    let shard = item.get("due_shard")?;
    Some(shard.as_s().expect("text").clone())
}

#[tokio::test]
async fn a_resumption_comes_after_the_deliveries_of_its_page() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer("scarf").await;
    world.linked("p1", "alice").await;
    studio.script((0..4).map(|_| Reply::status(500)));
    let scarf = world.amazon.claim("alice", "scarf");
    assert_eq!(status_of(&world.check("p1").await, &scarf), "pending");
    let shard = due_shard(&world, "PLAYER#p1", &format!("E#{scarf}")).await;
    // An offer whose resumption is in the same shard as the delivery.
    let mut number = 0;
    let sku = loop {
        let sku = format!("hat{number}");
        world.offer_with(&sku, &json!({"paused": true})).await;
        done(&world, "offers.resume", json!({"sku": sku})).await;
        if due_shard(&world, &format!("OFFER#{sku}"), "RESUMED").await == shard {
            break sku;
        }
        number += 1;
    };
    done(&world, "offers.pause", json!({"sku": sku})).await;
    let hat = world.amazon.claim("alice", &sku);
    assert_eq!(status_of(&world.check_later("p1").await, &hat), PAUSED);
    done(&world, "offers.resume", json!({"sku": sku})).await;
    world.pass(3600);
    studio.forget_script();
    let is_delivered = async { assert_eq!(studio.given().get(&scarf), Some(&1)) };
    let run = world.reconcile();
    world
        .database
        .between("TransactWriteItems", 0, run, is_delivered)
        .await;
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &hat).await, "reported");
}

#[tokio::test]
async fn a_webhook_is_not_called_for_what_is_new_while_the_offer_is_paused() {
    let (world, studio) = World::with_studio(&[]).await;
    world.offer_with("hat", &json!({"paused": true})).await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
    assert_eq!(studio.calls().len(), 0);
    // Putting the offer without `paused` resumes it.
    world.offer("hat").await;
    world.reconcile().await;
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(studio.calls().len(), 1);
}

#[tokio::test]
async fn the_limit_counts_when_the_offer_is_resumed() {
    let world = World::new().await;
    world.offer_with("hat", &json!({"paused": true})).await;
    world.linked("p1", "alice").await;
    let (one, two) = (
        world.amazon.claim("alice", "hat"),
        world.amazon.claim("alice", "hat"),
    );
    world.check("p1").await;
    resume(&world).await;
    world.reconcile().await;
    let mut found = Vec::new();
    for id in [&one, &two] {
        found.push(world.known_status("p1", id).await);
    }
    found.sort();
    assert_eq!(found, ["held duplicate_offer", "pending"]);
    assert_eq!(places(&world, "p1", "hat").await.len(), 1);
}

#[tokio::test]
async fn what_amazon_takes_back_meanwhile_is_withdrawn() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    pause(&world).await;
    assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
    let element = json!({"EntitlementId": id, "VendorProductId": "hat", "NextInstruction": "NOOP"});
    world.amazon.put_entitlement("alice", element);
    assert_eq!(
        status_of(&world.check_later("p1").await, &id),
        "held withdrawn"
    );
    assert_eq!(places(&world, "p1", "hat").await, [""; 0]);
    resume(&world).await;
    world.reconcile().await;
    assert_eq!(
        status_of(&world.check_later("p1").await, &id),
        "held withdrawn"
    );
}

#[tokio::test]
async fn without_a_link_and_while_amazon_is_down_a_pause_counts_and_ends_too() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    pause(&world).await;
    assert_eq!(status_of(&world.check("p1").await, &id), PAUSED);
    resume(&world).await;
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");

    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let down = Fault::Status {
        status: 503,
        body: String::new(),
        retry_after: None,
    };
    world
        .amazon
        .fault(stand_in::Endpoint::Entitlements, down, 10);
    pause(&world).await;
    let answer = world.check_later("p1").await;
    assert_eq!(
        (&answer["fresh"], status_of(&answer, &id).as_str()),
        (&json!(false), PAUSED)
    );
}

#[tokio::test]
async fn another_offer_is_not_paused_with_it() {
    let world = World::new().await;
    let hat = world.pending("p1", "alice", "hat").await;
    world.offer("scarf").await;
    let scarf = world.amazon.claim("alice", "scarf");
    pause(&world).await;
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &hat), PAUSED);
    assert_eq!(status_of(&answer, &scarf), "pending");
}

#[tokio::test]
async fn what_is_delivered_is_reported_although_its_offer_is_paused() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let error = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(stand_in::Endpoint::Fulfill, error, 1);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "delivered");
    pause(&world).await;
    world.check_later("p1").await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn the_list_shows_which_offers_are_paused() {
    let world = World::new().await;
    world.offer("hat").await;
    world.offer_with("scarf", &json!({"paused": true})).await;
    let paused = || async {
        let list = world.admin(json!({"command": "offers.list"})).await;
        let offers = list["offers"].as_array().expect("a list").clone();
        let paused = offers.iter().map(|offer| offer.get("paused").cloned());
        paused.collect::<Vec<Option<Value>>>()
    };
    assert_eq!(paused().await, [None, Some(json!(true))]);
    pause(&world).await;
    assert_eq!(paused().await, [Some(json!(true)), Some(json!(true))]);
    resume(&world).await;
    assert_eq!(paused().await, [None, Some(json!(true))]);
    for command in ["offers.pause", "offers.resume"] {
        assert_eq!(
            code(&world, command, json!({"sku": "none"})).await,
            "not_found"
        );
    }
    let bad = json!({"command": "offers.put", "offers": [
        {"sku": "a", "title": "A", "content": 1, "paused": "yes"}
    ]});
    let answer = world.admin(bad).await;
    let detail = answer["errors"][0]["detail"].as_str().expect("text");
    assert!(
        detail.starts_with("offers[0].paused: must be true or false"),
        "{detail}"
    );
}
