//! The sample events, each through the handler that its route leads to. These are the files that
//! `sam local invoke` is given.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use it::{Answer, CLIENT_ID, CLIENT_SECRET, World, hidden_inputs};
use local::build::workspace;
use local::template::{Template, project_template};
use prime_gaming::domain::random_token;
use serde_json::{Value, json};
use stand_in::{Client, Consent};

/// The address that the events came to.
const ORIGIN: &str = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";

/// The authorization code that the callback events carry.
const CODE: &str = "ANdNAVhyhqirUelHGEHA";

/// What each event is answered: the status, and the code of the error where there is one.
const ANSWERS: [(&str, u16, &str); 53] = [
    ("entitlements-check-bad-json", 400, "invalid_request"),
    ("entitlements-check-bad-other-player", 403, "forbidden"),
    (
        "entitlements-check-bad-server-without-player",
        400,
        "invalid_request",
    ),
    ("entitlements-check-bad-token", 401, "invalid_token"),
    ("entitlements-check-post", 200, ""),
    ("entitlements-check-server", 200, ""),
    ("entitlements-get-bad-cursor", 400, "invalid_cursor"),
    ("entitlements-get-bad-limit", 400, "invalid_request"),
    ("entitlements-get-bad-status", 400, "invalid_request"),
    ("entitlements-get-cursor", 200, ""),
    ("entitlements-get-server", 200, ""),
    ("entitlements-get-status", 200, ""),
    ("entitlements-get", 200, ""),
    ("fulfillments-bad-empty-id", 400, "invalid_request"),
    ("fulfillments-bad-json", 400, "invalid_request"),
    ("fulfillments-bad-no-ids", 400, "invalid_request"),
    ("fulfillments-bad-too-many-ids", 400, "invalid_request"),
    ("fulfillments-bad-type", 400, "invalid_request"),
    ("fulfillments-post-base64", 200, ""),
    ("fulfillments-post-several", 200, ""),
    ("fulfillments-post", 200, ""),
    ("fulfillments-server", 200, ""),
    ("health-get", 200, ""),
    ("link-callback-bad-doubled-state", 400, "invalid_state"),
    ("link-callback-bad-no-state", 400, "invalid_state"),
    ("link-callback-bad-other-browser", 403, "wrong_browser"),
    ("link-callback-denied", 403, "access_denied"),
    ("link-callback-get", 200, ""),
    ("link-continue-bad-other-browser", 403, "wrong_browser"),
    ("link-continue-get", 200, ""),
    ("link-delete-server", 204, ""),
    ("link-delete", 204, ""),
    ("link-device-bad-server", 403, "forbidden"),
    ("link-device-bad-unknown", 404, "not_found"),
    ("link-device-post", 200, ""),
    ("link-devices-bad-second", 429, "too_many_attempts"),
    ("link-devices-bad-server", 403, "forbidden"),
    ("link-devices-post", 201, ""),
    ("link-get-bad-no-token", 401, "invalid_token"),
    ("link-get-server", 200, ""),
    ("link-get", 200, ""),
    ("link-login-bad-player", 403, "forbidden"),
    ("link-login-bad-ticket", 400, "invalid_ticket"),
    ("link-login-post", 200, ""),
    ("link-session-bad-return-to", 400, "invalid_return_to"),
    ("link-session-bad-server", 403, "forbidden"),
    ("link-session-post-empty-body", 201, ""),
    ("link-session-post", 201, ""),
    ("link-start-get-bad-ticket", 400, "invalid_ticket"),
    ("link-start-get-known-browser", 200, ""),
    ("link-start-get", 200, ""),
    ("link-start-post-bad-no-cookie", 403, "wrong_browser"),
    ("link-start-post-bad-origin", 403, "wrong_browser"),
];

/// These are answered by a redirect.
const REDIRECTS: [(&str, u16); 2] = [
    ("link-from-prime-gaming-get", 302),
    ("link-start-post", 303),
];

/// Where the studio logs players in.
const LOGIN_PAGE: &str = "https://accounts.studio.example/prime/login";

/// Names of `admin` events, and whether they are carried out.
const COMMANDS: &[(&str, bool)] = &[
    ("admin-bad-command", false),
    ("admin-bad-order", false),
    ("admin-amazon-get", true),
    ("admin-attention-list", true),
    ("admin-attention-release", true),
    ("admin-doctor", true),
    ("admin-entitlement-get", true),
    ("admin-entitlement-hold", true),
    ("admin-entitlement-reassign", true),
    ("admin-entitlement-release", true),
    ("admin-entitlement-rereport", true),
    ("admin-keys-reseal", true),
    ("admin-keys-status", true),
    ("admin-link-retry", true),
    ("admin-player-erase", true),
    ("admin-player-erase-again", true),
    ("admin-player-export", true),
    ("admin-player-get", true),
    ("admin-player-unlink", true),
    ("admin-offers-put-bad", false),
    ("admin-offers-put", true),
    ("admin-offers-correct", true),
    ("admin-offers-list", true),
    ("admin-offers-pause", true),
    ("admin-offers-resume", true),
    ("admin-offers-delete", true),
];

/// What CodeDeploy hands to the function of the checks before a roll-out: see `operations::rollout`.
const ROLLOUT: &str = "admin-rollout-hook";

/// What EventBridge hands to `reconcile`; anything else serves as well.
const SCHEDULED: &str = "reconcile-scheduled";

fn folder() -> PathBuf {
    workspace().join("events")
}

fn read(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).expect("an events file");
    serde_json::from_str(&text).expect("JSON")
}

/// Every file of the folder, without its ending.
fn names() -> BTreeSet<String> {
    std::fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_stem().expect("a name");
            name.to_str().expect("UTF-8").to_owned()
        })
        .collect()
}

/// The functions, deployed as the events see them: behind the gateway's own domain.
async fn deployed() -> World {
    let mut world = World::with(&[("PLAYER_LOGIN_URL", LOGIN_PAGE)]).await;
    world.app.config.public_base_url = None;
    world.app.config.linking.devices = true;
    world.amazon.register_client(Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        return_urls: vec![format!("{ORIGIN}/link/callback")],
        allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
    });
    world
}

/// What the placeholders stand for.
type Values = BTreeMap<&'static str, String>;

fn tokens(world: &World) -> Values {
    Values::from([
        ("PLAYER_TOKEN", world.player_token("player-1")),
        ("SERVER_TOKEN", world.server_token()),
        ("BROWSER_ID", random_token()),
    ])
}

/// The event with its placeholders filled in, also those in an encoded body.
fn filled(name: &str, values: &Values) -> Value {
    let mut event = read(name);
    if event["isBase64Encoded"] == true {
        let body = event["body"].as_str().expect("a body");
        let body = STANDARD.decode(body).expect("base64");
        let body = String::from_utf8(body).expect("text");
        event["body"] = STANDARD.encode(fill(&body, values)).into();
    }
    let text = fill(&event.to_string(), values);
    assert!(!text.contains("${"), "{name}: something is left to fill in");
    serde_json::from_str(&text).expect("JSON still")
}

fn fill(text: &str, values: &Values) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value)
    })
}

/// The function that template.yaml gives the event's route to.
fn function_of(template: &Template, event: &Value) -> String {
    let route_key = event["routeKey"].as_str().expect("a routeKey");
    let serves =
        |route: &local::template::Route| format!("{} {}", route.method, route.path) == route_key;
    let function = template
        .functions
        .iter()
        .find(|function| function.routes.iter().any(serves));
    function
        .unwrap_or_else(|| panic!("{route_key} is not a route of the template"))
        .binary
        .clone()
}

async fn send(world: &World, name: &str, values: &Values) -> Answer {
    let template = Template::read(&project_template()).expect("the template");
    let event = filled(name, values);
    world.handle(&function_of(&template, &event), &event).await
}

fn query_value(address: &str, name: &str) -> String {
    let url = url::Url::parse(address).expect("an address");
    let value = url.query_pairs().find(|(key, _)| key == name);
    value.expect("a value").1.into_owned()
}

/// Goes the browser's way by the sample events themselves, as far as this event needs it.
async fn prepare(world: &World, name: &str, values: &mut Values) {
    if name == "entitlements-get-cursor" {
        world.offer_with("coin", &json!({"per_player": null})).await;
        for _ in 0..3 {
            world.amazon.claim("alice", "coin");
        }
        // A player must be linked to have a history.
        Box::pin(prepare(world, "link-callback-get", values)).await;
        let callback = with_code(world, &filled("link-callback-get", values), values);
        assert_eq!(world.handle("link", &callback).await.status, 200);
        world.check("player-1").await;
        let page = world
            .call_as("player-1", "GET", "/v1/entitlements?limit=2")
            .send()
            .await
            .ok();
        let cursor = page["next_cursor"].as_str().expect("there is more");
        values.insert("CURSOR", cursor.to_owned());
        return;
    }
    let needs = |placeholder: &str| {
        let event = read(name);
        let body = event["body"]
            .as_str()
            .and_then(|body| STANDARD.decode(body).ok());
        let body = body.and_then(|body| String::from_utf8(body).ok());
        let text = format!("{event}{}", body.unwrap_or_default());
        text.contains(&format!("${{{placeholder}}}"))
    };
    if needs("LOGIN_TICKET") || needs("CONTINUE_CODE") {
        let answer = send(world, "link-from-prime-gaming-get", values).await;
        assert!(answer.location().starts_with(LOGIN_PAGE), "{answer:?}");
        values.insert(
            "LOGIN_TICKET",
            query_value(answer.location(), "login_ticket"),
        );
        let cookie = answer.header("set-cookie").expect("a cookie");
        let (_, id) = cookie.split_once('=').expect("a pair");
        let id = id.split(';').next().unwrap_or_default();
        values.insert("BROWSER_ID", id.to_owned());
    }
    if needs("CONTINUE_CODE") {
        let answer = send(world, "link-login-post", values).await.ok();
        let continue_url = answer["continue_url"].as_str().expect("an address");
        assert!(continue_url.starts_with(ORIGIN), "{continue_url}");
        values.insert("CONTINUE_CODE", query_value(continue_url, "code"));
    }
    if needs("DEVICE_ID") || name == "link-devices-bad-second" {
        let session = send(world, "link-devices-post", values).await.json();
        let id = session["id"].as_str().expect("an id");
        values.insert("DEVICE_ID", id.to_owned());
        return;
    }
    if !["TICKET", "FORM_TOKEN", "STATE"].iter().any(|it| needs(it)) {
        return;
    }
    let session = send(world, "link-session-post-empty-body", values).await;
    let start_url = session.json()["start_url"].clone();
    let start_url = start_url.as_str().expect("an address");
    assert!(start_url.starts_with(ORIGIN), "{start_url}");
    values.insert("TICKET", query_value(start_url, "ticket"));
    let page = send(world, "link-start-get-known-browser", values).await;
    let inputs = hidden_inputs(&page.body);
    let token = inputs.iter().find(|(name, _)| name == "token");
    values.insert("FORM_TOKEN", token.expect("a form token").1.clone());
    if name.starts_with("link-callback") || name == "entitlements-get-cursor" {
        let answer = send(world, "link-start-post", values).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        values.insert("STATE", query_value(answer.location(), "state"));
        values.insert("AMAZON", answer.location().to_owned());
    }
}

/// The callback with a code that Amazon really gave, in place of the sample's.
fn with_code(world: &World, event: &Value, values: &Values) -> Value {
    let back = world
        .amazon
        .consent(&values["AMAZON"], "alice", Consent::Approve)
        .expect("a good authorize request");
    let text = event.to_string();
    assert!(text.contains(CODE));
    let text = text.replace(CODE, &query_value(&back, "code"));
    serde_json::from_str(&text).expect("JSON still")
}

#[tokio::test]
async fn every_event_is_answered_as_it_should_be() {
    let template = Template::read(&project_template()).expect("the template");
    let redirects = REDIRECTS.map(|(name, status)| (name, status, ""));
    for (name, status, code) in ANSWERS.into_iter().chain(redirects) {
        let world = deployed().await;
        let mut values = tokens(&world);
        prepare(&world, name, &mut values).await;
        let mut event = filled(name, &values);
        if name == "link-callback-get" {
            event = with_code(&world, &event, &values);
        }
        let function = function_of(&template, &event);
        let answer = world.handle(&function, &event).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {answer:?}");
        if code.is_empty() {
            assert_ne!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{name}"
            );
        } else if event["rawPath"]
            .as_str()
            .is_some_and(|path| path.starts_with("/v1"))
        {
            answer.problem(status, code);
            assert_eq!(
                answer.json()["request_id"],
                event["requestContext"]["requestId"],
                "{name}"
            );
        } else {
            answer.page(status, code);
        }
        world.contract_is_kept();
    }
}

#[tokio::test]
async fn every_admin_event_is_answered_as_it_should_be() {
    let world = World::new().await;
    for (name, done) in COMMANDS.iter().filter(|(name, _)| name.contains("offers")) {
        let answer = world.admin(read(name)).await;
        assert_eq!(answer["ok"], *done, "{name}: {answer}");
    }
    for (name, done) in COMMANDS {
        let world = with_an_entitlement(name).await;
        let account = world.amazon.account_id("alice");
        let event = read(name)
            .to_string()
            .replace("amzn1.account.AEXAMPLE", &account);
        let answer: Value = serde_json::from_str(&world.admin_text(&event).await).expect("JSON");
        // Those need the offers of `offers.put`.
        if ![
            "admin-offers-correct",
            "admin-offers-delete",
            "admin-offers-pause",
            "admin-offers-resume",
        ]
        .contains(name)
        {
            assert_eq!(answer["ok"], *done, "{name}: {answer}");
        }
    }
}

/// With the player and the entitlement that the events name, as the event's command needs it.
pub(super) async fn with_an_entitlement(name: &str) -> World {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("player-1", "alice").await;
    let element = json!({
        "EntitlementId": "entitlement-1", "VendorProductId": "hat", "NextInstruction": "FULFILL"
    });
    world.amazon.put_entitlement("alice", element);
    world.check("player-1").await;
    match name {
        "admin-entitlement-release" => {
            let mut hold = read("admin-entitlement-hold");
            hold["dry_run"] = false.into();
            assert_eq!(world.admin(hold).await["ok"], true);
        }
        "admin-entitlement-rereport" => {
            let results = world.confirm("player-1", &["entitlement-1"]).await;
            assert_eq!(results[0]["status"], "reported");
        }
        _ => {}
    }
    world
}

#[test]
fn every_events_file_is_tested() {
    let tested: BTreeSet<String> = ANSWERS
        .iter()
        .map(|(name, ..)| *name)
        .chain(REDIRECTS.iter().map(|(name, _)| *name))
        .chain(COMMANDS.iter().map(|(name, _)| *name))
        // `reconcile` does not look into its event.
        .chain([SCHEDULED, ROLLOUT])
        // The variables that `sam local invoke --env-vars` takes.
        .chain(["env"])
        .map(str::to_owned)
        .collect();
    assert_eq!(names(), tested);
}

#[test]
fn every_route_has_an_event() {
    let template = Template::read(&project_template()).expect("the template");
    let covered: BTreeSet<String> = names()
        .iter()
        .filter_map(|name| read(name)["routeKey"].as_str().map(str::to_owned))
        .collect();
    for function in &template.functions {
        for route in &function.routes {
            let route_key = format!("{} {}", route.method, route.path);
            assert!(covered.contains(&route_key), "{route_key} has no event");
        }
    }
}

#[test]
fn an_event_says_the_same_thing_in_all_its_places() {
    for name in names() {
        let event = read(&name);
        let Some(route_key) = event["routeKey"].as_str() else {
            continue;
        };
        let context = &event["requestContext"];
        let (method, path) = (&context["http"]["method"], &context["http"]["path"]);
        assert_eq!(event["version"], "2.0", "{name}");
        assert_eq!(context["routeKey"], route_key, "{name}");
        assert_eq!(&event["rawPath"], path, "{name}");
        let says = |value: &Value| value.as_str().expect("text").to_owned();
        let mut asked_for = route_key.to_owned();
        for (parameter, value) in event["pathParameters"].as_object().into_iter().flatten() {
            asked_for = asked_for.replace(&format!("{{{parameter}}}"), &says(value));
        }
        assert_eq!(
            format!("{} {}", says(method), says(path)),
            asked_for,
            "{name}"
        );
        assert_eq!(context["domainName"], event["headers"]["host"], "{name}");
        let query = event["rawQueryString"].as_str().expect("text");
        assert_eq!(
            event["queryStringParameters"].is_object(),
            !query.is_empty(),
            "{name}"
        );
    }
}

#[test]
fn the_variables_for_sam_local_are_those_of_the_template() {
    let template = Template::read(&project_template()).expect("the template");
    let env = read("env");
    // `Parameters` is for every function.
    let keys: Vec<_> = env.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["Parameters"]);
    let given = env["Parameters"].as_object().expect("variables");
    let given: BTreeSet<_> = given.keys().map(String::as_str).collect();
    for function in &template.functions {
        let declared: BTreeSet<_> = function.environment.keys().map(String::as_str).collect();
        // `sam local` hands over only what the template declares.
        assert_eq!(given, declared, "{}", function.logical_id);
    }
}
