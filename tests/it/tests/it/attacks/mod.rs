//! What an attacker tries, each test named after the attack.

mod accounts;
mod addresses;
mod linking;
mod login;
mod posts;
pub(crate) mod secrets;
mod story;
mod tokens;
