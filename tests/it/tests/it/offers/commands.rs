//! `offers.put`, `offers.list`, `offers.delete`.

use it::World;
use serde_json::{Value, json};

fn file(name: &str) -> Value {
    let path = local::build::workspace().join("events").join(name);
    let text = std::fs::read_to_string(path).expect("an events file");
    serde_json::from_str(&text).expect("JSON")
}

async fn list(world: &World) -> Vec<Value> {
    let answer = world.admin(json!({"command": "offers.list"})).await;
    assert_eq!(answer["ok"], true, "{answer}");
    answer["offers"].as_array().expect("a list").clone()
}

/// The details of the faults of an answer.
fn faults(answer: &Value) -> Vec<String> {
    assert_eq!(answer["ok"], false, "{answer}");
    let errors = answer["errors"].as_array().expect("a list of errors");
    errors
        .iter()
        .map(|error| {
            assert_eq!(error["code"], "invalid_request", "{error}");
            error["detail"].as_str().expect("a detail").to_owned()
        })
        .collect()
}

#[tokio::test]
async fn offers_are_put_listed_and_deleted() {
    let world = World::new().await;
    assert_eq!(list(&world).await, Vec::<Value>::new());
    let put = file("admin-offers-put.json");
    let answer = world.admin(put.clone()).await;
    assert_eq!(
        answer["stored"],
        json!(["starter-pack", "season-1:hat", "monthly-boost"])
    );
    assert_eq!(answer["warnings"].as_array().map(Vec::len), Some(1));
    let answer = world.admin(file("admin-offers-list.json")).await;
    let mut wanted = put["offers"].as_array().expect("a list").clone();
    wanted[0]["per_player"] = json!(1);
    wanted.sort_by_key(|offer| offer["sku"].to_string());
    assert_eq!(answer, json!({"ok": true, "offers": wanted}));
    let answer = world.admin(file("admin-offers-delete.json")).await;
    assert_eq!(answer, json!({"ok": true, "deleted": "monthly-boost"}));
    let skus: Vec<_> = list(&world)
        .await
        .iter()
        .map(|offer| offer["sku"].clone())
        .collect();
    assert_eq!(skus, ["season-1:hat", "starter-pack"]);
}

#[tokio::test]
async fn putting_an_offer_again_replaces_it() {
    let world = World::new().await;
    world.offer_with("hat", &json!({"per_player": 3})).await;
    world
        .offer_with("hat", &json!({"title": "Better", "per_player": null}))
        .await;
    assert_eq!(
        list(&world).await,
        [json!({"sku": "hat", "title": "Better", "content": {"item": "hat"}, "per_player": null})]
    );
}

#[tokio::test]
async fn all_faults_of_a_file_are_named_at_once_and_nothing_is_stored() {
    let world = World::new().await;
    let answer = world.admin(file("admin-offers-put-bad.json")).await;
    let faults = faults(&answer);
    for place in [
        "offers[0].sku:",
        "offers[0].title:",
        "offers[0].per_player:",
        "offers[1].content:",
        "offers[2].",
    ] {
        let named = faults.iter().filter(|fault| fault.starts_with(place));
        assert_eq!(named.count(), 1, "{place} in {faults:#?}");
    }
    assert_eq!(faults.len(), 5, "{faults:#?}");
    assert_eq!(list(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn one_bad_offer_keeps_the_good_ones_out() {
    let world = World::new().await;
    let good = json!({"sku": "hat", "title": "Hat", "content": 1});
    let bad = json!({"sku": "scarf", "title": "Scarf"});
    let answer = world
        .admin(json!({"command": "offers.put", "offers": [good, bad]}))
        .await;
    assert_eq!(faults(&answer).len(), 1);
    assert_eq!(list(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn each_rule_of_an_offer_is_checked() {
    let world = World::new().await;
    let with = |field: &str, value: Value| {
        let mut offer = json!({"sku": "hat", "title": "Hat", "content": {}});
        offer[field] = value;
        offer
    };
    for (offer, field) in [
        (with("sku", json!("")), "sku"),
        (with("sku", json!("x".repeat(129))), "sku"),
        (with("sku", json!("a b")), "sku"),
        (with("sku", json!(5)), "sku"),
        (with("title", json!(" ")), "title"),
        (with("title", json!("x".repeat(201))), "title"),
        (with("title", json!(null)), "title"),
        (with("content", json!("x".repeat(8191))), "content"),
        (with("per_player", json!(0)), "per_player"),
        (with("per_player", json!(1001)), "per_player"),
        (with("per_player", json!(-1)), "per_player"),
        (with("per_player", json!(1.5)), "per_player"),
        (with("per_player", json!("1")), "per_player"),
    ] {
        let answer = world
            .admin(json!({"command": "offers.put", "offers": [offer]}))
            .await;
        let faults = faults(&answer);
        assert_eq!(faults.len(), 1, "{offer}: {faults:?}");
        assert!(
            faults[0].starts_with(&format!("offers[0].{field}:")),
            "{faults:?}"
        );
    }
    // The largest that is right.
    world
        .offer_with(
            "hat",
            &json!({"title": "x".repeat(200), "content": "x".repeat(8190), "per_player": 1000}),
        )
        .await;
    assert_eq!(list(&world).await.len(), 1);
}

#[tokio::test]
async fn a_sku_that_is_in_the_list_twice_is_a_fault() {
    let world = World::new().await;
    let offer = json!({"sku": "hat", "title": "Hat", "content": {}});
    let answer = world
        .admin(json!({"command": "offers.put", "offers": [offer, offer]}))
        .await;
    let faults = faults(&answer);
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].starts_with("offers[1].sku:") && faults[0].contains("hat"),
        "{faults:?}"
    );
    assert_eq!(list(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_list_that_is_none_is_a_fault() {
    let world = World::new().await;
    for event in [
        json!({"command": "offers.put"}),
        json!({"command": "offers.put", "offers": []}),
        json!({"command": "offers.put", "offers": {"sku": "hat"}}),
        json!({"command": "offers.put", "offers": vec![json!({}); 501]}),
    ] {
        assert_eq!(faults(&world.admin(event).await).len(), 1);
    }
}

#[tokio::test]
async fn an_offer_that_is_not_there_can_not_be_deleted() {
    let world = World::new().await;
    let answer = world
        .admin(json!({"command": "offers.delete", "sku": "hat"}))
        .await;
    assert_eq!(answer["ok"], false);
    assert_eq!(answer["errors"][0]["code"], "not_found");
    for sku in [json!(null), json!(""), json!("a/b"), json!(5)] {
        let answer = world
            .admin(json!({"command": "offers.delete", "sku": sku}))
            .await;
        assert_eq!(faults(&answer).len(), 1);
    }
}

#[tokio::test]
async fn an_unknown_command_names_the_known_ones() {
    let world = World::new().await;
    for event in [
        file("admin-bad-command.json"),
        json!({}),
        json!({"command": 5}),
        json!(null),
        json!([]),
        json!("offers.list"),
    ] {
        let answer = world.admin(event).await;
        let faults = faults(&answer);
        for command in ["offers.put", "offers.list", "offers.delete"] {
            assert!(faults[0].contains(command), "{faults:?}");
        }
    }
}
