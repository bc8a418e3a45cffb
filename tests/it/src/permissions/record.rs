//! The permissions that a run of the tests used, in a file beside the tests' binaries: a test sees
//! only its own process, and only a whole run of `it` uses all that the functions use.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use local::template::Permission;

/// The first line of the record of a run without a filter.
const WHOLE: &str = "a whole run";

/// Notes that this process has used a permission.
pub(super) fn used(permission: &Permission) {
    static USED: LazyLock<Mutex<(BTreeSet<Permission>, File)>> = LazyLock::new(|| {
        let path = of(&own_binary());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        let mut file = File::create(path).expect("a writable folder");
        let run = if is_whole(std::env::args().skip(1)) {
            WHOLE
        } else {
            "a part"
        };
        writeln!(file, "{run}").expect("written");
        Mutex::new((BTreeSet::new(), file))
    });
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    if used.0.insert(permission.clone()) {
        writeln!(used.1, "{permission}").expect("written");
    }
}

/// What the last run of the tests `it` used.
///
/// # Errors
/// With a sentence, if that was no whole run, or is older than the tests.
pub fn recorded() -> Result<BTreeSet<Permission>, String> {
    const RUN: &str = "run `cargo test -p it` without a filter first";
    let own = own_binary();
    let folder = own.parent().expect("a folder");
    let path = of(&folder.join("it"));
    let changed = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified());
    let text = std::fs::read_to_string(&path)
        .map_err(|_| format!("there is no record of what the functions use: {RUN}"))?;
    let files = std::fs::read_dir(folder).expect("a folder");
    let binaries = files
        .flatten()
        .map(|file| file.path())
        .filter(|file| file.extension().is_none() && name_of(file) == "it");
    let recorded_at = changed(&path).expect("its time");
    if binaries
        .into_iter()
        .any(|it| changed(&it).expect("its time") > recorded_at)
    {
        return Err(format!("the tests were built again since: {RUN}"));
    }
    let mut lines = text.lines();
    if lines.next() != Some(WHOLE) {
        return Err(format!("the last run had a filter: {RUN}"));
    }
    let permission = |line: &str| {
        let mut words = line.split(' ').map(str::to_owned);
        Some(Permission {
            function: words.next()?,
            action: words.next()?,
            resource: words.next()?,
        })
    };
    Ok(lines.filter_map(permission).collect())
}

fn own_binary() -> PathBuf {
    std::env::current_exe().expect("the tests' binary")
}

/// The name of a test target: cargo adds a hash to it.
fn name_of(binary: &Path) -> &str {
    let stem = binary.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.unwrap_or_default();
    stem.rsplit_once('-').map_or(stem, |(name, _hash)| name)
}

/// Where the record of this binary is.
fn of(binary: &Path) -> PathBuf {
    let folder = binary.parent().expect("a folder");
    folder.join("permissions-used").join(name_of(binary))
}

/// Whether a test binary with these arguments runs all of its tests.
fn is_whole(mut arguments: impl Iterator<Item = String>) -> bool {
    while let Some(argument) = arguments.next() {
        match argument.split('=').next().unwrap_or_default() {
            "--nocapture" | "--no-capture" | "--show-output" | "--quiet" | "-q" => {}
            "--test-threads" | "--color" if argument.contains('=') => {}
            "--test-threads" | "--color" => drop(arguments.next()),
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_makes_a_run_partial() {
        let is_whole = |line: &str| is_whole(line.split_whitespace().map(str::to_owned));
        assert!(is_whole(""));
        assert!(is_whole("--nocapture --test-threads 4 -q --color=never"));
        for line in [
            "check::",
            "--skip link",
            "--ignored",
            "--exact a::b",
            "--list",
        ] {
            assert!(!is_whole(line), "{line}");
        }
    }
}
