//! Metrics in log lines, in CloudWatch's embedded metric format: CloudWatch reads the member `_aws` of
//! a line, and makes metrics of the line's other members that this names.
//!
//! The format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
//! No crate writes it into a line that is there anyway; those that we found print lines of their own
//! at the end of a request.

use std::fmt::{self, Write};

use serde::Serialize;
use tracing::field::{Field, Visit};

use super::metric::{Condition, Metric, Value, WITHOUT_OFFER};
use super::{Event, find};
use crate::domain::Timestamp;

/// The namespace of all metrics.
const NAMESPACE: &str = "PrimeGaming";

/// The value of the dimension `Sku` where no offer has the SKU. Amazon's words are unbounded, and
/// each value of a dimension costs as a metric of its own.
const OTHER: &str = "other";

/// The longest value of a dimension, in characters.
const MAX_DIMENSION: usize = 1024;

/// What an event says, as far as metrics need it.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    event: Option<&'static Event>,
    fields: Vec<(&'static str, Known)>,
}

#[derive(Debug, PartialEq)]
enum Known {
    Flag(bool),
    Number(u64),
    Text(String),
}

impl Fields {
    /// Reads the fields of a log event.
    pub(crate) fn of(line: &tracing::Event<'_>) -> Self {
        let mut fields = Self::default();
        line.record(&mut fields);
        fields
    }

    /// Writes the members that carry the metrics, each with a comma before it. Writes nothing where
    /// the event has no metric.
    ///
    /// # Errors
    /// If `out` does not take it.
    pub(crate) fn write(&self, out: &mut dyn Write, stack: &str, now: Timestamp) -> fmt::Result {
        let Some(event) = self.event else {
            return Ok(());
        };
        let carried: Vec<_> = event
            .metrics
            .iter()
            .filter_map(|metric| Some((metric, self.value(metric)?)))
            .collect();
        if carried.is_empty() {
            return Ok(());
        }
        let directives: Vec<_> = [true, false]
            .into_iter()
            .filter_map(|by_sku| Directive::of(&carried, by_sku))
            .collect();
        let metadata = Metadata {
            timestamp: now.as_millis(),
            directives,
        };
        write!(
            out,
            ",\"_aws\":{},\"Stack\":{}",
            json(&metadata),
            json(stack)
        )?;
        if carried.iter().any(|(metric, _)| metric.by_sku) {
            write!(out, ",\"Sku\":{}", json(self.sku()))?;
        }
        for (metric, value) in &carried {
            write!(out, ",\"{}\":{value}", metric.name)?;
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&Known> {
        let mut fields = self.fields.iter();
        fields.find(|(field, _)| *field == name).map(|(_, it)| it)
    }

    fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Known::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a metric in this line; `None`: the line does not carry it.
    fn value(&self, metric: &Metric) -> Option<u64> {
        let is_carried = match metric.condition {
            Condition::Always => true,
            Condition::True(field) => self.get(field) == Some(&Known::Flag(true)),
            Condition::OneOf(field, values) => {
                self.text(field).is_some_and(|text| values.contains(&text))
            }
        };
        match (is_carried, metric.value) {
            (false, _) => None,
            (true, Value::One) => Some(1),
            (true, Value::Field(field)) => match self.get(field)? {
                Known::Number(number) => Some(*number),
                _ => None,
            },
        }
    }

    /// The value of the dimension `Sku`.
    fn sku(&self) -> &str {
        let has_offer = self
            .text("reason")
            .is_none_or(|reason| !WITHOUT_OFFER.contains(&reason));
        self.text("sku")
            .filter(|_| has_offer)
            .filter(|sku| is_dimension(sku))
            .unwrap_or(OTHER)
    }

    fn keep(&mut self, field: &Field, value: Known) {
        self.fields.push((field.name(), value));
    }
}

/// Whether CloudWatch takes this as the value of a dimension.
fn is_dimension(text: &str) -> bool {
    (1..=MAX_DIMENSION).contains(&text.len())
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !text.starts_with(':')
        && !text.trim().is_empty()
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "event" {
            self.event = find(value);
        } else {
            self.keep(field, Known::Text(value.to_owned()));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, Known::Flag(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, Known::Number(value));
    }

    // Metrics need no other fields. What is not read here costs nothing.
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The member `_aws`.
#[derive(Serialize)]
struct Metadata {
    #[serde(rename = "Timestamp")]
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: Vec<Directive>,
}

/// Metrics with the same dimensions.
#[derive(Serialize)]
struct Directive {
    #[serde(rename = "Namespace")]
    namespace: &'static str,
    #[serde(rename = "Dimensions")]
    dimensions: &'static [&'static [&'static str]],
    #[serde(rename = "Metrics")]
    metrics: Vec<Definition>,
}

#[derive(Serialize)]
struct Definition {
    #[serde(rename = "Name")]
    name: &'static str,
    #[serde(rename = "Unit")]
    unit: &'static str,
}

impl Directive {
    fn of(carried: &[(&Metric, u64)], by_sku: bool) -> Option<Self> {
        let metrics: Vec<_> = carried
            .iter()
            .filter(|(metric, _)| metric.by_sku == by_sku)
            .map(|(metric, _)| Definition {
                name: metric.name,
                unit: metric.unit.as_str(),
            })
            .collect();
        (!metrics.is_empty()).then_some(Self {
            namespace: NAMESPACE,
            dimensions: if by_sku {
                &[&["Stack"], &["Stack", "Sku"]]
            } else {
                &[&["Stack"]]
            },
            metrics,
        })
    }
}

/// Strings, numbers and lists of them always have a form in JSON.
fn json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
