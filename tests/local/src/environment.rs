//! The process environment: the one place of the local system that reads it.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The cargo to build with: the one that runs us, else the one on the path.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo hands this variable to what it runs"
)]
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The variables that cargo sets for what it runs, by name. A cargo that we start must not see
/// them: build scripts watch some, and would build everything again and again.
pub(crate) fn set_by_cargo() -> impl Iterator<Item = OsString> {
    const PREFIXES: [&str; 5] = [
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
        "CARGO_PRIMARY_",
    ];
    std::env::vars_os().map(|(name, _)| name).filter(|name| {
        name.to_str()
            .is_some_and(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
    })
}

/// Whether this is a run of CI, in which no test may be skipped.
#[expect(
    clippy::disallowed_methods,
    reason = "CI systems set this variable; it is no setting of ours"
)]
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Where programs are looked for: the only variable that functions inherit unasked.
#[expect(
    clippy::disallowed_methods,
    reason = "functions inherit this one variable"
)]
pub(crate) fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// The variables of the process environment that have these names and are not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "settings in the environment win: read here only"
)]
pub(crate) fn settings<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
    names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// The variable of this name, if it is there and not empty.
pub(crate) fn text(name: &str) -> Option<String> {
    settings([name]).remove(name)
}
