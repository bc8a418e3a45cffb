mod attention;
mod entitlements;
mod envelope;
mod keys;
mod moves;
mod pauses;
mod players;
mod races;
pub(crate) mod support;
