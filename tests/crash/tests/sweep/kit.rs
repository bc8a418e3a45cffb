//! What the scenarios share.

use std::time::Duration;

use crash::{Check, Outcome, Player};
use serde_json::{Value, json};
use stand_in::{Endpoint, Fault};

/// So long after it was issued an access token has expired.
pub(crate) const EXPIRES_AFTER: Duration = Duration::from_secs(2 * 3600);

/// Longer than any request lives, and than the back-off of a first try.
pub(crate) const A_MINUTE: Duration = Duration::from_secs(60);

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
    let check = answered_check(player).await?;
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

/// A check that must be answered.
pub(crate) async fn answered_check(player: &mut Player<'_>) -> Outcome<Check> {
    let check = player.check().await?;
    check.ok_or_else(|| "a check was not answered".to_owned())
}

/// A check that must be answered, while the studio's backend is down.
pub(crate) async fn check_without_studio(player: &mut Player<'_>) -> Outcome<Check> {
    let studio = player.world.studio.as_ref().ok_or("there is no studio")?;
    studio.is_down(true);
    let check = answered_check(player).await;
    studio.is_down(false);
    check
}

/// `check` must show this entitlement as pending, and nothing else.
pub(crate) fn only_pending(check: &Check, id: &str) -> Outcome {
    if check.pending() == [id] {
        Ok(())
    } else {
        Err(format!("one should be pending: {check:?}"))
    }
}

/// Amazon answers `invalid_grant` to a token that is good.
pub(crate) fn invalid_grant() -> Fault {
    Fault::OAuthError {
        error: "invalid_grant".to_owned(),
        description: String::new(),
    }
}

/// `reconcile` does all that is due, and a minute later all that has become due by that.
pub(crate) async fn reconcile_twice(player: &Player<'_>) -> Outcome {
    for _ in 0..2 {
        player.world.pass(A_MINUTE).await?;
        player.world.reconcile().await?;
    }
    Ok(())
}

/// The player's entitlements that have this status now.
pub(crate) async fn with_status(player: &Player<'_>, wanted: &str) -> Outcome<Vec<String>> {
    let history = player.history().await?.into_iter();
    let found = history.filter(|(_, status, _)| status == wanted);
    Ok(found.map(|(id, _, _)| id).collect())
}

/// The answer of a command of an operator, which must be carried out.
pub(crate) async fn invoke(player: &Player<'_>, event: &Value) -> Outcome<Value> {
    let answer = player.world.function("admin").invoke(event).await;
    let answer = answer.map_err(|error| format!("admin failed: {error}"))?;
    if answer["ok"] == true {
        Ok(answer)
    } else {
        Err(format!("{event} was answered {answer}"))
    }
}

/// The offer as it is stored, `null` if it is not.
pub(crate) async fn stored_offer(player: &Player<'_>, sku: &str) -> Outcome<Value> {
    let list = invoke(player, &json!({"command": "offers.list"})).await?;
    let offers = list["offers"].as_array().into_iter().flatten();
    let mut own = offers.filter(|offer| offer["sku"] == sku);
    Ok(own.next().cloned().unwrap_or_default())
}
