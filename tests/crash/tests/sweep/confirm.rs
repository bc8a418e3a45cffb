//! The game confirms what it has granted.

use std::time::Duration;

use crash::{Outcome, Player, Scenario, World, settle, sweep};

use crate::kit::{EXPIRES_AFTER, granted};

pub(crate) struct Confirm {
    /// So long the game takes to grant.
    pub(crate) takes: Duration,
}

impl Scenario for Confirm {
    /// What is granted.
    type Ready<'w> = Vec<String>;
    fn function(&self) -> &'static str {
        "fulfillments"
    }

    /// For each of two: store the delivery, report it, store the report; and once, read the link.
    fn least(&self) -> usize {
        7
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Vec<String>> {
        let granted = granted(player).await?;
        player.world.pass(self.takes).await?;
        Ok(granted)
    }

    async fn act<'w>(&self, player: &mut Player<'w>, granted: &mut Vec<String>) -> Outcome {
        player.confirm(granted).await.map(drop)
    }

    /// The game confirms all of it again.
    async fn recover<'w>(&self, player: &mut Player<'w>, granted: Vec<String>) -> Outcome {
        match player.confirm(&granted).await?[..] {
            [] => settle(player).await,
            _ => Err("it can't be confirmed again".to_owned()),
        }
    }
}

#[tokio::test]
async fn a_confirmation() {
    let world = World::start().await;
    let takes = Duration::ZERO;
    sweep(&world, Confirm { takes }).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_confirmation_that_refreshes_where_refresh_tokens_rotate() {
    let world = World::start().await;
    world.amazon.rotate_refresh_tokens(true);
    let takes = EXPIRES_AFTER;
    sweep(&world, Confirm { takes }).await;
    world.stop().await;
}
