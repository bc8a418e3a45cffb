//! Carries out an action.

use reqwest::Method;
use serde_json::json;
use stand_in::Amazon;

use super::Console;
use super::action::{Action, Kill};
use super::calls::{Api, failure};
use super::game::Player;
use crate::demo;

/// What was said of an action that was carried out, or why it was refused: a sentence.
pub(super) type Said = Result<String, String>;

impl Console {
    /// Carries out an action, and adds it to the script if it was not refused. What the system answers is
    /// no refusal: a check that is killed was carried out.
    ///
    /// # Errors
    /// Why it is refused, and what would be right.
    pub async fn act(&self, action: Action) -> Said {
        let _turn = self.0.turn.lock().await;
        action.check().map_err(|wrong| wrong.to_string())?;
        if let Some(player) = action.player() {
            self.must_know(player)?;
        }
        let mut said = self.carry_out(&action).await?;
        if let Some(missed) = self.onlooker().take_missed() {
            said = format!("{said} {missed}");
        }
        self.script().push(action);
        self.hear();
        Ok(said)
    }

    async fn carry_out(&self, action: &Action) -> Said {
        match action {
            Action::Player { player, name } => self.add_player(player, name),
            Action::Link { player, account } => self.link(player, account).await,
            Action::Claim { account, sku } => {
                self.amazon()?.claim(account, sku);
                Ok(format!("{account} claimed {sku}."))
            }
            Action::Check { player } => self.check(player).await,
            Action::Confirm { player } => self.confirm(player).await,
            Action::Unlink { player } => self.unlink(player).await,
            Action::Reconcile {} => self.reconcile().await,
            Action::Revoke { account } => {
                self.account(account)?.revoke(account);
                Ok(format!("{account} removed the app at Amazon."))
            }
            Action::Withdraw { account, sku } => {
                let withdrawn = self.account(account)?.withdraw(account, sku);
                let refusal =
                    || format!("{account} has no {sku} that was not reported; claim one first");
                withdrawn.ok_or_else(refusal)?;
                Ok(format!("Amazon took {sku} back from {account}."))
            }
            Action::Fault {
                endpoint,
                fault,
                times,
            } => {
                self.amazon()?.fault(*endpoint, fault.clone(), *times);
                Ok(match times {
                    1 => "The next request there will go wrong.".to_owned(),
                    times => format!("The next {times} requests there will go wrong."),
                })
            }
            Action::ClearFaults {} => {
                self.amazon()?.clear_faults();
                Ok("No fault waits any more.".to_owned())
            }
            Action::Behave { change } => {
                self.amazon()?.change_behaviour(change)?;
                let names: Vec<_> = change.keys().map(String::as_str).collect();
                Ok(format!(
                    "Amazon's behaviour was changed: {}.",
                    names.join(", ")
                ))
            }
            Action::Game(habits) => {
                self.game().habits = *habits;
                Ok("The game has changed its habits.".to_owned())
            }
            Action::Forward { seconds } => self.forward(*seconds).await,
            Action::Kill(kill) => self.arm(kill).await,
            Action::Spare {} => {
                self.release_gates();
                Ok("Nothing will be disturbed.".to_owned())
            }
        }
    }

    fn amazon(&self) -> Result<&Amazon, String> {
        let amazon = self.place().amazon.as_ref();
        amazon.ok_or_else(|| {
            "Amazon is not the stand-in here: start without Amazon's addresses".to_owned()
        })
    }

    /// The stand-in, if it knows this account.
    fn account(&self, account: &str) -> Result<&Amazon, String> {
        let amazon = self.amazon()?;
        let known = amazon.claims();
        if known.iter().any(|it| it.account == account) {
            return Ok(amazon);
        }
        Err(format!(
            "`account` is {account}, which has neither linked nor claimed"
        ))
    }

    fn must_know(&self, player: &str) -> Result<(), String> {
        let game = self.game();
        if game.player(player).is_some() {
            return Ok(());
        }
        let known: Vec<_> = game.players.iter().map(|it| it.id.as_str()).collect();
        Err(format!(
            "`player` is {player}; the game's players are {}",
            known.join(", ")
        ))
    }

    fn add_player(&self, id: &str, name: &str) -> Said {
        let mut game = self.game();
        if game.player(id).is_some() {
            return Err(format!("`player` is {id}, which the game has already"));
        }
        game.players.push(Player::new(id, name));
        Ok(format!("The game has the player {name}."))
    }

    pub(super) fn name(&self, player: &str) -> String {
        let game = self.game();
        let player = game.player(player);
        player.map_or_else(String::new, |player| player.name.clone())
    }

    pub(super) fn api(&self, player: &str) -> Result<Api<'_>, String> {
        let token = self.token(player, &self.name(player));
        Ok(Api {
            http: &self.0.http,
            base_url: &self.place().api,
            token: token.map_err(|error| error.to_string())?,
        })
    }

    async fn link(&self, player: &str, account: &str) -> Said {
        let amazon = self.amazon()?.base_url();
        let name = self.name(player);
        let token = self
            .token(player, &name)
            .map_err(|error| error.to_string())?;
        let linking = demo::Linking {
            api: &self.place().api,
            amazon: &amazon,
            token,
            name: &name,
            account,
        };
        Ok(match demo::link(linking).await {
            Ok(()) => {
                let linked = self.account_of(player).await;
                let linked = linked.map_err(|error| error.to_string())?;
                format!(
                    "{name} linked the Amazon account {}.",
                    linked.as_deref().unwrap_or(account)
                )
            }
            Err(failure) => format!(
                "{name} could not link {account}. {}: expected {}, got {}",
                failure.step, failure.expected, failure.got
            ),
        })
    }

    async fn unlink(&self, player: &str) -> Said {
        let name = self.name(player);
        let api = self.api(player)?;
        Ok(match api.call(Method::DELETE, "/v1/link", None).await {
            Ok(answer) if answer.status == 204 => format!("{name} is unlinked."),
            failed => failure(&format!("{name}'s unlinking"), failed),
        })
    }

    async fn reconcile(&self) -> Said {
        let functions = &self.place().functions;
        let reconcile = functions.get("reconcile").ok_or("there is no reconcile")?;
        Ok(match reconcile.invoke(&json!({})).await {
            Ok(answer) => {
                let count = |name: &str| answer[name].as_u64().unwrap_or(0);
                format!(
                    "reconcile took {}, {} failed, {} are left.",
                    count("taken"),
                    count("failed"),
                    count("left")
                )
            }
            Err(error) => format!(
                "reconcile had no answer: {}.",
                first_line(&error.to_string())
            ),
        })
    }

    fn release_gates(&self) {
        for gate in self.onlooker().gates.values() {
            // That it was not reached is no news here.
            let _ = gate.release();
        }
    }

    async fn arm(&self, kill: &Kill) -> Said {
        let function = self.place().functions.get(&kill.function);
        let function = function.ok_or_else(|| format!("there is no {}", kill.function))?;
        self.release_gates();
        // A process that starts opens connections; those are not what is counted.
        function.warm().await.map_err(|error| error.to_string())?;
        let gate = self.onlooker().gates.get(&kill.function);
        let gate = gate.ok_or_else(|| format!("nothing stands before {}", kill.function))?;
        gate.arm(function, kill.mode, kill.at);
        Ok(format!(
            "The next invocation of {} will be disturbed at its request number {}.",
            kill.function, kill.at
        ))
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
