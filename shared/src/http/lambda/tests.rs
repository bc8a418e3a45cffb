use std::sync::Mutex;
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::api::ErrorCode;
use crate::config::StudioConfig;
use crate::domain::{LinkFailure, Timestamp};
use crate::http::testing::{body_json, logged, request};
use crate::http::{json as json_response, no_content, with_cookie};
use crate::pages::Pages;

/// Serves one request with secrets in every place; returns the response and the lines logged.
async fn serve_one(result: Result<Response, ApiError>) -> (Response, Vec<Value>) {
    let times = Mutex::new(0);
    let clock = Clock::from_fn(move || {
        let mut now = times.lock().expect("no test panics with the lock");
        *now += 7;
        Timestamp::from_millis(0) + Duration::from_millis(*now)
    });
    let headers = [("authorization", "Bearer hush"), ("cookie", "a=hush")];
    let request = request("POST", "/link/start?ticket=hush", &headers, "hush");
    let mut response = None;
    let lines = logged(async {
        response = Some(serve(&clock, &request, async { result }).await);
    })
    .await;
    let text = Value::from(lines.clone()).to_string();
    assert!(!text.contains("hush"), "{text}");
    (response.expect("a response"), lines)
}

#[tokio::test]
async fn every_request_is_one_line_with_its_cause() {
    for (error, level) in [
        (ApiError::internal("the disk is full"), "ERROR"),
        (ApiError::unavailable("the disk is full"), "WARN"),
        (ApiError::not_found().because("the disk is full"), "INFO"),
    ] {
        let code = error.code();
        let (response, lines) = serve_one(Err(error)).await;
        assert_eq!(body_json(&response)["request_id"], "req-1");
        assert!(!body_json(&response).to_string().contains("disk"));
        let [line] = lines.as_slice() else {
            panic!("one line: {lines:?}")
        };
        assert_eq!(line["level"], level);
        assert_eq!(line["event"], "request");
        assert_eq!(line["status"], code.status().as_u16());
        assert_eq!(line["code"], code.as_str());
        assert_eq!(line["cause"], "the disk is full");
        assert_eq!(line["duration_ms"], 7);
        assert_eq!(line["span"]["request_id"], "req-1");
        assert_eq!(line["span"]["method"], "POST");
        assert_eq!(line["span"]["path"], "/link/start");
    }
}

#[tokio::test]
async fn a_page_is_logged_with_the_code_that_it_shows() {
    let (studio, request) = (
        StudioConfig::default(),
        request("GET", "/link/start", &[], ""),
    );
    let page = Pages::new(&studio, &request).failure(LinkFailure::WrongBrowser);
    let (response, lines) = serve_one(page).await;
    assert_eq!(response.status(), 403);
    assert_eq!(
        (&lines[0]["status"], &lines[0]["code"]),
        (&403.into(), &"wrong_browser".into())
    );
    let (_, lines) = serve_one(Err(ApiError::new(ErrorCode::Forbidden, "no"))).await;
    assert_eq!((lines.len(), &lines[0]["detail"]), (1, &"no".into()));
    assert!(lines[0].get("cause").is_none());
}

#[tokio::test]
async fn every_line_has_the_trace_id_if_the_header_has_one() {
    let clock = Clock::from_fn(|| Timestamp::from_millis(0));
    let root = "1-5759e988-bd862e3fe1be46a994272793";
    for (header, expected) in [
        (format!("Root={root};Sampled=1"), Some(root)),
        (format!("Root=hush-{root}"), None),
        ("hush".to_owned(), None),
    ] {
        let request = request("GET", "/health", &[("x-amzn-trace-id", &header)], "");
        let work = async {
            tracing::info!("hello");
            Ok(no_content())
        };
        let lines = logged(serve(&clock, &request, work)).await;
        assert_eq!(lines.len(), 2);
        for line in lines {
            let found = line["span"].get("trace_id").and_then(Value::as_str);
            assert_eq!(found, expected, "{line}");
            assert!(!line.to_string().contains("hush"), "{line}");
        }
    }
}

fn reply(response: Response) -> serde_json::Value {
    serde_json::to_value(outgoing(response)).expect("JSON")
}

#[test]
fn a_response_is_what_the_gateway_takes() {
    let cookie = |text| HeaderValue::from_static(text);
    let page = json_response(StatusCode::CREATED, &json!({"a": 1})).expect("JSON");
    let mut response = with_cookie(with_cookie(page, cookie("a=1; Path=/")), cookie("b=2"));
    for value in ["a", "b"] {
        response
            .headers_mut()
            .append("vary", HeaderValue::from_static(value));
    }
    assert_eq!(
        reply(response),
        json!({
            "statusCode": 201,
            "headers": {
                "content-type": "application/json",
                "cache-control": "no-store",
                "vary": "a, b",
                "x-content-type-options": "nosniff",
            },
            "multiValueHeaders": {},
            "body": "{\"a\":1}",
            "isBase64Encoded": false,
            "cookies": ["a=1; Path=/", "b=2"],
        })
    );
    let nothing = reply(no_content());
    assert_eq!(
        (&nothing["statusCode"], nothing.get("body")),
        (&204.into(), None)
    );
}
