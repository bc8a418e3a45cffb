//! The browser comes back from Amazon.

use std::time::Duration;

use crash::{Outcome, Player, Scenario, World, settle, sweep};
use url::Url;

use crate::kit::{claim_all, half_delivered};

/// Longer than any request lives: who did not finish until then never will.
const LATER: Duration = Duration::from_secs(40);

pub(crate) struct Callback {
    /// Whether the player was linked before, and something was delivered and not reported when
    /// they removed the app at Amazon.
    pub(crate) again: bool,
}

impl Scenario for Callback {
    type Ready<'w> = Url;
    fn function(&self) -> &'static str {
        "link"
    }

    /// Read the attempt, consume it, exchange the code, ask whose token it is twice, write the
    /// link down.
    fn least(&self) -> usize {
        6
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Url> {
        if self.again {
            half_delivered(player).await?;
            player.world.amazon.revoke(&player.account);
            player.world.pass(LATER).await?;
        } else {
            claim_all(player);
        }
        player.consent().await
    }

    async fn act<'w>(&self, player: &mut Player<'w>, back: &mut Url) -> Outcome {
        player.open(back).await.map(drop)
    }

    /// The player reloads the page. If it shows a failure, nothing is linked by halves, and they
    /// start again.
    async fn recover<'w>(&self, player: &mut Player<'w>, back: Url) -> Outcome {
        player.world.pass(LATER).await?;
        let page = player.open(&back).await?;
        let link = player.link_status().await?;
        match (page.status, link.as_str()) {
            (200, "linked") => {}
            (400.., "unlinked") if !self.again => player.link().await?,
            // The old link is still there, dead or not yet known to be.
            (400.., "linked" | "relink_required") if self.again => player.link().await?,
            _ => return Err(format!("the page says {}, the link is {link}", page.status)),
        }
        settle(player).await
    }
}

#[tokio::test]
async fn a_callback() {
    let world = World::start().await;
    sweep(&world, Callback { again: false }).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_callback_that_renews_a_dead_link() {
    let world = World::start().await;
    sweep(&world, Callback { again: true }).await;
    world.stop().await;
}
