//! The previous version beside this one, as during a roll-out: they serve the invocations of every
//! function in turn, on the same rows, and each is disturbed at every request that it makes.

use std::time::Duration;

use crash::{Scenario, World, previous, sweep_beside};

use crate::kit::{A_MINUTE, EXPIRES_AFTER};
use crate::{callback, check, confirm, reconcile, succession, unlink, webhook};

async fn beside(scenario: impl Scenario, has_studio: bool) {
    if let Some(other) = previous().await {
        let world = World::beside(other, has_studio).await;
        sweep_beside(&world, scenario).await;
        world.stop().await;
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_find_news() {
    beside(check::News { away: A_MINUTE }, false).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_refresh_and_report_in_a_check() {
    beside(check::Unreported, false).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_take_a_confirmation() {
    let takes = Duration::ZERO;
    beside(confirm::Confirm { takes }, false).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_link_again() {
    beside(callback::Callback { again: true }, false).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_unlink() {
    beside(unlink::Unlink, false).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_reconcile() {
    let (away, least) = (EXPIRES_AFTER, 11);
    beside(reconcile::Report { away, least }, false).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_wake_what_was_parked() {
    let is_linked_again = true;
    beside(reconcile::Dead { is_linked_again }, false).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_hand_an_account_on() {
    let scenario = succession::Succession(succession::Step::Check);
    beside(scenario, false).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_deliver_by_webhook() {
    beside(webhook::Check, true).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn two_versions_reconcile_by_webhook() {
    beside(webhook::Reconcile, true).await;
}
