//! The alarms of `template.yaml`, with metrics made by hand: when each rings, to the minute.

use std::collections::BTreeMap;

use local::template::project_template;
use serde_json::{Value, json};

use super::{CloudWatch, Metric, Stack, State};

/// No whole hour, so that sliding windows differ from the clock's.
const START: u64 = 1_790_000_040 / 3600 * 3600 + 2400;
/// When an outage begins, in minutes after START.
const OUTAGE: u64 = 60;

fn watch() -> CloudWatch {
    let template = std::fs::read_to_string(project_template()).expect("the template");
    CloudWatch::of_template(&template, Stack::new("prod")).expect("every alarm is understood")
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

/// After m minutes m/60 of an hour has failed: more than 5 % from the fourth minute on. More than
/// 15 % of 30 minutes are five.
#[test]
fn a_total_outage_rings_high_in_the_fourth_minute_and_critical_in_the_fifth() {
    for (good, bad, high, critical) in [
        (
            "Delivered",
            "DeliveryFailed",
            "DeliveringHigh",
            "DeliveringCritical",
        ),
        (
            "Reported",
            "ReportFailed",
            "ReportingHigh",
            "ReportingCritical",
        ),
        ("Linked", "LinkFailed", "LinkingHigh", "LinkingCritical"),
    ] {
        assert_rung(
            |since, counts, _| {
                if since >= 0 {
                    counts.remove(good);
                    counts.insert(bad, 2);
                }
            },
            &[(high, 4), (critical, 5), ("CampaignHealth", 5)],
        );
    }
    assert_rung(
        |since, counts, _| {
            if since >= 0 {
                counts.insert("ChecksNotFresh", 10);
            }
        },
        &[
            ("CheckingHigh", 4),
            ("CheckingCritical", 5),
            ("CampaignHealth", 5),
        ],
    );
}

/// One of 20 deliveries is 5 %, and not more. One of 14 is 7 %, and not more than 15 %.
#[test]
fn a_share_must_be_above_the_line() {
    let failing = |each: i64, count: u32| {
        move |since: i64, counts: &mut Counts, _: &mut CloudWatch| {
            if since >= 0 && since % each == 0 {
                counts.extend([("DeliveryFailed", count), ("Delivered", 2 - count)]);
            }
        }
    };
    assert_rung(failing(10, 1), &[]);
    let rung = rung(failing(7, 1));
    assert_eq!(rung.keys().collect::<Vec<_>>(), ["DeliveringHigh"]);
}

/// The game takes what the service hands out, and never confirms. It asks again every quarter of an
/// hour, and of 30 entitlements handed out in 15 minutes 3 again are above 5 %.
#[test]
fn a_game_that_stops_confirming_rings() {
    assert_rung(
        |since, counts, _| {
            if since >= 0 {
                counts.remove("Delivered");
            }
            if since >= 15 {
                counts.extend([("HandedOut", 4), ("HandedOutAgain", 2)]);
            }
        },
        // 2m of 120 + 2m above 5 %: 8 of 128. 2m of 60 + 2m above 15 %: 12 of 72.
        &[
            ("DeliveringHigh", 19),
            ("DeliveringCritical", 21),
            ("CampaignHealth", 21),
        ],
    );
}

#[test]
fn a_game_of_ten_players_a_day_is_heard() {
    let played = |last_good: i64| {
        move |since: i64, counts: &mut Counts, _: &mut CloudWatch| {
            counts.clear();
            counts.insert("OverdueSeconds", 0);
            if since == last_good {
                counts.extend([("Delivered", 1), ("Reported", 1)]);
            }
            if since == 60 {
                counts.extend([("DeliveryFailed", 1), ("DeliveryStuck", 1)]);
                counts.extend([("ReportFailed", 1), ("ReportStuck", 1)]);
            }
        }
    };
    let critical = [
        ("DeliveringCritical", 61),
        ("ReportingCritical", 61),
        ("CampaignHealth", 61),
    ];
    let high = [("DeliveringHigh", 61), ("ReportingHigh", 61)];
    assert_rung(played(0), &[critical.as_slice(), &high].concat());
    // Half an hour before, something was delivered: the hour still knows of it until minute 90.
    let late = [("DeliveringHigh", 90), ("ReportingHigh", 90)];
    assert_rung(played(29), &[critical.as_slice(), &late].concat());
}

/// A quarter of an hour has 60 starts; fewer than a fifth are 11 at most, so 3 good minutes at most.
/// The older of two quarters has these three at minute 27.
#[test]
fn players_who_do_not_come_back_ring_and_a_launch_does_not() {
    assert_rung(
        |since, counts, _| {
            if since >= 0 {
                counts.remove("LinkReturned");
            }
        },
        &[("LinksNotReturning", 27)],
    );
    assert_rung(
        |since, counts, _| match since {
            0..3 => counts.extend([("LinkStarted", 600), ("LinkReturned", 0)]),
            3..6 => counts.extend([("LinkReturned", 500)]),
            _ => {}
        },
        &[],
    );
}

/// 30 minutes have 300 checks: of 300 + n above 5 % are 16.
#[test]
fn tokens_that_are_not_renewed_ring() {
    for (metric, alarm) in [("RefreshFailed", "RefreshFailed"), ("LinkDead", "LinkDead")] {
        assert_rung(
            |since, counts, _| {
                if since >= 0 {
                    counts.insert(metric, 2);
                }
            },
            &[(alarm, 8)],
        );
    }
}

#[test]
fn one_is_enough_for_some_alarms_and_others_need_three_in_a_quarter_of_an_hour() {
    for alarm in [
        "TokensUnreadable",
        "UnknownOffer",
        "UnknownInstruction",
        "UnreadableRow",
        "Attention",
    ] {
        let once = |since: i64, counts: &mut Counts, _: &mut CloudWatch| {
            if since == 0 {
                counts.insert(alarm, 1);
            }
        };
        assert_rung(once, &[(alarm, 1)]);
    }
    for alarm in ["NotWritten", "KeySetFailed"] {
        let every = |minutes: i64| {
            move |since: i64, counts: &mut Counts, _: &mut CloudWatch| {
                if since >= 0 && since % minutes == 0 {
                    counts.insert(alarm, 1);
                }
            }
        };
        assert_rung(every(1), &[(alarm, 3)]);
        assert_rung(every(7), &[(alarm, 15)]);
        assert_rung(every(8), &[]);
    }
}

/// Its last line is from minute -1, and two periods of 5 minutes are empty at minute 10. If it runs
/// and can't keep up, an item is due for 360 s at minute 6, which is in the older period at 12.
#[test]
fn a_reconcile_that_is_silent_or_late_rings() {
    assert_rung(
        |since, counts, _| {
            if since >= 0 {
                counts.remove("OverdueSeconds");
            }
        },
        &[("Overdue", 10)],
    );
    assert_rung(
        |since, counts, _| {
            if let Ok(minutes) = u32::try_from(since) {
                counts.insert("OverdueSeconds", 60 * minutes);
            }
        },
        &[("Overdue", 12)],
    );
}

#[test]
fn throttled_requests_ring() {
    assert_rung(
        |since, _, watch| {
            let group = watch
                .name_of("AccessLogGroup")
                .expect("it is in the template");
            let at = START + 60 * OUTAGE;
            for status in ["429", "200"] {
                let line = json!({"stack": "prod", "status": status}).to_string();
                if (0..3).contains(&since) {
                    let at = at + 60 * since.unsigned_abs();
                    watch.log(&group, at, &line).expect("the line is sound");
                }
            }
        },
        &[("ApiThrottled", 3)],
    );
}

fn put(watch: &mut CloudWatch, metric: &Metric, since: i64, value: f64) {
    let minute = OUTAGE.saturating_add_signed(since);
    watch.put(metric.clone(), START + 60 * minute, value);
}

#[test]
fn a_function_that_crashes_or_is_throttled_rings() {
    for (name, alarm, more) in [
        ("Errors", "FunctionErrors", Some(("CampaignHealth", 1))),
        ("Throttles", "FunctionThrottles", None),
    ] {
        for function in [
            "LinkFunction",
            "EntitlementsFunction",
            "FulfillmentsFunction",
            "ReconcileFunction",
            "AdminFunction",
        ] {
            let once = |since: i64, _: &mut Counts, watch: &mut CloudWatch| {
                let function = watch.name_of(function).expect("it is in the template");
                let metric = Metric::new("AWS/Lambda", name, &[("FunctionName", &function)]);
                put(watch, &metric, since, if since == 0 { 1.0 } else { 0.0 });
            };
            let expected: Vec<_> = more.into_iter().chain([(alarm, 1)]).collect();
            assert_rung(once, &expected);
        }
    }
}

/// Three periods of 5 minutes must be above 5 %, and the oldest is with one bad minute in it, at
/// minute 11. One bad minute makes 3 of 50 in one of the periods only.
#[test]
fn answers_with_5xx_ring_if_they_last() {
    let answered = |bad: std::ops::Range<i64>| {
        move |since: i64, _: &mut Counts, watch: &mut CloudWatch| {
            let api = watch.name_of("HttpApi").expect("it is in the template");
            let metric = |name| Metric::new("AWS/ApiGateway", name, &[("ApiId", &api)]);
            put(watch, &metric("Count"), since, 10.0);
            put(
                watch,
                &metric("5xx"),
                since,
                if bad.contains(&since) { 3.0 } else { 0.0 },
            );
        }
    };
    assert_rung(
        answered(0..60),
        &[("ServerErrors", 11), ("CampaignHealth", 11)],
    );
    assert_rung(answered(0..1), &[]);
    // Each of these is a link that failed, and Linking* rings for it.
    let all_links = rung(|since, counts, watch| {
        answered(0..60)(since, counts, watch);
        if (0..60).contains(&since) {
            counts.insert("LinkFailed", 3);
        }
    });
    assert!(all_links.contains_key("LinkingCritical") && !all_links.contains_key("ServerErrors"));
}

#[test]
fn an_operator_is_told_what_to_look_at_first() {
    let text = std::fs::read_to_string(project_template()).expect("the template");
    let template: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).expect("YAML");
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
