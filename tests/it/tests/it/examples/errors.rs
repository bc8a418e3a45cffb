//! The errors that many operations share.

use it::{DbFault, Outage};
use serde_json::json;

use super::book::Book;
use super::{Deployment, PLAYER};

pub(super) async fn of_the_api(book: &mut Book) {
    let mut deployment = Deployment::at(book, "09:30:00.125").await;
    let expired = deployment.player("GET", "/v1/link");
    deployment.world.pass(2 * 3600);
    book.answered("getLink", &expired.send().await);
    let other = deployment.player("GET", "/v1/link?player_id=player-2");
    book.answered("getLink", &other.send().await);
    let nameless = deployment.server("GET", "/v1/link").send().await;
    book.answered("getLink", &nameless);
    let large = json!({"entitlement_ids": ["x".repeat(70_000)]});
    let large = deployment.player("POST", "/v1/fulfillments").json(&large);
    book.answered("confirmFulfillments", &large.send().await);

    let outage = DbFault::Error(503, "ServiceUnavailable");
    deployment
        .world
        .database
        .begin(Outage::after(0, outage, u32::MAX));
    let down = deployment.player("GET", "/v1/link").send().await;
    assert_eq!(down.status, 503);
    book.answered("getLink", &down);
    let page = deployment.visitor().get("/link").await;
    assert_eq!(page.status, 500);
    book.answered("beginLinkAtPrimeGaming", &page);
    deployment.world.database.end();

    // A row that can't be read.
    let link = &deployment.world.app.config.tables.links;
    let put = deployment.world.dynamodb.put_item().table_name(link);
    let put = put.item("pk", text(&format!("PLAYER#{PLAYER}")));
    put.item("status", text("paused"))
        .send()
        .await
        .expect("written");
    let corrupt = deployment.player("GET", "/v1/link").send().await;
    assert_eq!(corrupt.status, 500);
    book.answered("getLink", &corrupt);

    deployment.world.app.config.players.login_url = None;
    let page = deployment.visitor().get("/link").await;
    book.answered("beginLinkAtPrimeGaming", &page);
    let problem = deployment.world.call("GET", "/link").send().await;
    book.answered("beginLinkAtPrimeGaming", &problem);
}

fn text(text: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned())
}

/// The answers to a browser that sends too much, or that comes where we do not know our own
/// address.
pub(super) async fn of_browsers(book: &mut Book) {
    let mut deployment = Deployment::at(book, "09:30:00.125").await;
    let large = json!({"ticket": "x".repeat(70_000)});
    let page = deployment.visitor().post(&large).await;
    book.answered("confirmLinkStart", &page);
    let call = deployment.world.call("POST", "/link/start");
    let call = call.header("content-type", "application/x-www-form-urlencoded");
    let problem = call.body(super::encoded(&large)).send().await;
    book.answered("confirmLinkStart", &problem);

    deployment.world.app.config.public_base_url = None;
    let route = "GET /link/start";
    let event = json!({
        "version": "2.0", "routeKey": route, "rawPath": "/link/start", "rawQueryString": "",
        "headers": {}, "isBase64Encoded": false,
        "requestContext": {
            "http": {"method": "GET", "path": "/link/start"}, "requestId": "lost-1", "routeKey": route,
        },
    });
    let lost = deployment.world.handle("link", &event).await;
    assert_eq!(lost.status, 500);
    book.answered("openLinkStart", &lost);
}
