//! What travels between a game and this service: the codes of errors, and the bodies of requests
//! and responses, each named as its schema in `openapi.yaml`. This room knows the domain and nothing
//! else.

mod entitlements;
mod error_code;
mod fulfillments;
mod link;
mod problem;

pub use entitlements::CheckRequest;
pub use error_code::ErrorCode;
pub use fulfillments::FulfillmentsRequest;
pub use link::{
    DeviceSession, DeviceStatus, Health, LinkLogin, LinkLoginRequest, LinkSession,
    LinkSessionRequest,
};
pub use problem::Problem;
