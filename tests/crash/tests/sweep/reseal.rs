//! `keys.reseal`, disturbed at every request of every page: repeating the page and going on with its
//! cursor seals everything again with the first key. No token is lost, and no write is without an audit
//! record.

use std::time::Duration;

use crash::{Outcome, Player, Scenario, World, settle, sweep};
use serde_json::{Value, json};
use stand_in::Endpoint;

use crate::kit::{EXPIRES_AFTER, answered_check, half_delivered, invalid_grant, invoke};

/// So many rows a page reads: there are more pages than one.
const LIMIT: usize = 4;

/// After this time tokens that Amazon called `invalid_grant` are tried again.
const SECOND_LOOK: Duration = Duration::from_secs(3700);

struct Reseal;

struct Ready<'w> {
    /// A player whose tokens Amazon called `invalid_grant`.
    other: Player<'w>,
    /// The page that comes next.
    page: Option<Value>,
}

fn first_page(player: &Player<'_>) -> Value {
    json!({
        "command": "keys.reseal", "limit": LIMIT, "actor": "ada", "reason": "a sweep",
        "request_id": format!("reseal {}", player.id)
    })
}

/// The page after the one that had this answer.
fn next_page(page: &Value, answer: &Value) -> Option<Value> {
    let cursor = answer["cursor"].as_str()?;
    let mut next = page.clone();
    let request = page["request_id"].as_str().unwrap_or_default();
    next["request_id"] = json!(format!("{request}, on"));
    next["cursor"] = json!(cursor);
    Some(next)
}

impl Scenario for Reseal {
    type Ready<'w> = Ready<'w>;

    fn function(&self) -> &'static str {
        "admin"
    }

    /// Three pages: look the request id up, count the table, read a page, write the answer. In two of
    /// them: write the first audit record, read a link and write it.
    fn least(&self) -> usize {
        18
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Ready<'w>> {
        let world = player.world;
        half_delivered(player).await?;
        let mut other = Player::new(world);
        other.link().await?;
        world.pass(EXPIRES_AFTER).await?;
        world.amazon.fault(Endpoint::Token, invalid_grant(), 1);
        let check = answered_check(&mut other).await?;
        if check.link != "relink_required" {
            return Err(format!("the link should be dead: {check:?}"));
        }
        world.seal_with_the_old_key().await?;
        let page = Some(first_page(player));
        Ok(Ready { other, page })
    }

    async fn act<'w>(&self, player: &mut Player<'w>, ready: &mut Ready<'w>) -> Outcome {
        while let Some(page) = &ready.page {
            // It is what is disturbed.
            let answer = player.world.function("admin").invoke(page).await;
            match answer {
                Ok(answer) if answer["ok"] == true => ready.page = next_page(page, &answer),
                _ => break,
            }
        }
        Ok(())
    }

    async fn recover<'w>(&self, player: &mut Player<'w>, ready: Ready<'w>) -> Outcome {
        let Ready {
            mut other,
            mut page,
        } = ready;
        let world = player.world;
        let (resealed, _) = world.sealed().await?;
        let audits = world.audits_of_keys().await?;
        if resealed > 0 && audits.is_empty() {
            return Err(format!(
                "{resealed} were sealed again without an audit record"
            ));
        }
        while let Some(now) = page {
            let answer = invoke(player, &now).await?;
            if invoke(player, &now).await? != answer {
                return Err("the same request was answered otherwise".to_owned());
            }
            page = next_page(&now, &answer);
        }
        let sealed = world.sealed().await?;
        if sealed != (2, 0) {
            return Err(format!("sealed with the first key, and not: {sealed:?}"));
        }
        let audits = world.audits_of_keys().await?;
        if audits.is_empty() || audits.iter().any(|command| command != "keys.reseal") {
            return Err(format!("the audit has {audits:?}"));
        }
        world.pass(SECOND_LOOK).await?;
        let check = answered_check(&mut other).await?;
        if check.link != "linked" || !check.fresh {
            return Err(format!("the other player's tokens are lost: {check:?}"));
        }
        settle(player).await
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_seals_tokens_with_a_new_key() {
    let world = World::start().await;
    sweep(&world, Reseal).await;
    world.stop().await;
}
