//! After the disturbance: the game and the player go on until all is settled, and then every
//! promise is looked at.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::{Outcome, Player};

/// An SKU that there is no offer for.
pub(crate) const UNKNOWN_SKU: &str = "nobody-knows";

/// How long the game waits before each of its checks: at first the shortest wait between two
/// checks, then what outlives every lease, then what outlives every back-off.
const WAITS: [Duration; 6] = [
    Duration::from_secs(6),
    Duration::from_secs(40),
    Duration::from_secs(40),
    Duration::from_secs(3700),
    Duration::from_secs(3700),
    Duration::from_secs(3700),
];

/// Checks, grants, confirms, links again where that is asked for, and reconciles, until
/// everything that was claimed is settled; then looks at every promise that can be seen from
/// outside.
///
/// # Errors
/// When one is broken, or it is never settled.
pub async fn settle(player: &mut Player<'_>) -> Outcome {
    finish(player).await?;
    kept(player).await
}

async fn finish(player: &mut Player<'_>) -> Outcome {
    let mut missing = Vec::new();
    for wait in WAITS {
        player.world.pass(wait).await?;
        player.world.reconcile().await?;
        let Some(check) = player.check().await? else {
            missing = vec!["a check was not answered".to_owned()];
            continue;
        };
        player.deliver(&check).await?;
        if check.link != "linked" {
            player.link().await?;
            missing = vec![format!("the link was {}", check.link)];
            continue;
        }
        missing = unsettled(player).await?;
        if missing.is_empty() {
            return Ok(());
        }
    }
    Err(format!("it is never settled: {}", missing.join("; ")))
}

/// What of the claimed is neither reported nor, where nothing can be delivered, held.
async fn unsettled(player: &Player<'_>) -> Outcome<Vec<String>> {
    let history = player.history().await?;
    let mut missing = Vec::new();
    for (id, sku) in &player.claimed {
        let found = history.iter().find(|(known, _, _)| known == id);
        let is = found.map(|(_, status, reason)| (status.as_str(), reason.as_deref()));
        let is_settled = if player.taken_back.contains(id) {
            is == Some(("held", Some("withdrawn")))
        } else if sku == UNKNOWN_SKU {
            is == Some(("held", Some("unknown_offer")))
        } else {
            is == Some(("reported", None))
        };
        if !is_settled {
            missing.push(format!("{id} ({sku}) is {is:?}"));
        }
    }
    Ok(missing)
}

async fn kept(player: &Player<'_>) -> Outcome {
    let world = player.world;
    let deliverable = player
        .claimed
        .iter()
        .filter(|(id, sku)| sku != UNKNOWN_SKU && !player.taken_back.contains(id));
    let deliverable: BTreeSet<_> = deliverable.map(|(id, _)| id.clone()).collect();
    same(
        "the inventory",
        &deliverable,
        world.journal.inventory(&player.id),
    )?;

    let fulfilled = world.amazon.fulfilled().into_iter();
    let of_account = fulfilled.filter(|it| it.account_id == player.account_id);
    let told = of_account.map(|it| it.entitlement_id);
    same("what Amazon was told", &deliverable, told)?;

    let known = player.history().await?.into_iter().map(|(id, _, _)| id);
    let claimed = player.claimed.iter().map(|(id, _)| id.clone()).collect();
    same("the history", &claimed, known)?;

    let link = player.link_status().await?;
    if link != "linked" {
        return Err(format!("the link is {link}"));
    }
    world.rows.agree(&player.id, &player.account_id).await
}

fn same(
    what: &str,
    expected: &BTreeSet<String>,
    found: impl IntoIterator<Item = String>,
) -> Outcome {
    let mut all = BTreeSet::new();
    for id in found {
        if !all.insert(id.clone()) {
            return Err(format!("{what} has {id} twice"));
        }
    }
    if all == *expected {
        Ok(())
    } else {
        Err(format!("{what} is {all:?} and should be {expected:?}"))
    }
}
