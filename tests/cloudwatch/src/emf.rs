//! A log line in CloudWatch's embedded metric format.
//!
//! CloudWatch drops the metrics of a line that breaks a rule of the format, and logs no error. Here
//! such a line is a fault.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::object::Object;
use super::{Fault, Metric};

/// The member of the root that makes a line one of this format.
const MARK: &str = "_aws";
/// Milliseconds between 2001 and 2286. Seconds or microseconds are outside.
const TIMESTAMPS: std::ops::RangeInclusive<u64> = 1_000_000_000_000..=9_999_999_999_999;
const MAX_DIMENSIONS: usize = 30;
const MAX_METRICS: usize = 100;
const MAX_VALUES: usize = 100;
const MAX_LENGTH: usize = 1024;
const MAX_LINE: usize = 256 * 1024;
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// One metric of a line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Embedded {
    pub(super) metric: Metric,
    pub(super) unit: String,
    pub(super) values: Vec<f64>,
    /// Milliseconds since 1970, by the clock of whoever wrote the line.
    pub(super) timestamp: u64,
}

/// The metrics of a line: each once for every dimension set. None if the line is no JSON object, or has
/// no member `_aws`.
///
/// # Errors
/// If the line has that member and breaks a rule of the format.
pub(super) fn read(line: &str) -> Result<Vec<Embedded>, Fault> {
    let Ok(Value::Object(root)) = serde_json::from_str(line) else {
        return Ok(Vec::new());
    };
    let Some(metadata) = root.get(MARK) else {
        return Ok(Vec::new());
    };
    if line.len() > MAX_LINE {
        return Err(Fault::new(format!(
            "the line is longer than {MAX_LINE} bytes"
        )));
    }
    metrics(&root, metadata).map_err(|fault| fault.inside(MARK))
}

fn metrics(root: &Map<String, Value>, metadata: &Value) -> Result<Vec<Embedded>, Fault> {
    let metadata = Object::with(metadata, &["Timestamp", "CloudWatchMetrics"])?;
    let timestamp = metadata
        .need("Timestamp")?
        .as_u64()
        .filter(|timestamp| TIMESTAMPS.contains(timestamp))
        .ok_or_else(|| Fault::new("Timestamp must be a whole number of milliseconds since 1970"))?;
    let mut found = Vec::new();
    for (index, directive) in metadata.list("CloudWatchMetrics")?.iter().enumerate() {
        of_directive(root, directive, timestamp, &mut found)
            .map_err(|fault| fault.inside(format!("CloudWatchMetrics.{index}")))?;
    }
    Ok(found)
}

fn of_directive(
    root: &Map<String, Value>,
    directive: &Value,
    timestamp: u64,
    found: &mut Vec<Embedded>,
) -> Result<(), Fault> {
    let directive = Object::with(directive, &["Namespace", "Dimensions", "Metrics"])?;
    let namespace = named(directive.text("Namespace")?, "Namespace")?;
    let sets = directive
        .list("Dimensions")?
        .iter()
        .map(|set| dimensions(root, set))
        .collect::<Result<Vec<_>, _>>()?;
    if sets.is_empty() {
        return Err(Fault::new("Dimensions must have at least one set"));
    }
    if sets.iter().collect::<BTreeSet<_>>().len() < sets.len() {
        return Err(Fault::new(
            "two sets of Dimensions are the same, so each value would count twice",
        ));
    }
    let definitions = directive.list("Metrics")?;
    if definitions.len() > MAX_METRICS {
        return Err(Fault::new(format!(
            "Metrics has more than {MAX_METRICS} metrics"
        )));
    }
    let mut names = BTreeSet::new();
    for definition in definitions {
        let definition = Object::with(definition, &["Name", "Unit", "StorageResolution"])
            .map_err(|fault| fault.inside("Metrics"))?;
        let name = named(definition.text("Name")?, "Name")?;
        if !names.insert(name) {
            return Err(Fault::new(format!("the metric {name} is named twice")));
        }
        let unit = definition.text_or("Unit", "None")?;
        if !UNITS.contains(&unit) {
            return Err(Fault::new(format!("{name} has the unknown unit {unit}")));
        }
        match definition.get("StorageResolution").map(Value::as_u64) {
            None | Some(Some(1 | 60)) => {}
            Some(_) => return Err(Fault::new("StorageResolution must be 1 or 60")),
        }
        let values = values(root, name)?;
        found.extend(sets.iter().map(|dimensions| Embedded {
            metric: Metric {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                dimensions: dimensions.clone(),
            },
            unit: unit.to_owned(),
            values: values.clone(),
            timestamp,
        }));
    }
    Ok(())
}

fn named<'a>(text: &'a str, what: &str) -> Result<&'a str, Fault> {
    if text.trim().is_empty() || text.len() > MAX_LENGTH {
        return Err(Fault::new(format!(
            "{what} must have 1 to {MAX_LENGTH} characters"
        )));
    }
    Ok(text)
}

fn dimensions(root: &Map<String, Value>, set: &Value) -> Result<BTreeMap<String, String>, Fault> {
    let Value::Array(set) = set else {
        return Err(Fault::new("each of Dimensions must be a list of names"));
    };
    if set.len() > MAX_DIMENSIONS {
        return Err(Fault::new(format!(
            "a set has more than {MAX_DIMENSIONS} dimensions"
        )));
    }
    let mut dimensions = BTreeMap::new();
    for name in set {
        let name = name
            .as_str()
            .ok_or_else(|| Fault::new("the name of a dimension must be a string"))?;
        let value = match root.get(name) {
            Some(Value::String(value)) => value,
            Some(_) => {
                return Err(Fault::new(format!(
                    "the dimension {name} is no string in the root"
                )));
            }
            None => {
                return Err(Fault::new(format!(
                    "the dimension {name} is not in the root"
                )));
            }
        };
        let sound = value
            .chars()
            .all(|char| char.is_ascii() && !char.is_ascii_control());
        if name.starts_with(':') || value.starts_with(':') {
            return Err(Fault::new(format!(
                "the dimension {name} or its value begins with a colon"
            )));
        }
        if !sound || value.trim().is_empty() || value.len() > MAX_LENGTH {
            return Err(Fault::new(format!(
                "the dimension {name} must have 1 to {MAX_LENGTH} printable ASCII characters"
            )));
        }
        if dimensions.insert(name.to_owned(), value.clone()).is_some() {
            return Err(Fault::new(format!(
                "a set names the dimension {name} twice"
            )));
        }
    }
    Ok(dimensions)
}

fn values(root: &Map<String, Value>, name: &str) -> Result<Vec<f64>, Fault> {
    let value = root
        .get(name)
        .ok_or_else(|| Fault::new(format!("the metric {name} is not in the root")))?;
    let list = match value {
        Value::Array(list) if list.len() > MAX_VALUES => {
            return Err(Fault::new(format!(
                "the metric {name} has more than {MAX_VALUES} values"
            )));
        }
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let numbers: Option<Vec<f64>> = list.iter().map(Value::as_f64).collect();
    numbers.ok_or_else(|| Fault::new(format!("the metric {name} is no number in the root")))
}

#[cfg(test)]
mod tests;
