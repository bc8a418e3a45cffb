//! Property tests of everything that parses what comes from outside. Each target first replays
//! its corpus, the files under `corpus/<target>/`, and then tries inputs that are made: by a
//! generator that knows the structure, and by mutating what is in the corpus.
//!
//! The made ones are the same in every run, so that what fails is the change at hand's fault.
//! `PROPTEST_RNG_SEED=1 PROPTEST_CASES=20000 cargo test -p fuzz` tries others, and more of them; a
//! case is many requests, so that each target takes a quarter of that number: 64 by default. An
//! input that fails is printed in its smallest form: put it into a file of the corpus, and it is
//! tried for ever.

mod generate;
mod server;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;

use proptest::strategy::{Strategy, Union};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

pub use generate::{json, mutated, object, text, word};
pub use server::Scripted;

/// Where no other seed is asked for.
const SEED: u64 = 1;

/// The inputs that are kept for a target, by the name of the file.
///
/// # Panics
/// If there are none: a target without a corpus is not finished.
#[must_use]
pub fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let mut files: Vec<_> = std::fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| {
            let entry = entry.expect("a readable directory");
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).expect("a readable file"))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus in {}", directory.display());
    files
}

/// Tries `check`, which panics where a property does not hold: with the corpus of `target`, and
/// with as many other inputs as `PROPTEST_CASES` says.
///
/// # Panics
/// With the input that fails.
pub fn fuzz(
    target: &str,
    structured: impl Strategy<Value = Vec<u8>> + 'static,
    check: impl Fn(&[u8]),
) {
    let corpus = corpus(target);
    for (name, input) in &corpus {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(input))) {
            eprintln!("the property fails for corpus/{target}/{name}");
            resume_unwind(panic);
        }
    }
    let seeds = corpus.into_iter().map(|(_, input)| input).collect();
    let inputs = Union::new([structured.boxed(), mutated(seeds).boxed()]);
    // Reads the number of cases from the environment. What fails belongs into the corpus, so
    // that nothing is kept besides.
    let asked = Config::default();
    let config = Config {
        cases: asked.cases.div_ceil(4),
        failure_persistence: None,
        max_shrink_iters: 2000,
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(SEED),
            asked => asked,
        },
        ..asked
    };
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        catch_unwind(AssertUnwindSafe(|| check(&input)))
            .map_err(|panic| TestCaseError::fail(message(panic.as_ref())))
    });
    if let Err(failure) = outcome {
        let text = match &failure {
            proptest::test_runner::TestError::Fail(_, input) => {
                String::from_utf8_lossy(input).into_owned()
            }
            proptest::test_runner::TestError::Abort(_) => String::new(),
        };
        panic!("{target}: {failure}\nthe input as text:\n{text}");
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

/// A runtime for the asynchronous part of a target.
///
/// # Panics
/// If there can't be one.
#[must_use]
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
