//! Whose fault a failed report is, by the cause that was stored with it.

/// Whose fault a failed report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Amazon answered, and did not accept it.
    Refused,
    /// Amazon did not answer, or not so that its answer can be used.
    Silent,
    /// Our database, or our keys.
    Ours,
}

/// How the causes begin that are answers of Amazon's.
const REFUSALS: [&str; 3] = [
    "Prime Gaming answered ",
    "Login with Amazon answered ",
    "Login with Amazon refused",
];

/// How the causes begin that are ours.
const OURS: [&str; 6] = [
    "DynamoDB ",
    "the database ",
    "gave up because ",
    "the item ",
    "no key has the id ",
    "the sealed value ",
];

impl Fault {
    /// Of this cause. A test of `flow` holds the words against the errors that write them.
    #[must_use]
    pub fn of(cause: &str) -> Self {
        let begins = |words: &[&str]| words.iter().any(|word| cause.starts_with(word));
        if begins(&REFUSALS) {
            Self::Refused
        } else if begins(&OURS) {
            Self::Ours
        } else {
            Self::Silent
        }
    }
}
