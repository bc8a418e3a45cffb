//! The consent page, in-process, with its checks.

use serde_json::json;
use stand_in::{Client, Consent, Endpoint, Fault, Options, SCOPE_PROFILE};

use crate::support::{CLIENT_ID, RETURN_URL, authorize_pairs, but, query, start, start_with};

#[tokio::test]
async fn a_player_links_claims_and_is_reported() {
    let t = start().await;
    let redirect = t.consent("alice", Consent::Approve).expect("a redirect");
    assert!(redirect.starts_with(&format!("{RETURN_URL}?")));
    let back = query(&redirect);
    assert_eq!(back["state"], "s t/a+te");
    assert_eq!(back["scope"], "games::prime profile");

    let (status, tokens) = t.exchange(&back["code"]).await;
    assert_eq!((status, &tokens["token_type"]), (200, &json!("bearer")));
    assert_eq!(tokens["expires_in"], 3600);
    let access = tokens["access_token"].as_str().expect("a token");
    assert!(access.starts_with("Atza|") && access.contains('+') && access.contains('/'));
    assert!(
        tokens["refresh_token"]
            .as_str()
            .is_some_and(|token| token.starts_with("Atzr|"))
    );

    let id = t.amazon.claim("alice", "gold:chest");
    let (_, list) = t.entitlements(access).await;
    let element = &list["Entitlements"][0];
    assert_eq!(element["EntitlementId"], json!(id));
    assert_eq!(element["VendorProductId"], "gold:chest");
    assert_eq!(element["NextInstruction"], "FULFILL");
    assert!(element["ItemMetadata"].is_object(), "an unknown field");

    let (status, body) = t.fulfill(access, &id).await;
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({ "FulfillmentStatusUpdates": [{ "EntitlementId": id, "Result": "SUCCESS" }] })
    );
    assert_eq!(t.entitlements(access).await.1["Entitlements"], json!([]));
    let report = &t.amazon.fulfilled()[0];
    assert_eq!(report.entitlement_id, id);
    assert_eq!(report.account_id, t.amazon.account_id("alice"));
    assert_eq!((report.address.as_str(), report.times), ("Player", 1));
    assert_eq!(t.amazon.calls_to(Endpoint::Entitlements), 2);
    t.clean();
}

#[tokio::test]
async fn each_fault_of_an_authorize_request_is_refused() {
    let t = start().await;
    let ask = |name, value| {
        let url = t.authorize_url(&but(authorize_pairs(), name, value));
        t.amazon.consent(&url, "alice", Consent::Approve)
    };
    for (name, value, words) in [
        ("redirect_uri", "", "redirect_uri"),
        (
            "redirect_uri",
            "https://play.example.com/link/callback/",
            "redirect_uri",
        ),
        (
            "redirect_uri",
            "https://evil.example/link/callback",
            "redirect_uri",
        ),
        (
            "redirect_uri",
            "http://127.0.0.1:80/link/other",
            "redirect_uri",
        ),
        (
            "redirect_uri",
            "https://localhost:9/link/callback",
            "redirect_uri",
        ),
        (
            "redirect_uri",
            "http://localhost.evil.example/link/callback",
            "redirect_uri",
        ),
        ("client_secret", "oops", "client secret"),
    ] {
        assert!(ask(name, value).is_err(), "{name}={value}");
        t.violated(words);
    }
    for (name, value, error, words) in [
        (
            "response_type",
            "token",
            "unsupported_response_type",
            "response_type",
        ),
        ("code_challenge_method", "", "invalid_request", "S256"),
        ("code_challenge_method", "plain", "invalid_request", "S256"),
        ("code_challenge", "", "invalid_request", "code_challenge"),
        (
            "code_challenge",
            "short",
            "invalid_request",
            "code_challenge",
        ),
    ] {
        let back = query(&ask(name, value).expect("a redirect"));
        assert_eq!(back["error"], error, "{name}={value}");
        assert_eq!(back["state"], "s t/a+te");
        assert!(!back.contains_key("code"));
        t.violated(words);
    }
    // These go through, as with Amazon, but a good client does not do them.
    assert!(query(&ask("state", "").expect("a redirect")).contains_key("code"));
    t.violated("state");
    assert!(query(&ask("scope", "profile").expect("a redirect")).contains_key("code"));
    t.violated("games::prime");

    let unknown = ask("client_id", "somebody-else");
    assert_eq!(unknown, Err("unknown client_id".to_owned()));
    t.clean();
    let mut twice = authorize_pairs();
    twice.push(("state", "another"));
    let url = t.authorize_url(&twice);
    assert!(t.amazon.consent(&url, "alice", Consent::Approve).is_err());
    t.violated("state comes twice");
    assert!(
        t.amazon
            .consent("http://localhost/ap/oa", "alice", Consent::Approve)
            .is_err()
    );
}

#[tokio::test]
async fn any_loopback_callback_fits_where_that_is_allowed() {
    let t = start().await;
    for uri in [
        "http://127.0.0.1:50123/link/callback",
        "http://localhost:8080/link/callback",
        "http://[::1]:9/link/callback",
    ] {
        let url = t.authorize_url(&but(authorize_pairs(), "redirect_uri", uri));
        let redirect = t.amazon.consent(&url, "alice", Consent::Approve);
        assert!(redirect.is_ok_and(|to| to.starts_with(uri)), "{uri}");
    }
    t.clean();
}

#[tokio::test]
async fn the_player_may_refuse_or_grant_a_part() {
    let t = start().await;
    let back = query(&t.consent("alice", Consent::Refuse).expect("a redirect"));
    assert_eq!(back["error"], "access_denied");
    assert_eq!(back["state"], "s t/a+te");
    let nothing = Consent::GrantOnly(vec!["email".to_owned()]);
    let back = query(&t.consent("alice", nothing).expect("a redirect"));
    assert_eq!(back["error"], "access_denied");

    let part = Consent::GrantOnly(vec![SCOPE_PROFILE.to_owned()]);
    let back = query(&t.consent("alice", part).expect("a redirect"));
    assert_eq!(back["scope"], "profile");
    let (_, tokens) = t.exchange(&back["code"]).await;
    let access = tokens["access_token"].as_str().expect("a token");
    let (status, body) = t.entitlements(access).await;
    assert_eq!(status, 403);
    assert_eq!(body["message"], "Not all permissions are authorized");
    t.clean();
}

#[tokio::test]
async fn an_app_that_was_not_allow_listed_gets_invalid_scope() {
    let t = start().await;
    t.amazon.register_client(Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret: None,
        return_urls: vec![RETURN_URL.to_owned()],
        allowed_scopes: vec![SCOPE_PROFILE.to_owned()],
    });
    let back = query(&t.consent("alice", Consent::Approve).expect("a redirect"));
    assert_eq!(back["error"], "invalid_scope");
    t.clean();
}

#[tokio::test]
async fn faults_reach_the_in_process_consent_too() {
    let t = start().await;
    let unavailable = Fault::OAuthError {
        error: "temporarily_unavailable".to_owned(),
        description: "later".to_owned(),
    };
    t.amazon.fault(Endpoint::Authorize, unavailable, 1);
    t.amazon.fault(Endpoint::Authorize, Fault::Reset, 1);
    let back = query(&t.consent("alice", Consent::Approve).expect("a redirect"));
    assert_eq!(back["error"], "temporarily_unavailable");
    assert!(t.consent("alice", Consent::Approve).is_err());
    assert!(t.consent("alice", Consent::Approve).is_ok());
    assert_eq!(t.amazon.calls_to(Endpoint::Authorize), 3);
}

#[tokio::test]
async fn a_data_file_keeps_links_between_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options {
        port: 0,
        data_file: Some(folder.path().join("amazon.json")),
    };
    let first = start_with(options.clone()).await;
    let (access, refresh) = first.link("alice").await;
    let id = first.amazon.claim("alice", "sku");
    first.amazon.shutdown().await;
    first.amazon.shutdown().await;
    assert!(
        first
            .http
            .get(first.amazon.base_url())
            .send()
            .await
            .is_err()
    );

    let second = start_with(options).await;
    let (status, list) = second.entitlements(&access).await;
    assert_eq!(status, 200);
    assert_eq!(list["Entitlements"][0]["EntitlementId"], json!(id));
    assert_eq!(second.refresh(&refresh).await.0, 200);
    second.clean();
}
