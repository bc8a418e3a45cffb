//! What can be done on the console, as JSON. None names an entitlement's id, so a script of them can be
//! replayed.

use prime_gaming::domain::PlayerId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stand_in::{Behaviour, Endpoint, Fault};

use crate::proxy::Mode;

/// The functions that can be killed.
pub const FUNCTIONS: [&str; 5] = ["admin", "entitlements", "fulfillments", "link", "reconcile"];

/// How far the clock can jump at once, in seconds: a minute to 31 days.
const JUMPS: std::ops::RangeInclusive<u64> = 60..=31 * 24 * 60 * 60;

/// The longest id or name: pages show no more.
const LONGEST_TEXT: usize = 40;

/// How often a fault can be asked for at once.
const MOST_TIMES: u32 = 1000;

/// The last request that can be the one to kill at.
const LAST_REQUEST: usize = 1000;

/// One action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The game gets one player more.
    Player {
        /// The studio's id.
        player: String,
        /// The name that pages show.
        name: String,
    },
    /// The player links this Amazon account: session, browser and consent in one.
    Link {
        /// Who.
        player: String,
        /// The account's short name at the stand-in.
        account: String,
    },
    /// The account claims an offer.
    Claim {
        /// The account's short name.
        account: String,
        /// The offer.
        sku: String,
    },
    /// The game checks, and saves what it is to grant.
    Check {
        /// Whose game.
        player: String,
    },
    /// The game confirms all that it was shown and has not confirmed.
    Confirm {
        /// Whose game.
        player: String,
    },
    /// The game unlinks its player.
    Unlink {
        /// Who.
        player: String,
    },
    /// `reconcile` runs.
    Reconcile {},
    /// The player removes the app at Amazon.
    Revoke {
        /// The account's short name.
        account: String,
    },
    /// Amazon takes back the newest claim of this offer that was not reported.
    Withdraw {
        /// The account's short name.
        account: String,
        /// The offer.
        sku: String,
    },
    /// The next requests to an address of Amazon's go wrong.
    Fault {
        /// Which address.
        endpoint: Endpoint,
        /// What goes wrong.
        fault: Fault,
        /// With how many requests.
        times: u32,
    },
    /// Drops the faults that still wait.
    ClearFaults {},
    /// Changes how Amazon behaves.
    Behave {
        /// Fields of the stand-in's behaviour.
        change: Map<String, Value>,
    },
    /// Mistakes that a game can make.
    Game(Habits),
    /// The clock jumps forward.
    Forward {
        /// How far.
        seconds: u64,
    },
    /// A function's next invocation meets this at its request of this number.
    Kill(Kill),
    /// Nothing will be killed.
    Spare {},
}

/// What a game does right, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    /// It saves what a check shows at once. Otherwise it saves nothing until the next check.
    pub saves_before_confirming: bool,
    /// It grants each entitlement once, by its id. Otherwise it grants what it is shown each time.
    pub grants_once_per_id: bool,
}

impl Default for Habits {
    /// A game without mistakes.
    fn default() -> Self {
        Self {
            saves_before_confirming: true,
            grants_once_per_id: true,
        }
    }
}

/// Which request of which function is disturbed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// The function.
    pub function: String,
    /// The number of the request, from 1.
    pub at: usize,
    /// What becomes of it.
    pub mode: Mode,
}

/// What is wrong with an action: the field, and a sentence that says what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: &'static str,
    /// The sentence.
    pub sentence: String,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` {}", self.field, self.sentence)
    }
}

impl Action {
    /// What is wrong with it whatever was done before.
    ///
    /// # Errors
    /// The field that is wrong.
    pub fn check(&self) -> Result<(), Wrong> {
        match self {
            Self::Player { player, name } => {
                let id = PlayerId::new(player.as_str());
                id.map_err(|error| wrong("player", format!("can't be an id: {error}")))?;
                is_text("player", player)?;
                is_text("name", name)
            }
            Self::Link { player, account } => {
                is_text("player", player)?;
                is_account(account)
            }
            Self::Claim { account, sku } | Self::Withdraw { account, sku } => {
                is_account(account)?;
                is_text("sku", sku)
            }
            Self::Check { player } | Self::Confirm { player } | Self::Unlink { player } => {
                is_text("player", player)
            }
            Self::Revoke { account } => is_account(account),
            Self::Fault {
                endpoint,
                fault,
                times,
            } => {
                must("times", (1..=MOST_TIMES).contains(times), || {
                    format!("is {times}; it must be from 1 to {MOST_TIMES}")
                })?;
                let checked = fault.check(*endpoint);
                checked.map_err(|what| wrong("fault", format!("can't happen there: {what}")))
            }
            Self::Behave { change } => {
                let changed = Behaviour::default().with(change);
                changed
                    .map(drop)
                    .map_err(|what| wrong("change", format!("can't be made: {what}")))
            }
            Self::Forward { seconds } => must("seconds", JUMPS.contains(seconds), || {
                let (least, most) = JUMPS.into_inner();
                format!("is {seconds}; it must be from {least} to {most}, which are 31 days")
            }),
            Self::Kill(Kill { function, at, .. }) => {
                must("function", FUNCTIONS.contains(&function.as_str()), || {
                    format!("is {function}; it must be one of {}", FUNCTIONS.join(", "))
                })?;
                must("at", (1..=LAST_REQUEST).contains(at), || {
                    format!("is {at}; it must be from 1 to {LAST_REQUEST}")
                })
            }
            Self::Reconcile {} | Self::ClearFaults {} | Self::Game(_) | Self::Spare {} => Ok(()),
        }
    }

    /// The player that it is about, who must be there.
    #[must_use]
    pub fn player(&self) -> Option<&str> {
        match self {
            Self::Link { player, .. }
            | Self::Check { player }
            | Self::Confirm { player }
            | Self::Unlink { player } => Some(player),
            _ => None,
        }
    }
}

fn wrong(field: &'static str, sentence: String) -> Wrong {
    Wrong { field, sentence }
}

fn must(field: &'static str, truth: bool, sentence: impl FnOnce() -> String) -> Result<(), Wrong> {
    if truth {
        Ok(())
    } else {
        Err(wrong(field, sentence()))
    }
}

/// Ids and names are texts that a person can read.
fn is_text(field: &'static str, text: &str) -> Result<(), Wrong> {
    let length = text.chars().count();
    let is_good = (1..=LONGEST_TEXT).contains(&length)
        && text.trim() == text
        && !text.chars().any(char::is_control);
    must(field, is_good, || {
        format!(
            "must have 1 to {LONGEST_TEXT} characters, no control character, and no space at an end"
        )
    })
}

/// The stand-in's pages must take it, or the account could claim, but not be linked.
fn is_account(account: &str) -> Result<(), Wrong> {
    is_text("account", account)?;
    let checked = stand_in::check_account(account);
    checked.map_err(|what| wrong("account", format!("is {account}; {what}")))
}

#[cfg(test)]
mod tests;
