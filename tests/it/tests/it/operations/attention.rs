//! `attention.list`, `attention.release`.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use it::{Reply, World, entitlement_of, status_of};
use prime_gaming::domain::Timestamp;
use serde_json::{Value, json};
use stand_in::Endpoint::Fulfill;
use stand_in::Fault;

use super::support::{code, done, duplicate, everything, order, places, trail};

/// The answers of all pages of the list.
async fn pages(world: &World, fields: Value) -> Vec<Value> {
    let mut pages = Vec::new();
    let mut fields = fields;
    loop {
        let mut event = json!({"command": "attention.list"});
        for (name, value) in fields.as_object().expect("fields") {
            event[name] = value.clone();
        }
        let answer = world.admin(event).await;
        assert_eq!(answer["ok"], true, "{answer}");
        fields["cursor"] = answer["cursor"].clone();
        pages.push(answer);
        if fields["cursor"].is_null() {
            return pages;
        }
    }
}

/// The ids on all pages of the list.
async fn listed(world: &World, fields: Value) -> Vec<String> {
    let pages = pages(world, fields).await;
    pages.iter().flat_map(it::ids_of).collect()
}

/// A report that has failed for a week.
async fn failing_for_a_week(world: &World) -> String {
    let id = world.unreported("p1", "alice").await;
    for _ in 0..29 {
        world.pass(6 * 3600);
        let error = Fault::ItemResult("ERROR".to_owned());
        world.amazon.fault(Fulfill, error, 1);
        world.reconcile().await;
    }
    world.amazon.clear_faults();
    id
}

fn refusal() -> Reply {
    let body = json!({"refused": true}).to_string();
    Reply::Refuse(http::StatusCode::GONE, Vec::new(), body)
}

/// So many entitlements of `p1` that are held for this reason, one second apart, as if the service had
/// held them. Gives the time of the first.
async fn plant(world: &World, like: &str, count: u32) -> Timestamp {
    let item = world.record_item("p1", like).await;
    let first = world.clock.now() - std::time::Duration::from_secs(10_000);
    for number in 0..count {
        let id = format!("planted-{number:04}");
        let at = (first + std::time::Duration::from_secs(number.into())).as_millis();
        let position = format!("{at:015}#{id}");
        let mut item = item.clone();
        let shard = item["attention_shard"].as_s().expect("a shard").clone();
        let (why, _) = shard.split_once('#').expect("two parts");
        for (name, value) in [
            ("sk", AttributeValue::S(format!("E#{id}"))),
            ("open", AttributeValue::S(position.clone())),
            ("seen", AttributeValue::S(position)),
            ("first_seen_at", AttributeValue::N(at.to_string())),
            ("updated_at", AttributeValue::N(at.to_string())),
            ("attention_since", AttributeValue::N(at.to_string())),
            (
                "attention_shard",
                AttributeValue::S(format!("{why}#{}", number % 8)),
            ),
        ] {
            item.insert(name.to_owned(), value);
        }
        let put = world.dynamodb.put_item();
        let put = put.table_name(&world.app.config.tables.fulfillments);
        put.set_item(Some(item)).send().await.expect("written");
    }
    first
}

#[tokio::test]
async fn the_list_has_every_reason_that_only_an_operator_ends() {
    let world = World::new().await;
    let (first, second) = duplicate(&world).await;
    world.linked("p3", "carol").await;
    let unknown = world.amazon.claim("carol", "unknown");
    let withdrawn = world.amazon.claim("carol", "hat");
    world.check("p3").await;
    let element = json!({
        "EntitlementId": withdrawn, "VendorProductId": "hat", "NextInstruction": "NOOP"
    });
    world.amazon.put_entitlement("carol", element);
    let answer = world.check_later("p3").await;
    assert_eq!(status_of(&answer, &withdrawn), "held withdrawn");
    assert_eq!(status_of(&answer, &unknown), "held unknown_offer");

    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    let answer = world.check("p2").await;
    assert_eq!(status_of(&answer, &first), "held other_player");
    done(
        &world,
        "entitlement.hold",
        json!({"player_id": "p1", "entitlement_id": first}),
    )
    .await;

    // One of them waits for each of the two players.
    let mut all = listed(&world, json!({})).await;
    all.sort();
    let mut expected = vec![first.clone(), first.clone(), second.clone()];
    expected.sort();
    assert_eq!(all, expected);
    for (held, ids) in [
        ("duplicate_offer", vec![second.clone()]),
        ("operator", vec![first.clone()]),
        ("other_player", vec![first.clone()]),
        ("delivery_refused", vec![]),
        ("attention", vec![]),
    ] {
        assert_eq!(listed(&world, json!({"held": held})).await, ids, "{held}");
    }
    assert_eq!(listed(&world, json!({"sku": "boots"})).await, [""; 0]);
    assert_eq!(listed(&world, json!({"sku": "hat"})).await.len(), 3);
}

#[tokio::test]
async fn what_the_studio_refused_and_what_may_have_been_delivered_is_listed_until_it_is_released() {
    let (mut world, studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.offer("boots").await;
    world.linked("p1", "alice").await;
    studio.rule(|call| (call.json()["data"]["sku"] == "hat").then(refusal));
    let refused = world.amazon.claim("alice", "hat");
    world.check("p1").await;
    studio.rule(|_| Some(Reply::status(500)));
    let unknown = world.amazon.claim("alice", "boots");
    world.check_later("p1").await;
    world.let_the_game_deliver();
    world.pass(3600);
    world.reconcile().await;
    let list = |held: &str| json!({ "held": held });
    for (held, id) in [
        ("delivery_refused", &refused),
        ("delivery_unknown", &unknown),
    ] {
        assert_eq!(listed(&world, list(held)).await, [id.as_str()]);
    }
    for (held, id) in [
        ("delivery_refused", &refused),
        ("delivery_unknown", &unknown),
    ] {
        let answer = done(&world, "attention.release", list(held)).await;
        assert_eq!(answer["released"], 1, "{answer}");
        assert_eq!(world.known_status("p1", id).await, "pending");
    }
    assert_eq!(listed(&world, json!({})).await, [""; 0]);
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn what_has_attention_is_listed_and_release_tries_it_at_once() {
    let world = World::new().await;
    let id = failing_for_a_week(&world).await;
    let pages = pages(&world, json!({"held": "attention"})).await;
    let entitlement = entitlement_of(&pages[0], &id);
    assert!(entitlement["attention_at"].is_string(), "{entitlement}");
    // It would be tried tomorrow.
    world.forget();
    world.pass(3600);
    world.reconcile().await;
    assert_eq!(world.amazon.calls_to(Fulfill), 0);
    let answer = done(&world, "attention.release", json!({"held": "attention"})).await;
    assert_eq!(answer["released"], 1, "{answer}");
    assert_eq!(trail(&world, "p1").await[0]["command"], "attention.release");
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(listed(&world, json!({})).await, [""; 0]);
}

fn say(world: &World, id: &str, word: &str) {
    let element = json!({"EntitlementId": id, "VendorProductId": "hat", "NextInstruction": word});
    world.amazon.put_entitlement("alice", element);
}

async fn waiting(world: &World) -> u64 {
    let count = world.app.fulfillments.count_alarming();
    count.await.expect("a count")
}

#[tokio::test]
async fn what_is_held_for_an_unknown_word_for_a_week_is_listed_until_amazon_says_another() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    say(&world, "e1", "LATER");
    world.check("p1").await;
    assert_eq!(listed(&world, json!({})).await, [""; 0]);
    world.pass(7 * 24 * 3600);
    world.check("p1").await;
    let attention = json!({"held": "attention"});
    assert_eq!(listed(&world, attention.clone()).await, ["e1"]);
    assert_eq!(waiting(&world).await, 1, "the alarm rings");

    // An operator has looked, and Amazon still says the word.
    let answer = done(&world, "attention.release", attention.clone()).await;
    assert_eq!(answer["released"], 1, "{answer}");
    assert_eq!(trail(&world, "p1").await[0]["command"], "attention.release");
    assert_eq!(waiting(&world).await, 0);
    world.check_later("p1").await;
    assert_eq!(listed(&world, attention.clone()).await, ["e1"]);

    say(&world, "e1", "FULFILL");
    let answer = world.check_later("p1").await;
    assert_eq!(status_of(&answer, "e1"), "pending");
    assert_eq!(listed(&world, json!({})).await, [""; 0]);
    assert_eq!(waiting(&world).await, 0);
}

/// Releases page after page, each under a request id of its own. Gives how many were released.
async fn release_all(world: &World, mut fields: Value) -> u64 {
    let mut released = 0;
    for page in 1.. {
        fields["request_id"] = format!("page {page}").into();
        let answer = done(world, "attention.release", fields.clone()).await;
        // Repeated, it does nothing, and answers the same.
        let again = done(world, "attention.release", fields.clone()).await;
        assert_eq!(again, answer);
        released += answer["released"].as_u64().expect("a number");
        fields["cursor"] = answer["cursor"].clone();
        if fields["cursor"].is_null() {
            break;
        }
    }
    released
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn very_many_are_released_in_pages_each_with_an_audit_record() {
    let world = World::new().await;
    let (first, second) = duplicate(&world).await;
    plant(&world, &second, 105).await;
    let pages = pages(&world, json!({"held": "duplicate_offer"})).await;
    assert_eq!(pages.len(), 2);
    let released = release_all(&world, json!({"held": "duplicate_offer"})).await;
    assert_eq!(released, 106);
    assert_eq!(listed(&world, json!({})).await, [""; 0]);
    assert_eq!(places(&world, "p1", "hat").await.len(), 107);
    let item = world.record_item("p1", &first).await;
    assert_eq!(item["status"].as_s().map(String::as_str), Ok("pending"));
    let trail = trail(&world, "p1").await;
    let audited = trail.iter().map(|it| it["entitlement_id"].to_string());
    let audited: BTreeSet<_> = audited.collect();
    assert_eq!((trail.len(), audited.len()), (106, 106));
    let note = trail[0]["note"].as_str().expect("a note");
    assert!(note.contains("beyond the limit"), "{note}");
}

#[tokio::test]
async fn only_what_has_waited_since_before_a_time_is_released() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    let planted_at = plant(&world, &second, 9).await;
    let before = planted_at + std::time::Duration::from_secs(5);
    let fields = json!({"held": "duplicate_offer", "sku": "hat", "before": before.to_string()});
    let mut dry_run = fields.clone();
    dry_run["dry_run"] = true.into();
    let stored = everything(&world).await;
    let answer = done(&world, "attention.release", dry_run).await;
    assert_eq!(answer["released"], 5, "{answer}");
    assert_eq!(everything(&world).await, stored);
    assert_eq!(release_all(&world, fields).await, 5);
    let mut left = listed(&world, json!({})).await;
    left.sort();
    let mut expected: Vec<_> = (5..9)
        .map(|number| format!("planted-{number:04}"))
        .collect();
    expected.push(second);
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn what_can_not_be_released_stays_and_the_answer_says_why() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    let answer = world
        .admin(order("offers.delete", &json!({"sku": "hat"})))
        .await;
    assert_eq!(answer["ok"], true, "{answer}");
    let answer = done(
        &world,
        "attention.release",
        json!({"held": "duplicate_offer"}),
    )
    .await;
    assert_eq!(answer["released"], 0);
    let skipped = &answer["skipped"][0];
    assert_eq!(
        (&skipped["player_id"], &skipped["entitlement_id"]),
        (&json!("p1"), &json!(second))
    );
    let detail = skipped["detail"].as_str().expect("a text");
    assert!(detail.contains("there is no offer hat"), "{detail}");
}

#[tokio::test]
async fn one_row_that_can_not_be_read_does_not_hide_the_others() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    plant(&world, &second, 3).await;
    let update = world.dynamodb.update_item();
    let update = update
        .table_name(&world.app.config.tables.fulfillments)
        .key("pk", AttributeValue::S("PLAYER#p1".to_owned()))
        .key("sk", AttributeValue::S("E#planted-0001".to_owned()))
        .update_expression("SET amazon_user_id = :wrong")
        .expression_attribute_values(":wrong", AttributeValue::N("7".to_owned()));
    update.send().await.expect("written");
    let pages = pages(&world, json!({})).await;
    assert_eq!(it::ids_of(&pages[0]).len(), 3);
    let unreadable = pages[0]["unreadable"][0].as_str().expect("a text");
    assert!(unreadable.contains("planted-0001"), "{unreadable}");
    let answer = done(
        &world,
        "attention.release",
        json!({"held": "duplicate_offer"}),
    )
    .await;
    assert_eq!(answer["released"], 3, "{answer}");
}

#[tokio::test]
async fn what_an_older_version_has_released_is_listed_no_more() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    // It does not know the index, so the row stays in it.
    let update = world.dynamodb.update_item();
    let update = update
        .table_name(&world.app.config.tables.fulfillments)
        .key("pk", AttributeValue::S("PLAYER#p1".to_owned()))
        .key("sk", AttributeValue::S(format!("E#{second}")))
        .update_expression("SET #status = :pending, content = :content REMOVE reason")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":pending", AttributeValue::S("pending".to_owned()))
        .expression_attribute_values(":content", AttributeValue::S("{}".to_owned()));
    update.send().await.expect("written");
    assert_eq!(listed(&world, json!({})).await, [""; 0]);
    let answer = done(
        &world,
        "attention.release",
        json!({"held": "duplicate_offer"}),
    )
    .await;
    assert_eq!(answer["released"], 0, "{answer}");
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let world = World::new().await;
    for (command, fields, code_) in [
        (
            "attention.list",
            json!({"held": "withdrawn"}),
            "invalid_request",
        ),
        ("attention.list", json!({"cursor": "e30"}), "invalid_cursor"),
        (
            "attention.list",
            json!({"cursor": "not base64!"}),
            "invalid_cursor",
        ),
        ("attention.release", json!({}), "invalid_request"),
        (
            "attention.release",
            json!({"held": "other_player"}),
            "invalid_request",
        ),
        (
            "attention.release",
            json!({"held": "operator", "before": "yesterday"}),
            "invalid_request",
        ),
    ] {
        assert_eq!(
            code(&world, command, fields.clone()).await,
            code_,
            "{fields}"
        );
    }
    // A cursor of the whole list can point behind the parts of one reason.
    let keys = &world.app.secrets.current().token_keys;
    let cursor = |part: u8| {
        let of = r#"Some("operator") None None"#;
        let position = json!({"of": of, "part": part, "entry": null}).to_string();
        let sealed = keys.seal(position.as_bytes(), &["cursor", "attention"]);
        sealed.as_str().to_owned()
    };
    let (far, near) = (cursor(8), cursor(7));
    for (held, cursor, is_good) in [
        ("operator", &far, false),
        ("operator", &near, true),
        // It is a cursor of another list.
        ("attention", &near, false),
    ] {
        let event = json!({"command": "attention.list", "held": held, "cursor": cursor});
        let answer = world.admin(event).await;
        assert_eq!(answer["ok"], is_good, "{held}: {answer}");
        assert!(is_good || answer["errors"][0]["code"] == "invalid_cursor");
    }
}

#[tokio::test]
async fn every_fifth_minute_reconcile_counts_what_an_operator_should_see_soon() {
    let world = World::new().await;
    failing_for_a_week(&world).await;
    let mut counts = Vec::new();
    for _ in 0..5 {
        world.pass(60);
        world.forget();
        world.reconcile().await;
        counts.push(world.database.requests().len());
    }
    counts.sort_unstable();
    // A query for each of 8 shards; and once one for each of 8 shards and of 3 reasons.
    assert_eq!(counts, [8, 8, 8, 8, 32]);
}
