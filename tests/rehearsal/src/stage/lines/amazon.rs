//! What goes wrong at Amazon, and with a link's tokens.

use super::super::Plan;
use super::super::crowd::{BY_MAILBOX, CONFIRMING, LINKING, MANY_LINKING, TEN_A_DAY};
use super::super::trouble::{Broken, Trouble};
use super::{Line, lasting, line, plan};

const CHECKING: &[(&str, u64)] = &[("CheckingHigh", 15), ("CheckingCritical", 15)];
const REPORTING: &[(&str, u64)] = &[("ReportingHigh", 15), ("ReportingCritical", 15)];
const LINKING_ALARMS: &[(&str, u64)] = &[("LinkingHigh", 15), ("LinkingCritical", 15)];
const CHECKING_TOO: &[&str] = &["CheckingHigh", "CheckingCritical"];
const TOKENS: &[&str] = &[
    "CheckingHigh",
    "CheckingCritical",
    "ReportingHigh",
    "ReportingCritical",
];

pub(super) const AMAZON: &[Line] = &[
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
            ..lasting(65, Trouble::Reports(Broken::Status(500)), TEN_A_DAY)
        },
        &[("ReportingHigh", 70), ("ReportingCritical", 70)],
        &[],
    ),
    line(
        "lwa_is_down",
        "LWA is down while players link",
        lasting(25, Trouble::LwaDown, LINKING),
        LINKING_ALARMS,
        &[],
    ),
    line(
        "lwa_refuses_us",
        "LWA refuses us while players link",
        lasting(25, Trouble::LwaRefusesUs, LINKING),
        LINKING_ALARMS,
        &[],
    ),
    line(
        "nobody_comes_back_from_amazon",
        "no player comes back from Amazon",
        lasting(40, Trouble::NobodyReturns, MANY_LINKING),
        &[("LinksNotReturning", 65)],
        &[],
    ),
    line(
        "refreshing_fails",
        "refreshing fails",
        lasting(22, Trouble::RefreshFails, CONFIRMING),
        &[("RefreshFailed", 30)],
        TOKENS,
    ),
    line(
        "many_grants_are_invalid",
        "`invalid_grant` for many",
        lasting(22, Trouble::GrantsInvalid, CONFIRMING),
        &[("LinkDead", 30)],
        TOKENS,
    ),
    line(
        "the_token_keys_are_gone",
        "tokens can't be opened",
        lasting(22, Trouble::TokenKeysGone, CONFIRMING),
        &[("TokensUnreadable", 30)],
        TOKENS,
    ),
];
