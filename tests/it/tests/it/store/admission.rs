//! The conditions of the fulfillments table on the way to `pending` and `held`.

use it::player_id;
use prime_gaming::domain::{HoldReason, LinkId, Status};
use prime_gaming::testing::store::{Admission, Confirmation, Link, Record};

use crate::store::kit::{
    admit, admit_known, confirm, hold, indexed, linked_world, offer, record, written,
};

#[tokio::test]
async fn becoming_pending_writes_record_owner_guard_and_the_players_mark() {
    let (world, link) = linked_world().await;
    let new = written(admit(&world, &link, "e1", &offer(Some(1))).await);
    assert_eq!((new.status, new.reason), (Status::Pending, None));
    let owner = world.fulfillment_item("ENTITLEMENT#e1", "OWNER").await;
    assert_eq!(owner["player_id"].as_s().expect("text"), "p1");
    let guard = world.fulfillment_item("PLAYER#p1", "G#hat").await;
    assert_eq!(guard["entitlements"].as_ss().expect("a set"), &["e1"]);
    let row = world.app.links.get(&player_id("p1")).await.expect("a row");
    assert!(row.has_open && row.open_mark.is_some());
    let item = world.record_item("p1", "e1").await;
    assert_eq!(item["link_id"].as_s().expect("text"), link.id.as_str());
    assert_eq!(
        item["amazon_user_id"].as_s().expect("text"),
        link.amazon_user_id.as_str()
    );
    assert_eq!(
        (indexed(&world, "open").await, indexed(&world, "seen").await),
        (1, 1)
    );
}

#[tokio::test]
async fn nothing_is_written_for_a_link_that_is_gone() {
    let (world, link) = linked_world().await;
    let stale = Link {
        id: LinkId::random(),
        ..link.clone()
    };
    for link in [&stale, &link] {
        let admission = admit(&world, link, "e1", &offer(Some(1))).await;
        assert!(matches!(admission, Admission::LinkChanged), "{admission:?}");
        let admission = hold(&world, link, "e2", None, HoldReason::UnknownOffer).await;
        assert!(matches!(admission, Admission::LinkChanged), "{admission:?}");
        for (pk, sk) in [
            ("PLAYER#p1", "E#e1"),
            ("PLAYER#p1", "E#e2"),
            ("PLAYER#p1", "G#hat"),
            ("ENTITLEMENT#e1", "OWNER"),
        ] {
            assert!(world.fulfillment_item(pk, sk).await.is_empty(), "{pk} {sk}");
        }
        // The second round: the link was right, and is gone.
        world.unlinked("p1").await;
    }
    assert!(world.player_item("p1").await.is_empty());
}

#[tokio::test]
async fn an_entitlement_is_written_once_and_then_known() {
    let (world, link) = linked_world().await;
    written(admit(&world, &link, "e1", &offer(Some(1))).await);
    let before = world.record_item("p1", "e1").await;
    world.pass(10);
    match admit(&world, &link, "e1", &offer(Some(1))).await {
        Admission::Known(record) => assert_eq!(record.status, Status::Pending),
        other => panic!("{other:?}"),
    }
    match hold(&world, &link, "e1", None, HoldReason::UnknownOffer).await {
        Admission::Known(record) => assert_eq!(record.status, Status::Pending),
        other => panic!("{other:?}"),
    }
    assert_eq!(world.record_item("p1", "e1").await, before);
}

#[tokio::test]
async fn a_confirmed_one_is_never_written_as_pending_again() {
    let (world, link) = linked_world().await;
    written(admit(&world, &link, "e1", &offer(None)).await);
    confirm(&world, "e1", "me").await;
    let delivered = record(&world, "e1").await;
    for reported in [false, true] {
        if reported {
            let marked = world
                .app
                .fulfillments
                .mark_reported(&delivered, "me", world.clock.now());
            assert!(marked.await.expect("written").is_done());
        }
        let held = Record {
            status: Status::Held,
            reason: Some(HoldReason::UnknownOffer),
            ..delivered.clone()
        };
        for known in [None, Some(&held)] {
            let admission = admit_known(&world, &link, "e1", &offer(None), known).await;
            assert!(matches!(admission, Admission::Known(_)), "{admission:?}");
            let reason = HoldReason::UnknownInstruction;
            let admission = hold(&world, &link, "e1", known, reason).await;
            assert!(matches!(admission, Admission::Known(_)), "{admission:?}");
        }
        let wanted = if reported {
            Status::Reported
        } else {
            Status::Delivered
        };
        assert_eq!(record(&world, "e1").await.status, wanted);
    }
}

#[tokio::test]
async fn an_entitlement_of_another_player_is_refused() {
    let (world, link) = linked_world().await;
    written(admit(&world, &link, "e1", &offer(Some(1))).await);
    world.linked("p2", "bob").await;
    let other = world.stored_link("p2").await;
    let admission = admit(&world, &other, "e1", &offer(Some(1))).await;
    assert!(matches!(admission, Admission::OtherPlayer), "{admission:?}");
    assert!(world.record_item("p2", "e1").await.is_empty());
    assert!(
        world
            .fulfillment_item("PLAYER#p2", "G#hat")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn an_offer_is_used_up_by_so_many_entitlements_and_not_by_repeats() {
    let (world, link) = linked_world().await;
    let twice = offer(Some(2));
    written(admit(&world, &link, "e1", &twice).await);
    assert!(matches!(
        admit(&world, &link, "e1", &twice).await,
        Admission::Known(_)
    ));
    written(admit(&world, &link, "e2", &twice).await);
    let admission = admit(&world, &link, "e3", &twice).await;
    assert!(matches!(admission, Admission::UsedUp), "{admission:?}");
    let owner = world.fulfillment_item("ENTITLEMENT#e3", "OWNER").await;
    assert!(owner.is_empty(), "nothing of a refused one is kept");
    written(admit(&world, &link, "e3", &offer(None)).await);
    let admission = admit(&world, &link, "e4", &twice).await;
    assert!(matches!(admission, Admission::UsedUp), "{admission:?}");
}

#[tokio::test]
async fn parallel_admissions_use_an_offer_up_exactly() {
    let (world, link) = linked_world().await;
    let thrice = offer(Some(3));
    let ids: Vec<_> = (0..8).map(|number| format!("e{number}")).collect();
    let admissions =
        futures_util::future::join_all(ids.iter().map(|id| admit(&world, &link, id, &thrice)))
            .await;
    let count = |is: fn(&Admission) -> bool| admissions.iter().filter(|it| is(it)).count();
    assert_eq!(count(|it| matches!(it, Admission::Written(_))), 3);
    assert_eq!(count(|it| matches!(it, Admission::UsedUp)), 5);
}

#[tokio::test]
async fn a_hold_becomes_pending_only_from_the_hold_that_was_seen() {
    let (world, link) = linked_world().await;
    let held = written(hold(&world, &link, "e1", None, HoldReason::UnknownOffer).await);
    world.pass(10);
    let other = Record {
        reason: Some(HoldReason::UnknownInstruction),
        ..held.clone()
    };
    let admission = admit_known(&world, &link, "e1", &offer(Some(1)), Some(&other)).await;
    assert!(matches!(admission, Admission::Known(_)), "{admission:?}");
    let new = written(admit_known(&world, &link, "e1", &offer(Some(1)), Some(&held)).await);
    assert_eq!(new.first_seen_at, held.first_seen_at);
    let stored = record(&world, "e1").await;
    assert_eq!(
        (stored.status, stored.reason, stored.first_seen_at),
        (Status::Pending, None, held.first_seen_at)
    );
    assert_eq!(indexed(&world, "seen").await, 1);
}

#[tokio::test]
async fn a_hold_is_open_and_not_due_and_uses_nothing_up() {
    let (world, link) = linked_world().await;
    written(hold(&world, &link, "e1", None, HoldReason::DuplicateOffer).await);
    assert_eq!(indexed(&world, "open").await, 1);
    let item = world.record_item("p1", "e1").await;
    assert!(!item.contains_key("due_at") && !item.contains_key("due_shard"));
    assert!(
        world
            .fulfillment_item("PLAYER#p1", "G#hat")
            .await
            .is_empty()
    );
    assert!(matches!(
        confirm(&world, "e1", "me").await,
        Confirmation::Was(_)
    ));
    assert_eq!(record(&world, "e1").await.status, Status::Held);
}
