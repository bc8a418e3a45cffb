//! The alarms of `template.yaml`, rehearsed: a test for each line of the table of alarms.
//!
//! A line costs some seconds, so `cargo test` plays one for each way in which something can fail, and
//! shows the others as ignored. CI plays all of them, as `cargo test -p rehearsal -- --include-ignored`
//! does.

use std::collections::BTreeSet;

use local::build::workspace;
use rehearsal::rehearse;
use rehearsal::stage::lines;

/// Where the report stands.
const PAGE: &str = "docs/signals.md";

/// Plays a line, and holds what rang against the table and against the report.
async fn holds(name: &str) {
    let outcome = rehearse(name).await.expect("the alarms can be computed");
    let row = outcome.row();
    println!("{row}");
    let faults = outcome.faults();
    assert!(faults.is_empty(), "{name}: {}", faults.join("; "));
    let page = std::fs::read_to_string(workspace().join(PAGE)).expect("a page");
    assert!(
        page.lines().any(|line| line == row),
        "{PAGE} should have: {row}"
    );
}

#[tokio::test]
async fn the_list_answers_5xx() {
    holds("the_list_answers_5xx").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_list_answers_4xx() {
    holds("the_list_answers_4xx").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_list_answers_nothing() {
    holds("the_list_answers_nothing").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_list_answers_garbage() {
    holds("the_list_answers_garbage").await;
}

#[tokio::test]
async fn reports_are_answered_5xx() {
    holds("reports_are_answered_5xx").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn reports_are_answered_4xx() {
    holds("reports_are_answered_4xx").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn reports_are_answered_error() {
    holds("reports_are_answered_error").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn reports_are_not_answered() {
    holds("reports_are_not_answered").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn every_link_is_refused() {
    holds("every_link_is_refused").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn ten_players_a_day_and_reports_fail() {
    holds("ten_players_a_day_and_reports_fail").await;
}

#[tokio::test]
async fn lwa_is_down() {
    holds("lwa_is_down").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn lwa_refuses_us() {
    holds("lwa_refuses_us").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn nobody_comes_back_from_amazon() {
    holds("nobody_comes_back_from_amazon").await;
}

#[tokio::test]
async fn refreshing_fails() {
    holds("refreshing_fails").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn many_grants_are_invalid() {
    holds("many_grants_are_invalid").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_token_keys_are_gone() {
    holds("the_token_keys_are_gone").await;
}

#[tokio::test]
async fn the_webhook_fails() {
    holds("the_webhook_fails").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_webhook_refuses() {
    holds("the_webhook_refuses").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn ten_players_a_day_and_the_webhook_fails() {
    holds("ten_players_a_day_and_the_webhook_fails").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_game_stops_confirming() {
    holds("the_game_stops_confirming").await;
}

#[tokio::test]
async fn an_offer_was_forgotten() {
    holds("an_offer_was_forgotten").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn a_word_of_amazons_is_unknown() {
    holds("a_word_of_amazons_is_unknown").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn a_row_cant_be_read() {
    holds("a_row_cant_be_read").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_database_refuses_writes() {
    holds("the_database_refuses_writes").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_database_refuses_writes_of_deliveries() {
    holds("the_database_refuses_writes_of_deliveries").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_whole_database_is_down() {
    holds("the_whole_database_is_down").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_key_set_is_gone_and_processes_are_cold() {
    holds("the_key_set_is_gone_and_processes_are_cold").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_key_set_is_gone_and_processes_are_warm() {
    holds("the_key_set_is_gone_and_processes_are_warm").await;
}

#[tokio::test]
async fn reconcile_does_not_run() {
    holds("reconcile_does_not_run").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn reconcile_crashes() {
    holds("reconcile_crashes").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn reconcile_cant_keep_up() {
    holds("reconcile_cant_keep_up").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn one_delivery_is_refused() {
    holds("one_delivery_is_refused").await;
}

#[tokio::test]
async fn the_gateway_throttles() {
    holds("the_gateway_throttles").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn functions_crash() {
    holds("functions_crash").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn functions_are_throttled() {
    holds("functions_are_throttled").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn the_gateway_answers_5xx() {
    holds("the_gateway_answers_5xx").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn a_healthy_day() {
    holds("a_healthy_day").await;
}

#[tokio::test]
#[ignore = "CI plays it"]
async fn a_healthy_day_of_deliveries() {
    holds("a_healthy_day_of_deliveries").await;
}

#[test]
fn every_line_is_played() {
    let source = include_str!("main.rs");
    let names: BTreeSet<_> = lines().map(|line| line.name).collect();
    assert_eq!(names.len(), lines().count(), "two lines have one name");
    for name in names {
        let test = format!("async fn {name}() {{\n    holds(\"{name}\").await;");
        assert!(source.contains(&test), "no test plays {name}");
    }
}

#[test]
fn the_report_has_no_other_rows() {
    let page = std::fs::read_to_string(workspace().join(PAGE)).expect("a page");
    let rehearsed = page
        .split("\n## The alarms, rehearsed\n")
        .nth(1)
        .expect("the chapter");
    let rows = rehearsed
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1);
    let rows: Vec<_> = rows.take_while(|line| line.starts_with('|')).collect();
    let first = |row: &str| {
        row.split(" | ")
            .next()
            .map(|cell| cell.trim_start_matches("| ").to_owned())
    };
    let outages: Vec<_> = rows.into_iter().filter_map(first).collect();
    let played: Vec<_> = lines().map(|line| line.outage.to_owned()).collect();
    assert_eq!(outages, played);
}
