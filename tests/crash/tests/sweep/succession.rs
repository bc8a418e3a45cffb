//! An Amazon account goes from one player to another.

use std::collections::BTreeSet;
use std::time::Duration;

use crash::{Outcome, Player, Scenario, World, sweep};
use stand_in::{Endpoint, Fault};

use crate::kit::{answered_check, half_delivered, with_status};

/// What outlives every lease and the first back-offs.
const A_WHILE: Duration = Duration::from_secs(60);

/// How often both players come back until all must be settled.
const ROUNDS: usize = 6;

/// What is disturbed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The first player unlinks.
    Unlink,
    /// The first player has unlinked, the second has linked, and checks.
    Check,
}

/// The first player got two entitlements of the account: one is not confirmed, and the other is not
/// reported. Then two more of the same two offers are claimed. The second player has had one of the
/// offers before, with another account.
pub(crate) struct Succession(pub(crate) Step);

pub(crate) struct Heir<'w> {
    player: Player<'w>,
    /// What the heir had before.
    before: String,
    /// What is new, and may be given to the heir.
    hat: String,
    /// What is new, but the heir has used the offer up.
    starter_pack: String,
}

impl Scenario for Succession {
    type Ready<'w> = Heir<'w>;

    fn function(&self) -> &'static str {
        match self.0 {
            Step::Unlink => "link",
            Step::Check => "entitlements",
        }
    }

    /// Read the link, read what is open, take the report, look it up, report, write that down,
    /// read what is open, unlink. Or: read the link, take the right to ask, ask Amazon, read what
    /// is open, read the offers, write down five, some in two steps.
    fn least(&self) -> usize {
        match self.0 {
            Step::Unlink => 8,
            Step::Check => 10,
        }
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Heir<'w>> {
        let mut heir = Player::new(player.world);
        heir.link().await?;
        let before = heir.claim("starter-pack");
        let check = answered_check(&mut heir).await?;
        heir.deliver(&check).await?;
        unlink(&heir).await?;

        half_delivered(player).await?;
        let hat = player.claim("season-1:hat");
        let starter_pack = player.claim("starter-pack");
        heir.use_account_of(player);
        if self.0 == Step::Check {
            let fault = Fault::ItemResult("ERROR".to_owned());
            player.world.amazon.fault(Endpoint::Fulfill, fault, 1);
            unlink(player).await?;
            heir.link().await?;
        }
        Ok(Heir {
            player: heir,
            before,
            hat,
            starter_pack,
        })
    }

    async fn act<'w>(&self, player: &mut Player<'w>, heir: &mut Heir<'w>) -> Outcome {
        match self.0 {
            Step::Unlink => player.unlink().await.map(drop),
            Step::Check => heir.player.check().await.map(drop),
        }
    }

    async fn recover<'w>(&self, player: &mut Player<'w>, mut heir: Heir<'w>) -> Outcome {
        player.check().await?;
        if self.0 == Step::Unlink {
            let back = heir.player.consent().await?;
            // It is still the first player's, who tries again to give it away.
            if heir.player.open(&back).await?.status != 200 {
                unlink(player).await?;
                heir.player.link().await?;
            }
        }
        for _ in 0..ROUNDS {
            for each in [&mut heir.player, &mut *player] {
                if let Some(check) = each.check().await? {
                    each.deliver(&check).await?;
                }
            }
            player.world.pass(A_WHILE).await?;
            player.world.reconcile().await?;
        }
        shared_out(player, &heir).await
    }
}

async fn unlink(player: &Player<'_>) -> Outcome {
    if player.unlink().await? {
        Ok(())
    } else {
        Err("unlinking is not answered".to_owned())
    }
}

/// Each has what is theirs, Amazon knows all of it, and the rest is held.
async fn shared_out(first: &Player<'_>, heir: &Heir<'_>) -> Outcome {
    let (world, second) = (first.world, &heir.player);
    let new = [&heir.hat, &heir.starter_pack];
    let old = first.claimed.iter().map(|(id, _)| id);
    // One of these three has no offer.
    let old: BTreeSet<_> = old.filter(|id| !new.contains(id)).cloned().collect();
    let of_first: BTreeSet<_> = world.journal.inventory(&first.id).into_iter().collect();
    let of_second: BTreeSet<_> = world.journal.inventory(&second.id).into_iter().collect();
    if of_first.len() != 2 || !of_first.is_subset(&old) {
        return Err(format!("the first player has {of_first:?} of {old:?}"));
    }
    if of_second != BTreeSet::from([heir.before.clone(), heir.hat.clone()]) {
        return Err(format!("the second player has {of_second:?}"));
    }
    for (player, inventory) in [(first, &of_first), (second, &of_second)] {
        let reported = with_status(player, "reported").await?;
        if reported.into_iter().collect::<BTreeSet<_>>() != *inventory {
            return Err(format!("not all is reported that {} has", player.id));
        }
    }
    let told = world.amazon.fulfilled().into_iter();
    let told: BTreeSet<_> = told.map(|it| it.entitlement_id).collect();
    if !of_first.union(&of_second).all(|id| told.contains(id)) || told.contains(&heir.starter_pack)
    {
        return Err("Amazon was told something else than what they have".to_owned());
    }
    let history = second.history().await?;
    let held = history.iter().find(|(id, _, _)| *id == heir.starter_pack);
    let is_held = held.is_some_and(|(_, status, reason)| {
        (status.as_str(), reason.as_deref()) == ("held", Some("duplicate_offer"))
    });
    let links = [first.link_status().await?, second.link_status().await?];
    if is_held && links == ["unlinked", "linked"] {
        Ok(())
    } else {
        Err(format!("in the end: {links:?}, {held:?}"))
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn unlinking_before_another_player_links() {
    let world = World::start().await;
    sweep(&world, Succession(Step::Unlink)).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_check_after_another_player_unlinked() {
    let world = World::start().await;
    sweep(&world, Succession(Step::Check)).await;
    world.stop().await;
}
