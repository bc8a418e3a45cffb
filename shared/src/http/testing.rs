//! What the tests of this module share.

use lambda_http::Body;
use serde_json::{Value, json};

use super::{Request, Response};

/// A request as API Gateway sends it, with these headers (and cookies, by `cookie`).
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    Request::from(event(method, target, headers, body))
}

/// The event of such a request.
pub(crate) fn event(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> lambda_http::Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut map = serde_json::Map::new();
    let mut cookies = Vec::new();
    for (name, value) in headers {
        if *name == "cookie" {
            cookies.extend(value.split("; "));
        } else {
            map.insert((*name).to_owned(), Value::from(*value));
        }
    }
    let event = json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": query,
        "cookies": cookies,
        "headers": map,
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "api",
            "domainName": "api.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "api",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1",
                     "sourceIp": "192.0.2.1", "userAgent": "test"},
            "requestId": "req-1",
            "routeKey": format!("{method} {path}"),
            "stage": "$default",
            "time": "31/Jan/2026:09:30:00 +0000",
            "timeEpoch": 1_769_851_800_000_i64,
        },
        "body": body,
        "isBase64Encoded": false,
    });
    lambda_http::request::from_str(&event.to_string()).expect("an event")
}

/// The one value of a header, or nothing.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The body as text.
pub(crate) fn body_text(response: &Response) -> &str {
    match response.body() {
        Body::Text(text) => text,
        Body::Empty => "",
        _ => panic!("answers are text"),
    }
}

/// The body as JSON.
pub(crate) fn body_json(response: &Response) -> Value {
    serde_json::from_str(body_text(response)).expect("JSON")
}
