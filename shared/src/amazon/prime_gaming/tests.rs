use std::time::Duration;

use super::*;
use crate::Clock;
use crate::net::Unavailable;
use crate::net::testing::{Reply, Server};

const TOKEN: &str = "Atza|a+/b";

fn now() -> Timestamp {
    Timestamp::from_millis(1_769_851_800_000)
}

fn prime_gaming(server: &Server, address: FulfillmentAddress) -> PrimeGaming {
    let config = PrimeGamingConfig {
        entitlements_url: server.url("/api/entitlements"),
        fulfill_url: server.url("/api/fulfill"),
        fulfillment_address: address,
    };
    PrimeGaming::new(Client::new(Clock::system()).expect("a client"), &config)
}

fn word() -> FulfillmentAddress {
    FulfillmentAddress::Word("Player".to_owned())
}

async fn list(server: &Server) -> Result<Listing, CallError> {
    prime_gaming(server, word())
        .entitlements(&TOKEN.into(), now())
        .await
}

async fn listed(body: &str) -> Result<Listing, CallError> {
    list(&Server::start([Reply::json(200, body)])).await
}

async fn report(server: &Server) -> Result<FulfillResult, CallError> {
    let id = EntitlementId::new("e-1").expect("an id");
    prime_gaming(server, word())
        .fulfill(&TOKEN.into(), &id, "Player", now())
        .await
}

async fn reported(body: &str) -> FulfillResult {
    report(&Server::start([Reply::json(200, body)]))
        .await
        .expect("an answer")
}

#[tokio::test]
async fn the_listing_is_read_and_the_token_is_in_its_header() {
    let server = Server::start([Reply::json(
        200,
        r#"{"Entitlements":[
            {"EntitlementId":"e-1","VendorProductId":"sku-1","NextInstruction":"FULFILL","New":{}},
            {"EntitlementId":"e-2","VendorProductId":"sku-2","NextInstruction":"NOOP"}],"More":1}"#,
    )]);
    let listing = list(&server).await.expect("a listing");
    let entitlement = |id: &str, sku: &str, instruction| Listed {
        id: EntitlementId::new(id).expect("an id"),
        sku: Some(sku.to_owned()),
        instruction,
    };
    assert_eq!(
        listing.entitlements,
        [
            entitlement("e-1", "sku-1", Instruction::Fulfill),
            entitlement("e-2", "sku-2", Instruction::Noop)
        ]
    );
    let request = &server.requests()[0];
    assert!(
        request.starts_with("GET /api/entitlements HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("x-amz-access-token: Atza|a+/b\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn a_broken_element_does_not_cost_the_others() {
    let long = "x".repeat(300);
    let listing = listed(&format!(
        r#"{{"Entitlements":[
            null, 7, "e", [], {{}}, {{"EntitlementId":7}}, {{"EntitlementId":""}},
            {{"EntitlementId":"e-1"}},
            {{"EntitlementId":"e-1","NextInstruction":"FULFILL"}},
            {{"EntitlementId":"e-2","VendorProductId":["sku"],"NextInstruction":"REVOKE"}},
            {{"EntitlementId":"e-3","VendorProductId":"{long}","NextInstruction":"{long}"}},
            {{"EntitlementId":"e-4","VendorProductId":"a/b","NextInstruction":{{"a":1}}}},
            {{"EntitlementId":"e-5","VendorProductId":"s","NextInstruction":"fulfill"}}]}}"#
    ))
    .await
    .expect("a listing");
    assert_eq!(listing.broken, 7);
    let unknown = |text: &str| Instruction::Unknown(text.to_owned());
    let read: Vec<_> = listing
        .entitlements
        .iter()
        .map(|one| (one.id.as_str(), one.sku.as_deref(), one.instruction.clone()))
        .collect();
    assert_eq!(
        read,
        [
            ("e-1", None, unknown("")),
            ("e-2", None, unknown("REVOKE")),
            ("e-3", Some(&long[..256]), unknown(&long[..64])),
            ("e-4", Some("a/b"), unknown(r#"{"a":1}"#)),
            ("e-5", Some("s"), unknown("fulfill")),
        ]
    );
}

#[tokio::test]
async fn nothing_claimed_is_an_empty_list_and_a_failure_is_an_error() {
    for body in [r#"{"Entitlements":[]}"#, r#"{"Entitlements":null}"#, "{}"] {
        let listing = listed(body).await.expect("a listing");
        assert_eq!(listing, Listing::default(), "{body}");
    }
    for body in [
        r#"{"Entitlements":{}}"#,
        r#"{"message":"Internal server error"}"#,
        r#"{"Entitlements":null"#,
        "[]",
        "null",
        "<html>",
        "",
    ] {
        let error = listed(body).await.expect_err("no list");
        assert!(
            matches!(error, CallError::Unavailable(_)),
            "{body}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_refusal_is_told_from_an_outage() {
    for status in [400, 401, 403] {
        let error = list(&Server::start([Reply::json(status, "{}")]))
            .await
            .expect_err("refused");
        assert!(
            matches!(error, CallError::Refused { status: s } if s == status),
            "{error:?}"
        );
    }
    for status in [302, 404, 429, 500, 503] {
        let reply =
            Reply::json(status, "{}").header("Retry-After", "Sat, 31 Jan 2026 09:31:00 GMT");
        let Err(CallError::Unavailable(Unavailable { retry_after, .. })) =
            list(&Server::start([reply])).await
        else {
            panic!("{status} is an outage");
        };
        assert_eq!(retry_after, Some(Duration::from_secs(60)));
    }
    let huge = format!(
        r#"{{"Entitlements":[],"x":"{}"}}"#,
        "x".repeat(MAX_ANSWER_BYTES)
    );
    for reply in [Reply::Truncated, Reply::json(200, &huge)] {
        let error = list(&Server::start([reply])).await.expect_err("unusable");
        assert!(matches!(error, CallError::Unavailable(_)), "{error:?}");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    }
}

#[tokio::test]
async fn a_listing_and_a_report_are_sent_again_when_their_connection_died() {
    let server = Server::start([Reply::Close, Reply::json(200, r#"{"Entitlements":[]}"#)]);
    list(&server).await.expect("the second try");
    assert_eq!(server.requests().len(), 2);

    let server = Server::start([Reply::Close, Reply::json(200, "{}")]);
    report(&server).await.expect("the second try");
    assert_eq!(server.requests()[0], server.requests()[1]);
    assert_eq!(server.requests().len(), 2);

    let server = Server::start([Reply::Close, Reply::Close, Reply::json(200, "{}")]);
    let error = report(&server).await.expect_err("both answers were lost");
    assert!(matches!(error, CallError::Unavailable(_)), "{error:?}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_report_is_one_item_in_amazons_words() {
    let server = Server::start([Reply::json(
        200,
        r#"{"FulfillmentStatusUpdates":[{"EntitlementId":"e-1","Result":"SUCCESS"}]}"#,
    )]);
    assert_eq!(
        report(&server).await.expect("an answer"),
        FulfillResult::Success
    );
    let request = &server.requests()[0];
    assert!(
        request.starts_with("POST /api/fulfill HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("content-type: application/json\r\n"),
        "{request}"
    );
    assert!(
        request.contains("x-amz-access-token: Atza|a+/b\r\n"),
        "{request}"
    );
    let (_, body) = request.split_once("\r\n\r\n").expect("a body");
    assert_eq!(
        serde_json::from_str::<Value>(body).expect("JSON"),
        json!({"FulfillmentStatusUpdates": [{
            "EntitlementId": "e-1", "LastInstruction": "FULFILL", "FulfillmentAddress": "Player"
        }]})
    );
}

#[tokio::test]
async fn only_success_for_this_very_id_counts_as_reported() {
    let not = |why: &str| FulfillResult::NotReported(why.to_owned());
    let of = |updates: &str| format!(r#"{{"FulfillmentStatusUpdates":{updates}}}"#);
    for (body, expected) in [
        (
            of(r#"[{"EntitlementId":"e-1","Result":"ERROR"}]"#),
            not("ERROR"),
        ),
        (
            of(r#"[{"EntitlementId":"e-1","Result":"success"}]"#),
            not("success"),
        ),
        (
            of(r#"[{"EntitlementId":"e-1"}]"#),
            not("no `Result` in the answer"),
        ),
        (
            of(r#"[{"EntitlementId":"e-2","Result":"SUCCESS"}]"#),
            not("the answer does not mention it"),
        ),
        (of("[null]"), not("the answer does not mention it")),
        (of("[]"), not("the answer does not mention it")),
        (
            of("null"),
            not("no list `FulfillmentStatusUpdates` in the answer"),
        ),
        (
            "[]".to_owned(),
            not("no list `FulfillmentStatusUpdates` in the answer"),
        ),
        (
            of(
                r#"[{"EntitlementId":"e-2","Result":"ERROR"},{"EntitlementId":"e-1","Result":"SUCCESS"}]"#,
            ),
            FulfillResult::Success,
        ),
    ] {
        assert_eq!(reported(&body).await, expected, "{body}");
    }
    let unreadable = report(&Server::start([Reply::json(200, "<html>")])).await;
    assert!(matches!(unreadable, Err(CallError::Unavailable(_))));
}

#[test]
fn the_address_is_by_configuration() {
    let server = Server::start([]);
    let player = PlayerId::new("player-1").expect("an id");
    assert_eq!(prime_gaming(&server, word()).address(&player), "Player");
    let by_id = prime_gaming(&server, FulfillmentAddress::PlayerId);
    assert_eq!(by_id.address(&player), "player-1");
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_refused_without_asking() {
    let server = Server::start([]);
    let result = prime_gaming(&server, word())
        .entitlements(&"a\nb".into(), now())
        .await;
    assert!(matches!(result, Err(CallError::Refused { status: 401 })));
    assert!(server.requests().is_empty());
}
