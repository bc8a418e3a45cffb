//! A metric filter: a number for each log line that matches a pattern.

use serde_json::Value;

use super::object::Object;
use super::{Fault, Metric};

/// An `AWS::Logs::MetricFilter` with one transformation.
#[derive(Debug)]
pub(super) struct Filter {
    group: String,
    field: String,
    wanted: String,
    metric: Metric,
    /// For each dimension the field with its value.
    dimensions: Vec<(String, String)>,
    value: f64,
}

impl Filter {
    /// Reads the resolved properties of a filter.
    ///
    /// # Errors
    /// If a property is missing or not known. The one pattern that is known is
    /// `{ $.field = "text" }`.
    pub(super) fn read(properties: &Value) -> Result<Self, Fault> {
        let properties = Object::with(
            properties,
            &[
                "LogGroupName",
                "FilterName",
                "FilterPattern",
                "MetricTransformations",
            ],
        )?;
        let (field, wanted) = pattern(properties.text("FilterPattern")?)?;
        let [transformation] = properties.list("MetricTransformations")? else {
            return Err(Fault::new("one transformation is known, and not more"));
        };
        let transformation = Object::with(
            transformation,
            &[
                "MetricNamespace",
                "MetricName",
                "MetricValue",
                "Unit",
                "Dimensions",
            ],
        )?;
        let dimensions = match transformation.get("Dimensions") {
            None => Vec::new(),
            Some(_) => transformation
                .list("Dimensions")?
                .iter()
                .map(dimension)
                .collect::<Result<_, _>>()?,
        };
        let value = transformation.text("MetricValue")?;
        Ok(Self {
            group: properties.text("LogGroupName")?.to_owned(),
            field,
            wanted,
            metric: Metric::new(
                transformation.text("MetricNamespace")?,
                transformation.text("MetricName")?,
                &[],
            ),
            dimensions,
            value: value
                .parse()
                .map_err(|_| Fault::new(format!("MetricValue {value} must be a number")))?,
        })
    }

    /// The metric and the value that a line of this log group gives, if any.
    ///
    /// # Errors
    /// If the line matches and lacks a dimension's field: CloudWatch would then count nothing.
    pub(super) fn matches(
        &self,
        group: &str,
        line: &Value,
    ) -> Result<Option<(Metric, f64)>, Fault> {
        let text = |field: &str| line.get(field).and_then(Value::as_str);
        if group != self.group || text(&self.field) != Some(&self.wanted) {
            return Ok(None);
        }
        let mut metric = self.metric.clone();
        for (name, field) in &self.dimensions {
            let value = text(field)
                .ok_or_else(|| Fault::new(format!("the line has no text {field} for {name}")))?;
            metric.dimensions.insert(name.clone(), value.to_owned());
        }
        Ok(Some((metric, self.value)))
    }
}

/// The name and the field of `{Key: name, Value: $.field}`.
fn dimension(value: &Value) -> Result<(String, String), Fault> {
    let dimension = Object::with(value, &["Key", "Value"])?;
    let value = dimension.text("Value")?;
    let field = value
        .strip_prefix("$.")
        .ok_or_else(|| Fault::new(format!("the dimension's value {value} must begin with $.")))?;
    Ok((dimension.text("Key")?.to_owned(), field.to_owned()))
}

/// The field and the text of `{ $.field = "text" }`.
fn pattern(pattern: &str) -> Result<(String, String), Fault> {
    let inner = pattern
        .trim()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    inner
        .and_then(|inner| inner.split_once('='))
        .and_then(|(field, text)| {
            let field = field.trim().strip_prefix("$.")?;
            let text = text.trim().strip_prefix('"')?.strip_suffix('"')?;
            let plain = |word: &str| {
                let known = |char: char| char.is_ascii_alphanumeric() || char == '_';
                !word.is_empty() && word.chars().all(known)
            };
            (plain(field) && plain(text)).then(|| (field.to_owned(), text.to_owned()))
        })
        .ok_or_else(|| {
            Fault::new(format!(
                "the pattern {pattern} is not known: only {{ $.field = \"text\" }} is"
            ))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn properties(pattern: &str) -> Value {
        json!({
            "LogGroupName": "/api",
            "FilterPattern": pattern,
            "MetricTransformations": [
                {"MetricNamespace": "Test", "MetricName": "Throttled", "MetricValue": "2"},
            ],
        })
    }

    #[test]
    fn counts_the_lines_of_its_group_that_match() {
        let filter = Filter::read(&properties("{ $.status = \"429\" }")).expect("it is known");
        let matched = |group: &str, line: Value| filter.matches(group, &line);
        let metric = Metric::new("Test", "Throttled", &[]);
        let throttled = json!({"status": "429"});
        assert_eq!(matched("/api", throttled.clone()), Ok(Some((metric, 2.0))));
        assert_eq!(matched("/other", throttled), Ok(None));
        assert_eq!(matched("/api", json!({"status": "200"})), Ok(None));
        assert_eq!(matched("/api", json!({"status": 429})), Ok(None));
        assert_eq!(matched("/api", json!("429")), Ok(None));
    }

    #[test]
    fn takes_a_dimension_from_the_line() {
        let mut with = properties("{ $.status = \"429\" }");
        with["MetricTransformations"][0]["Dimensions"] =
            json!([{"Key": "Stack", "Value": "$.stack"}]);
        let filter = Filter::read(&with).expect("it is known");
        let metric = Metric::new("Test", "Throttled", &[("Stack", "a")]);
        let line = json!({"status": "429", "stack": "a"});
        assert_eq!(filter.matches("/api", &line), Ok(Some((metric, 2.0))));
        let fault = filter
            .matches("/api", &json!({"status": "429"}))
            .expect_err("no stack");
        assert_eq!(fault.to_string(), "the line has no text stack for Stack");
    }

    #[test]
    fn other_patterns_are_refused() {
        for unknown in [
            "{ $.status = 429 }",
            "{ $.status != \"429\" }",
            "{ $.status = \"4*\" }",
            "{ $.a = \"1\" && $.b = \"2\" }",
            "ERROR",
            "",
        ] {
            let fault = Filter::read(&properties(unknown)).expect_err(unknown);
            assert!(fault.to_string().contains("is not known: only"), "{fault}");
        }
        let mut more = properties("{ $.status = \"429\" }");
        more["MetricTransformations"][0]["DefaultValue"] = json!(0);
        let fault = Filter::read(&more).expect_err("a default value is not known");
        assert_eq!(fault.to_string(), "DefaultValue is not known");
    }
}
