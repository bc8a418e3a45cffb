//! Programs that not every machine has, and what a test does where one is missing.

use std::io::Write;
use std::path::PathBuf;

use crate::environment;

/// Where the program of this name is: in the tools that `.ci/run` installs, or on the path.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let own = crate::build::workspace().join(".venv/bin");
    let path = environment::path();
    let folders = std::iter::once(own).chain(std::env::split_paths(&path));
    folders
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Says that the running test is skipped, on the real standard error: the test harness holds back
/// the output of tests that pass. A run of CI skips nothing.
///
/// # Panics
/// With the variable `CI` set to `true`.
pub fn skip(missing: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(!environment::in_ci(), "{test} can't be run: {missing}");
    skip_also_in_ci(missing);
}

/// The same where no run of CI can do anything about it.
pub fn skip_also_in_ci(missing: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let line = format!("skipped: {test}: {missing}\n");
    // A closed standard error is no reason to fail.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}
