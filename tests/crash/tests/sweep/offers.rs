//! A command about an offer: the change and its audit record are both there, or neither is. Repeating the
//! command under its request id finishes what the crash left, and the player gets the reward in the end.

use crash::{Outcome, Player, Scenario, World, settle, sweep};
use serde_json::{Value, json};

use crate::kit::{answered_check, invoke, stored_offer};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    Put,
    Pause,
    Resume,
    Delete,
}

impl Command {
    const fn name(self) -> &'static str {
        match self {
            Self::Put => "offers.put",
            Self::Pause => "offers.pause",
            Self::Resume => "offers.resume",
            Self::Delete => "offers.delete",
        }
    }
}

/// An offer for this player alone, because a command about an offer touches every player of it.
fn sku(player: &Player<'_>) -> String {
    format!("pack-{}", player.id)
}

fn put(player: &Player<'_>, title: &str, is_paused: bool) -> Value {
    let offer = json!({"sku": sku(player), "title": title, "content": {}, "paused": is_paused});
    json!({"command": "offers.put", "offers": [offer]})
}

/// How often this command is in the offer's trail.
async fn done(player: &Player<'_>, command: Command) -> Outcome<usize> {
    let trail = player.world.audits_of_offer(&sku(player)).await?;
    Ok(trail.iter().filter(|name| *name == command.name()).count())
}

/// A command about an offer.
struct Steer(Command);

struct Ready {
    event: Value,
    before: Value,
    /// How often the command is in the trail before.
    earlier: usize,
}

impl Scenario for Steer {
    type Ready<'w> = Ready;

    fn function(&self) -> &'static str {
        "admin"
    }

    /// Look the request id up, read the offer, write.
    fn least(&self) -> usize {
        3
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<Ready> {
        let is_paused = self.0 == Command::Resume;
        invoke(player, &put(player, "before", is_paused)).await?;
        player.link().await?;
        player.claim(&sku(player));
        // What is pending is not granted: the operator acts first.
        answered_check(player).await?;
        let mut event = match self.0 {
            Command::Put => put(player, "after", false),
            command => json!({"command": command.name(), "sku": sku(player)}),
        };
        event["actor"] = json!("ada");
        event["reason"] = json!("a sweep");
        event["request_id"] = json!(format!("steer {}", player.id));
        Ok(Ready {
            event,
            before: stored_offer(player, &sku(player)).await?,
            earlier: done(player, self.0).await?,
        })
    }

    async fn act<'w>(&self, player: &mut Player<'w>, ready: &mut Ready) -> Outcome {
        // It is what is disturbed.
        let _ = player.world.function("admin").invoke(&ready.event).await;
        Ok(())
    }

    async fn recover<'w>(&self, player: &mut Player<'w>, ready: Ready) -> Outcome {
        let Ready {
            event,
            before,
            earlier,
        } = ready;
        let is_changed = stored_offer(player, &sku(player)).await? != before;
        let is_audited = done(player, self.0).await? > earlier;
        if is_changed != is_audited {
            return Err(format!("changed: {is_changed}, audited: {is_audited}"));
        }
        let answer = invoke(player, &event).await?;
        if invoke(player, &event).await? != answer {
            return Err("the same request was answered otherwise".to_owned());
        }
        if stored_offer(player, &sku(player)).await? == before
            || done(player, self.0).await? != earlier + 1
        {
            return Err("it was not done once".to_owned());
        }
        if self.0 == Command::Pause {
            let check = answered_check(player).await?;
            if !check.pending().is_empty() {
                return Err(format!("the offer is paused: {check:?}"));
            }
        }
        if self.0 != Command::Resume {
            invoke(player, &put(player, "again", false)).await?;
        }
        settle(player).await
    }
}

async fn swept(command: Command) {
    let world = World::start().await;
    sweep(&world, Steer(command)).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_puts_an_offer() {
    swept(Command::Put).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_pauses_an_offer() {
    swept(Command::Pause).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_resumes_an_offer() {
    swept(Command::Resume).await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn an_operator_deletes_an_offer() {
    swept(Command::Delete).await;
}
