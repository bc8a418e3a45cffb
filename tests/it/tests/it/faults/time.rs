//! Amazon or the database is silent: every flow answers before its function is ended. Time passes
//! by itself here, and faster than it does.

use std::time::Duration;

use futures_util::future::join_all;
use it::{DbFault, Outage, World, confirm_in};
use serde_json::json;
use stand_in::Endpoint::{Entitlements, Fulfill, Profile, Token, TokenInfo};
use stand_in::Fault;
use tokio::time::Instant;

use crate::faults::support::{Flow, System};

/// A function of the API is ended after 28 s.
const LIMIT: Duration = Duration::from_secs(27);

/// Lets time pass in steps of a tenth of a second while `work` goes on. What is really waited for
/// at a socket takes some time more than it would: that makes the limit harder to keep, not easier.
pub(crate) async fn hurried<F: Future>(work: F) -> F::Output {
    tokio::time::pause();
    let hurry = async {
        loop {
            // While this waits, time stands still.
            let wait = tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(4)));
            wait.await.expect("it sleeps");
            tokio::time::advance(Duration::from_millis(100)).await;
        }
    };
    tokio::select! {
        output = work => {
            tokio::time::resume();
            output
        }
        () = hurry => unreachable!("time passes for ever"),
    }
}

/// What is silent.
#[derive(Clone, Copy, Debug)]
enum Silent {
    Amazon,
    /// From this request on.
    Database(u32),
    Both(u32),
}

async fn answers_in_time(flow: Flow, has_studio: bool, silent: &[Silent]) {
    let mut systems = Vec::new();
    for _ in silent {
        systems.push(System::new(has_studio).await);
    }
    let mut cases = Vec::new();
    for (system, silent) in systems.iter().zip(silent) {
        let case = system.ready(flow, 1).await;
        let world = &system.world;
        if matches!(silent, Silent::Amazon | Silent::Both(_)) {
            for endpoint in [Token, TokenInfo, Profile, Entitlements, Fulfill] {
                let fault = Fault::Stall(Duration::from_secs(60));
                world.amazon.fault(endpoint, fault, 100);
            }
        }
        if let Silent::Database(after) | Silent::Both(after) = *silent {
            let outage = Outage::after(after, DbFault::Silence, u32::MAX);
            world.database.begin(outage);
        }
        cases.push(case);
    }
    let runs = cases.iter().map(|case| async {
        let began = Instant::now();
        let outcome = Box::pin(case.run()).await;
        (outcome, began.elapsed())
    });
    let outcomes = hurried(join_all(runs)).await;
    let silences = systems.iter().zip(silent);
    for ((case, (system, silent)), (outcome, took)) in cases.iter().zip(silences).zip(outcomes) {
        let context = format!("{flow:?} {silent:?}");
        let limit = if flow == Flow::Reconcile {
            LIMIT * 2
        } else {
            LIMIT
        };
        assert!(took < limit, "{context}: {took:?}");
        case.is_allowed(&outcome, &context);
        system.world.amazon.clear_faults();
        system.world.database.end();
        Box::pin(case.ends_well(&outcome, &context)).await;
    }
}

const ALL: [Silent; 5] = [
    Silent::Amazon,
    Silent::Database(0),
    Silent::Database(2),
    Silent::Database(5),
    Silent::Both(3),
];

#[tokio::test]
async fn a_check_answers_in_time() {
    answers_in_time(Flow::Check, false, &ALL).await;
}

#[tokio::test]
async fn a_delivering_check_answers_in_time() {
    answers_in_time(Flow::Check, true, &ALL).await;
}

#[tokio::test]
async fn a_confirmation_answers_in_time() {
    answers_in_time(Flow::Confirm, false, &ALL).await;
}

#[tokio::test]
async fn a_callback_answers_in_time() {
    answers_in_time(Flow::Callback, false, &ALL).await;
}

#[tokio::test]
async fn unlinking_answers_in_time() {
    answers_in_time(Flow::Unlink, false, &ALL).await;
}

#[tokio::test]
async fn reconcile_ends_in_time() {
    let some = [Silent::Amazon, Silent::Database(9), Silent::Both(10)];
    answers_in_time(Flow::Reconcile, false, &some).await;
}

#[tokio::test]
async fn fifty_confirmations_answer_in_time_what_could_not_be_written() {
    let world = World::new().await;
    let outage = Outage::after(0, DbFault::Silence, u32::MAX);
    world.database.begin(outage);
    let ids: Vec<_> = (0..50).map(|number| format!("e{number}")).collect();
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let began = Instant::now();
    let (results, took) = hurried(async {
        let results = confirm_in(&world.app, "p1", &ids).await;
        (results, began.elapsed())
    })
    .await;
    assert!(took < LIMIT, "{took:?}");
    let results = results.as_array().expect("a list");
    assert_eq!(results.len(), 50);
    assert!(results.iter().all(|result| result["status"] == "pending"));
}

/// Each step takes its time and succeeds, so that nothing ends early.
#[tokio::test]
async fn much_to_do_with_a_sluggish_database_is_left_for_later() {
    for (method, path) in [("POST", "/v1/entitlements/check"), ("DELETE", "/v1/link")] {
        let world = World::new().await;
        world.offer_with("coin", &json!({"per_player": null})).await;
        world.linked("p1", "alice").await;
        let ids: Vec<_> = (0..40)
            .map(|_| world.amazon.claim("alice", "coin"))
            .collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        world.check("p1").await;
        let error = Fault::ItemResult("ERROR".to_owned());
        world.amazon.fault(Fulfill, error, 40);
        world.confirm("p1", &ids).await;
        world.pass(60);
        let outage = Outage::after(0, DbFault::Sluggish, u32::MAX);
        world.database.begin(outage);
        let began = Instant::now();
        let (answer, took) = hurried(async {
            let answer = world.call_as("p1", method, path).send().await;
            (answer, began.elapsed())
        })
        .await;
        assert!(took < LIMIT, "{path} {took:?}");
        assert!([200, 204, 503].contains(&answer.status.as_u16()), "{path}");
        world.database.end();
        for _ in 0..4 {
            world.pass(120);
            world.check("p1").await;
            world.reconcile().await;
        }
        assert_eq!(world.amazon.fulfilled().len(), 40, "{path}");
        for entitlement in world.history("p1").await {
            assert_eq!(entitlement["status"], "reported", "{path}");
        }
        world.contract_is_kept();
    }
}
