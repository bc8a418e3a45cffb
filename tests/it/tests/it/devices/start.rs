//! `POST /v1/link/devices`: a console or TV asks for a code to show.

use std::time::Duration;

use futures_util::future::join_all;
use it::World;
use serde_json::{Value, json};
use stand_in::{Consent, Endpoint, Fault};

use crate::devices::support::{
    DEVICE_CLIENT_ID, approved, decide, devices, ended, id, own_client, pass, poll, start,
    try_poll, try_start,
};
use crate::link::support::{links, no_violations, nothing_linked, text};

#[tokio::test]
async fn a_session_is_all_that_a_device_shows() {
    let world = devices().await;
    let answer = try_start(&world, "p1").await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let session = answer.json();
    let fields: Vec<_> = session.as_object().expect("an object").keys().collect();
    assert_eq!(
        fields,
        [
            "expires_at",
            "id",
            "interval",
            "user_code",
            "verification_uri",
            "verification_uri_complete"
        ]
    );
    assert_eq!(id(&session).len(), 43, "256 random bits");
    let pairs = world.amazon.device_pairs();
    assert_eq!(session["user_code"], pairs[0].user_code);
    let page = format!("{}/us/code", world.amazon.base_url());
    assert_eq!(session["verification_uri"], page);
    assert_eq!(session["verification_uri_complete"], Value::Null);
    assert_eq!(session["interval"], 30);
    let end = world.clock.now() + Duration::from_secs(600);
    assert_eq!(session["expires_at"], end.to_string());
    assert_eq!(world.asked(), [Endpoint::Codepair]);
    no_violations(&world);
}

#[tokio::test]
async fn the_address_with_the_code_in_it_is_handed_on() {
    let world = devices().await;
    world.amazon.behave(|it| it.device_complete_uri = true);
    let session = start(&world, "p1").await;
    let complete = session["verification_uri_complete"]
        .as_str()
        .expect("an address");
    let code = session["user_code"].as_str().expect("a code");
    assert!(complete.contains(code), "{complete}");
}

#[tokio::test]
async fn an_address_with_the_code_in_it_is_composed_where_the_studio_wants_it() {
    let world = World::with(&[("DEVICE_LINKING", "on"), ("DEVICE_LINK_QR", "on")]).await;
    let session = start(&world, "p1").await;
    let code = session["user_code"].as_str().expect("a code");
    let page = format!("{}/us/code", world.amazon.base_url());
    assert_eq!(session["verification_uri"], page);
    let composed = format!("{page}?cbl-code={code}");
    assert_eq!(session["verification_uri_complete"], composed);
    let browser = prime_gaming::testing::net::client(None).expect("a client");
    let shown = browser.get(&composed).send().await.expect("Amazon's page");
    let shown = shown.text().await.expect("a page");
    assert!(shown.contains(&format!("value=\"{code}\"")), "{shown}");

    // Amazon's own address wins.
    world.amazon.behave(|it| it.device_complete_uri = true);
    let session = start(&world, "p2").await;
    let code = session["user_code"].as_str().expect("a code");
    let given = format!("{page}?user_code={code}");
    assert_eq!(session["verification_uri_complete"], given);
    no_violations(&world);
}

#[tokio::test]
async fn amazon_is_asked_as_the_client_of_devices() {
    for (world, client_id) in [
        (devices().await, it::CLIENT_ID),
        (own_client(None).await, DEVICE_CLIENT_ID),
    ] {
        start(&world, "p1").await;
        let calls = world.amazon.calls();
        assert_eq!(calls[0].summary["form"]["client_id"], client_id);
        no_violations(&world);
    }
}

#[tokio::test]
async fn unless_a_studio_wants_it_there_are_no_such_routes() {
    for world in [
        World::new().await,
        World::with(&[("DEVICE_LINKING", "off")]).await,
    ] {
        let id = "a".repeat(43);
        for path in [
            "/v1/link/devices".to_owned(),
            format!("/v1/link/devices/{id}"),
        ] {
            for call in [
                world.call("POST", &path),
                world.call_as("p1", "POST", &path),
                world.call("POST", &path).bearer(&world.server_token()),
                world.call("POST", &path).bearer("nonsense"),
            ] {
                let answer = call.send().await;
                answer.problem(404, "not_found");
                assert!(answer.body.contains("DEVICE_LINKING"), "{}", answer.body);
            }
        }
        assert_eq!(world.asked(), []);
    }
}

#[tokio::test]
async fn devices_are_for_players_with_a_token() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    for path in [
        "/v1/link/devices".to_owned(),
        format!("/v1/link/devices/{}", id(&session)),
    ] {
        let server = world.call("POST", &path).bearer(&world.server_token());
        server.send().await.problem(403, "forbidden");
        let named = server_naming(&world, &path).await;
        named.problem(403, "forbidden");
        let nobody = world.call("POST", &path).send().await;
        nobody.problem(401, "invalid_token");
    }
    assert_eq!(world.asked(), [Endpoint::Codepair]);
}

async fn server_naming(world: &World, path: &str) -> it::Answer {
    let call = world.call("POST", path).bearer(&world.server_token());
    call.json(&json!({"player_id": "p1"})).send().await
}

#[tokio::test]
async fn a_player_has_one_open_code() {
    let world = devices().await;
    start(&world, "p1").await;
    pass(&world, 100);
    let answer = try_start(&world, "p1").await;
    answer.problem(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), Some("500"));
    assert_eq!(world.amazon.calls_to(Endpoint::Codepair), 1);
    start(&world, "p2").await;
    pass(&world, 499);
    try_start(&world, "p1")
        .await
        .problem(429, "too_many_attempts");
    pass(&world, 1);
    start(&world, "p1").await;
    try_start(&world, "p1")
        .await
        .problem(429, "too_many_attempts");
    no_violations(&world);
}

#[tokio::test]
async fn after_the_end_a_player_may_begin_again() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    decide(&world, &session, "alice", Consent::Refuse);
    assert_eq!(poll(&world, "p1", &session).await, ended("denied"));
    let session = approved(&world, "p1", "alice").await;
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
    let again = start(&world, "p1").await;
    assert_eq!(poll(&world, "p1", &session).await, ended("linked"));
    try_start(&world, "p1")
        .await
        .problem(429, "too_many_attempts");
    assert_eq!(poll(&world, "p1", &again).await, ended("pending"));
    no_violations(&world);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_starts_at_once_one_wins() {
    for _ in 0..5 {
        let world = devices().await;
        for round in 0..2 {
            let answers = join_all((0..6).map(|_| try_start(&world, "p1"))).await;
            let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status == 201);
            assert_eq!(won.len(), 1, "{round}");
            for answer in lost {
                answer.problem(429, "too_many_attempts");
                assert_eq!(answer.header("retry-after"), Some("600"));
            }
            // The second round replaces an ended session.
            assert_eq!(
                poll(&world, "p1", &won[0].json()).await,
                ended("pending"),
                "it is the winner's that is stored"
            );
            pass(&world, 600);
        }
        assert_eq!(links(&world, "DEVICE#").await.len(), 2);
        no_violations(&world);
    }
}

fn status(status: u16) -> Fault {
    Fault::Status {
        status,
        body: "{}".to_owned(),
        retry_after: Some(7),
    }
}

#[tokio::test]
async fn without_amazon_there_is_no_code() {
    let world = devices().await;
    let oauth = |word: &str| Fault::OAuthError {
        error: word.to_owned(),
        description: String::new(),
    };
    for (fault, retry_after) in [
        (status(503), "7"),
        (status(429), "7"),
        (status(404), "7"),
        (oauth("ServerError"), "30"),
        (oauth("invalid_client"), "30"),
        (oauth("invalid_scope"), "30"),
        (Fault::Truncated, "30"),
        (Fault::NotJson, "30"),
        (Fault::Huge(10_000_000), "30"),
    ] {
        world.amazon.fault(Endpoint::Codepair, fault.clone(), 1);
        world.amazon.reset_calls();
        let answer = try_start(&world, "p1").await;
        answer.problem(503, "amazon_unavailable");
        assert_eq!(answer.header("retry-after"), Some(retry_after), "{fault:?}");
        assert_eq!(world.asked(), [Endpoint::Codepair], "{fault:?}");
    }
    assert!(links(&world, "DEVICE").await.is_empty());
    // One whose connection died is asked for again.
    world.amazon.fault(Endpoint::Codepair, Fault::Reset, 1);
    start(&world, "p1").await;
    no_violations(&world);
}

#[tokio::test]
async fn a_pair_that_no_device_can_use_is_none() {
    let world = devices().await;
    for body in [
        json!({}),
        json!({"user_code": "A", "device_code": "B", "verification_uri": "http://a.example/"}),
        json!({"user_code": "A\nB", "device_code": "B", "verification_uri": "https://a.example/"}),
        json!({"user_code": "A", "verification_uri": "https://a.example/"}),
    ] {
        let fault = Fault::Status {
            status: 200,
            body: body.to_string(),
            retry_after: None,
        };
        world.amazon.fault(Endpoint::Codepair, fault, 1);
        let answer = try_start(&world, "p1").await;
        answer.problem(503, "amazon_unavailable");
    }
}

#[tokio::test]
async fn a_session_whose_answer_was_lost_on_the_way_to_the_table_is_there() {
    let world = devices().await;
    world.database.lose_answer("TransactWriteItems", 0);
    let session = start(&world, "p1").await;
    assert_eq!(poll(&world, "p1", &session).await, ended("pending"));
    assert_eq!(links(&world, "DEVICE#").await.len(), 1);
}

#[tokio::test]
async fn without_the_database_no_code_is_shown() {
    let world = devices().await;
    world.database.refuse("GetItem", 0, 1);
    try_start(&world, "p1").await.problem(503, "unavailable");
    assert_eq!(world.asked(), [], "no player would have seen the code");
    world.database.refuse("TransactWriteItems", 0, 1);
    try_start(&world, "p1").await.problem(503, "unavailable");
    start(&world, "p1").await;
    let session = "a".repeat(43);
    world.database.refuse("GetItem", 0, 1);
    let answer = try_poll(&world, "p1", &session).await;
    answer.problem(503, "unavailable");
}

#[tokio::test]
async fn secrets_are_stored_as_hashes_or_sealed() {
    let world = devices().await;
    let session = start(&world, "p1").await;
    let items = crate::link::support::scan(&world, &world.app.config.tables.links).await;
    let everything = format!("{items:?}");
    for secret in [id(&session), session["user_code"].as_str().expect("a code")] {
        assert!(!everything.contains(secret), "{secret} in {everything}");
    }
    for secret in world.amazon.issued_secrets() {
        assert!(!everything.contains(&secret), "{secret} in {everything}");
    }
    let devices = links(&world, "DEVICE#").await;
    let device = devices.values().next().expect("a session");
    assert!(
        text(device, "pair").starts_with("test-1."),
        "sealed: {device:?}"
    );
    let end = world.clock.now() + Duration::from_secs(600);
    let ttl: i64 = device["ttl"].as_n().expect("a number").parse().expect("it");
    assert_eq!(ttl, (end + Duration::from_secs(7200)).as_seconds());
    nothing_linked(&world).await;
}

#[tokio::test]
async fn what_has_ended_holds_no_code_and_no_token() {
    let world = devices().await;
    for (player, consent) in [("p1", Consent::Approve), ("p2", Consent::Refuse)] {
        let session = start(&world, player).await;
        decide(&world, &session, player, consent);
        poll(&world, player, &session).await;
    }
    let devices = links(&world, "DEVICE#").await;
    assert_eq!(devices.len(), 2);
    for device in devices.values() {
        for field in ["pair", "tokens", "access_expires_at"] {
            assert!(!device.contains_key(field), "{device:?}");
        }
    }
}
