use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::Clock;
use crate::domain::Timestamp;
use crate::net::Unavailable;
use crate::net::testing::{Reply, Server};

mod device;
mod identity;

/// A little of everything that must be escaped in a form.
const CODE: &str = "AN code+/|&=";
const REFRESH_TOKEN: &str = "Atzr|refresh+/token";
const SECRET: &str = "amzn1.oa2-cs.v1.hush";
const REDIRECT_URI: &str = "https://link.example.com/link/callback";
const VERIFIER: &str = "verifier-verifier-verifier-verifier-verifier";
const TOKENS: &str = r#"{"access_token":"Atza|a+/b","refresh_token":"Atzr|r","token_type":"bearer","expires_in":3600}"#;

fn now() -> Timestamp {
    Timestamp::from_millis(1_769_851_800_000)
}

fn lwa(token: &Server, tokeninfo: &Server, profile: &Server) -> Lwa {
    let config = LwaConfig {
        client_id: "our-client".to_owned(),
        device_client_id: "our-device".to_owned(),
        authorize_url: token.url("/ap/oa"),
        token_url: token.url("/auth/o2/token"),
        tokeninfo_url: tokeninfo.url("/auth/o2/tokeninfo"),
        profile_url: profile.url("/user/profile"),
        codepair_url: token.url("/auth/o2/create/codepair"),
        scope: "games::prime profile".to_owned(),
    };
    Lwa::new(Client::new(Clock::system()).expect("a client"), &config)
}

async fn exchange_code(server: &Server) -> Result<Tokens, TokenError> {
    lwa(server, server, server)
        .exchange_code(
            &SECRET.into(),
            &CODE.into(),
            REDIRECT_URI,
            &VERIFIER.into(),
            now(),
        )
        .await
}

async fn refresh(server: &Server, secret: &str) -> Result<Tokens, TokenError> {
    lwa(server, server, server)
        .refresh("our-client", &secret.into(), &REFRESH_TOKEN.into(), now())
        .await
}

/// What comes of a refresh that is answered so.
async fn answered(reply: Reply) -> Result<Tokens, TokenError> {
    refresh(&Server::start([reply]), SECRET).await
}

fn form(request: &str) -> BTreeMap<String, String> {
    let (_, body) = request.split_once("\r\n\r\n").expect("a body");
    url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[test]
fn the_authorize_url_has_all_that_amazon_wants() {
    let server = Server::start([]);
    let url = lwa(&server, &server, &server).authorize_url(
        REDIRECT_URI,
        "the state",
        &"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
    );
    assert_eq!(url.path(), "/ap/oa");
    assert_eq!(
        url.query_pairs().into_owned().collect::<BTreeMap<_, _>>(),
        owned([
            ("client_id", "our-client"),
            ("scope", "games::prime profile"),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT_URI),
            ("state", "the state"),
            // RFC 7636, appendix B
            (
                "code_challenge",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
            ),
            ("code_challenge_method", "S256"),
        ])
    );
    assert_eq!(Lwa::new_verifier().expose_secret().len(), 43);
}

#[tokio::test]
async fn a_code_becomes_tokens() {
    let server = Server::start([Reply::json(200, TOKENS)]);
    let tokens = exchange_code(&server).await.expect("tokens");
    assert_eq!(tokens.access_token.expose_secret(), "Atza|a+/b");
    assert_eq!(
        tokens.refresh_token.expect("a token").expose_secret(),
        "Atzr|r"
    );
    assert_eq!(tokens.expires_in, Duration::from_secs(3600));
    assert_eq!(tokens.scope, None);
    let request = &server.requests()[0];
    assert!(
        request.starts_with("POST /auth/o2/token HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        !request.to_lowercase().contains("\r\nauthorization:"),
        "{request}"
    );
    assert_eq!(
        form(request),
        owned([
            ("grant_type", "authorization_code"),
            ("code", CODE),
            ("redirect_uri", REDIRECT_URI),
            ("client_id", "our-client"),
            ("client_secret", SECRET),
            ("code_verifier", VERIFIER),
        ])
    );
}

#[tokio::test]
async fn a_refresh_may_bring_no_new_refresh_token() {
    let answer =
        r#"{"access_token":"Atza|a","token_type":"bearer","expires_in":60,"scope":"profile"}"#;
    let server = Server::start([Reply::json(200, answer), Reply::json(200, answer)]);
    let tokens = refresh(&server, SECRET).await.expect("tokens");
    assert!(tokens.refresh_token.is_none());
    assert_eq!(tokens.expires_in, Duration::from_secs(60));
    assert_eq!(tokens.scope.as_deref(), Some("profile"));
    refresh(&server, "").await.expect("tokens");
    let requests = server.requests();
    let mut expected = owned([
        ("grant_type", "refresh_token"),
        ("refresh_token", REFRESH_TOKEN),
        ("client_id", "our-client"),
        ("client_secret", SECRET),
    ]);
    assert_eq!(form(&requests[0]), expected);
    expected.remove("client_secret");
    assert_eq!(form(&requests[1]), expected, "an empty secret is left out");
}

#[tokio::test]
async fn an_absurd_life_is_an_hour() {
    for life in [
        "",
        r#","expires_in":-1"#,
        r#","expires_in":1e9"#,
        r#","expires_in":0"#,
        r#","expires_in":[]"#,
    ] {
        let answer = format!(r#"{{"access_token":"Atza|a"{life}}}"#);
        let tokens = answered(Reply::json(200, &answer)).await.expect("tokens");
        assert_eq!(tokens.expires_in, Duration::from_secs(3600), "{life}");
    }
    let tokens = answered(Reply::json(
        200,
        r#"{"access_token":"a","expires_in":"120"}"#,
    ))
    .await;
    assert_eq!(tokens.expect("tokens").expires_in, Duration::from_secs(120));
}

#[tokio::test]
async fn refusals_are_sorted_by_what_to_do_next() {
    let refusal = |status, word: &str| {
        let body = format!(r#"{{"error":"{word}","error_description":"d","request_id":"r"}}"#);
        answered(Reply::json(status, &body))
    };
    assert!(matches!(
        refusal(400, "invalid_grant").await,
        Err(TokenError::InvalidGrant)
    ));
    assert!(matches!(
        refusal(401, "invalid_client").await,
        Err(TokenError::InvalidClient)
    ));
    for word in [
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_request",
        "invalid_scope",
        "odd",
    ] {
        let Err(TokenError::Rejected { error }) = refusal(400, word).await else {
            panic!("{word} is our configuration's fault");
        };
        assert_eq!(error, format!("{word}: d"));
    }
    for (status, word) in [
        (500, "ServerError"),
        (400, "ServerError"),
        (503, "invalid_grant"),
    ] {
        let error = refusal(status, word).await.expect_err("no tokens");
        assert!(
            matches!(error, TokenError::Unavailable(_)),
            "{status} {word}: {error:?}"
        );
    }
}

#[tokio::test]
async fn whatever_is_no_decision_is_unavailable() {
    let long = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(70_000));
    let long_token = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(4097));
    for (name, reply) in [
        ("truncated", Reply::Truncated),
        ("not JSON", Reply::json(200, "<html>")),
        ("not JSON, refused", Reply::json(400, "<html>")),
        ("empty", Reply::json(200, "")),
        ("no tokens", Reply::json(200, "{}")),
        (
            "an error with 200",
            Reply::json(200, r#"{"error":"invalid_grant"}"#),
        ),
        ("an empty token", Reply::json(200, r#"{"access_token":""}"#)),
        (
            "a token for no header",
            Reply::json(200, r#"{"access_token":"a\nb"}"#),
        ),
        ("a long token", Reply::json(200, &long_token)),
        ("huge", Reply::json(200, &long)),
        ("a redirect", Reply::json(302, "{}").header("Location", "/")),
        (
            "not found",
            Reply::json(404, r#"{"error":"invalid_grant"}"#),
        ),
    ] {
        let error = answered(reply).await.expect_err(name);
        assert!(
            matches!(error, TokenError::Unavailable(_)),
            "{name}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_token_request_is_repeated_once_if_its_connection_died() {
    for lost in 1..=2 {
        let replies = (0..lost).map(|_| Reply::Close);
        let server = Server::start(replies.chain([Reply::json(200, TOKENS)]));
        let answer = refresh(&server, SECRET).await;
        assert_eq!(answer.is_ok(), lost == 1, "{answer:?}");
        assert_eq!(server.requests()[0], server.requests()[1]);
        assert_eq!((server.requests().len(), server.connections()), (2, 2));
    }
}

#[tokio::test]
async fn a_code_that_is_used_up_by_a_lost_answer_is_not_too_old() {
    let used = || Reply::json(400, r#"{"error":"invalid_grant"}"#);
    let error = exchange_code(&Server::start([Reply::Close, used()])).await;
    assert!(
        matches!(error, Err(TokenError::Unavailable(_))),
        "{error:?}"
    );
    let error = exchange_code(&Server::start([used()])).await;
    assert!(matches!(error, Err(TokenError::InvalidGrant)), "{error:?}");
}

#[tokio::test]
async fn only_what_was_not_sent_or_met_a_gateway_passes() {
    for status in [502, 503, 504] {
        let reply = Reply::json(status, "{}").header("Retry-After", "7");
        let error = answered(reply).await.expect_err("no tokens");
        assert_eq!(error.passing(), Some(Duration::from_secs(7)), "{status}");
    }
    for reply in [
        Reply::json(500, "{}"),
        Reply::json(429, "{}"),
        Reply::Truncated,
        Reply::json(400, r#"{"error":"invalid_grant"}"#),
    ] {
        let error = answered(reply).await.expect_err("no tokens");
        assert_eq!(error.passing(), None, "{error:?}");
    }
    let died = Server::start([]);
    let error = refresh(&died, SECRET).await.expect_err("no tokens");
    assert_eq!(error.passing(), None, "{error:?}");
}

#[tokio::test]
async fn retry_after_is_heard() {
    let busy = Reply::json(429, r#"{"error":"slow"}"#).header("Retry-After", "30");
    let Err(TokenError::Unavailable(Unavailable { retry_after, .. })) = answered(busy).await else {
        panic!("busy is unavailable");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn no_error_shows_a_secret_of_its_request() {
    let quoting =
        |secrets: &str| format!(r#"{{"error":"invalid_request","error_description":"{secrets}"}}"#);
    let word = format!(r#"{{"error":"{VERIFIER}{VERIFIER}","error_description":"d"}}"#);
    let value = format!(r#"{{"access_token":{{"{VERIFIER}":1}}}}"#);
    for (status, body) in [
        (400, quoting(&format!("{SECRET} {CODE} {VERIFIER}"))),
        (400, quoting(&format!("{SECRET},{REFRESH_TOKEN}"))),
        (400, word),
        (200, value),
        (400, VERIFIER.to_owned()),
    ] {
        let server = Server::start([Reply::json(status, &body), Reply::json(status, &body)]);
        let code = exchange_code(&server).await.expect_err("no tokens");
        let refresh = refresh(&server, SECRET).await.expect_err("no tokens");
        for (error, secrets) in [
            (code, [SECRET, CODE, VERIFIER]),
            (refresh, [SECRET, REFRESH_TOKEN, "127.0.0.1"]),
        ] {
            let text = format!("{error} {error:?}");
            assert!(
                !secrets.iter().any(|secret| text.contains(secret)),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn tokens_do_not_print() {
    let tokens = answered(Reply::json(200, TOKENS)).await.expect("tokens");
    assert!(!format!("{tokens:?}").contains("Atz"));
}
