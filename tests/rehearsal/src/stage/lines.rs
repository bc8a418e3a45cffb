//! The table of alarms, line by line: what is played, and what has to ring.

use super::Plan;
use super::crowd::{
    BUSY, BY_MAILBOX, CONFIRMING, Crowd, DELIVERED_TO, LINKING, LONG_PLAYING, MANY_LINKING, MIXED,
    MIXED_DELIVERED_TO, TEN_A_DAY, TEN_A_DAY_DELIVERED_TO,
};
use super::trouble::{Broken, Trouble};

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The name of its test.
    pub name: &'static str,
    /// The outage, as the report has it.
    pub outage: &'static str,
    /// What is played.
    pub plan: Plan,
    /// The alarms that have to ring, and within how many minutes.
    pub rings: &'static [(&'static str, u64)],
    /// The alarms that may ring besides.
    pub may_follow: &'static [&'static str],
}

const CHECKING: &[(&str, u64)] = &[("CheckingHigh", 15), ("CheckingCritical", 15)];
const REPORTING: &[(&str, u64)] = &[("ReportingHigh", 15), ("ReportingCritical", 15)];
const LINKING_ALARMS: &[(&str, u64)] = &[("LinkingHigh", 15), ("LinkingCritical", 15)];
const DELIVERING: &[(&str, u64)] = &[("DeliveringHigh", 15), ("DeliveringCritical", 15)];

const CHECKING_TOO: &[&str] = &["CheckingHigh", "CheckingCritical"];
const TOKENS: &[&str] = &[
    "CheckingHigh",
    "CheckingCritical",
    "ReportingHigh",
    "ReportingCritical",
];
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

/// After a healthy while of 20 minutes, for 18 minutes.
const fn plan(trouble: Trouble, crowd: Crowd) -> Plan {
    Plan {
        trouble,
        crowd,
        healthy: 20,
        lasts: 18,
    }
}

/// The same for so many minutes.
const fn lasting(lasts: u64, trouble: Trouble, crowd: Crowd) -> Plan {
    Plan {
        lasts,
        ..plan(trouble, crowd)
    }
}

const fn line(
    name: &'static str,
    outage: &'static str,
    plan: Plan,
    rings: &'static [(&'static str, u64)],
    may_follow: &'static [&'static str],
) -> Line {
    Line {
        name,
        outage,
        plan,
        rings,
        may_follow,
    }
}

/// Every line of the table, and each variant that it names.
pub const LINES: &[Line] = &[
    line(
        "the_list_answers_5xx",
        "Prime Gaming's list answers 5xx",
        plan(Trouble::List(Broken::Status(503)), CONFIRMING),
        CHECKING,
        &[],
    ),
    line(
        "the_list_answers_4xx",
        "Prime Gaming's list answers 4xx",
        plan(Trouble::List(Broken::Status(404)), CONFIRMING),
        CHECKING,
        &[],
    ),
    line(
        "the_list_answers_nothing",
        "Prime Gaming's list answers nothing",
        plan(Trouble::List(Broken::Silent), CONFIRMING),
        CHECKING,
        &[],
    ),
    line(
        "the_list_answers_garbage",
        "Prime Gaming's list answers garbage",
        plan(Trouble::List(Broken::Garbage), CONFIRMING),
        CHECKING,
        &[],
    ),
    line(
        "reports_are_answered_5xx",
        "reports are answered 5xx",
        plan(Trouble::Reports(Broken::Status(500)), CONFIRMING),
        REPORTING,
        &[],
    ),
    line(
        "reports_are_answered_4xx",
        "reports are answered 4xx",
        plan(Trouble::Reports(Broken::Status(400)), CONFIRMING),
        REPORTING,
        &[],
    ),
    line(
        "reports_are_answered_error",
        "reports are answered `ERROR`",
        plan(Trouble::Reports(Broken::ItemError), CONFIRMING),
        REPORTING,
        &[],
    ),
    line(
        "reports_are_not_answered",
        "reports are not answered",
        plan(Trouble::Reports(Broken::Silent), CONFIRMING),
        REPORTING,
        &[],
    ),
    line(
        "every_link_is_refused",
        "Prime Gaming refuses every link",
        plan(Trouble::EveryLinkRefused, BY_MAILBOX),
        REPORTING,
        CHECKING_TOO,
    ),
    line(
        "ten_players_a_day_and_reports_fail",
        "ten players a day, and reports are answered 5xx",
        Plan {
            healthy: 144,
            ..lasting(80, Trouble::Reports(Broken::Status(500)), TEN_A_DAY)
        },
        &[("ReportingHigh", 70), ("ReportingCritical", 70)],
        &[],
    ),
    line(
        "lwa_is_down",
        "LWA is down while players link",
        plan(Trouble::LwaDown, LINKING),
        LINKING_ALARMS,
        &[],
    ),
    line(
        "lwa_refuses_us",
        "LWA refuses us while players link",
        plan(Trouble::LwaRefusesUs, LINKING),
        LINKING_ALARMS,
        &[],
    ),
    line(
        "nobody_comes_back_from_amazon",
        "nobody comes back from Amazon",
        lasting(70, Trouble::NobodyReturns, MANY_LINKING),
        &[("LinksNotReturning", 65)],
        &[],
    ),
    line(
        "refreshing_fails",
        "refreshing fails",
        lasting(32, Trouble::RefreshFails, CONFIRMING),
        &[("RefreshFailed", 30)],
        TOKENS,
    ),
    line(
        "many_grants_are_invalid",
        "`invalid_grant` for many",
        lasting(32, Trouble::GrantsInvalid, CONFIRMING),
        &[("LinkDead", 30)],
        TOKENS,
    ),
    line(
        "the_token_keys_are_gone",
        "tokens can't be opened",
        lasting(32, Trouble::TokenKeysGone, CONFIRMING),
        &[("TokensUnreadable", 30)],
        TOKENS,
    ),
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
            ..lasting(80, Trouble::WebhookFails, TEN_A_DAY_DELIVERED_TO)
        },
        &[("DeliveringHigh", 70), ("DeliveringCritical", 70)],
        &[],
    ),
    line(
        "the_game_stops_confirming",
        "the game stops confirming",
        lasting(80, Trouble::NobodyConfirms, LONG_PLAYING),
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
        lasting(27, Trouble::DatabaseDown, BUSY),
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
        lasting(80, Trouble::KeySetGoneWarm, CONFIRMING),
        &[("KeySetFailed", 75)],
        &["ServerErrors"],
    ),
    line(
        "reconcile_does_not_run",
        "`reconcile` does not run",
        lasting(22, Trouble::ReconcileSilent, CONFIRMING),
        &[("Overdue", 20)],
        &["FunctionErrors"],
    ),
    line(
        "reconcile_crashes",
        "`reconcile` crashes",
        lasting(22, Trouble::ReconcileCrashes, CONFIRMING),
        &[("Overdue", 20), ("FunctionErrors", 15)],
        &[],
    ),
    line(
        "reconcile_cant_keep_up",
        "`reconcile` can't keep up",
        lasting(22, Trouble::ReconcileTooSlow, CONFIRMING),
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
        lasting(27, Trouble::GatewayFails, BUSY),
        &[("ServerErrors", 25)],
        &[],
    ),
    line(
        "a_healthy_day",
        "a healthy day, with single failures",
        lasting(70, Trouble::Single, MIXED),
        &[],
        &[],
    ),
    line(
        "a_healthy_day_of_deliveries",
        "a healthy day of a webhook, with single failures and one item that fails for good",
        lasting(70, Trouble::Single, MIXED_DELIVERED_TO),
        &[],
        &[],
    ),
];
