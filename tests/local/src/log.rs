//! Where the lines go that functions write to their standard outputs.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

/// A line that a part of the system wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who: a function's name, or `gateway`.
    pub source: String,
    /// What, without the line's end.
    pub text: String,
}

/// Takes log lines. Clones lead to the same place.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(Line) + Send + Sync>);

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    /// A log that hands every line to `take`.
    pub fn new(take: impl Fn(Line) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Writes lines to the standard error output, each after its source's name, dimmed where
    /// that is a terminal.
    #[must_use]
    pub fn console() -> Self {
        let (dim, plain) = if std::io::stderr().is_terminal() {
            ("\x1b[2m", "\x1b[0m")
        } else {
            ("", "")
        };
        Self::new(move |line| {
            let text = format!("{dim}{:>12} | {}{plain}\n", line.source, line.text);
            // A closed terminal is no reason to end.
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
        })
    }

    /// Keeps lines in memory, to be looked at.
    #[must_use]
    pub fn memory() -> (Self, Lines) {
        let lines = Lines::default();
        let kept = lines.clone();
        (Self::new(move |line| kept.push(line)), lines)
    }

    /// Forgets every line.
    #[must_use]
    pub fn none() -> Self {
        Self::new(drop)
    }

    /// Takes a line.
    pub fn write(&self, source: &str, text: impl Into<String>) {
        (self.0)(Line {
            source: source.to_owned(),
            text: text.into(),
        });
    }
}

/// The lines that a [`Log::memory`] took.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<Line>>>);

impl Lines {
    fn push(&self, line: Line) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    /// All lines so far, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Line> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The texts of all lines so far, joined: to look for what must, or must not, be in them.
    #[must_use]
    pub fn text(&self) -> String {
        self.all()
            .into_iter()
            .map(|line| line.text + "\n")
            .collect()
    }
}
