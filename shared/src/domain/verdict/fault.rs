//! Whose fault a failed report is, by the cause that was stored with it.

/// Whose fault a failed report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Amazon answered, and did not accept it.
    Refused,
    /// Amazon did not answer, or its answer can't be used.
    Silent,
    /// Our database, our keys, or our client secret.
    Ours,
}

/// How the causes begin that are Amazon's answers.
const REFUSALS: [&str; 3] = [
    "Prime Gaming answered ",
    "Login with Amazon answered ",
    "Login with Amazon refused",
];

/// How the causes begin that are our fault.
const OURS: [&str; 7] = [
    "Login with Amazon answered invalid_client",
    "DynamoDB ",
    "the database ",
    "gave up because ",
    "the item ",
    "no key has the id ",
    "the sealed value ",
];

impl Fault {
    /// Whose fault this cause is. A test of `flow` holds the words against the errors that write them.
    #[must_use]
    pub fn of(cause: &str) -> Self {
        let begins = |words: &[&str]| words.iter().any(|word| cause.starts_with(word));
        if begins(&OURS) {
            Self::Ours
        } else if begins(&REFUSALS) {
            Self::Refused
        } else {
            Self::Silent
        }
    }
}
