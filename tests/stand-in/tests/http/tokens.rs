//! The token endpoint, tokeninfo and profile.

use std::time::Duration;

use serde_json::{Value, json};
use stand_in::{Client, Endpoint, SCOPE_PRIME, SCOPE_PROFILE, fingerprint};

use crate::support::{
    CLIENT_ID, CLIENT_SECRET, RETURN_URL, Tester, VERIFIER, but, exchange_form, json, refresh_form,
    start,
};

#[tokio::test]
async fn a_code_works_once_and_for_five_minutes() {
    let t = start().await;
    let code = t.code("alice");
    assert_eq!(t.exchange(&code).await.0, 200);
    t.clean();
    let (status, body) = t.exchange(&code).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    assert!(body["error_description"].is_string() && body["request_id"].is_string());
    t.violated("used already");

    let (early, late) = (t.code("alice"), t.code("alice"));
    t.amazon.advance(Duration::from_secs(295));
    assert_eq!(t.exchange(&early).await.0, 200);
    t.amazon.advance(Duration::from_secs(6));
    assert_eq!(t.exchange(&late).await.1["error"], "invalid_grant");
    // An attacker may bring an invented code: that is no fault of the client.
    assert_eq!(t.exchange("invented").await.1["error"], "invalid_grant");
    t.clean();
}

#[tokio::test]
async fn each_fault_of_an_exchange_is_refused_and_uses_nothing_up() {
    let t = start().await;
    let code = t.code("alice");
    let good = || exchange_form(&code);
    let long = "a".repeat(129);
    for (name, value, error, words) in [
        ("grant_type", "", "invalid_request", "grant_type"),
        (
            "grant_type",
            "password",
            "unsupported_grant_type",
            "password",
        ),
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:device_code",
            "unsupported_grant_type",
            "urn:ietf",
        ),
        ("code", "", "invalid_request", "code"),
        ("redirect_uri", "", "invalid_request", "redirect_uri"),
        (
            "redirect_uri",
            "https://play.example.com/",
            "invalid_grant",
            "redirect_uri",
        ),
        ("client_id", "", "invalid_request", "client_id"),
        ("code_verifier", "", "invalid_request", "code_verifier"),
        ("code_verifier", "too-short", "invalid_grant", "43 to 128"),
        ("code_verifier", &long, "invalid_grant", "43 to 128"),
        (
            "code_verifier",
            "0123456789012345678901234567890123456789012",
            "invalid_grant",
            "code_challenge",
        ),
    ] {
        let (status, body) = t.token(&but(good(), name, value)).await;
        assert_eq!(
            (status, body["error"].as_str()),
            (400, Some(error)),
            "{name}={value}"
        );
        t.violated(words);
    }
    for (name, value) in [("client_secret", "wrong"), ("client_id", "unknown")] {
        let (status, body) = t.token(&but(good(), name, value)).await;
        assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
        t.clean();
    }
    assert_eq!(t.exchange(&code).await.0, 200);
}

#[tokio::test]
async fn the_form_must_be_a_form_and_nothing_else() {
    let t = start().await;
    let code = t.code("alice");
    let form = exchange_form(&code);
    let url = t.url("/auth/o2/token");
    let as_json: Value = form.iter().copied().collect();
    let mut doubled = form.clone();
    doubled.push(("code", "another"));
    for (request, words) in [
        (t.http.post(&url).json(&as_json), "content type"),
        (t.http.post(&url).query(&form).form(&form), "query"),
        (
            t.post("/auth/o2/token", &form)
                .basic_auth(CLIENT_ID, Some(CLIENT_SECRET)),
            "Authorization",
        ),
        (t.post("/auth/o2/token", &doubled), "code comes twice"),
        (t.http.get(&url), "GET"),
    ] {
        let (status, body) = json(request.send().await.expect("an answer")).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
        t.violated(words);
    }
    assert_eq!(t.exchange(&code).await.0, 200);
}

#[tokio::test]
async fn without_the_secret_there_is_no_refresh_token() {
    let t = start().await;
    let form = t.code("alice");
    let (status, body) = t
        .token(&but(exchange_form(&form), "client_secret", ""))
        .await;
    assert_eq!((status, &body["refresh_token"]), (200, &Value::Null));
    t.violated("client_secret");

    let (_, refresh) = t.link("alice").await;
    let (status, body) = t
        .token(&but(refresh_form(&refresh), "client_secret", ""))
        .await;
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
    t.violated("client_secret");

    t.amazon.register_client(Client {
        client_id: "public".to_owned(),
        client_secret: None,
        return_urls: vec![RETURN_URL.to_owned()],
        allowed_scopes: vec![SCOPE_PRIME.to_owned(), SCOPE_PROFILE.to_owned()],
    });
    let pairs = but(crate::support::authorize_pairs(), "client_id", "public");
    let url = t.authorize_url(&pairs);
    let back = t.amazon.consent(&url, "bob", stand_in::Consent::Approve);
    let code = crate::support::query(&back.expect("a redirect"))["code"].clone();
    let form = but(exchange_form(&code), "client_id", "public");
    let (status, body) = t.token(&but(form, "client_secret", "")).await;
    assert_eq!((status, &body["refresh_token"]), (200, &Value::Null));
    t.clean();

    t.amazon.omit_refresh_token(true);
    let (_, body) = t.exchange(&t.code("alice")).await;
    assert_eq!(body["refresh_token"], Value::Null);
    t.clean();
}

#[tokio::test]
async fn refresh_tokens_stay_or_rotate() {
    let t = start().await;
    let (_, refresh) = t.link("alice").await;
    for _ in 0..2 {
        let (status, body) = t.refresh(&refresh).await;
        assert_eq!((status, &body["refresh_token"]), (200, &Value::Null));
        assert_eq!(
            t.entitlements(body["access_token"].as_str().expect("a token"))
                .await
                .0,
            200
        );
    }
    t.amazon.rotate_refresh_tokens(true);
    let (_, body) = t.refresh(&refresh).await;
    let successor = body["refresh_token"]
        .as_str()
        .expect("a successor")
        .to_owned();
    assert_ne!(successor, refresh);
    t.clean();
    assert_eq!(t.refresh(&refresh).await.1["error"], "invalid_grant");
    t.violated(&fingerprint(&refresh));
    assert_eq!(t.refresh(&successor).await.0, 200);
    assert_eq!(
        t.refresh("Atzr|never+seen/").await.1["error"],
        "invalid_grant"
    );
    t.clean();
}

#[tokio::test]
async fn a_removed_app_and_an_expired_token_are_refused() {
    let t = start().await;
    let (access, refresh) = t.link("alice").await;
    let (other, _) = t.link("bob").await;
    t.amazon.expire_access_tokens("alice");
    assert_eq!(t.entitlements(&access).await.0, 400);
    let (status, body) = t.refresh(&refresh).await;
    assert_eq!(status, 200);
    let fresh = body["access_token"].as_str().expect("a token");
    assert_eq!(t.entitlements(fresh).await.0, 200);

    t.amazon.access_token_seconds(30);
    let (short, _) = t.link("alice").await;
    t.amazon.advance(Duration::from_secs(31));
    assert_eq!(t.entitlements(&short).await.0, 400);
    assert_eq!(t.entitlements(fresh).await.0, 200);

    let code = t.code("alice");
    t.amazon.revoke("alice");
    assert_eq!(t.entitlements(fresh).await.0, 400);
    let (status, body) = t.refresh(&refresh).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
    assert_eq!(t.exchange(&code).await.1["error"], "invalid_grant");
    assert_eq!(t.entitlements(&other).await.0, 200);
    let (again, _) = t.link("alice").await;
    assert_eq!(t.entitlements(&again).await.0, 200);
    t.clean();
}

async fn token_info(t: &Tester, token: &str) -> (u16, Value) {
    let request = t.http.get(t.url("/auth/o2/tokeninfo"));
    let request = request.query(&[("access_token", token)]);
    json(request.send().await.expect("an answer")).await
}

async fn profile(t: &Tester, name: &str, value: &str) -> (u16, Value) {
    let request = t.http.get(t.url("/user/profile")).header(name, value);
    json(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn tokeninfo_and_profile_say_whose_token_it_is() {
    let t = start().await;
    let (access, _) = t.link("alice").await;
    let id = t.amazon.account_id("alice");
    let (status, info) = token_info(&t, &access).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&info["aud"], &info["user_id"]),
        (&json!(CLIENT_ID), &json!(id))
    );
    let bearer = format!("bearer {access}");
    for (name, value) in [("authorization", &bearer), ("x-amz-access-token", &access)] {
        let (status, profile) = profile(&t, name, value).await;
        assert_eq!((status, &profile["user_id"]), (200, &json!(id)));
    }

    t.amazon.behave(|behaviour| {
        behaviour.tokeninfo_aud = Some("another-app".to_owned());
        behaviour.tokeninfo_user_id = Some("amzn1.account.OTHER".to_owned());
        behaviour.profile_user_id = Some("amzn1.account.THIRD".to_owned());
    });
    let info = token_info(&t, &access).await.1;
    assert_eq!(info["aud"], "another-app");
    assert_eq!(info["user_id"], "amzn1.account.OTHER");
    let third = profile(&t, "authorization", &bearer).await.1;
    assert_eq!(third["user_id"], "amzn1.account.THIRD");

    t.amazon.expire_access_tokens("alice");
    assert_eq!(token_info(&t, &access).await.1["error"], "invalid_token");
    assert_eq!(profile(&t, "authorization", &bearer).await.0, 400);
    t.clean();

    assert_eq!(profile(&t, "authorization", "Basic Zm9v").await.0, 400);
    t.violated("not in Authorization");
    let request = t.http.get(t.url("/auth/o2/tokeninfo")).bearer_auth(&access);
    assert_eq!(request.send().await.expect("an answer").status(), 400);
    assert_eq!(t.amazon.violations().len(), 2);
    t.amazon.reset_violations();
    let head = t.http.head(t.url("/user/profile")).send().await;
    assert_eq!(head.expect("an answer").status(), 400);
    t.violated("HEAD");
    let head = t.http.head(t.url("/")).send().await;
    assert_eq!(head.expect("an answer").status(), 200);
    t.clean();
}

#[tokio::test]
async fn secrets_are_listed_and_records_show_only_fingerprints() {
    let t = start().await;
    let code = t.code("alice");
    let (_, body) = t.exchange(&code).await;
    let text = |name: &str| body[name].as_str().expect("a token");
    let (access, refresh) = (text("access_token"), text("refresh_token"));
    t.entitlements(access).await;
    token_info(&t, access).await;
    t.refresh(refresh).await;
    let secrets = t.amazon.issued_secrets();
    for secret in [&code, access, refresh, CLIENT_SECRET, VERIFIER] {
        assert!(secrets.iter().any(|known| known == secret));
    }
    let calls = t.amazon.calls();
    let record = serde_json::to_string(&calls).expect("JSON");
    for secret in &secrets {
        assert!(!record.contains(secret.as_str()));
    }
    assert!(!format!("{:?}", t.amazon).contains(CLIENT_SECRET));
    let exchange = calls
        .iter()
        .find(|call| call.endpoint == Endpoint::Token)
        .expect("a call");
    assert_eq!(exchange.summary["form"]["code"], json!(fingerprint(&code)));
    assert_eq!(exchange.summary["account"], "alice");
    assert_eq!(
        (exchange.method.as_str(), exchange.status),
        ("POST", Some(200))
    );
    let listing = calls
        .iter()
        .find(|call| call.endpoint == Endpoint::Entitlements)
        .expect("a call");
    assert_eq!(
        listing.summary["headers"]["x-amz-access-token"],
        json!(fingerprint(access))
    );
    t.amazon.reset_calls();
    assert_eq!(t.amazon.calls_to(Endpoint::Token), 0);
}
