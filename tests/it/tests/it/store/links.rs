//! The conditions of the links table, write by write.

use std::time::Duration;

use it::{World, player_id};
use prime_gaming::domain::{LinkId, LinkStatus};
use prime_gaming::testing::seal::Sealed;
use prime_gaming::testing::store::{Claimed, Link, LinkState, PlayerRow, StoreError, WriteOutcome};

use crate::store::kit::{mark_dead, store_tokens};

const SECOND: Duration = Duration::from_secs(1);

async fn linked_world() -> (World, Link) {
    let world = World::new().await;
    world.linked("p1", "alice").await;
    let link = world.stored_link("p1").await;
    (world, link)
}

fn sealed(text: &str) -> Sealed {
    Sealed::from(text.to_owned())
}

/// This link as a process has it that missed that the player linked again.
fn earlier(link: &Link) -> Link {
    Link {
        id: LinkId::random(),
        ..link.clone()
    }
}

#[tokio::test]
async fn the_right_to_ask_amazon_is_given_once_until_it_ends() {
    let (world, link) = linked_world().await;
    let links = &world.app.links;
    let now = world.clock.now();
    let take = |owner, now| links.acquire_check(&link, owner, now, now + 5 * SECOND);
    let Claimed::Ours(row) = take("one", now).await.expect("written") else {
        panic!("no other process has it");
    };
    let taken = row.link.expect("a link");
    assert_eq!(
        (taken.checked_at, taken.next_check_at),
        (Some(now), Some(now + 5 * SECOND))
    );
    for at in [now, now + 4 * SECOND] {
        let Claimed::Theirs(row) = take("two", at).await.expect("refused") else {
            panic!("the first has it");
        };
        assert_eq!(row.link.expect("as it is").checked_at, Some(now));
    }
    let taken = take("one", now).await.expect("ours");
    assert!(
        matches!(taken, Claimed::Ours(_)),
        "as where the answer to our own write was lost"
    );
    let taken = take("two", now + 5 * SECOND).await.expect("written");
    assert!(matches!(taken, Claimed::Ours(_)));
}

#[tokio::test]
async fn the_right_to_ask_amazon_is_for_the_link_of_now() {
    let (world, link) = linked_world().await;
    let (links, now) = (&world.app.links, world.clock.now());
    let stale = earlier(&link);
    let taken = links.acquire_check(&stale, "one", now, now + SECOND).await;
    assert!(matches!(taken, Ok(Claimed::Theirs(_))));
    world.unlinked("p1").await;
    let taken = links.acquire_check(&link, "one", now, now + SECOND).await;
    assert!(matches!(taken, Ok(Claimed::Theirs(row)) if row.link.is_none()));
    assert!(
        world.player_item("p1").await.is_empty(),
        "no row came into being"
    );
}

#[tokio::test]
async fn a_refresh_lease_is_held_by_one_and_runs_out() {
    let (world, link) = linked_world().await;
    let links = &world.app.links;
    let now = world.clock.now();
    let take = |owner, now| links.acquire_refresh(&link, owner, now, now + 15 * SECOND);
    assert!(take("one", now).await.expect("written").is_ours());
    assert!(!take("two", now + SECOND).await.expect("refused").is_ours());
    assert!(
        take("one", now + SECOND).await.expect("ours").is_ours(),
        "as where the answer to our own write was lost"
    );
    assert!(
        take("two", now + 15 * SECOND)
            .await
            .expect("written")
            .is_ours()
    );
    assert!(
        !take("one", now + 16 * SECOND)
            .await
            .expect("refused")
            .is_ours()
    );
}

#[tokio::test]
async fn a_refresh_lease_is_only_for_the_tokens_of_now() {
    let (world, link) = linked_world().await;
    let links = &world.app.links;
    let now = world.clock.now();
    let new = sealed("k.new");
    assert!(store_tokens(&world, &link, &new, now + 3600 * SECOND).await);
    for stale in [&link, &earlier(&link)] {
        let taken = links.acquire_refresh(stale, "late", now, now + 15 * SECOND);
        assert!(!taken.await.expect("refused").is_ours());
    }
}

#[tokio::test]
async fn a_late_winner_lands_and_a_late_loser_does_not_clobber() {
    let (world, link) = linked_world().await;
    let links = &world.app.links;
    let now = world.clock.now();
    let expires = now + 3600 * SECOND;
    assert!(
        links
            .acquire_refresh(&link, "one", now, now + 15 * SECOND)
            .await
            .expect("written")
            .is_ours()
    );
    // The first is slow; a second takes over and has not stored anything yet.
    let later = now + 16 * SECOND;
    assert!(
        links
            .acquire_refresh(&link, "two", later, later + 15 * SECOND)
            .await
            .expect("written")
            .is_ours()
    );
    assert!(store_tokens(&world, &link, &sealed("k.of-one"), expires).await);
    assert!(!store_tokens(&world, &link, &sealed("k.of-two"), expires).await);
    assert!(!mark_dead(&world, &link).await);
    let now_is = world.stored_link("p1").await;
    assert_eq!(now_is.tokens, Some(sealed("k.of-one")));
    assert_eq!(now_is.token_version, link.token_version + 1);
    assert_eq!(now_is.state, LinkState::Linked);
    let item = world.player_item("p1").await;
    assert!(!item.contains_key("refresh_owner") && !item.contains_key("refresh_until"));
}

#[tokio::test]
async fn tokens_of_an_earlier_link_are_not_stored() {
    let (world, link) = linked_world().await;
    let links = &world.app.links;
    world.linked("p1", "alice").await;
    let before = world.player_item("p1").await;
    let expires = world.clock.now() + SECOND;
    assert!(!store_tokens(&world, &link, &sealed("k.old"), expires).await);
    assert!(!mark_dead(&world, &link).await);
    assert!(
        !links
            .mark_refused(&link, expires)
            .await
            .expect("refused")
            .is_done()
    );
    links
        .rest_until(&link, expires)
        .await
        .expect("nothing done");
    assert_eq!(world.player_item("p1").await, before);
}

#[tokio::test]
async fn the_same_tokens_are_stored_once_but_both_hear_that_they_are() {
    let (world, link) = linked_world().await;
    let expires = world.clock.now() + SECOND;
    for _ in 0..2 {
        assert!(store_tokens(&world, &link, &sealed("k.same"), expires).await);
    }
    let version = world.stored_link("p1").await.token_version;
    assert_eq!(version, link.token_version + 1);
}

#[tokio::test]
async fn a_winner_that_comes_after_the_verdict_on_the_loser_revives_the_link() {
    let (world, link) = linked_world().await;
    // The loser was told `invalid_grant` because the winner had just exchanged the token.
    assert!(mark_dead(&world, &link).await);
    let expires = world.clock.now() + SECOND;
    assert!(store_tokens(&world, &link, &sealed("k.new"), expires).await);
    let now_is = world.stored_link("p1").await;
    assert_eq!(now_is.state, LinkState::Linked);
    assert_eq!(now_is.tokens, Some(sealed("k.new")));
}

#[tokio::test]
async fn a_longer_rest_stays() {
    let (world, link) = linked_world().await;
    let (links, now) = (&world.app.links, world.clock.now());
    for seconds in [60, 120, 30] {
        let until = now + seconds * SECOND;
        links.rest_until(&link, until).await.expect("an answer");
    }
    let rest = world.stored_link("p1").await.retry_at;
    assert_eq!(rest, Some(now + 120 * SECOND));
}

#[tokio::test]
async fn a_dead_link_has_no_tokens_and_no_success_brings_it_back() {
    let (world, link) = linked_world().await;
    let links = &world.app.links;
    assert!(mark_dead(&world, &link).await);
    links.mark_accepted(&link).await.expect("nothing done");
    let dead = world.stored_link("p1").await;
    assert_eq!(
        (dead.state, dead.tokens, dead.next_check_at),
        (LinkState::RelinkRequired, None, None)
    );
}

#[tokio::test]
async fn no_process_refreshes_tokens_that_are_known_to_be_worthless() {
    let (world, link) = linked_world().await;
    let (links, now) = (&world.app.links, world.clock.now());
    assert!(mark_dead(&world, &link).await);
    // A process that read the link before still has the tokens.
    let taken = links.acquire_refresh(&link, "late", now, now + 15 * SECOND);
    assert!(!taken.await.expect("an answer").is_ours());
    let item = world.player_item("p1").await;
    assert!(!item.contains_key("refresh_owner"));
}

#[tokio::test]
async fn a_refused_link_keeps_its_tokens_and_a_success_clears_it() {
    let (world, link) = linked_world().await;
    let links = &world.app.links;
    let next = world.clock.now() + 3600 * SECOND;
    assert!(
        links
            .mark_refused(&link, next)
            .await
            .expect("written")
            .is_done()
    );
    let refused = world.stored_link("p1").await;
    assert_eq!(refused.state, LinkState::RelinkRequired);
    assert_eq!(refused.tokens, link.tokens);
    assert_eq!(refused.may_ask_at(), Some(next));
    links.mark_accepted(&refused).await.expect("written");
    assert_eq!(world.stored_link("p1").await.state, LinkState::Linked);
}

#[tokio::test]
async fn a_look_that_found_nothing_does_not_hide_what_came_meanwhile() {
    let world = World::new().await;
    world
        .offer_with("hat", &serde_json::json!({"per_player": null}))
        .await;
    world.pending("p1", "alice", "hat").await;
    let links = &world.app.links;
    let row = links.get(&player_id("p1")).await.expect("a row");
    assert!(row.has_open);
    world.amazon.claim("alice", "other");
    world.check_later("p1").await;
    links
        .clear_open(&player_id("p1"), &row)
        .await
        .expect("nothing done");
    let row = links.get(&player_id("p1")).await.expect("a row");
    assert!(row.has_open, "something came since the row was read");
    links
        .clear_open(&player_id("p1"), &row)
        .await
        .expect("written");
    assert!(!links.get(&player_id("p1")).await.expect("a row").has_open);
}

async fn unlink(world: &World, row: &PlayerRow, link: &Link) -> Result<WriteOutcome, StoreError> {
    let fulfillments = &world.app.fulfillments;
    world.app.links.unlink(fulfillments, row, link, None).await
}

#[tokio::test]
async fn unlinking_removes_both_rows_where_nothing_is_open() {
    let (world, link) = linked_world().await;
    let links = &world.app.links;
    let row = links.get(&player_id("p1")).await.expect("a row");
    let stale = earlier(&link);
    assert_eq!(
        unlink(&world, &row, &stale).await.expect("refused"),
        WriteOutcome::Changed
    );
    assert_eq!(
        unlink(&world, &row, &link).await.expect("done"),
        WriteOutcome::Done
    );
    assert!(world.player_item("p1").await.is_empty());
    let account = format!("AMAZON#{}", link.amazon_user_id);
    let table = &world.app.config.tables.links;
    assert!(world.item(table, &[("pk", &account)]).await.is_empty());
    assert_eq!(
        unlink(&world, &row, &link).await.expect("refused"),
        WriteOutcome::Changed
    );
}

#[tokio::test]
async fn unlinking_with_something_open_keeps_a_row_without_link_and_tokens() {
    let world = World::new().await;
    world.pending("p1", "alice", "hat").await;
    let link = world.stored_link("p1").await;
    world.unlinked("p1").await;
    let item = world.player_item("p1").await;
    let mut fields: Vec<_> = item.keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["has_open", "open_mark", "pk", "status"]);
    let row = world.app.links.get(&player_id("p1")).await.expect("a row");
    assert_eq!(row.status(), LinkStatus::Unlinked);
    let of_account = world.app.links.of_amazon_account(&link.amazon_user_id);
    assert!(of_account.await.expect("an answer").is_none());
}

#[tokio::test]
async fn a_row_that_says_nothing_is_open_is_not_unlinked_over_something_open() {
    let world = World::new().await;
    world.offer("hat").await;
    world.linked("p1", "alice").await;
    let links = &world.app.links;
    let stale = links.get(&player_id("p1")).await.expect("a row");
    assert!(!stale.has_open);
    world.amazon.claim("alice", "hat");
    world.check("p1").await;
    let link = stale.link.clone().expect("a link");
    assert_eq!(
        unlink(&world, &stale, &link).await.expect("refused"),
        WriteOutcome::Changed
    );
    assert!(!world.player_item("p1").await.is_empty());
}

#[tokio::test]
async fn an_amazon_accounts_link_is_that_of_its_player_of_now() {
    let (world, link) = linked_world().await;
    let links = &world.app.links;
    let found = links.of_amazon_account(&link.amazon_user_id).await;
    assert_eq!(found.expect("an answer").expect("a link").id, link.id);
    world.unlinked("p1").await;
    world.linked("p2", "alice").await;
    let found = links.of_amazon_account(&link.amazon_user_id).await;
    let found = found.expect("an answer").expect("a link");
    assert_eq!(found.player, player_id("p2"));
}

#[tokio::test]
async fn only_short_lived_items_have_a_time_to_live() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    world.confirm("p1", &[&id]).await;
    world.browser().start_url("p2", None).await;
    world.browser().to_amazon("p3", None).await;
    let tables = &world.app.config.tables;
    let scan = |table: &str| world.dynamodb.scan().table_name(table).send();
    let links = scan(&tables.links).await.expect("the database answers");
    let mut kinds = std::collections::BTreeSet::new();
    for item in links.items() {
        let key = item["pk"].as_s().expect("text");
        let kind = key.split('#').next().expect("a kind").to_owned();
        let lasts = ["PLAYER", "AMAZON"].contains(&kind.as_str());
        assert_eq!(item.contains_key("ttl"), !lasts, "{key}");
        if let Some(ttl) = item.get("ttl") {
            let ttl: i64 = ttl.as_n().expect("a number").parse().expect("seconds");
            let wait = ttl - world.clock.now().as_seconds();
            // The list of a player's tickets outlives them by a week.
            let least = if kind == "OPEN" { 7 * 24 * 3600 } else { 600 };
            assert!(
                (least..=least + 24 * 3600).contains(&wait),
                "{key}: {wait} s"
            );
        }
        kinds.insert(kind);
    }
    let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
    assert_eq!(kinds, ["AMAZON", "ATTEMPT", "OPEN", "PLAYER", "TICKET"]);
    let fulfillments = scan(&tables.fulfillments).await.expect("an answer");
    // Record, guard and owner, and the audit record of the offer.
    assert_eq!(fulfillments.items().len(), 4);
    for item in fulfillments.items() {
        assert!(!item.contains_key("ttl"), "{:?}", item["sk"]);
    }
}

#[tokio::test]
async fn no_token_is_readable_in_the_store() {
    let world = World::new().await;
    world.pending("p1", "alice", "hat").await;
    world.browser().to_amazon("p2", None).await;
    let tables = &world.app.config.tables;
    let secrets = world.amazon.issued_secrets();
    assert!(secrets.len() > 2);
    for table in [&tables.links, &tables.fulfillments, &tables.offers] {
        let items = world.dynamodb.scan().table_name(table).send().await;
        let text = format!("{:?}", items.expect("an answer").items());
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "a secret is in {table}");
        }
    }
}
