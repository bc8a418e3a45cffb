//! The commands' names.

/// A command. Its variant is named like its word: `offers.put` is [`OffersPut`](Self::OffersPut).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    OffersPut,
    OffersCorrect,
    OffersPause,
    OffersResume,
    OffersList,
    OffersDelete,
    PlayerGet,
    PlayerUnlink,
    PlayerExport,
    PlayerErase,
    PlayerEraseAgain,
    LinkRetry,
    AmazonGet,
    EntitlementGet,
    EntitlementRelease,
    EntitlementHold,
    EntitlementReassign,
    EntitlementRereport,
    AttentionList,
    AttentionRelease,
    KeysStatus,
    KeysReseal,
    Doctor,
}

impl Command {
    /// Every command.
    const ALL: [Self; 23] = [
        Self::OffersPut,
        Self::OffersCorrect,
        Self::OffersPause,
        Self::OffersResume,
        Self::OffersList,
        Self::OffersDelete,
        Self::PlayerGet,
        Self::PlayerUnlink,
        Self::PlayerExport,
        Self::PlayerErase,
        Self::PlayerEraseAgain,
        Self::LinkRetry,
        Self::AmazonGet,
        Self::EntitlementGet,
        Self::EntitlementRelease,
        Self::EntitlementHold,
        Self::EntitlementReassign,
        Self::EntitlementRereport,
        Self::AttentionList,
        Self::AttentionRelease,
        Self::KeysStatus,
        Self::KeysReseal,
        Self::Doctor,
    ];

    /// The word in an event, in audit records and in logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::OffersPut => "offers.put",
            Self::OffersCorrect => "offers.correct",
            Self::OffersPause => "offers.pause",
            Self::OffersResume => "offers.resume",
            Self::OffersList => "offers.list",
            Self::OffersDelete => "offers.delete",
            Self::PlayerGet => "player.get",
            Self::PlayerUnlink => "player.unlink",
            Self::PlayerExport => "player.export",
            Self::PlayerErase => "player.erase",
            Self::PlayerEraseAgain => "player.erase_again",
            Self::LinkRetry => "link.retry",
            Self::AmazonGet => "amazon.get",
            Self::EntitlementGet => "entitlement.get",
            Self::EntitlementRelease => "entitlement.release",
            Self::EntitlementHold => "entitlement.hold",
            Self::EntitlementReassign => "entitlement.reassign",
            Self::EntitlementRereport => "entitlement.rereport",
            Self::AttentionList => "attention.list",
            Self::AttentionRelease => "attention.release",
            Self::KeysStatus => "keys.status",
            Self::KeysReseal => "keys.reseal",
            Self::Doctor => "doctor",
        }
    }

    /// The command with that word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// All words, for the error about an unknown one.
    pub(crate) fn words() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}
