use super::*;

/// Twenty to nine on some morning: no whole hour, so that sliding windows differ from the clock's.
const START: u64 = 1_790_000_040 / 3600 * 3600 + 2400;

const TEMPLATE: &str = r#"
Parameters:
  AlarmTopicArn: { Type: String, Default: '' }
Conditions:
  HasAlarmTopic: !Not [!Equals [!Ref AlarmTopicArn, '']]
Resources:
  AccessLogGroup:
    Type: AWS::Logs::LogGroup
    Properties: { LogGroupName: !Sub '/api/${AWS::StackName}' }
  ThrottledFilter:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref AccessLogGroup
      FilterPattern: '{ $.status = "429" }'
      MetricTransformations: [{ MetricNamespace: Test, MetricName: Throttled, MetricValue: '1' }]
  Silent:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub '${AWS::StackName}-Silent'
      Namespace: Test
      MetricName: Beat
      Dimensions: [{ Name: Stack, Value: !Ref AWS::StackName }]
      Statistic: Maximum
      Period: 300
      EvaluationPeriods: 3
      Threshold: 100
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: breaching
      AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]
  SilentAndFilled:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub '${AWS::StackName}-SilentAndFilled'
      Metrics:
        - Id: filled
          Expression: FILL(beat, 1000)
        - Id: beat
          ReturnData: false
          MetricStat:
            Metric: { Namespace: Test, MetricName: Beat, Dimensions: [{ Name: Stack, Value: !Ref AWS::StackName }] }
            Period: 300
            Stat: Maximum
      EvaluationPeriods: 3
      Threshold: 100
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: breaching
  Failing:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub '${AWS::StackName}-Failing'
      Metrics:
        - Id: percent
          Expression: IF(failed + made >= 3, 100 * failed / (failed + made), 0)
        - Id: failed
          Expression: FILL(raw_failed, 0)
          ReturnData: false
        - Id: made
          Expression: FILL(raw_made, 0)
          ReturnData: false
        - Id: raw_failed
          ReturnData: false
          MetricStat: { Metric: { Namespace: Test, MetricName: Failed }, Period: 3600, Stat: Sum }
        - Id: raw_made
          ReturnData: false
          MetricStat: { Metric: { Namespace: Test, MetricName: Made }, Period: 3600, Stat: Sum }
      EvaluationPeriods: 1
      Threshold: 5
      ComparisonOperator: GreaterThanThreshold
      TreatMissingData: notBreaching
  Throttled:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub '${AWS::StackName}-Throttled'
      Namespace: Test
      MetricName: Throttled
      Statistic: Sum
      Period: 300
      EvaluationPeriods: 1
      Threshold: 2
      ComparisonOperator: GreaterThanOrEqualToThreshold
      TreatMissingData: notBreaching
  Both:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties:
      AlarmName: !Sub '${AWS::StackName}-Both'
      AlarmRule: !Sub 'ALARM("${Failing}") AND NOT ALARM("${AWS::StackName}-Throttled")'
"#;

fn watch() -> CloudWatch {
    CloudWatch::of_template(TEMPLATE, Stack::new("prod")).expect("the template is sound")
}

/// The changes of the alarms that do not wait for a sign of life.
fn without_silent(changes: Vec<(String, bool, u64)>) -> Vec<(String, bool, u64)> {
    let others = changes.into_iter();
    others
        .filter(|(alarm, ..)| !alarm.starts_with("Silent"))
        .collect()
}

/// Evaluates each of these minutes after START, and gives the changes to `Alarm` and from it.
fn play(
    watch: &mut CloudWatch,
    minutes: std::ops::RangeInclusive<u64>,
    mut each: impl FnMut(&mut CloudWatch, u64),
) -> Vec<(String, bool, u64)> {
    let mut changes = Vec::new();
    for minute in minutes {
        let at = START + 60 * minute;
        let found = watch.evaluate(at).expect("it can be evaluated");
        let rung = found.into_iter().filter(|change| {
            assert_eq!(change.at, at);
            change.to == State::Alarm || change.from == State::Alarm
        });
        changes.extend(rung.map(|change| (change.alarm, change.to == State::Alarm, minute)));
        each(watch, at);
    }
    changes
}

fn beat(watch: &mut CloudWatch, at: u64) {
    watch.put(Metric::new("Test", "Beat", &[("Stack", "prod")]), at, 1.0);
}

fn ring(alarm: &str, rings: bool, minute: u64) -> (String, bool, u64) {
    (alarm.to_owned(), rings, minute)
}

/// The last beat is in minute 10, so [10, 11) is the last minute with a point. Missing data needs
/// all five periods to be empty: 25 minutes from minute 11 on. A filled series needs three.
#[test]
fn missing_data_rings_after_26_minutes_and_filled_data_after_16() {
    let mut watch = watch();
    beat(&mut watch, START - 60);
    let changes = play(&mut watch, 0..=60, |watch, at| {
        if at <= START + 600 {
            beat(watch, at);
        }
        if at >= START + 50 * 60 {
            beat(watch, at);
        }
    });
    assert_eq!(
        changes,
        [
            ring("SilentAndFilled", true, 10 + 16),
            ring("Silent", true, 10 + 26),
            ring("Silent", false, 51),
            ring("SilentAndFilled", false, 51),
        ]
    );
}

fn put(watch: &mut CloudWatch, name: &str, at: u64, times: u32) {
    watch.put(Metric::new("Test", name, &[]), at, f64::from(times));
}

/// 60 good ones in minute 0. One fails each minute from minute 10 on: at minute 13 there are 3 of 63,
/// 4.76 %; at minute 14 there are 4 of 64, 6.25 %. The last fails in minute 20: eleven in all. The
/// good ones leave the window at minute 61, and the last failure at minute 81; when there are two
/// left, at minute 79, they are too few.
#[test]
fn an_hour_slides_from_minute_to_minute() {
    let mut watch = watch();
    let changes = play(&mut watch, 0..=120, |watch, at| {
        beat(watch, at);
        match (at - START) / 60 {
            0 => put(watch, "Made", at, 60),
            10..=20 => put(watch, "Failed", at, 1),
            _ => {}
        }
    });
    let changes = without_silent(changes);
    assert_eq!(
        changes,
        [
            ring("Both", true, 14),
            ring("Failing", true, 14),
            ring("Both", false, 79),
            ring("Failing", false, 79),
        ]
    );
    let points = watch
        .points("Failing", START + 60 * 70)
        .expect("it is a metric alarm");
    assert_eq!(points, [Some(0.0), Some(0.0), Some(100.0)]);
}

#[test]
fn a_filter_counts_and_a_composite_alarm_follows_its_members() {
    let mut watch = watch();
    let throttled = r#"{"status": "429"}"#;
    let group = watch
        .name_of("AccessLogGroup")
        .expect("it is in the template");
    assert_eq!(group, "/api/prod");
    for minute in 0..4 {
        put(&mut watch, "Failed", START + 60 * minute, 3);
    }
    for second in [60, 119] {
        watch
            .log(&group, START + second, throttled)
            .expect("it is sound");
    }
    watch
        .log("/other", START + 1, throttled)
        .expect("it is sound");
    let changes = play(&mut watch, 1..=20, beat);
    let changes = without_silent(changes);
    // The filter's alarm has no point after minute 2, and looks two periods further back.
    assert_eq!(
        changes,
        [
            ring("Both", true, 1),
            ring("Failing", true, 1),
            ring("Both", false, 2),
            ring("Throttled", true, 2),
            ring("Both", true, 17),
            ring("Throttled", false, 17),
        ]
    );
}

#[test]
fn embedded_metrics_count_when_the_caller_says() {
    let mut watch = watch();
    let line = serde_json::json!({
        "_aws": {"Timestamp": 1_600_000_000_000_u64, "CloudWatchMetrics": [{
            "Namespace": "Test", "Dimensions": [[]], "Metrics": [{"Name": "Failed"}],
        }]},
        "Failed": [1, 1, 1],
    });
    watch
        .log("/any", START, &line.to_string())
        .expect("it is sound");
    watch.evaluate(START + 60).expect("it can be evaluated");
    assert_eq!(watch.state("Failing"), State::Alarm);
    let broken = line.to_string().replace("[1,1,1]", "\"many\"");
    let fault = watch
        .log("/any", START, &broken)
        .expect_err("it breaks a rule");
    assert!(fault.to_string().contains("Failed is no number"), "{fault}");
}

#[test]
fn a_template_is_refused_with_the_alarm_that_is_wrong() {
    for (from, to, fault) in [
        (
            "Period: 300\n",
            "Cycle: 300\n",
            "Silent: Cycle is not known",
        ),
        (
            "-Failing'",
            "-Silent'",
            "Failing: it has the name of Silent",
        ),
        (
            "FILL(raw_made, 0)",
            "FILL(raw_made, LINEAR)",
            "Failing: made: FILL is known with a number or REPEAT only",
        ),
        (
            "ALARM(\"${Failing}\")",
            "ALARM(\"Failing\")",
            "Both: the rule is about Failing, which is no metric alarm",
        ),
        (
            "'{ $.status",
            "'{ $.status !",
            "ThrottledFilter: the pattern",
        ),
        (
            "!Ref AWS::StackName }]",
            "!Ref Other }]",
            "Silent: Dimensions: Value: Other refers to nothing that is known",
        ),
    ] {
        let template = TEMPLATE.replacen(from, to, 1);
        assert_ne!(template, TEMPLATE, "{from}");
        let Err(found) = CloudWatch::of_template(&template, Stack::new("prod")) else {
            panic!("it was taken: {to}");
        };
        assert!(found.to_string().starts_with(fault), "{found}");
    }
}
