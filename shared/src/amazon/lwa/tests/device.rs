//! Code pairs, and the polls for what became of them.

use serde_json::{Value, json};

use super::*;
use crate::budget::POLL_INTERVAL_MOST;
use crate::net::Unavailable;

const DEVICE_CODE: &str = "device code+/|&=";
const USER_CODE: &str = "W8B RGT";

fn at(server: &Server) -> Lwa {
    lwa(server, server, server)
}

fn pair() -> Value {
    json!({
        "user_code": "W8BRGT",
        "device_code": "7f3c-d0",
        "verification_uri": "https://www.amazon.com/us/code",
        "expires_in": 600,
        "interval": 30,
    })
}

async fn created(reply: Reply) -> Result<CodePair, TokenError> {
    let server = Server::start([reply]);
    at(&server).create_code_pair("our-device", now()).await
}

/// What comes of a pair in which one field is another.
async fn created_with(field: &str, value: Value) -> Result<CodePair, TokenError> {
    let mut pair = pair();
    pair[field] = value;
    created(Reply::json(200, &pair.to_string())).await
}

async fn polled(reply: Reply) -> Result<Tokens, PollError> {
    let server = Server::start([reply]);
    let lwa = at(&server);
    lwa.poll(&DEVICE_CODE.into(), &USER_CODE.into(), now())
        .await
}

fn refusal(status: u16, word: &str) -> Reply {
    let body = json!({"error": word, "error_description": format!("not {DEVICE_CODE}")});
    Reply::json(status, &body.to_string())
}

#[tokio::test]
async fn a_code_pair_is_asked_for_in_amazons_way() {
    let server = Server::start([Reply::json(200, &pair().to_string())]);
    let pair = at(&server).create_code_pair("our-device", now()).await;
    let pair = pair.expect("a pair");
    assert_eq!(pair.user_code.expose_secret(), "W8BRGT");
    assert_eq!(pair.device_code.expose_secret(), "7f3c-d0");
    assert_eq!(
        pair.verification_uri.as_str(),
        "https://www.amazon.com/us/code"
    );
    assert_eq!(pair.verification_uri_complete, None);
    assert_eq!(
        (pair.expires_in, pair.interval),
        (Duration::from_secs(600), Duration::from_secs(30))
    );
    let request = &server.requests()[0];
    assert!(
        request.starts_with("POST /auth/o2/create/codepair HTTP/1.1\r\n"),
        "{request}"
    );
    assert_eq!(
        form(request),
        owned([
            ("response_type", "device_code"),
            ("client_id", "our-device"),
            ("scope", "games::prime profile"),
        ])
    );
    let printed = format!("{pair:?}");
    assert!(!printed.contains("W8BRGT") && !printed.contains("7f3c-d0"));
}

#[tokio::test]
async fn an_address_with_the_code_is_kept_and_a_bad_one_costs_nothing() {
    let complete = "https://www.amazon.com/us/code?cbl-code=W8BRGT";
    let pair = created_with("verification_uri_complete", json!(complete)).await;
    let kept = pair.expect("a pair").verification_uri_complete;
    assert_eq!(kept.expect("an address").as_str(), complete);
    for bad in [
        json!("http://www.amazon.com/"),
        json!("code"),
        json!(7),
        json!(null),
    ] {
        let pair = created_with("verification_uri_complete", bad).await;
        assert_eq!(pair.expect("a pair").verification_uri_complete, None);
    }
}

#[tokio::test]
async fn the_code_joins_the_query_of_the_address() {
    for (uri, code, composed) in [
        (
            "https://www.amazon.com/us/code",
            "W8BRGT",
            "https://www.amazon.com/us/code?cbl-code=W8BRGT",
        ),
        (
            "https://amazon.example",
            "W8BRG",
            "https://amazon.example/?cbl-code=W8BRG",
        ),
        (
            "https://amazon.example/code?",
            "W8BRGT",
            "https://amazon.example/code?cbl-code=W8BRGT",
        ),
        (
            "https://amazon.example/code?lang=de&x=a%20b#form",
            "W8BRGT",
            "https://amazon.example/code?lang=de&x=a%20b&cbl-code=W8BRGT#form",
        ),
        (
            "https://amazon.example/code",
            "a&b=c#d%2B+/",
            "https://amazon.example/code?cbl-code=a%26b%3Dc%23d%252B%2B%2F",
        ),
    ] {
        let mut pair = pair();
        pair["verification_uri"] = json!(uri);
        pair["user_code"] = json!(code);
        let pair = created(Reply::json(200, &pair.to_string())).await;
        let pair = pair.expect("a pair");
        assert_eq!(pair.composed_uri().as_str(), composed);
        assert_eq!(pair.verification_uri_complete, None, "Amazon gave none");
    }
}

#[tokio::test]
async fn what_a_device_cannot_show_or_send_back_is_no_pair() {
    let long = "x".repeat(2049);
    for (field, value) in [
        ("user_code", json!(null)),
        ("user_code", json!("")),
        ("user_code", json!(123_456)),
        ("user_code", json!("W8B\u{7}RGT")),
        ("user_code", json!("W8\u{200b}B")),
        ("user_code", json!("x".repeat(65))),
        ("device_code", json!(null)),
        ("device_code", json!("")),
        ("device_code", json!(&long)),
        ("device_code", json!("a\nb")),
        ("verification_uri", json!(null)),
        ("verification_uri", json!("www.amazon.com/us/code")),
        ("verification_uri", json!("http://www.amazon.com/us/code")),
        ("verification_uri", json!("javascript:alert(1)")),
        (
            "verification_uri",
            json!("https://www.amazon.com@evil.example/"),
        ),
        (
            "verification_uri",
            json!(format!("https://www.amazon.com/{long}")),
        ),
    ] {
        let result = created_with(field, value.clone()).await;
        assert!(
            matches!(result, Err(TokenError::Unavailable(_))),
            "{field} {value}"
        );
    }
    for body in ["", "[]", "null", "{}", "<html>", "\"x\""] {
        let result = created(Reply::json(200, body)).await;
        assert!(matches!(result, Err(TokenError::Unavailable(_))), "{body}");
    }
}

#[tokio::test]
async fn a_plain_address_on_this_machine_is_only_a_stand_ins() {
    let here = json!("http://127.0.0.1:8000/us/code");
    let pair = created_with("verification_uri", here.clone()).await;
    assert_eq!(pair.expect("a pair").verification_uri.scheme(), "http");
    let server = Server::start([]);
    let mut lwa = at(&server);
    lwa.codepair_url = Url::parse("https://api.amazon.com/auth/o2/create/codepair").expect("it");
    let mut body = self::pair();
    body["verification_uri"] = here;
    assert!(lwa.read_code_pair(body.to_string().as_bytes()).is_err());
}

#[tokio::test]
async fn times_are_kept_within_reason() {
    let seconds = Duration::from_secs;
    for (interval, kept) in [
        (json!(1), seconds(1)),
        (json!("15"), seconds(15)),
        (json!(300), seconds(300)),
        (json!(301), POLL_INTERVAL_MOST),
        (json!(u64::MAX), POLL_INTERVAL_MOST),
        (json!(0), seconds(5)),
        (json!(-3), seconds(5)),
        (json!(2.5), seconds(5)),
        (json!("soon"), seconds(5)),
        (json!(null), seconds(5)),
    ] {
        let pair = created_with("interval", interval.clone()).await;
        assert_eq!(pair.expect("a pair").interval, kept, "{interval}");
    }
    for (life, kept) in [
        (json!(1), seconds(1)),
        (json!("900"), seconds(900)),
        (json!(3600), seconds(3600)),
        (json!(3601), seconds(3600)),
        (json!(0), seconds(600)),
        (json!(-1), seconds(600)),
        (json!([]), seconds(600)),
        (json!(null), seconds(600)),
    ] {
        let pair = created_with("expires_in", life.clone()).await;
        assert_eq!(pair.expect("a pair").expires_in, kept, "{life}");
    }
}

#[tokio::test]
async fn a_refused_pair_is_sorted_like_any_token_request() {
    let result = created(refusal(401, "invalid_client")).await;
    assert!(matches!(result, Err(TokenError::InvalidClient)));
    for word in ["invalid_scope", "unauthorized_client", "odd"] {
        let result = created(refusal(400, word)).await;
        assert!(
            matches!(result, Err(TokenError::Rejected { .. })),
            "{word}: {result:?}"
        );
    }
    let result = created(Reply::json(503, "{}").header("Retry-After", "7")).await;
    let Err(TokenError::Unavailable(Unavailable { retry_after, .. })) = result else {
        panic!("{result:?}")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
    for reply in [Reply::Truncated, Reply::json(400, "<html>")] {
        let result = created(reply).await;
        assert!(matches!(result, Err(TokenError::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_poll_sends_the_pair_and_nothing_else() {
    let server = Server::start([Reply::json(200, TOKENS)]);
    let tokens = at(&server)
        .poll(&DEVICE_CODE.into(), &USER_CODE.into(), now())
        .await
        .expect("tokens");
    assert_eq!(tokens.access_token.expose_secret(), "Atza|a+/b");
    assert_eq!(
        tokens.refresh_token.expect("a token").expose_secret(),
        "Atzr|r"
    );
    let request = &server.requests()[0];
    assert!(
        request.starts_with("POST /auth/o2/token HTTP/1.1\r\n"),
        "{request}"
    );
    assert_eq!(
        form(request),
        owned([
            // Not RFC 8628's.
            ("grant_type", "device_code"),
            ("device_code", DEVICE_CODE),
            ("user_code", USER_CODE),
        ])
    );
}

#[tokio::test]
async fn polls_are_sorted_by_what_to_do_next() {
    for status in [400, 401] {
        let result = |word| polled(refusal(status, word));
        assert!(matches!(
            result("authorization_pending").await,
            Err(PollError::Pending)
        ));
        assert!(matches!(
            result("slow_down").await,
            Err(PollError::SlowDown)
        ));
        assert!(matches!(
            result("access_denied").await,
            Err(PollError::Denied)
        ));
        for dead in ["invalid_code_pair", "expired_token", "invalid_grant"] {
            assert!(matches!(result(dead).await, Err(PollError::Over)), "{dead}");
        }
        assert!(matches!(
            result("invalid_client").await,
            Err(PollError::Token(TokenError::InvalidClient))
        ));
        for word in ["ServerError", "temporarily_unavailable"] {
            assert!(matches!(
                result(word).await,
                Err(PollError::Token(TokenError::Unavailable(_)))
            ));
        }
        let odd = result("unsupported_grant_type").await;
        let Err(PollError::Token(TokenError::Rejected { error })) = odd else {
            panic!("{odd:?}")
        };
        assert!(!error.contains(DEVICE_CODE), "{error}");
    }
}

#[tokio::test]
async fn an_answer_without_a_decision_leaves_the_pair_as_it_was() {
    for reply in [
        Reply::Close,
        Reply::Truncated,
        Reply::json(500, "{}"),
        Reply::json(403, r#"{"error":"access_denied"}"#),
        Reply::json(400, "<html>"),
        Reply::json(400, r#"{"error":7}"#),
        Reply::json(200, "{}"),
        Reply::json(200, r#"{"access_token":""}"#),
        Reply::json(200, r#"{"error":"authorization_pending"}"#),
    ] {
        let result = polled(reply).await;
        assert!(
            matches!(result, Err(PollError::Token(TokenError::Unavailable(_)))),
            "{result:?}"
        );
    }
    let result = polled(Reply::json(429, "{}").header("Retry-After", "9")).await;
    let Err(PollError::Token(TokenError::Unavailable(Unavailable { retry_after, .. }))) = result
    else {
        panic!("{result:?}")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(9)));
}
