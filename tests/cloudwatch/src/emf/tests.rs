use serde_json::json;

use super::*;

/// A sound line: two metrics, each with two dimension sets.
fn line() -> Value {
    json!({
        "event": "delivered",
        "_aws": {
            "Timestamp": 1_790_000_000_000_u64,
            "CloudWatchMetrics": [{
                "Namespace": "PrimeGaming",
                "Dimensions": [["Stack"], ["Stack", "Sku"]],
                "Metrics": [
                    {"Name": "Delivered", "Unit": "Count"},
                    {"Name": "TimeToDeliver", "Unit": "Seconds"},
                ],
            }],
        },
        "Stack": "prod",
        "Sku": "gold",
        "Delivered": 1,
        "TimeToDeliver": [2, 3.5],
    })
}

#[test]
fn gives_each_metric_once_for_every_dimension_set() {
    let found = read(&line().to_string()).expect("the line is sound");
    let stack: &[_] = &[("Stack", "prod")];
    let both: &[_] = &[("Stack", "prod"), ("Sku", "gold")];
    let expected = [
        ("Delivered", stack, "Count", vec![1.0]),
        ("Delivered", both, "Count", vec![1.0]),
        ("TimeToDeliver", stack, "Seconds", vec![2.0, 3.5]),
        ("TimeToDeliver", both, "Seconds", vec![2.0, 3.5]),
    ]
    .map(|(name, dimensions, unit, values)| Embedded {
        metric: Metric::new("PrimeGaming", name, dimensions),
        unit: unit.to_owned(),
        values,
        timestamp: 1_790_000_000_000,
    });
    assert_eq!(found, expected);
}

#[test]
fn other_lines_have_no_metrics() {
    for other in [
        "",
        "thread panicked at main.rs",
        "[1]",
        "{\"event\": \"request\"}",
    ] {
        assert_eq!(read(other), Ok(Vec::new()), "{other}");
    }
}

/// What the sound line's fault is after this change.
fn fault(change: impl FnOnce(&mut Value)) -> String {
    let mut line = line();
    change(&mut line);
    let fault = read(&line.to_string()).expect_err("it breaks a rule");
    fault.to_string()
}

#[test]
fn a_value_must_be_a_number_of_the_root() {
    let metric = |value: Value| fault(|line| line["Delivered"] = value);
    let expected = "_aws: CloudWatchMetrics.0: the metric Delivered is no number in the root";
    assert_eq!(metric(json!("1")), expected);
    assert_eq!(metric(json!(null)), expected);
    assert_eq!(metric(json!([1, "2"])), expected);
    assert!(metric(json!(vec![1; 101])).ends_with("Delivered has more than 100 values"));
    let absent = fault(|line| {
        line.as_object_mut().expect("an object").remove("Delivered");
    });
    assert!(absent.ends_with("the metric Delivered is not in the root"));
}

#[test]
fn a_dimension_must_be_a_string_of_the_root() {
    let dimension = |value: Value| fault(|line| line["Sku"] = value);
    assert!(dimension(json!(7)).ends_with("the dimension Sku is no string in the root"));
    for unsound in ["", " ", "gold\n", "gült"] {
        let fault = dimension(json!(unsound));
        assert!(
            fault.ends_with("Sku must have 1 to 1024 printable ASCII characters"),
            "{fault}"
        );
    }
    assert!(dimension(json!(":gold")).ends_with("begins with a colon"));
    let absent = fault(|line| {
        line.as_object_mut().expect("an object").remove("Sku");
    });
    assert!(absent.ends_with("the dimension Sku is not in the root"));
}

#[test]
fn a_directive_has_limits() {
    let directive =
        |name: &str, value: Value| fault(|line| line["_aws"]["CloudWatchMetrics"][0][name] = value);
    let many: Vec<_> = (0..31).map(|number| format!("d{number}")).collect();
    let with_many = fault(|line| {
        for name in &many {
            line[name] = json!("value");
        }
        line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([many]);
    });
    assert!(
        with_many.ends_with("a set has more than 30 dimensions"),
        "{with_many}"
    );
    let metrics: Vec<_> = (0..101)
        .map(|number| json!({"Name": format!("m{number}")}))
        .collect();
    assert!(directive("Metrics", json!(metrics)).ends_with("Metrics has more than 100 metrics"));
    assert!(directive("Dimensions", json!([])).ends_with("must have at least one set"));
    let same = directive("Dimensions", json!([["Stack", "Sku"], ["Sku", "Stack"]]));
    assert!(same.contains("the same"), "{same}");
    assert!(
        directive("Dimensions", json!([["Stack", "Stack"]])).ends_with("the dimension Stack twice")
    );
    assert!(directive("Namespace", json!("")).contains("Namespace must have 1 to 1024"));
    assert!(directive("Other", json!(1)).ends_with("Other is not known"));
    let unit = directive("Metrics", json!([{"Name": "Delivered", "Unit": "count"}]));
    assert!(
        unit.ends_with("Delivered has the unknown unit count"),
        "{unit}"
    );
    let twice = directive(
        "Metrics",
        json!([{"Name": "Delivered"}, {"Name": "Delivered"}]),
    );
    assert!(
        twice.ends_with("the metric Delivered is named twice"),
        "{twice}"
    );
    let resolution = json!([{"Name": "Delivered", "StorageResolution": 10}]);
    assert!(directive("Metrics", resolution).ends_with("must be 1 or 60"));
}

#[test]
fn a_timestamp_is_in_milliseconds() {
    for wrong in [
        json!(1_790_000_000),
        json!(1_790_000_000_000_000_u64),
        json!("now"),
        json!(-1),
    ] {
        let fault = fault(|line| line["_aws"]["Timestamp"] = wrong);
        assert!(
            fault.ends_with("a whole number of milliseconds since 1970"),
            "{fault}"
        );
    }
    let absent = fault(|line| {
        line["_aws"]
            .as_object_mut()
            .expect("an object")
            .remove("Timestamp");
    });
    assert_eq!(absent, "_aws: Timestamp is missing");
}

#[test]
fn a_line_has_a_longest_length() {
    let long = fault(|line| line["detail"] = json!("x".repeat(256 * 1024)));
    assert_eq!(long, "the line is longer than 262144 bytes");
}
