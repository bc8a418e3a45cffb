//! `player.erase_again`: after a restore from a backup; and linking at the same time as an erasure.

use aws_sdk_dynamodb::types::AttributeValue;
use it::{World, status_of};
use prime_gaming::domain::{AmazonUserId, Timestamp};
use prime_gaming::testing::secrets::ErasureKey;
use prime_gaming::testing::store::{Changes, Consumed, LinkOrigin, LinkOutcome, NewLink};
use serde_json::{Value, json};
use stand_in::Endpoint::Fulfill;

use super::erasure::{PLAYER, Story, erase, nothing_names, nothing_names_the_player, story};
use super::support::{code, done, everything};

type Item = std::collections::HashMap<String, AttributeValue>;

/// The rows of the tables that a backup has.
async fn backup(world: &World) -> Vec<(String, Item)> {
    let tables = &world.app.config.tables;
    let mut rows = Vec::new();
    for table in [&tables.links, &tables.fulfillments] {
        let scan = world.dynamodb.scan().table_name(table);
        let items = scan.consistent_read(true).send().await.expect("rows").items;
        rows.extend(
            items
                .unwrap_or_default()
                .into_iter()
                .map(|it| (table.clone(), it)),
        );
    }
    rows
}

/// The tables as they were.
async fn restore(world: &World, rows: Vec<(String, Item)>) {
    for (table, item) in backup(world).await {
        let key = item
            .into_iter()
            .filter(|(name, _)| name == "pk" || name == "sk");
        let delete = world.dynamodb.delete_item().table_name(table);
        let delete = delete.set_key(Some(key.collect())).send().await;
        delete.expect("deleted");
    }
    for (table, item) in rows {
        let put = world.dynamodb.put_item().table_name(table);
        put.set_item(Some(item)).send().await.expect("written");
    }
}

async fn again(world: &World) -> Value {
    let answer = done(world, "player.erase_again", json!({})).await;
    assert_eq!(answer["cursor"], Value::Null, "{answer}");
    answer["erased"].clone()
}

#[tokio::test]
async fn a_restored_player_is_erased_again_and_nothing_is_reported_again() {
    let Story { world, .. } = story().await;
    world.linked("p2", "bob").await;
    let rows = backup(&world).await;
    let first = done(&world, "player.erase", erase()).await;
    world.pass(60);
    restore(&world, rows).await;
    let before = everything(&world).await;
    let dry = json!({"dry_run": true});
    assert_eq!(done(&world, "player.erase_again", dry).await["erased"], 1);
    assert_eq!(everything(&world).await, before);
    let reports = world.amazon.calls_to(Fulfill);
    assert_eq!(again(&world).await, 1);
    assert_eq!(world.amazon.calls_to(Fulfill), reports);
    nothing_names_the_player(&world).await;
    // The receipt and what it lists stay; other players stay.
    assert_eq!(done(&world, "player.erase", erase()).await, first);
    assert_eq!(again(&world).await, 0);
    world.check("p2").await;
    // The offer stays used up.
    world.linked(PLAYER, "alice").await;
    let id = world.amazon.claim("alice", "hat");
    let answer = world.check(PLAYER).await;
    assert_eq!(status_of(&answer, &id), "held duplicate_offer");
}

#[tokio::test]
async fn a_player_who_has_come_back_is_not_erased_again() {
    let Story { world, .. } = story().await;
    done(&world, "player.erase", erase()).await;
    world.pass(60);
    world.linked(PLAYER, "alice").await;
    world.check(PLAYER).await;
    let rows = backup(&world).await;
    restore(&world, rows).await;
    assert_eq!(again(&world).await, 0);
    assert_eq!(world.stored_link(PLAYER).await.player.as_str(), PLAYER);
}

/// `player.erase_again` does not erase what the player has written since the erasure.
#[tokio::test]
async fn a_player_who_has_linked_again_before_the_command_is_left_and_named() {
    let Story { world, .. } = story().await;
    let rows = backup(&world).await;
    done(&world, "player.erase", erase()).await;
    world.pass(60);
    restore(&world, rows).await;
    world.linked(PLAYER, "alice").await;
    let before = everything(&world).await;
    let answer = done(&world, "player.erase_again", json!({})).await;
    assert_eq!(answer["erased"], 0, "{answer}");
    assert_eq!(answer["failed"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["failed"][0]["player_id"], PLAYER);
    let detail = answer["failed"][0]["detail"].as_str().expect("a text");
    assert!(detail.contains("linked again"), "{detail}");
    assert_eq!(everything(&world).await, before);
    // An operator erases what is old and what is new, and the player can link again.
    done(&world, "player.erase", erase()).await;
    nothing_names_the_player(&world).await;
    world.pass(1);
    world.linked(PLAYER, "alice").await;
    assert_eq!(again(&world).await, 0);
}

/// A run of `reconcile` after the restore writes old rows anew.
#[tokio::test]
async fn a_report_of_what_was_restored_does_not_keep_it() {
    let Story { world, .. } = story().await;
    let rows = backup(&world).await;
    done(&world, "player.erase", erase()).await;
    world.pass(3600);
    restore(&world, rows).await;
    world.amazon.clear_faults();
    world.reconcile().await;
    assert_eq!(again(&world).await, 1);
    nothing_names_the_player(&world).await;
}

#[tokio::test]
async fn a_restored_link_that_can_not_be_read_is_erased_again() {
    let Story { world, .. } = story().await;
    let rows = backup(&world).await;
    done(&world, "player.erase", erase()).await;
    restore(&world, rows).await;
    let update = world.dynamodb.update_item();
    let update = update
        .table_name(&world.app.config.tables.links)
        .key("pk", AttributeValue::S(format!("PLAYER#{PLAYER}")))
        .update_expression("SET token_version = :wrong")
        .expression_attribute_values(":wrong", AttributeValue::S("seven".to_owned()));
    update.send().await.expect("written");
    assert_eq!(again(&world).await, 1);
    nothing_names_the_player(&world).await;
}

/// A crash before the end has left nothing of the player but the row that says so.
#[tokio::test]
async fn an_erasure_that_has_only_not_ended_is_found_and_ended() {
    let Story { world, .. } = story().await;
    let rows = backup(&world).await;
    done(&world, "player.erase", erase()).await;
    restore(&world, rows).await;
    world.forget();
    let transactions = |world: &World| {
        let requests = world.database.requests();
        requests
            .iter()
            .filter(|it| *it == "TransactWriteItems")
            .count()
    };
    let backup_again = backup(&world).await;
    assert_eq!(again(&world).await, 1);
    let count = u32::try_from(transactions(&world)).expect("few");
    restore(&world, backup_again).await;
    // The last transaction ends the erasure.
    world.database.refuse("TransactWriteItems", count - 1, 1);
    let refused = code(&world, "player.erase_again", json!({})).await;
    assert_eq!(refused, "unavailable");
    assert_eq!(again(&world).await, 1);
    nothing_names_the_player(&world).await;
    // The player can link again.
    world.linked(PLAYER, "alice").await;
}

#[tokio::test]
async fn pages_have_sealed_cursors_and_a_request_id_gives_the_same_answer() {
    let Story { world, .. } = story().await;
    let rows = backup(&world).await;
    done(&world, "player.erase", erase()).await;
    restore(&world, rows).await;
    let event = json!({"request_id": "again"});
    let answer = done(&world, "player.erase_again", event.clone()).await;
    assert_eq!(answer["erased"], 1);
    assert_eq!(done(&world, "player.erase_again", event).await, answer);
    for cursor in ["x", "test-1.AAAA"] {
        let fields = json!({"cursor": cursor});
        let refused = code(&world, "player.erase_again", fields).await;
        assert_eq!(refused, "invalid_cursor");
    }
}

/// An attempt that the erasure does not find, as of an older version: its link is refused because the
/// erasure has begun since the marker was read.
#[tokio::test]
async fn a_link_that_does_not_know_of_the_erasure_is_refused() {
    let world = World::new().await;
    world.pending(PLAYER, "alice", "hat").await;
    world.unlinked(PLAYER).await;
    let mut browser = world.browser();
    let consent = browser.to_amazon(PLAYER, None).await;
    let consent = url::Url::parse(&consent).expect("an address");
    let state = consent.query_pairs().find(|(name, _)| name == "state");
    let state = state.expect("a state").1.into_owned();
    let now = world.clock.now();
    let attempt = world.app.links.attempt(&state, now).await;
    let attempt = attempt.expect("a good row").expect("an attempt");
    let consumed = world
        .app
        .links
        .consume_attempt(&attempt, "me", now, Timestamp::from_millis(0))
        .await;
    assert_eq!(consumed.expect("written"), Consumed::Ours);
    let forget = world.dynamodb.update_item();
    let forget = forget
        .table_name(&world.app.config.tables.links)
        .key("pk", AttributeValue::S(format!("OPEN#{PLAYER}")))
        .update_expression("REMOVE tickets");
    forget.send().await.expect("written");

    let secrets = world.app.secrets.current();
    let key: &ErasureKey = secrets.erasure_key.as_ref().expect("a key");
    let id = key.player(&it::player_id(PLAYER));
    let erasures = &world.app.erasures;
    let unknown = erasures.still_changes(&id, None);
    done(&world, "player.erase", erase()).await;
    // A new session, so that nothing but the erasure is in the way of the old attempt.
    let session = world.call_as(PLAYER, "POST", "/v1/link/sessions");
    assert_eq!(session.send().await.status, 201);
    let account = AmazonUserId::new(world.amazon.account_id("alice")).expect("an id");
    let sealed = secrets.token_keys.seal(b"{}", &["tokens", PLAYER]);
    let link = async |erasure: &Changes| {
        let new = NewLink {
            player: &attempt.player,
            amazon_user_id: &account,
            client_id: it::CLIENT_ID,
            tokens: &sealed,
            access_expires_at: now,
            first_check_at: None,
            replaces: None,
            erasure,
        };
        let origin = LinkOrigin::Attempt {
            attempt: &attempt,
            owner: "me",
        };
        let links = &world.app.links;
        let linked = links.link(&world.app.fulfillments, origin, &new, now).await;
        linked.expect("written")
    };
    assert_eq!(link(&unknown).await, LinkOutcome::Erased);
    nothing_names(&world, &["PLAYER#"]).await;
    let marker = erasures.get(&id).await.expect("a good row");
    let known = erasures.still_changes(&id, marker.as_ref());
    assert_eq!(link(&known).await, LinkOutcome::Linked);
}

/// Whatever a link and an erasure at once come to, the offer can't be had twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_and_an_erasure_at_once_do_not_free_an_offer() {
    for _ in 0..8 {
        let world = World::new().await;
        world.pending(PLAYER, "alice", "hat").await;
        world.unlinked(PLAYER).await;
        let mut browser = world.browser();
        let consent = browser.to_amazon(PLAYER, None).await;
        let callback = browser.allow(&consent, "alice");
        let erase = done(&world, "player.erase", erase());
        futures_util::future::join(browser.get(&callback), erase).await;
        if world.player_item(PLAYER).await.is_empty() {
            nothing_names(&world, &[PLAYER]).await;
            world.linked(PLAYER, "alice").await;
        }
        let id = world.amazon.claim("alice", "hat");
        let answer = world.check_later(PLAYER).await;
        assert_eq!(status_of(&answer, &id), "held duplicate_offer", "{answer}");
    }
}
