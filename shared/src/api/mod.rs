//! What travels between a game and this service: the codes of errors, the bodies of requests and
//! responses, each named as its schema in `openapi.yaml`, and the answers to operators. This module uses only
//! `domain`.

mod entitlements;
mod error_code;
mod fulfillments;
mod link;
mod operations;
mod problem;
mod verdict;

pub use entitlements::{Check, CheckRequest, Entitlement, EntitlementPage};
pub use error_code::ErrorCode;
pub use fulfillments::{FulfillmentResult, Fulfillments, FulfillmentsRequest};
pub use link::{
    DeviceSession, DeviceStatus, Health, Link, LinkLogin, LinkLoginRequest, LinkSession,
    LinkSessionRequest,
};
pub use operations::{
    AccountAnswer, AttentionPage, ChangedEntitlement, Checkup, CommandCode, CorrectedOffer,
    DeletedOffer, EraseAgainAnswer, EraseAnswer, ExportAnswer, ExportedAccount, ExportedErasure,
    FailedErasure, FoundEntitlement, KeyUse, KeysAnswer, ListedOffers, OperatorEntitlement,
    OperatorLink, ParkedEntitlement, PausedOffer, PlayerAnswer, ReleasedPage, ResealedAnswer,
    RetryAnswer, SealedBy, SkippedEntitlement, StoredOffers, StoredRow, UnlinkAnswer, Unopened,
    WouldErase,
};
pub use problem::Problem;
pub use verdict::{HelpfulCommand, MissingOffer, Verdict};
