//! What the service knows, without AWS, HTTP or a clock: the caller passes `now`.

mod attention;
mod checkup;
mod content;
mod correction;
mod device;
mod entitlement;
mod erasure;
mod failing;
mod hand_out;
mod ids;
mod json;
mod link;
mod listing;
mod offer;
mod operation;
mod pause;
mod retry;
mod time;
mod verdict;
mod work;

pub use attention::Waiting;
pub use checkup::{
    Check, Finding, Hosts, IndexShape, TableFacts, TableShape, judge_table, names, one_region,
};
pub use content::{Content, ContentFault, MAX_CONTENT_BYTES, MAX_CONTENT_DEPTH};
pub use correction::{Correctable, Correction};
pub use device::{DeviceStatus, slowed_down};
pub use entitlement::{HoldReason, Status, is_shown, shown_order};
pub use erasure::{
    ERASED, ErasedId, Restored, is_erased_owner, moved_note, players_of_move, without_accounts,
    without_names,
};
pub use failing::{Failing, is_long_ago};
pub use hand_out::HandOut;
pub use ids::{
    AmazonUserId, EntitlementId, IdError, LinkId, PlayerId, Sku, is_random_token, random_token,
};
pub use json::{FieldsError, fields};
pub use link::{InVain, LinkFailure, LinkStatus};
pub use listing::{Instruction, Known, News, Verdict};
pub use offer::{MAX_PER_PLAYER, MAX_TITLE_BYTES, Offer, OfferFault, PerPlayer};
pub use operation::{
    AuditRecord, MAX_OPERATOR_CHARS, NotPossible, Ordered, Present, is_about_many, is_operator_text,
};
pub use pause::{Delay, History, Pause};
pub use retry::{backoff, pause, random_fraction};
pub use time::Timestamp;
pub use verdict::{
    Facts, Fault, Help, Judgement, LinkFacts, OfferFacts, SecondLook, Turn, VerdictCode,
};
pub use work::Work;
