//! What the integration tests share: the handlers of the real functions, called with events as
//! API Gateway sends them, against an embedded DynamoDB and a stand-in for Amazon over real HTTP.
//! Time is the test's.

mod browser;
mod call;
mod gateway;
mod linked_rows;
mod outage;
pub mod permissions;
mod planted;
mod shortcuts;
mod spy;
mod stop;
mod stored;
mod studio;
mod world;

pub use browser::{Browser, hidden_inputs};
pub use call::{Answer, Call};
pub use gateway::Gateway;
pub use linked_rows::LinkedRows;
pub use outage::{DbFault, Outage};
pub use planted::planted;
pub use shortcuts::{
    check_in, confirm_in, entitlement_id, entitlement_of, ids_of, player_id, status_of,
};
pub use spy::Spy;
pub use stored::Stored;
pub use studio::{Reply, Studio};
pub use world::{
    AUDIENCE, BASE_URL, CLIENT_ID, CLIENT_SECRET, ISSUER, JWT_SECRET, TestClock, WEBHOOK_SECRET,
    World, secrets, sign_hs256,
};
