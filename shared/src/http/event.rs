//! The event that API Gateway hands to a function: HTTP API, payload format 2.0.
//!
//! Callers fill most of an event, so no field is required, and of a field that has an unexpected
//! form only that field is dropped. A typed event would end in an error of the Lambda runtime: the caller
//! would see a 500, and the runtime would log the value, which may be a token.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{COOKIE, HeaderName, HeaderValue};
use serde_json::Value;

use super::request::Pairs;
use super::{Request, route};
use crate::domain::Timestamp;

/// The longest request id that is accepted.
const MAX_ID_BYTES: usize = 128;

impl Request {
    /// The request in `event`, which is JSON. `invocation` is Lambda's id of the invocation, for an
    /// event without an id of the gateway.
    #[must_use]
    pub fn from_event(event: &str, invocation: &str) -> Self {
        // Text that is not JSON is an empty event, which no route takes.
        let mut event: Value = serde_json::from_str(event).unwrap_or_default();
        let body = body(&mut event);
        let context = &event["requestContext"];
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let method = method(context["http"]["method"].as_str().unwrap_or_default());
        let path = text(&event["rawPath"]).unwrap_or_default();
        let route_key = route::find(event["routeKey"].as_str(), method, &path);
        let id = route_key
            .filter(|route| route.contains('{'))
            .and_then(|route| {
                let given = event["pathParameters"]["id"].as_str();
                given
                    .or_else(|| route::id_in(route, &path))
                    .map(ToOwned::to_owned)
            });
        let query = event["rawQueryString"].as_str().unwrap_or_default();
        // The gateway writes the context. A header would be the caller's.
        let request_id = context["requestId"].as_str().filter(|id| is_id(id));
        Self {
            method,
            route_key,
            id,
            query: Pairs::parse(query.as_bytes()),
            headers: headers(&event),
            body,
            request_id: request_id.unwrap_or(invocation).to_owned(),
            domain_name: text(&context["domainName"]),
            received_at: context["timeEpoch"].as_i64().map(Timestamp::from_millis),
            path,
        }
    }
}

fn method(text: &str) -> &'static str {
    const METHODS: [&str; 7] = ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"];
    METHODS
        .into_iter()
        .find(|method| *method == text)
        .unwrap_or("-")
}

/// Whether this can be an id, and fits into a response header.
fn is_id(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn headers(event: &Value) -> HeaderMap {
    let named = event["headers"].as_object().into_iter().flatten();
    let named = named
        .filter_map(|(name, value)| Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value)));
    let cookies = event["cookies"].as_array().into_iter().flatten();
    let mut headers = HeaderMap::new();
    for (name, value) in named.chain(cookies.map(|cookie| (COOKIE, cookie))) {
        if let Some(value) = value.as_str().and_then(header_value) {
            // An error means that there are more than 32,768. The rest is ignored.
            let _ = headers.try_append(name, value);
        }
    }
    headers
}

/// `None` for a value with a control character.
fn header_value(text: &str) -> Option<HeaderValue> {
    if text.chars().any(char::is_control) {
        return None;
    }
    HeaderValue::from_bytes(text.as_bytes()).ok()
}

/// The body, decoded where the event says that it is base64, and it is.
fn body(event: &mut Value) -> Vec<u8> {
    let encoded = event["isBase64Encoded"].as_bool().unwrap_or(false);
    let Some(Value::String(body)) = event.get_mut("body").map(Value::take) else {
        return Vec::new();
    };
    match encoded.then(|| STANDARD.decode(&body)) {
        Some(Ok(decoded)) => decoded,
        _ => body.into_bytes(),
    }
}

#[cfg(test)]
mod tests;
