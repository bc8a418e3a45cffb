//! HTTP requests through the gateway to a real function process.

use std::time::Duration;

use local::gateway::{Beside, Cors, Gateway, bind};
use local::log::{Lines, Log};
use local::runtime::{Function, Spec};
use local::template::{Route, Template, project_template};
use serde_json::{Value, json};

use crate::echo;

struct Api {
    base: String,
    http: reqwest::Client,
    lines: Lines,
    _gateway: Gateway,
}

impl Api {
    async fn start(timeout: Duration) -> Self {
        Self::start_with(timeout, "").await
    }

    async fn start_with(timeout: Duration, origins: &str) -> Self {
        let (log, lines) = Log::memory();
        let function = Function::new(
            Spec {
                timeout,
                ..echo().await
            },
            log.clone(),
        );
        let route = |method: &str, path: &str| Route {
            method: method.to_owned(),
            path: path.to_owned(),
        };
        let routes = [
            route("GET", "/items/{id}"),
            route("POST", "/items"),
            route("POST", "/v1/items"),
        ];
        let routes = routes
            .into_iter()
            .map(|route| (route, function.clone()))
            .collect();
        let listener = bind(0).await.expect("a port is free");
        let rules = Template::read(&project_template()).expect("the template");
        let cors = Cors::new(&rules.cors.expect("it has rules"), origins).expect("origins");
        let gateway =
            Gateway::start(listener, routes, cors, log, Beside::default()).expect("it starts");
        let base = format!("http://{}", gateway.address);
        Self {
            base,
            http: prime_gaming::testing::net::client(None).expect("no extra certificate"),
            lines,
            _gateway: gateway,
        }
    }

    async fn post(&self, command: &Value) -> reqwest::Response {
        let request = self.http.post(format!("{}/items", self.base)).json(command);
        request.send().await.expect("the gateway answers")
    }
}

const LONG: Duration = Duration::from_secs(60);

async fn json(response: reqwest::Response) -> Value {
    let text = response.text().await.expect("the body comes");
    serde_json::from_str(&text).expect("it is JSON")
}

#[tokio::test]
async fn a_request_reaches_the_function_as_an_event() {
    let api = Api::start(LONG).await;
    let response = api
        .http
        .get(format!("{}/items/a%20b?x=1&x=2", api.base))
        .header("cookie", "a=1; b=2")
        .send()
        .await
        .expect("the gateway answers");
    assert!(response.headers().contains_key("apigw-requestid"));
    let event = &json(response).await["event"];
    assert_eq!(event["routeKey"], "GET /items/{id}");
    assert_eq!(event["pathParameters"]["id"], "a b");
    assert_eq!(event["queryStringParameters"]["x"], "1,2");
    assert_eq!(event["cookies"], json!(["a=1", "b=2"]));

    let log = api.lines.text();
    assert!(log.contains("GET /items/{id} 200"), "{log}");
    assert!(!log.contains("a%20b"), "{log}");
    assert!(!log.contains("x=1"), "{log}");
}

#[tokio::test]
async fn the_functions_answer_becomes_the_http_answer() {
    let api = Api::start(LONG).await;
    let reply = json!({
        "statusCode": 201, "headers": { "x-a": "b" }, "cookies": ["c=1", "d=2"], "body": "made"
    });
    let response = api.post(&json!({ "do": "reply", "reply": reply })).await;
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["x-a"], "b");
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(response.text().await.expect("the body comes"), "made");
}

#[tokio::test]
async fn what_the_gateway_answers_itself() {
    let api = Api::start(LONG).await;
    let unknown = api
        .http
        .get(format!("{}/items", api.base))
        .send()
        .await
        .expect("an answer");
    assert_eq!(unknown.status(), 404);
    assert_eq!(json(unknown).await, json!({ "message": "Not Found" }));

    for command in [
        json!({ "do": "fail" }),
        json!({ "do": "exit" }),
        json!({ "do": "huge" }),
        json!({ "do": "reply", "reply": { "statusCode": "no" } }),
    ] {
        let broken = api.post(&command).await;
        assert_eq!(broken.status(), 500, "{command}");
        assert_eq!(
            json(broken).await,
            json!({ "message": "Internal Server Error" })
        );
    }

    let size = local::gateway::MAX_BODY_BYTES + 1;
    let large = api
        .http
        .post(format!("{}/items", api.base))
        .body(vec![b'x'; size])
        .send()
        .await;
    // The answer may come before the whole body is sent, which the client may call an error.
    if let Ok(large) = large {
        assert_eq!(large.status(), 413);
    }
}

#[tokio::test]
async fn an_overdue_function_is_an_error() {
    let api = Api::start(Duration::from_millis(300)).await;
    assert_eq!(api.post(&json!({ "do": "stall" })).await.status(), 500);
    let log = api.lines.text();
    assert!(log.contains("Task timed out"), "{log}");
}

#[tokio::test]
async fn a_taken_port_is_refused() {
    let taken = bind(0).await.expect("a port is free");
    let port = taken.local_addr().expect("it has an address").port();
    let error = bind(port).await.expect_err("it is taken");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn pages_of_the_named_origins_may_call_the_api() {
    const GAME: &str = "https://play.example.com";
    let api = Api::start_with(LONG, GAME).await;
    let url = format!("{}/v1/items", api.base);
    for (origin, allowed) in [(GAME, true), ("https://evil.example", false)] {
        let preflight = api
            .http
            .request(reqwest::Method::OPTIONS, &url)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
            .send()
            .await
            .expect("the gateway answers");
        assert_eq!(preflight.status(), 204);
        let reply = json!({ "statusCode": 429, "headers": { "retry-after": "5" }, "body": "" });
        let call = api
            .http
            .post(&url)
            .header("origin", origin)
            .json(&json!({ "do": "reply", "reply": reply }))
            .send()
            .await
            .expect("the gateway answers");
        assert_eq!(call.status(), 429);
        for answer in [&preflight, &call] {
            let headers = answer.headers();
            let named = headers.get("access-control-allow-origin");
            assert_eq!(named.is_some_and(|named| named == origin), allowed);
            assert!(!headers.contains_key("access-control-allow-credentials"));
        }
        let exposed = call.headers().get("access-control-expose-headers");
        assert_eq!(exposed.is_some(), allowed);
    }
    let none = Api::start(LONG).await;
    let preflight = none
        .http
        .request(reqwest::Method::OPTIONS, format!("{}/v1/items", none.base))
        .header("origin", GAME)
        .header("access-control-request-method", "POST");
    let answer = preflight.send().await.expect("the gateway answers");
    assert_eq!(
        answer.status(),
        404,
        "without a named origin there is no CORS"
    );
}
