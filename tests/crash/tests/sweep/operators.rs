//! An operator's command: the change and its audit record are both there, or neither is. Repeating
//! the command under its request id finishes what the crash left, and does nothing twice.

use crash::{Outcome, Player, Scenario, World, settle, sweep};
use serde_json::{Value, json};

use crate::kit::{answered_check, granted, half_delivered, invoke, stored_offer};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    Release,
    Hold,
    Reassign,
    Rereport,
    Unlink,
    Retry,
    ReleaseMany,
    Correct,
}

impl Command {
    const fn name(self) -> &'static str {
        match self {
            Self::Release => "entitlement.release",
            Self::Hold => "entitlement.hold",
            Self::Reassign => "entitlement.reassign",
            Self::Rereport => "entitlement.rereport",
            Self::Unlink => "player.unlink",
            Self::Retry => "link.retry",
            Self::ReleaseMany => "attention.release",
            Self::Correct => "offers.correct",
        }
    }
}

struct Ready {
    /// The entitlement that the command is about.
    id: String,
    event: Value,
    /// What the command changes, as it is before.
    before: String,
}

/// A command of an operator.
struct Operate(Command);

/// A player of whom the service has never heard, and who never comes.
fn newcomer(player: &Player<'_>) -> String {
    format!("{}-new", player.id)
}

/// An offer for this player alone, because a command about many must not touch the other players.
fn own_sku(player: &Player<'_>) -> String {
    format!("pack-{}", player.id)
}

/// What the command changes, as an outsider sees it.
async fn seen(command: Command, player: &Player<'_>, id: &str) -> Outcome<String> {
    if command == Command::Unlink {
        return player.link_status().await;
    }
    if command == Command::Correct {
        let get = json!({"command": "entitlement.get", "entitlement_id": id});
        return Ok(invoke(player, &get).await?["entitlement"]["title"].to_string());
    }
    let history = player.history().await?;
    let found = history.into_iter().find(|(known, _, _)| known == id);
    Ok(format!(
        "{:?}",
        found.map(|(_, status, reason)| (status, reason))
    ))
}

/// The offer gets a title of its own for this player, and what was released has the one before.
async fn rename_the_offer(player: &Player<'_>) -> Outcome {
    let mut offer = stored_offer(player, "starter-pack").await?;
    offer["title"] = json!(format!("For {}", player.id));
    let put = json!({"command": "offers.put", "offers": [offer]});
    invoke(player, &put).await.map(drop)
}

fn order(command: Command, player: &Player<'_>, id: &str, request: &str) -> Value {
    let mut event = json!({
        "command": command.name(), "actor": "ada", "reason": "a sweep",
        "request_id": format!("{request} {}", player.id)
    });
    match command {
        Command::Unlink | Command::Retry => event["player_id"] = json!(player.id),
        Command::Correct => event["sku"] = json!("starter-pack"),
        Command::Reassign => {
            event["entitlement_id"] = json!(id);
            event["from_player_id"] = json!(player.id);
            event["to_player_id"] = json!(newcomer(player));
        }
        Command::Release | Command::Hold | Command::Rereport => {
            event["player_id"] = json!(player.id);
            event["entitlement_id"] = json!(id);
        }
        Command::ReleaseMany => {
            event["held"] = json!("duplicate_offer");
            event["sku"] = json!(own_sku(player));
        }
    }
    event
}

impl Operate {
    /// What the audit trail has of the command, without what prepared it.
    async fn audits(&self, player: &Player<'_>) -> Outcome<Vec<String>> {
        let mut audits = player.world.audits(&player.id).await?;
        if self.0 == Command::Correct {
            audits.retain(|command| command != Command::Release.name());
        }
        Ok(audits)
    }
}

impl Scenario for Operate {
    type Ready<'w> = Ready;

    fn function(&self) -> &'static str {
        "admin"
    }

    /// Look the request id up, read what the command is about, write.
    fn least(&self) -> usize {
        match self.0 {
            Command::Hold | Command::Retry => 3,
            Command::Release => 5,
            // The request id, the offer, the shards, the record and its change, the answer.
            Command::Correct => 6,
            Command::Rereport => 6,
            Command::Unlink => 8,
            Command::Reassign => 9,
            // It looks at 8 shards, too.
            Command::ReleaseMany => 14,
        }
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Ready> {
        let id = match self.0 {
            Command::Release => {
                granted(player).await?;
                let second = player.claim("starter-pack");
                player.world.pass(crate::kit::A_MINUTE).await?;
                answered_check(player).await?;
                second
            }
            Command::ReleaseMany => {
                let sku = own_sku(player);
                let offers = json!([{"sku": sku, "title": "Pack", "content": {}}]);
                let put = json!({"command": "offers.put", "offers": offers});
                invoke(player, &put).await?;
                player.link().await?;
                player.claim(&sku);
                let first = answered_check(player).await?.pending();
                player.grant(&first);
                let second = player.claim(&sku);
                player.world.pass(crate::kit::A_MINUTE).await?;
                answered_check(player).await?;
                second
            }
            Command::Rereport => {
                let granted = granted(player).await?;
                player.confirm(&granted).await?;
                granted[0].clone()
            }
            Command::Hold | Command::Reassign => {
                player.link().await?;
                let id = player.claim("starter-pack");
                // It is not granted: an operator decides first.
                answered_check(player).await?;
                id
            }
            Command::Correct => {
                granted(player).await?;
                let second = player.claim("starter-pack");
                player.world.pass(crate::kit::A_MINUTE).await?;
                answered_check(player).await?;
                // It is released, and no check has answered it since.
                invoke(player, &order(Command::Release, player, &second, "before")).await?;
                rename_the_offer(player).await?;
                second
            }
            Command::Unlink | Command::Retry => {
                half_delivered(player).await?;
                String::new()
            }
        };
        let event = order(self.0, player, &id, "first");
        let before = seen(self.0, player, &id).await?;
        Ok(Ready { id, event, before })
    }

    async fn act<'w>(&self, player: &mut Player<'w>, ready: &mut Ready) -> Outcome {
        // It is what is disturbed.
        let _ = player.world.function("admin").invoke(&ready.event).await;
        Ok(())
    }

    async fn recover<'w>(&self, player: &mut Player<'w>, ready: Ready) -> Outcome {
        let Ready { id, event, before } = ready;
        let audits = self.audits(player).await?;
        let is_changed = seen(self.0, player, &id).await? != before;
        if self.0 != Command::Retry && is_changed != (audits.len() == 1) {
            return Err(format!(
                "changed: {is_changed}, and the audit has {audits:?}"
            ));
        }
        let answer = invoke(player, &event).await?;
        if invoke(player, &event).await? != answer {
            return Err("the same request was answered otherwise".to_owned());
        }
        let audits = self.audits(player).await?;
        if audits != [self.0.name()] {
            return Err(format!("done once, and the audit has {audits:?}"));
        }
        match self.0 {
            Command::Hold => {
                invoke(player, &order(Command::Release, player, &id, "second")).await?;
            }
            Command::Reassign => {
                // Back again, so that the player can have it.
                let mut back = order(Command::Reassign, player, &id, "second");
                back["from_player_id"] = json!(newcomer(player));
                back["to_player_id"] = json!(player.id);
                invoke(player, &back).await?;
            }
            _ => {}
        }
        settle(player).await
    }
}

async fn swept(command: Command) {
    let world = World::start().await;
    sweep(&world, Operate(command)).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_releases() {
    swept(Command::Release).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_releases_many() {
    swept(Command::ReleaseMany).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_holds() {
    swept(Command::Hold).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_moves_an_entitlement() {
    swept(Command::Reassign).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_has_it_reported_again() {
    swept(Command::Rereport).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_unlinks() {
    swept(Command::Unlink).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_lets_a_link_be_tried_at_once() {
    swept(Command::Retry).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_corrects_what_nobody_has_seen() {
    swept(Command::Correct).await;
}
