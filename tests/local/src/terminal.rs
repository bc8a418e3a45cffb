//! The terminal that `cargo run -p local` is started from.

use std::io::{ErrorKind, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::task::Poll;

use tokio::sync::watch;

/// Whether a text could not be written, for another reason than that its reader has ended.
static IS_CUT: AtomicBool = AtomicBool::new(false);

/// Writes to the standard output. Not by `print!`: that the output is a closed pipe is no reason to panic.
pub fn show(text: &str) {
    let mut output = std::io::stdout().lock();
    let written = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        IS_CUT.store(true, Ordering::Relaxed);
    }
}

/// Whether a part of what was shown is missing from the output, for example because its disk is full.
#[must_use]
pub fn is_cut() -> bool {
    IS_CUT.load(Ordering::Relaxed)
}

/// Resolves on Ctrl-C, and where there is such a thing on a polite request to terminate, or when the terminal
/// is closed. It counts from the first call of this, also if nothing waits for it just then.
pub async fn asked_to_end() {
    static ASKED: OnceLock<watch::Receiver<bool>> = OnceLock::new();
    let mut asked = ASKED.get_or_init(listen).clone();
    if asked.wait_for(|is_asked| *is_asked).await.is_err() {
        // Without signals there is no way to ask but to kill.
        std::future::pending::<()>().await;
    }
}

fn listen() -> watch::Receiver<bool> {
    let (ask, asked) = watch::channel(false);
    let signalled = signalled();
    tokio::spawn(async move {
        signalled.await;
        ask.send_replace(true);
    });
    asked
}

#[cfg(unix)]
fn signalled() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{SignalKind, signal};
    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    // To listen to a signal ends that it is ignored.
    if !outlives_terminal() {
        kinds.push(SignalKind::hangup());
    }
    let signals = kinds.into_iter().filter_map(|kind| signal(kind).ok());
    let mut signals: Vec<_> = signals.collect();
    std::future::poll_fn(move |context| {
        let mut all = signals.iter_mut();
        if all.any(|signal| signal.poll_recv(context).is_ready()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}

#[cfg(not(unix))]
async fn signalled() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Whether the program was started by `nohup`, which lets it ignore that its terminal is closed. Only Linux
/// tells. Programs that it starts inherit that.
#[cfg(unix)]
#[must_use]
pub fn outlives_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The lowest bit is signal 1, SIGHUP.
    ignored.is_some_and(|mask| mask & 1 == 1)
}
