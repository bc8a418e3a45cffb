//! The game checks for entitlements.

use std::time::Duration;

use crash::{Outcome, Player, Scenario, World, sweep};

use crate::kit::{EXPIRES_AFTER, answered_check, claim_all, half_delivered, only_pending};

/// What was claimed since the last check is new to us.
pub(crate) struct News {
    /// So long the game was not played before.
    pub(crate) away: Duration,
}

impl Scenario for News {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "entitlements"
    }

    /// Read the link, take the right to ask, ask Amazon, read what is open, read the offers,
    /// write down three.
    fn least(&self) -> usize {
        8
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        player.link().await?;
        claim_all(player);
        player.world.pass(self.away).await
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.check().await.map(drop)
    }
}

/// Something was delivered that Amazon could not be told of yet, and the token has expired.
pub(crate) struct Unreported;

impl Scenario for Unreported {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "entitlements"
    }

    /// Read the link, take the right to ask, take the right to refresh, refresh, store, ask
    /// Amazon, read what is open, take the report, report, write that down.
    fn least(&self) -> usize {
        10
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        half_delivered(player).await?;
        player.world.pass(EXPIRES_AFTER).await
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.check().await.map(drop)
    }
}

/// Amazon has taken back what was pending, and the player has claimed the same offer again.
struct TakenBack;

impl Scenario for TakenBack {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "entitlements"
    }

    /// Read the link, take the right to ask, ask Amazon, read what is open, withdraw one, write
    /// down the other.
    fn least(&self) -> usize {
        6
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        player.link().await?;
        let id = player.claim("season-1:hat");
        only_pending(&answered_check(player).await?, &id)?;
        player.claim("season-1:hat");
        player.take_back(&id, true);
        player.world.pass(Duration::from_secs(60)).await
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.check().await.map(drop)
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_check_that_finds_what_amazon_has_taken_back() {
    let world = World::start().await;
    sweep(&world, TakenBack).await;
    world.stop().await;
}

#[tokio::test]
async fn a_check_that_finds_news() {
    let world = World::start().await;
    let away = Duration::from_secs(60);
    sweep(&world, News { away }).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_check_that_refreshes() {
    let world = World::start().await;
    let away = EXPIRES_AFTER;
    sweep(&world, News { away }).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_check_that_refreshes_where_refresh_tokens_rotate() {
    let world = World::start().await;
    world.amazon.rotate_refresh_tokens(true);
    let away = EXPIRES_AFTER;
    sweep(&world, News { away }).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_check_that_reports_what_was_delivered() {
    let world = World::start().await;
    sweep(&world, Unreported).await;
    world.stop().await;
}
