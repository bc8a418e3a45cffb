//! Unlinking and what is left of a link; linking again, also with other accounts and players.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join, join3};
use it::{World, ids_of, status_of};
use serde_json::json;
use stand_in::Endpoint::{Fulfill, Token};
use stand_in::Fault;

use crate::link::support::{linked_pairs, links, nothing_linked, text};

/// Reports of this fail until the fault is used up.
fn error() -> Fault {
    Fault::ItemResult("ERROR".to_owned())
}

/// A player who has unlinked with one delivered entitlement that Amazon has not heard of.
async fn unlinked_with_a_report_to_make(world: &World) -> String {
    let id = world.pending("p1", "alice", "hat").await;
    world.amazon.fault(Fulfill, error(), 2);
    world.confirm("p1", &[&id]).await;
    world.unlinked("p1").await;
    assert_eq!(world.amazon.fulfilled().len(), 0);
    id
}

#[tokio::test]
async fn what_is_left_of_a_link_makes_its_last_reports_and_goes() {
    let world = World::new().await;
    let id = unlinked_with_a_report_to_make(&world).await;
    assert_eq!(links(&world, "REMNANT#").await.len(), 1);
    assert!(links(&world, "AMAZON#").await.is_empty());
    world.pass(30);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.pass(60);
    world.reconcile().await;
    nothing_but_the_player(&world).await;
    world.pass_until_uncounted();
    world.forget();
    world.reconcile().await;
    assert_eq!(world.database.requests(), ["Query"; 8], "nothing is due");
    world.contract_is_kept();
}

/// No tokens are left anywhere.
async fn nothing_but_the_player(world: &World) {
    assert!(links(world, "REMNANT#").await.is_empty());
    assert!(links(world, "AMAZON#").await.is_empty());
    for item in links(world, "PLAYER#").await.into_values() {
        assert_eq!(text(&item, "status"), "unlinked");
        assert!(!item.contains_key("tokens"));
    }
}

#[tokio::test]
async fn a_link_with_nothing_to_report_leaves_nothing() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&id]).await;
    world.unlinked("p1").await;
    assert!(links(&world, "REMNANT#").await.is_empty());
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.unlinked("p1").await;
    nothing_linked(&world).await;
}

#[tokio::test]
async fn what_is_left_is_kept_while_something_may_still_be_confirmed() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    for _ in 0..20 {
        world.pass(3600);
        world.reconcile().await;
    }
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "reported");
    world.contract_is_kept();
}

#[tokio::test]
async fn after_a_day_it_is_forgotten_and_the_report_waits_for_the_account() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.pass(24 * 3600);
    world.reconcile().await;
    assert!(links(&world, "REMNANT#").await.is_empty());
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "delivered");
    world.pass(24 * 3600);
    assert_eq!(world.reconcile().await["taken"], 0);
    world.linked("p2", "alice").await;
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn unlinking_never_fails_because_amazon_is_down() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    for endpoint in [Fulfill, Token, stand_in::Endpoint::Entitlements] {
        world.amazon.fault(endpoint, Fault::Reset, 100);
    }
    world.confirm("p1", &[&id]).await;
    world.pass(3600);
    world.unlinked("p1").await;
    let link = world.call_as("p1", "GET", "/v1/link").send().await.ok();
    assert_eq!(link["status"], "unlinked");
    assert_eq!(links(&world, "REMNANT#").await.len(), 1);
}

#[tokio::test]
async fn linking_the_account_again_takes_the_reports_over() {
    let world = World::new().await;
    let id = unlinked_with_a_report_to_make(&world).await;
    world.linked("p2", "alice").await;
    assert!(links(&world, "REMNANT#").await.is_empty());
    linked_player(&world, "p2", "alice").await;
    world.pass(60);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(world.amazon.fulfilled()[0].times, 1);
    world.contract_is_kept();
}

/// This pair is linked, and both rows say so.
async fn linked_player(world: &World, player: &str, account: &str) {
    let item = world.player_item(player).await;
    assert_eq!(text(&item, "status"), "linked");
    assert_eq!(
        text(&item, "amazon_user_id"),
        world.amazon.account_id(account)
    );
}

#[tokio::test]
async fn an_account_that_moved_brings_nothing_of_the_first_player_to_the_second() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    let answer = world.check("p2").await;
    assert_eq!(status_of(&answer, &id), "held other_player");
    // The first player still gets it, and it is reported with the account's tokens of now.
    assert_eq!(status_of(&world.check("p1").await, &id), "pending");
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "reported");
    world.contract_is_kept();
}

#[tokio::test]
async fn another_account_does_not_bring_the_same_offer_again() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&id]).await;
    world.unlinked("p1").await;
    world.linked("p1", "bob").await;
    let other = world.amazon.claim("bob", "hat");
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &other), "held duplicate_offer");
}

#[tokio::test]
async fn tokens_of_a_refresh_that_unlinking_overtook_go_to_what_is_left() {
    let world = World::new().await;
    world
        .amazon
        .behave(|behaviour| behaviour.rotate_refresh_tokens = true);
    let id = world.pending("p1", "alice", "hat").await;
    world.pass(3600);
    let slow = Fault::AfterEffect(Box::new(Fault::Stall(Duration::from_millis(1500))));
    world.amazon.fault(Token, slow, 1);
    let unlink = async {
        while world.amazon.calls_to(Token) < 2 {
            tokio::task::yield_now().await;
        }
        world.unlinked("p1").await;
    };
    join(world.check("p1"), unlink).await;
    let remnants = links(&world, "REMNANT#").await;
    let remnant = remnants.values().next().expect("one is left");
    assert_eq!(remnant["token_version"], AttributeValue::N("2".to_owned()));
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "reported");
    world.contract_is_kept();
}

#[tokio::test]
async fn a_refresh_that_linking_again_overtook_changes_nothing() {
    let world = World::new().await;
    world
        .amazon
        .behave(|behaviour| behaviour.rotate_refresh_tokens = true);
    world.linked("p1", "alice").await;
    world.pass(3600);
    let slow = Fault::AfterEffect(Box::new(Fault::Stall(Duration::from_millis(1500))));
    world.amazon.fault(Token, slow, 1);
    let calls = world.amazon.calls_to(Token);
    let relink = async {
        while world.amazon.calls_to(Token) == calls {
            tokio::task::yield_now().await;
        }
        world.linked("p1", "alice").await;
    };
    join(world.check("p1"), relink).await;
    let link = world.stored_link("p1").await;
    assert_eq!(link.token_version, 1, "those of the new link");
    linked_pairs(&world, &[("p1", "alice")]).await;
    assert_eq!(world.check("p1").await["fresh"], true);
    world.contract_is_kept();
}

#[tokio::test]
async fn checks_that_race_unlinking_lose_nothing() {
    for delay in 0..6 {
        let world = World::new().await;
        world.offer("hat").await;
        world.linked("p1", "alice").await;
        let id = world.amazon.claim("alice", "hat");
        let unlink = async {
            for _ in 0..delay * 40 {
                tokio::task::yield_now().await;
            }
            world.unlinked("p1").await;
        };
        join(world.check("p1"), unlink).await;
        let status = world.history("p1").await;
        if status.is_empty() {
            // Never seen by this player: it comes with the next link.
            world.linked("p1", "alice").await;
        }
        assert_eq!(status_of(&world.check("p1").await, &id), "pending");
        let results = world.confirm("p1", &[&id]).await;
        assert_eq!(results[0]["status"], "reported", "{delay}");
    }
}

#[tokio::test]
async fn a_callback_that_races_unlinking_ends_linked_or_not_but_never_half() {
    for delay in 0..6 {
        let world = World::new().await;
        world.linked("p1", "alice").await;
        let mut browser = world.browser();
        let consent = browser.to_amazon("p1", None).await;
        let callback = browser.allow(&consent, "alice");
        let unlink = async {
            for _ in 0..delay * 40 {
                tokio::task::yield_now().await;
            }
            world.unlinked("p1").await;
        };
        let (page, ()) = join(browser.get(&callback), unlink).await;
        assert_eq!(page.status, 200, "{delay}");
        let link = world.call_as("p1", "GET", "/v1/link").send().await.ok();
        if link["status"] == "linked" {
            linked_pairs(&world, &[("p1", "alice")]).await;
        } else {
            nothing_linked(&world).await;
        }
    }
}

#[tokio::test]
async fn two_players_one_account_and_an_unlinking_end_with_one_link_at_most() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let (page, (), answer) = join3(
        world.link("p2", "alice"),
        world.unlinked("p1"),
        world.check("p1"),
    )
    .await;
    assert!(answer["link"] == json!("linked") || answer["link"] == json!("unlinked"));
    if page.status == 200 {
        linked_pairs(&world, &[("p2", "alice")]).await;
    } else {
        page.page(409, "amazon_account_taken");
        nothing_linked(&world).await;
    }
    assert_eq!(ids_of(&world.check("p2").await), [""; 0]);
}

#[tokio::test]
async fn what_an_account_owes_for_another_player_outlives_a_second_unlinking() {
    let world = World::new().await;
    let id = unlinked_with_a_report_to_make(&world).await;
    world.linked("p2", "alice").await;
    world.unlinked("p2").await;
    assert_eq!(links(&world, "REMNANT#").await.len(), 1);
    // Nor is it taken for useless when it is looked after.
    world.amazon.fault(Fulfill, error(), 1);
    world.pass(60);
    world.reconcile().await;
    world.pass(3600);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.known_status("p1", &id).await, "reported");
    world.contract_is_kept();
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_no_player_from_unlinking() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let request = world
        .dynamodb
        .put_item()
        .table_name(&world.app.config.tables.fulfillments)
        .item("pk", AttributeValue::S("PLAYER#p1".to_owned()))
        .item("sk", AttributeValue::S("E#broken".to_owned()))
        .item("open", AttributeValue::S("0#broken".to_owned()));
    request.send().await.expect("written");
    world.unlinked("p1").await;
    assert_eq!(links(&world, "REMNANT#").await.len(), 1);
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "reported");
    // The remnant goes when its time is over, whatever can be read.
    world.pass(24 * 3600);
    world.reconcile().await;
    assert!(links(&world, "REMNANT#").await.is_empty());
}

#[tokio::test]
async fn amazons_rest_outlives_unlinking_and_linking_again() {
    let world = World::new().await;
    world.pending("p1", "alice", "hat").await;
    let busy = Fault::Status {
        status: 429,
        body: String::new(),
        retry_after: Some(1800),
    };
    world
        .amazon
        .fault(stand_in::Endpoint::Entitlements, busy, 1);
    assert_eq!(world.check_later("p1").await["fresh"], false);
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    world.forget();
    assert_eq!(world.check("p2").await["fresh"], false);
    assert_eq!(world.asked(), []);
    world.pass(1800);
    assert_eq!(world.check("p2").await["fresh"], true);
}
