//! The studio's webhook delivers.

use std::time::Duration;

use crash::{Outcome, Player, Scenario, World, settle, sweep};
use url::Url;

use crate::kit::{
    A_MINUTE, check_without_studio, claim_all, only_pending, reconcile_twice, with_status,
};

/// Longer than the shortest time between two checks: the service makes the first one by itself.
const NEXT_CHECK: Duration = Duration::from_secs(6);

/// A check delivers and reports by itself.
pub(crate) struct Check;

impl Scenario for Check {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "entitlements"
    }

    /// Read the link, take the right to ask, ask Amazon, read what is open, read the offers,
    /// write down three; of two: deliver, write that down, report, write that down.
    fn least(&self) -> usize {
        16
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        player.link().await?;
        claim_all(player);
        player.world.pass(NEXT_CHECK).await
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.check().await.map(drop)
    }
}

/// The studio was down when the player checked.
pub(crate) struct Reconcile;

impl Scenario for Reconcile {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "reconcile"
    }

    /// Look what is due; of two: take, deliver, write that down, report, write that down; find the
    /// link, once or twice, in two steps; look again.
    fn least(&self) -> usize {
        14
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        player.link().await?;
        claim_all(player);
        player.world.pass(NEXT_CHECK).await?;
        let check = check_without_studio(player).await?;
        match check.pending().len() {
            2 => player.world.pass(A_MINUTE).await,
            _ => Err(format!("two should be pending: {check:?}")),
        }
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.world.reconcile_once().await;
        Ok(())
    }
}

/// The browser comes back from Amazon, and what was claimed before is delivered at once.
struct Callback;

impl Scenario for Callback {
    type Ready<'w> = Url;
    fn function(&self) -> &'static str {
        "link"
    }

    /// Read the attempt, consume it, exchange the code, ask whose token it is twice, write the
    /// link down; read the link, take the right to ask, ask Amazon, read what is open, read the
    /// offers, write down three; of two: deliver, write that down, report, write that down; note
    /// that the first check is made.
    fn least(&self) -> usize {
        23
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Url> {
        claim_all(player);
        player.consent().await
    }

    async fn act<'w>(&self, player: &mut Player<'w>, back: &mut Url) -> Outcome {
        player.open(back).await.map(drop)
    }

    /// Once the player is linked, the reward is there before the game asks.
    async fn recover<'w>(&self, player: &mut Player<'w>, _: Url) -> Outcome {
        if player.link_status().await? != "linked" {
            player.link().await?;
        }
        reconcile_twice(player).await?;
        match with_status(player, "reported").await?.len() {
            2 => settle(player).await,
            count => Err(format!("{count} are reported before the game asks, not 2")),
        }
    }
}

/// The studio was down when the player checked, and Amazon has taken it back since.
struct TakenBack;

impl Scenario for TakenBack {
    type Ready<'w> = String;
    fn function(&self) -> &'static str {
        "entitlements"
    }

    /// Read the link, take the right to ask, ask Amazon, read what is open, withdraw.
    fn least(&self) -> usize {
        5
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<String> {
        player.link().await?;
        // The service makes the first check by itself.
        player.world.pass(NEXT_CHECK).await?;
        let id = player.claim("season-1:hat");
        only_pending(&check_without_studio(player).await?, &id)?;
        player.take_back(&id, true);
        player.world.pass(A_MINUTE).await?;
        Ok(id)
    }

    async fn act<'w>(&self, player: &mut Player<'w>, _: &mut String) -> Outcome {
        player.check().await.map(drop)
    }

    /// It is held until Amazon asks for it again, and then delivered. The next check finds out, and
    /// not `reconcile`, which does not ask for lists.
    async fn recover<'w>(&self, player: &mut Player<'w>, id: String) -> Outcome {
        player.world.pass(NEXT_CHECK).await?;
        player.check().await?;
        settle(player).await?;
        player.take_back(&id, false);
        settle(player).await
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_callback_that_makes_the_first_check() {
    let world = World::with_studio().await;
    sweep(&world, Callback).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_check_that_finds_what_amazon_has_taken_back() {
    let world = World::with_studio().await;
    sweep(&world, TakenBack).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_check_that_delivers() {
    let world = World::with_studio().await;
    sweep(&world, Check).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn reconcile_delivers() {
    let world = World::with_studio().await;
    sweep(&world, Reconcile).await;
    world.stop().await;
}
