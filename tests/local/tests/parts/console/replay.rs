//! What was done is saved, and played again.

use std::path::Path;

use local::console::script;
use tokio::process::Command;

use super::Page;

/// Runs `local replay` with the binaries that the tests have built. Gives whether it was content, and what
/// it wrote to its two outputs.
async fn replay(file: &Path) -> (bool, String, String) {
    let program = env!("CARGO_BIN_EXE_local");
    let output = Command::new(program)
        .args(["replay".as_ref(), file.as_os_str()])
        .args(["--binaries".as_ref(), binaries().as_os_str()])
        .output()
        .await
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn binaries() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_local"))
        .parent()
        .expect("a folder")
}

#[tokio::test]
async fn a_saved_script_lights_the_same_lamps_when_it_is_replayed() {
    let page = Page::open().await;
    page.link().await;
    page.claim().await;
    page.game_saves_late().await;
    page.check().await;
    page.confirm().await;
    let saved = page.script().await;
    let lamps = page.lamps().await;
    page.system.stop().await;
    assert_eq!(lamps, (1, 0));

    let again = Page::open().await;
    let console = again.system.console().expect("a console");
    let actions = script::read(&saved).expect("a script");
    let mut said = Vec::new();
    let played = console
        .replay(actions, |line| said.push(line.to_owned()))
        .await;
    let played = played.expect("no action is refused");
    assert_eq!(said.len(), 5);
    assert_eq!((played.lost.len(), played.doubled.len()), lamps);
    assert_eq!(again.script().await, saved);
    again.system.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn the_program_replays_a_file_and_says_by_its_exit_code_whether_a_lamp_lights() {
    // The functions are beside the program, once a system was started.
    let page = Page::open().await;
    page.system.stop().await;
    let example = local::build::workspace().join("docs/examples/killed-check.json");
    let (is_content, said, wrote) = replay(&example).await;
    assert!(is_content, "{said}{wrote}");
    assert!(said.ends_with("LOST     dark\nDOUBLED  dark\n"), "{said}");
    assert!(said.contains("Robin's check was answered 500.\n"), "{said}");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("script.json");
    let good = std::fs::read_to_string(example).expect("the example");
    let habits = "{\"do\":\"game\",\"saves_before_confirming\":true,\"grants_once_per_id\":false}";
    let bad = good.replacen("[\n", &format!("[\n  {habits},\n"), 1);
    let twice = "  {\"do\":\"check\",\"player\":\"player-1\"},\n  {\"do\":\"confirm\"";
    let bad = bad.replacen("  {\"do\":\"confirm\"", twice, 1);
    std::fs::write(&file, bad).expect("written");
    let (is_content, said, wrote) = replay(&file).await;
    assert!(!is_content, "{said}{wrote}");
    assert!(
        said.contains("LOST     dark\nDOUBLED  lights\n  The game granted "),
        "{said}"
    );
    assert!(wrote.ends_with("local: a lamp lights\n"), "{wrote}");
}

#[tokio::test]
async fn a_bad_file_is_refused_before_anything_is_played() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("script.json");
    for (text, said) in [
        (
            "{\"version\": 1, \"actions\": [\n{\"do\": \"reconcile\"},\n{\"do\": \"check\", \"plyer\": \"p\"}]}",
            "line 3, action 2: unknown field `plyer`, expected `player`",
        ),
        (
            "{\"version\": 2, \"actions\": []}",
            "line 1: `version` is 2; only 1 is known",
        ),
        ("not JSON", "expected ident at line 1 column 2"),
    ] {
        std::fs::write(&file, text).expect("written");
        let (is_content, played, wrote) = replay(&file).await;
        assert!(!is_content);
        assert_eq!(played, "");
        assert_eq!(wrote, format!("local: {}: {said}\n", file.display()));
    }
    let (is_content, _, wrote) = replay(&folder.path().join("none.json")).await;
    assert!(!is_content && wrote.contains("none.json: "), "{wrote}");
}

#[tokio::test]
async fn the_first_line_of_the_system_is_the_consoles_address() {
    let page = Page::open().await;
    let text = local::introduction::introduction(&page.system).expect("a text");
    let first = text.lines().next().expect("a line");
    assert_eq!(
        first,
        format!("The console       {}/console", page.system.base_url)
    );
    page.system.stop().await;
}
