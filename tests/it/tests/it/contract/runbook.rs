//! Every command that a page of `docs/` shows is carried out, so that nobody copies one that does not
//! work.

use it::World;
use local::build::workspace;
use serde_json::Value;

use super::events::with_an_entitlement;

/// The pages for operators, and how many commands each shows at least.
const PAGES: [(&str, usize); 3] = [
    ("support.md", 9),
    ("live-operations.md", 9),
    ("data-protection.md", 3),
];

/// The commands in the JSON blocks of a page.
fn commands(page: &str) -> Vec<String> {
    let path = workspace().join("docs").join(page);
    let text = std::fs::read_to_string(path).expect("a page");
    let blocks = text.split("```json\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("\n```").next());
    let commands = blocks.filter(|block| block.contains("\"command\""));
    commands.map(str::to_owned).collect()
}

/// A world in which this command has something to do.
async fn prepared(command: &Value) -> World {
    let name = command["command"].as_str().expect("a name");
    with_an_entitlement(&format!("admin-{}", name.replace('.', "-"))).await
}

#[tokio::test]
async fn every_command_of_the_runbook_is_carried_out() {
    for (page, least) in PAGES {
        let commands = commands(page);
        assert!(commands.len() >= least, "{page}: {}", commands.len());
        for text in commands {
            let command: Value = serde_json::from_str(&text).expect("JSON");
            let world = prepared(&command).await;
            let account = world.amazon.account_id("alice");
            let text = text.replace("amzn1.account.AEXAMPLE", &account);
            let answer = world.admin_text(&text).await;
            let answer: Value = serde_json::from_str(&answer).expect("JSON");
            // The doctor says that something is unwell, and that is no error.
            assert_eq!(answer.get("errors"), None, "{page}: {text}");
        }
    }
}
