//! The studio's webhook delivers.

use std::time::Duration;

use crash::{Outcome, Player, Scenario, World, sweep};

use crate::kit::claim_all;

/// A check delivers and reports by itself.
struct Check;

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
        Ok(())
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.check().await.map(drop)
    }
}

/// The studio was down when the player checked.
struct Reconcile;

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
        let studio = player.world.studio.as_ref().ok_or("there is no studio")?;
        studio.is_down(true);
        let check = player.check().await;
        studio.is_down(false);
        let check = check?.ok_or("a check was not answered")?;
        match check.pending().len() {
            2 => player.world.pass(Duration::from_secs(60)).await,
            _ => Err(format!("two should be pending: {check:?}")),
        }
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.world.reconcile_once().await;
        Ok(())
    }
}

#[tokio::test]
async fn a_check_that_delivers() {
    let world = World::with_studio().await;
    sweep(&world, Check).await;
    world.stop().await;
}

#[tokio::test]
async fn reconcile_delivers() {
    let world = World::with_studio().await;
    sweep(&world, Reconcile).await;
    world.stop().await;
}
