//! What the walk has seen, as Markdown for Amazon.

use std::fmt::Write as _;
use std::time::Duration;

use prime_gaming::domain::Timestamp;

/// One step of the walk.
#[derive(Clone, Debug)]
pub struct Step {
    /// The platform of the game.
    pub platform: String,
    /// What was tested.
    pub name: &'static str,
    /// When it began.
    pub began: Timestamp,
    /// How long it took, with the time in which the tester did something.
    pub took: Duration,
    /// The ids of the requests to the API.
    pub requests: Vec<String>,
    /// What was seen, or what went wrong.
    pub outcome: Result<String, String>,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { platform, name, .. } = self;
        match &self.outcome {
            Ok(seen) => writeln!(f, "ok      {platform}, {name}: {seen}"),
            Err(fault) => writeln!(f, "FAILED  {platform}, {name}: {fault}"),
        }
    }
}

/// All steps.
#[derive(Clone, Debug)]
pub struct Report {
    /// The API's address.
    pub api: String,
    /// In the order in which they were made.
    pub steps: Vec<Step>,
    /// Whether the tester ended the walk before its last step.
    pub is_interrupted: bool,
}

impl Report {
    /// An empty one.
    #[must_use]
    pub fn new(api: &str) -> Self {
        Self {
            api: api.to_owned(),
            steps: Vec::new(),
            is_interrupted: false,
        }
    }

    /// Whether the walk was made to its end, and no step has failed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        !self.is_interrupted && self.steps.iter().all(|step| step.outcome.is_ok())
    }

    /// As Markdown. It has no token and no name.
    #[must_use]
    pub fn markdown(&self) -> String {
        let failed = self.steps.iter().filter(|step| step.outcome.is_err());
        let result = match (failed.count(), self.is_interrupted) {
            (0, true) => "interrupted".to_owned(),
            (0, false) => "passed".to_owned(),
            (count, true) => format!("interrupted, {count} failed"),
            (count, false) => format!("{count} failed"),
        };
        let mut text = format!(
            "# Prime Gaming, tests before launch\n\nAPI: {}  \nResult: {result}\n",
            self.api
        );
        let mut platform = "";
        for step in &self.steps {
            if step.platform != platform {
                platform = &step.platform;
                let _ = write!(
                    text,
                    "\n## {}\n\n| step | began (UTC) | took | result | request ids |\n|---|---|---|---|---|\n",
                    cell(platform)
                );
            }
            let (word, detail) = match &step.outcome {
                Ok(seen) => ("passed", seen),
                Err(fault) => ("**failed**", fault),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} s | {word}: {} | {} |",
                step.name,
                shown(step.began),
                step.took.as_secs(),
                cell(detail),
                step.requests
                    .iter()
                    .map(|id| format!("`{}`", cell(id)))
                    .collect::<Vec<_>>()
                    .join(", "),
            );
        }
        text
    }
}

/// Whole seconds are enough.
fn shown(time: Timestamp) -> String {
    let millis = time.as_millis();
    Timestamp::from_millis(millis - millis.rem_euclid(1000)).to_string()
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('|', "\\|")
        .replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(name: &'static str, outcome: Result<String, String>) -> Step {
        Step {
            platform: "pc".to_owned(),
            name,
            began: Timestamp::from_millis(1_769_851_800_125),
            took: Duration::from_millis(2_900),
            requests: vec!["r1".to_owned(), "r2".to_owned()],
            outcome,
        }
    }

    #[test]
    fn a_walk_that_was_interrupted_has_not_passed() {
        let mut report = Report::new("https://api.studio.example");
        report.steps.push(step("Link", Ok("linked".to_owned())));
        report.is_interrupted = true;
        assert!(!report.is_passed());
        assert!(report.markdown().contains("\nResult: interrupted\n"));
    }

    #[test]
    fn a_report_has_a_table_for_each_platform() {
        let mut report = Report::new("https://api.studio.example");
        report.steps.push(step("Link", Ok("linked".to_owned())));
        assert!(report.is_passed());
        let fault = "503\n| no\\answer".to_owned();
        report.steps.push(step("Unlink", Err(fault)));
        assert!(!report.is_passed());
        assert_eq!(
            report.markdown(),
            "# Prime Gaming, tests before launch\n\nAPI: https://api.studio.example  \nResult: 1 failed\n\n\
             ## pc\n\n| step | began (UTC) | took | result | request ids |\n|---|---|---|---|---|\n\
             | Link | 2026-01-31T09:30:00Z | 2 s | passed: linked | `r1`, `r2` |\n\
             | Unlink | 2026-01-31T09:30:00Z | 2 s | **failed**: 503 \\| no\\\\answer | `r1`, `r2` |\n"
        );
    }
}
