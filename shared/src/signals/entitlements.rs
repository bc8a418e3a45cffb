//! Events of entitlements: the funnel of a campaign.

use super::metric::Unit;
use super::{Metric, events};

events! {
    "Entitlements"

    /// Amazon was asked for a player's entitlements, and answered.
    CHECKED = "checked" {
        fields: ["player_id", "listed"],
        action: "Nothing.",
        metrics: [Metric::count("Checks")],
    }
    /// Amazon could not be asked; `cause` says why, and the game got what is known.
    CHECK_NOT_FRESH = "check_not_fresh" {
        fields: ["player_id", "cause"],
        action: "See Amazon's status page if it goes on.",
        metrics: [Metric::count("Checks"), Metric::count("ChecksNotFresh")],
    }
    /// The time limit ended a check; the next check does the rest.
    CHECK_CUT_SHORT = "check_cut_short" {
        fields: ["player_id"],
        action: "DynamoDB or Amazon is slow: look at their latency.",
        metrics: [Metric::count("Checks"), Metric::count("ChecksNotFresh")],
    }
    /// The time limit ended the work on what Amazon listed; Amazon lists the rest again.
    ADMISSION_CUT_SHORT = "admission_cut_short" {
        fields: ["player_id"],
        action: "DynamoDB or Amazon is slow: look at their latency.",
    }
    /// Amazon sent elements that can't be read; the service handled the others.
    BROKEN_ENTITLEMENTS = "broken_entitlements" {
        fields: ["player_id", "count"],
        action: "Ask Amazon.",
    }
    /// The service stored an entitlement as `pending`. `new`: it had not been seen before. `handed_out`: the check answers it to the game.
    PENDING = "pending" {
        fields: ["player_id", "entitlement_id", "sku", "new", "handed_out"],
        action: "Nothing.",
        metrics: [
            Metric::count("Pending").by_sku(),
            Metric::count("Seen").if_true("new").by_sku(),
            Metric::count("HandedOut").if_true("handed_out").by_sku(),
        ],
    }
    /// The service stored an entitlement as `held`; `reason` says why.
    HELD = "held" {
        fields: ["player_id", "entitlement_id", "sku", "reason", "new", "counted"],
        action: "`unknown_offer`: put the offer. `delivery_refused`, `delivery_unknown`: ask the backend's team.",
        metrics: [
            Metric::count("Held").by_sku(),
            Metric::count("Seen").if_true("new").by_sku(),
            Metric::count("UnknownOffer").if_one_of("reason", &["unknown_offer"]).by_sku(),
            Metric::count("DeliveryFailed").if_true("counted").by_sku(),
        ],
    }
    /// Amazon sent an `instruction` that the service does not know.
    UNKNOWN_INSTRUCTION = "unknown_instruction" {
        fields: ["player_id", "entitlement_id", "sku", "instruction"],
        action: "Ask Amazon what it means; a newer version of the service may know it.",
        metrics: [Metric::count("UnknownInstruction")],
    }
    /// A check answered an entitlement that was `pending` before, so that the game can deliver it. `again`: more than 10 minutes after the first time; logged at most once an hour. `waited_seconds`: since the first time.
    HANDED_OUT = "handed_out" {
        fields: ["player_id", "entitlement_id", "sku", "again", "waited_seconds"],
        action: "With `again`, many: the game does not confirm.",
        metrics: [
            Metric::count("HandedOut").by_sku(),
            Metric::count("HandedOutAgain").if_true("again").by_sku(),
        ],
    }
    /// The game confirmed a delivery, or your webhook took it. `waited_seconds`: since the service first saw it.
    DELIVERED = "delivered" {
        fields: ["player_id", "entitlement_id", "sku", "waited_seconds"],
        action: "Nothing.",
        metrics: [
            Metric::count("Delivered").by_sku(),
            Metric::field("TimeToDeliver", Unit::Seconds, "waited_seconds").by_sku(),
        ],
    }
    /// Your webhook did not take a delivery (`cause`), and the service tries again. `counted`: for the first time within an hour. `stuck`: it has now been failing for 30 minutes.
    DELIVERY_FAILED = "delivery_failed" {
        fields: ["player_id", "entitlement_id", "sku", "attempts", "cause", "waited_seconds", "counted", "stuck"],
        action: "Read the webhook's own log.",
        metrics: [
            Metric::count("DeliveryFailed").if_true("counted").by_sku(),
            Metric::count("DeliveryStuck").if_true("stuck"),
        ],
    }
    /// Prime Gaming has a report. `waited_seconds`: since the delivery.
    REPORTED = "reported" {
        fields: ["player_id", "entitlement_id", "sku", "waited_seconds"],
        action: "Nothing.",
        metrics: [
            Metric::count("Reported").by_sku(),
            Metric::field("TimeToReport", Unit::Seconds, "waited_seconds").by_sku(),
        ],
    }
    /// Prime Gaming did not take a report (`cause`), and the service tries again. `counted` and `stuck` as for `delivery_failed`.
    REPORT_FAILED = "report_failed" {
        fields: ["player_id", "entitlement_id", "sku", "attempts", "cause", "waited_seconds", "counted", "stuck"],
        action: "See Amazon's status page if it goes on.",
        metrics: [
            Metric::count("ReportFailed").if_true("counted").by_sku(),
            Metric::count("ReportStuck").if_true("stuck"),
        ],
    }
    /// The service reported once more what Amazon still listed.
    REPORTED_AGAIN = "reported_again" {
        fields: ["player_id", "entitlement_id", "sku", "told"],
        action: "Nothing, unless there are many: ask Amazon.",
    }
    /// The service could not read the ids of a confirmation together first, so it confirmed each by its own write.
    CONFIRMED_UNSEEN = "confirmed_unseen" {
        fields: ["player_id", "error"],
        action: "Nothing.",
    }
    /// The service did not try a report or delivery that can't succeed now. `counted`: a report of a link that Prime Gaming refuses, for the first time within an hour.
    WAITS = "waits" {
        fields: ["player_id", "entitlement_id", "sku", "cause", "counted"],
        action: "Nothing.",
        metrics: [Metric::count("ReportFailed").if_true("counted").by_sku()],
    }
    /// A report waits until its Amazon account is linked again.
    PARKED = "parked" {
        fields: ["player_id", "entitlement_id", "sku"],
        action: "Nothing: the player has to link again.",
    }
    /// The account of parked reports was linked again, and they are due.
    WOKEN = "woken" {
        fields: ["count"],
        action: "Nothing.",
    }
    /// A delivery or report has failed for 7 days, or Amazon has listed an entitlement with an unknown instruction for 7 days; the service tries it once a day from now on, and the row has `attention_at` until a success.
    ATTENTION = "attention" {
        fields: ["player_id", "entitlement_id", "sku", "cause"],
        action: "`cause` says what to mend.",
    }
}
