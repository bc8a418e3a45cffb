//! Builds the Lambda binaries with cargo.
//!
//! Cargo compiles a crate once for each set of features. As they are deployed, the functions have
//! fewer features than the tests and the local system, so building them like that compiles nearly
//! every dependency a second time. [`Features`] says where that is worth it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};

/// How cargo compiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Fast to build.
    Dev,
    /// As it is deployed.
    Release,
}

impl Profile {
    /// The profile that this program itself was built with.
    #[must_use]
    pub const fn own() -> Self {
        if cfg!(debug_assertions) {
            Self::Dev
        } else {
            Self::Release
        }
    }
}

/// For which packages cargo collects the features that the crates are compiled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Features {
    /// For the functions alone, as they are deployed: a feature that only a test asks for is not
    /// part of what is tried.
    Deployed,
    /// Also for the local system: what `cargo run -p local` has compiled is used again.
    Local,
    /// For all tests: what `cargo test --workspace` has compiled is used again.
    Tests,
}

impl Features {
    /// What tests use: in CI the features of the deployment, elsewhere those that are quickly built.
    #[must_use]
    pub fn for_tests() -> Self {
        if crate::environment::in_ci() {
            Self::Deployed
        } else {
            Self::Tests
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Deployed => &[],
            Self::Local => &["-p", "local"],
            // Cargo counts the features of dev-dependencies only where something is built that may
            // use them. The example is that; the tests need it anyway.
            Self::Tests => &["--workspace", "--example", "echo"],
        }
    }
}

/// One executable to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The binary of the package that has the same name: how functions are laid out.
    Function(String),
    /// An example of a package.
    Example {
        /// The package's name.
        package: String,
        /// The example's name.
        name: String,
    },
}

impl Target {
    fn name(&self) -> &str {
        match self {
            Self::Function(name) | Self::Example { name, .. } => name,
        }
    }

    fn arguments(&self) -> [&str; 4] {
        match self {
            Self::Function(name) => ["-p", name, "--bin", name],
            Self::Example { package, name } => ["-p", package, "--example", name],
        }
    }
}

/// Why there are no binaries.
#[derive(Debug)]
pub enum BuildError {
    /// Cargo could not be started or listened to.
    Cargo(std::io::Error),
    /// Cargo says no; why is on the standard error output.
    Failed(std::process::ExitStatus),
    /// This executable is not where it should be.
    Missing(PathBuf),
    /// Cargo built without saying where this executable is.
    Unnamed(String),
}

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cargo(error) => write!(f, "can't run cargo: {error}"),
            Self::Failed(status) => write!(f, "the functions did not build: cargo's {status}"),
            Self::Missing(path) => write!(f, "there is no {}", path.display()),
            Self::Unnamed(name) => write!(f, "cargo did not say where it put {name}"),
        }
    }
}

impl std::error::Error for BuildError {}

/// The workspace's root.
#[must_use]
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_owned()
}

/// Where each executable is, by name.
type Executables = BTreeMap<String, PathBuf>;

/// Builds `targets` and tells where each is. Cargo's progress and its compiler errors go to the
/// standard error output. A process builds the same only once: many systems can run in one.
///
/// # Errors
/// When cargo can't be run or the build fails.
pub async fn cargo_build(
    targets: &[Target],
    profile: Profile,
    features: Features,
) -> Result<Executables, BuildError> {
    type Built = ((Vec<Target>, Profile, Features), Executables);
    static BUILT: tokio::sync::Mutex<Vec<Built>> = tokio::sync::Mutex::const_new(Vec::new());
    let wanted = (targets.to_vec(), profile, features);
    // Held during the build, so that others wait for it.
    let mut built = BUILT.lock().await;
    if let Some((_, executables)) = built.iter().find(|(what, _)| *what == wanted) {
        return Ok(executables.clone());
    }
    let executables = cargo_build_of(&workspace(), &[], targets, profile, features).await?;
    built.push((wanted, executables.clone()));
    Ok(executables)
}

/// Builds `targets` of another version, whose sources are in the folder `sources`, with more arguments
/// for cargo.
///
/// # Errors
/// When cargo can't be run or the build fails.
pub async fn cargo_build_of(
    sources: &Path,
    arguments: &[String],
    targets: &[Target],
    profile: Profile,
    features: Features,
) -> Result<Executables, BuildError> {
    let mut command = tokio::process::Command::new(crate::environment::cargo());
    command
        .current_dir(sources)
        .args([
            "build",
            "--locked",
            "--message-format=json-render-diagnostics",
        ])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if profile == Profile::Release {
        command.arg("--release");
    }
    command.args(features.arguments());
    for target in targets {
        command.args(target.arguments());
    }
    for variable in crate::environment::set_by_cargo() {
        command.env_remove(variable);
    }

    let mut child = command.spawn().map_err(BuildError::Cargo)?;
    let mut found = BTreeMap::new();
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await.map_err(BuildError::Cargo)? {
            if let Some((name, path)) = executable(&line) {
                found.insert(name, path);
            }
        }
    }
    let status = child.wait().await.map_err(BuildError::Cargo)?;
    if !status.success() {
        return Err(BuildError::Failed(status));
    }
    targets
        .iter()
        .map(|target| {
            let path = found.remove(target.name());
            let path = path.ok_or_else(|| BuildError::Unnamed(target.name().to_owned()))?;
            Ok((target.name().to_owned(), path))
        })
        .collect()
}

/// The executables of these names in `directory`: built before, elsewhere.
///
/// # Errors
/// When one is not there.
pub fn prebuilt(
    names: impl IntoIterator<Item = String>,
    directory: &Path,
) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    names
        .into_iter()
        .map(|name| {
            let path = directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            let path = std::path::absolute(path).map_err(BuildError::Cargo)?;
            if path.is_file() {
                Ok((name, path))
            } else {
                Err(BuildError::Missing(path))
            }
        })
        .collect()
}

/// The name and path of an executable, if this line of cargo's output announces one.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    #[derive(Deserialize)]
    struct Message {
        executable: PathBuf,
        target: MessageTarget,
    }
    #[derive(Deserialize)]
    struct MessageTarget {
        name: String,
    }
    let message: Message = serde_json::from_str(line).ok()?;
    Some((message.target.name, message.executable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_executables_are_taken_from_cargos_output() {
        let line = r#"{"reason":"compiler-artifact","target":{"name":"link","kind":["bin"]},
            "executable":"/x/link","fresh":true}"#;
        assert_eq!(
            executable(line),
            Some(("link".to_owned(), PathBuf::from("/x/link")))
        );
        for other in [
            r#"{"reason":"compiler-artifact","target":{"name":"link"},"executable":null}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "not JSON",
        ] {
            assert_eq!(executable(other), None);
        }
    }

    #[test]
    fn a_missing_prebuilt_binary_is_named() {
        let error = prebuilt(["link".to_owned()], Path::new("/nowhere")).expect_err("not there");
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
