//! What goes wrong at the studio's and in the service; and the healthy days.

use super::super::Plan;
use super::super::crowd::{
    BUSY, CONFIRMING, DELIVERED_TO, LONG_PLAYING, MIXED, MIXED_DELIVERED_TO, TEN_A_DAY_DELIVERED_TO,
};
use super::super::trouble::Trouble;
use super::{Line, lasting, line, plan};

const DELIVERING: &[(&str, u64)] = &[("DeliveringHigh", 15), ("DeliveringCritical", 15)];
const WRITES: &[&str] = &[
    "CheckingHigh",
    "CheckingCritical",
    "DeliveringHigh",
    "DeliveringCritical",
    "ReportingHigh",
    "ReportingCritical",
    "ServerErrors",
];
const CRASHES: &[&str] = &["CheckingHigh", "CheckingCritical", "ServerErrors"];
const ALL_BY_SHARE: &[&str] = &[
    "LinkingHigh",
    "LinkingCritical",
    "CheckingHigh",
    "CheckingCritical",
    "DeliveringHigh",
    "DeliveringCritical",
    "ReportingHigh",
    "ReportingCritical",
    "Overdue",
    "NotWritten",
];

pub(super) const SERVICE: &[Line] = &[
    line(
        "the_webhook_fails",
        "the studio's webhook fails",
        plan(Trouble::WebhookFails, DELIVERED_TO),
        DELIVERING,
        &[],
    ),
    line(
        "the_webhook_refuses",
        "the studio's webhook refuses",
        plan(Trouble::WebhookRefuses, DELIVERED_TO),
        DELIVERING,
        &["Attention"],
    ),
    line(
        "ten_players_a_day_and_the_webhook_fails",
        "ten players a day, and the webhook fails",
        Plan {
            healthy: 144,
            ..lasting(65, Trouble::WebhookFails, TEN_A_DAY_DELIVERED_TO)
        },
        &[("DeliveringHigh", 70), ("DeliveringCritical", 70)],
        &[],
    ),
    line(
        "the_game_stops_confirming",
        "the game stops confirming",
        lasting(40, Trouble::NobodyConfirms, LONG_PLAYING),
        &[("DeliveringCritical", 45), ("DeliveringHigh", 75)],
        &[],
    ),
    line(
        "an_offer_was_forgotten",
        "an offer was forgotten",
        plan(Trouble::OfferForgotten, CONFIRMING),
        &[("UnknownOffer", 15)],
        &[],
    ),
    line(
        "a_word_of_amazons_is_unknown",
        "a word of Amazon's is unknown",
        plan(Trouble::WordUnknown, CONFIRMING),
        &[("UnknownInstruction", 15)],
        &[],
    ),
    line(
        "a_row_cant_be_read",
        "a row can't be read",
        plan(Trouble::RowUnreadable, CONFIRMING),
        &[("UnreadableRow", 15)],
        &[],
    ),
    line(
        "the_database_refuses_writes",
        "the database refuses writes",
        plan(Trouble::WritesRefused, CONFIRMING),
        &[("NotWritten", 15)],
        WRITES,
    ),
    line(
        "the_database_refuses_writes_of_deliveries",
        "the database refuses writes, and a webhook delivers",
        plan(Trouble::WritesRefused, DELIVERED_TO),
        &[("NotWritten", 15)],
        WRITES,
    ),
    line(
        "the_whole_database_is_down",
        "the whole database is down",
        lasting(26, Trouble::DatabaseDown, BUSY),
        &[("FunctionErrors", 15), ("ServerErrors", 25)],
        ALL_BY_SHARE,
    ),
    line(
        "the_key_set_is_gone_and_processes_are_cold",
        "the studio's key set can't be had, and processes start",
        plan(Trouble::KeySetGoneCold, CONFIRMING),
        &[("KeySetFailed", 15)],
        &["ServerErrors"],
    ),
    line(
        "the_key_set_is_gone_and_processes_are_warm",
        "the studio's key set can't be had, and processes have fetched it a moment ago",
        lasting(70, Trouble::KeySetGoneWarm, CONFIRMING),
        &[("KeySetFailed", 75)],
        &["ServerErrors"],
    ),
    line(
        "reconcile_does_not_run",
        "`reconcile` does not run",
        lasting(20, Trouble::ReconcileSilent, CONFIRMING),
        &[("Overdue", 20)],
        &["FunctionErrors"],
    ),
    line(
        "reconcile_crashes",
        "`reconcile` crashes",
        lasting(20, Trouble::ReconcileCrashes, CONFIRMING),
        &[("Overdue", 20), ("FunctionErrors", 15)],
        &[],
    ),
    line(
        "reconcile_cant_keep_up",
        "`reconcile` can't keep up",
        lasting(20, Trouble::ReconcileTooSlow, CONFIRMING),
        &[("Overdue", 20)],
        &[],
    ),
    line(
        "one_delivery_is_refused",
        "the webhook refuses one delivery",
        plan(Trouble::OneDeliveryRefused, DELIVERED_TO),
        &[("Attention", 15)],
        &[],
    ),
    line(
        "the_gateway_throttles",
        "the gateway throttles players",
        plan(Trouble::GatewayThrottles, CONFIRMING),
        &[("ApiThrottled", 15)],
        &[],
    ),
    line(
        "functions_crash",
        "functions crash",
        plan(Trouble::FunctionsCrash, CONFIRMING),
        &[("FunctionErrors", 15)],
        CRASHES,
    ),
    line(
        "functions_are_throttled",
        "functions are throttled",
        plan(Trouble::FunctionsThrottled, CONFIRMING),
        &[("FunctionThrottles", 15)],
        CRASHES,
    ),
    line(
        "the_gateway_answers_5xx",
        "the gateway answers 5xx",
        lasting(26, Trouble::GatewayFails, BUSY),
        &[("ServerErrors", 25)],
        &[],
    ),
    line(
        "a_healthy_day",
        "a healthy day, with single failures",
        lasting(75, Trouble::Single, MIXED),
        &[],
        &[],
    ),
    line(
        "a_healthy_day_of_deliveries",
        "a healthy day of a webhook, with single failures and one item that fails for good",
        lasting(75, Trouble::Single, MIXED_DELIVERED_TO),
        &[],
        &[],
    ),
];
