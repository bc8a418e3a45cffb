//! Steps of the tests of the fulfillments table.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use it::{World, entitlement_id, player_id};
use prime_gaming::domain::{Content, HoldReason, Offer, PerPlayer, Sku, Timestamp};
use prime_gaming::testing::seal::Sealed;
use prime_gaming::testing::store::{
    Admission, Claim, Confirmation, DeadTokens, Lease, Link, Record,
};

pub(crate) fn offer(per_player: Option<u32>) -> Offer {
    Offer {
        sku: Sku::new("hat").expect("a sku"),
        title: "Hat".to_owned(),
        content: Content::stored(r#"{"item": "hat"}"#).expect("JSON"),
        per_player: PerPlayer(per_player),
        paused: false,
    }
}

pub(crate) async fn linked_world() -> (World, Link) {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let link = world.stored_link("p1").await;
    (world, link)
}

/// Admits this entitlement of the link, never seen before.
pub(crate) async fn admit(world: &World, link: &Link, id: &str, offer: &Offer) -> Admission {
    admit_known(world, link, id, offer, None).await
}

pub(crate) async fn admit_known(
    world: &World,
    link: &Link,
    id: &str,
    offer: &Offer,
    known: Option<&Record>,
) -> Admission {
    let id = entitlement_id(id);
    let claim = Claim {
        link,
        id: &id,
        sku: Some("hat"),
        known,
        is_handed_out: true,
        now: world.clock.now(),
    };
    let admission = world
        .app
        .fulfillments
        .admit(&world.app.links, &claim, offer, None);
    admission.await.expect("an answer")
}

pub(crate) async fn hold(
    world: &World,
    link: &Link,
    id: &str,
    known: Option<&Record>,
    reason: HoldReason,
) -> Admission {
    let id = entitlement_id(id);
    let claim = Claim {
        link,
        id: &id,
        sku: Some("hat"),
        known,
        is_handed_out: true,
        now: world.clock.now(),
    };
    let admission = world
        .app
        .fulfillments
        .hold(&world.app.links, &claim, reason);
    admission.await.expect("an answer")
}

pub(crate) fn written(admission: Admission) -> Record {
    match admission {
        Admission::Written(record) => *record,
        other => panic!("not written: {other:?}"),
    }
}

pub(crate) async fn record(world: &World, id: &str) -> Record {
    let (player, id) = (player_id("p1"), entitlement_id(id));
    let record = world.app.fulfillments.get(&player, &id).await;
    record.expect("an answer").expect("a record")
}

/// A lease of 30 seconds.
pub(crate) fn lease(owner: &str, now: Timestamp) -> Lease<'_> {
    Lease {
        owner,
        until: now + Duration::from_secs(30),
    }
}

/// Confirms `e1` for `owner` for 30 seconds.
pub(crate) async fn confirm(world: &World, id: &str, owner: &str) -> Confirmation {
    let (player, id) = (player_id("p1"), entitlement_id(id));
    let now = world.clock.now();
    let fulfillments = &world.app.fulfillments;
    let confirmed = fulfillments.confirm(&player, &id, lease(owner, now), now);
    confirmed.await.expect("an answer")
}

/// How many items each index shows of the player.
pub(crate) async fn indexed(world: &World, index: &str) -> usize {
    let query = world
        .dynamodb
        .query()
        .table_name(&world.app.config.tables.fulfillments)
        .index_name(index)
        .consistent_read(true)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S("PLAYER#p1".to_owned()));
    query.send().await.expect("an answer").items().len()
}

/// Amazon says `invalid_grant` to this link's tokens: gives whether they were still the stored
/// ones. The second look is due an hour later.
pub(crate) async fn mark_dead(world: &World, link: &Link) -> bool {
    let now = world.clock.now();
    let dead = DeadTokens {
        sealed: link.tokens.clone().expect("tokens"),
        next_look_at: now + Duration::from_secs(3600),
        until: now + Duration::from_secs(7 * 24 * 3600),
    };
    let (links, fulfillments) = (&world.app.links, &world.app.fulfillments);
    let marked = links.mark_dead(fulfillments, link, &dead).await;
    marked.expect("an answer").is_done()
}

/// Stores what an exchange of this link's tokens gave: gives whether they are stored.
pub(crate) async fn store_tokens(
    world: &World,
    link: &Link,
    tokens: &Sealed,
    expires_at: Timestamp,
) -> bool {
    let (links, fulfillments) = (&world.app.links, &world.app.fulfillments);
    let now = world.clock.now();
    let stored = links.store_tokens(fulfillments, link, tokens, expires_at, now);
    stored.await.expect("an answer").is_done()
}
