//! `GET /link/start`: the page that asks whose player this is.

use std::time::Duration;

use it::{Answer, BASE_URL, World, hidden_inputs};
use serde_json::json;
use url::Url;

use crate::link::support::{Item, links, no_violations, parameter};

/// The page for a player with this token.
async fn consent_page(world: &World, token: &str, return_to: Option<&str>) -> Answer {
    let call = world.call("POST", "/v1/link/sessions").bearer(token);
    let session = call.json(&json!({"return_to": return_to})).send().await;
    assert_eq!(session.status, 201, "{session:?}");
    let start = session.json()["start_url"].clone();
    let start = start.as_str().expect("text").to_owned();
    let answer = world.browser().get(&start).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn stored(world: &World) -> Vec<Item> {
    links(world, "").await.into_values().collect()
}

#[tokio::test]
async fn it_names_the_player_by_name_and_id() {
    let world = World::new().await;
    let token = world.token(&json!({"sub": "p1", "name": "Zoë the Brave"}));
    let answer = consent_page(&world, &token, None).await;
    answer.page(200, "Link Amazon to player <bdi>Zoë the Brave</bdi>?");
    answer.page(200, "Player id: <bdi>p1</bdi>");
}

#[tokio::test]
async fn whatever_the_name_the_id_is_shown() {
    let world = World::new().await;
    let id = format!("{}{}", "a".repeat(64), "z".repeat(64));
    let shown_id = format!("{}…{}", "a".repeat(20), "z".repeat(19));
    for (name, shown) in [
        ("Robin\nis \u{0}fine".to_owned(), "Robinis fine".to_owned()),
        ("x".repeat(5000), format!("{}…", "x".repeat(39))),
        ("p1".to_owned(), "p1".to_owned()),
        ("\u{202e}1p".to_owned(), "1p".to_owned()),
    ] {
        let token = world.token(&json!({"sub": id, "name": name}));
        let answer = consent_page(&world, &token, None).await;
        answer.page(200, &format!("Link Amazon to player <bdi>{shown}</bdi>?"));
        answer.page(200, &format!("Player id: <bdi>{shown_id}</bdi>"));
    }
}

#[tokio::test]
async fn without_a_name_it_shows_the_id() {
    let world = World::new().await;
    for name in [json!(null), json!(""), json!(7), json!("\n")] {
        let token = world.token(&json!({"sub": "player-77", "name": name}));
        let answer = consent_page(&world, &token, None).await;
        answer.page(200, "Link Amazon to player <bdi>player-77</bdi>?");
    }
}

#[tokio::test]
async fn a_name_can_not_be_markup() {
    let world = World::new().await;
    for claims in [
        json!({"sub": "p1", "name": "<script>alert(\"1\")</script>&'"}),
        json!({"sub": "<script>alert(\"1\")</script>&'"}),
    ] {
        let answer = consent_page(&world, &world.token(&claims), None).await;
        assert!(!answer.body.contains("<script"), "{}", answer.body);
        assert!(!answer.body.contains("alert(\"1\")"), "{}", answer.body);
        assert!(!answer.body.contains("&'"), "{}", answer.body);
        assert!(answer.body.contains("script&#62;alert("), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_name_claim_is_a_setting() {
    let world = World::with(&[("PLAYER_NAME_CLAIM", "nick")]).await;
    let token = world.token(&json!({"sub": "p1", "name": "Pat", "nick": "Pepper"}));
    let answer = consent_page(&world, &token, None).await;
    answer.page(200, "<bdi>Pepper</bdi>");
}

#[tokio::test]
async fn opening_it_uses_nothing_up() {
    let world = World::new().await;
    let mut browser = world.browser();
    let start = browser.start_url("p1", None).await;
    let before = stored(&world).await;
    for _ in 0..3 {
        // A mail scanner, and the player's own browser.
        assert_eq!(world.browser().get(&start).await.status, 200);
        assert_eq!(browser.get(&start).await.status, 200);
    }
    assert_eq!(stored(&world).await, before);
    let page = browser.get(&start).await;
    let answer = browser
        .post("/link/start", &hidden_inputs(&page.body))
        .await;
    assert_eq!(answer.status, 303);
    assert!(
        world.amazon.calls().is_empty(),
        "only the browser goes there"
    );
}

#[tokio::test]
async fn it_can_be_opened_until_ten_minutes_have_passed() {
    let world = World::new().await;
    let start = world.browser().start_url("p1", None).await;
    world.clock.advance(Duration::from_millis(599_999));
    assert_eq!(world.browser().get(&start).await.status, 200);
    world.clock.advance(Duration::from_millis(1));
    let answer = world.browser().get(&start).await;
    answer.page(400, "invalid_ticket");
}

#[tokio::test]
async fn a_used_ticket_is_invalid_in_every_other_browser() {
    let world = World::new().await;
    let mut browser = world.browser();
    let start = browser.start_url("p1", None).await;
    let page = browser.get(&start).await;
    browser
        .post("/link/start", &hidden_inputs(&page.body))
        .await;
    world
        .browser()
        .get(&start)
        .await
        .page(400, "invalid_ticket");
    let again = browser.get(&start).await;
    again.page(200, "Link Amazon to player");
    assert_eq!(hidden_inputs(&again.body), hidden_inputs(&page.body));
}

#[tokio::test]
async fn a_ticket_that_is_none_is_invalid() {
    let world = World::new().await;
    let start = world.browser().start_url("p1", None).await;
    let ticket = parameter(&start, "ticket");
    for query in [
        String::new(),
        "?".to_owned(),
        "?ticket=".to_owned(),
        "?ticket".to_owned(),
        "?TICKET=x".to_owned(),
        format!("?ticket={}", "A".repeat(43)),
        format!("?ticket={}", "A".repeat(6000)),
        format!("?ticket={ticket}A"),
        format!("?ticket={}", &ticket[..42]),
        format!("?ticket={ticket}&ticket={ticket}"),
        format!("?ticket={ticket}&ticket="),
        "?ticket=%00%ff%F0%9F%8E%AE".to_owned(),
        "?ticket=%zz".to_owned(),
    ] {
        let answer = world.browser().get(&format!("/link/start{query}")).await;
        answer.page(400, "invalid_ticket");
        assert!(answer.header("location").is_none());
        assert!(
            !answer.body.contains("<form"),
            "there is nothing to send: {query}"
        );
    }
    assert_eq!(
        world.browser().get(&start).await.status,
        200,
        "still unused"
    );
}

/// Amazon redirects on to other hosts of its own, and a `return_to` may do so too.
#[tokio::test]
async fn the_form_may_lead_to_any_https_address() {
    let mut world = World::new().await;
    for return_to in [None, Some("https://play.example.com/x?y"), Some("mygame:x")] {
        for (base, form_action) in [
            (BASE_URL, "form-action 'self' https: http:;"),
            ("https://links.example.com", "form-action 'self' https:;"),
        ] {
            world.app.config.public_base_url = Url::parse(BASE_URL).ok();
            let start = world.browser().start_url("p1", return_to).await;
            world.app.config.public_base_url = Url::parse(base).ok();
            let answer = world.browser().get(&start).await;
            let policy = answer.header("content-security-policy").unwrap_or("");
            assert!(policy.contains(form_action), "{policy}");
        }
    }
}

#[tokio::test]
async fn it_calls_the_programme_as_the_studio_says() {
    let world = World::with(&[("PROGRAM_NAME", "Amazon Luna")]).await;
    let answer = consent_page(&world, &world.player_token("p1"), None).await;
    answer.page(200, "Rewards that you claim at Amazon Luna");
    assert!(!answer.body.contains("Prime"), "{}", answer.body);
    let failed = world.browser().get("/link/start").await;
    failed.page(400, "in the game, or at Amazon Luna.");
}

#[tokio::test]
async fn it_gives_the_browser_an_id_that_no_script_can_read() {
    let world = World::new().await;
    let answer = consent_page(&world, &world.player_token("p1"), None).await;
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    let [cookie] = cookies.as_slice() else {
        panic!("one cookie: {cookies:?}")
    };
    let cookie = cookie.to_str().expect("ASCII");
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    let (name, value) = pair.split_once('=').expect("a pair");
    assert_eq!(name, "prime-gaming-browser", "plain over loopback http");
    assert_eq!(value.len(), 43, "256 random bits");
    let attributes: Vec<&str> = attributes.split("; ").collect();
    for wanted in ["Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(attributes.contains(&wanted), "{cookie}");
    }
    assert!(
        !attributes.iter().any(|it| it.starts_with("Domain")),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_browser_keeps_its_id() {
    let world = World::new().await;
    let mut browser = world.browser();
    let start = browser.start_url("p1", None).await;
    browser.get(&start).await;
    let before = browser.cookies().clone();
    browser.get(&start).await;
    let other = browser.start_url("p2", None).await;
    browser.get(&other).await;
    assert_eq!(browser.cookies(), &before);
}

#[tokio::test]
async fn the_form_belongs_to_browser_and_ticket() {
    let world = World::new().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    let start = one.start_url("p1", None).await;
    let inputs = hidden_inputs(&one.get(&start).await.body);
    let names: Vec<&str> = inputs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["ticket", "token"]);
    assert_eq!(inputs[0].1, parameter(&start, "ticket"));
    assert_eq!(
        inputs,
        hidden_inputs(&one.get(&start).await.body),
        "both tabs work"
    );
    assert_ne!(inputs[1], hidden_inputs(&two.get(&start).await.body)[1]);
    let other = one.start_url("p1", None).await;
    assert_ne!(inputs[1], hidden_inputs(&one.get(&other).await.body)[1]);
    let cookie = one.cookies().values().next().expect("a cookie");
    assert!(!inputs[1].1.contains(cookie.as_str()), "not the id itself");
}

#[tokio::test]
async fn it_speaks_the_players_language() {
    let world = World::new().await;
    let start = world.browser().start_url("p1", None).await;
    let path = start.strip_prefix(BASE_URL).expect("ours");
    for (accepted, language, heading) in [
        ("", "en", "Link Amazon to player <bdi>Player p1</bdi>?"),
        ("fr", "en", "Link Amazon to player <bdi>Player p1</bdi>?"),
        (
            "de-CH, en;q=0.5",
            "de",
            "Amazon mit Spieler <bdi>Player p1</bdi> verknüpfen?",
        ),
    ] {
        let call = world.call("GET", path).header("accept-language", accepted);
        let answer = call.send().await;
        answer.page(200, heading);
        assert_eq!(answer.header("content-language"), Some(language));
        assert_eq!(answer.header("vary"), Some("accept-language"));
        let html = format!("<html lang=\"{language}\">");
        assert!(answer.body.contains(&html), "{}", answer.body);
    }
    let call = world.call("GET", "/link/callback");
    let answer = call.header("accept-language", "de").send().await;
    answer.page(400, "Wir finden deine begonnene");
}

#[tokio::test]
async fn it_looks_as_the_studio_wants() {
    let world = World::with(&[
        ("STUDIO_NAME", "Fox & Hen"),
        ("STUDIO_COLOR", "#e4002b"),
        ("SUPPORT_URL", "https://help.example.com/prime"),
    ])
    .await;
    let answer = consent_page(&world, &world.player_token("p1"), None).await;
    answer.page(200, "<header>Fox &#38; Hen</header>");
    assert!(answer.body.contains("--action: #e4002b"), "{}", answer.body);
    let help = "href=\"https://help.example.com/prime\"";
    assert!(answer.body.contains(help), "{}", answer.body);
    let policy = answer.header("content-security-policy").unwrap_or("");
    assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn it_says_what_link_the_player_has() {
    let world = World::new().await;
    let token = world.player_token("p1");
    let before = consent_page(&world, &token, None).await;
    assert!(!before.body.contains("class=\"note\""), "{}", before.body);
    world.linked("p1", "alice").await;
    let linked = consent_page(&world, &token, None).await;
    linked.page(200, "already linked to an Amazon account");
    // Amazon ends the link; a check finds out.
    world.amazon.revoke("alice");
    world.pass(4000);
    assert_eq!(world.check("p1").await["link"], "relink_required");
    let token = world.player_token("p1");
    let again = consent_page(&world, &token, None).await;
    again.page(200, "Amazon no longer accepts this player");
    // The hint is worth less than the page.
    let start = world.browser().start_url("p1", None).await;
    world.database.refuse("GetItem", 1, 1);
    let answer = world.browser().get(&start).await;
    answer.page(200, "Link Amazon to player");
    assert!(!answer.body.contains("class=\"note\""), "{}", answer.body);
}

#[tokio::test]
async fn a_corrupt_ticket_is_our_fault_and_a_page() {
    let world = World::new().await;
    let start = world.browser().start_url("p1", None).await;
    let tickets = links(&world, "TICKET#").await;
    let mut item = tickets.into_values().next().expect("a ticket");
    item.remove("player_id");
    world
        .dynamodb
        .put_item()
        .table_name(&world.app.config.tables.links)
        .set_item(Some(item))
        .send()
        .await
        .expect("written");
    let answer = world.browser().get(&start).await;
    answer.page(500, "internal");
    assert!(!answer.body.contains("player_id"), "{}", answer.body);
    no_violations(&world);
}
