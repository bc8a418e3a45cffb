//! What was shown, granted and reported, watched from outside while it happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use local::proxy::{Asked, Watch};
use serde_json::Value;
use stand_in::Amazon;

use crate::rows::Rows;

/// Where reports go.
const FULFILL: &str = "/api/fulfill";

/// Writes down what the players' games do and what Amazon is told, and whatever of it must never
/// happen. Clones are the same journal.
#[derive(Clone, Debug)]
pub struct Journal {
    rows: Rows,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    /// By entitlement: the player it was first handed to.
    shown: BTreeMap<String, String>,
    /// By entitlement: the player whose inventory has it.
    granted: BTreeMap<String, String>,
    /// By `webhook-id`: the body of its first call.
    called: BTreeMap<String, String>,
    /// The ids of the calls whose content the studio gave.
    given: BTreeSet<String>,
    breaches: Vec<String>,
}

impl Journal {
    pub(crate) fn new(rows: Rows) -> Self {
        let pages = Arc::default();
        Self { rows, pages }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer handed this entitlement to this player.
    pub(crate) fn shown(&self, entitlement: &str, player: &str) {
        let mut pages = self.pages();
        let first = pages
            .shown
            .entry(entitlement.to_owned())
            .or_insert_with(|| player.to_owned())
            .clone();
        if first != player {
            let breach = format!("{entitlement} was handed to {first}, and then to {player}");
            pages.breaches.push(breach);
        }
    }

    /// The player's inventory has this entitlement from now on. The id is the game's idempotency
    /// key: having it already is nothing new.
    pub(crate) fn granted(&self, entitlement: &str, player: &str) {
        let mut pages = self.pages();
        let owner = pages
            .granted
            .entry(entitlement.to_owned())
            .or_insert_with(|| player.to_owned())
            .clone();
        if owner != player {
            let breach = format!("{entitlement} was granted to {owner} and to {player}");
            pages.breaches.push(breach);
        }
    }

    /// The studio was called: under one id it is always the same body, and the id is that of the
    /// entitlement.
    pub(crate) fn called(&self, id: &str, body: &str) {
        let mut pages = self.pages();
        let first = pages
            .called
            .entry(id.to_owned())
            .or_insert_with(|| body.to_owned());
        if first != body {
            let breach = format!("{id} was sent with {first}, and then with {body}");
            pages.breaches.push(breach);
        }
    }

    /// The studio gives content, once under this id; `false`: it has done so before. A second id
    /// for the same entitlement would give it twice.
    pub(crate) fn given(&self, id: &str, entitlement: &str, player: &str) -> bool {
        let mut pages = self.pages();
        if !pages.given.insert(id.to_owned()) {
            return false;
        }
        let before = pages
            .granted
            .insert(entitlement.to_owned(), player.to_owned());
        if let Some(owner) = before {
            let breach = format!("{entitlement} was given to {owner}, and again to {player}");
            pages.breaches.push(breach);
        }
        true
    }

    /// What is in the player's inventory.
    #[must_use]
    pub fn inventory(&self, player: &str) -> Vec<String> {
        let pages = self.pages();
        let mine = pages.granted.iter().filter(|(_, owner)| *owner == player);
        mine.map(|(id, _)| id.clone()).collect()
    }

    /// Looks at a report on its way to Amazon: the game has granted it, and that is written down.
    async fn report_sent(&self, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let updates = body["FulfillmentStatusUpdates"].as_array();
        for update in updates.into_iter().flatten() {
            let id = update["EntitlementId"].as_str().unwrap_or_default();
            if !self.pages().granted.contains_key(id) {
                self.breach(format!("{id} was reported before the game had granted it"));
            }
            match self.rows.status(id).await {
                Ok(Some(status)) if status == "delivered" || status == "reported" => {}
                Ok(status) => self.breach(format!("{id} was reported while it was {status:?}")),
                Err(error) => self.breach(error),
            }
        }
    }

    pub(crate) fn breach(&self, what: String) {
        self.pages().breaches.push(what);
    }

    /// What happened that must never happen, since the last time this was asked.
    pub(crate) fn take_breaches(&self) -> Vec<String> {
        std::mem::take(&mut self.pages().breaches)
    }
}

/// Watches what Amazon is asked.
#[derive(Clone, Debug)]
pub(crate) struct OfAmazon {
    amazon: Amazon,
    journal: Journal,
}

impl OfAmazon {
    pub(crate) const fn new(amazon: Amazon, journal: Journal) -> Self {
        Self { amazon, journal }
    }
}

impl Watch for OfAmazon {
    async fn arrives(&self, asked: &Asked) {
        if asked.path == FULFILL {
            self.journal.report_sent(&asked.body).await;
        }
    }

    fn unheard(&self, asked: &Asked) {
        self.amazon.will_not_be_heard(&asked.path);
    }
}
