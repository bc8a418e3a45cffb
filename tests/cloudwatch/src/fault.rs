//! What can't be used or is not understood.

/// A sentence about a log line, an expression or a part of the template that CloudWatch would refuse,
/// or that this evaluator does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    at: Vec<String>,
    sentence: String,
}

impl Fault {
    /// A fault that this sentence describes.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self {
            at: Vec::new(),
            sentence: sentence.into(),
        }
    }

    /// The same fault, inside `place`.
    #[must_use]
    pub(crate) fn inside(mut self, place: impl Into<String>) -> Self {
        self.at.insert(0, place.into());
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for place in &self.at {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Fault {}
