//! Where an entitlement is, who has to act, and which command of an operator would help.

mod code;
mod fault;
mod link;
#[cfg(test)]
mod tests;

pub use code::{Help, Turn, VerdictCode};
pub use fault::Fault;
pub use link::{LinkFacts, OfferFacts, SecondLook};

use super::entitlement::{HoldReason, Status};
use super::failing::Failing;
use super::time::Timestamp;
use super::work::Work;
use crate::budget::DEAD_TOKENS_LIFE;

/// All that a verdict depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its status.
    pub status: Status,
    /// Why it is held.
    pub reason: Option<HoldReason>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was first handed out.
    pub handed_out_at: Option<Timestamp>,
    /// When it was last noted that it was handed out again.
    pub handed_out_again_at: Option<Timestamp>,
    /// When it was last reported to Amazon.
    pub reported_at: Option<Timestamp>,
    /// When an operator was first told of it.
    pub attention_at: Option<Timestamp>,
    /// Since when Amazon lists it with an unknown word, while it is `delivered`.
    pub unclear_since: Option<Timestamp>,
    /// How often its present step was tried.
    pub attempts: u32,
    /// Since when its present step has been failing.
    pub failing: Failing,
    /// Why the last try failed.
    pub last_cause: Option<&'a str>,
    /// What the service has to do for it.
    pub work: &'a Work,
    /// The link that can speak for it: if it is delivered, the link of its Amazon account, whichever
    /// player has that; otherwise its own player's link with that account.
    pub link: Option<LinkFacts>,
    /// Whether that link is unknown, because its row can't be read.
    pub has_unreadable_link: bool,
    /// When Amazon was last asked for its player.
    pub checked_at: Option<Timestamp>,
    /// What its SKU stands for.
    pub offer: OfferFacts,
    /// Whether another player, who was handed it, can give it to this one.
    pub can_move_here: bool,
    /// Whether the studio's webhook delivers.
    pub by_webhook: bool,
    /// Whether the intake is on hold.
    pub is_on_hold: bool,
    /// Now.
    pub now: Timestamp,
}

/// The verdict about an entitlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it is about.
    pub code: VerdictCode,
    /// Since when.
    pub since: Timestamp,
    /// When the service tries next by itself; `None`: it does not, or it does not know when.
    pub next_try_at: Option<Timestamp>,
    /// The command that would help.
    pub help: Option<Help>,
}

impl Judgement {
    const fn of(code: VerdictCode, since: Timestamp) -> Self {
        Self {
            code,
            since,
            next_try_at: None,
            help: None,
        }
    }

    const fn next(mut self, at: Option<Timestamp>) -> Self {
        self.next_try_at = at;
        self
    }

    const fn help(mut self, help: Help) -> Self {
        self.help = Some(help);
        self
    }

    fn help_if(self, is_possible: bool, help: Help) -> Self {
        if is_possible { self.help(help) } else { self }
    }
}

impl Facts<'_> {
    /// The verdict.
    #[must_use]
    pub fn finding(&self) -> Judgement {
        match (self.status, self.reason) {
            (Status::Pending, _) => self.pending(),
            (Status::Delivered, _) => self.delivered(),
            (Status::Reported, _) => Judgement::of(
                VerdictCode::Done,
                self.reported_at.unwrap_or(self.updated_at),
            ),
            (Status::Held, Some(reason)) => self.held(reason),
            // A held record without a reason can't be read.
            (Status::Held, None) => self.here(VerdictCode::Attention),
        }
    }

    fn pending(&self) -> Judgement {
        if !self.by_webhook && self.attempts > 0 {
            // The next check or run holds it. Before that there is nothing to release.
            return self.here(VerdictCode::DeliveryUnknown);
        }
        let next = self.work.due_at().filter(|_| self.by_webhook);
        let next = next.map(|at| at.max(self.now));
        if self.is_on_hold {
            return self.here(VerdictCode::IntakeHeld).next(next);
        }
        // A request that is delivering it ends the way it began.
        if self.offer == OfferFacts::Paused && !self.work.is_leased(self.now) {
            return self.paused();
        }
        if !self.by_webhook {
            return match self.handed_out() {
                Some(at) => Judgement::of(VerdictCode::WaitsForConfirmation, at),
                None => self.waits_for_check(),
            };
        }
        match (self.attention_at, self.failing.since, self.work) {
            (Some(since), ..) => Judgement::of(VerdictCode::Attention, since).next(next),
            (_, Some(since), _) => Judgement::of(VerdictCode::WebhookFailing, since).next(next),
            // It became `pending` for the game, and the setting has changed since.
            (.., Work::Idle) => self.waits_for_check(),
            _ => self.here(VerdictCode::DeliveryDue).next(next),
        }
    }

    /// Since when the game has it, since it is `pending`. If it was handed out before, a check that asked
    /// Amazon since has answered it, even if that was not worth another note. When the first such check
    /// was is not stored, so the time is that since which it is `pending`.
    fn handed_out(&self) -> Option<Timestamp> {
        let is_now = |at: &Timestamp| *at >= self.updated_at;
        let noted = [self.handed_out_at, self.handed_out_again_at];
        let noted = noted.into_iter().flatten().filter(is_now).min();
        let checked = self.checked_at.filter(is_now).and(self.handed_out_at);
        noted.or(checked.map(|_| self.updated_at))
    }

    fn delivered(&self) -> Judgement {
        let next = self.work.due_at().map(|at| at.max(self.now));
        if self.has_unreadable_link {
            let since = self.attention_at.unwrap_or(self.updated_at);
            let code = self
                .attention_at
                .map_or(VerdictCode::ReportDue, |_| VerdictCode::Attention);
            return Judgement::of(code, since).next(next);
        }
        let Some(link) = self.link.filter(LinkFacts::is_usable) else {
            return self.relink(next);
        };
        if let Some(since) = self.attention_at {
            let attention = Judgement::of(VerdictCode::Attention, since).next(next);
            return attention.help_if(!self.work.is_leased(self.now), Help::Rereport);
        }
        if let Some(since) = self.unclear_since {
            return Judgement::of(VerdictCode::UnknownInstruction, since).next(next);
        }
        if let Some(resting) = self.resting(link) {
            return resting.next(next.max(link.retry_at));
        }
        // What is parked is woken by the link that it waited for.
        let failing = self.failing.since.filter(|_| *self.work != Work::Idle);
        let Some(since) = failing else {
            return self.here(VerdictCode::ReportDue).next(next);
        };
        let code = match self.last_cause.map_or(Fault::Silent, Fault::of) {
            Fault::Refused => VerdictCode::AmazonRefuses,
            Fault::Silent => VerdictCode::AmazonFailing,
            Fault::Ours => VerdictCode::ReportDue,
        };
        let is_free = !self.work.is_leased(self.now);
        let finding = Judgement::of(code, since).next(next);
        finding.help_if(is_free && code != VerdictCode::ReportDue, Help::Rereport)
    }

    fn held(&self, reason: HoldReason) -> Judgement {
        match reason {
            HoldReason::UnknownOffer => match self.offer {
                OfferFacts::NoSku => self.here(VerdictCode::OfferMissing),
                OfferFacts::Missing => self.here(VerdictCode::OfferMissing).help(Help::Put),
                _ if self.is_on_hold => self.here(VerdictCode::IntakeHeld),
                OfferFacts::Paused => self.paused(),
                OfferFacts::There => self.needs_a_fresh_check(),
            },
            HoldReason::OfferPaused => match self.offer {
                OfferFacts::NoSku | OfferFacts::Missing => {
                    self.here(VerdictCode::OfferMissing).help(Help::Put)
                }
                OfferFacts::Paused => self.paused(),
                OfferFacts::There if self.is_on_hold => self.here(VerdictCode::IntakeHeld),
                OfferFacts::There if self.by_webhook => self.here(VerdictCode::DeliveryDue),
                OfferFacts::There => self.waits_for_check(),
            },
            HoldReason::UnknownInstruction => match self.attention_at {
                Some(since) => Judgement::of(VerdictCode::Attention, since),
                None => self.here(VerdictCode::UnknownInstruction),
            },
            HoldReason::Withdrawn => self.here(VerdictCode::Withdrawn),
            HoldReason::DuplicateOffer => self.here(VerdictCode::UsedUp),
            HoldReason::OtherPlayer => self
                .here(VerdictCode::ShownToOtherPlayer)
                .help_if(self.can_move_here, Help::Reassign),
            HoldReason::DeliveryRefused => {
                self.here(VerdictCode::RefusedByStudio).help(Help::Release)
            }
            HoldReason::DeliveryUnknown => {
                self.here(VerdictCode::DeliveryUnknown).help(Help::Release)
            }
            HoldReason::Operator => self.here(VerdictCode::OperatorHold).help(Help::Release),
        }
    }

    /// Amazon has to be asked before it can go on, and only its player's check asks.
    fn needs_a_fresh_check(&self) -> Judgement {
        if self.has_unreadable_link {
            return self.waits_for_check();
        }
        match self.link.filter(LinkFacts::is_usable) {
            None => self.relink(None),
            Some(link) => {
                let resting = self.resting(link);
                resting.unwrap_or_else(|| self.waits_for_check())
            }
        }
    }

    /// Amazon has to be asked or told, and no link can do that. `due` is when a report is tried next.
    fn relink(&self, due: Option<Timestamp>) -> Judgement {
        let look = self.link.and_then(|link| link.second_look);
        let died = look.map(|look| look.until - DEAD_TOKENS_LIFE);
        let since = died.map_or(self.updated_at, |died| died.max(self.updated_at));
        let next_look = look.filter(|look| look.at < look.until).map(|look| look.at);
        let can_be_retried = self.link.is_some_and(|it| it.can_be_retried(self.now));
        Judgement::of(VerdictCode::RelinkNeeded, since)
            .next(next_look.map(|at| at.max(self.now)).or(due))
            .help_if(can_be_retried, Help::Retry)
    }

    /// Amazon asked for rest.
    fn resting(&self, link: LinkFacts) -> Option<Judgement> {
        let is_resting = link.retry_at.is_some_and(|at| at > self.now);
        let since = self.failing.since.unwrap_or(self.updated_at);
        is_resting.then(|| {
            Judgement::of(VerdictCode::AmazonFailing, since)
                .help_if(link.can_be_retried(self.now), Help::Retry)
        })
    }

    fn paused(&self) -> Judgement {
        self.here(VerdictCode::OfferPaused).help(Help::Resume)
    }

    /// The next check goes on with it. No check can, while the player's link can't be read.
    const fn waits_for_check(&self) -> Judgement {
        self.here(if self.has_unreadable_link {
            VerdictCode::Attention
        } else {
            VerdictCode::WaitsForCheck
        })
    }

    const fn here(&self, code: VerdictCode) -> Judgement {
        Judgement::of(code, self.updated_at)
    }
}
