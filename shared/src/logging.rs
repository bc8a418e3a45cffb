//! Logs: one JSON object a line on standard output, which is what CloudWatch keeps and searches.
//!
//! Lines of this service are logged from the chosen level on; those of its dependencies only as
//! warnings and errors, because a more detailed line can show what must not be logged.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt};

/// This crate, whose lines every function logs.
const LIBRARY: &str = env!("CARGO_CRATE_NAME");

/// Starts logging at the level of `AWS_LAMBDA_LOG_LEVEL` (Lambda's own setting, `INFO` by default),
/// once per process; later calls do nothing. `function` is the name of the function's crate.
#[expect(
    clippy::disallowed_methods,
    reason = "logs start before the settings are read"
)]
pub(crate) fn init(function: &'static str) {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default();
    // An error means that a test has set up logging before.
    let _ = subscriber(function, level_of(&level), std::io::stdout).try_init();
}

/// Lambda's words: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`, `FATAL`, in any case.
fn level_of(word: &str) -> Level {
    match word.trim().to_ascii_lowercase().as_str() {
        "trace" => Level::TRACE,
        "debug" => Level::DEBUG,
        "warn" => Level::WARN,
        "error" | "fatal" => Level::ERROR,
        _ => Level::INFO,
    }
}

/// What logs as the functions do: the lines of this library and of `function` from `level` on, those of
/// dependencies as warnings and errors, to `writer`.
pub fn subscriber<W>(
    function: &'static str,
    level: Level,
    writer: W,
) -> impl tracing::Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = Targets::new()
        .with_default(level.min(Level::WARN))
        .with_targets([LIBRARY, function].map(|target| (target, level)));
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_ansi(false)
        .with_writer(writer);
    // One filter for the whole registry: a filter for each layer costs more at every line.
    Registry::default().with(filter).with(lines)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic with the lock").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: Level, act: impl FnOnce()) -> Vec<Value> {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(subscriber("link", level, move || writer.clone()), act);
        let bytes = lines.0.lock().expect("no panic with the lock").clone();
        String::from_utf8(bytes)
            .expect("text")
            .lines()
            .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
            .collect()
    }

    #[test]
    fn a_line_is_one_flat_object_with_its_requests_fields() {
        let lines = logged(Level::INFO, || {
            let span = tracing::info_span!(target: "prime_gaming", "request", request_id = "r-1");
            let _entered = span.enter();
            tracing::info!(target: "prime_gaming::flow", player = "a\nb\"", "hello");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["level"], "INFO");
        assert_eq!(lines[0]["message"], "hello");
        assert_eq!(lines[0]["player"], "a\nb\"");
        assert_eq!(lines[0]["span"]["request_id"], "r-1");
    }

    #[test]
    fn dependencies_are_heard_from_warnings_on() {
        let lines = logged(Level::DEBUG, || {
            tracing::debug!(target: "link", "ours");
            tracing::info!(target: "hyper", "chatter");
            tracing::warn!(target: "hyper", "trouble");
        });
        let said: Vec<_> = lines.iter().map(|line| line["message"].as_str()).collect();
        assert_eq!(said, [Some("ours"), Some("trouble")]);
        let lines = logged(Level::ERROR, || {
            tracing::warn!(target: "hyper", "trouble");
            tracing::warn!(target: "prime_gaming", "trouble");
        });
        assert!(lines.is_empty());
    }

    #[test]
    fn lambdas_words_are_known_and_anything_else_is_info() {
        for (word, level) in [
            ("DEBUG", Level::DEBUG),
            ("warn", Level::WARN),
            ("FATAL", Level::ERROR),
            ("", Level::INFO),
            ("loud", Level::INFO),
        ] {
            assert_eq!(level_of(word), level, "{word}");
        }
    }

    #[test]
    fn starting_twice_is_harmless() {
        init("link");
        init("link");
    }
}
