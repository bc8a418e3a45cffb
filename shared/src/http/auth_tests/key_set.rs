//! When the key set is fetched, and what happens when it can't be.

use super::*;

#[tokio::test]
async fn an_unknown_key_id_asks_again_once_a_minute() {
    let (old, new) = (Signer::ed25519(), Signer::ed25519());
    let both = [old.jwk("old"), new.jwk("new")];
    let first = || set(&[old.jwk("old")]);
    let server = Server::start([first(), first(), set(&both)]);
    let auth = by_set(&server);
    let (old, new) = (
        old.token(Some("old"), &claims()),
        new.token(Some("new"), &claims()),
    );

    call(&auth, &old, NOW).await.expect("fetched");
    for seconds in [1, 2, 60] {
        let error = call(&auth, &new, after(seconds))
            .await
            .expect_err("not in the set");
        assert_eq!(error.code(), Code::InvalidToken);
        assert_eq!(
            server.requests().len(),
            2,
            "asked again once, at {seconds} s"
        );
    }
    call(&auth, &new, after(61)).await.expect("it is there now");
    call(&auth, &old, after(62)).await.expect("still there");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn keys_are_kept_for_an_hour_and_never_longer() {
    let signer = Signer::ed25519();
    let key = signer.jwk("k");
    let server = Server::start([
        set(std::slice::from_ref(&key)),
        Reply::json(500, ""),
        set(&[key]),
    ]);
    let auth = by_set(&server);
    let token = signer.token(Some("k"), &but("exp", json!(1e10)));
    call(&auth, &token, NOW).await.expect("fetched");
    call(&auth, &token, after(3599)).await.expect("kept");
    assert_eq!(server.requests().len(), 1);
    let error = call(&auth, &token, after(3600))
        .await
        .expect_err("stale keys pass nobody");
    assert_eq!(error.code(), Code::Unavailable);
    call(&auth, &token, after(3601)).await.expect("it is back");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_key_set_that_can_not_be_had_is_503_and_never_a_pass() {
    let signer = Signer::ed25519();
    let token = signer.token(Some("k"), &claims());
    let redirect = || Reply::json(302, "").header("Location", "http://127.0.0.1:1/evil");
    let huge = json!({"keys": [signer.jwk("k")], "more": "x".repeat(300_000)}).to_string();
    for reply in [
        Reply::json(404, "{}"),
        Reply::json(200, "<html>"),
        Reply::json(200, "{\"keys\": []}"),
        Reply::json(200, &huge),
        Reply::Truncated,
        redirect(),
    ] {
        let server = Server::start([reply]);
        let error = call(&by_set(&server), &token, NOW)
            .await
            .expect_err("no keys");
        assert_eq!(error.code(), Code::Unavailable);
        let cause = error.cause().expect("a cause for the log");
        assert!(
            !cause.contains("hush") && !cause.contains("127.0.0.1"),
            "{cause}"
        );
        let response = error.into_response("r");
        assert!(!header(&response, "retry-after").is_empty());
    }
}

#[tokio::test]
async fn while_a_newer_set_can_not_be_had_an_unknown_key_is_503() {
    let signer = Signer::ed25519();
    let server = Server::start([set(&[signer.jwk("k")]), Reply::json(500, "")]);
    let auth = by_set(&server);
    let (known, unknown) = (
        signer.token(Some("k"), &claims()),
        signer.token(Some("x"), &claims()),
    );
    call(&auth, &known, NOW).await.expect("fetched");
    for seconds in [1, 2] {
        let error = call(&auth, &unknown, after(seconds))
            .await
            .expect_err("who knows");
        assert_eq!(error.code(), Code::Unavailable);
        call(&auth, &known, after(seconds))
            .await
            .expect("what is known still passes");
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn one_fetch_serves_all_who_wait_for_it() {
    let signer = Signer::ed25519();
    let server = Server::start([set(&[signer.jwk("k")])]);
    let auth = by_set(&server);
    let token = signer.token(Some("k"), &claims());
    let (a, b, c) = tokio::join!(
        call(&auth, &token, NOW),
        call(&auth, &token, NOW),
        call(&auth, &token, NOW),
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(server.requests().len(), 1);

    let server = Server::start([Reply::json(500, ""), set(&[signer.jwk("k")])]);
    let auth = by_set(&server);
    let (a, b) = tokio::join!(call(&auth, &token, NOW), call(&auth, &token, NOW));
    assert!(a.is_err() && b.is_err(), "a failed one serves all, too");
    assert_eq!(server.requests().len(), 1);
    call(&auth, &token, NOW)
        .await
        .expect("the next request tries again");
}
