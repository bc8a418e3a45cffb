//! The codes of verdicts against `docs/commands.md`, which shows them.

use std::fmt::Write;

use local::build::workspace;
use prime_gaming::domain::VerdictCode;
use prime_gaming::flow::Sentences;

#[test]
fn the_page_shows_every_code_with_its_sentence_and_its_command() {
    let page = std::fs::read_to_string(workspace().join("docs/commands.md")).expect("the page");
    let table = table();
    assert!(
        page.contains(&table),
        "docs/commands.md should have this table:\n\n{table}"
    );
}

/// The table of the codes, as the page shows it.
fn table() -> String {
    let mut table = "| code | turn | what it means | what support may say | command |\n".to_owned();
    table += "|---|---|---|---|---|\n";
    for code in VerdictCode::ALL {
        let (word, turn, meaning) = (code.as_str(), code.turn().as_str(), code.meaning());
        let [waits, has_it] = [false, true].map(|has_it| Sentences::usual().say(code, has_it));
        let say = if waits == has_it {
            waits.to_owned()
        } else {
            format!("{waits} Once it is delivered: {has_it}")
        };
        let commands = code
            .helps()
            .iter()
            .map(|help| format!("`{}`", help.command()));
        let commands = commands.collect::<Vec<_>>().join(", ");
        writeln!(
            table,
            "| `{word}` | {turn} | {meaning} | {say} | {commands} |"
        )
        .expect("text");
    }
    table
}
