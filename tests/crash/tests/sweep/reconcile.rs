//! `reconcile` finishes the work of players who do not come back.

use std::time::Duration;

use crash::{Outcome, Player, Scenario, World, settle, sweep};
use stand_in::{Endpoint, Fault};

use crate::kit::{
    A_MINUTE, EXPIRES_AFTER, answered_check, half_delivered, invalid_grant, reconcile_twice,
    with_status,
};

/// Something was delivered that Amazon could not be told of.
pub(crate) struct Report {
    /// So long ago.
    pub(crate) away: Duration,
    pub(crate) least: usize,
}

impl Scenario for Report {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "reconcile"
    }

    /// Look what is due, take it, read whose account it is, and the link, look the report up,
    /// report, write that down, look again. With expired tokens: take the right to refresh,
    /// refresh, store.
    fn least(&self) -> usize {
        self.least
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        half_delivered(player).await?;
        player.world.pass(self.away).await
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.world.reconcile_once().await;
        Ok(())
    }
}

/// The same, and the player has unlinked since.
struct Remnant;

impl Scenario for Remnant {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "reconcile"
    }

    /// As above, but there is no link of the account, and the remnant is read instead; and to
    /// look after that: take it, read it, read what is open, put it off.
    fn least(&self) -> usize {
        14
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        half_delivered(player).await?;
        let fault = Fault::ItemResult("ERROR".to_owned());
        player.world.amazon.fault(Endpoint::Fulfill, fault, 1);
        if !player.unlink().await? {
            return Err("unlinking is not answered".to_owned());
        }
        match player.world.remnants().await? {
            1 => player.world.pass(EXPIRES_AFTER).await,
            _ => Err("unlinking left no remnant".to_owned()),
        }
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.world.reconcile_once().await;
        Ok(())
    }

    /// All is reported without a link, also what is delivered only now; then no tokens are left.
    async fn recover<'w>(&self, player: &mut Player<'w>, (): ()) -> Outcome {
        let check = answered_check(player).await?;
        player.deliver(&check).await?;
        reconcile_twice(player).await?;
        let left = with_status(player, "delivered").await?;
        if !left.is_empty() {
            return Err(format!("not reported without a link: {left:?}"));
        }
        player.world.pass(Duration::from_secs(3700)).await?;
        player.world.reconcile().await?;
        match player.world.remnants().await? {
            0 => settle(player).await,
            _ => Err("a remnant is left that no report needs".to_owned()),
        }
    }
}

/// The player has removed the app at Amazon: its account can't be spoken for.
pub(crate) struct Dead {
    /// Whether that was found out, what there was to report is parked, and the player has linked
    /// again.
    pub(crate) is_linked_again: bool,
}

impl Scenario for Dead {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "reconcile"
    }

    /// Take the report, find its link, take the right to refresh, refresh in vain, mark the link
    /// dead, park. Or: take what was parked, read it, take the report, forget that it was parked,
    /// find the link, look up, report, write that down.
    fn least(&self) -> usize {
        if self.is_linked_again { 11 } else { 9 }
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        half_delivered(player).await?;
        player.world.amazon.revoke(&player.account);
        player.world.pass(EXPIRES_AFTER).await?;
        if self.is_linked_again {
            player.world.reconcile().await?;
            player.link().await?;
        }
        Ok(())
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.world.reconcile_once().await;
        Ok(())
    }

    /// Where the player links again, `reconcile` does the rest.
    async fn recover<'w>(&self, player: &mut Player<'w>, (): ()) -> Outcome {
        if !self.is_linked_again {
            return settle(player).await;
        }
        reconcile_twice(player).await?;
        match with_status(player, "delivered").await?[..] {
            [] => settle(player).await,
            _ => Err("what was parked is not reported".to_owned()),
        }
    }
}

/// Amazon has called a good token `invalid_grant`; an hour later it is tried again.
struct SecondLook;

impl Scenario for SecondLook {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "reconcile"
    }

    /// Take the second look, read the link, take the right to refresh, refresh, look what is
    /// parked, revive the link, forget the look; take what was parked, read it, take the report,
    /// forget that it was parked, find the link, look up, report, write that down.
    fn least(&self) -> usize {
        17
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        half_delivered(player).await?;
        let world = player.world;
        world.pass(EXPIRES_AFTER).await?;
        world.amazon.fault(Endpoint::Token, invalid_grant(), 1);
        world.reconcile().await?;
        match player.link_status().await?.as_str() {
            "relink_required" => world.pass(Duration::from_secs(3700)).await,
            link => Err(format!("the link should be dead, and is {link}")),
        }
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.world.reconcile_once().await;
        Ok(())
    }

    /// No player has to link again, and what was parked is reported.
    async fn recover<'w>(&self, player: &mut Player<'w>, (): ()) -> Outcome {
        reconcile_twice(player).await?;
        let link = player.link_status().await?;
        let parked = with_status(player, "delivered").await?;
        if link == "linked" && parked.is_empty() {
            settle(player).await
        } else {
            Err(format!("the link is {link}, not reported are {parked:?}"))
        }
    }
}

/// Amazon calls a good token `invalid_grant`, and what that leads to is disturbed.
struct KeptAside;

impl Scenario for KeptAside {
    type Ready<'w> = ();
    fn function(&self) -> &'static str {
        "reconcile"
    }

    /// Take the report, find its link in two steps, take the right to refresh, refresh in vain,
    /// keep the tokens aside, park.
    fn least(&self) -> usize {
        9
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome {
        half_delivered(player).await?;
        player.world.pass(EXPIRES_AFTER).await?;
        player
            .world
            .amazon
            .fault(Endpoint::Token, invalid_grant(), 1);
        Ok(())
    }

    async fn act<'w>(&self, player: &mut Player<'w>, (): &mut ()) -> Outcome {
        player.world.reconcile_once().await;
        Ok(())
    }

    /// However far it came: an hour later the link serves, and all is reported.
    async fn recover<'w>(&self, player: &mut Player<'w>, (): ()) -> Outcome {
        player.world.pass(A_MINUTE).await?;
        player.world.reconcile().await?;
        player.world.pass(Duration::from_secs(3700)).await?;
        player.world.reconcile().await?;
        player.world.pass(A_MINUTE).await?;
        player.world.reconcile().await?;
        let link = player.link_status().await?;
        let left = with_status(player, "delivered").await?;
        if link == "linked" && left.is_empty() {
            settle(player).await
        } else {
            Err(format!("the link is {link}, not reported are {left:?}"))
        }
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn reconcile_keeps_tokens_aside() {
    let world = World::start().await;
    sweep(&world, KeptAside).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn reconcile_takes_the_second_look() {
    let world = World::start().await;
    sweep(&world, SecondLook).await;
    world.stop().await;
}

#[tokio::test]
async fn reconcile_reports() {
    let world = World::start().await;
    let (away, least) = (A_MINUTE, 8);
    sweep(&world, Report { away, least }).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn reconcile_refreshes_where_refresh_tokens_rotate() {
    let world = World::start().await;
    world.amazon.rotate_refresh_tokens(true);
    let (away, least) = (EXPIRES_AFTER, 11);
    sweep(&world, Report { away, least }).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn reconcile_reports_for_who_has_unlinked() {
    let world = World::start().await;
    sweep(&world, Remnant).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn reconcile_parks_reports_that_have_no_link() {
    let world = World::start().await;
    let is_linked_again = false;
    sweep(&world, Dead { is_linked_again }).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn reconcile_wakes_what_was_parked() {
    let world = World::start().await;
    let is_linked_again = true;
    sweep(&world, Dead { is_linked_again }).await;
    world.stop().await;
}
