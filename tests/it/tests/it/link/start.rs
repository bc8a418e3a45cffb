//! `POST /link/start`: the player says yes on our own page, and goes to Amazon.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use it::{Answer, BASE_URL, Browser, CLIENT_ID, CLIENT_SECRET, JWT_SECRET, World, hidden_inputs};
use ring::digest::{SHA256, digest};
use url::Url;

use crate::link::support::{
    back_from_amazon, cookies, links, no_violations, parameter, scan, status, text,
};

/// What a form holds.
pub(crate) type Inputs = Vec<(String, String)>;

/// A browser that shows the consent page, and the form's inputs.
pub(crate) async fn asked<'w>(world: &'w World, player: &str) -> (Browser<'w>, Inputs) {
    let mut browser = world.browser();
    let start = browser.start_url(player, None).await;
    let page = browser.get(&start).await;
    (browser, hidden_inputs(&page.body))
}

/// Asserts that the ticket was not used up by what was refused.
pub(crate) async fn still_works(browser: &mut Browser<'_>, inputs: &Inputs) {
    let answer = browser.post("/link/start", inputs).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

/// A refusal: a page, no way to Amazon, nothing begun.
pub(crate) async fn refused(world: &World, answer: &Answer, status: u16, code: &str) {
    answer.page(status, code);
    assert!(answer.header("location").is_none(), "{answer:?}");
    assert!(links(world, "ATTEMPT#").await.is_empty());
}

pub(crate) fn changed(inputs: &Inputs, name: &str, value: Option<&str>) -> Inputs {
    let mut inputs = inputs.clone();
    inputs.retain(|(key, _)| key != name);
    inputs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    inputs
}

fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

#[tokio::test]
async fn the_browser_goes_to_amazon_with_all_parameters() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let answer = browser.post("/link/start", &inputs).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let url = Url::parse(answer.location()).expect("an address");
    assert_eq!(
        url.as_str().split('?').next(),
        Some(format!("{}/ap/oa", world.amazon.base_url()).as_str())
    );
    let mut names: Vec<_> = url.query_pairs().map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "client_id",
            "code_challenge",
            "code_challenge_method",
            "redirect_uri",
            "response_type",
            "scope",
            "state"
        ]
    );
    for (name, value) in [
        ("client_id", CLIENT_ID),
        ("code_challenge_method", "S256"),
        ("redirect_uri", &format!("{BASE_URL}/link/callback")),
        ("response_type", "code"),
        ("scope", "games::prime profile"),
    ] {
        assert_eq!(parameter(url.as_str(), name), value);
    }
    assert_eq!(
        parameter(url.as_str(), "state").len(),
        43,
        "256 random bits"
    );
    let challenge = parameter(url.as_str(), "code_challenge");
    let callback = browser.allow(url.as_str(), "alice");
    browser.get(&callback).await.page(200, "Player p1");
    let secrets = world.amazon.issued_secrets();
    assert!(
        secrets.iter().any(|secret| sha256(secret) == challenge),
        "the challenge is the SHA-256 of the verifier that came with the code"
    );
    no_violations(&world);
}

#[tokio::test]
async fn every_attempt_has_its_own_state_and_verifier() {
    let world = World::new().await;
    let mut browser = world.browser();
    let one = browser.to_amazon("p1", None).await;
    let two = browser.to_amazon("p1", None).await;
    for name in ["state", "code_challenge"] {
        assert_ne!(parameter(&one, name), parameter(&two, name));
    }
}

#[tokio::test]
async fn a_post_without_the_right_ticket_is_refused() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let unknown = "A".repeat(43);
    for ticket in [None, Some(""), Some("x"), Some(unknown.as_str())] {
        let form = changed(&inputs, "ticket", ticket);
        let answer = browser.post("/link/start", &form).await;
        refused(&world, &answer, 400, "invalid_ticket").await;
    }
    let mut doubled = inputs.clone();
    doubled.push(inputs[0].clone());
    let answer = browser.post("/link/start", &doubled).await;
    refused(&world, &answer, 400, "invalid_ticket").await;
    still_works(&mut browser, &inputs).await;
}

#[tokio::test]
async fn an_expired_ticket_is_refused() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    world.clock.advance(Duration::from_secs(600));
    let answer = browser.post("/link/start", &inputs).await;
    refused(&world, &answer, 400, "invalid_ticket").await;
}

#[tokio::test]
async fn a_post_that_is_no_form_is_refused_by_a_page() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let json = serde_json::json!({"ticket": inputs[0].1, "token": inputs[1].1}).to_string();
    for (content_type, body) in [
        ("application/json", json.as_str()),
        ("text/plain", "ticket=x"),
        ("multipart/form-data; boundary=x", "--x--"),
        ("application/x-www-form-urlencoded", ""),
        ("application/x-www-form-urlencoded", "%%%&&==\u{0}"),
    ] {
        let call = world
            .call("POST", "/link/start")
            .header("cookie", &cookies(&browser))
            .header("origin", BASE_URL)
            .header("content-type", content_type)
            .body(body.to_owned());
        refused(&world, &call.send().await, 400, "invalid_ticket").await;
    }
    still_works(&mut browser, &inputs).await;
}

#[tokio::test]
async fn secrets_are_stored_as_hashes_or_sealed() {
    let world = World::new().await;
    let (browser, inputs) = asked(&world, "p1").await;
    let mut secrets: Vec<String> = inputs.into_iter().map(|(_, value)| value).collect();
    secrets.extend(browser.cookies().values().cloned());
    let (mut linked, callback) = back_from_amazon(&world, "p2", "alice", None).await;
    let state = parameter(&callback, "state");
    let attempts = links(&world, "ATTEMPT#").await;
    assert_eq!(attempts.keys().collect::<Vec<_>>(), [&sha256(&state)]);
    secrets.extend([state, parameter(&callback, "code")]);
    secrets.extend(linked.cookies().values().cloned());

    // Everything there is while an attempt is under way, and after it.
    let mut everything = scan_all(&world).await;
    linked.get(&callback).await.page(200, "Player p2");
    assert_eq!(status(&world, "p2").await["status"], "linked");
    everything.extend(scan_all(&world).await);
    secrets.extend(world.amazon.issued_secrets());
    secrets.extend([CLIENT_SECRET.to_owned(), JWT_SECRET.to_owned()]);
    secrets.extend([world.player_token("p1"), world.player_token("p2")]);
    assert!(secrets.len() > 10, "codes, tokens, verifier and all");
    assert!(everything.len() > 8);
    for stored in &everything {
        for secret in &secrets {
            assert!(!stored.contains(secret.as_str()), "{secret} in {stored}");
        }
    }
    assert!(
        links(&world, "ATTEMPT#")
            .await
            .values()
            .all(|it| text(it, "verifier").is_empty()),
        "no request needs it any more"
    );
    let only_short_lived = scan(&world, &world.app.config.tables.links).await;
    for item in only_short_lived {
        let lasting = ["PLAYER#", "AMAZON#"]
            .iter()
            .any(|prefix| text(&item, "pk").starts_with(prefix));
        assert_eq!(item.contains_key("ttl"), !lasting, "{item:?}");
    }
}

/// Every item of every table, as text.
pub(crate) async fn scan_all(world: &World) -> Vec<String> {
    fn flat(value: &AttributeValue) -> String {
        match value {
            AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
            AttributeValue::B(bytes) => String::from_utf8_lossy(bytes.as_ref()).into_owned(),
            other => format!("{other:?}"),
        }
    }
    let tables = &world.app.config.tables;
    let mut all = Vec::new();
    for table in [&tables.links, &tables.fulfillments, &tables.offers] {
        for item in scan(world, table).await {
            let pairs = item
                .iter()
                .map(|(name, value)| format!("{name}={}", flat(value)));
            all.push(pairs.collect::<Vec<_>>().join("\n"));
        }
    }
    all
}
