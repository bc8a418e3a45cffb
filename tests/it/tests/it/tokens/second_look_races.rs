//! The second look beside everything else: it never clobbers what came meanwhile, and nothing that
//! fails on the way costs the link.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join, join3};
use it::{World, player_id};
use stand_in::Endpoint::Token;
use stand_in::Fault;

use crate::link::support::text;
use crate::store::kit::{lease, mark_dead};
use crate::tokens::second_look::{HOUR, dies, no_dead_tokens, status};

async fn dead_world() -> World {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    dies(&world, "p1").await;
    world
}

/// Returns as soon as Amazon is asked for tokens.
async fn is_looking(world: &World) {
    while world.amazon.calls_to(Token) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_late_look_clobbers_no_new_link() {
    for is_good in [true, false] {
        let world = dead_world().await;
        if !is_good {
            world.amazon.revoke("alice");
        }
        world.pass(HOUR);
        let stall = Fault::Stall(Duration::from_millis(800));
        world.amazon.fault(Token, stall, 1);
        let links_again = async {
            is_looking(&world).await;
            world.linked("p1", "alice").await;
            world.player_item("p1").await
        };
        let (_, linked) = join(world.reconcile(), links_again).await;
        assert_eq!(text(&linked, "status"), "linked");
        assert_eq!(world.player_item("p1").await, linked, "{is_good}");
        world.pass(HOUR);
        world.reconcile().await;
        assert_eq!(world.check("p1").await["fresh"], true);
        no_dead_tokens(&world).await;
    }
}

#[tokio::test]
async fn a_late_look_brings_no_link_back_that_the_player_ended() {
    let world = dead_world().await;
    world.pass(HOUR);
    let stall = Fault::Stall(Duration::from_millis(800));
    world.amazon.fault(Token, stall, 1);
    let unlinks = async {
        is_looking(&world).await;
        world.unlinked("p1").await;
    };
    join(world.reconcile(), unlinks).await;
    assert!(world.player_item("p1").await.is_empty());
    assert_eq!(status(&world, "p1").await, "unlinked");
}

#[tokio::test]
async fn only_one_looks() {
    let world = dead_world().await;
    world.amazon.rotate_refresh_tokens(true);
    world.pass(HOUR);
    let stall = Fault::Stall(Duration::from_millis(300));
    world.amazon.fault(Token, stall, 1);
    join3(world.reconcile(), world.check("p1"), world.reconcile()).await;
    assert_eq!(world.amazon.calls_to(Token), 1);
    assert_eq!(status(&world, "p1").await, "linked");
    world.contract_is_kept();
}

/// Another process was told `invalid_grant`, because the confirmation's refresh had won.
#[tokio::test]
async fn tokens_that_a_confirmation_got_revive_a_link_that_was_marked_dead_meanwhile() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "sku").await;
    world.pass(HOUR);
    world.forget();
    let link = world.stored_link("p1").await;
    let stall = Fault::Stall(Duration::from_millis(800));
    world.amazon.fault(Token, stall, 1);
    let dies = async {
        is_looking(&world).await;
        assert!(mark_dead(&world, &link).await);
    };
    let (results, ()) = join(world.confirm("p1", &[&id]), dies).await;
    assert_eq!(results[0]["status"], "reported", "{results}");
    assert_eq!(status(&world, "p1").await, "linked");
    // The look that had been planned finds nothing to do.
    world.pass(HOUR);
    world.reconcile().await;
    no_dead_tokens(&world).await;
    world.contract_is_kept();
}

#[tokio::test]
async fn a_look_without_an_answer_is_repeated_within_minutes() {
    for fault in [Fault::Reset, Fault::AfterEffect(Box::new(Fault::Reset))] {
        let world = dead_world().await;
        world.pass(HOUR);
        world.amazon.fault(Token, fault, 3);
        world.reconcile().await;
        assert_eq!(status(&world, "p1").await, "relink_required");
        assert!(world.player_item("p1").await.contains_key("dead_tokens"));
        for _ in 0..5 {
            world.pass(120);
            world.reconcile().await;
        }
        assert_eq!(status(&world, "p1").await, "linked");
        no_dead_tokens(&world).await;
        world.contract_is_kept();
    }
}

#[tokio::test]
async fn amazons_retry_after_binds_a_look() {
    let world = dead_world().await;
    world.pass(HOUR);
    let fault = Fault::Status {
        status: 429,
        body: String::new(),
        retry_after: Some(600),
    };
    world.amazon.fault(Token, fault, 1);
    world.reconcile().await;
    for _ in 0..9 {
        world.pass(60);
        world.check("p1").await;
        world.reconcile().await;
    }
    assert_eq!(world.amazon.calls_to(Token), 1);
    world.pass(600);
    world.reconcile().await;
    assert_eq!(status(&world, "p1").await, "linked");
}

#[tokio::test]
async fn what_the_database_refuses_costs_no_tokens() {
    // Marking the link as dead is refused.
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.pass(HOUR);
    world.database.refuse("TransactWriteItems", 0, 1);
    world
        .amazon
        .fault(Token, crate::tokens::second_look::invalid_grant(), 1);
    let answer = world
        .call_as("p1", "POST", "/v1/entitlements/check")
        .send()
        .await;
    assert!([200, 503].contains(&answer.status.as_u16()), "{answer:?}");
    assert!(world.player_item("p1").await.contains_key("tokens"));
    world.pass(60);
    assert_eq!(world.check("p1").await["fresh"], true);

    // Storing what the look gave is refused, and succeeds when it is tried once more.
    let world = dead_world().await;
    world.amazon.rotate_refresh_tokens(true);
    world.pass(HOUR);
    world.database.refuse("TransactWriteItems", 0, 2);
    world.reconcile().await;
    assert_eq!(status(&world, "p1").await, "linked");
    world.pass(HOUR);
    assert_eq!(world.check("p1").await["fresh"], true);
    world.contract_is_kept();
}

#[tokio::test]
async fn a_lost_answer_of_the_database_changes_nothing() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    world.pass(HOUR);
    world.database.lose_answer("TransactWriteItems", 0);
    world
        .amazon
        .fault(Token, crate::tokens::second_look::invalid_grant(), 1);
    assert_eq!(world.check("p1").await["link"], "relink_required");
    world.amazon.rotate_refresh_tokens(true);
    world.pass(HOUR);
    world.database.lose_answer("TransactWriteItems", 0);
    world.reconcile().await;
    assert_eq!(status(&world, "p1").await, "linked");
    world.pass(HOUR);
    assert_eq!(world.check("p1").await["fresh"], true);
    world.contract_is_kept();
}

#[tokio::test]
async fn a_late_winner_that_revives_the_link_wakes_what_was_parked() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let link = world.stored_link("p1").await;
    assert!(mark_dead(&world, &link).await);
    assert_eq!(world.confirm("p1", &[&id]).await[0]["status"], "delivered");
    // The winner's own tokens, which are good.
    let tokens = link.tokens.clone().expect("tokens");
    assert!(crate::store::kit::store_tokens(&world, &link, &tokens, link.access_expires_at).await);
    world.reconcile().await;
    world.reconcile().await;
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn the_lease_on_a_look_is_given_once_and_only_when_it_is_due() {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let link = world.stored_link("p1").await;
    assert!(mark_dead(&world, &link).await);
    let dead = world.stored_link("p1").await;
    let (links, now) = (&world.app.links, world.clock.now());
    let take = |link, owner, now| {
        let until = lease(owner, now).until;
        links.acquire_refresh(link, owner, now, until)
    };
    let hour = Duration::from_secs(HOUR);
    assert!(!take(&dead, "me", now).await.expect("too early").is_ours());
    assert!(
        !take(&dead, "me", now + 169 * hour)
            .await
            .expect("too late")
            .is_ours()
    );
    let due = now + hour;
    assert!(
        !take(&link, "me", due)
            .await
            .expect("not these tokens")
            .is_ours()
    );
    assert!(take(&dead, "me", due).await.expect("written").is_ours());
    assert!(take(&dead, "me", due).await.expect("still ours").is_ours());
    assert!(!take(&dead, "you", due).await.expect("another's").is_ours());
    let next = due + 24 * hour;
    assert!(
        !links
            .still_dead(&dead, "you", next)
            .await
            .expect("refused")
            .is_done()
    );
    assert!(
        links
            .still_dead(&dead, "me", next)
            .await
            .expect("written")
            .is_done()
    );
    let later = due + Duration::from_secs(60);
    assert!(!take(&dead, "you", later).await.expect("not due").is_ours());
    assert!(take(&dead, "you", next).await.expect("written").is_ours());
}

/// What an older version of the service, which knows no dead tokens, leaves in a row.
#[tokio::test]
async fn tokens_of_an_earlier_link_are_not_looked_at_and_go() {
    let world = dead_world().await;
    let dead = world.player_item("p1").await;
    world.linked("p1", "alice").await;
    let mut item = world.player_item("p1").await;
    for name in ["dead_tokens", "dead_link_id", "next_look_at", "dead_until"] {
        item.insert(name.to_owned(), dead[name].clone());
    }
    item.remove("tokens");
    let status = AttributeValue::S("relink_required".to_owned());
    item.insert("status".to_owned(), status);
    let table = &world.app.config.tables.links;
    let put = world.dynamodb.put_item().table_name(table);
    put.set_item(Some(item)).send().await.expect("written");
    world.forget();
    world.pass(HOUR);
    let row = world.app.links.get(&player_id("p1")).await.expect("a row");
    assert!(row.link.expect("a link").dead.is_none());
    world.check("p1").await;
    world.reconcile().await;
    assert_eq!(world.asked(), []);
    no_dead_tokens(&world).await;
}
