//! What all commands have in common: faults, dry runs, request ids, audit records.

use std::time::Duration;

use it::World;
use serde_json::{Value, json};

use super::support::{code, done, duplicate, everything, only_code, order, trail};

/// How many there are.
const COMMANDS: usize = 10;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// One command of each kind that changes something, where each can be carried out.
async fn changing() -> (World, Vec<Value>) {
    let world = World::new().await;
    let (first, second) = duplicate(&world).await;
    world.linked("p2", "bob").await;
    world.offer("scarf").await;
    let done = world.amazon.claim("bob", "scarf");
    world.check_later("p2").await;
    let confirmed = world.confirm("p2", &[&done]).await;
    assert_eq!(confirmed[0]["status"], "reported");
    let of = |id: &str| json!({"player_id": "p1", "entitlement_id": id});
    let reported = json!({"player_id": "p2", "entitlement_id": done});
    let moved = json!({"entitlement_id": first, "from_player_id": "p1", "to_player_id": "p3"});
    let offer = json!({"sku": "cape", "title": "Cape", "content": 1});
    let commands = vec![
        order("entitlement.release", &of(&second)),
        order("entitlement.hold", &of(&first)),
        order("entitlement.reassign", &moved),
        order("entitlement.rereport", &reported),
        order("link.retry", &json!({"player_id": "p1"})),
        order("player.unlink", &json!({"player_id": "p1"})),
        order("offers.put", &json!({"offers": [offer]})),
        order("offers.delete", &json!({"sku": "scarf"})),
        order("offers.pause", &json!({"sku": "hat"})),
        order("offers.resume", &json!({"sku": "hat"})),
    ];
    (world, commands)
}

fn with(command: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut command = command.clone();
    command[field] = value.into();
    command
}

#[tokio::test]
async fn all_faults_of_a_command_are_named_at_once() {
    let world = World::new().await;
    let command = json!({
        "command": "entitlement.reassign", "entitlement_id": 5, "from_player_id": "a b",
        "to_player_id": "", "actor": "", "dry_run": "yes", "request_id": "x".repeat(201),
        "player": "p1", "entitlements": []
    });
    let answer = world.admin(command).await;
    let errors = answer["errors"].as_array().expect("a list");
    for field in [
        "entitlement_id must",
        "from_player_id must",
        "to_player_id must",
        "actor must",
        "reason is required",
        "dry_run must",
        "request_id must",
        "\"player\" is no field",
        "\"entitlements\" is no field",
    ] {
        let named = errors.iter().filter(|error| {
            assert_eq!(error["code"], "invalid_request", "{error}");
            error["detail"].as_str().expect("text").starts_with(field)
        });
        assert_eq!(named.count(), 1, "{field} in {answer}");
    }
    assert_eq!(errors.len(), 9, "{answer}");
    let detail = errors[8]["detail"].as_str().expect("text");
    assert!(
        detail.contains("takes entitlement_id, from_player_id"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_command_that_changes_something_needs_an_actor_and_a_reason() {
    let (world, commands) = changing().await;
    for command in commands {
        let mut bare = command.clone();
        let fields = bare.as_object_mut().expect("fields");
        fields.remove("actor");
        fields.insert("reason".to_owned(), Value::Null);
        let answer = world.admin(bare).await;
        if ["offers.put", "offers.delete"].contains(&command["command"].as_str().expect("text")) {
            assert_eq!(
                answer["warnings"].as_array().map(Vec::len),
                Some(2),
                "{answer}"
            );
            continue;
        }
        let errors = answer["errors"].as_array().expect("a list");
        assert_eq!(errors.len(), 2, "{answer}");
    }
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_changes_nothing() {
    let (world, commands) = changing().await;
    for command in commands {
        let before = everything(&world).await;
        let calls = world.amazon.calls().len();
        let dry = world.admin(with(&command, "dry_run", true)).await;
        assert_eq!(dry["ok"], true, "{command}: {dry}");
        assert_eq!(dry["dry_run"], true);
        assert_eq!(everything(&world).await, before, "{command}");
        assert_eq!(world.amazon.calls().len(), calls, "{command}");
        // It is what the command then does, but for the time.
        let request = with(&with(&command, "dry_run", true), "request_id", "r1");
        assert_eq!(world.admin(request).await, dry);
        assert_eq!(everything(&world).await, before, "{command}");
    }
}

#[tokio::test]
async fn what_a_dry_run_says_is_what_is_done() {
    for number in 0..COMMANDS {
        let (world, commands) = changing().await;
        let command = &commands[number];
        let mut dry = world.admin(with(command, "dry_run", true)).await;
        dry.as_object_mut().expect("fields").remove("dry_run");
        let before = everything(&world).await;
        assert_eq!(world.admin(command.clone()).await, dry);
        assert_ne!(everything(&world).await, before, "{command}");
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_repeated_request_gets_the_same_answer_and_does_nothing_twice() {
    for number in 0..COMMANDS {
        let (world, commands) = changing().await;
        let command = with(&commands[number], "request_id", "r1");
        let answer = world.admin(command.clone()).await;
        assert_eq!(answer["ok"], true, "{command}: {answer}");
        let after = everything(&world).await;
        world.pass(60);
        for again in [command.clone(), with(&command, "dry_run", false)] {
            assert_eq!(world.admin(again).await, answer);
        }
        assert_eq!(everything(&world).await, after, "{command}");
        for other in [
            with(&command, "reason", "another"),
            with(&command, "actor", "grace"),
            with(
                &order("link.retry", &json!({"player_id": "p2"})),
                "request_id",
                "r1",
            ),
        ] {
            assert_eq!(only_code(&world.admin(other).await), "request_id_reused");
        }
        assert_eq!(everything(&world).await, after, "{command}");
    }
}

#[tokio::test]
async fn a_request_id_is_kept_for_30_days() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let command = json!({"player_id": "p1", "request_id": "r1"});
    done(&world, "link.retry", command.clone()).await;
    world.clock.advance(30 * DAY - Duration::from_secs(1));
    done(&world, "link.retry", command.clone()).await;
    assert_eq!(trail(&world, "p1").await.len(), 1);
    world.pass(1);
    done(&world, "link.retry", command).await;
    assert_eq!(trail(&world, "p1").await.len(), 2);
}

#[tokio::test]
async fn a_refused_command_keeps_no_request_id() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let command = json!({"player_id": "p1", "entitlement_id": id, "request_id": "r1"});
    assert_eq!(
        code(&world, "entitlement.release", command.clone()).await,
        "conflict"
    );
    let held = json!({"player_id": "p1", "entitlement_id": id});
    done(&world, "entitlement.hold", held).await;
    done(&world, "entitlement.release", command).await;
}

#[tokio::test]
async fn a_change_and_its_audit_record_are_written_together_or_not_at_all() {
    let (world, commands) = changing().await;
    for command in commands {
        let before = everything(&world).await;
        world.database.refuse("TransactWriteItems", 0, 1);
        let answer = world.admin(with(&command, "request_id", "r1")).await;
        assert_eq!(only_code(&answer), "unavailable", "{command}");
        assert_eq!(everything(&world).await, before, "{command}");
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_change_whose_answer_is_lost_is_made_once() {
    for number in 0..COMMANDS {
        let (world, commands) = changing().await;
        world.database.lose_answer("TransactWriteItems", 0);
        let answer = world.admin(commands[number].clone()).await;
        assert_eq!(answer["ok"], true, "{answer}");
        let audits = everything(&world).await;
        let audits = audits.iter().filter(|(key, _)| key.contains(" A#"));
        let commands = audits.filter(|(_, row)| row["command"].as_s().is_ok());
        // Of a move both players have one; `changing` has put two offers.
        let own = if number == 2 { 2 } else { 1 };
        assert_eq!(commands.count(), own + 2, "{}", commands_name(number));
    }
}

fn commands_name(number: usize) -> String {
    format!("command {number}")
}

#[tokio::test]
async fn an_audit_record_says_who_did_what_when_and_why() {
    let world = World::new().await;
    let (_, second) = duplicate(&world).await;
    let fields = json!({"player_id": "p1", "entitlement_id": second, "request_id": "r1"});
    done(&world, "entitlement.release", fields).await;
    let at = world.clock.now().to_string();
    world.pass(1);
    done(&world, "link.retry", json!({"player_id": "p1"})).await;
    let trail = trail(&world, "p1").await;
    assert_eq!(trail.len(), 2);
    assert_eq!(trail[0]["command"], "link.retry", "the newest first");
    assert_eq!(
        trail[1],
        json!({
            "at": at, "command": "entitlement.release", "actor": "ada", "reason": "ticket 7",
            "request_id": "r1", "entitlement_id": second,
            "note": "a duplicate_offer: it takes a place in the guard of hat beyond the limit"
        })
    );
}

#[tokio::test]
async fn many_offers_are_stored_with_an_audit_record_each() {
    let world = World::new().await;
    let offers: Vec<_> = (0..95)
        .map(|number| json!({"sku": format!("offer-{number}"), "title": "One", "content": number}))
        .collect();
    let command = order("offers.put", &json!({"offers": offers, "request_id": "r1"}));
    let answer = world.admin(command.clone()).await;
    assert_eq!(
        answer["stored"].as_array().map(Vec::len),
        Some(95),
        "{answer}"
    );
    assert_eq!(answer["stored"][94], "offer-94");
    let rows = everything(&world).await;
    assert_eq!(rows.keys().filter(|key| key.contains("OFFER#")).count(), 95);
    assert_eq!(world.admin(command).await, answer);
    assert_eq!(everything(&world).await, rows);
}

#[tokio::test]
async fn any_number_per_player_is_warned_of() {
    let world = World::new().await;
    let offer = |sku: &str, most: Value| json!({"sku": sku, "title": "T", "content": 1, "per_player": most});
    let offers = json!([offer("a", json!(2)), offer("b", Value::Null)]);
    let answer = done(&world, "offers.put", json!({"offers": offers})).await;
    let warnings = answer["warnings"].as_array().expect("warnings");
    assert_eq!(warnings.len(), 1, "{answer}");
    let warning = warnings[0].as_str().expect("text");
    assert!(
        warning.starts_with("offers[1].per_player") && warning.contains("once per game account")
    );
    let answer = done(
        &world,
        "offers.put",
        json!({"offers": [offer("a", json!(1))]}),
    )
    .await;
    assert_eq!(answer, json!({"ok": true, "stored": ["a"]}));
}

#[tokio::test]
async fn an_offer_that_can_not_be_read_does_not_hide_the_others_and_can_be_deleted() {
    let world = World::new().await;
    world.offer("hat").await;
    world.offer("scarf").await;
    let table = &world.app.config.tables.offers;
    let corrupt = world.dynamodb.update_item().table_name(table);
    let corrupt = corrupt
        .key(
            "sku",
            aws_sdk_dynamodb::types::AttributeValue::S("hat".to_owned()),
        )
        .update_expression("REMOVE title");
    corrupt.send().await.expect("written");
    let list = world.admin(json!({"command": "offers.list"})).await;
    assert_eq!(list["offers"].as_array().map(Vec::len), Some(1), "{list}");
    let unreadable = list["unreadable"][0].as_str().expect("text");
    assert!(
        unreadable.contains("hat") && unreadable.contains("title"),
        "{unreadable}"
    );
    done(&world, "offers.delete", json!({"sku": "hat"})).await;
    let list = world.admin(json!({"command": "offers.list"})).await;
    assert!(list.get("unreadable").is_none(), "{list}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let nobody = json!({"player_id": "p9"});
    for (command, fields) in [
        ("player.get", nobody.clone()),
        ("player.unlink", nobody.clone()),
        ("link.retry", nobody),
        (
            "amazon.get",
            json!({"amazon_user_id": "amzn1.account.NONE"}),
        ),
        ("entitlement.get", json!({"entitlement_id": "e9"})),
        (
            "entitlement.hold",
            json!({"player_id": "p1", "entitlement_id": "e9"}),
        ),
        (
            "entitlement.release",
            json!({"player_id": "p9", "entitlement_id": id}),
        ),
        (
            "entitlement.rereport",
            json!({"player_id": "p1", "entitlement_id": "e9"}),
        ),
        (
            "entitlement.reassign",
            json!({"entitlement_id": id, "from_player_id": "p9", "to_player_id": "p1"}),
        ),
        ("offers.delete", json!({"sku": "none"})),
    ] {
        assert_eq!(
            code(&world, command, fields).await,
            "not_found",
            "{command}"
        );
    }
}
