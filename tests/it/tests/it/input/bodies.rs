//! Bodies from outside are bounded and checked: the answer is a problem with a code, and never a
//! 500 for the caller's fault. Cookies, queries, headers and paths are in `requests`.

use it::{Answer, Call, World, hidden_inputs};
use serde_json::{Value, json};

use crate::link::support::{links, no_violations};

const LIMIT: usize = 65_536;

/// Routes that take JSON, each with a body that it accepts.
fn routes() -> [(&'static str, Value); 3] {
    [
        ("/v1/link/sessions", json!({})),
        ("/v1/entitlements/check", json!({})),
        ("/v1/fulfillments", json!({"entitlement_ids": ["e1"]})),
    ]
}

fn post<'w>(world: &'w World, path: &str) -> Call<'w> {
    let call = world.call_as("p1", "POST", path);
    call.header("content-type", "application/json")
}

/// Asserts that the request was refused as such; gives the detail.
fn invalid(answer: &Answer) -> String {
    let detail = answer.problem(400, "invalid_request");
    assert!(detail.len() < 300, "{detail}");
    detail
}

async fn confirm(world: &World, body: &Value) -> Answer {
    let call = post(world, "/v1/fulfillments");
    call.body(body.to_string()).send().await
}

#[tokio::test]
async fn a_body_over_64_kb_is_too_large() {
    let world = World::new().await;
    for (path, mut body) in routes() {
        body["more"] = "x".repeat(LIMIT).into();
        for body in [
            body.to_string(),
            "x".repeat(LIMIT + 1),
            " ".repeat(LIMIT + 1),
        ] {
            let answer = post(&world, path).body(body).send().await;
            answer.problem(413, "payload_too_large");
        }
        let huge = post(&world, path).body(vec![0xff; 6_000_000]);
        huge.send().await.problem(413, "payload_too_large");
    }
    assert!(links(&world, "").await.is_empty());
}

#[tokio::test]
async fn a_body_of_64_kb_is_not() {
    let world = World::new().await;
    for (path, mut body) in routes() {
        body["more"] = "".into();
        let rest = LIMIT - body.to_string().len();
        body["more"] = "x".repeat(rest).into();
        assert_eq!(body.to_string().len(), LIMIT);
        let answer = post(&world, path).body(body.to_string()).send().await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_form_over_64_kb_is_too_large() {
    let world = World::new().await;
    let mut browser = world.browser();
    let start = browser.start_url("p1", None).await;
    let mut inputs = hidden_inputs(&browser.get(&start).await.body);
    inputs.push(("more".to_owned(), "x".repeat(LIMIT)));
    let answer = browser.post("/link/start", &inputs).await;
    answer.problem(413, "payload_too_large");
    let body: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&inputs)
        .finish();
    let call = world.call("POST", "/link/start").body(body);
    let call = call.header("accept", "text/html,application/xhtml+xml");
    let answer = call
        .header("content-type", "application/x-www-form-urlencoded")
        .send()
        .await;
    answer.page(413, "payload_too_large");
    inputs.pop();
    let answer = browser.post("/link/start", &inputs).await;
    assert_eq!(answer.status, 303, "the ticket was not used up");
}

#[tokio::test]
async fn broken_json_is_refused() {
    let world = World::new().await;
    let deep = format!("{{\"x\":{}", "[".repeat(20_000));
    for (path, _) in routes() {
        for body in [
            "{",
            "}",
            "{\"player_id\":",
            "{\"player_id\":\"p1\"",
            "{\"player_id\":\"p1\",}",
            "{'player_id':'p1'}",
            "{player_id:\"p1\"}",
            "{} {}",
            "{}x",
            "nul",
            "NaN",
            "player_id=p1",
            "<xml/>",
            "\u{feff}{}",
            "{\"player_id\":\"\u{0}\"}",
            &deep,
        ] {
            let answer = post(&world, path).body(body.to_owned()).send().await;
            invalid(&answer);
        }
        for body in [
            &b"{\"player_id\":\"\xff\"}"[..],
            b"\x00",
            b"\x1f\x8b\x08\x00",
        ] {
            let answer = post(&world, path).body(body.to_vec()).send().await;
            invalid(&answer);
        }
    }
    no_violations(&world);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let world = World::new().await;
    for (path, _) in routes() {
        for body in [
            "[]",
            "[{}]",
            "null",
            "7",
            "true",
            "\"p1\"",
            "[null,null,null]",
        ] {
            let answer = post(&world, path).body(body.to_owned()).send().await;
            let detail = invalid(&answer);
            assert!(detail.contains("object"), "{path} {body}: {detail}");
        }
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named() {
    let world = World::new().await;
    for (path, field, value) in [
        ("/v1/link/sessions", "return_to", json!(1)),
        ("/v1/link/sessions", "return_to", json!({"url": "mygame:x"})),
        ("/v1/entitlements/check", "player_id", json!(7)),
        ("/v1/entitlements/check", "player_id", json!(["p1"])),
        ("/v1/fulfillments", "player_id", json!(true)),
        ("/v1/fulfillments", "entitlement_ids", json!("e1")),
        ("/v1/fulfillments", "entitlement_ids", json!(null)),
        ("/v1/fulfillments", "entitlement_ids", json!({"e1": 1})),
        ("/v1/fulfillments", "entitlement_ids", json!(7)),
    ] {
        let mut body = json!({"entitlement_ids": ["e1"]});
        body[field] = value;
        let answer = post(&world, path).body(body.to_string()).send().await;
        let detail = invalid(&answer);
        assert!(detail.contains(&format!("`{field}`")), "{detail}");
    }
}

#[tokio::test]
async fn a_wrong_value_is_not_repeated() {
    let world = World::new().await;
    for body in [
        json!({"entitlement_ids": "hunter2"}),
        json!({"entitlement_ids": ["hunter2", 7]}),
        json!({"entitlement_ids": ["hunter2\u{7}"]}),
        json!({"entitlement_ids": ["e"], "player_id": {"hunter2": "hunter2"}}),
    ] {
        let answer = confirm(&world, &body).await;
        invalid(&answer);
        assert!(!answer.body.contains("hunter2"), "{}", answer.body);
    }
}

#[tokio::test]
async fn ids_are_1_to_50() {
    let world = World::new().await;
    let ids = |count: usize| -> Vec<String> { (0..count).map(|id| format!("e{id}")).collect() };
    for count in [0, 51, 1000] {
        let answer = confirm(&world, &json!({"entitlement_ids": ids(count)})).await;
        let detail = invalid(&answer);
        assert!(detail.contains("entitlement_ids"), "{detail}");
    }
    let answer = post(&world, "/v1/fulfillments").body("{}").send().await;
    assert!(
        invalid(&answer).contains("entitlement_ids"),
        "a missing list"
    );
    let answer = confirm(&world, &json!({"entitlement_ids": ids(50)})).await;
    let results = answer.ok()["results"].clone();
    assert_eq!(results.as_array().map(Vec::len), Some(50));
    assert_eq!(
        results[49],
        json!({"entitlement_id": "e49", "status": "unknown"})
    );
}

#[tokio::test]
async fn an_id_is_1_to_512_printable_bytes() {
    let world = World::new().await;
    for id in [
        json!(""),
        json!("x".repeat(513)),
        json!("é".repeat(257)),
        json!("a\u{0}b"),
        json!("a\nb"),
        json!("\u{7f}"),
        json!(null),
        json!(7),
        json!(["e1"]),
        json!({"id": "e1"}),
    ] {
        let answer = confirm(&world, &json!({"entitlement_ids": ["e1", id]})).await;
        let detail = invalid(&answer);
        assert!(detail.contains("entitlement_ids[1]"), "{detail}");
    }
    for id in [
        "x".repeat(512),
        "é".repeat(256),
        "a b".to_owned(),
        "🎮#/\\'\"".to_owned(),
    ] {
        let answer = confirm(&world, &json!({"entitlement_ids": [id]})).await;
        assert_eq!(answer.ok()["results"][0]["status"], "unknown", "{id}");
    }
}

#[tokio::test]
async fn a_named_player_must_be_one() {
    let world = World::new().await;
    let server = world.server_token();
    for path in ["/v1/entitlements/check", "/v1/fulfillments"] {
        for name in [
            json!(""),
            json!("a b"),
            json!("é"),
            json!("x".repeat(129)),
            json!(null),
        ] {
            let body = json!({"player_id": name, "entitlement_ids": ["e1"]});
            let call = world.call("POST", path).bearer(&server).json(&body);
            let detail = invalid(&call.send().await);
            assert!(detail.contains("player_id"), "{detail}");
        }
        for name in ["p2", "", "P1", "a b"] {
            let body = json!({"player_id": name, "entitlement_ids": ["e1"]});
            let answer = post(&world, path).body(body.to_string()).send().await;
            answer.problem(403, "forbidden");
        }
        let body = json!({"player_id": "p1", "entitlement_ids": ["e1"]});
        let answer = post(&world, path).body(body.to_string()).send().await;
        assert_eq!(answer.status, 200, "oneself may be named");
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let world = World::new().await;
    for (path, mut body) in routes() {
        body["new"] = json!({"deep": [1, null, {"x": "y"}]});
        body["__proto__"] = json!({});
        body[""] = json!(1e300);
        let answer = post(&world, path).body(body.to_string()).send().await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        // As deep as 64 KB allow.
        let (body, nested) = (body.to_string(), "[".repeat(30_000));
        let rest = body.strip_prefix('{').expect("an object");
        let body = format!("{{\"deep\":{nested}{},{rest}", "]".repeat(30_000));
        let answer = post(&world, path).body(body).send().await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn a_field_that_comes_twice_is_refused() {
    let world = World::new().await;
    for (path, body) in [
        (
            "/v1/link/sessions",
            r#"{"return_to":"mygame:a","return_to":"mygame:b"}"#,
        ),
        (
            "/v1/entitlements/check",
            r#"{"player_id":"p1","player_id":"p1"}"#,
        ),
        (
            "/v1/fulfillments",
            r#"{"entitlement_ids":["a"],"entitlement_ids":["b"]}"#,
        ),
    ] {
        invalid(&post(&world, path).body(body).send().await);
    }
}

#[tokio::test]
async fn a_body_in_base64_is_the_same_body() {
    let world = World::new().await;
    for (path, body) in routes() {
        // The gateway encodes what does not call itself text.
        for content_type in ["application/octet-stream", "application/vnd.api+json", ""] {
            let call = world.call_as("p1", "POST", path);
            let call = call.header("content-type", content_type);
            let answer = call.body(body.to_string()).send().await;
            assert!(answer.status.is_success(), "{path}: {answer:?}");
            let call = world.call_as("p1", "POST", path);
            let call = call.header("content-type", content_type);
            invalid(&call.body("{\"x\":").send().await);
        }
    }
}
