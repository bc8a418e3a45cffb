//! Attacks on the way in from the Prime Gaming page: login CSRF and stolen addresses.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use it::hidden_inputs;
use ring::digest;

use crate::link::login::{arrive, continue_url, finish, log_in, logged_in, world};
use crate::link::support::{linked_pairs, nothing_linked, parameter};

#[tokio::test]
async fn a_login_ticket_mailed_to_a_victim() {
    let world = world().await;
    let (mut sender, mut victim) = (world.browser(), world.browser());
    // The sender mails the login page with a ticket of the sender's own browser. The victim is
    // logged in there, and the studio sends the victim's browser on.
    let login_ticket = arrive(&mut sender).await;
    let address = continue_url(&log_in(&world, &login_ticket, "victim").await);
    victim.get(&address).await.page(403, "wrong_browser");
    // Nor with a cookie, from a visit of the victim's own.
    arrive(&mut victim).await;
    let refused = victim.get(&address).await;
    refused.page(403, "wrong_browser");
    assert!(!refused.body.contains("<form") && refused.header("location").is_none());
    // All that the sender has is the ticket, and it is used up.
    let again = log_in(&world, &login_ticket, "victim").await;
    again.problem(400, "invalid_ticket");
    sender
        .get(&format!("/link/continue?code={login_ticket}"))
        .await
        .page(400, "invalid_ticket");
    nothing_linked(&world).await;
    assert!(world.amazon.calls().is_empty());
}

#[tokio::test]
async fn a_stolen_continue_address() {
    let world = world().await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let code = parameter(&address, "code");
    let mut thief = world.browser();
    arrive(&mut thief).await;
    thief.get(&address).await.page(403, "wrong_browser");
    // The thief knows how form tokens are made: of its own cookie and the code.
    let id = thief.cookies().values().next().expect("a cookie").clone();
    let token = form_token(&id, &code);
    let inputs = [("ticket".to_owned(), code), ("token".to_owned(), token)];
    let answer = thief.post("/link/start", &inputs).await;
    answer.page(403, "wrong_browser");
    assert!(answer.header("location").is_none());
    finish(&mut browser, &address, "alice")
        .await
        .page(200, "p1");
    linked_pairs(&world, &[("p1", "alice")]).await;
}

/// The token of the form that uses `ticket` up in the browser with this id.
fn form_token(id: &str, ticket: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in ["prime-gaming form token", id, ticket] {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(context.finish())
}

#[tokio::test]
async fn a_form_token_is_what_the_thief_takes_it_for() {
    let world = world().await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let inputs = hidden_inputs(&browser.get(&address).await.body);
    let id = browser.cookies().values().next().expect("a cookie");
    let code = parameter(&address, "code");
    assert_eq!(inputs[0].1, code);
    assert_eq!(inputs[1].1, form_token(id, &code));
}

#[tokio::test]
async fn a_login_ticket_swapped_between_browsers() {
    let world = world().await;
    let (mut one, mut two) = (world.browser(), world.browser());
    let (first, second) = (arrive(&mut one).await, arrive(&mut two).await);
    // Each logs in with the other's ticket.
    let of_two = continue_url(&log_in(&world, &first, "two").await);
    let of_one = continue_url(&log_in(&world, &second, "one").await);
    one.get(&of_one).await.page(403, "wrong_browser");
    two.get(&of_two).await.page(403, "wrong_browser");
    // The consent page names the player that the other one logged in as: it is what is left to
    // protect, if an attacker gets hold of both.
    one.get(&of_two)
        .await
        .page(200, "Link Amazon to player <bdi>two</bdi>?");
    nothing_linked(&world).await;
}

#[tokio::test]
async fn a_stolen_callback_address_of_a_link_begun_at_prime_gaming() {
    let world = world().await;
    let (mut browser, address) = logged_in(&world, "p1").await;
    let inputs = hidden_inputs(&browser.get(&address).await.body);
    let consent = browser.post("/link/start", &inputs).await;
    let back = browser.allow(consent.location(), "alice");
    let mut thief = world.browser();
    arrive(&mut thief).await;
    thief.get(&back).await.page(403, "wrong_browser");
    browser.get(&back).await.page(200, "p1");
    linked_pairs(&world, &[("p1", "alice")]).await;
}
