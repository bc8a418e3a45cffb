//! The console: a page on which one plays with the whole system.
//!
//! ```text
//! page ──▶ routes ──▶ Action ──▶ play ──▶ API, stand-in, functions
//!            │                              │ every request, over proxies
//!            └────── state ◀── feed, ledger, alarms ◀──┘
//! ```
//!
//! - An [`Action`] is what can be done, and a [`script`] a list of them: what was done can be saved, and
//!   replayed with [`replay`].
//! - The `Onlooker` looks on from the beginning: proxies between the functions and what they ask fill the
//!   [`Feed`](feed::Feed), and the [`Ledger`](ledger::Ledger) knows what the game has granted.
//! - Two lamps, LOST and DOUBLED, are computed from what the stand-in and the ledger saw, and never from
//!   the service's own rows alone. The template's [`alarms`] are lamps too.
//!
//! It is served on the API's own port, on loopback. Pages of other names can't use it: its requests need a
//! header that no other page can send, and must name this server.

mod action;
pub mod alarms;
mod calls;
mod checking;
mod exchange;
pub mod feed;
mod forward;
pub mod game;
pub mod ledger;
mod onlooker;
mod play;
pub mod replay;
mod routes;
mod rows;
pub mod script;
mod state;
pub mod time;
mod wrote;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prime_gaming::Clock;
use prime_gaming::domain::Timestamp;
use stand_in::Amazon;

pub use action::{Action, FUNCTIONS, Habits, Kill, Wrong};
use game::Game;
use onlooker::lock;
pub(crate) use onlooker::{Onlooker, Services, loopback_origin};
pub use rows::{Link, Record, Rows};

use crate::Error;
use crate::runtime::Function;

/// How old a player's token becomes. It is valid for a day.
const RENEWED_AFTER: Duration = Duration::from_secs(12 * 60 * 60);

/// Issues the token of a player, by id and name.
pub(crate) type Issue = dyn Fn(&str, &str) -> Result<String, Error> + Send + Sync;

/// The running system, as the console plays with it.
pub(crate) struct Place {
    /// Where the API is: `http://127.0.0.1:PORT`.
    pub(crate) api: String,
    /// The stand-in, unless all of Amazon's addresses were given.
    pub(crate) amazon: Option<Amazon>,
    /// The functions, by their binaries' names.
    pub(crate) functions: BTreeMap<String, Function>,
    /// The tables.
    pub(crate) rows: Rows,
    /// Whether the database is the embedded one.
    pub(crate) has_own_database: bool,
    /// The SKUs that there are offers for.
    pub(crate) offers: Vec<String>,
    /// `confirm` or `webhook`.
    pub(crate) delivery: String,
    /// Whether what the webhook delivers is seen.
    pub(crate) sees_deliveries: bool,
    /// Whether the intake is on hold, so that checks leave out what is new.
    pub(crate) is_on_hold: bool,
    /// Players' tokens.
    pub(crate) issue: Box<Issue>,
    /// The token of a game server.
    pub(crate) issue_to_server: Box<dyn Fn() -> Result<String, Error> + Send + Sync>,
}

/// The console. Clones are the same.
#[derive(Clone)]
pub struct Console(Arc<Shared>);

struct Shared {
    place: Place,
    onlooker: Onlooker,
    http: reqwest::Client,
    script: Mutex<Vec<Action>>,
    /// The players' tokens, each with the time of its issue.
    tokens: Mutex<BTreeMap<String, (Timestamp, String)>>,
    /// One action at a time.
    turn: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Console")
    }
}

impl Console {
    /// The console of a running system. What was delivered before is not its concern.
    pub(crate) async fn new(onlooker: Onlooker, place: Place) -> Result<Self, Error> {
        let fulfilled = place.amazon.iter().flat_map(Amazon::fulfilled);
        let fulfilled: Vec<_> = fulfilled.map(|it| it.entitlement_id).collect();
        let delivered = place.rows.delivered().await?;
        {
            let mut game = lock(&onlooker.game);
            game.ledger.was_delivered(fulfilled);
            game.ledger.was_delivered(delivered);
        }
        Ok(Self(Arc::new(Shared {
            place,
            onlooker,
            http: crate::http_client(),
            script: Mutex::default(),
            tokens: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })))
    }

    fn place(&self) -> &Place {
        &self.0.place
    }

    fn onlooker(&self) -> &Onlooker {
        &self.0.onlooker
    }

    fn game(&self) -> MutexGuard<'_, Game> {
        lock(&self.0.onlooker.game)
    }

    fn script(&self) -> MutexGuard<'_, Vec<Action>> {
        self.0.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The player's token. It stays the same for hours, and is always valid for hours.
    fn token(&self, player: &str, name: &str) -> Result<String, Error> {
        let now = Clock::system().now();
        let mut tokens = self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((issued, token)) = tokens.get(player)
            && now.since(*issued) < RENEWED_AFTER
        {
            return Ok(token.clone());
        }
        let token = (self.place().issue)(player, name)?;
        tokens.insert(player.to_owned(), (now, token.clone()));
        Ok(token)
    }

    /// What was done so far.
    #[must_use]
    pub fn actions(&self) -> Vec<Action> {
        self.script().clone()
    }

    /// The lamps LOST and DOUBLED, a sentence for each entitlement.
    #[must_use]
    pub fn lamps(&self) -> Lamps {
        self.hear();
        let game = self.game();
        Lamps {
            lost: game.ledger.lost(),
            doubled: game.ledger.doubled(),
        }
    }

    /// Tells the ledger what was reported to Amazon, by the service or by another program.
    fn hear(&self) {
        let place = self.place();
        let fulfilled = place.amazon.as_ref().filter(|_| place.sees_deliveries);
        let fulfilled: Vec<_> = fulfilled.iter().flat_map(|it| it.fulfilled()).collect();
        let ids = fulfilled.iter().map(|it| it.entitlement_id.as_str());
        self.game().ledger.told(ids);
    }

    /// What it can't do or see here, each as a sentence.
    fn limits(&self) -> Vec<String> {
        let place = self.place();
        let limits = [
            (
                place.amazon.is_none(),
                "Amazon's addresses were given, so nothing can be claimed here, and LOST is not computed.",
            ),
            (
                !place.has_own_database,
                "DynamoDB's address was given, so its requests are not shown, and time can't be forwarded.",
            ),
            (
                !place.sees_deliveries,
                "The webhook leads away from this machine, so the game's ledger is empty and LOST is not \
                 computed.",
            ),
        ];
        let limits = limits.into_iter().filter(|(is_so, _)| *is_so);
        limits.map(|(_, sentence)| sentence.to_owned()).collect()
    }
}

/// What must never happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lamps {
    /// A sentence for each entitlement that is lost.
    pub lost: Vec<String>,
    /// A sentence for each entitlement that was granted twice.
    pub doubled: Vec<String>,
}

impl Lamps {
    /// Whether neither lights.
    #[must_use]
    pub fn are_dark(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty()
    }
}

impl std::fmt::Display for Lamps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, sentences) in [("LOST", &self.lost), ("DOUBLED", &self.doubled)] {
            let state = if sentences.is_empty() {
                "dark"
            } else {
                "lights"
            };
            writeln!(f, "{name:<8} {state}")?;
            for sentence in sentences {
                writeln!(f, "  {sentence}")?;
            }
        }
        Ok(())
    }
}
