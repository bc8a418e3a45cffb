//! What the tests of log lines share.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, Once};

use serde_json::Value;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;

/// The lines that a test's own subscriber writes.
#[derive(Clone)]
pub(crate) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// None yet.
    ///
    /// `tracing` keeps for each place in the code whether anybody listens, and while there is one
    /// subscriber it asks only the thread that comes by first: another test's thread, which has
    /// none, would silence the place for all. So this process has one more subscriber, which hears
    /// nothing and wants to be asked every time.
    pub(crate) fn new() -> Self {
        static ASKED: Once = Once::new();
        ASKED.call_once(|| {
            let deaf = Registry::default().with(dynamic_filter_fn(|_, _| false));
            tracing::subscriber::set_global_default(deaf).expect("the first of this process");
        });
        Self(Arc::default())
    }

    /// Each line's object.
    pub(crate) fn json(&self) -> Vec<Value> {
        let bytes = self.0.lock().expect("no panic with the lock").clone();
        let text = String::from_utf8(bytes).expect("UTF-8");
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("one JSON object a line"))
            .collect()
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic with the lock").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
