//! CSRF: another site posts the form of the consent page in a player's browser.

use it::{World, hidden_inputs};

use crate::link::start::{asked, changed, refused, still_works};
use crate::link::support::parameter;

#[tokio::test]
async fn a_cross_site_post() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    for origin in [
        None,
        Some("null"),
        Some(""),
        Some("https://evil.example"),
        Some("https://127.0.0.1:8080"),
        Some("http://127.0.0.1:8081"),
        Some("http://127.0.0.1"),
        Some("http://localhost:8080"),
        Some("http://127.0.0.1:8080/"),
        Some("http://127.0.0.1:8080.evil.example"),
        Some("http://127.0.0.1:8080,http://127.0.0.1:8080"),
    ] {
        let answer = browser
            .request("POST", "/link/start", Some(&inputs), origin)
            .await;
        refused(&world, &answer, 403, "wrong_browser").await;
    }
    still_works(&mut browser, &inputs).await;
}

#[tokio::test]
async fn a_cross_site_post_without_the_cookie() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let answer = world.browser().post("/link/start", &inputs).await;
    refused(&world, &answer, 403, "wrong_browser").await;
    still_works(&mut browser, &inputs).await;
}

#[tokio::test]
async fn a_cross_site_post_with_the_attackers_cookie() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let (mut other, _) = asked(&world, "p2").await;
    let answer = other.post("/link/start", &inputs).await;
    refused(&world, &answer, 403, "wrong_browser").await;
    still_works(&mut browser, &inputs).await;
}

#[tokio::test]
async fn a_cross_site_post_with_a_guessed_token() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "p1").await;
    let start = browser.start_url("p1", None).await;
    let other = hidden_inputs(&browser.get(&start).await.body);
    let cookie = browser.cookies().values().next().expect("one").clone();
    let longer = format!("{}A", inputs[1].1);
    for token in [
        None,
        Some(""),
        Some("A"),
        Some(other[1].1.as_str()),
        Some(inputs[0].1.as_str()),
        Some(cookie.as_str()),
        Some(longer.as_str()),
        Some(&inputs[1].1[..42]),
    ] {
        let form = changed(&inputs, "token", token);
        let answer = browser.post("/link/start", &form).await;
        refused(&world, &answer, 403, "wrong_browser").await;
    }
    let mut doubled = inputs.clone();
    doubled.push(inputs[1].clone());
    let answer = browser.post("/link/start", &doubled).await;
    refused(&world, &answer, 403, "wrong_browser").await;
    still_works(&mut browser, &inputs).await;
}

#[tokio::test]
async fn a_cross_site_post_with_the_attackers_ticket() {
    let world = World::new().await;
    let (mut browser, inputs) = asked(&world, "victim").await;
    let start = world.browser().start_url("attacker", None).await;
    let ticket = parameter(&start, "ticket");
    let form = changed(&inputs, "ticket", Some(&ticket));
    let answer = browser.post("/link/start", &form).await;
    refused(&world, &answer, 403, "wrong_browser").await;
}
