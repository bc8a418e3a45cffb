//! How content reaches the player where the game does not grant it itself: the studio's backend is
//! called, by the Standard Webhooks specification.
//!
//! A delivery is repeated until it was answered, always with the same `webhook-id` and the same
//! body, so the studio gives content once per id and says so every time.

mod webhook;

pub use webhook::{Delivery, Order, Webhook};
