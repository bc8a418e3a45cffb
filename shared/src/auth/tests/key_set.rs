//! When the key set is fetched, and what happens when it can't be.

use super::*;

const HOUR: u64 = 3600;

/// A token that outlives every outage here.
fn lasting(signer: &Signer, id: Option<&str>) -> String {
    signer.token(id, &but("exp", json!(1e10)))
}

async fn code(auth: &Authenticator, token: &str, seconds: u64) -> ErrorCode {
    let error = call(auth, token, after(seconds)).await;
    error.expect_err("not accepted").code()
}

/// The seconds in `Retry-After` of a 503.
async fn retry_after(auth: &Authenticator, token: &str, seconds: u64) -> u64 {
    let error = call(auth, token, after(seconds)).await.expect_err("no set");
    assert_eq!(error.code(), ErrorCode::Unavailable);
    let response = error.into_response("r");
    header(&response, "retry-after").parse().expect("seconds")
}

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
        assert_eq!(code(&auth, &new, seconds).await, ErrorCode::InvalidToken);
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
async fn a_key_that_was_replaced_under_its_old_name_is_found() {
    let rotations = |old: &Signer, new: &Signer| {
        [
            // Without ids, under the same id, under the same id for another algorithm.
            (without_id(old.jwk("k")), without_id(new.jwk("k")), None),
            (old.jwk("k"), new.jwk("k"), Some("k")),
            (
                without_id(old.jwk("k")),
                without_id(new.jwk("k")),
                Some("k"),
            ),
            (old.jwk("k"), new.jwk("k"), None),
        ]
    };
    for new in [Signer::ed25519(), Signer::p256()] {
        let old = Signer::ed25519();
        for (old_key, new_key, id) in rotations(&old, &new) {
            let (old_set, new_set) = ([old_key], [new_key]);
            let server = Server::start([set(&old_set), set(&new_set)]);
            let auth = by_set(&server);
            let (old, new) = (lasting(&old, id), lasting(&new, id));
            call(&auth, &old, NOW).await.expect("fetched");
            call(&auth, &new, after(1)).await.expect("fetched again");
            assert_eq!(
                code(&auth, &old, 2).await,
                ErrorCode::InvalidToken,
                "withdrawn"
            );
            call(&auth, &new, after(3)).await.expect("kept");
            assert_eq!(server.requests().len(), 2);
        }
    }
}

#[tokio::test]
async fn wrong_signatures_ask_again_once_a_minute() {
    let (signer, stranger) = (Signer::ed25519(), Signer::ed25519());
    let replies: Vec<_> = (0..9).map(|_| set(&[signer.jwk("k")])).collect();
    let server = Server::start(replies);
    let auth = by_set(&server);
    call(&auth, &lasting(&signer, Some("k")), NOW)
        .await
        .expect("fetched");
    let forged = lasting(&stranger, Some("k"));
    for (seconds, asked) in [
        (1, 2),
        (2, 2),
        (60, 2),
        (61, 3),
        (62, 3),
        (120, 3),
        (121, 4),
    ] {
        assert_eq!(code(&auth, &forged, seconds).await, ErrorCode::InvalidToken);
        assert_eq!(server.requests().len(), asked, "at {seconds} s");
    }
}

#[tokio::test]
async fn every_key_of_the_same_name_and_algorithm_is_tried() {
    let signers = [Signer::ed25519(), Signer::ed25519(), Signer::ed25519()];
    let keys: Vec<_> = signers.iter().map(|signer| signer.jwk("k")).collect();
    let nameless: Vec<_> = keys.iter().cloned().map(without_id).collect();
    for (keys, id) in [
        (&keys, Some("k")),
        (&keys, None),
        (&nameless, Some("k")),
        (&nameless, None),
    ] {
        let server = Server::start([set(keys)]);
        let auth = by_set(&server);
        for signer in &signers {
            call(&auth, &signer.token(id, &claims()), NOW)
                .await
                .expect("one of them");
        }
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_repeated_get_counts_once() {
    let (old, new) = (Signer::ed25519(), Signer::ed25519());
    // The connection that was kept dies with the second question.
    let server = Server::start([set(&[old.jwk("old")]), Reply::Close, set(&[new.jwk("new")])]);
    let auth = by_set(&server);
    call(&auth, &lasting(&old, Some("old")), NOW)
        .await
        .expect("fetched");
    call(&auth, &lasting(&new, Some("new")), after(1))
        .await
        .expect("asked again, and then once more over a new connection");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn the_last_good_set_serves_for_a_day_more() {
    let signer = Signer::ed25519();
    let key = || set(&[signer.jwk("k")]);
    let down = || Reply::json(500, "");
    let server = Server::start([key(), down(), down(), down(), down(), key()]);
    let auth = by_set(&server);
    let token = lasting(&signer, Some("k"));
    for (seconds, asked) in [
        (0, 1),
        (HOUR - 1, 1),
        // Every failed fetch is remembered for 30 s.
        (HOUR, 2),
        (HOUR + 1, 2),
        (HOUR + 29, 2),
        (HOUR + 30, 3),
        (25 * HOUR - 1, 4),
    ] {
        call(&auth, &token, after(seconds))
            .await
            .expect("it serves");
        assert_eq!(server.requests().len(), asked, "at {seconds} s");
    }
    assert_eq!(retry_after(&auth, &token, 25 * HOUR).await, 29);
    assert_eq!(server.requests().len(), 4, "a second after the last try");
    assert_eq!(retry_after(&auth, &token, 25 * HOUR + 29).await, 30);
    assert_eq!(server.requests().len(), 5);
    assert_eq!(retry_after(&auth, &token, 25 * HOUR + 58).await, 1);
    call(&auth, &token, after(25 * HOUR + 59))
        .await
        .expect("it is back");
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_set_without_a_usable_key_does_not_replace_a_good_one() {
    let signer = Signer::ed25519();
    let server = Server::start([
        set(&[signer.jwk("k")]),
        set(&[]),
        Reply::json(200, "<html>"),
    ]);
    let auth = by_set(&server);
    let token = lasting(&signer, Some("k"));
    for seconds in [0, HOUR, HOUR + 30] {
        call(&auth, &token, after(seconds))
            .await
            .expect("it serves");
    }
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
        let auth = by_set(&server);
        let error = call(&auth, &token, NOW).await.expect_err("no keys");
        assert_eq!(error.code(), ErrorCode::Unavailable);
        let cause = error.cause().expect("a cause for the log");
        assert!(
            !cause.contains("hush") && !cause.contains("127.0.0.1"),
            "{cause}"
        );
        let response = error.into_response("r");
        assert_eq!(header(&response, "retry-after"), "30");
        let asked = server.requests().len();
        assert_eq!(retry_after(&auth, &token, 10).await, 20);
        assert_eq!(server.requests().len(), asked, "the failure is remembered");
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
        assert_eq!(retry_after(&auth, &unknown, seconds).await, 61 - seconds);
        call(&auth, &known, after(seconds))
            .await
            .expect("what is known still passes");
    }
    let forged = Signer::ed25519().token(Some("k"), &claims());
    assert_eq!(
        code(&auth, &forged, 3).await,
        ErrorCode::InvalidToken,
        "its key is known"
    );
    let nameless = Signer::ed25519().token(None, &claims());
    assert_eq!(
        retry_after(&auth, &nameless, 3).await,
        58,
        "its key may be in the newer set"
    );
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn one_fetch_serves_all_requests_that_wait_for_it() {
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
    call(&auth, &token, after(30))
        .await
        .expect("a later request tries again");

    let stranger = Signer::ed25519().token(Some("other"), &claims());
    let server = Server::start([set(&[signer.jwk("k")]), set(&[signer.jwk("k")])]);
    let auth = by_set(&server);
    call(&auth, &token, NOW).await.expect("fetched");
    let (a, b) = tokio::join!(call(&auth, &stranger, NOW), call(&auth, &stranger, NOW));
    assert!(a.is_err() && b.is_err());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn while_one_request_waits_for_a_new_set_others_use_the_old_one() {
    let signer = Signer::ed25519();
    let server = Server::start([set(&[signer.jwk("k")]), Reply::Stall]);
    let auth = by_set(&server);
    let token = lasting(&signer, Some("k"));
    call(&auth, &token, NOW).await.expect("fetched");
    let first = call(&auth, &token, after(HOUR));
    tokio::pin!(first);
    // It has asked, and will not be answered.
    while server.requests().len() < 2 {
        tokio::select! {
            biased;
            _ = &mut first => panic!("there is no answer"),
            () = tokio::time::sleep(std::time::Duration::from_millis(1)) => {}
        }
    }
    tokio::select! {
        biased;
        other = call(&auth, &token, after(HOUR)) => { other.expect("at once"); }
        _ = &mut first => panic!("it was not waited for"),
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn compressed_sets_are_read() {
    let signer = Signer::ed25519();
    let text = json!({"keys": [signer.jwk("k")]}).to_string();
    for (coding, body) in [
        ("gzip", net::testing::gzip(text.as_bytes())),
        ("br", net::testing::brotli(text.as_bytes())),
    ] {
        let server = Server::start([Reply::encoded(coding, &body)]);
        call(&by_set(&server), &lasting(&signer, Some("k")), NOW)
            .await
            .expect(coding);
        let request = server.requests()[0].to_ascii_lowercase();
        assert!(!request.contains("accept-encoding"), "not asked for");
    }
}

#[tokio::test]
async fn skipped_keys_are_logged_once_per_fetch() {
    let signer = Signer::ed25519();
    let keys = [
        signer.jwk("good"),
        json!({"kty": "oct", "kid": "secret", "k": "aHVzaA"}),
        json!({"kty": "EC", "crv": "P-384", "kid": "large", "x": "AAAA", "y": "AAAA"}),
    ];
    let server = Server::start([set(&keys), set(&keys)]);
    let auth = by_set(&server);
    let token = lasting(&signer, Some("good"));
    let lines = crate::http::testing::logged(async {
        for seconds in [0, 1, 2, HOUR] {
            call(&auth, &token, after(seconds)).await.expect("good");
        }
    })
    .await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in lines {
        assert_eq!(
            (&line["level"], &line["count"]),
            (&"WARN".into(), &2.into())
        );
        let said = line["keys"].as_str().expect("text");
        for part in ["\"secret\"", "`kty`", "\"large\"", "`crv`"] {
            assert!(said.contains(part), "{said}");
        }
        assert!(!line.to_string().contains("aHVzaA"), "{line}");
    }
}
