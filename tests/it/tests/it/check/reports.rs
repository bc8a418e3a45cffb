//! Reports that fail: nothing is lost, nothing is told before it is written, and what Amazon has
//! heard already is not told again.

use std::time::Duration;

use it::{World, ids_of, status_of};
use serde_json::json;
use stand_in::{Endpoint, Fault};

fn status(status: u16) -> Fault {
    Fault::Status {
        status,
        body: String::new(),
        retry_after: None,
    }
}

/// A confirmation whose report fails like this: it is `delivered`, and due again.
async fn unheard(world: &World, fault: Fault) -> String {
    let id = world.pending("p1", "alice", "hat").await;
    world
        .amazon
        .fault(Endpoint::Fulfill, fault.clone(), tries(&fault));
    let results = world.confirm("p1", &[&id]).await;
    assert_eq!(results[0]["status"], "delivered", "{fault:?}");
    let item = world.record_item("p1", &id).await;
    assert_eq!(item["status"].as_s().expect("text"), "delivered");
    let due_at: i64 = item["due_at"]
        .as_n()
        .expect("a number")
        .parse()
        .expect("a number");
    let wait = due_at - world.clock.now().as_millis();
    assert!(
        (1_000..=3_600_000).contains(&wait),
        "{fault:?}: due in {wait} ms"
    );
    let shard: u8 = item["due_shard"]
        .as_s()
        .expect("text")
        .parse()
        .expect("a number");
    assert!(shard < 8);
    assert!(item.contains_key("open") && item.contains_key("delivered_at"));
    assert!(!item.contains_key("reported_at") && !item.contains_key("owner"));
    assert_eq!(status_of(&world.check("p1").await, &id), "delivered");
    id
}

/// How often one report meets the fault: it is sent again over a new connection when the first
/// died or is silent.
fn tries(fault: &Fault) -> u32 {
    match fault {
        Fault::AfterEffect(fault) => tries(fault),
        Fault::Reset | Fault::Stall(_) => 2,
        _ => 1,
    }
}

#[tokio::test]
async fn a_report_whose_connection_died_is_sent_again_at_once() {
    for (fault, times) in [
        (Fault::Reset, 1),
        (Fault::AfterEffect(Box::new(Fault::Reset)), 2),
    ] {
        let world = World::new().await;
        let id = world.pending("p1", "alice", "hat").await;
        world.amazon.fault(Endpoint::Fulfill, fault, 1);
        let results = world.confirm("p1", &[&id]).await;
        assert_eq!(results[0]["status"], "reported");
        assert_eq!(world.amazon.fulfilled()[0].times, times);
        world.contract_is_kept();
    }
}

fn faults() -> Vec<Fault> {
    vec![
        Fault::ItemResult("ERROR".to_owned()),
        Fault::ItemResult("success".to_owned()),
        Fault::MissingItem,
        status(500),
        status(503),
        status(429),
        Fault::Reset,
        Fault::Truncated,
        Fault::NotJson,
        Fault::Huge(4 * 1024 * 1024),
    ]
}

#[tokio::test]
async fn what_amazon_did_not_take_is_reported_at_the_next_check() {
    for fault in faults() {
        let world = World::new().await;
        let id = unheard(&world, fault.clone()).await;
        world.forget();
        let answer = world.check_later("p1").await;
        assert_eq!(answer["fresh"], true);
        assert_eq!(ids_of(&answer), [""; 0], "{fault:?}");
        assert_eq!(
            world.asked(),
            [Endpoint::Entitlements, Endpoint::Fulfill],
            "{fault:?}"
        );
        assert_eq!(world.known_status("p1", &id).await, "reported");
        assert_eq!(world.amazon.fulfilled()[0].times, 1);
        world.contract_is_kept();
    }
}

#[tokio::test]
async fn what_amazon_took_though_its_answer_was_lost_is_not_reported_again() {
    for noop in [false, true] {
        for fault in faults() {
            let world = World::new().await;
            world
                .amazon
                .behave(|behaviour| behaviour.noop_after_fulfillment = noop);
            let fault = Fault::AfterEffect(Box::new(fault));
            let id = unheard(&world, fault.clone()).await;
            assert_eq!(world.amazon.fulfilled().len(), 1, "{fault:?}");
            world.forget();
            let answer = world.check_later("p1").await;
            assert_eq!(ids_of(&answer), [""; 0], "{fault:?}");
            assert_eq!(world.asked(), [Endpoint::Entitlements], "{fault:?}");
            assert_eq!(world.known_status("p1", &id).await, "reported");
        }
    }
}

#[tokio::test]
async fn a_report_that_times_out_is_unheard() {
    let world = World::new().await;
    let id = unheard(&world, Fault::Stall(Duration::from_secs(8))).await;
    assert_eq!(ids_of(&world.check_later("p1").await), [""; 0]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn a_report_that_fails_again_and_again_stays_delivered() {
    let world = World::new().await;
    let id = unheard(&world, Fault::MissingItem).await;
    world.amazon.fault(Endpoint::Fulfill, Fault::MissingItem, 3);
    for attempts in 2..5 {
        let answer = world.check_later("p1").await;
        assert_eq!(status_of(&answer, &id), "delivered");
        let item = world.record_item("p1", &id).await;
        assert_eq!(
            item["attempts"].as_n().expect("a number"),
            &attempts.to_string()
        );
        assert!(item.contains_key("due_at") && item.contains_key("due_shard"));
    }
    assert_eq!(ids_of(&world.check_later("p1").await), [""; 0]);
}

#[tokio::test]
async fn a_repeated_confirmation_waits_until_the_next_try_is_due() {
    let world = World::new().await;
    let id = unheard(&world, status(503)).await;
    world.forget();
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([{"entitlement_id": id, "status": "delivered"}])
    );
    assert_eq!(world.asked(), []);
    world.pass(60);
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([{"entitlement_id": id, "status": "reported"}])
    );
    // What was tried before is looked up first.
    assert_eq!(world.asked(), [Endpoint::Entitlements, Endpoint::Fulfill]);
}

#[tokio::test]
async fn a_repeated_confirmation_finds_out_that_amazon_has_heard() {
    let world = World::new().await;
    let id = unheard(&world, Fault::AfterEffect(Box::new(Fault::Reset))).await;
    world.forget();
    world.pass(60);
    assert_eq!(
        world.confirm("p1", &[&id]).await,
        json!([{"entitlement_id": id, "status": "reported"}])
    );
    assert_eq!(world.asked(), [Endpoint::Entitlements]);
    // In the same breath, and never again.
    assert_eq!(world.amazon.fulfilled()[0].times, 2);
}

#[tokio::test]
async fn success_that_could_not_be_written_is_found_out_at_the_next_check() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    // The first update confirms, the second would note the success.
    world.database.refuse("UpdateItem", 1, 1);
    assert_eq!(
        world.confirm("p1", &[&id]).await[0]["status"],
        json!("delivered")
    );
    world.forget();
    // While the report may still be under way, no other process takes it.
    assert_eq!(status_of(&world.check_later("p1").await, &id), "delivered");
    world.pass(30);
    assert_eq!(ids_of(&world.check("p1").await), [""; 0]);
    assert_eq!(
        world.asked(),
        [Endpoint::Entitlements, Endpoint::Entitlements]
    );
    assert_eq!(world.known_status("p1", &id).await, "reported");
    assert_eq!(world.amazon.fulfilled()[0].times, 1);
}

#[tokio::test]
async fn nothing_is_reported_that_is_not_written_as_delivered() {
    let world = World::new().await;
    let id = world.pending("p1", "alice", "hat").await;
    let fault = Fault::AfterEffect(Box::new(Fault::Stall(Duration::from_millis(300))));
    world.amazon.fault(Endpoint::Fulfill, fault, 1);
    let ids = [id.as_str()];
    let look = async {
        while world.amazon.calls_to(Endpoint::Fulfill) == 0 {
            tokio::task::yield_now().await;
        }
        world.record_item("p1", &id).await
    };
    let (_, item) = futures_util::future::join(world.confirm("p1", &ids), look).await;
    assert_eq!(item["status"].as_s().expect("text"), "delivered");
}

#[tokio::test]
async fn a_list_with_broken_elements_settles_nothing() {
    let world = World::new().await;
    let fault = Fault::AfterEffect(Box::new(Fault::Reset));
    let id = unheard(&world, fault).await;
    // The broken element may be the one that was reported.
    world
        .amazon
        .put_entitlement("alice", json!({"Entitlement": id}));
    world.forget();
    assert_eq!(ids_of(&world.check_later("p1").await), [""; 0]);
    assert_eq!(world.asked(), [Endpoint::Entitlements, Endpoint::Fulfill]);
    assert_eq!(world.known_status("p1", &id).await, "reported");
}

#[tokio::test]
async fn a_list_of_another_account_settles_nothing() {
    let world = World::new().await;
    let id = unheard(&world, Fault::ItemResult("ERROR".to_owned())).await;
    // Unlinking tries once more, in vain.
    let fault = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Endpoint::Fulfill, fault, 1);
    world.unlinked("p1").await;
    // What is left of the link has tokens still, for a day.
    world.pass(24 * 3600);
    world.linked("p1", "bob").await;
    let answer = world.check("p1").await;
    assert_eq!(status_of(&answer, &id), "delivered");
    assert_eq!(world.amazon.fulfilled().len(), 0);
    world.contract_is_kept();
}
