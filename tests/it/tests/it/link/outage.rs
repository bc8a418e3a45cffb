//! Amazon does not answer, or our own side fails, while a link is finished.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use it::{BASE_URL, CLIENT_ID, World};
use prime_gaming::testing::store::Links;
use serde_json::{Value, json};
use stand_in::{Client, Endpoint, Fault};

use crate::link::support::{
    at_amazon, back_from_amazon, callback, cookies, linked_pairs, links, no_violations,
    nothing_linked, open, unlinked,
};

fn status(status: u16) -> Fault {
    Fault::Status {
        status,
        body: "{}".to_owned(),
        retry_after: Some(7),
    }
}

/// A gateway that says how long Amazon will be away.
fn for_a_minute(status: u16) -> Fault {
    Fault::Status {
        status,
        body: String::new(),
        retry_after: Some(60),
    }
}

/// The link fails with this page, leaves nothing, and the next try works.
async fn fails(faults: &[(Endpoint, Fault, u32)], code: &str) {
    fails_after(1, faults, code).await;
}

/// The same after so many token requests.
async fn fails_after(asked: usize, faults: &[(Endpoint, Fault, u32)], code: &str) {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    for (endpoint, fault, times) in faults {
        world.amazon.fault(*endpoint, fault.clone(), *times);
    }
    let answer = browser.get(&back).await;
    let status = if code == "internal" { 500 } else { 503 };
    answer.page(status, code);
    assert_eq!(answer.header("retry-after").is_some(), status == 503);
    assert_eq!(world.amazon.calls_to(Endpoint::Token), asked, "{faults:?}");
    nothing_linked(&world).await;
    unlinked(&world, "p1").await;
    world.amazon.clear_faults();
    world.link("p1", "alice").await.page(200, "Player p1");
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

async fn unavailable(endpoint: Endpoint, fault: Fault, times: u32) {
    fails(&[(endpoint, fault, times)], "amazon_unavailable").await;
}

#[tokio::test]
async fn the_token_endpoint_is_down() {
    for code in [500, 429, 403, 404] {
        unavailable(Endpoint::Token, status(code), 1).await;
    }
    // Amazon itself says that it lasts longer than the request.
    for code in [502, 503, 504] {
        unavailable(Endpoint::Token, for_a_minute(code), 1).await;
    }
}

#[tokio::test]
async fn a_failure_that_passes_does_not_cost_the_link() {
    let cases = [Endpoint::Token, Endpoint::TokenInfo, Endpoint::Profile]
        .into_iter()
        .flat_map(|endpoint| [502, 503, 504].map(|code| (endpoint, code)));
    stream::iter(cases)
        .for_each_concurrent(3, |(endpoint, code)| async move {
            let world = World::new().await;
            let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
            let passing = Fault::Status {
                status: code,
                body: String::new(),
                retry_after: None,
            };
            world.amazon.fault(endpoint, passing, 2);
            browser.get(&back).await.page(200, "Player p1");
            assert_eq!(world.amazon.calls_to(endpoint), 3, "{endpoint:?} {code}");
            linked_pairs(&world, &[("p1", "alice")]).await;
            no_violations(&world);
        })
        .await;
}

#[tokio::test]
async fn a_wish_for_rest_that_fits_into_the_request_is_kept() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let busy = Fault::Status {
        status: 503,
        body: String::new(),
        retry_after: Some(1),
    };
    world.amazon.fault(Endpoint::Token, busy, 1);
    browser.get(&back).await.page(200, "Player p1");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 2);
}

/// Nothing listens at the token endpoint's port; a moment later something does.
#[tokio::test]
async fn a_refused_connection_does_not_cost_the_link() {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind(([127, 0, 0, 1], 0).into())
        .expect("a free port");
    let address = socket.local_addr().expect("an address");
    let url = format!("http://{address}/auth/o2/token");
    let world = World::with(&[("LWA_TOKEN_URL", &url)]).await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let amazon = world.amazon.base_url();
    let amazon = amazon.strip_prefix("http://").expect("plain HTTP");
    let late = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let listener = socket.listen(8).expect("it listens");
        loop {
            let (mut near, _) = listener.accept().await.expect("a connection");
            let mut far = tokio::net::TcpStream::connect(amazon)
                .await
                .expect("the stand-in");
            // Its end is no concern of this test.
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        }
    };
    tokio::select! {
        answer = browser.get(&back) => answer.page(200, "Player p1"),
        () = late => unreachable!("it listens for ever"),
    };
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 1);
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn a_code_that_a_lost_answer_used_up_is_not_called_too_old() {
    // A gateway gave up, and Amazon had used the code up.
    let lost = Fault::AfterEffect(Box::new(Fault::Status {
        status: 504,
        body: String::new(),
        retry_after: None,
    }));
    fails_after(2, &[(Endpoint::Token, lost, 1)], "amazon_unavailable").await;
}

#[tokio::test]
async fn the_token_endpoint_says_server_error() {
    let error = Fault::OAuthError {
        error: "ServerError".to_owned(),
        description: "try again".to_owned(),
    };
    unavailable(Endpoint::Token, error, 1).await;
}

#[tokio::test]
async fn the_token_endpoint_hangs_up() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    world.amazon.fault(Endpoint::Token, Fault::Reset, 1);
    browser.get(&back).await.page(200, "Player p1");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 2);
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn the_token_endpoint_hangs_up_twice() {
    let twice = [(Endpoint::Token, Fault::Reset, 2)];
    fails_after(2, &twice, "amazon_unavailable").await;
}

#[tokio::test]
async fn the_token_endpoint_hangs_up_after_using_the_code_up() {
    let lost = Fault::AfterEffect(Box::new(Fault::Reset));
    fails_after(2, &[(Endpoint::Token, lost, 1)], "amazon_unavailable").await;
}

#[tokio::test]
async fn the_token_endpoint_breaks_off() {
    unavailable(Endpoint::Token, Fault::Truncated, 1).await;
    let lost = Fault::AfterEffect(Box::new(Fault::Truncated));
    unavailable(Endpoint::Token, lost, 1).await;
}

#[tokio::test]
async fn the_token_endpoint_answers_a_page() {
    unavailable(Endpoint::Token, Fault::NotJson, 1).await;
}

#[tokio::test]
async fn the_token_endpoint_answers_too_much() {
    unavailable(Endpoint::Token, Fault::Huge(10_000_000), 1).await;
}

#[tokio::test]
async fn the_token_endpoint_is_silent() {
    let silence = Fault::Stall(Duration::from_secs(60));
    unavailable(Endpoint::Token, silence, 1).await;
}

#[tokio::test]
async fn the_token_endpoint_answers_other_json() {
    for body in ["{}", "[]", "null", "{\"access_token\":7}"] {
        let fault = Fault::Status {
            status: 200,
            body: body.to_owned(),
            retry_after: None,
        };
        unavailable(Endpoint::Token, fault, 1).await;
    }
}

#[tokio::test]
async fn tokeninfo_is_down() {
    unavailable(Endpoint::TokenInfo, status(500), 1).await;
    unavailable(Endpoint::TokenInfo, for_a_minute(503), 1).await;
    // A GET is repeated once.
    unavailable(Endpoint::TokenInfo, Fault::Reset, 2).await;
    unavailable(Endpoint::TokenInfo, Fault::NotJson, 1).await;
    unavailable(Endpoint::TokenInfo, Fault::Truncated, 2).await;
    unavailable(Endpoint::TokenInfo, Fault::Huge(10_000_000), 1).await;
}

/// It is asked again for as long as the request has time, which really passes here.
#[tokio::test]
async fn tokeninfo_stays_down() {
    let down = Fault::Status {
        status: 503,
        body: String::new(),
        retry_after: None,
    };
    unavailable(Endpoint::TokenInfo, down, 100).await;
}

#[tokio::test]
async fn the_profile_is_down() {
    unavailable(Endpoint::Profile, status(500), 1).await;
    unavailable(Endpoint::Profile, Fault::Reset, 2).await;
    unavailable(Endpoint::Profile, Fault::NotJson, 1).await;
    unavailable(Endpoint::Profile, Fault::Truncated, 2).await;
    unavailable(Endpoint::Profile, Fault::Huge(10_000_000), 1).await;
}

#[tokio::test]
async fn a_get_that_is_lost_once_is_asked_again() {
    for endpoint in [Endpoint::TokenInfo, Endpoint::Profile] {
        let world = World::new().await;
        let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
        world.amazon.fault(endpoint, Fault::Reset, 1);
        browser.get(&back).await.page(200, "Player p1");
        assert_eq!(world.amazon.calls_to(endpoint), 2);
        no_violations(&world);
    }
}

#[tokio::test]
async fn a_mismatch_outweighs_an_outage() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    let error = Fault::OAuthError {
        error: "invalid_token".to_owned(),
        description: String::new(),
    };
    world.amazon.fault(Endpoint::TokenInfo, error, 1);
    world.amazon.fault(Endpoint::Profile, status(503), 1);
    browser.get(&back).await.page(403, "identity_mismatch");
}

#[tokio::test]
async fn a_wrong_client_secret_is_our_fault() {
    let error = Fault::OAuthError {
        error: "invalid_client".to_owned(),
        description: "Client authentication failed".to_owned(),
    };
    fails(&[(Endpoint::Token, error, 2)], "internal").await;
}

#[tokio::test]
async fn a_request_that_amazon_does_not_take_is_our_fault() {
    for word in [
        "invalid_request",
        "unauthorized_client",
        "unsupported_grant_type",
    ] {
        let error = Fault::OAuthError {
            error: word.to_owned(),
            description: "no".to_owned(),
        };
        fails(&[(Endpoint::Token, error, 1)], "internal").await;
    }
}

#[tokio::test]
async fn without_a_refresh_token_nothing_is_linked() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    world.amazon.omit_refresh_token(true);
    browser.get(&back).await.page(500, "internal");
    nothing_linked(&world).await;
    unlinked(&world, "p1").await;
    no_violations(&world);
}

/// Changes the client secret at Amazon.
fn rotate_at_amazon(world: &World, secret: &str) {
    world.amazon.register_client(Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(secret.to_owned()),
        return_urls: vec![format!("{BASE_URL}/link/callback")],
        allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
    });
}

/// Changes it in our own secret.
fn rotate_here(world: &World, secret: &str) {
    let path = &world.secrets_file;
    let text = std::fs::read_to_string(path).expect("readable");
    let mut secrets: Value = serde_json::from_str(&text).expect("JSON");
    secrets["lwa_client_secret"] = json!(secret);
    std::fs::write(path, secrets.to_string()).expect("writable");
}

#[tokio::test]
async fn a_rotated_client_secret_is_read_again() {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    rotate_at_amazon(&world, "another client secret");
    rotate_here(&world, "another client secret");
    world.clock.advance(Duration::from_secs(60));
    browser.get(&back).await.page(200, "Player p1");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 2);
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

#[tokio::test]
async fn the_secret_is_read_again_at_most_once_a_minute() {
    let world = World::new().await;
    world.clock.advance(Duration::from_secs(60));
    rotate_at_amazon(&world, "another client secret");
    world.link("p1", "alice").await.page(500, "internal");
    rotate_here(&world, "another client secret");
    world.clock.advance(Duration::from_secs(59));
    world.link("p1", "alice").await.page(500, "internal");
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 2, "one for each");
    nothing_linked(&world).await;
    world.clock.advance(Duration::from_secs(1));
    world.link("p1", "alice").await.page(200, "Player p1");
    linked_pairs(&world, &[("p1", "alice")]).await;
    no_violations(&world);
}

/// Lets the links table vanish.
fn without_links(world: &mut World) {
    let nobody = local::dynamo::client("http://127.0.0.1:1");
    world.app.links = Links::new(nobody, world.app.config.tables.links.clone());
}

#[tokio::test]
async fn without_the_database_a_browser_sees_that_it_is_our_fault() {
    let mut world = World::new().await;
    let (cookie, back, start) = {
        let (browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
        let start = browser.start_url("p1", None).await;
        (cookies(&browser), back, start)
    };
    let restored = world.app.links.clone();
    without_links(&mut world);
    for address in [&back, &start] {
        let answer = open(&world, &cookie, address).await;
        answer.page(500, "internal");
        assert!(!answer.body.contains("127.0.0.1:1"), "{}", answer.body);
    }
    assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
    world.app.links = restored;
    let answer = open(&world, &cookie, &back).await;
    answer.page(200, "Player p1");
}

#[tokio::test]
async fn without_the_database_the_api_is_unavailable() {
    let mut world = World::new().await;
    without_links(&mut world);
    for (method, path) in [
        ("POST", "/v1/link/sessions"),
        ("GET", "/v1/link"),
        ("DELETE", "/v1/link"),
    ] {
        let answer = world.call_as("p1", method, path).send().await;
        let detail = answer.problem(503, "unavailable");
        assert!(answer.header("retry-after").is_some());
        assert!(!detail.contains("127.0.0.1"), "{detail}");
    }
}

#[tokio::test]
async fn a_failure_ends_the_attempt_but_not_the_player() {
    let world = World::new().await;
    for word in ["access_denied", "server_error", "invalid_request"] {
        let (mut browser, state) = at_amazon(&world, "p1", None).await;
        let back = callback(&[("error", word), ("state", &state)]);
        assert!(browser.get(&back).await.status.as_u16() >= 400);
    }
    let open = links(&world, "OPEN#").await;
    let attempts = open["p1"]["attempts"].as_m().expect("a map");
    assert!(attempts.is_empty(), "{attempts:?}");
    world.link("p1", "alice").await.page(200, "Player p1");
}
