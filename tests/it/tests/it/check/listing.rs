//! What a check makes of Amazon's list: broken elements, unknown words, unknown offers.

use it::{World, entitlement_of, ids_of, status_of};
use serde_json::{Value, json};
use stand_in::{Endpoint, Fault};

/// The next listing is this.
fn list(world: &World, elements: &Value) {
    let body = json!({"Entitlements": elements}).to_string();
    let answer = Fault::Status {
        status: 200,
        body,
        retry_after: None,
    };
    world.amazon.fault(Endpoint::Entitlements, answer, 1);
}

async fn linked_world() -> World {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    world
}

#[tokio::test]
async fn unknown_fields_survive() {
    let world = linked_world().await;
    let body = json!({
        "Entitlements": [{
            "EntitlementId": "e1", "VendorProductId": "hat", "NextInstruction": "FULFILL",
            "CampaignId": {"deep": [1, {"er": null}]}, "": "", "Expires": 1e300,
        }],
        "NextToken": null,
        "Warnings": ["something new"],
    });
    let fault = Fault::Status {
        status: 200,
        body: body.to_string(),
        retry_after: None,
    };
    world.amazon.fault(Endpoint::Entitlements, fault, 1);
    let answer = world.check("p1").await;
    assert_eq!(answer["fresh"], true);
    assert_eq!(status_of(&answer, "e1"), "pending");
}

#[tokio::test]
async fn broken_elements_do_not_cost_the_others() {
    let broken = [
        ("text", json!("text")),
        ("number", json!(5)),
        ("null", Value::Null),
        ("list", json!([])),
        (
            "no id",
            json!({"VendorProductId": "hat", "NextInstruction": "FULFILL"}),
        ),
        (
            "id of another type",
            json!({"EntitlementId": 7, "VendorProductId": "hat", "NextInstruction": "FULFILL"}),
        ),
        (
            "empty id",
            json!({"EntitlementId": "", "VendorProductId": "hat", "NextInstruction": "FULFILL"}),
        ),
        (
            "id of 513 bytes",
            json!({"EntitlementId": "x".repeat(513), "VendorProductId": "hat"}),
        ),
        (
            "id with a control character",
            json!({"EntitlementId": "a\u{0}b", "VendorProductId": "hat"}),
        ),
    ];
    let good =
        json!({"EntitlementId": "good", "VendorProductId": "hat", "NextInstruction": "FULFILL"});
    for (what, element) in broken {
        let world = linked_world().await;
        list(&world, &json!([element, good, element]));
        let answer = world.check("p1").await;
        assert_eq!(answer["fresh"], true, "{what}");
        assert_eq!(ids_of(&answer), ["good"], "{what}");
        assert_eq!(status_of(&answer, "good"), "pending", "{what}");
    }
}

#[tokio::test]
async fn an_element_without_a_sku_is_held() {
    let world = linked_world().await;
    let good =
        json!({"EntitlementId": "good", "VendorProductId": "hat", "NextInstruction": "FULFILL"});
    for (id, sku) in [
        ("none", None),
        ("null", Some(Value::Null)),
        ("number", Some(json!(5))),
    ] {
        let mut element = json!({"EntitlementId": id, "NextInstruction": "FULFILL"});
        if let Some(sku) = sku {
            element["VendorProductId"] = sku;
        }
        list(&world, &json!([element, good]));
        let answer = world.check_later("p1").await;
        assert_eq!(status_of(&answer, id), "held unknown_offer");
        let entitlement = entitlement_of(&answer, id);
        assert_eq!(
            (&entitlement["sku"], &entitlement["content"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(status_of(&answer, "good"), "pending");
    }
}

#[tokio::test]
async fn a_sku_with_characters_that_no_sku_has_is_held_and_shown() {
    let world = linked_world().await;
    let skus = ["not/allowed", "sp ace", "\u{fc}n\u{ef}", "", "a\nb"];
    let elements: Vec<_> = skus
        .iter()
        .enumerate()
        .map(|(number, sku)| {
            json!({"EntitlementId": format!("e{number}"), "VendorProductId": sku,
                   "NextInstruction": "FULFILL"})
        })
        .chain([
            json!({"EntitlementId": "good", "VendorProductId": "hat", "NextInstruction": "FULFILL"}),
        ])
        .collect();
    list(&world, &json!(elements));
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, "good"), "pending");
    for (number, sku) in skus.iter().enumerate() {
        let id = format!("e{number}");
        assert_eq!(status_of(&answer, &id), "held unknown_offer", "{sku:?}");
        assert_eq!(entitlement_of(&answer, &id)["sku"], *sku);
    }
}

#[tokio::test]
async fn of_an_id_that_comes_twice_the_first_counts() {
    let world = linked_world().await;
    list(
        &world,
        &json!([
            {"EntitlementId": "e1", "VendorProductId": "hat", "NextInstruction": "FULFILL"},
            {"EntitlementId": "e1", "VendorProductId": "hat", "NextInstruction": "NOOP"},
            {"EntitlementId": "e1", "VendorProductId": "other", "NextInstruction": "FULFILL"},
        ]),
    );
    let answer = world.check("p1").await;
    assert_eq!(ids_of(&answer), ["e1"]);
    assert_eq!(status_of(&answer, "e1"), "pending");
    assert_eq!(world.history("p1").await.len(), 1);
}

#[tokio::test]
async fn an_unknown_instruction_is_held_and_neither_delivered_nor_reported() {
    let world = linked_world().await;
    for (id, instruction) in [
        ("word", json!("REVOKE")),
        ("case", json!("fulfill")),
        ("none", Value::Null),
        ("number", json!(5)),
        ("object", json!({"a": 1})),
    ] {
        let mut element = json!({"EntitlementId": id, "VendorProductId": "hat"});
        if instruction != Value::Null {
            element["NextInstruction"] = instruction;
        }
        list(&world, &json!([element]));
        let answer = world.check_later("p1").await;
        assert_eq!(status_of(&answer, id), "held unknown_instruction");
        let results = world.confirm("p1", &[id]).await;
        assert_eq!(results, json!([{"entitlement_id": id, "status": "held"}]));
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Fulfill), 0);
}

#[tokio::test]
async fn an_unknown_instruction_that_becomes_fulfill_becomes_pending() {
    let world = linked_world().await;
    let element = |word: &str| json!({"EntitlementId": "e1", "VendorProductId": "hat", "NextInstruction": word});
    world
        .amazon
        .put_entitlement("alice", element("SOMETHING_NEW"));
    let held = world.check("p1").await;
    assert_eq!(status_of(&held, "e1"), "held unknown_instruction");
    world.amazon.put_entitlement("alice", element("FULFILL"));
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, "e1"), "pending");
    let entitlement = entitlement_of(&answer, "e1");
    assert_eq!(entitlement["content"], json!({"item": "hat"}));
    assert_eq!(
        entitlement["first_seen_at"],
        entitlement_of(&held, "e1")["first_seen_at"]
    );
    assert_eq!(entitlement["updated_at"], world.clock.now().to_string());
    let results = world.confirm("p1", &["e1"]).await;
    assert_eq!(results[0]["status"], "reported");
}

#[tokio::test]
async fn an_unknown_offer_becomes_pending_at_the_next_fresh_check_after_it_exists() {
    let world = linked_world().await;
    let id = world.amazon.claim("alice", "scarf");
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &id), "held unknown_offer");
    assert_eq!(entitlement_of(&answer, &id)["sku"], "scarf");
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), "held unknown_offer");
    world.offer("scarf").await;
    let answer = world.check("p1").await;
    assert_eq!(answer["fresh"], false);
    assert_eq!(status_of(&answer, &id), "held unknown_offer");
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, &id), "pending");
    assert_eq!(
        entitlement_of(&answer, &id)["content"],
        json!({"item": "scarf"})
    );
}

#[tokio::test]
async fn a_hold_can_change_its_reason_but_not_its_first_sight() {
    let world = linked_world().await;
    let element = |word: &str| json!({"EntitlementId": "e1", "VendorProductId": "scarf", "NextInstruction": word});
    world.amazon.put_entitlement("alice", element("FULFILL"));
    let first = world.check("p1").await;
    assert_eq!(status_of(&first, "e1"), "held unknown_offer");
    world.amazon.put_entitlement("alice", element("OTHER"));
    let second = world.check_later("p1").await;
    assert_eq!(status_of(&second, "e1"), "held unknown_instruction");
    assert_eq!(
        entitlement_of(&second, "e1")["first_seen_at"],
        entitlement_of(&first, "e1")["first_seen_at"]
    );
    assert_eq!(world.history("p1").await.len(), 1);
}

#[tokio::test]
async fn a_noop_that_was_never_seen_leaves_no_trace() {
    let world = linked_world().await;
    list(
        &world,
        &json!([{"EntitlementId": "e1", "VendorProductId": "hat", "NextInstruction": "NOOP"}]),
    );
    let answer = world.check("p1").await;
    assert_eq!(
        (answer["fresh"].as_bool(), ids_of(&answer).len()),
        (Some(true), 0)
    );
    assert!(world.history("p1").await.is_empty());
    assert!(
        world
            .fulfillment_item("ENTITLEMENT#e1", "OWNER")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_pending_one_that_amazon_no_longer_lists_stays_pending() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    assert!(world.amazon.remove_entitlement("alice", &id));
    assert_eq!(status_of(&world.check_later("p1").await, &id), "pending");
}

#[tokio::test]
async fn ids_with_slashes_hashes_and_letters_of_all_scripts_work() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let ids = [
        "a/b",
        "E#a#b",
        "PLAYER#p1",
        "\u{5916}\u{90e8}",
        "a b",
        "%2f",
    ];
    for id in ids {
        world.amazon.put_entitlement(
            "alice",
            json!({"EntitlementId": id, "VendorProductId": "coin", "NextInstruction": "FULFILL"}),
        );
    }
    world.check("p1").await;
    let results = world.confirm("p1", &ids).await;
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(
            results[number],
            json!({"entitlement_id": id, "status": "reported"})
        );
    }
    world.contract_is_kept();
}
