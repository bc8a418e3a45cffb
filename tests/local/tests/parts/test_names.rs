//! The tests that the documents name: each command finds its package, its target and at least one
//! test, and each `module::name` is a module or a test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use local::build::workspace;

use super::documents::Library;

/// First words of names with `::` that are not ours: a scope of Amazon, and a crate.
const FOREIGN: [&str; 2] = ["games", "lambda_http"];

/// A test, with its name in its file or in its target.
pub(crate) struct Test {
    pub(crate) name: String,
    /// Whether `#[ignore]` stands above it.
    is_ignored: bool,
}

/// The tests of each target of each package, with full names; the target of `src` is empty.
#[derive(Default)]
struct Tests(BTreeMap<String, BTreeMap<String, Vec<Test>>>);

impl Tests {
    fn of_workspace() -> Self {
        let root = workspace();
        let mut tests = Self::default();
        for folder in [root.join("functions"), root.join("tests")] {
            entries(&folder).iter().for_each(|it| tests.add_package(it));
        }
        tests.add_package(&root.join("shared"));
        tests
    }

    fn add_package(&mut self, folder: &Path) {
        let Ok(manifest) = std::fs::read_to_string(folder.join("Cargo.toml")) else {
            return;
        };
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = "));
        let name = name.expect("a package has a name").trim_matches('"');
        let mut targets = BTreeMap::from([(String::new(), tests_below(&folder.join("src"), ""))]);
        for target in entries(&folder.join("tests")) {
            let file = target.file_name().expect("a name").to_string_lossy();
            targets.insert(file.into_owned(), tests_below(&target, ""));
        }
        self.0.insert(name.to_owned(), targets);
    }

    /// Whether this `cargo test` command runs at least one test; an ignored one runs only if the
    /// command asks for it. A word in capitals is a placeholder, and matches any test.
    fn run_by(&self, command: &str) -> bool {
        let command = command.split([';', '#', '|']).next().unwrap_or_default();
        let mut words = command.split_whitespace().skip(2);
        let (mut package, mut target, mut filter) = (None, None, "");
        while let Some(word) = words.next() {
            match word {
                "-p" => package = words.next(),
                "--test" => target = words.next(),
                "--" => break,
                option if option.starts_with('-') => {}
                word if word.trim_end_matches(':').chars().all(char::is_uppercase) => {}
                word => filter = word,
            }
        }
        let flags: Vec<_> = words.collect();
        let only_ignored = flags.contains(&"--ignored");
        let also_ignored = only_ignored || flags.contains(&"--include-ignored");
        let runs = |test: &Test| {
            if test.is_ignored {
                also_ignored
            } else {
                !only_ignored
            }
        };
        let packages = self.0.iter();
        let packages = packages.filter(|(name, _)| package.is_none_or(|it| it == *name));
        let targets = packages.flat_map(|(_, targets)| targets);
        let targets = targets.filter(|(name, _)| target.is_none_or(|it| it == *name));
        let mut tests = targets.flat_map(|(_, tests)| tests);
        tests.any(|test| test.name.contains(filter) && runs(test))
    }

    /// Whether `path` is a module with tests, or a test.
    fn has(&self, path: &str) -> bool {
        let path = format!("::{}::", path.trim_end_matches("::"));
        let mut tests = self.0.values().flat_map(BTreeMap::values).flatten();
        tests.any(|test| format!("::{}::", test.name).contains(&path))
    }
}

pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|it| it.expect("an entry").path()).collect()
}

/// The tests of the files below a folder, which is the module `module`.
fn tests_below(folder: &Path, module: &str) -> Vec<Test> {
    let mut tests = Vec::new();
    for path in entries(folder) {
        let stem = path.file_stem().expect("a name").to_string_lossy();
        let inner = match &*stem {
            "lib" | "main" | "mod" => module.to_owned(),
            stem => format!("{module}{stem}::"),
        };
        if path.is_dir() {
            tests.extend(tests_below(&path, &inner));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = std::fs::read_to_string(&path).expect("text");
            tests.extend(tests_in(&text).map(|test| Test {
                name: format!("{inner}{}", test.name),
                ..test
            }));
        }
    }
    tests
}

/// The functions that a line like `#[test]` or `#[tokio::test]` stands above.
pub(crate) fn tests_in(text: &str) -> impl Iterator<Item = Test> {
    let (mut is_test, mut is_ignored) = (false, false);
    let mut tests = Vec::new();
    for line in text.lines().map(str::trim) {
        is_test |= line.starts_with("#[test") || line.starts_with("#[tokio::test");
        is_ignored |= line.starts_with("#[ignore");
        let head = line.strip_prefix("async ").unwrap_or(line);
        if let Some(head) = head.strip_prefix("fn ")
            && std::mem::take(&mut is_test)
        {
            tests.extend(head.split('(').next().map(|name| Test {
                name: name.to_owned(),
                is_ignored: std::mem::take(&mut is_ignored),
            }));
        }
    }
    tests.into_iter()
}

/// What a document says about tests that is not so.
fn wrong(library: &Library, tests: &Tests) -> Vec<String> {
    let mut wrong = Vec::new();
    for (page, document) in &library.documents {
        let lines = document.blocks.iter().flat_map(|block| block.lines());
        for text in lines.chain(document.code.iter().map(String::as_str)) {
            let command = text.find("cargo test").map(|at| &text[at..]);
            if command.is_some_and(|command| !tests.run_by(command)) {
                wrong.push(format!("{}: {text}", page.display()));
            }
        }
        for code in &document.code {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
            let first = code.split("::").next().unwrap_or_default();
            let is_name = code.contains("::") && code.chars().all(plain);
            if is_name && !FOREIGN.contains(&first) && !tests.has(code) {
                wrong.push(format!("{}: {code}", page.display()));
            }
        }
    }
    wrong
}

#[test]
fn every_test_that_a_document_names_is_there() {
    let tests = Tests::of_workspace();
    assert_eq!(wrong(&Library::read(&workspace()), &tests), [""; 0]);
}

#[test]
fn tests_that_are_gone_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let sources = folder.path().join("target/it/tests/it/check");
    std::fs::create_dir_all(&sources).expect("a folder");
    let page = "`cargo test -p it check::` `cargo test -p it FOLDER::` `cargo test -p other`\n\
        `cargo test -p it --test walks` `check::reports` `check::report` `games::prime` `check::`\n\
        `cargo test -p it slow` `cargo test -p it slow -- --nocapture` `cargo test -p it slow -- --ignored`\n\
        `cargo test -p it a_report -- --ignored` `cargo test -p it -- --include-ignored`\n\
        ```\nCI=true cargo test -p it gone:: # a comment\ncargo test\n```\n";
    let source = "#[tokio::test]\nasync fn a_report() {}\nfn helper() {}\n\
        #[test]\n#[ignore = \"slow\"]\nfn slow() {}\n";
    for (path, text) in [
        (folder.path().join("README.md"), page),
        (
            folder.path().join("target/it/Cargo.toml"),
            "name = \"it\"\n",
        ),
        (sources.join("reports.rs"), source),
    ] {
        std::fs::write(path, text).expect("written");
    }
    let mut tests = Tests::default();
    tests.add_package(&folder.path().join("target/it"));
    let found = wrong(&Library::read(folder.path()), &tests);
    let gone = [
        "README.md: CI=true cargo test -p it gone:: # a comment",
        "README.md: cargo test -p other",
        "README.md: cargo test -p it --test walks",
        "README.md: cargo test -p it slow",
        "README.md: cargo test -p it slow -- --nocapture",
        "README.md: cargo test -p it a_report -- --ignored",
        "README.md: check::report",
    ];
    assert_eq!(found, gone);
}
