//! What a browser is shown, and where it is sent.

use std::time::Duration;

use super::book::Book;
use super::{Deployment, PLAYER, form_of};
use crate::link::support::{consume, parameter, with};
use stand_in::{Consent, Endpoint, Fault};

/// Where the examples send a browser in the end.
const RETURN_TO: &str = "https://play.example.com/store?tab=prime";

pub(super) async fn start(book: &mut Book) {
    const OPEN: &str = "openLinkStart";
    const AGREE: &str = "confirmLinkStart";
    let deployment = Deployment::at(book, "09:26:53.125").await;
    let mut visitor = deployment.visitor();
    let start_url = deployment.start_url().await;
    let ticket = parameter(&start_url, "ticket");
    book.parameter_like(OPEN, "ticket", &ticket);
    let page = visitor.get(&start_url).await;
    book.answered(OPEN, &page);
    let shown = form_of(&page);
    let text = |name: &str| shown[name].as_str().expect("text");
    let live = [("ticket", text("ticket")), ("token", text("token"))];
    let form = book.body(AGREE, "", &live);
    // The visitor sends it.
    assert_eq!(book.parameter(AGREE, "Origin"), deployment.host);

    let mut stranger = deployment.visitor();
    let asked_again = stranger.post(&form).await;
    assert_eq!(asked_again.status, 403);
    book.answered(AGREE, &asked_again);
    let redirect = visitor.post(&form).await;
    assert_eq!(redirect.status, 303);
    book.answered(AGREE, &redirect);
    book.answered(AGREE, &stranger.post(&form_of(&asked_again)).await);
    let back = deployment.consent(&redirect, "robin", Consent::Approve);
    assert_eq!(visitor.get(&back).await.status, 200);
    book.answered(AGREE, &visitor.post(&form).await);
    book.answered(
        OPEN,
        &deployment.visitor().get("/link/start?ticket=x").await,
    );
}

pub(super) async fn callback(book: &mut Book) {
    const ID: &str = "finishLink";
    // Linked: a page, a redirect, a button.
    for (name, return_to) in [
        ("linked", None),
        ("", Some(RETURN_TO)),
        ("back_to_game", Some("mygame://prime/linked")),
    ] {
        let deployment = Deployment::at(book, "09:28:10.482").await;
        let mut visitor = deployment.visitor();
        let back = visitor.allowed(return_to, "robin").await;
        book.parameter_like(ID, "state", &parameter(&back, "state"));
        assert_eq!(parameter(&back, "scope"), book.parameter(ID, "scope"));
        book.answered_as(ID, name, &visitor.get(&back).await);
    }

    let deployment = Deployment::at(book, "09:28:10.482").await;
    let mut visitor = deployment.visitor();
    let back = visitor.allowed(None, "robin").await;
    consume(&deployment.world, &back).await;
    book.answered_as(ID, "under_way", &visitor.get(&back).await);

    // Amazon's own code is another one, but this one is sent to it as well.
    let code = book.parameter(ID, "code");
    let back = visitor.allowed(None, "robin").await;
    let refused = visitor.get(&with(&back, "code", Some(&code))).await;
    assert!(!refused.body.contains("invalid_state"), "{refused:?}");
    let calls = deployment.world.amazon.calls_to(Endpoint::Token);
    assert_eq!(calls, 1, "it was exchanged");

    // Not linked, in Amazon's own words.
    let words = book.words(ID, "error");
    let (denied, why) = (
        book.parameter(ID, "error"),
        book.parameter(ID, "error_description"),
    );
    assert!(words.contains(&denied));
    for word in words {
        let redirect = visitor.at_amazon(Some(RETURN_TO)).await;
        let back = deployment.consent(&redirect, "robin", Consent::Refuse);
        let back = with(&back, "error", Some(&word));
        let back = with(&back, "error_description", Some(&why));
        let failed = visitor.get(&back).await;
        let code = parameter(failed.location(), "error");
        assert!(book.names(ID, &code), "{word} became {code}");
        if word == denied {
            book.answered(ID, &failed);
        }
    }
}

/// Every page that says why there is no link.
pub(super) async fn failures(book: &mut Book) {
    const ID: &str = "finishLink";
    let deployment = Deployment::at(book, "09:28:10.482").await;
    let world = &deployment.world;
    let mut visitor = deployment.visitor();
    let stateless = visitor.get("/link/callback?code=x").await;
    book.answered_as(ID, "invalid_state", &stateless);

    let back = visitor.allowed(None, "robin").await;
    let stranger = deployment.visitor().get(&back).await;
    book.answered_as(ID, "wrong_browser", &stranger);
    world.clock.advance(Duration::from_secs(601));
    book.answered_as(ID, "attempt_expired", &visitor.get(&back).await);

    let only_profile = Consent::GrantOnly(vec!["profile".to_owned()]);
    for (code, consent) in [
        ("access_denied", Consent::Refuse),
        ("permission_missing", only_profile),
    ] {
        let redirect = visitor.at_amazon(None).await;
        let back = deployment.consent(&redirect, "robin", consent);
        book.answered_as(ID, code, &visitor.get(&back).await);
    }

    let back = visitor.allowed(None, "robin").await;
    let other_app = Some("amzn1.application.other".to_owned());
    world.amazon.behave(|it| it.tokeninfo_aud = other_app);
    book.answered_as(ID, "identity_mismatch", &visitor.get(&back).await);
    world.amazon.behave(|it| it.tokeninfo_aud = None);

    let back = visitor.allowed(None, "robin").await;
    world.amazon.fault(Endpoint::Token, Fault::Reset, u32::MAX);
    book.answered(ID, &visitor.get(&back).await);
    world.amazon.clear_faults();

    too_many(book, &deployment).await;

    deployment.link("player-2", "pat").await;
    let back = visitor.allowed(None, "pat").await;
    book.answered_as(ID, "amazon_account_taken", &visitor.get(&back).await);
    deployment.link(PLAYER, "robin").await;
    let back = visitor.allowed(None, "sam").await;
    book.answered_as(ID, "player_already_linked", &visitor.get(&back).await);
}

/// The form of an attempt that has ended, posted where the player has ten others.
async fn too_many(book: &mut Book, deployment: &Deployment) {
    const ID: &str = "confirmLinkStart";
    // What was open before has expired.
    deployment.time("09:50:00.000");
    let mut visitor = deployment.visitor();
    let start_url = deployment.start_url().await;
    let form = visitor.form(&start_url).await;
    let redirect = visitor.post(&form).await;
    let back = deployment.consent(&redirect, "robin", Consent::Refuse);
    assert_eq!(visitor.get(&back).await.status, 403);
    for _ in 0..10 {
        deployment.start_url().await;
    }
    deployment
        .world
        .clock
        .advance(Duration::from_secs(600 - 412));
    book.answered(ID, &visitor.post(&form).await);
    let call = deployment.world.call("POST", "/link/start");
    let call = call
        .header("cookie", &visitor.cookie)
        .header("origin", &deployment.host);
    let call = call.header("content-type", "application/x-www-form-urlencoded");
    let problem = call.body(super::encoded(&form)).send().await;
    book.answered(ID, &problem);
    deployment.time("10:10:00.000");
}
