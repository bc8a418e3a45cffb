//! An offer's content goes from `offers.put` to the game byte for byte, and its title with it.

use aws_sdk_dynamodb::types::AttributeValue;
use it::{Reply, World, entitlement_of};
use serde_json::{Value, json};

/// What a parser that builds numbers and maps would change: order, spaces, escapes, digits.
const CONTENT: &str = r#"{ "z": 1.10,  "a":[18446744073709551616, 1e400, -0, 1E+2, 0.1000000000000000055511151231257827],
	"text" : "\u0041\/\ud83c\udfae é", "": {} }"#;

fn put(content: &str) -> String {
    format!(
        r#"{{"command": "offers.put", "actor": "ada", "reason": "ticket 7", "offers": [{{"sku": "hat", "title": "A “hat”", "content": {content} }}]}}"#
    )
}

async fn offered(world: &World) {
    let answer = world.admin_text(&put(CONTENT)).await;
    assert_eq!(answer, r#"{"ok":true,"stored":["hat"]}"#);
}

/// What stands where the game looks for its content.
fn kept() -> String {
    format!(r#""sku":"hat","title":"A “hat”","content":{CONTENT}"#)
}

async fn checked(world: &World) -> String {
    world
        .call_as("p1", "POST", "/v1/entitlements/check")
        .send()
        .await
        .body
}

async fn history(world: &World) -> String {
    let answer = world.call_as("p1", "GET", "/v1/entitlements").send().await;
    assert_eq!(answer.status, 200);
    answer.body
}

#[tokio::test]
async fn the_game_gets_the_bytes_that_offers_put_was_given() {
    let world = World::new().await;
    offered(&world).await;
    let list = world.admin_text(r#"{"command": "offers.list"}"#).await;
    let offer = format!("{{{},", kept());
    assert!(list.contains(&offer), "{list}");

    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    let wanted = format!(
        r#""entitlements":[{{"entitlement_id":"{id}",{},"status":"pending","reason":null,"#,
        kept()
    );
    // The first from the offer, the second as it is stored.
    for _ in 0..2 {
        let check = checked(&world).await;
        assert!(check.contains(&wanted), "{check}");
    }
    let history = history(&world).await;
    assert!(history.contains(&wanted), "{history}");
}

#[tokio::test]
async fn the_webhook_gets_the_same_bytes_at_every_try() {
    let (world, studio) = World::with_studio(&[]).await;
    offered(&world).await;
    world.linked("p1", "alice").await;
    let id = world.amazon.claim("alice", "hat");
    studio.script([Reply::status(500)]);
    checked(&world).await;
    world.pass(60);
    world.reconcile().await;
    let calls = studio.calls();
    assert_eq!(calls.len(), 2);
    let data = format!(
        r#""data":{{"player_id":"p1","entitlement_id":"{id}",{}}}}}"#,
        kept()
    );
    for call in calls {
        assert!(call.body.ends_with(&data), "{}", call.body);
    }
}

#[tokio::test]
async fn what_a_game_could_not_read_surely_is_refused_by_name() {
    let world = World::new().await;
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (content, named) in [
        (
            r#"{"gem": 1, "gem": 1}"#.to_owned(),
            r#"the key "gem" twice"#,
        ),
        (
            r#"[{"a": {"gem": 1, "\u0067em": 2}}]"#.to_owned(),
            r#"the key "gem" twice"#,
        ),
        (deep(125), "more than 124 deep"),
        // As deep as 8 KB can be: no parser's stack is asked to follow.
        (deep(4096), "more than 124 deep"),
        (r#""\ud800""#.to_owned(), "half of a surrogate pair"),
        (format!("[{}]", " ".repeat(8191)), "at most 8192 bytes"),
    ] {
        let answer = world.admin_text(&put(&content)).await;
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["ok"], false, "{content}");
        let detail = answer["errors"][0]["detail"].as_str().expect("text");
        assert!(detail.starts_with("offers[0].content: "), "{detail}");
        assert!(detail.contains(named), "{detail}");
    }
    for (command, named) in [
        (
            r#"{"command": "offers.put", "offers": [{"sku": "a", "sku": "b", "title": "A", "content": 1}]}"#,
            r#"offers[0].offer: has an object with the key "sku" twice"#,
        ),
        (
            r#"{"command": "offers.put", "command": "offers.list"}"#,
            r#"the command has an object with the key "command" twice"#,
        ),
    ] {
        let answer = world.admin_text(command).await;
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let detail = answer["errors"][0]["detail"].as_str().expect("text");
        assert!(detail.starts_with(named), "{detail}");
    }
    let list = world.admin_text(r#"{"command": "offers.list"}"#).await;
    assert_eq!(list, r#"{"ok":true,"offers":[]}"#, "nothing was stored");
    // What is refused ends just beyond what is taken.
    let answer = world.admin_text(&put(&deep(124))).await;
    assert_eq!(answer, r#"{"ok":true,"stored":["hat"]}"#);
}

#[tokio::test]
async fn a_row_that_an_earlier_version_wrote_is_read_as_before() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let request = world
        .dynamodb
        .update_item()
        .table_name(&world.app.config.tables.fulfillments)
        .key("pk", AttributeValue::S("PLAYER#p1".to_owned()))
        .key("sk", AttributeValue::S(format!("E#{id}")))
        .update_expression("REMOVE title SET content = :content")
        .expression_attribute_values(
            ":content",
            AttributeValue::S(r#"{"amount":1.5,"item":"hat"}"#.to_owned()),
        );
    request.send().await.expect("written");
    let entitlement = entitlement_of(&world.check("p1").await, &id);
    assert_eq!(entitlement["title"], Value::Null);
    assert_eq!(
        entitlement["content"],
        json!({"amount": 1.5, "item": "hat"})
    );
}

#[tokio::test]
async fn the_title_is_as_it_was_when_the_entitlement_became_pending() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.offer_with("hat", &json!({"title": "Another"})).await;
    world.pass(120);
    let entitlement = entitlement_of(&world.check("p1").await, &id);
    assert_eq!(entitlement["title"], "hat");
}

#[tokio::test]
async fn the_times_of_delivery_and_report_are_in_every_view() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let times =
        |entitlement: &Value| ["delivered_at", "reported_at"].map(|name| entitlement[name].clone());
    let known = entitlement_of(&world.check("p1").await, &id);
    assert_eq!(times(&known), [Value::Null, Value::Null]);

    world.pass(60);
    let delivered_at = world.clock.now().to_string();
    let fault = stand_in::Fault::ItemResult("ERROR".to_owned());
    // The confirmation's report fails, and the check's.
    world.amazon.fault(stand_in::Endpoint::Fulfill, fault, 2);
    world.confirm("p1", &[&id]).await;
    let delivered = json!([delivered_at, null]);
    let known = entitlement_of(&world.check("p1").await, &id);
    assert_eq!(json!(times(&known)), delivered);
    assert_eq!(json!(times(&world.history("p1").await[0])), delivered);

    world.pass(60);
    let reported_at = world.clock.now().to_string();
    world.reconcile().await;
    let reported = json!([delivered_at, reported_at]);
    assert_eq!(json!(times(&world.history("p1").await[0])), reported);
}

#[tokio::test]
async fn a_delivery_by_webhook_has_its_time_too() {
    let (world, _studio) = World::with_studio(&[]).await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    world.amazon.claim("alice", "hat");
    let now = world.clock.now().to_string();
    world.check("p1").await;
    let known = &world.history("p1").await[0];
    assert_eq!(known["delivered_at"], json!(now));
    assert_eq!(known["reported_at"], json!(now));
}
