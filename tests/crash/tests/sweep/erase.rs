//! `player.erase` and `player.erase_again`, disturbed at every request: repeating the command finishes
//! the erasure, with the same receipt, and the end is the same. Nothing names the player, and the offer
//! stays used up.

use crash::{Outcome, Player, Scenario, World, sweep};
use serde_json::{Value, json};

use crate::kit::{A_MINUTE, answered_check, half_delivered};

struct Erase;

/// How often an operator repeats the command. A lease of a dead process is in its way for a while.
const TRIES: usize = 4;

fn order(player: &Player<'_>, request: &str) -> Value {
    json!({
        "command": "player.erase", "player_id": player.id, "actor": "ada", "reason": "a sweep",
        "request_id": format!("{request} {}", player.id)
    })
}

async fn invoke(player: &Player<'_>, event: &Value) -> Outcome<Value> {
    let answer = player.world.function("admin").invoke(event).await;
    answer.map_err(|error| format!("admin failed: {error}"))
}

async fn erased(player: &Player<'_>, event: &Value) -> Outcome<Value> {
    let mut last = Value::Null;
    for _ in 0..TRIES {
        last = invoke(player, event).await?;
        if last["ok"] == true {
            return Ok(last);
        }
        player.world.pass(A_MINUTE).await?;
    }
    Err(format!("{event} was answered {last}"))
}

impl Scenario for Erase {
    /// The command.
    type Ready<'w> = Value;

    fn function(&self) -> &'static str {
        "admin"
    }

    /// Four short-lived rows, a link, three entitlements, two guards, an audit record, an account.
    fn least(&self) -> usize {
        30
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Value> {
        half_delivered(player).await?;
        let hold = json!({
            "command": "link.retry", "player_id": player.id, "actor": "ada",
            "reason": "her mother called", "request_id": format!("retry {}", player.id)
        });
        invoke(player, &hold).await?;
        Ok(order(player, "erase"))
    }

    async fn act<'w>(&self, player: &mut Player<'w>, event: &mut Value) -> Outcome {
        // It is what is disturbed.
        let _ = player.world.function("admin").invoke(event).await;
        Ok(())
    }

    async fn recover<'w>(&self, player: &mut Player<'w>, event: Value) -> Outcome {
        let world = player.world;
        let answer = erased(player, &event).await?;
        if invoke(player, &event).await? != answer {
            return Err("the same request was answered otherwise".to_owned());
        }
        let receipts = world.receipts().await?;
        if !receipts
            .iter()
            .eq([answer["receipt_id"].as_str().unwrap_or_default()])
        {
            return Err(format!(
                "the receipts are {receipts:?}, and {answer} was given"
            ));
        }
        is_named_nowhere(player).await?;
        comes_back(player).await
    }
}

/// The erasure of a player whom a backup has brought back.
struct EraseAgain;

struct Restored<'w> {
    event: Value,
    receipt: Value,
    /// A player who was not erased.
    other: Player<'w>,
}

impl Scenario for EraseAgain {
    type Ready<'w> = Restored<'w>;

    fn function(&self) -> &'static str {
        "admin"
    }

    /// Two tables and the markers, a link, three entitlements, two guards, an audit record, an account.
    fn least(&self) -> usize {
        30
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Restored<'w>> {
        let world = player.world;
        half_delivered(player).await?;
        let mut other = Player::new(world);
        other.link().await?;
        answered_check(&mut other).await?;
        let backup = world.backup().await?;
        let receipt = erased(player, &order(player, "erase")).await?["receipt_id"].clone();
        world.restore(backup).await?;
        let event = json!({
            "command": "player.erase_again", "actor": "ada", "reason": "a sweep",
            "request_id": format!("again {}", player.id)
        });
        Ok(Restored {
            event,
            receipt,
            other,
        })
    }

    async fn act<'w>(&self, player: &mut Player<'w>, ready: &mut Restored<'w>) -> Outcome {
        // It is what is disturbed.
        let _ = player.world.function("admin").invoke(&ready.event).await;
        Ok(())
    }

    async fn recover<'w>(&self, player: &mut Player<'w>, ready: Restored<'w>) -> Outcome {
        let Restored {
            event,
            receipt,
            mut other,
        } = ready;
        let answer = erased(player, &event).await?;
        if answer["cursor"] != Value::Null || answer.get("failed").is_some() {
            return Err(format!("not everything was erased: {answer}"));
        }
        if invoke(player, &event).await? != answer {
            return Err("the same request was answered otherwise".to_owned());
        }
        is_named_nowhere(player).await?;
        if player
            .world
            .receipts()
            .await?
            .iter()
            .any(|it| receipt != **it)
        {
            return Err(format!("there are other receipts than {receipt}"));
        }
        if answered_check(&mut other).await?.link != "linked" {
            return Err("a player who was never erased has lost the link".to_owned());
        }
        comes_back(player).await
    }
}

async fn is_named_nowhere(player: &Player<'_>) -> Outcome {
    let names = [
        player.id.as_str(),
        &player.account_id,
        "her mother called",
        &player.name,
    ];
    let left = player.world.naming(&names).await?;
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("these name the player still: {left:?}"))
    }
}

/// The player links again, and has used up what was used up.
async fn comes_back(player: &mut Player<'_>) -> Outcome {
    player.link().await?;
    player.claim("starter-pack");
    player.claim("season-1:hat");
    let check = answered_check(player).await?;
    if check.pending().is_empty() {
        Ok(())
    } else {
        Err(format!("an offer can be had twice: {check:?}"))
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_erases_a_player() {
    let world = World::start().await;
    sweep(&world, Erase).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_erases_a_restored_player_again() {
    let world = World::start().await;
    sweep(&world, EraseAgain).await;
    world.stop().await;
}
