//! The life of an entitlement: `pending` → `delivered` → `reported`, or `held`.

use serde::Serialize;

use super::ids::EntitlementId;
use super::time::Timestamp;

/// Where an entitlement is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// To be delivered.
    Pending,
    /// Delivered; Amazon has not been told yet.
    Delivered,
    /// Delivered, and Amazon knows.
    Reported,
    /// Must not be delivered; its [`HoldReason`] says why.
    Held,
}

impl Status {
    /// The word in the API and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Reported => "reported",
            Self::Held => "held",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Reported, Self::Held]
            .into_iter()
            .find(|status| status.as_str() == word)
    }

    /// Whether Amazon has to be told of it, now or later.
    #[must_use]
    pub const fn needs_report(self) -> bool {
        matches!(self, Self::Pending | Self::Delivered)
    }
}

/// The order in which a game sees entitlements: the `pending` ones first, then the others, each
/// oldest first.
#[must_use]
pub fn shown_order(
    status: Status,
    first_seen_at: Timestamp,
    id: &EntitlementId,
) -> (bool, Timestamp, &EntitlementId) {
    (status != Status::Pending, first_seen_at, id)
}

/// Whether a game sees an entitlement of this status: while the intake is on hold, nothing is
/// handed out.
#[must_use]
pub const fn is_shown(status: Status, intake_is_on_hold: bool) -> bool {
    !(intake_is_on_hold && matches!(status, Status::Pending))
}

/// Why an entitlement is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// Its SKU is not in the offers table.
    UnknownOffer,
    /// Amazon's instruction is a word we do not know.
    UnknownInstruction,
    /// Amazon took it back before it was delivered.
    Withdrawn,
    /// Its offer is paused.
    OfferPaused,
    /// The player has used this offer up.
    DuplicateOffer,
    /// It was handed out to another player before.
    OtherPlayer,
    /// The studio's backend refused to deliver it.
    DeliveryRefused,
    /// The studio's backend was asked to deliver it, the outcome is not known, and the game
    /// delivers since.
    DeliveryUnknown,
    /// An operator holds it.
    Operator,
}

impl HoldReason {
    pub(super) const ALL: [Self; 9] = [
        Self::UnknownOffer,
        Self::UnknownInstruction,
        Self::Withdrawn,
        Self::OfferPaused,
        Self::DuplicateOffer,
        Self::OtherPlayer,
        Self::DeliveryRefused,
        Self::DeliveryUnknown,
        Self::Operator,
    ];

    /// The word in the API and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownOffer => "unknown_offer",
            Self::UnknownInstruction => "unknown_instruction",
            Self::Withdrawn => "withdrawn",
            Self::OfferPaused => "offer_paused",
            Self::DuplicateOffer => "duplicate_offer",
            Self::OtherPlayer => "other_player",
            Self::DeliveryRefused => "delivery_refused",
            Self::DeliveryUnknown => "delivery_unknown",
            Self::Operator => "operator",
        }
    }

    /// The reason of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// Whether every fresh check looks again; the other holds only an operator releases.
    #[must_use]
    pub const fn is_looked_at_again(self) -> bool {
        matches!(
            self,
            Self::UnknownOffer | Self::UnknownInstruction | Self::Withdrawn | Self::OfferPaused
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_its_reason() {
        for reason in HoldReason::ALL {
            assert_eq!(HoldReason::parse(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_value(reason).expect("JSON"), reason.as_str());
        }
        assert_eq!(HoldReason::parse("pending"), None);
    }

    #[test]
    fn amazon_is_told_of_what_is_or_will_be_delivered() {
        for (status, needs_report) in [
            (Status::Pending, true),
            (Status::Delivered, true),
            (Status::Reported, false),
            (Status::Held, false),
        ] {
            assert_eq!(status.needs_report(), needs_report, "{status:?}");
        }
    }

    #[test]
    fn what_may_be_granted_is_shown_first_and_the_oldest_before_the_newer() {
        let mut entitlements = [
            (Status::Held, 1, "a"),
            (Status::Pending, 3, "b"),
            (Status::Delivered, 2, "c"),
            (Status::Pending, 2, "e"),
            (Status::Pending, 2, "d"),
        ]
        .map(|(status, time, id)| {
            let id = EntitlementId::new(id).expect("an id");
            (status, Timestamp::from_millis(time), id)
        });
        entitlements.sort_by(|a, b| shown_order(a.0, a.1, &a.2).cmp(&shown_order(b.0, b.1, &b.2)));
        let order: Vec<_> = entitlements.iter().map(|it| it.2.as_str()).collect();
        assert_eq!(order, ["d", "e", "b", "a", "c"]);
    }

    #[test]
    fn on_hold_only_what_is_pending_is_hidden() {
        for status in [
            Status::Pending,
            Status::Delivered,
            Status::Reported,
            Status::Held,
        ] {
            assert!(is_shown(status, false), "{status:?}");
            assert_eq!(
                is_shown(status, true),
                status != Status::Pending,
                "{status:?}"
            );
        }
    }

    #[test]
    fn a_check_looks_again_at_what_amazon_or_the_studio_can_still_change() {
        let again: Vec<_> = HoldReason::ALL
            .into_iter()
            .filter(|reason| reason.is_looked_at_again())
            .map(HoldReason::as_str)
            .collect();
        assert_eq!(
            again,
            [
                "unknown_offer",
                "unknown_instruction",
                "withdrawn",
                "offer_paused"
            ]
        );
    }
}
