//! The same verbs for other processes.

use reqwest::Method;
use serde_json::{Value, json};
use stand_in::Endpoint;

use crate::support::{CLIENT_ID, Tester, authorize_pairs, query, start};

async fn call(t: &Tester, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = t.http.request(method, t.url(&format!("/_control/{path}")));
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.bytes().await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn post(t: &Tester, path: &str, body: Value) -> (u16, Value) {
    call(t, Method::POST, path, Some(body)).await
}

async fn get(t: &Tester, path: &str) -> Value {
    let (status, body) = call(t, Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}");
    body
}

#[tokio::test]
async fn a_whole_story_is_played_from_outside() {
    let t = start().await;
    let settings = get(&t, "settings").await;
    for (name, url) in t.amazon.settings() {
        assert_eq!(settings[name], json!(url));
    }
    let client = json!({
        "client_id": "other",
        "client_secret": "other-secret",
        "return_urls": ["http://localhost:*/link/callback"],
        "allowed_scopes": ["games::prime", "profile"],
    });
    assert_eq!(post(&t, "clients", client).await.0, 204);
    let pairs = crate::support::but(authorize_pairs(), "client_id", "other");
    let pairs = crate::support::but(pairs, "redirect_uri", "http://127.0.0.1:5/link/callback");
    let ask = json!({
        "authorize_url": t.authorize_url(&pairs), "account": "alice", "consent": "approve",
    });
    let (_, answer) = post(&t, "consent", ask).await;
    let back = query(answer["redirect"].as_str().expect("a redirect"));
    assert!(back.contains_key("code"));
    let refused = json!({ "authorize_url": "http://x/", "account": "alice",
        "consent": { "grant_only": ["profile"] } });
    assert_eq!(post(&t, "consent", refused).await.0, 400);

    let (access, _) = t.link("alice").await;
    let (_, claimed) = post(&t, "claim", json!({ "account": "alice", "sku": "sku" })).await;
    let id = claimed["entitlement_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(t.fulfill(&access, &id).await.0, 200);
    assert_eq!(get(&t, "fulfilled").await[0]["entitlement_id"], json!(id));
    let calls = get(&t, "calls").await;
    assert_eq!(calls[1]["endpoint"], "authorize");
    assert_eq!(call(&t, Method::DELETE, "calls", None).await.0, 204);
    assert_eq!(get(&t, "calls").await, json!([]));

    let element = json!({ "account": "alice", "element": { "EntitlementId": "x" } });
    assert_eq!(post(&t, "put", element).await.0, 204);
    let gone = json!({ "account": "alice", "entitlement_id": "x" });
    assert_eq!(post(&t, "remove", gone).await.1, json!({ "removed": true }));
    let (_, account) = post(&t, "account", json!({ "account": "alice" })).await;
    assert_eq!(account["account_id"], json!(t.amazon.account_id("alice")));

    assert_eq!(
        post(&t, "expire", json!({ "account": "alice" })).await.0,
        204
    );
    assert_eq!(t.entitlements(&access).await.0, 400);
    let (access, refresh) = t.link("alice").await;
    assert_eq!(post(&t, "advance", json!({ "seconds": 3601 })).await.0, 204);
    assert_eq!(t.entitlements(&access).await.0, 400);
    assert_eq!(
        post(&t, "revoke", json!({ "account": "alice" })).await.0,
        204
    );
    assert_eq!(t.refresh(&refresh).await.1["error"], "invalid_grant");

    assert_eq!(get(&t, "violations").await, json!([]));
    t.http
        .get(t.url("/api/fulfill"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        get(&t, "violations").await.as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(call(&t, Method::DELETE, "violations", None).await.0, 204);
    t.clean();
    assert!(
        get(&t, "secrets")
            .await
            .as_array()
            .is_some_and(|all| all.len() > 5)
    );
}

#[tokio::test]
async fn faults_and_behaviour_are_set_from_outside() {
    let t = start().await;
    let (access, _) = t.link("alice").await;
    let busy = json!({ "status": { "status": 503, "retry_after": 3 } });
    let fault = json!({ "endpoint": "entitlements", "fault": busy, "times": 2 });
    assert_eq!(post(&t, "fault", fault).await.0, 204);
    let request = t.http.get(t.url("/api/entitlements"));
    let answer = request.header("x-amz-access-token", &access).send().await;
    assert_eq!(answer.expect("an answer").status(), 503);
    assert_eq!(call(&t, Method::DELETE, "faults", None).await.0, 204);
    assert_eq!(t.entitlements(&access).await.0, 200);
    let nonsense = json!({ "endpoint": "token", "fault": "missing_item" });
    assert_eq!(post(&t, "fault", nonsense).await.0, 400);
    let error = json!({ "o_auth_error": { "error": "invalid_grant" } });
    let fault = json!({ "endpoint": "token", "fault": { "after_effect": error } });
    assert_eq!(post(&t, "fault", fault).await.0, 204);

    let (_, now) = post(&t, "behaviour", json!({ "access_token_seconds": 5 })).await;
    assert_eq!(now["access_token_seconds"], 5);
    assert_eq!(t.amazon.behaviour().access_token_seconds, 5);
    assert!(!t.amazon.behaviour().rotate_refresh_tokens);
    assert_eq!(get(&t, "behaviour").await, now);
    assert_eq!(post(&t, "behaviour", json!({ "acess": 5 })).await.0, 400);
    assert_eq!(post(&t, "behaviour", json!(5)).await.0, 400);
    assert_eq!(
        post(&t, "claim", json!({ "account": "alice" })).await.0,
        422
    );

    let form = [
        ("response_type", "device_code"),
        ("client_id", CLIENT_ID),
        ("scope", "games::prime profile"),
    ];
    let request = t.post("/auth/o2/create/codepair", &form);
    request.send().await.expect("an answer");
    let pairs = get(&t, "devices").await;
    let approve = json!({
        "user_code": pairs[0]["user_code"], "account": "alice", "consent": "approve",
    });
    assert_eq!(post(&t, "device", approve.clone()).await.0, 204);
    assert_eq!(post(&t, "device", approve).await.0, 400);
    assert_eq!(t.amazon.calls_to(Endpoint::Codepair), 1);
    let help = t
        .http
        .get(t.url("/_control"))
        .send()
        .await
        .expect("an answer");
    assert!(
        help.text()
            .await
            .expect("a text")
            .contains("/_control/fault")
    );
    t.clean();
}
