//! The game's ledger, and the two lamps: what is lost, and what is doubled.

use std::collections::{BTreeMap, BTreeSet};

/// What the game has granted, and what must never happen with it.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Who got an entitlement: one player for each time.
    granted: BTreeMap<String, Vec<String>>,
    /// What was delivered before the console began to look.
    before: BTreeSet<String>,
    /// What Amazon was told without being in the ledger: each as a sentence. It stays.
    untrue: BTreeMap<String, String>,
    /// What a check should have shown: each as a sentence. It goes when it is shown.
    missing: BTreeMap<String, String>,
}

/// A check that asked Amazon and answered everything.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Whose.
    pub player: &'a str,
    /// What the account had before the check began, entitlement and SKU: claimed, and neither reported
    /// nor taken back.
    pub due: &'a [(String, String)],
    /// What the check answered.
    pub answered: &'a BTreeSet<String>,
    /// What the player's history has as held.
    pub held: &'a BTreeSet<String>,
}

impl Ledger {
    /// These were delivered before the console began to look. It says nothing of them.
    pub fn was_delivered(&mut self, entitlements: impl IntoIterator<Item = String>) {
        self.before.extend(entitlements);
    }

    /// The player gets this entitlement, once more if it was granted before.
    pub fn grant(&mut self, entitlement: &str, player: &str) {
        let owners = self.granted.entry(entitlement.to_owned()).or_default();
        owners.push(player.to_owned());
        self.missing.remove(entitlement);
    }

    /// How often the player got this entitlement.
    #[must_use]
    pub fn times(&self, entitlement: &str, player: &str) -> usize {
        let owners = self.granted.get(entitlement).into_iter().flatten();
        owners.filter(|owner| *owner == player).count()
    }

    fn has(&self, entitlement: &str) -> bool {
        self.granted.contains_key(entitlement) || self.before.contains(entitlement)
    }

    /// Amazon was told that these are delivered.
    pub fn told<'a>(&mut self, entitlements: impl IntoIterator<Item = &'a str>) {
        for id in entitlements {
            if !self.has(id) && !self.untrue.contains_key(id) {
                let sentence = format!(
                    "Amazon was told that {id} is delivered, and the game had not saved it."
                );
                self.untrue.insert(id.to_owned(), sentence);
            }
        }
    }

    /// What the check should have shown, and where it is not.
    pub fn look(&mut self, check: &Checked<'_>) {
        self.shown(check.answered);
        for (id, sku) in check.due {
            let is_known = self.has(id) || check.answered.contains(id) || check.held.contains(id);
            if is_known {
                self.missing.remove(id);
                continue;
            }
            let sentence = format!(
                "{id} ({sku}) was claimed before {} checked, and is neither in the answer nor in the \
                 ledger nor held.",
                check.player
            );
            self.missing.insert(id.clone(), sentence);
        }
    }

    /// A check has answered these.
    pub fn shown(&mut self, answered: &BTreeSet<String>) {
        self.missing.retain(|id, _| !answered.contains(id));
    }

    /// The lamp LOST: a sentence for each entitlement that is lost.
    #[must_use]
    pub fn lost(&self) -> Vec<String> {
        let sentences = self.untrue.values().chain(self.missing.values());
        sentences.cloned().collect()
    }

    /// The lamp DOUBLED: a sentence for each entitlement that was granted twice.
    #[must_use]
    pub fn doubled(&self) -> Vec<String> {
        let twice = self.granted.iter().filter(|(_, owners)| owners.len() > 1);
        twice.map(|(id, owners)| doubled(id, owners)).collect()
    }
}

fn doubled(id: &str, owners: &[String]) -> String {
    let players: BTreeSet<_> = owners.iter().map(String::as_str).collect();
    let players: Vec<_> = players.into_iter().collect();
    match players.as_slice() {
        [player] => format!("The game granted {id} to {player} {} times.", owners.len()),
        players => format!("The game granted {id} to {}.", players.join(" and to ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens to the ledger.
    enum Event {
        Grant(&'static str, &'static str),
        Told(&'static str),
        Before(&'static str),
        /// What was due, answered, and held.
        Check(
            &'static [&'static str],
            &'static [&'static str],
            &'static [&'static str],
        ),
        Shown(&'static str),
    }

    use Event::{Before, Check, Grant, Shown, Told};

    /// How many sentences each lamp has after these events: lost, doubled.
    fn lamps(events: &[Event]) -> (usize, usize) {
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let mut ledger = Ledger::default();
        for event in events {
            match event {
                Grant(id, player) => ledger.grant(id, player),
                Told(id) => ledger.told([*id]),
                Before(id) => ledger.was_delivered([(*id).to_owned()]),
                Shown(id) => ledger.shown(&set(&[*id])),
                Check(due, answered, held) => {
                    let due: Vec<_> = due.iter().map(|id| ((*id).into(), "hat".into())).collect();
                    ledger.look(&Checked {
                        player: "p1",
                        due: &due,
                        answered: &set(answered),
                        held: &set(held),
                    });
                }
            }
        }
        (ledger.lost().len(), ledger.doubled().len())
    }

    #[test]
    fn what_amazon_was_told_must_be_in_the_ledger() {
        assert_eq!(lamps(&[Grant("a", "p1"), Told("a")]), (0, 0));
        assert_eq!(lamps(&[Told("a")]), (1, 0));
        assert_eq!(lamps(&[Told("a"), Told("a"), Told("b")]), (2, 0));
        assert_eq!(lamps(&[Before("a"), Told("a")]), (0, 0));
    }

    #[test]
    fn saving_too_late_makes_it_no_less_lost() {
        assert_eq!(lamps(&[Told("a"), Grant("a", "p1")]), (1, 0));
        assert_eq!(lamps(&[Told("a"), Check(&["a"], &["a"], &[])]), (1, 0));
    }

    #[test]
    fn a_complete_check_shows_everything_that_was_claimed() {
        assert_eq!(lamps(&[Check(&["a"], &[], &[])]), (1, 0));
        assert_eq!(lamps(&[Check(&["a", "b"], &["a"], &[])]), (1, 0));
        assert_eq!(lamps(&[Check(&["a"], &["a"], &[])]), (0, 0));
        assert_eq!(lamps(&[Check(&["a"], &[], &["a"])]), (0, 0));
        assert_eq!(lamps(&[Grant("a", "p2"), Check(&["a"], &[], &[])]), (0, 0));
        assert_eq!(lamps(&[Before("a"), Check(&["a"], &[], &[])]), (0, 0));
        assert_eq!(lamps(&[Check(&[], &[], &[])]), (0, 0));
    }

    #[test]
    fn a_later_check_that_shows_it_makes_the_lamp_dark() {
        let hidden = || Check(&["a"], &[], &[]);
        assert_eq!(lamps(&[hidden(), hidden()]), (1, 0));
        assert_eq!(lamps(&[hidden(), Check(&["a"], &["a"], &[])]), (0, 0));
        assert_eq!(lamps(&[hidden(), Check(&["a"], &[], &["a"])]), (0, 0));
        assert_eq!(lamps(&[hidden(), Shown("a")]), (0, 0));
        assert_eq!(lamps(&[hidden(), Shown("b")]), (1, 0));
        assert_eq!(lamps(&[hidden(), Grant("a", "p1")]), (0, 0));
    }

    #[test]
    fn nothing_is_granted_twice() {
        assert_eq!(lamps(&[Grant("a", "p1"), Grant("b", "p1")]), (0, 0));
        assert_eq!(lamps(&[Grant("a", "p1"), Grant("a", "p1")]), (0, 1));
        assert_eq!(lamps(&[Grant("a", "p1"), Grant("a", "p2")]), (0, 1));
    }

    #[test]
    fn the_lamps_say_what_happened_and_to_whom() {
        let mut ledger = Ledger::default();
        for player in ["p1", "p2", "p1"] {
            ledger.grant("a", player);
        }
        ledger.grant("b", "p1");
        ledger.grant("b", "p1");
        let said = [
            "The game granted a to p1 and to p2.",
            "The game granted b to p1 2 times.",
        ];
        assert_eq!(ledger.doubled(), said);
        assert_eq!((ledger.times("a", "p1"), ledger.times("a", "p3")), (2, 0));
    }
}
