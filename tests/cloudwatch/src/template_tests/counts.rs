//! Alarms on a number: of events, of seconds, of errors that AWS counts.

use serde_json::json;

use super::{CloudWatch, Counts, Metric, OUTAGE, START, assert_rung, rung};

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
