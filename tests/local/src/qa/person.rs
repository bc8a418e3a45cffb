//! A tester at the console.

use std::io::Write as _;

use url::Url;

use super::{Account, Tester};
use crate::Error;

/// A person who reads what to do, and presses Enter when it is done.
#[derive(Debug)]
pub struct Person;

impl Person {
    /// Shows the text, and gives the line that the person types.
    async fn ask(text: String) -> Result<String, Error> {
        tokio::task::spawn_blocking(move || {
            let mut output = std::io::stdout().lock();
            write!(output, "\n{text} ")?;
            output.flush()?;
            let mut line = String::new();
            if std::io::stdin().read_line(&mut line)? == 0 {
                return Err("there is nobody at the console".into());
            }
            Ok(line.trim().to_ascii_lowercase())
        })
        .await?
    }
}

impl Tester for Person {
    async fn link(&mut self, start: &Url, account: Account) -> Result<(), Error> {
        let name = account.name();
        // The address holds a ticket, which is good for one link of this player.
        let text = format!(
            "Open this address, agree, and sign in with {name}:\n\n  {start}\n\nThen press Enter."
        );
        Self::ask(text).await.map(drop)
    }

    async fn claim(&mut self, account: Account) -> Result<(), Error> {
        let text = match account {
            Account::First => {
                "Claim an offer of the game on Prime Gaming's site, with your first Amazon account. Then press Enter."
            }
            Account::Second => {
                "Claim the same offer there with your second Amazon account. Then press Enter."
            }
        };
        Self::ask(text.to_owned()).await.map(drop)
    }

    async fn use_content(&mut self, handed_out: &str) -> Result<(), Error> {
        let text = format!(
            "The game was told to give: {handed_out}\nStart the game, and use the content there. Does it work? [y/n]"
        );
        match Self::ask(text).await?.as_str() {
            "y" | "yes" => Ok(()),
            _ => Err("the tester could not use the content in the game".into()),
        }
    }
}
