//! Alarms on a share: percent of what could have succeeded.

use super::{CloudWatch, Counts, assert_rung, rung};

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
