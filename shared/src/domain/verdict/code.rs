//! The codes of verdicts, with whose turn each is and which commands help.

use serde::Serialize;

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The player.
    Player,
    /// The studio's game.
    Game,
    /// The studio: its backend, or the people who keep the offers.
    Studio,
    /// Amazon.
    Amazon,
    /// This service: it goes on by itself.
    Service,
    /// An operator.
    Operator,
    /// It is over.
    Nobody,
}

impl Turn {
    /// The word in an answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Player => "player",
            Self::Game => "game",
            Self::Studio => "studio",
            Self::Amazon => "amazon",
            Self::Service => "service",
            Self::Operator => "operator",
            Self::Nobody => "nobody",
        }
    }
}

/// What an entitlement waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "`meaning` documents each, for the page as well"
)]
pub enum VerdictCode {
    RelinkNeeded,
    WaitsForCheck,
    WaitsForConfirmation,
    WebhookFailing,
    RefusedByStudio,
    OfferMissing,
    AmazonFailing,
    AmazonRefuses,
    Withdrawn,
    UnknownInstruction,
    DeliveryDue,
    ReportDue,
    OfferPaused,
    OperatorHold,
    IntakeHeld,
    DeliveryUnknown,
    Attention,
    Done,
    UsedUp,
    ShownToOtherPlayer,
}

/// A command of an operator that would help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// `entitlement.release`
    Release,
    /// `entitlement.rereport`
    Rereport,
    /// `entitlement.reassign`, from the player who was handed it
    Reassign,
    /// `link.retry`
    Retry,
    /// `offers.resume`
    Resume,
    /// `offers.put`; its title and content are for the studio to say
    Put,
}

impl Help {
    /// The command's name.
    #[must_use]
    pub const fn command(self) -> &'static str {
        match self {
            Self::Release => "entitlement.release",
            Self::Rereport => "entitlement.rereport",
            Self::Reassign => "entitlement.reassign",
            Self::Retry => "link.retry",
            Self::Resume => "offers.resume",
            Self::Put => "offers.put",
        }
    }
}

impl VerdictCode {
    /// Every one, by whose turn it is.
    pub const ALL: [Self; 20] = [
        Self::RelinkNeeded,
        Self::WaitsForCheck,
        Self::WaitsForConfirmation,
        Self::WebhookFailing,
        Self::RefusedByStudio,
        Self::OfferMissing,
        Self::AmazonFailing,
        Self::AmazonRefuses,
        Self::Withdrawn,
        Self::UnknownInstruction,
        Self::DeliveryDue,
        Self::ReportDue,
        Self::OfferPaused,
        Self::OperatorHold,
        Self::IntakeHeld,
        Self::DeliveryUnknown,
        Self::Attention,
        Self::Done,
        Self::UsedUp,
        Self::ShownToOtherPlayer,
    ];

    /// Whose turn it is.
    #[must_use]
    pub const fn turn(self) -> Turn {
        match self {
            Self::RelinkNeeded | Self::WaitsForCheck => Turn::Player,
            Self::WaitsForConfirmation => Turn::Game,
            Self::WebhookFailing | Self::RefusedByStudio | Self::OfferMissing => Turn::Studio,
            Self::AmazonFailing
            | Self::AmazonRefuses
            | Self::Withdrawn
            | Self::UnknownInstruction => Turn::Amazon,
            Self::DeliveryDue | Self::ReportDue => Turn::Service,
            Self::OfferPaused
            | Self::OperatorHold
            | Self::IntakeHeld
            | Self::DeliveryUnknown
            | Self::Attention => Turn::Operator,
            Self::Done | Self::UsedUp | Self::ShownToOtherPlayer => Turn::Nobody,
        }
    }

    /// The word in an answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RelinkNeeded => "relink_needed",
            Self::WaitsForCheck => "waits_for_check",
            Self::WaitsForConfirmation => "waits_for_confirmation",
            Self::WebhookFailing => "webhook_failing",
            Self::RefusedByStudio => "refused_by_studio",
            Self::OfferMissing => "offer_missing",
            Self::AmazonFailing => "amazon_failing",
            Self::AmazonRefuses => "amazon_refuses",
            Self::Withdrawn => "withdrawn",
            Self::UnknownInstruction => "unknown_instruction",
            Self::DeliveryDue => "delivery_due",
            Self::ReportDue => "report_due",
            Self::OfferPaused => "offer_paused",
            Self::OperatorHold => "operator_hold",
            Self::IntakeHeld => "intake_held",
            Self::DeliveryUnknown => "delivery_unknown",
            Self::Attention => "attention",
            Self::Done => "done",
            Self::UsedUp => "used_up",
            Self::ShownToOtherPlayer => "shown_to_other_player",
        }
    }

    /// What it means, for an operator.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::RelinkNeeded => {
                "Amazon has to be asked or told, and the Amazon account has no link that can be used: it is `relink_required`, or there is none. If it is delivered already, any player who links the account helps."
            }
            Self::WaitsForCheck => {
                "Nothing is in its way, and the game has not asked since. The next check hands it out."
            }
            Self::WaitsForConfirmation => {
                "A check has answered it to the game, and the game has not confirmed it."
            }
            Self::WebhookFailing => {
                "The studio's webhook does not take it; `last_cause` says why. The service tries again by itself."
            }
            Self::RefusedByStudio => {
                "The studio's webhook has refused it for good (`held`, `delivery_refused`). Release it when the studio's backend would take it."
            }
            Self::OfferMissing => {
                "Its SKU is in no offer (`held`, `unknown_offer`). The command lacks the title and the content. If `do` is `null`, Amazon sent no SKU that can have an offer."
            }
            Self::AmazonFailing => {
                "Amazon does not answer, or has asked for rest. The service tries again by itself if it is delivered already, and else the next check asks."
            }
            Self::AmazonRefuses => {
                "Amazon answers its report, and does not accept it; `last_cause` says how. The service tries again by itself."
            }
            Self::Withdrawn => {
                "Amazon took it back before it was delivered. It is `pending` again when Amazon lists it with `FULFILL`."
            }
            Self::UnknownInstruction => {
                "Amazon lists it with a word that this version does not know."
            }
            Self::DeliveryDue => {
                "The service calls the studio's webhook for it, at `next_try_at` or in the next run of `reconcile`."
            }
            Self::ReportDue => {
                "It is delivered, and the service reports it, at `next_try_at` or in the next run of `reconcile`. A report that failed because of our own database, keys or client secret has this code, too; `last_cause` says which."
            }
            Self::OfferPaused => "Its offer is paused.",
            Self::OperatorHold => "An operator holds it.",
            Self::IntakeHeld => "`Intake` is `hold`, so nothing is handed out.",
            Self::DeliveryUnknown => {
                "The webhook was called for it, its outcome is not known, and since then `Delivery` was changed to `confirm`, so the game delivers now. Ask the player, and release it if it did not arrive. While it is still `pending`, the next check holds it."
            }
            Self::Attention => {
                "Its delivery or report has failed for 7 days, or Amazon has listed it with an unknown word for so long. `last_cause` says what to mend; then it goes on by itself, once a day, or at once by the command. It has this code, too, while its player's link can't be read, because no check can go on with it then; `unreadable` names the row."
            }
            Self::Done => "The player has it, and Amazon has taken the report.",
            Self::UsedUp => {
                "The player has had the offer as often as its `per_player` allows. `entitlement.release` would give it beyond the limit."
            }
            Self::ShownToOtherPlayer => {
                "Another player owns it: it was first shown to that player, or an operator has moved it there. If that player has not received it, the command moves it to this player, for a person who has a new game account."
            }
        }
    }

    /// The commands that may help.
    #[must_use]
    pub const fn helps(self) -> &'static [Help] {
        match self {
            Self::RelinkNeeded => &[Help::Retry],
            Self::RefusedByStudio | Self::OperatorHold | Self::DeliveryUnknown => &[Help::Release],
            Self::OfferMissing => &[Help::Put],
            Self::AmazonFailing => &[Help::Rereport, Help::Retry],
            Self::AmazonRefuses | Self::Attention => &[Help::Rereport],
            Self::OfferPaused => &[Help::Resume],
            Self::ShownToOtherPlayer => &[Help::Reassign],
            Self::WaitsForCheck
            | Self::WaitsForConfirmation
            | Self::WebhookFailing
            | Self::Withdrawn
            | Self::UnknownInstruction
            | Self::DeliveryDue
            | Self::ReportDue
            | Self::IntakeHeld
            | Self::Done
            | Self::UsedUp => &[],
        }
    }
}
