//! Delivery by the studio's backend, where the game does not grant content itself. The webhook follows
//! the Standard Webhooks specification.
//!
//! A delivery is repeated until it is answered, always with the same `webhook-id` and the same body. So
//! the studio gives content once per id, and confirms it every time.

mod webhook;

pub use webhook::{Delivery, Order, Webhook};
