//! A metric alarm: what it watches, and what state its points make.

mod read;
mod window;

use std::collections::BTreeMap;

use super::insights::Query;
use super::math::{Expression, Series};
use super::store::{Statistic, Store};
use super::{Fault, Metric};

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It rings.
    Alarm,
    /// It is quiet.
    Ok,
    /// It has no points to judge by, as at its beginning.
    InsufficientData,
}

/// A metric alarm.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alarm {
    /// Its name in CloudWatch.
    pub(super) name: String,
    /// In seconds.
    period: u64,
    judgement: Judgement,
    /// In an order in which each uses only those before it. The last is the one that is watched.
    sources: Vec<(String, Source)>,
}

/// Where a series comes from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    Metric(Metric, Statistic),
    Math(Expression),
    Insights(Query),
}

/// How points make a state.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Judgement {
    comparison: Comparison,
    threshold: f64,
    /// The N of "M out of N".
    evaluation_periods: usize,
    /// The M of "M out of N".
    datapoints_to_alarm: usize,
    missing: Treatment,
}

/// When a point is breaching.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// How missing points are treated.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Treatment {
    Missing,
    NotBreaching,
    Breaching,
    Ignore,
}

impl Alarm {
    /// The state at `end`, which is a whole minute, if it was `before` until then.
    ///
    /// # Errors
    /// If an expression makes no series.
    pub(super) fn state(&self, store: &Store, end: u64, before: State) -> Result<State, Fault> {
        Ok(self.judgement.state(&self.points(store, end)?, before))
    }

    /// The points of the evaluation range before `end`, the oldest first.
    ///
    /// # Errors
    /// As [`Alarm::state`].
    pub(super) fn points(&self, store: &Store, end: u64) -> Result<Series, Fault> {
        let length = self.judgement.range();
        let ends: Vec<_> = (0..length)
            .rev()
            .map(|back| end.saturating_sub(self.period * back))
            .collect();
        let each = |point: &dyn Fn(u64) -> Option<f64>| -> Series {
            ends.iter().map(|end| point(*end)).collect()
        };
        let mut known: BTreeMap<&str, Series> = BTreeMap::new();
        let mut last = Series::new();
        for (id, source) in &self.sources {
            last = match source {
                Source::Metric(metric, statistic) => {
                    each(&|end| store.get(metric, *statistic, self.period, end))
                }
                Source::Insights(query) => each(&|end| query.sum(store, self.period, end)),
                Source::Math(expression) => expression
                    .evaluate(&known)
                    .map_err(|fault| fault.inside(id))?,
            };
            known.insert(id, last.clone());
        }
        Ok(last)
    }
}
