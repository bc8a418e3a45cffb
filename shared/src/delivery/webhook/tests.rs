//! What is sent and read, byte by byte; what each answer leads to is tried in the integration
//! tests.

use std::time::Duration;

use super::*;
use crate::Clock;
use crate::net::testing::{Reply, Server};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn webhook(server: &Server) -> Webhook {
    let client = Client::new(Clock::system()).expect("a client");
    Webhook::new(client, server.url("/deliver?key=hush"))
}

async fn deliver(server: &Server, id: &str) -> Delivery {
    let player = PlayerId::new("p1").expect("a player");
    let id = EntitlementId::new(id).expect("an id");
    let content = Content::stored(r#"{ "b": 1.10, "a": [null] }"#);
    let order = Order {
        player: &player,
        id: &id,
        sku: Some("hat"),
        title: Some("A hat"),
        content: content.as_ref(),
        since: Timestamp::from_millis(1_769_851_800_125),
    };
    let now = Timestamp::from_millis(1_769_851_860_999);
    webhook(server).deliver(&SECRET.into(), &order, now).await
}

#[tokio::test]
async fn the_request_is_what_the_specification_says() {
    let server = Server::start([Reply::json(204, "")]);
    assert_eq!(deliver(&server, "e-1").await, Delivery::Delivered);
    let request = &server.requests()[0];
    let (head, body) = request.split_once("\r\n\r\n").expect("a body");
    assert!(
        head.starts_with("POST /deliver?key=hush HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(
        body,
        r#"{"type":"entitlement.deliver","timestamp":"2026-01-31T09:30:00.125Z","data":{"player_id":"p1","entitlement_id":"e-1","sku":"hat","title":"A hat","content":{ "b": 1.10, "a": [null] }}}"#
    );
    let signer = Signer::new(SECRET).expect("a secret");
    let signature = signer.sign("e-1", 1_769_851_860, body.as_bytes());
    for header in [
        "webhook-id: e-1".to_owned(),
        "webhook-timestamp: 1769851860".to_owned(),
        format!("webhook-signature: {}", signature.expect("text")),
    ] {
        assert!(head.contains(&header), "{header} is not in {head}");
    }
}

#[tokio::test]
async fn an_id_that_no_header_can_carry_is_escaped() {
    let server = Server::start([Reply::json(200, "")]);
    assert_eq!(deliver(&server, "é 1").await, Delivery::Delivered);
    let request = &server.requests()[0];
    assert!(request.contains("webhook-id: %C3%A9%201\r\n"), "{request}");
    assert!(request.contains(r#""entitlement_id":"é 1""#), "{request}");
}

fn refused(reason: &str) -> Delivery {
    Delivery::Refused(Some(reason.to_owned()))
}

async fn answered(status: u16, body: &str) -> Delivery {
    let server = Server::start([Reply::json(status, body)]);
    deliver(&server, "e-1").await
}

fn tried(status: u16) -> Delivery {
    Delivery::Unknown {
        is_signature_refused: false,
        source: Unavailable {
            retry_after: None,
            is_passing: false,
            source: Cause::Status(status),
        },
    }
}

#[tokio::test]
async fn a_refusal_says_so() {
    for status in [410, 422] {
        let gone = r#" {"code": 7, "reason": "account\ndeleted", "refused": true} "#;
        assert_eq!(answered(status, gone).await, refused("account deleted"));
        for no_text in [
            "",
            r#", "reason": null"#,
            r#", "reason": ["x"]"#,
            r#", "reason": "\ud800""#,
        ] {
            let body = format!(r#"{{"refused": true{no_text}}}"#);
            assert_eq!(
                answered(status, &body).await,
                Delivery::Refused(None),
                "{body}"
            );
        }
        let long = format!(r#"{{"refused": true, "reason": "{}"}}"#, "é".repeat(10_000));
        assert_eq!(answered(status, &long).await, refused(&"é".repeat(500)));
    }
}

#[tokio::test]
async fn what_does_not_say_so_is_no_refusal() {
    let endless = format!(r#"{{"refused": true, "reason": "{}"}}"#, "x".repeat(65_536));
    let deep = format!(r#"{{"refused": true, "reason": {}"#, "[".repeat(60_000));
    for status in [410, 422] {
        for body in [
            "",
            "Unprocessable Entity",
            "true",
            r#"{"refused": false}"#,
            r#"{"refused": "true"}"#,
            r#"{"refused": 1}"#,
            r#"{"refused": null}"#,
            r#"{"refused": false, "refused": true}"#,
            r#"{"Refused": true}"#,
            r#"{"data": {"refused": true}}"#,
            r#"[{"refused": true}]"#,
            r#"{"refused": true"#,
            r#"{"refused": true} and more"#,
            r#"{"detail": [{"loc": ["body", "sku"], "msg": "field required"}]}"#,
            &endless,
            &deep,
        ] {
            assert_eq!(answered(status, body).await, tried(status), "{body:.100}");
        }
    }
    // Only these two statuses refuse.
    for status in [400, 401, 404, 500] {
        let delivery = answered(status, r#"{"refused": true}"#).await;
        assert!(matches!(delivery, Delivery::Unknown { .. }), "{status}");
    }
}

#[tokio::test]
async fn the_studio_may_ask_for_an_hours_rest_at_most() {
    for (status, asked, rest) in [(429, "60", 60), (503, "3601", 3600), (422, "86400", 3600)] {
        let server = Server::start([Reply::json(status, "").header("retry-after", asked)]);
        let Delivery::Unknown { source, .. } = deliver(&server, "e-1").await else {
            panic!("{status} is no outcome");
        };
        assert_eq!(
            source.retry_after,
            Some(Duration::from_secs(rest)),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_status_counts_though_its_text_breaks_off() {
    let server = Server::start([Reply::Truncated]);
    assert_eq!(deliver(&server, "e-1").await, Delivery::Delivered);
}

#[tokio::test]
async fn a_connection_that_died_is_tried_once_more_with_the_same_message() {
    let server = Server::start([Reply::Close, Reply::json(200, "")]);
    assert_eq!(deliver(&server, "e-1").await, Delivery::Delivered);
    assert_eq!(server.requests()[0], server.requests()[1]);
}

#[tokio::test]
async fn nothing_that_is_logged_holds_the_address() {
    let server = Server::start([]);
    let delivery = format!("{:?} {:?}", deliver(&server, "e-1").await, webhook(&server));
    assert!(!delivery.contains("hush"), "{delivery}");
    assert!(!delivery.contains("127.0.0.1"), "{delivery}");
}

#[tokio::test]
async fn a_refusal_that_breaks_off_or_never_ends_is_none() {
    let cases = [
        r#"{"refused": true, "reason": "not fo"#,
        r#"{"refused": true}"#,
    ];
    // At the same time, because each waits until its time is over.
    let cases = cases.map(async |rest| {
        let head = format!("HTTP/1.1 422 X\r\nContent-Length: 100\r\n\r\n{rest}");
        let server = Server::start([Reply::Unfinished(head.into_bytes())]);
        assert_eq!(deliver(&server, "e-1").await, tried(422), "{rest}");
    });
    futures_util::future::join_all(cases).await;
}
