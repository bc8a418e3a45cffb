//! What the tests of this module share.

use serde_json::{Value, json};
use tracing::instrument::WithSubscriber;

use super::{Request, Response};
use crate::logging::testing::Heard;

/// A request as API Gateway sends it, with these headers (and cookies, by `cookie`).
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    Request::from_event(
        &event(method, target, headers, body).to_string(),
        "invocation-1",
    )
}

/// The event of such a request.
pub(crate) fn event(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Value {
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
    json!({
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
    })
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
    response.body()
}

/// The body as JSON.
pub(crate) fn body_json(response: &Response) -> Value {
    serde_json::from_str(response.body()).expect("JSON")
}

/// The lines that `work` logs.
pub(crate) async fn logged<T>(work: impl Future<Output = T>) -> Vec<Value> {
    let heard = Heard::new();
    let writer = heard.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(move || writer.clone())
        .finish();
    work.with_subscriber(subscriber).await;
    heard.json()
}
