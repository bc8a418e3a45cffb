//! Whether an entitlement can get its offer's present content.

use super::entitlement::Status;

/// An entitlement of a corrected offer.
#[derive(Clone, Copy, Debug)]
pub struct Correctable {
    /// Its status.
    pub status: Status,
    /// Whether a check has answered it as `pending`, or it was about to be delivered.
    pub was_handed_out: bool,
    /// How often the webhook was called for it.
    pub attempts: u32,
    /// Whether a request is at work on it.
    pub is_leased: bool,
    /// Whether it has the offer's present content.
    pub is_right: bool,
}

/// What correcting it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// It gets the offer's present content.
    Possible,
    /// The game or the studio's backend may have the other content.
    TooLate,
    /// It has the right content, or it is not to be delivered.
    NotNeeded,
}

impl Correctable {
    /// What correcting it comes to.
    #[must_use]
    pub const fn correction(self) -> Correction {
        match self.status {
            _ if self.is_right => Correction::NotNeeded,
            // What is held goes out as an operator or a check decides.
            Status::Held => Correction::NotNeeded,
            Status::Pending if !self.was_handed_out && self.attempts == 0 && !self.is_leased => {
                Correction::Possible
            }
            Status::Pending | Status::Delivered | Status::Reported => Correction::TooLate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_has_seen_is_corrected() {
        use Correction::{NotNeeded, Possible, TooLate};
        let pending = Correctable {
            status: Status::Pending,
            was_handed_out: false,
            attempts: 0,
            is_leased: false,
            is_right: false,
        };
        let with = |status| Correctable { status, ..pending };
        let right = |it| Correctable {
            is_right: true,
            ..it
        };
        let answered = Correctable {
            was_handed_out: true,
            ..pending
        };
        let called = Correctable {
            attempts: 1,
            ..pending
        };
        let leased = Correctable {
            is_leased: true,
            ..pending
        };
        for (it, correction) in [
            (pending, Possible),
            (answered, TooLate),
            (called, TooLate),
            (leased, TooLate),
            (with(Status::Held), NotNeeded),
            (with(Status::Delivered), TooLate),
            (with(Status::Reported), TooLate),
            (right(pending), NotNeeded),
            (right(answered), NotNeeded),
        ] {
            assert_eq!(it.correction(), correction, "{it:?}");
        }
    }
}
