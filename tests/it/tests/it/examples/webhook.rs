//! What the studio's backend is sent, and what it may answer.

use http::StatusCode;
use it::{Reply, Studio};

use super::api::{claim, put_offer};
use super::book::Book;
use super::{Deployment, PLAYER};

pub(super) async fn deliver(book: &mut Book) {
    const ID: &str = "deliver";
    const ENTITLEMENT: &str = "c8b418ce-c616-4b97-99f2-a98c744557ae";
    let (studio, url) = Studio::start().await;
    let webhook = [("DELIVERY", "webhook"), ("DELIVERY_WEBHOOK_URL", &url)];
    let deployment = Deployment::with(book, "09:28:10.482", &webhook).await;
    put_offer(&deployment).await;
    deployment.link(PLAYER, "robin").await;
    deployment.time("09:30:00.125");
    claim(&deployment, ENTITLEMENT, "starter-pack");
    let refusal = book.reply(ID, "422");
    let reply = Reply::Refuse(
        StatusCode::UNPROCESSABLE_ENTITY,
        Vec::new(),
        refusal.clone(),
    );
    studio.script([reply]);
    let call = deployment.player("POST", "/v1/entitlements/check");
    let check = call.send().await.ok();
    assert_eq!(check["entitlements"][0]["reason"], "delivery_refused");
    let calls = studio.calls();
    book.body_like(ID, &calls[0].body);
    let record = deployment.world.record_item(PLAYER, ENTITLEMENT).await;
    let kept = record["delivery_answer"].as_s().expect("a reason");
    assert!(refusal.contains(kept), "{kept}");
}
