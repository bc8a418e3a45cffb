//! What an account may have left to report of earlier links.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::PlayerId;
use crate::store::dynamo::{Change, Reader};

/// The players for whom an account may have reports to make that earlier links of it have left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Inherited {
    /// There are none.
    #[default]
    None,
    /// These; what is stored of them tells whether there still is a report to make.
    From(BTreeSet<PlayerId>),
    /// There are some, and too many to list; or an earlier version has not listed them.
    Unlisted,
}

impl Inherited {
    /// The most players that are listed.
    const MOST: usize = 50;

    /// From these players.
    #[must_use]
    pub fn of(players: BTreeSet<PlayerId>) -> Self {
        match players.len() {
            0 => Self::None,
            1..=Self::MOST => Self::From(players),
            _ => Self::Unlisted,
        }
    }

    /// From both, but for `player`, whose own they are.
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

    pub(super) fn read(reader: &Reader<'_>) -> Self {
        if !reader.flag("owes") {
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
}

/// With what is inherited, and nothing of what was inherited before.
pub(super) fn owes_only(change: Change, inherited: &Inherited) -> Change {
    let yes = || AttributeValue::Bool(true);
    let (owes, players, more) = match inherited {
        Inherited::None => (None, None, None),
        Inherited::From(players) => {
            let players = players.iter().map(ToString::to_string).collect();
            (Some(yes()), Some(AttributeValue::Ss(players)), None)
        }
        Inherited::Unlisted => (Some(yes()), None, Some(yes())),
    };
    change
        .set_or_remove("owes", owes)
        .set_or_remove("owes_for", players)
        .set_or_remove("owes_more", more)
}

/// With what is inherited. `owes` is all that an earlier version knows of it.
pub(super) fn owes(change: Change, inherited: &Inherited) -> Change {
    let yes = || AttributeValue::Bool(true);
    match inherited {
        Inherited::None => change,
        Inherited::From(players) => {
            let players = players.iter().map(ToString::to_string).collect();
            let players = AttributeValue::Ss(players);
            change.set("owes", yes()).add("owes_for", players)
        }
        Inherited::Unlisted => change.set("owes", yes()).set("owes_more", yes()),
    }
}
