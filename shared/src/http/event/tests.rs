use http::header::{AUTHORIZATION, ORIGIN};
use serde_json::{Value, json};

use super::*;
use crate::http::testing::event;

fn read(event: &Value) -> Request {
    Request::from_event(&event.to_string(), "invocation-1")
}

/// An event of this route with one place changed, by JSON pointer.
fn with(pointer: &str, value: Value) -> Value {
    let mut event = event(
        "GET",
        "/v1/link",
        &[("authorization", "Bearer a.b.c")],
        "{}",
    );
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = event.pointer_mut(parent).expect("there is one");
    parent[name] = value;
    event
}

#[test]
fn a_header_with_a_control_character_is_dropped_alone() {
    for value in [
        "Bearer a\u{0}b",
        "a\nb",
        "a\rb",
        "\u{7f}",
        "\u{1b}[0m",
        "a\tb",
        "\u{85}",
    ] {
        let request = read(&with("/headers/origin", value.into()));
        assert!(!request.headers.contains_key(ORIGIN), "{value:?}");
        assert_eq!(request.bearer_token().expect("it is there"), "a.b.c");
    }
    for value in [Value::Null, json!(7), json!(["a"]), json!({"a": "b"})] {
        let request = read(&with("/headers/origin", value));
        assert!(!request.headers.contains_key(ORIGIN));
    }
    for name in ["", " ", "a b", "é", "a\u{0}", ":", "authorization\n"] {
        let request = read(&with(&format!("/headers/{name}"), "x".into()));
        assert_eq!(request.headers.len(), 1, "{name:?}");
    }
}

#[test]
fn a_header_that_is_no_ascii_is_kept_and_one_that_comes_twice_is_none() {
    let request = read(&with("/headers/origin", "https://é.example".into()));
    assert!(request.headers.contains_key(ORIGIN));
    assert_eq!(request.header(&ORIGIN), None, "it is not ASCII");
    let request = read(&with("/headers/Authorization", "Bearer other".into()));
    assert_eq!(request.header(&AUTHORIZATION), None, "which one counts?");
}

#[test]
fn cookies_are_read_one_by_one() {
    let cookies = json!(["a=1", "b=\u{0}", 7, null, "c=3; d=4", "é=5", "e=6"]);
    let request = read(&with("/cookies", cookies));
    for (name, value) in [
        ("a", Some("1")),
        ("b", None),
        ("d", Some("4")),
        ("e", Some("6")),
    ] {
        assert_eq!(request.cookie(name), value, "{name}");
    }
    for odd in [Value::Null, json!("a=1"), json!({"a": "1"}), json!(7)] {
        assert_eq!(read(&with("/cookies", odd)).cookie("a"), None);
    }
}

#[test]
fn no_query_is_too_odd() {
    for (query, value) in [
        ("a=1%20+2", Some("1  2")),
        ("a=\"<x>\"", Some("\"<x>\"")),
        ("a=x y#z", Some("x y#z")),
        ("a=é\u{1F3AE}", Some("é\u{1F3AE}")),
        ("a=\r\n\u{0}\u{7f}", Some("\r\n\u{0}\u{7f}")),
        ("a=%zz%", Some("%zz%")),
        ("a={}|\\^`[]", Some("{}|\\^`[]")),
        ("", None),
        ("?&&=&%", None),
    ] {
        let request = read(&with("/rawQueryString", query.into()));
        assert_eq!(request.query_one("a").expect("one"), value, "{query:?}");
    }
}

#[test]
fn a_body_is_decoded_where_it_can_be() {
    let body = |text: &str, encoded: Value| {
        let mut event = with("/body", text.into());
        event["isBase64Encoded"] = encoded;
        read(&event).body
    };
    assert_eq!(body("e30=", true.into()), b"{}");
    assert_eq!(body("e30=", false.into()), b"e30=");
    assert_eq!(body("not base64!", true.into()), b"not base64!");
    assert_eq!(body("e30=", "true".into()), b"e30=");
    for odd in [Value::Null, json!(7), json!({"a": "b"})] {
        assert!(read(&with("/body", odd)).body.is_empty());
    }
}

#[test]
fn an_event_that_is_none_leads_nowhere() {
    for text in [
        "",
        "null",
        "[]",
        "7",
        "\"text\"",
        "{}",
        "{",
        "{\"a\":\"\\ud800\"}",
        "<xml/>",
    ] {
        let request = Request::from_event(text, "invocation-1");
        assert_eq!((request.route_key(), request.id()), (None, None), "{text}");
        assert_eq!(request.request_id(), "invocation-1");
    }
    for place in [
        "headers",
        "requestContext",
        "rawPath",
        "rawQueryString",
        "pathParameters",
        "body",
    ] {
        for odd in [
            Value::Null,
            json!(7),
            json!("x"),
            json!([]),
            json!({}),
            json!([{"a": [1]}]),
        ] {
            let request = read(&with(&format!("/{place}"), odd));
            assert_eq!(request.route_key(), Some("GET /v1/link"), "{place}");
        }
    }
}

#[test]
fn the_id_of_a_device_session_is_the_gateways_or_the_paths() {
    let mut event = with("/routeKey", "POST /v1/link/devices/{id}".into());
    event["rawPath"] = "/prime/v1/link/devices/a%20b".into();
    assert_eq!(read(&event).id(), Some("a%20b"));
    event["pathParameters"] = json!({"id": "a b"});
    assert_eq!(read(&event).id(), Some("a b"));
    event["routeKey"] = "GET /v1/link".into();
    assert_eq!(read(&event).id(), None);
}

#[test]
fn an_id_of_a_request_that_could_not_stand_in_a_header_is_not_taken_over() {
    for (id, taken) in [
        ("f1Q2cjMGoAMEVBA=", true),
        ("", false),
        ("a b", false),
        ("a\nb", false),
        ("é", false),
        (&"x".repeat(129), false),
    ] {
        let request = read(&with("/requestContext/requestId", id.into()));
        let expected = if taken { id } else { "invocation-1" };
        assert_eq!(request.request_id(), expected);
    }
}

#[test]
fn only_methods_of_http_are_shown() {
    for (sent, shown) in [
        ("DELETE", "DELETE"),
        ("delete", "-"),
        ("Bearer hush", "-"),
        ("", "-"),
    ] {
        let request = read(&with("/requestContext/http/method", sent.into()));
        assert_eq!(request.method(), shown);
    }
}
