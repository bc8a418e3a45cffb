//! Planted causes, each with the verdict that it must have.

use std::time::Duration;

use super::*;
use crate::domain::LinkStatus;
use OfferFacts::{Missing, NoSku, Paused, There};
use VerdictCode as Code;

const NOW: i64 = 1_000_000_000_000;

/// So many seconds before now.
fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW - 1000 * seconds)
}

fn in_an_hour() -> Timestamp {
    ago(-3600)
}

const IDLE: Work = Work::Idle;

fn due(seconds: i64) -> Work {
    Work::Due { at: ago(-seconds) }
}

fn leased() -> Work {
    Work::Leased {
        owner: "a request".to_owned(),
        until: ago(-20),
    }
}

/// A link that Amazon accepts.
const GOOD: LinkFacts = LinkFacts {
    status: LinkStatus::Linked,
    is_ours: true,
    has_tokens: true,
    is_remnant: false,
    second_look: None,
    retry_at: None,
};

/// A `pending` one that was handed out as it became so, where the game delivers.
fn pending(work: &Work) -> Facts<'_> {
    Facts {
        status: Status::Pending,
        reason: None,
        updated_at: ago(100),
        handed_out_at: Some(ago(100)),
        handed_out_again_at: None,
        reported_at: None,
        attention_at: None,
        unclear_since: None,
        attempts: 0,
        failing: Failing::default(),
        last_cause: None,
        work,
        link: Some(GOOD),
        has_unreadable_link: false,
        checked_at: None,
        offer: There,
        can_move_here: false,
        by_webhook: false,
        is_on_hold: false,
        now: ago(0),
    }
}

/// The same, where the webhook delivers.
fn by_webhook(work: &Work) -> Facts<'_> {
    Facts {
        by_webhook: true,
        attempts: 1,
        ..pending(work)
    }
}

fn failing<'a>(facts: Facts<'a>, cause: &'a str) -> Facts<'a> {
    Facts {
        failing: Failing::default().tried(ago(50)),
        last_cause: Some(cause),
        ..facts
    }
}

fn delivered(work: &Work) -> Facts<'_> {
    Facts {
        status: Status::Delivered,
        attempts: 1,
        ..pending(work)
    }
}

fn held(reason: HoldReason) -> Facts<'static> {
    Facts {
        status: Status::Held,
        reason: Some(reason),
        ..pending(&IDLE)
    }
}

fn with(facts: Facts<'_>, link: Option<LinkFacts>) -> Facts<'_> {
    Facts { link, ..facts }
}

/// A link that needs the player.
fn relink(link: LinkFacts) -> Option<LinkFacts> {
    Some(LinkFacts {
        status: LinkStatus::RelinkRequired,
        ..link
    })
}

fn dead() -> LinkFacts {
    LinkFacts {
        has_tokens: false,
        second_look: Some(SecondLook {
            at: in_an_hour(),
            until: ago(30) + DEAD_TOKENS_LIFE,
        }),
        ..GOOD
    }
}

fn resting() -> Option<LinkFacts> {
    Some(LinkFacts {
        retry_at: Some(in_an_hour()),
        ..GOOD
    })
}

/// Holds one verdict: its code, since how many seconds, in how many seconds it is tried, and the
/// command.
#[track_caller]
fn is(facts: Facts<'_>, code: Code, since: i64, next: Option<i64>, help: Option<Help>) {
    let finding = facts.finding();
    let expected = Judgement {
        code,
        since: ago(since),
        next_try_at: next.map(|seconds| ago(-seconds)),
        help,
    };
    assert_eq!(finding, expected, "{facts:?}");
    if let Some(help) = finding.help {
        assert!(code.helps().contains(&help), "{code:?} names {help:?}");
    }
}

#[test]
fn where_the_game_delivers() {
    let facts = || pending(&IDLE);
    is(facts(), Code::WaitsForConfirmation, 100, None, None);
    let new = Facts {
        handed_out_at: None,
        ..facts()
    };
    is(new, Code::WaitsForCheck, 100, None, None);
    // It does not need Amazon.
    is(with(new, None), Code::WaitsForCheck, 100, None, None);
    let released = Facts {
        handed_out_at: Some(ago(500)),
        handed_out_again_at: Some(ago(400)),
        checked_at: Some(ago(101)),
        ..facts()
    };
    is(released, Code::WaitsForCheck, 100, None, None);
    let answered = Facts {
        checked_at: Some(ago(7)),
        ..released
    };
    is(answered, Code::WaitsForConfirmation, 100, None, None);
    // A later check does not begin the wait anew.
    let answered_again = Facts {
        checked_at: Some(ago(1)),
        ..answered
    };
    is(answered_again, Code::WaitsForConfirmation, 100, None, None);
    let noted = Facts {
        handed_out_again_at: Some(ago(90)),
        ..answered
    };
    is(noted, Code::WaitsForConfirmation, 90, None, None);
    let paused = Facts {
        offer: Paused,
        ..facts()
    };
    is(paused, Code::OfferPaused, 100, None, Some(Help::Resume));
    let on_hold = Facts {
        is_on_hold: true,
        ..paused
    };
    is(on_hold, Code::IntakeHeld, 100, None, None);
    // The webhook was called for it.
    let unknown = Facts {
        attempts: 1,
        ..facts()
    };
    is(unknown, Code::DeliveryUnknown, 100, None, None);
}

#[test]
fn where_the_webhook_delivers() {
    let (later, overdue, leased) = (due(60), due(-60), leased());
    let first = by_webhook(&later);
    is(first, Code::DeliveryDue, 100, Some(60), None);
    is(by_webhook(&overdue), Code::DeliveryDue, 100, Some(0), None);
    is(by_webhook(&leased), Code::DeliveryDue, 100, Some(20), None);
    let fails = failing(first, "status 500");
    is(fails, Code::WebhookFailing, 50, Some(60), None);
    let again = failing(by_webhook(&leased), "status 500");
    is(again, Code::WebhookFailing, 50, Some(20), None);
    let long = Facts {
        attention_at: Some(ago(10)),
        ..fails
    };
    is(long, Code::Attention, 10, Some(60), None);
    let paused = Facts {
        offer: Paused,
        ..long
    };
    is(paused, Code::OfferPaused, 100, None, Some(Help::Resume));
    let under_way = Facts {
        offer: Paused,
        ..by_webhook(&leased)
    };
    is(under_way, Code::DeliveryDue, 100, Some(20), None);
    let on_hold = Facts {
        is_on_hold: true,
        ..fails
    };
    is(on_hold, Code::IntakeHeld, 100, Some(60), None);
    // It became pending for the game; the next check makes it due.
    is(by_webhook(&IDLE), Code::WaitsForCheck, 100, None, None);
}

#[test]
fn what_is_delivered_and_has_to_be_reported() {
    let (later, leased) = (due(60), leased());
    let facts = delivered(&later);
    is(facts, Code::ReportDue, 100, Some(60), None);
    is(delivered(&leased), Code::ReportDue, 100, Some(20), None);
    let rereport = Some(Help::Rereport);
    let silent = failing(facts, "status 503");
    is(silent, Code::AmazonFailing, 50, Some(60), rereport);
    let says_no = failing(facts, "Prime Gaming answered \"ERROR\"");
    is(says_no, Code::AmazonRefuses, 50, Some(60), rereport);
    let under_way = failing(delivered(&leased), "Prime Gaming answered \"ERROR\"");
    is(under_way, Code::AmazonRefuses, 50, Some(20), None);
    let ours = failing(facts, "the database did not answer");
    is(ours, Code::ReportDue, 50, Some(60), None);
    let rests = with(silent, resting());
    is(
        rests,
        Code::AmazonFailing,
        50,
        Some(3600),
        Some(Help::Retry),
    );
    let remnant = resting().map(|link| LinkFacts {
        is_remnant: true,
        ..link
    });
    is(
        with(facts, remnant),
        Code::AmazonFailing,
        100,
        Some(3600),
        None,
    );
    let unclear = Facts {
        unclear_since: Some(ago(40)),
        ..facts
    };
    is(unclear, Code::UnknownInstruction, 40, Some(60), None);
    let long = Facts {
        attention_at: Some(ago(10)),
        ..silent
    };
    is(long, Code::Attention, 10, Some(60), rereport);
    // It was parked, and its account was linked a moment ago.
    let woken = failing(delivered(&IDLE), "status 503");
    is(woken, Code::ReportDue, 100, None, None);
    let reported = Facts {
        status: Status::Reported,
        reported_at: Some(ago(5)),
        ..delivered(&IDLE)
    };
    is(reported, Code::Done, 5, None, None);
}

#[test]
fn what_needs_a_link_that_can_be_used() {
    let later = due(60);
    let retry = Some(Help::Retry);
    let reports = Facts {
        attention_at: Some(ago(10)),
        ..delivered(&later)
    };
    let check = held(HoldReason::UnknownOffer);
    for (facts, next) in [(reports, Some(60)), (check, None)] {
        // Nobody has linked the account.
        is(with(facts, None), Code::RelinkNeeded, 100, next, None);
        // Amazon refuses it, and it is tried again by itself.
        is(
            with(facts, relink(GOOD)),
            Code::RelinkNeeded,
            100,
            next,
            retry,
        );
        is(
            with(facts, relink(dead())),
            Code::RelinkNeeded,
            30,
            Some(3600),
            retry,
        );
        let gone = LinkFacts {
            second_look: None,
            ..dead()
        };
        is(
            with(facts, relink(gone)),
            Code::RelinkNeeded,
            100,
            next,
            None,
        );
        let foreign = LinkFacts {
            is_ours: false,
            ..GOOD
        };
        is(
            with(facts, Some(foreign)),
            Code::RelinkNeeded,
            100,
            next,
            None,
        );
    }
    let last_look = LinkFacts {
        second_look: Some(SecondLook {
            at: ago(30) + DEAD_TOKENS_LIFE,
            until: ago(30) + DEAD_TOKENS_LIFE,
        }),
        ..dead()
    };
    is(
        with(check, relink(last_look)),
        Code::RelinkNeeded,
        30,
        None,
        retry,
    );
}

#[test]
fn what_waits_for_an_offer() {
    let facts = |reason, offer| Facts {
        offer,
        ..held(reason)
    };
    let unknown = |offer| facts(HoldReason::UnknownOffer, offer);
    let paused = |offer| facts(HoldReason::OfferPaused, offer);
    let (put, resume) = (Some(Help::Put), Some(Help::Resume));
    is(unknown(Missing), Code::OfferMissing, 100, None, put);
    is(unknown(NoSku), Code::OfferMissing, 100, None, None);
    is(unknown(There), Code::WaitsForCheck, 100, None, None);
    is(unknown(Paused), Code::OfferPaused, 100, None, resume);
    let rests = with(unknown(There), resting());
    is(rests, Code::AmazonFailing, 100, None, Some(Help::Retry));
    is(paused(Paused), Code::OfferPaused, 100, None, resume);
    is(paused(Missing), Code::OfferMissing, 100, None, put);
    is(paused(There), Code::WaitsForCheck, 100, None, None);
    for waits in [unknown(There), unknown(Paused), paused(There)] {
        let on_hold = Facts {
            is_on_hold: true,
            ..waits
        };
        is(on_hold, Code::IntakeHeld, 100, None, None);
    }
    // A paused record has a time in the index, at which nobody tries anything.
    let in_the_index = due(-50);
    let resumed = Facts {
        by_webhook: true,
        work: &in_the_index,
        ..paused(There)
    };
    is(resumed, Code::DeliveryDue, 100, None, None);
}

#[test]
fn what_is_held_for_another_reason() {
    let release = Some(Help::Release);
    for (reason, code, help) in [
        (
            HoldReason::UnknownInstruction,
            Code::UnknownInstruction,
            None,
        ),
        (HoldReason::Withdrawn, Code::Withdrawn, None),
        (HoldReason::DuplicateOffer, Code::UsedUp, None),
        (HoldReason::OtherPlayer, Code::ShownToOtherPlayer, None),
        (HoldReason::DeliveryRefused, Code::RefusedByStudio, release),
        (HoldReason::DeliveryUnknown, Code::DeliveryUnknown, release),
        (HoldReason::Operator, Code::OperatorHold, release),
    ] {
        is(held(reason), code, 100, None, help);
    }
    let long = Facts {
        attention_at: Some(ago(10)),
        ..held(HoldReason::UnknownInstruction)
    };
    is(long, Code::Attention, 10, None, None);
    let movable = Facts {
        can_move_here: true,
        ..held(HoldReason::OtherPlayer)
    };
    is(
        movable,
        Code::ShownToOtherPlayer,
        100,
        None,
        Some(Help::Reassign),
    );
}

#[test]
fn nothing_is_said_of_a_link_that_can_not_be_read() {
    let unknown = |facts| Facts {
        has_unreadable_link: true,
        ..with(facts, None)
    };
    let new = Facts {
        handed_out_at: None,
        ..pending(&IDLE)
    };
    for (facts, code) in [
        (new, Code::Attention),
        (pending(&IDLE), Code::WaitsForConfirmation),
        (held(HoldReason::UnknownOffer), Code::Attention),
        (held(HoldReason::OfferPaused), Code::Attention),
        (held(HoldReason::DuplicateOffer), Code::UsedUp),
        (delivered(&IDLE), Code::ReportDue),
    ] {
        is(unknown(facts), code, 100, None, None);
    }
    let long = Facts {
        attention_at: Some(ago(10)),
        ..delivered(&IDLE)
    };
    is(unknown(long), Code::Attention, 10, None, None);
}

#[test]
fn every_code_has_its_word_and_the_turns_are_in_order() {
    let mut turns = Vec::new();
    for code in VerdictCode::ALL {
        assert_eq!(serde_json::to_value(code).expect("JSON"), code.as_str());
        let turn = code.turn();
        assert_eq!(serde_json::to_value(turn).expect("JSON"), turn.as_str());
        if turns.last() != Some(&turn) {
            turns.push(turn);
        }
    }
    assert_eq!(turns.len(), 7, "the codes of a turn stand together");
}

#[test]
fn a_clock_that_was_ahead_does_no_harm() {
    let ahead = Facts {
        updated_at: ago(0) + Duration::from_secs(5),
        handed_out_at: None,
        ..pending(&IDLE)
    };
    assert_eq!(ahead.finding().code, Code::WaitsForCheck);
}
