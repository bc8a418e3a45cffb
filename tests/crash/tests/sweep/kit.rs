//! What the scenarios share.

use std::time::Duration;

use crash::{Outcome, Player};
use stand_in::{Endpoint, Fault};

/// So long after it was issued an access token has expired.
pub(crate) const EXPIRES_AFTER: Duration = Duration::from_secs(2 * 3600);

/// Claims two offers, and something that there is no offer for.
pub(crate) fn claim_all(player: &mut Player<'_>) {
    for sku in ["starter-pack", "nobody-knows", "season-1:hat"] {
        player.claim(sku);
    }
}

/// Links and checks; gives what is pending, granted already.
pub(crate) async fn granted(player: &mut Player<'_>) -> Outcome<Vec<String>> {
    player.link().await?;
    claim_all(player);
    let check = player.check().await?.ok_or("a check was not answered")?;
    let pending = check.pending();
    if pending.len() != 2 {
        return Err(format!("two should be pending: {check:?}"));
    }
    player.grant(&pending);
    Ok(pending)
}

/// Links, checks and confirms one of two, and Amazon does not take the report: one is delivered
/// and to be reported again, the other is pending.
pub(crate) async fn half_delivered(player: &mut Player<'_>) -> Outcome {
    let pending = granted(player).await?;
    let fault = Fault::ItemResult("ERROR".to_owned());
    player.world.amazon.fault(Endpoint::Fulfill, fault, 1);
    match player.confirm(&pending[..1]).await?[..] {
        [] => Ok(()),
        _ => Err("it can't be confirmed".to_owned()),
    }
}

/// The player's entitlements that have this status now.
pub(crate) async fn with_status(player: &Player<'_>, wanted: &str) -> Outcome<Vec<String>> {
    let history = player.history().await?.into_iter();
    let found = history.filter(|(_, status, _)| status == wanted);
    Ok(found.map(|(id, _, _)| id).collect())
}
