//! Metrics: data points at a resolution of one minute, and statistics of them.

use std::collections::BTreeMap;

use super::Fault;

/// What identifies a metric: the same name with other dimensions is another metric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// Such as `PrimeGaming` or `AWS/Lambda`.
    pub namespace: String,
    /// Such as `Delivered`.
    pub name: String,
    /// Each dimension's value, by its name.
    pub dimensions: BTreeMap<String, String>,
}

impl Metric {
    /// The metric of this name with these dimensions.
    #[must_use]
    pub fn new(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }
}

/// How the values of a period become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The values' sum.
    Sum,
    /// The largest.
    Maximum,
    /// The smallest.
    Minimum,
    /// The values' mean.
    Average,
    /// How many there are.
    SampleCount,
    /// The smallest value that is not below so many percent of the values (nearest rank).
    Percentile(f64),
}

impl Statistic {
    /// Reads `Sum`, `Maximum`, …, or `p99`, `p99.9`.
    ///
    /// # Errors
    /// If it is none of these.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        Ok(match text {
            "Sum" => Self::Sum,
            "Maximum" => Self::Maximum,
            "Minimum" => Self::Minimum,
            "Average" => Self::Average,
            "SampleCount" => Self::SampleCount,
            _ => text
                .strip_prefix('p')
                .and_then(|percent| percent.parse().ok())
                .filter(|percent| (0.0..=100.0).contains(percent))
                .map(Self::Percentile)
                .ok_or_else(|| Fault::new(format!("the statistic {text} is not known")))?,
        })
    }

    /// Of the minutes' values. `None` if there are none.
    fn of<'a>(self, minutes: impl Iterator<Item = &'a Minute> + Clone) -> Option<f64> {
        let all = minutes
            .clone()
            .map(|minute| minute.summary)
            .reduce(Summary::with)?;
        Some(match self {
            Self::Sum => all.sum,
            Self::Maximum => all.largest,
            Self::Minimum => all.smallest,
            Self::Average => all.sum / all.count,
            Self::SampleCount => all.count,
            Self::Percentile(percent) => {
                let mut values: Vec<_> = minutes.flat_map(|minute| &minute.values).collect();
                values.sort_by(|left, right| left.total_cmp(right));
                let mut rank = 0.0;
                let reaches = |_: &&&f64| {
                    rank += 1.0;
                    rank * 100.0 >= percent * all.count
                };
                **values.iter().find(reaches)?
            }
        })
    }
}

/// What was put in one minute.
#[derive(Debug)]
struct Minute {
    summary: Summary,
    values: Vec<f64>,
}

/// Kept beside the values, because an hour of them is summed up every minute.
#[derive(Clone, Copy, Debug)]
struct Summary {
    count: f64,
    sum: f64,
    smallest: f64,
    largest: f64,
}

impl Summary {
    fn of(value: f64) -> Self {
        Self {
            count: 1.0,
            sum: value,
            smallest: value,
            largest: value,
        }
    }

    fn with(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            smallest: self.smallest.min(other.smallest),
            largest: self.largest.max(other.largest),
        }
    }
}

/// Every data point that was ever put.
#[derive(Debug, Default)]
pub(super) struct Store(BTreeMap<Metric, BTreeMap<u64, Minute>>);

impl Store {
    /// Adds a value at this time.
    pub(super) fn put(&mut self, metric: Metric, at: u64, value: f64) {
        let minutes = self.0.entry(metric).or_default();
        let minute = minutes.entry(at / 60);
        let summary = Summary::of(value);
        minute
            .and_modify(|minute| {
                minute.summary = minute.summary.with(summary);
                minute.values.push(value);
            })
            .or_insert_with(|| Minute {
                summary,
                values: vec![value],
            });
    }

    /// The statistic of what was put in the `period` seconds before `end`, which are whole minutes.
    /// `None` if nothing was.
    pub(super) fn get(
        &self,
        metric: &Metric,
        statistic: Statistic,
        period: u64,
        end: u64,
    ) -> Option<f64> {
        let minutes = self.0.get(metric)?;
        let range = end.saturating_sub(period) / 60..end / 60;
        statistic.of(minutes.range(range).map(|(_, minute)| minute))
    }

    /// The metrics that there are.
    pub(super) fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(values: &[(u64, f64)]) -> (Store, Metric) {
        let metric = Metric::new("Test", "Seconds", &[("Stack", "a")]);
        let mut store = Store::default();
        for (at, value) in values {
            store.put(metric.clone(), *at, *value);
        }
        (store, metric)
    }

    #[test]
    fn each_statistic_of_five_values() {
        let (store, metric) = stored(&[(0, 4.0), (1, 1.0), (61, 2.0), (62, 8.0), (119, 5.0)]);
        let of = |statistic: &str| {
            let statistic = Statistic::parse(statistic).expect("it is one");
            store
                .get(&metric, statistic, 120, 120)
                .expect("there are points")
        };
        assert_eq!(of("Sum"), 20.0);
        assert_eq!(of("Maximum"), 8.0);
        assert_eq!(of("Minimum"), 1.0);
        assert_eq!(of("Average"), 4.0);
        assert_eq!(of("SampleCount"), 5.0);
        // In order: 1, 2, 4, 5, 8.
        assert_eq!(of("p0"), 1.0);
        assert_eq!(of("p20"), 1.0);
        assert_eq!(of("p20.1"), 2.0);
        assert_eq!(of("p50"), 4.0);
        assert_eq!(of("p80"), 5.0);
        assert_eq!(of("p90"), 8.0);
        assert_eq!(of("p100"), 8.0);
    }

    #[test]
    fn a_period_ends_before_its_end() {
        let (store, metric) = stored(&[(59, 1.0), (60, 10.0), (119, 100.0), (120, 1000.0)]);
        assert_eq!(store.get(&metric, Statistic::Sum, 60, 120), Some(110.0));
        assert_eq!(store.get(&metric, Statistic::Sum, 3600, 120), Some(111.0));
        assert_eq!(store.get(&metric, Statistic::Sum, 60, 240), None);
    }

    #[test]
    fn other_dimensions_are_another_metric() {
        let (store, metric) = stored(&[(0, 1.0)]);
        let other = Metric::new("Test", "Seconds", &[("Stack", "a"), ("Sku", "s")]);
        assert_eq!(store.get(&metric, Statistic::Sum, 60, 60), Some(1.0));
        assert_eq!(store.get(&other, Statistic::Sum, 60, 60), None);
    }

    #[test]
    fn an_unknown_statistic_is_refused() {
        for unknown in ["sum", "p101", "p", "tm99", "Median"] {
            let fault = Statistic::parse(unknown).expect_err(unknown);
            assert_eq!(
                fault.to_string(),
                format!("the statistic {unknown} is not known")
            );
        }
    }
}
