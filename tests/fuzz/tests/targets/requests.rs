//! What callers and browsers send.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fuzz::{fuzz, object, runtime, text, word};
use http::header::HeaderValue;
use it::{BASE_URL, World};
use prime_gaming::flow::Cursor;
use prime_gaming::http::{BrowserCookie, Request, with_outcome};
use prime_gaming::testing::config::{Config, REQUIRED};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use url::Url;

use crate::acceptable;

/// So that every route does something.
const SETTINGS: [(&str, &str); 2] = [
    ("PLAYER_LOGIN_URL", "https://accounts.studio.example/login"),
    ("DEVICE_LINKING", "on"),
];

const ROUTES: [(&str, &str, &str); 15] = [
    ("link", "POST", "/v1/link/sessions"),
    ("link", "POST", "/v1/link/devices"),
    (
        "link",
        "POST",
        "/v1/link/devices/Az09_-Az09_-Az09_-Az09_-Az09_-Az09_-Az09_-A",
    ),
    ("link", "GET", "/v1/link"),
    ("link", "DELETE", "/v1/link"),
    ("link", "POST", "/v1/link/login"),
    ("link", "GET", "/link"),
    ("link", "GET", "/link/start"),
    ("link", "POST", "/link/start"),
    ("link", "GET", "/link/continue"),
    ("link", "GET", "/link/callback"),
    ("link", "GET", "/health"),
    ("entitlements", "GET", "/v1/entitlements"),
    ("entitlements", "POST", "/v1/entitlements/check"),
    ("fulfillments", "POST", "/v1/fulfillments"),
];

/// What the gateway calls the route.
fn route_key(method: &str, path: &str) -> String {
    let path = match path.strip_prefix("/v1/link/devices/") {
        Some(_) => "/v1/link/devices/{id}",
        None => path,
    };
    format!("{method} {path}")
}

fn context(method: &str, path: &str) -> Value {
    json!({
        "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
        "requestId": "r", "stage": "$default", "timeEpoch": 1_587_481_701_067_i64,
    })
}

/// A request as the functions see it, with these headers and cookies.
fn request(headers: &Value, cookies: &[&str]) -> Request {
    let event = json!({
        "version": "2.0", "routeKey": "GET /link", "rawPath": "/link", "rawQueryString": "",
        "headers": headers, "cookies": cookies, "requestContext": context("GET", "/link"),
        "isBase64Encoded": false,
    });
    Request::from_event(&event.to_string(), "invocation")
}

fn some_text() -> BoxedStrategy<Value> {
    text().prop_map(Value::from).boxed()
}

/// Events of API Gateway, with anything in the places that a caller fills.
#[test]
fn events() {
    let runtime = runtime();
    let world = runtime.block_on(World::with(&SETTINGS));
    let bearer = format!("Bearer {}", world.player_token("p1"));
    let names = prop_oneof![
        select(vec![
            "authorization",
            "content-type",
            "origin",
            "cookie",
            "accept",
            "accept-language",
            "host",
            "x-forwarded-proto",
            "x-amzn-trace-id",
        ])
        .prop_map(str::to_owned),
        text(),
    ];
    let headers = vec((names, text()), 0..6).prop_map(move |mut headers| {
        headers.push(("authorization".to_owned(), bearer.clone()));
        Value::Object(
            headers
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect(),
        )
    });
    let structured = (
        select(ROUTES.to_vec()),
        headers,
        object(vec![
            ("rawQueryString", some_text()),
            ("body", some_text()),
            ("cookies", vec(text(), 0..4).prop_map(Value::from).boxed()),
            (
                "isBase64Encoded",
                any::<bool>().prop_map(Value::from).boxed(),
            ),
        ]),
    )
        .prop_map(|((_, method, path), headers, mut event)| {
            event["version"] = "2.0".into();
            event["routeKey"] = route_key(method, path).into();
            event["rawPath"] = path.into();
            event["headers"] = headers;
            event["requestContext"] = context(method, path);
            event.to_string().into_bytes()
        });
    fuzz("events", structured, |input| {
        let event = String::from_utf8_lossy(input);
        for function in ["link", "entitlements", "fulfillments"] {
            acceptable(&runtime.block_on(world.handle_text(function, &event)));
        }
    });
}

/// JSON bodies: no answer of ours is a fault, and what means the same is answered the same.
#[test]
fn bodies() {
    let runtime = runtime();
    let world = runtime.block_on(World::with(&SETTINGS));
    let server = world.server_token();
    let ids = vec(text().prop_map(Value::from), 0..4).prop_map(Value::from);
    let structured = object(vec![
        (
            "player_id",
            select(vec!["p1", "p2"]).prop_map(Value::from).boxed(),
        ),
        ("player_name", some_text()),
        ("entitlement_ids", ids.boxed()),
        ("login_ticket", some_text()),
        ("return_to", some_text()),
    ])
    .prop_map(|body| body.to_string().into_bytes());
    fuzz("bodies", structured, |input| {
        for (_, method, path) in ROUTES.iter().filter(|(_, method, _)| *method == "POST") {
            for token in [&server, &world.player_token("p1")] {
                let send = |body: &[u8], content_type: &str| {
                    let call = world.call(method, path).bearer(token);
                    let call = call
                        .header("content-type", content_type)
                        .body(body.to_vec());
                    runtime.block_on(call.send())
                };
                let answer = send(input, "application/json");
                acceptable(&answer);
                // The gateway hands it on in base64 where it does not call itself text.
                let encoded = send(input, "application/octet-stream");
                let counted =
                    [201, 429].map(|it| http::StatusCode::from_u16(it).expect("a status"));
                let both = counted.contains(&answer.status) && counted.contains(&encoded.status);
                assert!(
                    both || answer.status == encoded.status,
                    "{answer:?} {encoded:?}"
                );
                if let Ok(Value::Object(body)) = serde_json::from_slice(input) {
                    let spaced = format!(" \r\n{:#}\t", Value::Object(body));
                    let again = send(spaced.as_bytes(), "application/json");
                    // A member that comes twice is lost on the way through a `Value`.
                    let doubled = answer.body.contains("duplicate field");
                    // The eleventh open attempt is one too many, whatever its body says.
                    let both = counted.contains(&answer.status) && counted.contains(&again.status);
                    assert!(
                        both || again.status == answer.status || doubled,
                        "{answer:?} {again:?}"
                    );
                }
            }
        }
    });
}

/// Queries: a name that comes twice is refused, and nothing is a fault of ours.
#[test]
fn queries() {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let name = prop_oneof![
        select(vec![
            "player_id",
            "limit",
            "cursor",
            "ticket",
            "code",
            "state",
            "scope",
            "error"
        ])
        .prop_map(str::to_owned),
        word(),
    ];
    let structured = vec((name, text(), any::<bool>()), 0..6).prop_map(|pairs| {
        let pair = |(name, value, encoded): (String, String, bool)| {
            let value = if encoded {
                url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
            } else {
                value
            };
            format!("{name}={value}")
        };
        pairs
            .into_iter()
            .map(pair)
            .collect::<Vec<_>>()
            .join("&")
            .into_bytes()
    });
    let token = world.player_token("p1");
    fuzz("queries", structured, |input| {
        let query = String::from_utf8_lossy(input);
        let players = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "player_id")
            .count();
        for (function, method, path) in ROUTES {
            let event = json!({
                "version": "2.0", "routeKey": route_key(method, path), "rawPath": path,
                "rawQueryString": query, "headers": {"authorization": format!("Bearer {token}")},
                "requestContext": context(method, path), "isBase64Encoded": false,
            });
            let answer = runtime.block_on(world.handle(function, &event));
            acceptable(&answer);
            if players > 1 && matches!(path, "/v1/link" | "/v1/entitlements") {
                assert_eq!(answer.status, 400, "{answer:?}");
            }
        }
    });
}

/// Cookies: ours is found among any others, and what is read is what was sent.
#[test]
fn cookies() {
    let cookie = BrowserCookie::at(&Url::parse(BASE_URL).expect("an address"));
    let id = "Az09_-".repeat(8)[..43].to_owned();
    let ours = format!("prime-gaming-browser={id}");
    let read = |headers: &Value, cookies: &[&str]| cookie.read(&request(headers, cookies));
    let wanted = read(&json!({}), &[&ours]).expect("ours");
    let structured = vec(prop_oneof![text(), Just(ours.clone())], 0..5)
        .prop_map(|cookies| cookies.join("; ").into_bytes());
    fuzz("cookies", structured, |input| {
        let sent = String::from_utf8_lossy(input);
        let headers = json!({"cookie": sent});
        for found in [read(&json!({}), &[&sent]), read(&headers, &[])] {
            let Some(found) = found else { continue };
            // The id that is set again is one that was sent, to the letter.
            let set = cookie.set(&found).expect("a header");
            let set = set.to_str().expect("ASCII");
            let pair = set.split(';').next().unwrap_or_default();
            assert!(sent.contains(pair), "{pair} is not in {sent}");
        }
        let others = sent.replace("prime-gaming-browser", "other");
        if HeaderValue::from_str(&others).is_ok() {
            let found = read(&json!({}), &[&others, &ours]);
            assert_eq!(found, Some(wanted.clone()), "lost among {others}");
        }
    });
}

/// `Accept-Language`: one of the languages that there are, whatever is asked for.
#[test]
fn languages() {
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let wish = prop_oneof![
        "[a-z]{2}(-[A-Z]{2})?(;q=[01](\\.[0-9]{1,3})?)?",
        "(de|en|\\*)(;q=[01](\\.[0-9]{1,3})?)?",
        text(),
    ];
    let structured = vec(wish, 0..5).prop_map(|wishes| wishes.join(",").into_bytes());
    fuzz("languages", structured, |input| {
        let Ok(value) = HeaderValue::from_bytes(input) else {
            return;
        };
        let Ok(text) = value.to_str() else { return };
        let open = |text: &str| {
            let call = world
                .call("GET", "/link/callback")
                .header("accept-language", text);
            let answer = runtime.block_on(call.send());
            answer.page(400, "invalid_state");
            let language = answer.header("content-language").expect("one").to_owned();
            assert!(["en", "de"].contains(&language.as_str()), "{language}");
            assert!(answer.body.contains(&format!("<html lang=\"{language}\">")));
            language
        };
        let language = open(text);
        assert_eq!(
            open(&text.to_ascii_uppercase()),
            language,
            "tags have no case"
        );
    });
}

/// Cursors: only what an answer could have given is taken, in one form only.
#[test]
fn cursors() {
    let structured = ("[0-9]{14,16}", text(), any::<bool>()).prop_map(|(time, id, encoded)| {
        let position = format!("1:{time}#{id}");
        if encoded {
            URL_SAFE_NO_PAD.encode(position).into_bytes()
        } else {
            position.into_bytes()
        }
    });
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    fuzz("cursors", structured, |input| {
        let text = String::from_utf8_lossy(input);
        let parsed = Cursor::parse(&text);
        if parsed.is_ok() {
            let position = URL_SAFE_NO_PAD.decode(&*text).expect("base64url");
            assert_eq!(URL_SAFE_NO_PAD.encode(&position), *text, "one form only");
            assert!(STANDARD.encode(&position).len() < 800, "bounded");
        }
        let query: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let call = world.call_as("p1", "GET", &format!("/v1/entitlements?cursor={query}"));
        let answer = runtime.block_on(call.send());
        match parsed {
            Ok(_) => assert_eq!(answer.status, 200, "{answer:?}"),
            Err(_) => drop(answer.problem(400, "invalid_cursor")),
        }
    });
}

fn return_origins() -> prime_gaming::testing::config::ReturnOrigins {
    let origins = ("LINK_RETURN_ORIGINS", "https://play.example.com,mygame:");
    let settings: BTreeMap<_, _> = REQUIRED.into_iter().chain([origins]).collect();
    let config = Config::from_vars(|name| settings.get(name).map(|value| (*value).to_owned()));
    config.expect("good settings").linking.return_origins
}

/// `return_to`: what is taken leads to what is listed, before and after the outcome is added, and
/// however often it is read.
#[test]
fn return_addresses() {
    let origins = return_origins();
    let start = select(vec![
        "https://play.example.com",
        "https://play.example.com/",
        "https://play.example.com@",
        "https://play.example.com.",
        "https://play.example.com:",
        "HTTPS://PLAY.example.com",
        "https:play.example.com",
        "https:///play.example.com",
        "//play.example.com",
        "mygame:",
        "mygame://",
        "MyGame:",
        "https://evil.example/",
        "https://",
        "javascript:",
        "https://play",
    ]);
    let structured = (start, vec(prop_oneof![word(), text()], 0..4))
        .prop_map(|(start, rest)| format!("{start}{}", rest.concat()).into_bytes());
    fuzz("return_addresses", structured, |input| {
        let Ok(text) = std::str::from_utf8(input) else {
            return;
        };
        let Ok(url) = origins.check(text) else {
            return;
        };
        for url in [&url, &with_outcome(&url, "status", "linked")] {
            let written = url.as_str();
            let listed =
                written.starts_with("https://play.example.com/") || written.starts_with("mygame:");
            assert!(listed, "{written}");
            assert!(written.is_ascii() || url.scheme() == "mygame", "{written}");
            assert!(!written.contains(char::is_control), "{written:?}");
            if written.len() <= 2048 {
                let again = origins
                    .check(written)
                    .unwrap_or_else(|error| panic!("{written}: {error}"));
                assert_eq!(again.as_str(), written, "read twice, it is the same");
            }
        }
        let outcome = with_outcome(&url, "status", "linked");
        let last = outcome
            .query_pairs()
            .last()
            .map(|(_, value)| value.into_owned());
        assert_eq!(last.as_deref(), Some("linked"));
        assert_eq!(
            (outcome.path(), outcome.fragment()),
            (url.path(), url.fragment())
        );
    });
}
