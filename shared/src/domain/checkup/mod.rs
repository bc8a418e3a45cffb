//! What the checks of a deployment find, and what follows from it.

mod region;
mod table;

use serde::Serialize;

pub use region::{Hosts, one_region};
pub use table::{IndexShape, TableFacts, TableShape, judge_table};

/// What one check has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether all is well.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do about it; `None` if all is well.
    pub fix: Option<String>,
    /// Whether a new version with this fault would fail every player, so that no player may come to it.
    #[serde(skip)]
    pub stops_rollout: bool,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn well(detail: impl Into<String>) -> Self {
        Self {
            ok: true,
            detail: detail.into(),
            fix: None,
            stops_rollout: false,
        }
    }

    /// Something is wrong, and a new version may be its cure.
    #[must_use]
    pub fn unwell(detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            ok: false,
            detail: detail.into(),
            fix: Some(fix.into()),
            stops_rollout: false,
        }
    }

    /// Something is wrong that would fail every player of a new version.
    #[must_use]
    pub fn grave(detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            stops_rollout: true,
            ..Self::unwell(detail, fix)
        }
    }
}

/// One check: its name, and what it has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What it has found.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The first names of a list, and how many more there are.
#[must_use]
pub fn names(names: &[String]) -> String {
    const MOST: usize = 20;
    let shown = names[..names.len().min(MOST)].join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_grave_finding_stops_a_rollout() {
        for (finding, ok, stops) in [
            (Finding::well("a"), true, false),
            (Finding::unwell("a", "b"), false, false),
            (Finding::grave("a", "b"), false, true),
        ] {
            assert_eq!((finding.ok, finding.stops_rollout), (ok, stops));
            assert_eq!(finding.fix.is_none(), ok, "{finding:?}");
        }
    }

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let of = |count: usize| -> Vec<_> { (1..=count).map(|n| n.to_string()).collect() };
        assert_eq!(names(&of(0)), "");
        assert_eq!(names(&of(2)), "1, 2");
        assert!(names(&of(20)).ends_with(", 20"));
        assert!(names(&of(23)).ends_with(", 20 and 3 more"));
    }
}
