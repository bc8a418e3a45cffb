//! What a player has: asking Amazon, writing down what it lists, and what a game sees of it.

mod admit;
pub(super) mod check;
pub(super) mod confirm;
pub(super) mod first_check;
pub(super) mod history;
pub(super) mod view;
