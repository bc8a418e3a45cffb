mod entitlements;
mod envelope;
mod moves;
mod players;
mod races;
pub(crate) mod support;
