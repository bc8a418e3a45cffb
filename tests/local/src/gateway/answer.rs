//! What a function answered, as the HTTP answer that API Gateway makes of it.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// A function's answer in payload format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The HTTP answer for a function's answer, which is JSON. One without a `statusCode` is itself
/// the body of a 200.
///
/// # Errors
/// When API Gateway would not understand it and answer 500; the text says why.
pub fn answer(reply: &[u8]) -> Result<Response<Body>, String> {
    let value: Value = serde_json::from_slice(reply).map_err(|error| error.to_string())?;
    if value.get("statusCode").is_none() {
        let body = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let mut response = Response::new(Body::from(body));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        return Ok(response);
    }

    let reply: Reply = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let body = reply.body.unwrap_or_default();
    let body = if reply.is_base64_encoded {
        STANDARD
            .decode(body)
            .map_err(|error| format!("body: {error}"))?
    } else {
        body.into_bytes()
    };
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(reply.status_code)
        .map_err(|_invalid| format!("statusCode {}", reply.status_code))?;
    let headers = response.headers_mut();
    for (name, value) in reply.headers.unwrap_or_default() {
        let text = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(format!("header {name} is no scalar")),
        };
        let name: HeaderName = name
            .parse()
            .map_err(|_invalid| format!("header name {name:?}"))?;
        let text = text
            .parse()
            .map_err(|_invalid| format!("the value of header {name}"))?;
        headers.insert(name, text);
    }
    for cookie in reply.cookies.unwrap_or_default() {
        let cookie = cookie
            .parse()
            .map_err(|_invalid| "a cookie that is no header value")?;
        headers.append(SET_COOKIE, cookie);
    }
    if has_body && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain;charset=UTF-8"),
        );
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn make(reply: &Value) -> Result<Response<Body>, String> {
        answer(reply.to_string().as_bytes())
    }

    async fn body(response: Response<Body>) -> Vec<u8> {
        axum::body::to_bytes(response.into_body(), 1000)
            .await
            .expect("it is in memory")
            .to_vec()
    }

    #[tokio::test]
    async fn format_2_is_understood() {
        let response = make(&json!({
            "statusCode": 303,
            "headers": { "Location": "/there", "x-number": 1 },
            "multiValueHeaders": {},
            "cookies": ["a=1; HttpOnly", "b=2"],
            "body": "AAE=",
            "isBase64Encoded": true,
        }))
        .expect("it is understood");
        assert_eq!(response.status(), 303);
        assert_eq!(response.headers()["location"], "/there");
        assert_eq!(response.headers()["x-number"], "1");
        assert_eq!(
            response.headers()["content-type"],
            "text/plain;charset=UTF-8"
        );
        let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; HttpOnly", "b=2"]);
        assert_eq!(body(response).await, [0, 1]);
    }

    #[tokio::test]
    async fn an_answer_without_a_status_is_the_body() {
        let response = make(&json!({ "a": 1 })).expect("it is understood");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(body(response).await, b"{\"a\":1}");
    }

    #[test]
    fn nonsense_is_named() {
        for (reply, reason) in [
            (json!({ "statusCode": "x" }), "invalid type"),
            (json!({ "statusCode": 1 }), "statusCode 1"),
            (
                json!({ "statusCode": 200, "headers": { "a b": "c" } }),
                "header name",
            ),
            (
                json!({ "statusCode": 200, "headers": { "a": "b\n" } }),
                "value of header a",
            ),
            (
                json!({ "statusCode": 200, "headers": { "a": [] } }),
                "no scalar",
            ),
            (
                json!({ "statusCode": 200, "body": "%", "isBase64Encoded": true }),
                "body",
            ),
        ] {
            let error = make(&reply).expect_err("it is nonsense");
            assert!(error.contains(reason), "{error}");
        }
        assert!(answer(b"<").is_err());
    }
}
