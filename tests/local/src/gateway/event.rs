//! A request as API Gateway hands it to a function: payload format 2.0.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use axum::body::Bytes;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, USER_AGENT};
use axum::http::{HeaderMap, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prime_gaming::domain::Timestamp;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use super::Match;

/// What the gateway knows of a request beside the request itself.
#[derive(Clone, Debug)]
pub struct Source {
    /// The caller's address.
    pub ip: IpAddr,
    /// The domain that the API is reached by.
    pub domain_name: String,
    /// The gateway's own id of the request.
    pub request_id: String,
    /// When the request came.
    pub now: Timestamp,
}

impl Default for Source {
    /// A caller on this machine, at the beginning of time.
    fn default() -> Self {
        Self {
            ip: Ipv4Addr::LOCALHOST.into(),
            domain_name: format!("local.execute-api.{}.amazonaws.com", crate::REGION),
            request_id: "local".to_owned(),
            now: Timestamp::from_millis(0),
        }
    }
}

/// The event for a request that takes this route.
#[must_use]
pub fn event<T>(found: &Match<'_, T>, request: &Request<Bytes>, source: &Source) -> Value {
    let route_key = format!("{} {}", found.route.method, found.route.path);
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default();
    let headers = headers(request.headers(), source);
    let user_agent = headers
        .get(USER_AGENT.as_str())
        .cloned()
        .unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": crate::ACCOUNT,
            "apiId": "local",
            "domainName": source.domain_name,
            "domainPrefix": source.domain_name.split('.').next(),
            "http": {
                "method": request.method().as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source.ip,
                "userAgent": user_agent,
            },
            "requestId": source.request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": clf(source.now),
            "timeEpoch": source.now.as_millis(),
        },
        "isBase64Encoded": false,
    });

    // What is empty is left out.
    let cookies = cookies(request.headers());
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    if !query.is_empty() {
        event["queryStringParameters"] = query_parameters(query);
    }
    if !found.parameters.is_empty() {
        event["pathParameters"] = json!(found.parameters);
    }
    if !request.body().is_empty() {
        let (body, encoded) = body(request.headers(), request.body());
        event["body"] = body.into();
        event["isBase64Encoded"] = encoded.into();
    }
    event
}

/// Headers by name in lower case, values of the same name joined by commas. Cookies have a list
/// of their own.
fn headers(headers: &HeaderMap, source: &Source) -> BTreeMap<String, String> {
    let mut found = BTreeMap::<String, String>::new();
    let mut add = |name: &str, value: &str| {
        found
            .entry(name.to_owned())
            .and_modify(|values| {
                values.push(',');
                values.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    };
    for (name, value) in headers {
        if name != COOKIE {
            add(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
    }
    add("x-forwarded-for", &source.ip.to_string());
    found.insert("x-forwarded-port".to_owned(), "443".to_owned());
    found.insert("x-forwarded-proto".to_owned(), "https".to_owned());
    let trace = format!("Root={}", crate::random::trace_root(source.now));
    found.entry("x-amzn-trace-id".to_owned()).or_insert(trace);
    found
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|header| {
            let header = String::from_utf8_lossy(header.as_bytes());
            header.split("; ").map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn query_parameters(query: &str) -> Value {
    let mut found = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let joined = match found.get(name.as_ref()).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.into_owned(),
        };
        found.insert(name.into_owned(), joined.into());
    }
    found.into()
}

/// The body and whether it is in base64. API Gateway leaves a body as it is only where its type
/// is text, JSON, XML or JavaScript; a form is none of these.
fn body(headers: &HeaderMap, body: &Bytes) -> (String, bool) {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .unwrap_or_default();
    let is_text = content_type.starts_with("text/")
        || [
            "application/json",
            "application/xml",
            "application/javascript",
        ]
        .contains(&content_type.as_str());
    match std::str::from_utf8(body) {
        Ok(text) if is_text && !headers.contains_key(CONTENT_ENCODING) => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    }
}

/// A time as in the common log format: `21/Apr/2020:15:08:21 +0000`.
fn clf(time: Timestamp) -> String {
    let format =
        format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    OffsetDateTime::from_unix_timestamp(time.as_millis().div_euclid(1000))
        .ok()
        .and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Routes;
    use crate::template::Route;

    fn build(request: &Request<Bytes>, route: &str) -> Value {
        let route = Route {
            method: request.method().to_string(),
            path: route.to_owned(),
        };
        let routes = Routes::new(vec![(route, ())]);
        let found = routes
            .find(request.method().as_str(), request.uri().path())
            .expect("it fits");
        let now = Timestamp::from_millis(1_587_481_701_067);
        event(
            &found,
            request,
            &Source {
                now,
                ..Source::default()
            },
        )
    }

    #[test]
    fn an_event_is_as_api_gateway_sends_it() {
        let request = Request::post("/v1/devices/a%20b?x=1&y=%41+b&x=2")
            .header("Cookie", "one=1; two=2")
            .header("Cookie", "three=3")
            .header("X-Twice", "a")
            .header("X-Twice", "b")
            .header("User-Agent", "game/1")
            .header("X-Forwarded-For", "203.0.113.9")
            .header("Content-Type", "application/json; charset=utf-8")
            .body(Bytes::from_static(b"{\"a\":1}"))
            .expect("the request is valid");
        let event = build(&request, "/v1/devices/{id}");

        assert_eq!(event["version"], "2.0");
        assert_eq!(event["routeKey"], "POST /v1/devices/{id}");
        assert_eq!(event["rawPath"], "/v1/devices/a%20b");
        assert_eq!(event["rawQueryString"], "x=1&y=%41+b&x=2");
        assert_eq!(
            event["queryStringParameters"],
            json!({ "x": "1,2", "y": "A b" })
        );
        assert_eq!(event["pathParameters"], json!({ "id": "a b" }));
        assert_eq!(event["cookies"], json!(["one=1", "two=2", "three=3"]));
        assert_eq!(event["headers"]["x-twice"], "a,b");
        assert_eq!(event["headers"]["x-forwarded-for"], "203.0.113.9,127.0.0.1");
        assert!(event["headers"].get("cookie").is_none());
        assert_eq!(event["body"], "{\"a\":1}");
        assert_eq!(event["isBase64Encoded"], false);
        let context = &event["requestContext"];
        assert_eq!(context["http"]["userAgent"], "game/1");
        assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
        assert_eq!(context["time"], "21/Apr/2020:15:08:21 +0000");
        assert_eq!(context["timeEpoch"], 1_587_481_701_067_i64);
        assert_eq!(context["stage"], "$default");
        assert_eq!(context["domainPrefix"], "local");
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let request = Request::get("/health")
            .body(Bytes::new())
            .expect("the request is valid");
        let event = build(&request, "/health");
        assert_eq!(event["rawQueryString"], "");
        for absent in ["cookies", "queryStringParameters", "pathParameters", "body"] {
            assert!(event.get(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn forms_and_compressed_bodies_come_in_base64() {
        for (name, value) in [
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-encoding", "gzip"),
        ] {
            let request = Request::post("/link/start")
                .header(name, value)
                .body(Bytes::from_static(b"a=b"))
                .expect("the request is valid");
            let event = build(&request, "/link/start");
            assert_eq!(
                (&event["body"], &event["isBase64Encoded"]),
                (&json!("YT1i"), &json!(true))
            );
        }
    }
}
