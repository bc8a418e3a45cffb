//! The process environment: the one place of these tests that reads it.

use std::path::PathBuf;

/// Whether this is a run that nobody watches, so that nothing may be skipped.
#[expect(
    clippy::disallowed_methods,
    reason = "CI systems set this variable; it is no setting of ours"
)]
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Where the program of this name is.
#[expect(
    clippy::disallowed_methods,
    reason = "a program is looked for where the system would"
)]
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}
