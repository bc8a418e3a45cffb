//! What the packages' manifests tell cargo to leave out has no tests. Cargo would build and start a
//! program for each library and each binary, and for each library's documentation; most have none.

use std::path::{Path, PathBuf};

use local::build::workspace;

use super::test_names::{entries, tests_in};

/// Tests in a package that `cargo test` would not run.
fn left_out(package: &Path) -> Vec<String> {
    let manifest = std::fs::read_to_string(package.join("Cargo.toml")).expect("a manifest");
    let says = |section: &str, line: &str| {
        let mut sections = manifest.split("\n[");
        sections.any(|it| it.starts_with(section) && it.lines().any(|it| it == line))
    };
    let source = package.join("src");
    let main = source.join("main.rs");
    let mut wrong = Vec::new();
    for file in files_below(&source) {
        let text = std::fs::read_to_string(&file).expect("text");
        let is_main = file == main;
        if says(if is_main { "[bin]]" } else { "lib]" }, "test = false") {
            let tests = tests_in(&text).map(|test| format!("{}: {}", file.display(), test.name));
            wrong.extend(tests);
            // Its tests would be the binary's.
            if is_main && text.contains("\nmod ") {
                wrong.push(format!("{}: a module", file.display()));
            }
        }
        if says("lib]", "doctest = false") {
            let examples = examples(&text);
            wrong.extend(examples.map(|line| format!("{}: {line}", file.display())));
        }
    }
    wrong
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}

/// The beginnings of examples in documentation that cargo would compile.
fn examples(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim_start);
    let fences = lines.filter(|line| {
        let comment = line.strip_prefix("///").or(line.strip_prefix("//!"));
        comment.is_some_and(|comment| comment.trim_start().starts_with("```"))
    });
    // Every other one ends what the one before began.
    fences.step_by(2).filter(|line| !line.ends_with("```text"))
}

#[test]
fn cargo_runs_every_test_of_every_package() {
    let root = workspace();
    let mut packages = vec![root.join("shared"), root.join("tests/bench/hello")];
    packages.extend(
        ["functions", "tests"]
            .iter()
            .flat_map(|it| entries(&root.join(it))),
    );
    let left_out = packages.iter().flat_map(|package| left_out(package));
    assert_eq!(left_out.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn tests_that_cargo_would_leave_out_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    std::fs::create_dir(folder.path().join("src")).expect("a folder");
    let manifest = "[package]\nname = \"it\"\n\n[lib]\ntest = false\ndoctest = false\n\n\
        [[bin]]\nname = \"it\"\ntest = false\n";
    let documented = "/// ```text\n/// a picture\n/// ```\n/// ```\n/// example();\n/// ```\n";
    write("Cargo.toml", manifest).expect("written");
    write(
        "src/lib.rs",
        &format!("{documented}#[test]\nfn one() {{}}\n"),
    )
    .expect("written");
    write(
        "src/main.rs",
        "//! Main.\nmod parts;\n#[tokio::test]\nasync fn two() {}\n",
    )
    .expect("written");
    let mut found = left_out(folder.path());
    found.sort();
    let path = |name| folder.path().join(name).display().to_string();
    let (lib, main) = (path("src/lib.rs"), path("src/main.rs"));
    let wrong = [
        format!("{lib}: /// ```"),
        format!("{lib}: one"),
        format!("{main}: a module"),
        format!("{main}: two"),
    ];
    assert_eq!(found, wrong);
}
