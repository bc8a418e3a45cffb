//! When LOST and DOUBLED light, and when they stay dark.

use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::StatusCode;
use local::gateway;
use local::proxy::Mode;
use serde_json::{Value, json};

use super::{OFFER, PLAYER, Page};

#[tokio::test]
async fn a_check_that_is_killed_at_any_request_loses_and_doubles_nothing() {
    let page = Page::open().await;
    page.link().await;
    let mut at = 0;
    loop {
        at += 1;
        page.claim().await;
        let kill =
            json!({"do": "kill", "function": "entitlements", "at": at, "mode": "killed_after"});
        page.act(kill.clone()).await;
        let mut armed = kill;
        armed.as_object_mut().expect("an object").remove("do");
        assert_eq!(page.state().await["kill"], armed);
        let said = page.check().await;
        assert_eq!(page.state().await["kill"], Value::Null);
        page.act(json!({"do": "forward", "seconds": 60})).await;
        let again = page.check().await;
        assert!(again.contains("linked, fresh, 1 pending"), "{at}: {again}");
        page.confirm().await;
        assert_eq!(page.lamps().await, (0, 0), "killed at {at}");
        if said.contains("fresh") {
            break;
        }
        assert_eq!(said, "Robin's check was answered 500.");
    }
    assert!(at > 4, "a check makes more than {at} requests");
    let reported = page.entitlements().await;
    assert_eq!(reported.len(), at);
    for entitlement in reported {
        assert_eq!(entitlement["status"], "reported");
        assert_eq!(
            (&entitlement["granted"], &entitlement["confirmed"]),
            (&json!(1), &json!(true))
        );
    }
    page.system.stop().await;
}

#[tokio::test]
async fn the_feed_says_where_the_function_was_killed() {
    let page = Page::open().await;
    page.link().await;
    for (mode, note) in [
        (Mode::KilledBefore, "killed here"),
        (Mode::TimedOutAfter, "timed out here"),
        (Mode::AnswerLost, "the answer was lost"),
    ] {
        page.act(json!({"do": "kill", "function": "entitlements", "at": 1, "mode": mode}))
            .await;
        page.check().await;
        let state = page.state().await;
        let feed = state["feed"].as_array().expect("a feed");
        let hit: Vec<_> = feed.iter().filter(|it| it["note"] == note).collect();
        assert_eq!(hit.len(), 1, "{note}: {feed:#?}");
        assert_eq!(
            (&hit[0]["status"], &hit[0]["function"]),
            (&Value::Null, &json!("entitlements"))
        );
    }
    page.system.stop().await;
}

#[tokio::test]
async fn a_game_that_confirms_before_it_saves_and_is_ended_loses_an_entitlement() {
    let page = Page::open().await;
    page.link().await;
    page.claim().await;
    page.game_saves_late().await;
    let said = page.check().await;
    assert!(said.contains("1 pending. The game saved 0."), "{said}");
    assert_eq!(page.lamps().await, (0, 0));
    page.confirm().await;
    assert_eq!(page.lamps().await, (1, 0));
    // Nothing mends that.
    page.check().await;
    page.confirm().await;
    assert_eq!(page.lamps().await, (1, 0));
    page.system.stop().await;
}

#[tokio::test]
async fn a_game_that_ignores_the_id_doubles_an_entitlement() {
    let page = Page::open().await;
    page.link().await;
    page.claim().await;
    page.game_ignores_the_id().await;
    page.check().await;
    assert_eq!(page.lamps().await, (0, 0));
    page.check().await;
    let state = page.state().await;
    let id = state["players"][0]["entitlements"][0]["entitlement_id"].as_str();
    let sentence = format!(
        "The game granted {} to {PLAYER} 2 times.",
        id.expect("an id")
    );
    assert_eq!(state["doubled"], json!([sentence]));
    assert_eq!(state["players"][0]["entitlements"][0]["granted"], 2);
    page.system.stop().await;
}

#[tokio::test]
async fn what_another_game_confirms_is_no_loss() {
    let page = Page::open().await;
    page.link().await;
    page.claim().await;
    let state = page.state().await;
    let token = state["players"][0]["token"].as_str().expect("a token");
    let call = async |path: &str, body: &Value| {
        let request = page.http.post(format!("{}{path}", page.system.base_url));
        let answer = request.bearer_auth(token).json(body).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        answer.json::<Value>().await.expect("JSON")
    };
    let check = call("/v1/entitlements/check", &json!({})).await;
    let id = &check["entitlements"][0]["entitlement_id"];
    call("/v1/fulfillments", &json!({"entitlement_ids": [id]})).await;
    assert_eq!(page.entitlements().await[0]["status"], "reported");
    assert_eq!(page.lamps().await, (0, 0));
    page.check().await;
    assert_eq!(page.lamps().await, (0, 0));
    page.system.stop().await;
}

#[tokio::test]
async fn a_report_past_the_service_lights_lost() {
    let page = Page::open().await;
    let amazon = page.system.amazon.as_ref().expect("a stand-in");
    let id = amazon.claim("mallory", OFFER);
    let tokens = amazon.tokens("mallory", "any-client");
    let token = tokens["access_token"].as_str().expect("a token");
    assert_eq!(page.lamps().await, (0, 0));
    let update = json!({"FulfillmentStatusUpdates": [
        {"EntitlementId": id, "LastInstruction": "FULFILL", "FulfillmentAddress": "x"},
    ]});
    let request = page.http.post(format!("{}/api/fulfill", amazon.base_url()));
    let answer = request
        .header("x-amz-access-token", token)
        .json(&update)
        .send()
        .await;
    assert_eq!(answer.expect("an answer").status(), 200);
    let state = page.state().await;
    let sentence =
        format!("Amazon was told that {id} is delivered, and the game had not saved it.");
    assert_eq!(state["lost"], json!([sentence]));
    page.system.stop().await;
}

/// The player's row names another account than the one whose tokens it has: checks ask Amazon for the
/// wrong list.
async fn confuse(page: &Page, account_id: &str) {
    let update = page
        .system
        .dynamodb()
        .update_item()
        .table_name("LinksTable");
    let update = update
        .key("pk", AttributeValue::S(format!("PLAYER#{PLAYER}")))
        .update_expression("SET amazon_user_id = :account")
        .expression_attribute_values(":account", AttributeValue::S(account_id.to_owned()));
    update.send().await.expect("a row");
}

#[tokio::test]
async fn a_check_that_leaves_a_claim_out_lights_lost_until_a_check_shows_it() {
    let page = Page::open().await;
    page.link().await;
    let amazon = page.system.amazon.as_ref().expect("a stand-in");
    let id = amazon.claim("kim", OFFER);
    confuse(&page, &amazon.account_id("kim")).await;
    let said = page.check().await;
    assert!(said.contains("linked, fresh, 0 pending"), "{said}");
    let sentence = format!(
        "{id} ({OFFER}) was claimed before {PLAYER} checked, and is neither in the answer nor in the \
         ledger nor held."
    );
    assert_eq!(page.state().await["lost"], json!([sentence]));

    page.act(json!({"do": "player", "player": "player-2", "name": "Kim"}))
        .await;
    page.act(json!({"do": "link", "player": "player-2", "account": "kim"}))
        .await;
    assert_eq!(page.lamps().await, (1, 0));
    let said = page.act(json!({"do": "check", "player": "player-2"})).await;
    assert!(said.contains("fresh, 1 pending"), "{said}");
    assert_eq!(page.lamps().await, (0, 0));
    page.system.stop().await;
}

#[tokio::test]
async fn a_fault_of_the_list_is_no_loss() {
    let page = Page::open().await;
    page.link().await;
    page.claim().await;
    let empty =
        json!({"status": {"status": 200, "body": "{\"Entitlements\": [], \"RequestId\": \"r\"}"}});
    page.act(json!({"do": "fault", "endpoint": "entitlements", "fault": empty, "times": 1}))
        .await;
    let said = page.check().await;
    assert!(said.contains("linked, fresh, 0 pending"), "{said}");
    assert_eq!(page.lamps().await, (0, 0));
    page.system.stop().await;
}

#[tokio::test]
async fn a_webhook_delivers_to_the_games_own_ledger() {
    let page = Page::with(&[("DELIVERY", "webhook")]).await;
    page.link().await;
    page.claim().await;
    page.act(json!({"do": "forward", "seconds": 60})).await;
    page.check().await;
    let state = page.state().await;
    assert_eq!(state["delivery"], "webhook");
    let entitlement = &state["players"][0]["entitlements"][0];
    assert_eq!(
        (&entitlement["status"], &entitlement["granted"]),
        (&json!("reported"), &json!(1))
    );
    let feed = state["feed"].as_array().expect("a feed");
    let id = entitlement["entitlement_id"].as_str().expect("an id");
    let delivered = feed.iter().filter(|it| it["service"] == "webhook");
    let wrote: Vec<_> = delivered.map(|it| it["wrote"].clone()).collect();
    assert_eq!(wrote, [json!([format!("{id} to {PLAYER}")])]);
    assert_eq!(page.lamps().await, (0, 0));
    page.system.stop().await;
}

#[tokio::test]
async fn a_webhook_of_ones_own_that_has_delivered_before_loses_nothing() {
    let listener = gateway::bind(0).await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let router = axum::Router::new().fallback(async || StatusCode::CONFLICT);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let page = Page::with(&[("DELIVERY", "webhook"), ("DELIVERY_WEBHOOK_URL", &url)]).await;
    page.link().await;
    page.claim().await;
    page.act(json!({"do": "forward", "seconds": 60})).await;
    page.check().await;
    assert_eq!(page.entitlements().await[0]["status"], "reported");
    assert_eq!(page.lamps().await, (0, 0));
    page.system.stop().await;
    server.abort();
}

#[tokio::test]
async fn a_webhook_under_two_ids_doubles_an_entitlement_and_an_unsigned_one_gives_nothing() {
    let page = Page::with(&[("DELIVERY", "webhook")]).await;
    let url = page
        .system
        .setting("DELIVERY_WEBHOOK_URL")
        .expect("a backend");
    let secret = page.system.webhook_secret().expect("a secret");
    let signer = standardwebhooks::Webhook::new(secret).expect("a signer");
    let at = prime_gaming::Clock::system().now().as_seconds();
    let body = json!({"type": "x", "data": {"entitlement_id": "e1", "player_id": PLAYER}});
    let call = async |id: &str, signature: String| {
        let request = page.http.post(url).body(body.to_string());
        let request = request.header("webhook-id", id);
        let request = request.header("webhook-timestamp", at.to_string());
        let answer = request.header("webhook-signature", signature).send().await;
        answer.expect("an answer").status().as_u16()
    };
    let sign = |id: &str| signer.sign(id, at, body.to_string().as_bytes());
    let signed = |id: &str| sign(id).expect("a signature");
    assert_eq!(call("1", signed("other")).await, 401);
    assert_eq!(call("1", signed("1")).await, 200);
    assert_eq!(call("1", signed("1")).await, 200);
    assert_eq!(page.lamps().await, (0, 0));
    assert_eq!(call("2", signed("2")).await, 200);
    assert_eq!(page.lamps().await, (0, 1));
    page.system.stop().await;
}
