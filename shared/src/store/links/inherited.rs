//! The reports that an account may still have to make for earlier links of it.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::PlayerId;
use crate::store::dynamo::{Change, Reader};

/// The players for whom an account may have reports to make, left by earlier links of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Inherited {
    /// There are no such reports.
    #[default]
    None,
    /// There may be reports for these players; their records tell.
    From(BTreeSet<PlayerId>),
    /// There are too many players to list, or an earlier version has not listed them.
    Unlisted,
}

impl Inherited {
    /// The most players that are listed.
    const MOST: usize = 50;

    /// For these players.
    #[must_use]
    pub fn of(players: BTreeSet<PlayerId>) -> Self {
        match players.len() {
            0 => Self::None,
            1..=Self::MOST => Self::From(players),
            _ => Self::Unlisted,
        }
    }

    /// For the players of both, without `player`, whose reports are its own.
    #[must_use]
    pub(in crate::store) fn and(self, other: Self, player: &PlayerId) -> Self {
        let players = match (self, other) {
            (Self::Unlisted, _) | (_, Self::Unlisted) => return Self::Unlisted,
            (Self::From(mut players), Self::From(more)) => {
                players.extend(more);
                players
            }
            (Self::From(players), Self::None) | (Self::None, Self::From(players)) => players,
            (Self::None, Self::None) => return Self::None,
        };
        Self::of(players.into_iter().filter(|it| it != player).collect())
    }

    /// Reads the three attributes that [`Inherited::write`] writes.
    pub(super) fn read(reader: &Reader<'_>) -> Self {
        let has_inherited_reports = reader.flag("owes");
        if !has_inherited_reports {
            return Self::None;
        }
        let listed = reader
            .texts("owes_for")
            .filter(|_| !reader.flag("owes_more"));
        let players: Option<BTreeSet<_>> = listed
            .map(|texts| texts.iter().map(|text| PlayerId::new(text).ok()).collect())
            .unwrap_or_default();
        players.map_or(Self::Unlisted, Self::of)
    }

    /// Adds a condition to a change of the row that holds the tokens: the listed players are still those
    /// that were read. An erasure may have taken a player out, and that player must not come back.
    pub(super) fn still(&self, change: Change) -> Change {
        match self {
            Self::From(players) => change.only_if_is("owes_for", set_of(players)),
            Self::None | Self::Unlisted => change,
        }
    }

    /// Adds this to a change of the row that holds the tokens. An earlier version of the service
    /// only knows the attribute `owes`.
    pub(super) fn write(&self, change: Change, earlier: Earlier) -> Change {
        let flag = |is_set: bool| is_set.then_some(AttributeValue::Bool(true));
        let has_inherited_reports = flag(*self != Self::None);
        let is_unlisted = flag(*self == Self::Unlisted);
        let players = match self {
            Self::From(players) => Some(set_of(players)),
            Self::None | Self::Unlisted => None,
        };
        match earlier {
            Earlier::Kept => change
                .set_some("owes", has_inherited_reports)
                .set_some("owes_more", is_unlisted)
                .add_some("owes_for", players),
            Earlier::Dropped => change
                .set_or_remove("owes", has_inherited_reports)
                .set_or_remove("owes_more", is_unlisted)
                .set_or_remove("owes_for", players),
        }
    }
}

fn set_of(players: &BTreeSet<PlayerId>) -> AttributeValue {
    AttributeValue::Ss(players.iter().map(ToString::to_string).collect())
}

/// What happens to what the row has inherited before.
#[derive(Clone, Copy, Debug)]
pub(super) enum Earlier {
    /// It stays.
    Kept,
    /// It was another account's.
    Dropped,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::dynamo::Item;

    fn players(ids: &[&str]) -> BTreeSet<PlayerId> {
        let ids = ids.iter().map(|id| PlayerId::new(*id));
        ids.collect::<Result<_, _>>().expect("ids")
    }

    fn from(ids: &[&str]) -> Inherited {
        Inherited::From(players(ids))
    }

    #[test]
    fn more_players_than_are_listed_are_unlisted() {
        let many =
            |count: usize| (0..count).map(|it| PlayerId::new(format!("p{it}")).expect("an id"));
        assert_eq!(Inherited::of(players(&[])), Inherited::None);
        assert_eq!(Inherited::of(players(&["a"])), from(&["a"]));
        let most = Inherited::MOST;
        assert!(
            matches!(Inherited::of(many(most).collect()), Inherited::From(it) if it.len() == most)
        );
        assert_eq!(Inherited::of(many(most + 1).collect()), Inherited::Unlisted);
    }

    #[test]
    fn two_inheritances_are_one_without_the_player_itself() {
        use Inherited::{None, Unlisted};
        let me = PlayerId::new("me").expect("an id");
        for (one, other, both) in [
            (None, None, None),
            (from(&["a"]), None, from(&["a"])),
            (None, from(&["me"]), None),
            (from(&["a", "me"]), from(&["b", "a"]), from(&["a", "b"])),
            (from(&["a"]), Unlisted, Unlisted),
            (Unlisted, None, Unlisted),
        ] {
            assert_eq!(
                one.clone().and(other.clone(), &me),
                both,
                "{one:?} {other:?}"
            );
        }
    }

    #[test]
    fn a_stored_row_is_read_as_it_was_meant() {
        let yes = || AttributeValue::Bool(true);
        let texts =
            |ids: &[&str]| AttributeValue::Ss(ids.iter().map(ToString::to_string).collect());
        for (attributes, meant) in [
            (vec![], Inherited::None),
            (vec![("owes_for", texts(&["a"]))], Inherited::None),
            (vec![("owes", yes())], Inherited::Unlisted),
            (
                vec![("owes", yes()), ("owes_for", texts(&["a"]))],
                from(&["a"]),
            ),
            (
                vec![("owes", yes()), ("owes_for", texts(&["not an id"]))],
                Inherited::Unlisted,
            ),
            (
                vec![
                    ("owes", yes()),
                    ("owes_for", texts(&["a"])),
                    ("owes_more", yes()),
                ],
                Inherited::Unlisted,
            ),
        ] {
            let item: Item = attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect();
            assert_eq!(
                Inherited::read(&Reader::new("links", &item)),
                meant,
                "{attributes:?}"
            );
        }
    }
}
