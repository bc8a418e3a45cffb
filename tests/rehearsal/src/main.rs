//! Draws the dashboard of `template.yaml` as it shows a rehearsed outage.

use clap::{Parser, Subcommand};
use local::build::workspace;
use rehearsal::dashboard::{PICTURE, draw};

/// Rehearses what operators see.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Draws the dashboard into docs/dashboard.svg
    Dashboard,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Arguments::parse().command {
        Command::Dashboard => {
            let template = std::fs::read_to_string(workspace().join("template.yaml"))?;
            let path = workspace().join(PICTURE);
            std::fs::write(path, draw(&template).await?)?;
        }
    }
    Ok(())
}
