//! Attacks that try to link the wrong Amazon account to a player: token substitution and races.

use futures_util::future::{join, join_all};
use it::{BASE_URL, World};
use serde_json::json;
use stand_in::{Behaviour, Client, Consent, Endpoint};
use url::Url;

use crate::link::failures::left_nothing;
use crate::link::races::{ROUNDS, statuses};
use crate::link::support::{
    back_from_amazon, callback, cookies, linked_pairs, links, no_violations, nothing_linked, open,
    parameter, with,
};

/// The attacker's own application, which players have allowed to read their profile.
const OTHER_CLIENT: &str = "amzn1.application-oa2-client.mallory";

/// Code injection: a code that Amazon gave to another application, for a victim who uses it.
#[tokio::test]
async fn a_code_of_another_client() {
    let world = World::new().await;
    world.amazon.register_client(Client {
        client_id: OTHER_CLIENT.to_owned(),
        client_secret: Some("the attacker's own secret".to_owned()),
        return_urls: vec![format!("{BASE_URL}/link/callback")],
        allowed_scopes: vec!["games::prime".to_owned(), "profile".to_owned()],
    });
    let mut browser = world.browser();
    let consent = browser.to_amazon("mallory", None).await;
    let of_other = with(&consent, "client_id", Some(OTHER_CLIENT));
    let back = browser.allow(&of_other, "victim");
    browser.get(&back).await.page(400, "attempt_expired");
    left_nothing_of(&world, "mallory").await;
}

/// Asserts that the service has not asked Amazon since the last look.
pub(crate) fn nothing_asked(world: &World) {
    assert!(world.amazon.calls().is_empty(), "{:?}", world.asked());
}

async fn left_nothing_of(world: &World, player: &str) {
    nothing_linked(world).await;
    let link = world.call_as(player, "GET", "/v1/link").send().await.ok();
    assert_eq!(link["status"], "unlinked");
}

/// Token substitution: another application's access token, wherever a caller can put one.
#[tokio::test]
async fn a_client_supplied_access_token() {
    let world = World::new().await;
    world.linked("victim", "victim").await;
    let secrets = world.amazon.issued_secrets();
    let stolen = secrets.iter().find(|it| it.starts_with("Atza|"));
    let stolen = stolen.expect("the victim's").clone();

    // In place of a code, and beside one.
    let (mut browser, back) = back_from_amazon(&world, "mallory", "mallory", None).await;
    let state = parameter(&back, "state");
    world.forget();
    for name in ["access_token", "token", "id_token", "refresh_token"] {
        let implicit = callback(&[(name, &stolen), ("token_type", "bearer"), ("state", &state)]);
        browser.get(&implicit).await.page(400, "invalid_state");
    }
    nothing_asked(&world);
    let mut both = Url::parse(&back).expect("an address");
    both.query_pairs_mut().append_pair("access_token", &stolen);
    browser.get(both.as_str()).await.page(200, "Player mallory");
    linked_pairs(&world, &[("victim", "victim"), ("mallory", "mallory")]).await;

    // In the API's bodies and headers.
    world.offer("hat").await;
    let id = world.amazon.claim("victim", "hat");
    world.pass(5);
    for path in ["/v1/entitlements/check", "/v1/fulfillments"] {
        let body = json!({
            "entitlement_ids": [id], "access_token": stolen, "amazon_user_id": "amzn1.account.A",
        });
        let call = world.call_as("mallory", "POST", path).json(&body);
        let answer = call.header("x-amz-access-token", &stolen).send().await.ok();
        assert!(!answer.to_string().contains("hat"), "{answer}");
    }
    assert!(world.amazon.fulfilled().is_empty());
    let asked = world.amazon.calls();
    let stolen = stand_in::fingerprint(&stolen);
    assert!(
        asked
            .iter()
            .any(|call| call.endpoint == Endpoint::Entitlements)
    );
    assert!(
        asked
            .iter()
            .all(|call| !call.summary.to_string().contains(&stolen))
    );
    no_violations(&world);
}

/// A `scope` in the address that claims more than Amazon granted.
#[tokio::test]
async fn a_scope_added_by_hand() {
    let world = World::new().await;
    let mut browser = world.browser();
    let consent = browser.to_amazon("p1", None).await;
    let only = Consent::GrantOnly(vec!["games::prime".to_owned()]);
    let back = browser.answer(&consent, "alice", &only);
    let forged = with(&back, "scope", Some("games::prime profile"));
    browser.get(&forged).await.page(403, "permission_missing");
    left_nothing(&world, "permission_missing").await;
}

#[tokio::test]
async fn the_aud_of_another_client() {
    identity_mismatch(|it| it.tokeninfo_aud = Some("amzn1.application-oa2-client.x".into())).await;
}

#[tokio::test]
async fn no_aud_at_all() {
    identity_mismatch(|it| it.tokeninfo_aud = Some(String::new())).await;
}

#[tokio::test]
async fn a_token_of_another_user() {
    identity_mismatch(|it| it.tokeninfo_user_id = Some("amzn1.account.OTHER".into())).await;
}

#[tokio::test]
async fn the_profile_of_another_user() {
    identity_mismatch(|it| it.profile_user_id = Some("amzn1.account.OTHER".into())).await;
}

#[tokio::test]
async fn a_missing_scope() {
    for granted in ["games::prime", "profile"] {
        let world = World::new().await;
        let mut browser = world.browser();
        let consent = browser.to_amazon("p1", None).await;
        let only = Consent::GrantOnly(vec![granted.to_owned()]);
        let back = browser.answer(&consent, "alice", &only);
        assert_eq!(parameter(&back, "scope"), granted);
        browser.get(&back).await.page(403, "permission_missing");
        assert_eq!(world.amazon.calls_to(Endpoint::Token), 0);
        left_nothing(&world, "permission_missing").await;
    }
}

#[tokio::test]
async fn a_scope_that_lacks_one() {
    for scope in [
        "",
        "profile",
        "games::prime",
        "games::prim profile",
        "PROFILE games::prime",
    ] {
        let world = World::new().await;
        let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
        let answer = browser.get(&with(&back, "scope", Some(scope))).await;
        answer.page(403, "permission_missing");
        left_nothing(&world, "permission_missing").await;
    }
}

async fn identity_mismatch(lie: impl FnOnce(&mut Behaviour)) {
    let world = World::new().await;
    let (mut browser, back) = back_from_amazon(&world, "p1", "alice", None).await;
    world.amazon.behave(lie);
    browser.get(&back).await.page(403, "identity_mismatch");
    left_nothing(&world, "identity_mismatch").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_players_race_for_one_amazon_account() {
    for _ in 0..ROUNDS {
        let world = World::new().await;
        let (one, back_one) = back_from_amazon(&world, "p1", "alice", None).await;
        let (two, back_two) = back_from_amazon(&world, "p2", "alice", None).await;
        let (cookies_one, cookies_two) = (cookies(&one), cookies(&two));
        let (one, two) = join(
            open(&world, &cookies_one, &back_one),
            open(&world, &cookies_two, &back_two),
        )
        .await;
        let (winner, loser) = if one.status == 200 {
            ("p1", two)
        } else {
            two.page(200, "Player p2");
            ("p2", one)
        };
        loser.page(409, "amazon_account_taken");
        assert_eq!(links(&world, "AMAZON#").await.len(), 1);
        linked_pairs(&world, &[(winner, "alice")]).await;
        no_violations(&world);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_players_race_for_one_amazon_account() {
    let world = World::new().await;
    let mut ready = Vec::new();
    for number in 0..10 {
        let player = format!("p{number}");
        let (browser, back) = back_from_amazon(&world, &player, "alice", None).await;
        ready.push((cookies(&browser), back));
    }
    let tries = ready
        .iter()
        .map(|(cookies, back)| open(&world, cookies, back));
    let answers = join_all(tries).await;
    assert_eq!(statuses(&answers), [&[200][..], &[409; 9]].concat());
    let winner = answers.iter().position(|it| it.status == 200);
    let winner = format!("p{}", winner.expect("one"));
    linked_pairs(&world, &[(&winner, "alice")]).await;
    no_violations(&world);
}
