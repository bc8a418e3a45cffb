//! What is sent and read, byte by byte; what each answer leads to is tried in the integration
//! tests.

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
    let order = Order {
        player: &player,
        id: &id,
        sku: Some("hat"),
        content: &serde_json::json!({"b": 1, "a": [null]}),
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
        r#"{"type":"entitlement.deliver","timestamp":"2026-01-31T09:30:00.125Z","data":{"player_id":"p1","entitlement_id":"e-1","sku":"hat","content":{"a":[null],"b":1}}}"#
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

#[tokio::test]
async fn an_answer_is_read_no_further_than_it_is_kept() {
    let endless = "x".repeat(8 * 1024 * 1024);
    for reply in [Reply::json(410, &endless), Reply::chunked(422, &endless)] {
        let server = Server::start([reply]);
        let refused = Delivery::Refused("x".repeat(500));
        assert_eq!(deliver(&server, "e-1").await, refused);
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
async fn a_refusal_counts_though_its_text_never_ends() {
    let head = b"HTTP/1.1 422 X\r\nContent-Length: 100\r\n\r\nnot for";
    let server = Server::start([Reply::Unfinished(head.to_vec())]);
    let refused = Delivery::Refused("not for".to_owned());
    assert_eq!(deliver(&server, "e-1").await, refused);
}
