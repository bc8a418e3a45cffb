//! Code pairs and their polling.

use std::time::Duration;

use serde_json::{Value, json};
use stand_in::{Consent, SCOPE_PROFILE};

use crate::support::{CLIENT_ID, Pairs, Tester, but, json, start};

fn create_pairs<'a>() -> Pairs<'a> {
    vec![
        ("response_type", "device_code"),
        ("client_id", CLIENT_ID),
        ("scope", "games::prime profile"),
    ]
}

async fn create(t: &Tester, form: &[(&str, &str)]) -> (u16, Value) {
    let request = t.post("/auth/o2/create/codepair", form);
    json(request.send().await.expect("an answer")).await
}

struct Pair {
    user_code: String,
    device_code: String,
}

async fn pair(t: &Tester) -> Pair {
    let (status, body) = create(t, &create_pairs()).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        (&body["interval"], &body["expires_in"]),
        (&json!(30), &json!(600))
    );
    let text = |name: &str| body[name].as_str().expect("a text").to_owned();
    assert_eq!(text("verification_uri"), t.url("/us/code"));
    Pair {
        user_code: text("user_code"),
        device_code: text("device_code"),
    }
}

impl Pair {
    fn form(&self) -> Pairs<'_> {
        vec![
            ("grant_type", "device_code"),
            ("device_code", &self.device_code),
            ("user_code", &self.user_code),
        ]
    }

    async fn error(&self, t: &Tester) -> Value {
        let (status, body) = t.token(&self.form()).await;
        assert_eq!(status, 400);
        body["error"].clone()
    }
}

#[tokio::test]
async fn a_device_waits_and_gets_its_tokens_once() {
    let t = start().await;
    let pair = pair(&t).await;
    assert!(t.amazon.issued_secrets().contains(&pair.device_code));
    assert_eq!(pair.error(&t).await, "authorization_pending");
    t.amazon.advance(Duration::from_secs(30));
    assert_eq!(pair.error(&t).await, "authorization_pending");
    assert_eq!(t.amazon.device_pairs()[0].status, "pending");
    let approve = |code: &str| t.amazon.consent_device(code, "alice", Consent::Approve);
    assert!(approve("NOSUCH").is_err());
    approve(&pair.user_code).expect("a pending pair");
    assert!(approve(&pair.user_code).is_err());
    assert_eq!(t.amazon.device_pairs()[0].status, "approved");
    t.amazon.advance(Duration::from_secs(30));
    let (status, tokens) = t.token(&pair.form()).await;
    assert_eq!(status, 200);
    let access = tokens["access_token"].as_str().expect("a token");
    assert_eq!(t.entitlements(access).await.0, 200);
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    assert_eq!(t.refresh(refresh).await.0, 200);
    assert_eq!(pair.error(&t).await, "invalid_code_pair");
    assert_eq!(t.amazon.device_pairs()[0].status, "used");
    t.clean();
}

#[tokio::test]
async fn an_address_with_the_code_in_it_leads_to_the_code() {
    let t = start().await;
    let (_, without) = create(&t, &create_pairs()).await;
    assert!(without.get("verification_uri_complete").is_none());
    t.amazon.behave(|it| it.device_complete_uri = true);
    let (_, with) = create(&t, &create_pairs()).await;
    let (code, complete) = (&with["user_code"], &with["verification_uri_complete"]);
    let code = code.as_str().expect("a code");
    assert_eq!(
        complete.as_str().expect("an address"),
        t.url(&format!("/us/code?user_code={code}"))
    );
    t.clean();
}

#[tokio::test]
async fn polling_too_fast_doubles_the_interval() {
    let t = start().await;
    let pair = pair(&t).await;
    assert_eq!(pair.error(&t).await, "authorization_pending");
    assert_eq!(pair.error(&t).await, "slow_down");
    t.amazon.advance(Duration::from_secs(40));
    assert_eq!(pair.error(&t).await, "slow_down");
    t.amazon.advance(Duration::from_secs(120));
    assert_eq!(pair.error(&t).await, "authorization_pending");
    t.clean();
}

#[tokio::test]
async fn pairs_are_refused_and_expire() {
    let t = start().await;
    let (refused, expired) = (pair(&t).await, pair(&t).await);
    t.amazon
        .consent_device(&refused.user_code, "alice", Consent::Refuse)
        .expect("a pending pair");
    assert_eq!(refused.error(&t).await, "access_denied");
    assert_eq!(refused.error(&t).await, "access_denied");
    t.amazon.advance(Duration::from_secs(601));
    assert_eq!(expired.error(&t).await, "expired_token");
    let late = t
        .amazon
        .consent_device(&expired.user_code, "alice", Consent::Approve);
    assert!(late.is_err());

    let other = pair(&t).await;
    let (_, body) = t.token(&but(other.form(), "user_code", "WRONG")).await;
    assert_eq!(body["error"], "invalid_code_pair");
    t.clean();
    let (_, body) = t.token(&but(other.form(), "user_code", "")).await;
    assert_eq!(body["error"], "invalid_request");
    t.violated("user_code");
}

#[tokio::test]
async fn each_fault_of_a_code_pair_request_is_refused() {
    let t = start().await;
    for (name, value, words) in [
        ("response_type", "", "response_type"),
        ("response_type", "code", "response_type"),
        ("client_id", "", "client_id"),
        ("scope", "", "scope"),
    ] {
        let (status, _) = create(&t, &but(create_pairs(), name, value)).await;
        assert_eq!(status, 400);
        t.violated(words);
    }
    let (status, body) = create(&t, &but(create_pairs(), "client_id", "unknown")).await;
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
    let scope = "games::prime profile more";
    let (_, body) = create(&t, &but(create_pairs(), "scope", scope)).await;
    assert_eq!(body["error"], "invalid_scope");
    t.clean();
    let (status, _) = create(&t, &but(create_pairs(), "scope", SCOPE_PROFILE)).await;
    assert_eq!(status, 200);
    t.violated("games::prime");
}
