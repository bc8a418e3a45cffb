//! Routes are recognised by the gateway's name for them, so that a custom domain's API mapping may
//! put a path in front.

use std::collections::BTreeSet;

use it::{BASE_URL, CLIENT_ID, CLIENT_SECRET, World, hidden_inputs};
use local::template::{Template, project_template};
use prime_gaming::http::ROUTES;
use serde_json::{Value, json};
use stand_in::Client;
use url::Url;

const MAPPED: &str = "http://127.0.0.1:8080/prime";

async fn mapped() -> World {
    let world = World::with(&[
        ("PUBLIC_BASE_URL", MAPPED),
        ("PLAYER_LOGIN_URL", "https://accounts.studio.example/login"),
        ("DEVICE_LINKING", "on"),
    ])
    .await;
    world.amazon.register_client(Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        return_urls: vec![format!("{MAPPED}/link/callback")],
        allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
    });
    world
}

fn query_value(address: &str, name: &str) -> String {
    let url = Url::parse(address).expect("an address");
    let value = url.query_pairs().find(|(key, _)| key == name);
    value.expect("a value").1.into_owned()
}

#[test]
fn the_routes_are_those_of_the_template() {
    let template = Template::read(&project_template()).expect("the template");
    let deployed: BTreeSet<String> = template
        .functions
        .iter()
        .flat_map(|function| &function.routes)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(deployed, ROUTES.map(str::to_owned).into());
}

#[tokio::test]
async fn a_player_links_below_the_path_of_an_api_mapping() {
    let world = mapped().await;
    let mut browser = world.browser();
    let start = browser.start_url("p1", None).await;
    assert!(
        start.starts_with(&format!("{MAPPED}/link/start?ticket=")),
        "{start}"
    );
    let consent_page = browser.get(&start).await;
    assert_eq!(consent_page.status, 200);
    assert!(
        consent_page.body.contains("action=\"/prime/link/start\""),
        "{consent_page:?}"
    );
    let cookie = consent_page.header("set-cookie").expect("a cookie");
    assert!(cookie.contains("; Path=/;"), "{cookie}");

    let inputs = hidden_inputs(&consent_page.body);
    let form = Some(inputs.as_slice());
    let wrong = browser
        .request("POST", "/prime/link/start", form, Some(MAPPED))
        .await;
    wrong.page(403, "wrong_browser");
    let right = browser
        .request("POST", "/prime/link/start", form, Some(BASE_URL))
        .await;
    assert_eq!(right.status, 303, "{right:?}");
    let redirect_uri = query_value(right.location(), "redirect_uri");
    assert_eq!(redirect_uri, format!("{MAPPED}/link/callback"));

    let callback = browser.allow(right.location(), "alice");
    assert!(callback.starts_with(MAPPED), "{callback}");
    assert_eq!(browser.get(&callback).await.status, 200);
    let call = world.call_as("p1", "GET", "/prime/v1/link");
    assert_eq!(call.send().await.ok()["status"], "linked");
    for path in ["/prime/v1/entitlements/check", "/prime/v1/fulfillments"] {
        let body = json!({"entitlement_ids": ["e1"]});
        let call = world.call_as("p1", "POST", path).json(&body);
        assert_eq!(call.send().await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_player_comes_from_the_prime_gaming_page_to_an_api_mapping() {
    let world = mapped().await;
    let mut browser = world.browser();
    let login = browser.get("/prime/link").await;
    assert_eq!(login.status, 302, "{login:?}");
    let body = json!({
        "login_ticket": query_value(login.location(), "login_ticket"), "player_id": "p1",
    });
    let answer = world
        .call("POST", "/prime/v1/link/login")
        .bearer(&world.server_token())
        .json(&body)
        .send()
        .await
        .ok();
    let address = answer["continue_url"].as_str().expect("an address");
    assert!(
        address.starts_with(&format!("{MAPPED}/link/continue?code=")),
        "{address}"
    );
    assert_eq!(browser.get(address).await.status, 200);
}

#[tokio::test]
async fn a_device_links_below_the_path_of_an_api_mapping() {
    let world = mapped().await;
    let call = world.call_as("p1", "POST", "/prime/v1/link/devices");
    let session = call.send().await;
    assert_eq!(session.status, 201, "{session:?}");
    let id = session.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/prime/v1/link/devices/{id}");
    let polled = world.call_as("p1", "POST", &path).send().await.ok();
    assert_eq!(polled["status"], "pending");
    let other = world.call_as("p1", "POST", "/prime/v1/link/devices/other");
    other.send().await.problem(404, "not_found");
}

#[tokio::test]
async fn a_gateway_without_routes_of_its_own_is_answered_by_the_path() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.player_token("p1"));
    let event = |method: &str, path: &str| {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
            "headers": {"authorization": bearer}, "isBase64Encoded": false,
            "requestContext": {"http": {"method": method, "path": path}, "requestId": "r"},
        })
    };
    for (function, method, path) in [
        ("link", "GET", "/v1/link"),
        ("link", "GET", "/health"),
        ("entitlements", "POST", "/v1/entitlements/check"),
        ("entitlements", "GET", "/v1/entitlements"),
    ] {
        let answer = world.handle(function, &event(method, path)).await;
        assert_eq!(answer.status, 200, "{method} {path}");
    }
    for (method, path) in [("PUT", "/v1/link"), ("GET", "/v1"), ("GET", "/")] {
        let answer = world.handle("link", &event(method, path)).await;
        answer.problem(404, "not_found");
    }
    let mut named: Value = event("GET", "/v1/link");
    named["routeKey"] = "GET /other".into();
    world.handle("link", &named).await.problem(404, "not_found");
}
