//! `player.erase` where something is in its way: rows that can't be read, requests that were under way,
//! and what is stored of others.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use it::{World, player_id, status_of};
use prime_gaming::testing::store::RemnantTimes;
use serde_json::json;
use stand_in::Endpoint::Fulfill;
use stand_in::Fault;

use super::erasure::{PLAYER, Story, erase, nothing_names, nothing_names_the_player, story};
use super::support::{code, done, everything, places};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Changes a row of the table of links past the service.
async fn update(world: &World, pk: &str, expression: &str, values: &[(&str, AttributeValue)]) {
    let mut update = world
        .dynamodb
        .update_item()
        .table_name(&world.app.config.tables.links)
        .key("pk", text(pk))
        .update_expression(expression);
    for (name, value) in values {
        update = update.expression_attribute_values(*name, value.clone());
    }
    update.send().await.expect("written");
}

/// `p2` has the Amazon account of the player, and reports to make for the player.
async fn inherited() -> World {
    let world = World::new().await;
    world.unreported(PLAYER, "alice").await;
    let error = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Fulfill, error, 1000);
    world.unlinked(PLAYER).await;
    world.linked("p2", "alice").await;
    let row = world.player_item("p2").await;
    assert_eq!(row["owes_for"].as_ss().expect("a set"), &[PLAYER]);
    world
}

#[tokio::test]
async fn a_link_that_can_not_be_read_does_not_keep_the_player() {
    let wrong = AttributeValue::N("7".to_owned());
    let row = format!("PLAYER#{PLAYER}");
    for (expression, value) in [
        ("SET token_version = :it", text("seven")),
        ("SET client_id = :it", wrong.clone()),
        ("SET amazon_user_id = :it", wrong.clone()),
        ("SET linked_at = :it", text("yesterday")),
    ] {
        let world = World::new().await;
        let id = world.unreported(PLAYER, "alice").await;
        update(&world, &row, expression, &[(":it", value)]).await;
        let answer = done(&world, "player.erase", erase()).await;
        assert_eq!(answer["not_reported"], json!([id]), "{expression}");
        nothing_names_the_player(&world).await;
        // Nothing is in the way of the next player of the account.
        world.linked("p2", "alice").await;
        world.linked(PLAYER, "bob").await;
    }
}

#[tokio::test]
async fn a_player_who_is_unlinked_in_a_row_with_a_link_is_erased() {
    let world = World::new().await;
    world.pending(PLAYER, "alice", "hat").await;
    let row = format!("PLAYER#{PLAYER}");
    let change = world.dynamodb.update_item();
    let change = change
        .table_name(&world.app.config.tables.links)
        .key("pk", text(&row))
        .update_expression("SET #status = :word")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":word", text("unlinked"));
    change.send().await.expect("written");
    done(&world, "player.erase", erase()).await;
    nothing_names_the_player(&world).await;
    world.linked("p2", "alice").await;
}

#[tokio::test]
async fn an_audit_record_without_anything_that_stays_is_erased() {
    let world = World::new().await;
    world.pending(PLAYER, "alice", "hat").await;
    let put = world.dynamodb.put_item();
    let put = put
        .table_name(&world.app.config.tables.fulfillments)
        .item("pk", text(&format!("PLAYER#{PLAYER}")))
        .item("sk", text("A#000000000000001#odd"))
        .item("from_another_tool", text(PLAYER));
    put.send().await.expect("written");
    done(&world, "player.erase", erase()).await;
    nothing_names_the_player(&world).await;
}

/// DynamoDB may leave an expired row for days, and sweeps in no order.
#[tokio::test]
async fn the_lists_of_linking_are_swept_after_what_they_list() {
    let Story { world, .. } = story().await;
    world.pass(3 * 24 * 3600);
    let now = world.clock.now().as_millis() / 1000;
    let table = &world.app.config.tables.links;
    for (key, row) in everything(&world).await {
        let is_list = key.contains(" OPEN#") || key.contains(" DEVICES#");
        if is_list
            && row["ttl"]
                .as_n()
                .expect("a number")
                .parse::<i64>()
                .expect("seconds")
                <= now
        {
            let delete = world.dynamodb.delete_item().table_name(table);
            let delete = delete.key("pk", row["pk"].clone());
            delete.send().await.expect("deleted");
        }
    }
    done(&world, "player.erase", erase()).await;
    nothing_names_the_player(&world).await;
}

#[tokio::test]
async fn another_player_whose_link_can_not_be_read_keeps_no_name() {
    let world = inherited().await;
    let wrong = [(":it", text("seven"))];
    update(&world, "PLAYER#p2", "SET token_version = :it", &wrong).await;
    done(&world, "player.erase", erase()).await;
    nothing_names(&world, &[PLAYER]).await;
}

#[tokio::test]
async fn a_list_that_is_longer_than_what_is_kept_loses_the_name_too() {
    let world = inherited().await;
    let both = AttributeValue::Ss(vec![PLAYER.to_owned(), "p9".to_owned()]);
    let values = [(":all", both), (":yes", AttributeValue::Bool(true))];
    let expression = "SET owes_for = :all, owes_more = :yes";
    update(&world, "PLAYER#p2", expression, &values).await;
    done(&world, "player.erase", erase()).await;
    nothing_names(&world, &[PLAYER]).await;
    let row = world.player_item("p2").await;
    assert_eq!(row["owes_for"].as_ss().expect("a set"), &["p9"]);
    assert_eq!(row["owes"], AttributeValue::Bool(true));
}

/// `p2` unlinks, planned before the erasure and carried out at `pass` of its single writes, or after it.
async fn unlinked_meanwhile(pass: Option<u32>) -> (World, u32) {
    let world = inherited().await;
    let (links, store) = (&world.app.links, &world.app.fulfillments);
    let row = links.get(&player_id("p2")).await.expect("a good row");
    let link = row.link.clone().expect("a link");
    let now = world.clock.now();
    let times = RemnantTimes {
        due_at: now,
        expires_at: now + Duration::from_secs(3600),
    };
    let unlink = || links.unlink(store, &row, &link, Some(times));
    world.forget();
    let erasure = done(&world, "player.erase", erase());
    match pass {
        Some(pass) => {
            let meanwhile = async {
                assert!(unlink().await.expect("an answer").is_done());
            };
            world
                .database
                .between("UpdateItem", pass, erasure, meanwhile)
                .await;
        }
        None => {
            erasure.await;
        }
    }
    let requests = world.database.requests();
    let single = requests.iter().filter(|it| *it == "UpdateItem").count();
    if pass.is_none() {
        // The row is no longer as it was read.
        assert!(!unlink().await.expect("an answer").is_done());
    }
    nothing_names(&world, &[PLAYER]).await;
    (world, u32::try_from(single).expect("few"))
}

#[tokio::test]
async fn an_unlinking_under_way_does_not_keep_the_name() {
    let (_, writes) = unlinked_meanwhile(None).await;
    // The last single write takes the player off the list.
    let (world, _) = unlinked_meanwhile(Some(writes - 1)).await;
    let row = world.player_item("p2").await;
    assert!(!row.contains_key("amazon_user_id"), "{row:?}");
}

/// A link of the account that has read what it takes over before the erasure.
async fn linked_meanwhile(world: &World, player: &str) {
    let mut browser = world.browser();
    let consent = browser.to_amazon(player, None).await;
    let callback = browser.allow(&consent, "alice");
    let erasure = async { drop(done(world, "player.erase", erase()).await) };
    // The first transaction consumes the attempt, and the second one links.
    let linking = browser.get(&callback);
    let page = world
        .database
        .between("TransactWriteItems", 1, linking, erasure)
        .await;
    page.page(200, player);
    nothing_names(world, &[PLAYER]).await;
}

#[tokio::test]
async fn a_link_under_way_does_not_bring_back_a_name_of_the_remnant() {
    let world = inherited().await;
    world.unlinked("p2").await;
    linked_meanwhile(&world, "p3").await;
}

#[tokio::test]
async fn a_link_under_way_does_not_bring_back_a_name_of_what_is_parked() {
    let world = World::new().await;
    world.unreported(PLAYER, "alice").await;
    world.amazon.revoke("alice");
    done(&world, "player.unlink", erase()).await;
    let account = world.amazon.account_id("alice");
    let another = AttributeValue::Ss(vec!["p9 e9".to_owned()]);
    let park = world.dynamodb.update_item();
    let park = park
        .table_name(&world.app.config.tables.fulfillments)
        .key("pk", text(&format!("ACCOUNT#{account}")))
        .key("sk", text("PARKED"))
        .update_expression("ADD records :another")
        .expression_attribute_values(":another", another);
    park.send().await.expect("written");
    linked_meanwhile(&world, "p3").await;
    let row = world.player_item("p3").await;
    assert_eq!(row["owes_for"].as_ss().expect("a set"), &["p9"]);
}

#[tokio::test]
async fn the_reason_does_not_keep_the_id_of_an_account_that_is_unlinked() {
    let world = World::new().await;
    world.linked(PLAYER, "alice").await;
    world.unlinked(PLAYER).await;
    let mut event = erase();
    let account = world.amazon.account_id("alice");
    event["reason"] = json!(format!("the owner of {account} asked"));
    done(&world, "player.erase", event).await;
    nothing_names_the_player(&world).await;
    let rows = everything(&world).await;
    let kept = |row: &std::collections::BTreeMap<String, AttributeValue>| {
        row.get("reason") == Some(&text("the owner of erased asked"))
    };
    assert_eq!(rows.values().filter(|row| kept(row)).count(), 1);
}

#[tokio::test]
async fn a_player_who_has_used_up_very_many_offers_can_link_again() {
    let world = World::new().await;
    world.linked(PLAYER, "alice").await;
    let used_up = |number: u32| format!("sku-{number}");
    for number in 0..170 {
        let put = world.dynamodb.put_item();
        let one = AttributeValue::Ss(vec![format!("had-{number}")]);
        let put = put
            .table_name(&world.app.config.tables.fulfillments)
            .item("pk", text(&format!("PLAYER#{PLAYER}")))
            .item("sk", text(&format!("G#{}", used_up(number))))
            .item("entitlements", one);
        put.send().await.expect("written");
    }
    done(&world, "player.erase", erase()).await;
    nothing_names_the_player(&world).await;
    world.linked(PLAYER, "alice").await;
    for number in 0..170 {
        let places = places(&world, PLAYER, &used_up(number)).await;
        assert_eq!(places, [format!("had-{number}")]);
    }
}

/// A player with an entitlement that is held because the offer is used up.
async fn with_a_duplicate(world: &World, player: &str, account: &str) -> String {
    world.pending(player, account, "hat").await;
    let id = world.amazon.claim(account, "hat");
    let answer = world.check_later(player).await;
    assert_eq!(status_of(&answer, &id), "held duplicate_offer");
    id
}

#[tokio::test]
async fn a_command_about_many_is_not_carried_out_again_after_one_of_them_was_erased() {
    let world = World::new().await;
    with_a_duplicate(&world, PLAYER, "alice").await;
    with_a_duplicate(&world, "p2", "bob").await;
    // What can't be released is named in the answer.
    world.offer("cap").await;
    for _ in 0..2 {
        world.amazon.claim("alice", "cap");
    }
    world.check_later(PLAYER).await;
    done(&world, "offers.delete", json!({"sku": "cap"})).await;
    let release = json!({"held": "duplicate_offer", "request_id": "incident 17"});
    let answer = done(&world, "attention.release", release.clone()).await;
    assert_eq!(answer["released"], 2, "{answer}");
    assert_eq!(answer["skipped"][0]["player_id"], PLAYER);
    done(&world, "player.erase", erase()).await;
    nothing_names_the_player(&world).await;

    world.amazon.claim("bob", "hat");
    world.check_later("p2").await;
    let before = everything(&world).await;
    let again = done(&world, "attention.release", release).await;
    assert_eq!(again["released"], 2, "{again}");
    assert_eq!(again["skipped"][0]["player_id"], "erased");
    assert_eq!(everything(&world).await, before);
    let other = json!({"held": "operator", "request_id": "incident 17"});
    let refused = code(&world, "attention.release", other).await;
    assert_eq!(refused, "request_id_reused");
}

#[tokio::test]
async fn a_command_about_the_player_alone_leaves_no_answer() {
    let world = World::new().await;
    let id = with_a_duplicate(&world, PLAYER, "alice").await;
    let release = json!({"player_id": PLAYER, "entitlement_id": id, "request_id": "ticket 7"});
    done(&world, "entitlement.release", release).await;
    done(&world, "player.erase", erase()).await;
    let rows = everything(&world).await;
    assert!(!rows.keys().any(|key| key.contains("REQUEST#")), "{rows:?}");
}
