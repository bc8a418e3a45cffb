use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::api::ErrorCode;
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::http::testing::{body_json, event, header, request};
use crate::http::{json as json_response, serve};

#[test]
fn a_request_is_what_the_gateway_says() {
    let request = request("GET", "/v1/link/devices/a%2Fb?x=1&y=a+b%21&x=2", &[], "");
    assert_eq!(request.method(), "GET");
    assert_eq!(request.path, "/v1/link/devices/a%2Fb");
    assert_eq!(request.request_id(), "req-1");
    assert_eq!(request.query_one("y").expect("one"), Some("a b!"));
    assert_eq!(request.query_one("z").expect("none"), None);
    let doubled = request.query_one("x").expect_err("two");
    assert_eq!(doubled.detail(), "`x` is given more than once");
}

#[test]
fn a_path_without_a_template_is_logged_without_its_id() {
    let id = crate::domain::random_token();
    assert_eq!(
        without_ids(&format!("/v1/link/devices/{id}")),
        "/v1/link/devices/{id}"
    );
    for path in ["/v1/entitlements/check", "/link/callback", "/", ""] {
        assert_eq!(without_ids(path), path);
    }
}

#[test]
fn the_base_url_is_never_the_host_header() {
    let request = request("GET", "/link", &[("host", "evil.example")], "");
    let base = request.base_url(None).expect("the gateway's domain");
    assert_eq!(
        base.as_str(),
        "https://api.execute-api.us-east-1.amazonaws.com/"
    );
    let configured = Url::parse("https://links.example.com").expect("a URL");
    assert_eq!(
        request.base_url(Some(&configured)).expect("as set"),
        configured
    );
}

#[test]
fn bodies_are_bounded_and_may_be_base64() {
    let fits = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_BODY_BYTES - 8));
    assert_eq!(fits.len(), MAX_BODY_BYTES);
    assert!(
        request("POST", "/", &[], &fits)
            .json_body::<Value>()
            .is_ok()
    );
    let long = request("POST", "/", &[], &format!("{fits} "));
    assert_eq!(
        long.json_body::<Value>().expect_err("413").code(),
        ErrorCode::PayloadTooLarge
    );
    assert_eq!(
        long.form().expect_err("413").code(),
        ErrorCode::PayloadTooLarge
    );

    let mut encoded = event("POST", "/", &[], "eyJhIjoxfQ==");
    encoded["isBase64Encoded"] = true.into();
    let encoded = Request::from_event(&encoded.to_string(), "i");
    assert_eq!(encoded.json_body::<Value>().expect("JSON"), json!({"a": 1}));
}

#[test]
fn forms_are_forms_only_by_their_type() {
    let form = [(
        "content-type",
        "application/X-WWW-form-urlencoded; charset=UTF-8",
    )];
    let pairs = request("POST", "/link/start", &form, "ticket=a%2Bb&token=c&token=d")
        .form()
        .expect("a form");
    assert_eq!(pairs.one("ticket").expect("one"), Some("a+b"));
    assert!(pairs.one("token").is_err());
    let json = [("content-type", "text/plain")];
    assert!(
        request("POST", "/link/start", &json, "ticket=a")
            .form()
            .is_err()
    );
}

#[test]
fn cookies_are_found_among_others() {
    let cookies = [("cookie", "a=1; b=x=y; broken; =; b=2")];
    let request = request("GET", "/", &cookies, "");
    assert_eq!(request.cookie("a"), Some("1"));
    assert_eq!(request.cookie("b"), Some("x=y"));
    assert_eq!(request.cookie("c"), None);
    assert_eq!(request.cookie("broken"), None);
}

#[test]
fn a_bearer_token_comes_once_and_alone() {
    let token = |value: &str| {
        request("GET", "/", &[("authorization", value)], "")
            .bearer_token()
            .map(ToOwned::to_owned)
            .map_err(|error| header(&error.into_response("r"), "www-authenticate").to_owned())
    };
    for good in ["Bearer a.b-_c", "bearer a.b-_c", "BEARER   a.b-_c "] {
        assert_eq!(token(good), Ok("a.b-_c".to_owned()), "{good}");
    }
    for wrong in [
        "Bearer",
        "Bearer ",
        "Basic abc",
        "a.b.c",
        "Bearer a,Bearer b",
        "Bearer a b",
        "Bearer é",
        "",
    ] {
        assert_eq!(
            token(wrong),
            Err("Bearer error=\"invalid_token\"".to_owned()),
            "{wrong}"
        );
    }
    let none = request("GET", "/", &[], "")
        .bearer_token()
        .expect_err("none")
        .into_response("r");
    assert_eq!(header(&none, "www-authenticate"), "Bearer");
}

#[test]
fn printing_a_request_shows_no_secret() {
    let headers = [("authorization", "Bearer hush"), ("cookie", "a=hush")];
    let request = request("POST", "/link/start?ticket=hush", &headers, "hush");
    let text = format!("{request:?}");
    assert!(
        text.contains("/link/start") && !text.contains("hush"),
        "{text}"
    );
}

#[tokio::test]
async fn serving_turns_errors_into_problems_with_the_requests_id() {
    let clock = Clock::from_fn(|| Timestamp::from_millis(0));
    let nowhere = request("GET", "/nowhere", &[], "");
    let response = serve(&clock, &nowhere, async { Err(ApiError::not_found()) }).await;
    assert_eq!(response.status(), 404);
    assert_eq!(body_json(&response)["request_id"], "req-1");
    assert_eq!(header(&response, "x-request-id"), "req-1");

    let health = request("GET", "/health", &[], "");
    let work = async { json_response(StatusCode::OK, &json!({"path": health.route()})) };
    let response = serve(&clock, &health, work).await;
    assert_eq!(body_json(&response), json!({"path": "/health"}));
    assert_eq!(header(&response, "x-request-id"), "req-1");
}

#[tokio::test(start_paused = true)]
async fn work_that_never_ends_is_given_up_in_time() {
    let clock = Clock::from_fn(|| Timestamp::from_millis(0));
    let began = tokio::time::Instant::now();
    let request = request("GET", "/health", &[], "");
    let response = serve(&clock, &request, std::future::pending()).await;
    assert_eq!(response.status(), 503);
    assert_eq!(body_json(&response)["code"], "unavailable");
    assert_eq!(header(&response, "retry-after"), "5");
    assert!(began.elapsed() < Duration::from_secs(27));
}
