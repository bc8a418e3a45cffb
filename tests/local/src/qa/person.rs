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
        // A thread of its own: at Ctrl-C the program would wait for a task that reads.
        let (typed, line) = tokio::sync::oneshot::channel();
        let read = move || {
            let mut output = std::io::stdout().lock();
            write!(output, "\n{text} ")?;
            output.flush()?;
            // Others must be able to write while this one waits.
            drop(output);
            let mut line = String::new();
            if std::io::stdin().read_line(&mut line)? == 0 {
                return Err("there is nobody at the console".into());
            }
            Ok(line.trim().to_ascii_lowercase())
        };
        std::thread::spawn(move || typed.send(read()));
        line.await?
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
        loop {
            match works(&Self::ask(text.clone()).await?) {
                Some(true) => return Ok(()),
                Some(false) => {
                    return Err("the tester could not use the content in the game".into());
                }
                None => {}
            }
        }
    }
}

/// What the tester answers to [y/n]; `None` if it is neither, as Enter alone.
fn works(line: &str) -> Option<bool> {
    match line {
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_no_says_that_the_content_does_not_work() {
        assert_eq!(["y", "yes"].map(works), [Some(true); 2]);
        assert_eq!(["n", "no"].map(works), [Some(false); 2]);
        assert_eq!(["", "maybe"].map(works), [None; 2]);
    }
}
