//! Erasing a player: what takes the place of the player's id, and of texts that name the player.

use super::ids::PlayerId;
use super::time::Timestamp;

/// Takes the place of an id, a reason or a note of an erased player.
pub const ERASED: &str = "erased";

/// An owner that is no player. It has a space in it, which no player's id has.
const OWNER: &str = "erased ";

/// A keyed hash of a player's id, in base64url. Only with the key can it be told whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ErasedId(String);

impl ErasedId {
    /// The hash as text.
    #[must_use]
    pub fn new(hash: String) -> Self {
        Self(hash)
    }

    /// The hash as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands in the owner's place of an entitlement that was the erased player's. It equals no
    /// player's id, so it refuses every player, also in an older version of the service.
    #[must_use]
    pub fn as_owner(&self) -> String {
        format!("{OWNER}{}", self.0)
    }
}

/// Whether the owner of an entitlement is an erased player.
#[must_use]
pub fn is_erased_owner(owner: &str) -> bool {
    owner.starts_with(OWNER)
}

/// The text without these names. A name counts only as a whole word, so that the player `1` does not
/// cost the text every `1`.
#[must_use]
pub fn without_names(text: &str, names: &[&str]) -> String {
    let is_of_a_word =
        |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_');
    // Whether a word goes on from one character to the other.
    let is_cut = |one, other| is_of_a_word(one) && is_of_a_word(other);
    let mut names: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !name.is_empty())
        .collect();
    // A name may have another one in it.
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let mut kept = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let before = kept.chars().next_back();
        let found = names.iter().find(|name| {
            rest.strip_prefix(**name).is_some_and(|after| {
                !is_cut(before, name.chars().next())
                    && !is_cut(name.chars().next_back(), after.chars().next())
            })
        });
        if let Some(name) = found {
            kept.push_str(ERASED);
            rest = &rest[name.len()..];
        } else {
            kept.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    kept
}

/// The text without the ids of Amazon accounts, which all begin in the same way.
#[must_use]
pub fn without_accounts(text: &str) -> String {
    const BEGINNING: &str = "amzn1.account.";
    let mut parts = text.split(BEGINNING);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(ERASED);
        kept.push_str(part.trim_start_matches(|c: char| c.is_ascii_alphanumeric()));
    }
    kept
}

/// What the audit record of a move says of the two players.
#[must_use]
pub fn moved_note(from: &PlayerId, to: &PlayerId, handed_out_at: Option<Timestamp>) -> String {
    let handed_out = handed_out_at.map_or_else(String::new, |at| {
        format!("; it was first handed out to {from} at {at}")
    });
    format!("from {from} to {to}{handed_out}")
}

/// The players that a [`moved_note`] may mean, without `player`. An id may end with a semicolon, so
/// the second player is read in both ways.
#[must_use]
pub fn players_of_move(note: &str, player: &PlayerId) -> Vec<PlayerId> {
    let words: Vec<&str> = note.split(' ').collect();
    let ["from", from, "to", to, ..] = words[..] else {
        return Vec::new();
    };
    let mut players: Vec<_> = [Some(from), Some(to), to.strip_suffix(';')]
        .into_iter()
        .flatten()
        .filter_map(|id| PlayerId::new(id).ok())
        .filter(|id| id != player)
        .collect();
    players.dedup();
    players
}

/// What a restore from a backup has done to a player who was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restored {
    /// Nothing: everything that is stored is younger than the erasure.
    Nothing,
    /// It has brought back what was erased, and there is nothing else.
    Old,
    /// It has brought back what was erased, and the player has linked again since the erasure.
    Mixed,
}

impl Restored {
    /// `written` has the times at which the player's rows were last written, and `newest` the latest
    /// time at which the player's link was made or the service first saw an entitlement. A report
    /// writes an old row anew, so only `newest` says that the player has come back. Rows without any
    /// time have no link and no entitlement with them.
    #[must_use]
    pub fn of(written: &[Timestamp], newest: Option<Timestamp>, erased_at: Timestamp) -> Self {
        let mut dates = written.iter().copied().chain(newest).peekable();
        let is_old = dates.peek().is_none() || dates.any(|at| at <= erased_at);
        let is_new = newest.is_some_and(|at| at > erased_at);
        match (is_old, is_new) {
            (false, _) => Self::Nothing,
            (true, false) => Self::Old,
            (true, true) => Self::Mixed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(id: &str) -> PlayerId {
        PlayerId::new(id).expect("an id")
    }

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn an_erased_owner_is_no_player() {
        let owner = ErasedId::new("hash".to_owned()).as_owner();
        assert!(PlayerId::new(owner.clone()).is_err());
        assert!(is_erased_owner(&owner));
        assert!(!is_erased_owner("erased"), "a player may be called so");
    }

    #[test]
    fn names_are_taken_out_as_whole_words() {
        for (text, names, left) in [
            ("p1 asked", vec!["p1"], "erased asked"),
            (
                "of p1, p12, xp1 and p1-b",
                vec!["p1"],
                "of erased, p12, xp1 and p1-b",
            ),
            ("ticket 171", vec!["1"], "ticket 171"),
            ("from 1 to 2", vec!["1"], "from erased to 2"),
            (
                "amzn1.account.A's",
                vec!["amzn1.account.A", "A"],
                "erased's",
            ),
            ("übung #7#", vec!["#7#"], "übung erased"),
            ("nothing", vec!["", "p1"], "nothing"),
        ] {
            assert_eq!(without_names(text, &names), left, "{text}");
        }
    }

    #[test]
    fn the_note_of_a_move_names_the_other_player() {
        for (from, to, me, others) in [
            ("p1", "p2", "p1", vec!["p2"]),
            ("p1", "p2", "p2", vec!["p1"]),
            ("p1", "p2;", "p1", vec!["p2;"]),
        ] {
            for handed_out_at in [None, Some(at(1))] {
                let note = moved_note(&player(from), &player(to), handed_out_at);
                let found = players_of_move(&note, &player(me));
                let found: Vec<_> = found.iter().map(PlayerId::as_str).collect();
                for other in &others {
                    assert!(found.contains(other), "{note}: {found:?}");
                }
            }
        }
        assert!(players_of_move("a duplicate_offer", &player("p1")).is_empty());
        let note = "from p1 to p2; it was first handed out to p1 at 1970";
        assert_eq!(
            without_names(note, &["p1"]),
            "from erased to p2; it was first handed out to erased at 1970"
        );
    }

    #[test]
    fn ids_of_accounts_are_taken_out_by_their_form() {
        for (text, left) in [
            ("of amzn1.account.A1B2, too", "of erased, too"),
            ("amzn1.account.A1 amzn1.account.A2", "erased erased"),
            (
                "amzn1.application-oa2-client.a",
                "amzn1.application-oa2-client.a",
            ),
            ("nothing", "nothing"),
        ] {
            assert_eq!(without_accounts(text), left, "{text}");
        }
    }

    #[test]
    fn what_is_older_than_the_erasure_was_restored() {
        for (written, newest, restored) in [
            (vec![], None, Restored::Old),
            (vec![at(9)], None, Restored::Old),
            (vec![at(11), at(9)], Some(at(8)), Restored::Old),
            (vec![at(10)], Some(at(10)), Restored::Old),
            (vec![at(11), at(12)], Some(at(11)), Restored::Nothing),
            (vec![at(11), at(9)], Some(at(11)), Restored::Mixed),
            (vec![], Some(at(9)), Restored::Old),
            // What is used up has no time.
            (vec![], Some(at(11)), Restored::Nothing),
        ] {
            let found = Restored::of(&written, newest, at(10));
            assert_eq!(found, restored, "{written:?} {newest:?}");
        }
    }
}
