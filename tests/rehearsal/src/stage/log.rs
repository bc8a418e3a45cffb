//! The log lines of one rehearsal.
//!
//! One subscriber of the library serves the whole process, because with one subscriber per thread
//! `tracing` can lose the first line of a place in the code. Each line goes to the tape of the thread
//! that logs it: a rehearsal runs on one thread.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Once;

use prime_gaming::Clock;
use prime_gaming::domain::Timestamp;
use prime_gaming::testing::logging;
use tracing::Level;

use super::STACK;

/// A log line, with the time at which the rehearsal's clock stood.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// When it was logged.
    pub at: Timestamp,
    /// One JSON object.
    pub text: String,
}

type Lines = Rc<RefCell<Vec<LogLine>>>;
type Tell = Box<dyn Fn() -> Timestamp>;

thread_local! {
    static TAPE: RefCell<Option<(Lines, Tell)>> = const { RefCell::new(None) };
}

/// Everything that this thread logs, until it is dropped.
pub(super) struct Tape(Lines);

impl Tape {
    /// Begins to listen. `tell` tells the time.
    pub(super) fn start(tell: impl Fn() -> Timestamp + 'static) -> Self {
        static SUBSCRIBED: Once = Once::new();
        SUBSCRIBED.call_once(|| {
            let functions = ["link", "entitlements", "fulfillments", "reconcile", "admin"];
            let lines = logging::Lines::new(STACK.to_owned(), Clock::from_fn(now));
            let subscriber = logging::subscriber(&functions, Level::INFO, lines, || Writer);
            tracing::subscriber::set_global_default(subscriber)
                .expect("no other subscriber in this process");
        });
        let lines = Lines::default();
        TAPE.set(Some((Rc::clone(&lines), Box::new(tell))));
        Self(lines)
    }

    /// The lines so far.
    pub(super) fn lines(&self) -> Vec<LogLine> {
        self.0.borrow().clone()
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        TAPE.set(None);
    }
}

/// What the rehearsal's clock says on this thread; long ago where no tape runs on this thread.
fn now() -> Timestamp {
    let told = TAPE.with_borrow(|tape| tape.as_ref().map(|(_, tell)| tell()));
    told.unwrap_or(Timestamp::from_millis(0))
}

/// Writes for the subscriber, which all threads share.
struct Writer;

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        TAPE.with_borrow(|tape| {
            if let Some((lines, tell)) = tape {
                let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
                lines.borrow_mut().push(LogLine { at: tell(), text });
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
