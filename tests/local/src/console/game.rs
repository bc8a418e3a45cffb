//! The game that is played: its players, what it was shown and has confirmed, and its ledger.

use std::collections::BTreeSet;

use serde_json::Value;

use super::action::Habits;
use super::ledger::Ledger;

/// A player of the game.
#[derive(Debug)]
pub struct Player {
    /// The studio's id.
    pub id: String,
    /// The name that pages show.
    pub name: String,
    /// What the game was shown as `pending` and has not confirmed.
    pub shown: BTreeSet<String>,
    /// What it has confirmed.
    pub confirmed: BTreeSet<String>,
}

impl Player {
    /// A player whose game has not checked yet.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            shown: BTreeSet::new(),
            confirmed: BTreeSet::new(),
        }
    }
}

/// The game, or the studio's backend behind the webhook.
#[derive(Debug)]
pub struct Game {
    /// In the order in which they came.
    pub players: Vec<Player>,
    /// What it does right, or does not.
    pub habits: Habits,
    /// What it has granted.
    pub ledger: Ledger,
    /// The calls of the webhook whose content was given.
    given: BTreeSet<String>,
}

impl Game {
    /// A game without mistakes, with its first player.
    #[must_use]
    pub fn new() -> Self {
        Self {
            players: vec![Player::new("player-1", "Robin")],
            habits: Habits::default(),
            ledger: Ledger::default(),
            given: BTreeSet::new(),
        }
    }

    /// The player of this id.
    #[must_use]
    pub fn player(&self, id: &str) -> Option<&Player> {
        self.players.iter().find(|player| player.id == id)
    }

    fn player_mut(&mut self, id: &str) -> Option<&mut Player> {
        self.players.iter_mut().find(|player| player.id == id)
    }

    /// A check showed these as `pending`. The game saves what it is to grant; gives how many that were.
    pub fn is_shown(&mut self, player: &str, pending: &[String]) -> usize {
        let habits = self.habits;
        let Some(known) = self.player_mut(player) else {
            return 0;
        };
        let seen_before = known.shown.clone();
        known.shown.extend(pending.iter().cloned());
        let saves_now = |id: &&String| habits.saves_before_confirming || seen_before.contains(*id);
        let mut saved = 0;
        for id in pending.iter().filter(saves_now) {
            if !habits.grants_once_per_id || self.ledger.times(id, player) == 0 {
                self.ledger.grant(id, player);
                saved += 1;
            }
        }
        saved
    }

    /// What the game has to confirm.
    #[must_use]
    pub fn to_confirm(&self, player: &str) -> Vec<String> {
        let player = self.player(player);
        player.map_or_else(Vec::new, |player| player.shown.iter().cloned().collect())
    }

    /// The confirmation of this one was taken.
    pub fn is_confirmed(&mut self, player: &str, id: &str) {
        if let Some(player) = self.player_mut(player) {
            player.shown.remove(id);
            player.confirmed.insert(id.to_owned());
        }
    }

    /// The webhook was called under this id, and its content is given. Content is given once for each
    /// id, by a backend without mistakes.
    pub fn is_called(&mut self, id: &str, body: &Value) {
        let text = |name: &str| body["data"][name].as_str();
        let (Some(entitlement), Some(player)) = (text("entitlement_id"), text("player_id")) else {
            return;
        };
        if self.given.insert(id.to_owned()) || !self.habits.grants_once_per_id {
            self.ledger.grant(entitlement, player);
        }
    }
}

impl Default for Game {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const P: &str = "player-1";

    fn with(saves_before_confirming: bool, grants_once_per_id: bool) -> Game {
        Game {
            habits: Habits {
                saves_before_confirming,
                grants_once_per_id,
            },
            ..Game::new()
        }
    }

    fn a() -> Vec<String> {
        vec!["a".to_owned()]
    }

    #[test]
    fn a_good_game_saves_at_once_and_each_id_once() {
        let mut game = with(true, true);
        assert_eq!(game.is_shown(P, &a()), 1);
        assert_eq!(game.is_shown(P, &a()), 0);
        assert_eq!(game.ledger.times("a", P), 1);
        assert_eq!(game.to_confirm(P), ["a"]);
        game.is_confirmed(P, "a");
        assert_eq!(game.to_confirm(P), [""; 0]);
        assert!(game.player(P).expect("a player").confirmed.contains("a"));
    }

    #[test]
    fn a_game_that_saves_too_late_saves_at_the_next_check_that_shows_it() {
        let mut game = with(false, true);
        assert_eq!(game.is_shown(P, &a()), 0);
        assert_eq!(game.to_confirm(P), ["a"]);
        assert_eq!(game.is_shown(P, &a()), 1);
        let mut game = with(false, true);
        assert_eq!(game.is_shown(P, &a()), 0);
        game.is_confirmed(P, "a");
        // What is confirmed is not shown again.
        assert_eq!(game.is_shown(P, &[]), 0);
        assert_eq!(game.ledger.times("a", P), 0);
    }

    #[test]
    fn a_game_that_ignores_the_id_grants_whatever_it_is_shown() {
        let mut game = with(true, false);
        assert_eq!((game.is_shown(P, &a()), game.is_shown(P, &a())), (1, 1));
        assert_eq!(game.ledger.doubled().len(), 1);
    }

    #[test]
    fn the_backend_gives_each_webhook_id_once() {
        let body = json!({"data": {"entitlement_id": "a", "player_id": P}});
        let doubled = |game: &mut Game, ids: [&str; 2]| {
            ids.iter().for_each(|id| game.is_called(id, &body));
            game.ledger.doubled().len()
        };
        assert_eq!(doubled(&mut with(true, true), ["1", "1"]), 0);
        assert_eq!(doubled(&mut with(true, true), ["1", "2"]), 1);
        assert_eq!(doubled(&mut with(true, false), ["1", "1"]), 1);
        let mut game = with(true, true);
        game.is_called("1", &json!({"type": "test"}));
        assert_eq!(game.ledger.times("a", P), 0);
    }
}
