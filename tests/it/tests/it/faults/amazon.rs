//! Every address of Amazon's fails in every way, in every flow that asks it once a link is there.

use futures_util::{StreamExt, stream};
use it::{World, check_in};
use serde_json::json;
use stand_in::Endpoint::{self, Entitlements, Fulfill, Token};
use stand_in::Fault;

use crate::faults::support::{Flow, System};

fn status(status: u16, retry_after: Option<u32>) -> Fault {
    Fault::Status {
        status,
        body: String::new(),
        retry_after,
    }
}

/// How this address can fail: before the request takes effect, and where it has one, after.
fn faults(endpoint: Endpoint) -> Vec<Fault> {
    let mut faults = vec![
        status(429, Some(45)),
        status(500, None),
        status(503, None),
        Fault::Reset,
        Fault::Truncated,
        Fault::Huge(4 * 1024 * 1024),
        Fault::NotJson,
    ];
    if endpoint != Entitlements {
        let after = |fault: &Fault| Fault::AfterEffect(Box::new(fault.clone()));
        faults.extend([1, 3, 6].map(|lost| after(&faults[lost])));
    }
    if endpoint == Fulfill {
        faults.push(Fault::ItemResult("ERROR".to_owned()));
        faults.push(Fault::MissingItem);
    }
    faults
}

const CASES: [(Flow, bool, Endpoint); 13] = [
    (Flow::Check, false, Token),
    (Flow::Check, false, Entitlements),
    (Flow::Check, true, Token),
    (Flow::Check, true, Fulfill),
    (Flow::Confirm, false, Token),
    (Flow::Confirm, false, Fulfill),
    (Flow::Unlink, false, Token),
    (Flow::Unlink, false, Entitlements),
    (Flow::Unlink, false, Fulfill),
    (Flow::Reconcile, false, Token),
    (Flow::Reconcile, false, Entitlements),
    (Flow::Reconcile, false, Fulfill),
    (Flow::Reconcile, true, Fulfill),
];

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn whatever_fails_at_amazon_the_answer_is_what_is_known_and_nothing_is_lost() {
    stream::iter(CASES)
        .for_each_concurrent(4, |(flow, has_studio, endpoint)| async move {
            let system = System::new(has_studio).await;
            let amazon = &system.world.amazon;
            for (fault, number) in faults(endpoint).into_iter().zip(0..) {
                let context = format!("{flow:?} {has_studio} {endpoint:?} {fault:?}");
                let case = Box::pin(system.ready(flow, number)).await;
                // A report whose connection died is repeated at once, whether or not Amazon heard it.
                let is_unheard = fault == Fault::AfterEffect(Box::new(Fault::Reset));
                let told = 1 + u32::from(is_unheard && endpoint == Fulfill);
                // What may be repeated is repeated once.
                amazon.fault(endpoint, fault, 2);
                let outcome = Box::pin(case.run()).await;
                assert!(amazon.calls_to(endpoint) > 0, "{context}");
                amazon.clear_faults();
                case.is_allowed(&outcome, &context);
                Box::pin(case.ends_well_told(told, &outcome, &context)).await;
            }
        })
        .await;
}

#[tokio::test]
async fn retry_after_binds_every_process() {
    for (flow, endpoint) in [
        (Flow::Check, Token),
        (Flow::Check, Entitlements),
        (Flow::Confirm, Token),
        (Flow::Confirm, Fulfill),
        (Flow::Reconcile, Token),
        (Flow::Reconcile, Entitlements),
        (Flow::Reconcile, Fulfill),
    ] {
        let system = System::new(false).await;
        let world = &system.world;
        let case = system.ready(flow, 1).await;
        world.amazon.fault(endpoint, status(429, Some(600)), 1);
        case.run().await;
        let other = world.another_process().await;
        world.pass(590);
        world.forget();
        let answer = check_in(&other, &case.player).await;
        assert_eq!(answer["fresh"], false, "{flow:?} {endpoint:?}");
        world.reconcile().await;
        assert_eq!(world.asked(), [], "{flow:?} {endpoint:?}");
        world.pass(10);
        let answer = check_in(&other, &case.player).await;
        assert_eq!(answer["fresh"], true, "{flow:?} {endpoint:?}");
    }
}

#[tokio::test]
async fn retry_after_binds_what_is_left_of_a_link() {
    let world = World::new().await;
    world.offer("scarf").await;
    let hat = world.pending("p1", "alice", "hat").await;
    let scarf = world.amazon.claim("alice", "scarf");
    world.check_later("p1").await;
    let error = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Fulfill, error, 1);
    world.confirm("p1", &[&hat]).await;
    world.amazon.fault(Entitlements, status(429, Some(600)), 1);
    world.unlinked("p1").await;
    world.forget();
    let results = world.confirm("p1", &[&scarf]).await;
    assert_eq!(results[0]["status"], "delivered");
    assert_eq!(world.asked(), [], "Amazon asked for rest");
    world.pass(700);
    world.reconcile().await;
    for id in [hat, scarf] {
        assert_eq!(world.known_status("p1", &id).await, "reported");
    }
    world.contract_is_kept();
}

#[tokio::test]
async fn of_several_reports_only_the_one_that_failed_stays() {
    let world = World::new().await;
    world.offer_with("coin", &json!({"per_player": null})).await;
    world.linked("p1", "alice").await;
    let ids: Vec<_> = (0..5)
        .map(|_| world.amazon.claim("alice", "coin"))
        .collect();
    world.check("p1").await;
    let error = Fault::ItemResult("ERROR".to_owned());
    world.amazon.fault(Fulfill, error, 1);
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let results = world.confirm("p1", &ids).await;
    let with = |status: &str| {
        let results = results.as_array().expect("a list").iter();
        results.filter(|result| result["status"] == status).count()
    };
    assert_eq!((with("reported"), with("delivered")), (4, 1));
    world.pass(60);
    assert_eq!(world.reconcile().await["done"], 1);
    assert_eq!(world.amazon.fulfilled().len(), 5);
    assert!(world.amazon.fulfilled().iter().all(|it| it.times == 1));
}
