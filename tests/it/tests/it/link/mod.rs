//! Linking in a browser, the status of a link, and unlinking.

mod again;
mod callback;
mod consent_page;
pub(crate) mod failures;
pub(crate) mod login;
mod outage;
pub(crate) mod races;
mod resume;
mod return_to;
mod sessions;
pub(crate) mod start;
mod status;
pub(crate) mod support;
mod unlink;
