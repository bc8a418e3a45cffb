//! What game clients and game servers are answered.

use std::time::Duration;

use futures_util::future::join;
use it::Answer;
use serde_json::{Value, json};
use stand_in::{Consent, Endpoint, Fault};

use super::book::Book;
use super::{Deployment, PLAYER, field};
use crate::link::support::parameter;

/// The entitlement of the examples that can't be delivered to the player.
const WITHHELD: &str = "c2b7a9de-41f6-4d0e-9b7b-0f6f3c9b2a10";

pub(super) async fn sessions(book: &mut Book) {
    const ID: &str = "createLinkSession";
    let deployment = Deployment::at(book, "09:26:53.125").await;
    let start = async |body: &Value| {
        let call = deployment.player("POST", "/v1/link/sessions");
        call.json(body).send().await
    };
    for name in ["back_to_game", "page"] {
        let body = book.body(ID, name, &[]);
        book.answered(ID, &start(&body).await);
    }
    let elsewhere = start(&json!({"return_to": "https://elsewhere.example/"})).await;
    book.answered_as(ID, "invalid_return_to", &elsewhere);
    let number = start(&json!({"return_to": 7})).await;
    book.answered_as(ID, "invalid_request", &number);
    for _ in 2..10 {
        deployment.start_url().await;
    }
    book.answered(ID, &start(&json!({})).await);
}

pub(super) async fn login(book: &mut Book) {
    const ID: &str = "logPlayerIn";
    let deployment = Deployment::at(book, "09:26:53.125").await;
    let log_in = async |body: &Value| {
        let call = deployment.server("POST", "/v1/link/login");
        call.json(body).send().await
    };
    let mut visitor = deployment.visitor();
    let arrived = visitor.get("/link").await;
    assert_eq!(arrived.status, 302);
    book.answered("beginLinkAtPrimeGaming", &arrived);
    let ticket = parameter(arrived.location(), "login_ticket");
    let body = book.body(ID, "", &[("login_ticket", &ticket)]);
    let logged_in = log_in(&body).await;
    book.answered(ID, &logged_in);
    book.answered_as(ID, "invalid_ticket", &log_in(&body).await);
    let nameless = log_in(&json!({"login_ticket": ticket})).await;
    book.answered_as(ID, "invalid_request", &nameless);

    let address = field(&logged_in, "continue_url");
    book.parameter_like("continueLink", "code", &parameter(&address, "code"));
    book.answered("continueLink", &visitor.get(&address).await);
    let stranger = deployment.visitor().get(&address).await;
    assert_eq!(stranger.status, 403);
    book.answered("continueLink", &stranger);
}

/// What the stand-in answers, as Amazon's own: its address, and the code of the example.
fn as_from_amazon(mut answer: Answer) -> Answer {
    let session = answer.json();
    let text = |name: &str| session[name].as_str().expect("text").to_owned();
    let code = text("user_code");
    assert!(
        code.len() == 6
            && code
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    );
    let body = answer.body.replace(&code, "W8BRGT");
    answer.body = body.replace(&text("verification_uri"), "https://www.amazon.com/us/code");
    answer
}

pub(super) async fn devices(book: &mut Book) {
    const START: &str = "createDeviceSession";
    const POLL: &str = "pollDeviceSession";
    // The ending of each session, and how the player brings it about.
    let endings = [
        ("denied", Some(("robin", Consent::Refuse))),
        ("expired", None),
        ("failed", Some(("pat", Consent::Approve))),
        ("linked", Some(("robin", Consent::Approve))),
    ];
    for (ending, decision) in endings {
        let deployment = Deployment::at(book, "09:27:31.482").await;
        let world = &deployment.world;
        deployment.link("player-2", "pat").await;
        let start = async || deployment.player("POST", "/v1/link/devices").send().await;
        let started = start().await;
        let session = started.json();
        let (id, code) = (field(&started, "id"), field(&started, "user_code"));
        book.answered(START, &as_from_amazon(started));
        book.answered(START, &start().await);
        book.parameter_like(POLL, "id", &id);
        let poll = async || {
            let path = format!("/v1/link/devices/{id}");
            deployment.player("POST", &path).send().await
        };
        book.answered_as(POLL, "pending", &poll().await);
        let wait = match decision {
            Some((account, consent)) => {
                let decided = world.amazon.consent_device(&code, account, consent);
                decided.expect("a pending pair");
                session["interval"].as_u64().expect("seconds")
            }
            None => 3600,
        };
        world.pass(wait);
        world.amazon.advance(Duration::from_secs(wait));
        book.answered_as(POLL, ending, &poll().await);
    }

    let deployment = Deployment::at(book, "09:27:31.482").await;
    let unknown = format!("/v1/link/devices/{}", "A".repeat(43));
    let unknown = deployment.player("POST", &unknown).send().await;
    book.answered(POLL, &unknown);
    let amazon = &deployment.world.amazon;
    amazon.fault(Endpoint::Codepair, Fault::Reset, u32::MAX);
    let down = deployment.player("POST", "/v1/link/devices").send().await;
    book.answered(START, &down);
}

pub(super) async fn link(book: &mut Book) {
    const ID: &str = "getLink";
    let deployment = Deployment::at(book, "09:28:10.482").await;
    let player = book.parameter(ID, "player_id");
    assert_eq!(player, PLAYER);
    let path = format!("/v1/link?player_id={player}");
    let status = async || deployment.server("GET", &path).send().await;
    book.answered_as(ID, "unlinked", &status().await);
    deployment.link(PLAYER, "robin").await;
    book.answered_as(ID, "linked", &status().await);
    let unlinked = deployment.server("DELETE", &path).send().await;
    assert_eq!(unlinked.status, 204);
    book.answered("deleteLink", &unlinked);

    let health = deployment.world.call("GET", "/health").send().await;
    book.answered("health", &health);
}

/// Puts the offer of the examples.
pub(super) async fn put_offer(deployment: &Deployment) {
    let offer = r#"{"sku":"starter-pack","title":"Starter pack","content":{"items":[{"id":"gold","amount":500}]}}"#;
    let command = format!(r#"{{"command":"offers.put","offers":[{offer}]}}"#);
    let answer = deployment.world.admin_text(&command).await;
    assert!(answer.contains(r#""ok":true"#), "{answer}");
}

/// Claims this SKU at Prime Gaming, as the entitlement of this id.
pub(super) fn claim(deployment: &Deployment, id: &str, sku: &str) {
    let element = json!({
        "EntitlementId": id, "VendorProductId": sku, "NextInstruction": "FULFILL",
    });
    deployment.world.amazon.put_entitlement("robin", element);
}

pub(super) async fn entitlements(book: &mut Book) {
    const CHECK: &str = "checkEntitlements";
    const CONFIRM: &str = "confirmFulfillments";
    let confirmation = book.body(CONFIRM, "server", &[]);
    let granted = confirmation["entitlement_ids"][0].as_str().expect("an id");

    let deployment = Deployment::at(book, "09:30:00.125").await;
    put_offer(&deployment).await;
    let check = async |body: &Value| {
        let call = deployment.player("POST", "/v1/entitlements/check");
        call.json(body).send().await
    };
    let body = book.body(CHECK, "player", &[]);
    book.answered_as(CHECK, "not_linked", &check(&body).await);
    deployment.link(PLAYER, "robin").await;
    claim(&deployment, granted, "starter-pack");
    book.answered_as(CHECK, "something_new", &check(&body).await);
    let body = book.body(CHECK, "server", &[]);
    let call = deployment.server("POST", "/v1/entitlements/check");
    let by_server = call.json(&body).send().await;
    assert_eq!(by_server.ok()["fresh"], false);

    // Amazon answers the report half a second after the confirmation came in.
    let mut both = confirmation.clone();
    both["entitlement_ids"] = json!([granted, WITHHELD]);
    deployment.time("09:30:01.806");
    let call = deployment.server("POST", "/v1/fulfillments").json(&both);
    let amazon = &deployment.world.amazon;
    let stall = Fault::Stall(Duration::from_millis(50));
    amazon.fault(Endpoint::Fulfill, stall, 1);
    let meanwhile = async {
        while amazon.calls_to(Endpoint::Fulfill) == 0 {
            tokio::task::yield_now().await;
        }
        deployment.time("09:30:02.319");
    };
    let (confirmed, ()) = join(call.send(), meanwhile).await;
    book.answered(CONFIRM, &confirmed);
    let confirmation = book.body(CONFIRM, "player", &[]);
    let call = deployment.player("POST", "/v1/fulfillments");
    let again = call.json(&confirmation).send().await.ok();
    assert_eq!(again["results"][0]["status"], "reported");
    history(book, &deployment).await;

    let deployment = Deployment::at(book, "09:30:00.125").await;
    deployment.link(PLAYER, "robin").await;
    claim(&deployment, WITHHELD, "not-yet-known");
    let check = async || {
        deployment
            .player("POST", "/v1/entitlements/check")
            .send()
            .await
    };
    check().await;
    book.answered_as(CHECK, "held", &check().await);
}

async fn history(book: &mut Book, deployment: &Deployment) {
    const ID: &str = "listEntitlements";
    let list = async |query: &str| {
        let path = format!("/v1/entitlements?{query}");
        deployment.player("GET", &path).send().await
    };
    book.answered(ID, &list("").await);
    let limit = book.parameter(ID, "limit");
    assert_eq!(list(&format!("limit={limit}")).await.status, 200);
    let status = book.parameter(ID, "status");
    assert_eq!(list(&format!("status={status}")).await.status, 200);
    let cursor = book.parameter(ID, "cursor");
    assert_eq!(list(&format!("cursor={cursor}")).await.status, 200);
    book.answered_as(ID, "invalid_cursor", &list("cursor=7").await);
    book.answered_as(ID, "invalid_request", &list("limit=101").await);
}
