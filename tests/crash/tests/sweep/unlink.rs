//! The player unlinks.

use crash::{Outcome, Player, Scenario, World, settle, sweep};

use crate::kit::{EXPIRES_AFTER, answered_check, half_delivered};

pub(crate) struct Unlink;

impl Scenario for Unlink {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "link"
    }

    /// Read the link, read what is open, take the report, take the right to refresh, refresh,
    /// store, look the report up, report, write that down, unlink.
    fn least(&self) -> usize {
        10
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        half_delivered(player).await?;
        player.world.pass(EXPIRES_AFTER).await
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.unlink().await.map(drop)
    }

    /// The game asks again until it is answered. A player without a link still gets what was
    /// pending.
    async fn recover<'w>(&self, player: &mut Player<'w>, (): ()) -> Outcome {
        if !player.unlink().await? {
            return Err("unlinking again is not answered".to_owned());
        }
        let link = player.link_status().await?;
        if link != "unlinked" {
            return Err(format!("unlinked, and it is {link}"));
        }
        let check = answered_check(player).await?;
        if check.link != "unlinked" || !check.fresh || check.pending().len() != 1 {
            return Err(format!("one should be pending without a link: {check:?}"));
        }
        player.deliver(&check).await?;
        settle(player).await
    }
}

#[tokio::test]
async fn unlinking() {
    let world = World::start().await;
    sweep(&world, Unlink).await;
    world.stop().await;
}
