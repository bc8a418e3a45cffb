use serde_json::json;

use super::*;

fn simple() -> Value {
    json!({
        "AlarmName": "a",
        "Namespace": "Test",
        "MetricName": "Seconds",
        "Dimensions": [{"Name": "Stack", "Value": "prod"}],
        "Statistic": "Maximum",
        "Period": 300,
        "EvaluationPeriods": 3,
        "Threshold": 3600,
        "ComparisonOperator": "GreaterThanThreshold",
    })
}

fn metric(id: &str, period: u64) -> Value {
    json!({
        "Id": id,
        "ReturnData": false,
        "MetricStat": {
            "Metric": {"Namespace": "Test", "MetricName": id},
            "Period": period,
            "Stat": "Sum",
        },
    })
}

fn math(metrics: &[Value]) -> Value {
    json!({
        "AlarmName": "a",
        "Metrics": metrics,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "ignore",
    })
}

fn fault(properties: &Value) -> String {
    Alarm::read(properties)
        .expect_err("it is refused")
        .to_string()
}

#[test]
fn reads_an_alarm_of_one_metric() {
    let metric = Metric::new("Test", "Seconds", &[("Stack", "prod")]);
    let expected = Alarm {
        name: "a".to_owned(),
        period: 300,
        judgement: Judgement {
            comparison: Comparison::Greater,
            threshold: 3600.0,
            evaluation_periods: 3,
            datapoints_to_alarm: 3,
            missing: Treatment::Missing,
        },
        sources: vec![("m".to_owned(), Source::Metric(metric, Statistic::Maximum))],
    };
    assert_eq!(Alarm::read(&simple()), Ok(expected));
}

#[test]
fn orders_expressions_by_what_they_use() {
    let first = json!({"Id": "first", "Expression": "second + b"});
    let second = json!({"Id": "second", "Expression": "a * 2", "ReturnData": false});
    let alarm = Alarm::read(&math(&[first, second, metric("b", 60), metric("a", 60)]));
    let alarm = alarm.expect("it is sound");
    let ids: Vec<_> = alarm.sources.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["b", "a", "second", "first"]);
    assert_eq!(alarm.judgement.missing, Treatment::Ignore);
    assert_eq!(alarm.judgement.comparison, Comparison::Less);
}

#[test]
fn one_metric_has_rules() {
    let with = |name: &str, value: Value| {
        let mut properties = simple();
        properties[name] = value;
        fault(&properties)
    };
    assert_eq!(
        with("Period", json!(90)),
        "3 periods of 90 s can't be evaluated"
    );
    assert_eq!(
        with("EvaluationPeriods", json!(289)),
        "289 periods of 300 s can't be evaluated"
    );
    assert_eq!(
        with("EvaluationPeriods", json!(0)),
        "EvaluationPeriods must be a whole number above 0"
    );
    assert_eq!(
        with("DatapointsToAlarm", json!(4)),
        "DatapointsToAlarm is larger than EvaluationPeriods"
    );
    assert_eq!(
        with("Statistic", json!("Median")),
        "the statistic Median is not known"
    );
    assert_eq!(
        with("TreatMissingData", json!("good")),
        "TreatMissingData good is not known"
    );
    assert_eq!(
        with("ComparisonOperator", json!("Above")),
        "the ComparisonOperator Above is not known"
    );
    assert_eq!(with("Unit", json!("Seconds")), "Unit is not known");
    assert_eq!(with("Threshold", json!("1")), "Threshold must be a number");
}

#[test]
fn several_metrics_have_rules() {
    let watched = |expression: &str| json!({"Id": "e", "Expression": expression});
    let other = json!({"Id": "f", "Expression": "a", "ReturnData": false});
    for (metrics, expected) in [
        (
            vec![watched("a + b"), metric("a", 60), metric("b", 300)],
            "all metrics of an alarm must have the same period",
        ),
        (
            vec![watched("a"), metric("a", 60), metric("b", 60)],
            "nothing uses b",
        ),
        (
            vec![watched("f"), metric("a", 60), metric("a", 60)],
            "the id a is there twice",
        ),
        (
            vec![watched("c"), metric("a", 60)],
            "e use ids that are not there, or each other",
        ),
        (
            vec![metric("a", 60)],
            "exactly one of Metrics must return data",
        ),
        (
            vec![watched("a"), json!({"Id": "A"}), metric("a", 60)],
            "A can't be an id",
        ),
        (
            vec![watched("a"), json!({"Id": "b"}), metric("a", 60)],
            "b: it needs either Expression or MetricStat",
        ),
        (
            vec![
                watched("f"),
                other,
                metric("a", 60),
                json!({"Id": "g", "Expression": "f"}),
            ],
            "exactly one of Metrics must return data",
        ),
        (vec![json!(1); 11], "Metrics has more than 10 entries"),
    ] {
        assert_eq!(fault(&math(&metrics)), expected);
    }
}
