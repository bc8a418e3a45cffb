//! The alarms of `template.yaml`, with metrics made by hand: when each rings, to the minute.

mod counts;
mod shares;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{CloudWatch, Metric, Stack, State, TEMPLATE};

/// No whole hour, so that sliding windows differ from the clock's.
const START: u64 = 1_790_000_040 / 3600 * 3600 + 2400;
/// When an outage begins, in minutes after START.
const OUTAGE: u64 = 60;

fn watch() -> CloudWatch {
    CloudWatch::of_template(TEMPLATE, Stack::new("prod")).expect("every alarm is understood")
}

/// What a minute's log lines count.
type Counts = BTreeMap<&'static str, u32>;

/// A minute of a game that is well.
fn healthy() -> Counts {
    Counts::from([
        ("Checks", 10),
        ("LinkStarted", 4),
        ("LinkReturned", 3),
        ("Linked", 2),
        ("HandedOut", 2),
        ("Delivered", 2),
        ("Reported", 2),
        ("OverdueSeconds", 20),
    ])
}

/// A log line with these metrics.
fn line(counts: &Counts) -> String {
    let metrics: Vec<_> = counts.keys().map(|name| json!({"Name": name})).collect();
    let mut line = json!({
        "Stack": "prod",
        "_aws": {"Timestamp": 1_790_000_000_000_u64, "CloudWatchMetrics": [
            {"Namespace": "PrimeGaming", "Dimensions": [["Stack"]], "Metrics": metrics},
        ]},
    });
    for (name, count) in counts {
        line[name] = Value::from(*count);
    }
    line.to_string()
}

/// Plays an outage of 100 minutes, and gives the minutes after OUTAGE at which alarms began to ring.
fn rung(mut minute: impl FnMut(i64, &mut Counts, &mut CloudWatch)) -> BTreeMap<String, i64> {
    let mut watch = watch();
    let mut rung = BTreeMap::new();
    for number in 0..OUTAGE + 100 {
        let at = START + 60 * number;
        let since = i64::try_from(number).expect("small") - i64::try_from(OUTAGE).expect("small");
        for change in watch.evaluate(at).expect("it can be evaluated") {
            // Before its first run reconcile is silent.
            if change.to == State::Alarm && number > 0 {
                rung.entry(change.alarm).or_insert(since);
            }
        }
        let mut counts = healthy();
        minute(since, &mut counts, &mut watch);
        watch
            .log("/functions", at, &line(&counts))
            .expect("the line is sound");
    }
    rung
}

#[track_caller]
fn assert_rung(minute: impl FnMut(i64, &mut Counts, &mut CloudWatch), expected: &[(&str, i64)]) {
    let expected: BTreeMap<_, _> = expected
        .iter()
        .map(|(alarm, minute)| ((*alarm).to_owned(), *minute))
        .collect();
    assert_eq!(rung(minute), expected);
}

#[test]
fn nothing_rings_on_a_healthy_day_with_single_failures() {
    assert_rung(
        |since, counts, _| {
            if since % 31 == 0 {
                for single in [
                    "ChecksNotFresh",
                    "DeliveryFailed",
                    "ReportFailed",
                    "LinkFailed",
                    "RefreshFailed",
                    "LinkDead",
                    "HandedOutAgain",
                    "NotWritten",
                    "KeySetFailed",
                ] {
                    counts.insert(single, 1);
                }
            }
            // One item fails for good.
            if since == 30 {
                counts.extend([("DeliveryStuck", 1), ("ReportStuck", 1)]);
            }
        },
        &[],
    );
}

#[test]
fn an_operator_is_told_what_to_look_at_first() {
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(TEMPLATE).expect("YAML");
    let mut watch = watch();
    watch.evaluate(START).expect("it can be evaluated");
    for id in watch.alarms() {
        assert_eq!(watch.name_of(id), Ok(format!("prod-{id}")));
        let description = template["Resources"][id]["Properties"]["AlarmDescription"].as_str();
        let description = description.expect("a description");
        assert!(description.contains(" first"), "{id}: {description}");
        assert!(
            description.ends_with('.') && description.matches(". ").count() == 0,
            "{id}"
        );
        assert!(description.len() <= 1024, "{id}");
    }
}
