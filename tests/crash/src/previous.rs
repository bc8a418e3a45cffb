//! The version before this one, which runs beside it while a deployment rolls out.
//!
//! `tests/crash/previous-version` names its commit. Its sources are unpacked under `target/`, and
//! built there with the dependencies that this version has compiled.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use local::build::{Features, Profile, Target, cargo_build_of, workspace};
use local::system::Version;
use local::template::Template;
use local::tools;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::Outcome;

/// The previous version, built once; `None` where this run leaves it out, and says so.
///
/// # Panics
/// When it can't be built.
pub async fn previous() -> Option<Version> {
    static BUILT: OnceCell<Version> = OnceCell::const_new();
    let commit = include_str!("../previous-version").trim();
    if !has(commit).await {
        let missing = format!("there is no commit {commit}, the previous version");
        match without_history().await {
            Some(reason) => tools::skip_also_in_ci(&format!("{missing}: {reason}")),
            None => tools::skip(&missing),
        }
        return None;
    }
    let version = BUILT.get_or_init(async || {
        let built = build(commit).await;
        built.unwrap_or_else(|error| panic!("the previous version, {commit}: {error}"))
    });
    Some(version.await.clone())
}

fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .current_dir(workspace())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Whether the commit is in this clone.
async fn has(commit: &str) -> bool {
    let kind = format!("{commit}^{{commit}}");
    let found = git(&["cat-file", "-e", &kind]).status().await;
    found.is_ok_and(|status| status.success())
}

/// Why the history can't be here, if that is so.
async fn without_history() -> Option<&'static str> {
    if !workspace().join(".git").exists() {
        return Some("these sources are no clone");
    }
    let answer = git(&["rev-parse", "--is-shallow-repository"])
        .output()
        .await;
    let is_shallow = answer.is_ok_and(|answer| answer.stdout.trim_ascii() == b"true");
    is_shallow.then_some("this clone is shallow")
}

async fn build(commit: &str) -> Outcome<Version> {
    let target = workspace().join("target");
    let own = target.join("previous").join(commit);
    let sources = own.join("sources");
    if !sources.join("Cargo.toml").is_file() {
        unpack(commit, &sources).await?;
    }
    let template = sources.join("template.yaml");
    let parsed = Template::read(&template).map_err(|error| error.to_string())?;
    let targets: Vec<_> = parsed.binaries().map(Target::Function).collect();
    let (profile, features) = (Profile::own(), Features::for_tests());
    let profile_name = match profile {
        Profile::Dev => "dev",
        Profile::Release => "release",
    };
    // What cargo compiles on the way is shared, but not the executables, which have the same names.
    let mut arguments = vec![
        "--target-dir".to_owned(),
        own.join("target").display().to_string(),
        "--config".to_owned(),
        format!("build.build-dir={:?}", target.display().to_string()),
    ];
    // Cargo takes packages of the same name in the same place of two workspaces for one, and would
    // use what it compiled of this version's. It keeps them apart if their profiles differ.
    for package in packages(&sources)? {
        arguments.push("--config".to_owned());
        let setting = format!("profile.{profile_name}.package.{package}.codegen-units=32");
        arguments.push(setting);
    }
    let built = cargo_build_of(&sources, &arguments, &targets, profile, features).await;
    let built = built.map_err(|error| error.to_string())?;
    let binary = built.into_values().next().ok_or("there is no function")?;
    let binaries = binary.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Version { template, binaries })
}

/// The workspace's own packages: those that Cargo.lock has no source for.
fn packages(sources: &Path) -> Outcome<Vec<String>> {
    let lock = std::fs::read_to_string(sources.join("Cargo.lock"));
    let lock = lock.map_err(|error| error.to_string())?;
    let packages = lock.split("[[package]]").skip(1);
    let own = packages.filter(|package| !package.contains("\nsource = "));
    let names = own.filter_map(|package| {
        let name = package.split_once("\nname = \"")?.1;
        Some(name.split_once('"')?.0.to_owned())
    });
    Ok(names.collect())
}

/// Unpacks the sources: complete, or not at all.
async fn unpack(commit: &str, sources: &Path) -> Outcome {
    let text = |error: std::io::Error| error.to_string();
    let parent = sources.parent().ok_or("there is no folder")?;
    std::fs::create_dir_all(parent).map_err(text)?;
    let unfinished = tempfile::tempdir_in(parent).map_err(text)?;
    let archive: PathBuf = unfinished.path().join("sources.tar");
    let path = archive.display().to_string();
    let archived = git(&["archive", "--format=tar", "--output", &path, commit])
        .status()
        .await
        .map_err(text)?;
    let folder = unfinished.path().join("sources");
    std::fs::create_dir(&folder).map_err(text)?;
    let unpacked = Command::new("tar")
        .arg("-xf")
        .arg(&archive)
        .arg("-C")
        .arg(&folder)
        .kill_on_drop(true)
        .status()
        .await
        .map_err(text)?;
    if !archived.success() || !unpacked.success() {
        return Err("its sources can't be unpacked".to_owned());
    }
    std::fs::rename(folder, sources).map_err(text)
}
