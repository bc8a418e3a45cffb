//! `POST /v1/entitlements/check` and `GET /v1/entitlements`.

mod amazon_down;
mod cost;
mod first_check;
mod handed_out;
mod history;
mod intake;
mod listing;
mod promises;
mod reports;
mod response;
mod secrets;
