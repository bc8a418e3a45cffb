//! A search for metrics: `SEARCH('{NAMESPACE,Dimension} Dimension="value" MetricName="Name"', 'Sum')`.

use std::collections::BTreeMap;

use super::super::{Fault, Metric, Statistic};

/// Finds the metrics of one name, with certain dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Search {
    namespace: String,
    /// The names of the dimensions, in order.
    dimensions: Vec<String>,
    name: String,
    /// The values that some dimensions must have.
    fixed: BTreeMap<String, String>,
}

impl Search {
    /// Reads the expression.
    ///
    /// # Errors
    /// If it has another form.
    pub(super) fn parse(text: &str) -> Result<(Self, Statistic), Fault> {
        let parts = || {
            let inner = text.strip_prefix("SEARCH('{")?.strip_suffix("')")?;
            let (schema, rest) = inner.split_once("} ")?;
            let (terms, statistic) = rest.split_once("', '")?;
            let mut schema = schema.split(',').map(str::to_owned);
            let namespace = schema.next()?;
            let term = |term: &str| {
                let (name, value) = term.split_once('=')?;
                let value = value.strip_prefix('"')?.strip_suffix('"')?;
                Some((name.to_owned(), value.to_owned()))
            };
            let terms: Option<BTreeMap<_, _>> = terms.split(' ').map(term).collect();
            Some((namespace, schema.collect::<Vec<_>>(), terms?, statistic))
        };
        let (namespace, mut dimensions, mut fixed, statistic) =
            parts().ok_or_else(|| Fault::new(format!("the search {text} is not known")))?;
        let name = fixed
            .remove("MetricName")
            .ok_or_else(|| Fault::new("the search names no metric"))?;
        dimensions.sort();
        if let Some(other) = fixed.keys().find(|name| !dimensions.contains(name)) {
            return Err(Fault::new(format!("{other} is no dimension of the search")));
        }
        let search = Self {
            namespace,
            dimensions,
            name,
            fixed,
        };
        Ok((search, Statistic::parse(statistic)?))
    }

    pub(super) fn finds(&self) -> (&str, Vec<&str>, &str) {
        let dimensions = self.dimensions.iter().map(String::as_str).collect();
        (&self.namespace, dimensions, &self.name)
    }

    pub(super) fn matches(&self, metric: &Metric) -> bool {
        metric.namespace == self.namespace
            && metric.name == self.name
            && metric.dimensions.keys().eq(&self.dimensions)
            && self
                .fixed
                .iter()
                .all(|(name, value)| metric.dimensions.get(name) == Some(value))
    }
}
