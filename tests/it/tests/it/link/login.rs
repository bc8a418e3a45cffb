//! The way in from the Prime Gaming page: `GET /link` and `POST /v1/link/login`.

use std::time::Duration;

use it::{Answer, BASE_URL, Browser, World, hidden_inputs};
use prime_gaming::domain::random_token;
use serde_json::{Value, json};

use crate::link::support::{linked_pairs, links, no_violations, parameter, text};

/// The studio's login page.
pub(crate) const LOGIN_PAGE: &str =
    "https://accounts.studio.example/prime/login?theme=dark&lang=de";

/// Players log in at the studio.
pub(crate) async fn world() -> World {
    World::with(&[("PLAYER_LOGIN_URL", LOGIN_PAGE)]).await
}

/// Opens `GET /link`: gives the login ticket that the studio's login page gets.
pub(crate) async fn arrive(browser: &mut Browser<'_>) -> String {
    let answer = browser.get("/link").await;
    assert_eq!(answer.status, 302, "{answer:?}");
    parameter(answer.location(), "login_ticket")
}

/// The studio's server says who logged in.
pub(crate) async fn log_in(world: &World, login_ticket: &str, player: &str) -> Answer {
    let body = json!({"login_ticket": login_ticket, "player_id": player});
    call(world, &world.server_token(), &body).await
}

async fn call(world: &World, token: &str, body: &Value) -> Answer {
    let call = world.call("POST", "/v1/link/login").bearer(token);
    call.json(body).send().await
}

/// The address that the studio sends the browser to.
pub(crate) fn continue_url(answer: &Answer) -> String {
    let body = answer.ok();
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
    body["continue_url"]
        .as_str()
        .expect("an address")
        .to_owned()
}

/// A browser that was logged in as this player, and the address with which it goes on.
pub(crate) async fn logged_in<'w>(world: &'w World, player: &str) -> (Browser<'w>, String) {
    let mut browser = world.browser();
    let login_ticket = arrive(&mut browser).await;
    let address = continue_url(&log_in(world, &login_ticket, player).await);
    (browser, address)
}

/// From the continue address, past the consent page, to Amazon and back, as this account.
pub(crate) async fn finish(browser: &mut Browser<'_>, address: &str, account: &str) -> Answer {
    let consent_page = browser.get(address).await;
    assert_eq!(consent_page.status, 200, "{consent_page:?}");
    let answer = browser
        .post("/link/start", &hidden_inputs(&consent_page.body))
        .await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let back = browser.allow(answer.location(), account);
    browser.get(&back).await
}

#[tokio::test]
async fn a_player_comes_from_prime_gaming_and_is_linked() {
    let world = world().await;
    let mut browser = world.browser();
    let answer = browser.get("/link").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (302, ""));
    let login_ticket = parameter(answer.location(), "login_ticket");
    assert_eq!(
        answer.location(),
        format!("{LOGIN_PAGE}&login_ticket={login_ticket}"),
        "joined to the query that is there"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(browser.cookies().len(), 1);

    let body = json!({
        "login_ticket": login_ticket, "player_id": "p1", "player_name": "Zoë", "more": 1,
    });
    let address = continue_url(&call(&world, &world.server_token(), &body).await);
    assert!(address.starts_with(&format!("{BASE_URL}/link/continue?code=")));
    let consent_page = browser.get(&address).await;
    consent_page.page(200, "Link Amazon to player <bdi>Zoë</bdi>?");
    assert_eq!(consent_page.body.matches("<form").count(), 1);
    let linked = finish(&mut browser, &address, "alice").await;
    linked.page(200, "<bdi>Zoë</bdi> (<bdi>p1</bdi>)");
    linked_pairs(&world, &[("p1", "alice")]).await;
    assert!(links(&world, "LOGIN#").await.is_empty(), "used up");
    no_violations(&world);
}

#[tokio::test]
async fn without_a_login_page_links_do_not_begin_there() {
    let world = World::new().await;
    let answer = world.call("GET", "/link").send().await;
    answer.problem(404, "not_found");
    let browser = world.call("GET", "/link").header("accept", "text/html");
    browser.send().await.page(404, "not_found");
    assert!(links(&world, "").await.is_empty());
}

#[tokio::test]
async fn a_browser_keeps_its_id_and_gets_a_ticket_each_time() {
    let world = world().await;
    let mut browser = world.browser();
    let first = arrive(&mut browser).await;
    let before = browser.cookies().clone();
    let second = arrive(&mut browser).await;
    assert_eq!(browser.cookies(), &before);
    assert_ne!(first, second);
    // Two tabs, two players: each goes on as the one that was logged in there.
    let one = continue_url(&log_in(&world, &first, "p1").await);
    let two = continue_url(&log_in(&world, &second, "p2").await);
    browser.get(&one).await.page(200, "<bdi>p1</bdi>");
    browser.get(&two).await.page(200, "<bdi>p2</bdi>");
}

#[tokio::test]
async fn secrets_are_stored_as_hashes_and_swept() {
    let world = world().await;
    let mut browser = world.browser();
    let login_ticket = arrive(&mut browser).await;
    let id = browser.cookies().values().next().expect("a cookie").clone();
    let stored = links(&world, "LOGIN#").await;
    assert_eq!(stored.len(), 1);
    for (key, item) in &stored {
        let shown = format!("{key} {item:?}");
        assert!(
            !shown.contains(&login_ticket) && !shown.contains(&id),
            "{shown}"
        );
        assert!(item.contains_key("ttl"));
    }
    let address = continue_url(&log_in(&world, &login_ticket, "p1").await);
    let stored = format!("{:?}", links(&world, "").await);
    for secret in [&login_ticket, &id, &parameter(&address, "code")] {
        assert!(!stored.contains(secret.as_str()), "{stored}");
    }
}

#[tokio::test]
async fn a_player_token_on_the_server_route_is_forbidden() {
    let world = world().await;
    let mut browser = world.browser();
    let login_ticket = arrive(&mut browser).await;
    for body in [
        json!({"login_ticket": login_ticket, "player_id": "p1"}),
        json!({"login_ticket": login_ticket}),
        json!({}),
        json!([]),
    ] {
        let answer = call(&world, &world.player_token("p1"), &body).await;
        answer.problem(403, "forbidden");
    }
    let call = world.call("POST", "/v1/link/login");
    call.send().await.problem(401, "invalid_token");
    assert_eq!(log_in(&world, &login_ticket, "p1").await.status, 200);
}

#[tokio::test]
async fn the_body_is_checked_and_uses_nothing_up() {
    let world = world().await;
    let login_ticket = arrive(&mut world.browser()).await;
    let long = "p".repeat(129);
    for (body, named) in [
        (json!({}), "login_ticket"),
        (
            json!({"login_ticket": null, "player_id": "p1"}),
            "login_ticket",
        ),
        (
            json!({"login_ticket": 7, "player_id": "p1"}),
            "login_ticket",
        ),
        (json!({"login_ticket": login_ticket}), "player_id"),
        (
            json!({"login_ticket": login_ticket, "player_id": null}),
            "player_id",
        ),
        (
            json!({"login_ticket": login_ticket, "player_id": ""}),
            "player_id",
        ),
        (
            json!({"login_ticket": login_ticket, "player_id": "a b"}),
            "player_id",
        ),
        (
            json!({"login_ticket": login_ticket, "player_id": long}),
            "player_id",
        ),
        (
            json!({"login_ticket": login_ticket, "player_id": 7}),
            "player_id",
        ),
        (
            json!({"login_ticket": login_ticket, "player_id": "p1", "player_name": 7}),
            "player_name",
        ),
    ] {
        let answer = call(&world, &world.server_token(), &body).await;
        let detail = answer.problem(400, "invalid_request");
        assert!(detail.contains(named), "{detail}");
    }
    assert_eq!(log_in(&world, &login_ticket, "p1").await.status, 200);
}

#[tokio::test]
async fn a_name_that_can_not_be_shown_is_left_out() {
    let world = world().await;
    for name in ["", "\n\u{7F}", "\u{200B}\u{202E}"] {
        let mut browser = world.browser();
        let body = json!({
            "login_ticket": arrive(&mut browser).await, "player_id": "player-77",
            "player_name": name,
        });
        let address = continue_url(&call(&world, &world.server_token(), &body).await);
        let consent_page = browser.get(&address).await;
        consent_page.page(200, "Link Amazon to player <bdi>player-77</bdi>?");
        // Ended, so that the next one is not one too many.
        finish(&mut browser, &address, "alice").await;
    }
}

#[tokio::test]
async fn a_name_is_shown_as_far_as_there_is_room() {
    let world = world().await;
    for (name, shown) in [
        ("x".repeat(60_000), format!("{}…", "x".repeat(39))),
        ("a\nb\u{0}c".to_owned(), "abc".to_owned()),
    ] {
        let mut browser = world.browser();
        let body = json!({
            "login_ticket": arrive(&mut browser).await, "player_id": "player-77",
            "player_name": name,
        });
        let address = continue_url(&call(&world, &world.server_token(), &body).await);
        let consent_page = browser.get(&address).await;
        consent_page.page(200, &format!("Link Amazon to player <bdi>{shown}</bdi>?"));
        consent_page.page(200, "Player id: <bdi>player-77</bdi>");
        for ticket in links(&world, "TICKET#").await.values() {
            assert!(text(ticket, "player_name").chars().count() <= 40);
        }
    }
}

#[tokio::test]
async fn a_login_ticket_that_is_none_is_invalid() {
    let world = world().await;
    let (_, address) = logged_in(&world, "p1").await;
    let game = world.browser().start_url("p1", None).await;
    for login_ticket in [
        "",
        "x",
        &random_token(),
        &"A".repeat(6000),
        "\u{0}\u{1F3AE}",
        // Secrets of ours, but of another kind.
        &parameter(&address, "code"),
        &parameter(&game, "ticket"),
    ] {
        let answer = log_in(&world, login_ticket, "p1").await;
        let detail = answer.problem(400, "invalid_ticket");
        assert!(detail.contains("login_ticket"), "{detail}");
    }
}

#[tokio::test]
async fn a_reused_login_ticket_is_invalid() {
    let world = world().await;
    let mut browser = world.browser();
    let login_ticket = arrive(&mut browser).await;
    let address = continue_url(&log_in(&world, &login_ticket, "p1").await);
    for player in ["p1", "p2"] {
        let answer = log_in(&world, &login_ticket, player).await;
        answer.problem(400, "invalid_ticket");
    }
    assert_eq!(links(&world, "TICKET#").await.len(), 1);
    finish(&mut browser, &address, "alice")
        .await
        .page(200, "p1");
    linked_pairs(&world, &[("p1", "alice")]).await;
}

#[tokio::test]
async fn an_expired_login_ticket_is_invalid() {
    let world = world().await;
    let early = arrive(&mut world.browser()).await;
    let late = arrive(&mut world.browser()).await;
    world.clock.advance(Duration::from_millis(599_999));
    assert_eq!(log_in(&world, &early, "p1").await.status, 200);
    world.clock.advance(Duration::from_millis(1));
    let answer = log_in(&world, &late, "p1").await;
    answer.problem(400, "invalid_ticket");
}

#[tokio::test]
async fn a_login_ticket_used_twice_at_once_gives_one_continue_url() {
    let world = world().await;
    for round in 0..5 {
        let mut browser = world.browser();
        let login_ticket = arrive(&mut browser).await;
        let players: Vec<String> = (0..6).map(|n| format!("p{round}-{n}")).collect();
        let calls = players
            .iter()
            .map(|player| log_in(&world, &login_ticket, player));
        let answers = futures_util::future::join_all(calls).await;
        let (done, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(done.len(), 1, "{answers:?}");
        for answer in refused {
            answer.problem(400, "invalid_ticket");
        }
        browser.get(&continue_url(done[0])).await.page(200, "p");
    }
    assert_eq!(links(&world, "TICKET#").await.len(), 5);
    // The loser has no open attempt.
    assert_eq!(links(&world, "OPEN#").await.len(), 5);
}

#[tokio::test]
async fn a_lost_answer_does_not_use_the_login_ticket_up_twice() {
    let world = world().await;
    world.database.lose_answer("UpdateItem", 0);
    let mut browser = world.browser();
    let login_ticket = arrive(&mut browser).await;
    world.database.lose_answer("TransactWriteItems", 0);
    let address = continue_url(&log_in(&world, &login_ticket, "p1").await);
    browser.get(&address).await.page(200, "p1");
}

#[tokio::test]
async fn ten_open_attempts_are_enough_and_do_not_cost_the_login_ticket() {
    let world = world().await;
    let browser = world.browser();
    for _ in 0..5 {
        browser.start_url("p1", None).await;
        logged_in(&world, "p1").await;
    }
    let mut browser = world.browser();
    let login_ticket = arrive(&mut browser).await;
    let answer = log_in(&world, &login_ticket, "p1").await;
    answer.problem(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), Some("600"));
    let address = continue_url(&log_in(&world, &login_ticket, "p2").await);
    browser.get(&address).await.page(200, "p2");
}

#[tokio::test]
async fn no_token_travels_in_an_address() {
    let world = world().await;
    let mut browser = world.browser();
    let to_login = browser.get("/link").await.location().to_owned();
    let login_ticket = parameter(&to_login, "login_ticket");
    let server = world.server_token();
    let answer = log_in(&world, &login_ticket, "p1").await;
    let address = continue_url(&answer);
    for token in [server.as_str(), &world.player_token("p1"), "eyJ"] {
        assert!(!to_login.contains(token) && !address.contains(token));
    }
    // Random, and not made of one another.
    let code = parameter(&address, "code");
    assert_eq!((login_ticket.len(), code.len()), (43, 43));
    assert_ne!(login_ticket, code);
}

#[tokio::test]
async fn an_outage_of_the_database_is_a_page_or_a_503() {
    let world = world().await;
    let login_ticket = arrive(&mut world.browser()).await;
    world.database.refuse("TransactWriteItems", 0, 10);
    let answer = log_in(&world, &login_ticket, "p1").await;
    answer.problem(503, "unavailable");
    world.database.refuse("UpdateItem", 0, 10);
    world.browser().get("/link").await.page(500, "internal");
}
