//! Amazon's tests before launch, as a walk against any deployment: link, unlink and link again; one
//! claim from the site to the game; the same offer from a second Amazon account; on every platform.
//!
//! The walk makes the game's calls itself, and asks a [`Tester`] for what only a person can do. It
//! waits for each step, and writes a report. [`Person`] asks at the console. On the local system a
//! [`Script`] clicks by itself.

mod api;
mod person;
mod report;
mod script;
mod walk;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use url::Url;

pub use api::Api;
pub use person::Person;
pub use report::{Report, Step};
pub use script::Script;
pub use walk::{Pace, walk};

use crate::system::System;
use crate::terminal::show;
use crate::{Error, environment};

/// Walks by itself, on the local system: a player for each platform. The report has each step as soon as it is
/// made, also if the walk is ended.
///
/// # Errors
/// If the system has no stand-in for Amazon, or can't issue players' tokens. What the walk finds is in
/// the report.
pub async fn by_itself(
    system: &System,
    platforms: &[String],
    report: &mut Report,
    mut say: impl FnMut(&Step),
) -> Result<(), Error> {
    let amazon = system.amazon.as_ref();
    let amazon = amazon.ok_or("the walk by itself needs the stand-in for Amazon")?;
    let amazon = Url::parse(&amazon.base_url())?;
    let sku = &once_per_player(system).await?;
    let pace = Pace {
        patience: Duration::from_secs(60),
        between: Duration::from_millis(200),
    };
    for platform in platforms {
        let player = format!("qa-{platform}");
        let token = system.player_token(&player, "Robin")?;
        let api = Api::new(Url::parse(&system.base_url)?, token);
        let mut tester = Script::new(amazon.clone(), &player, sku);
        walk(platform, api, &mut tester, pace, report, &mut say).await;
    }
    Ok(())
}

/// Walks through a deployment with a person, and waits as long as `patience` for the person at each step. The
/// report has each step as soon as it is made, also if the person ends the walk.
///
/// # Errors
/// If there is no token for a platform. What the walk finds is in the report.
pub async fn with_a_person(
    api: &Url,
    platforms: &[String],
    patience: Duration,
    report: &mut Report,
    mut say: impl FnMut(&Step),
) -> Result<(), Error> {
    let pace = Pace {
        patience,
        between: Duration::from_secs(5),
    };
    let tokens = platforms.iter().map(|platform| token(platform));
    let tokens: Vec<_> = tokens.collect::<Result<_, _>>()?;
    for (platform, token) in platforms.iter().zip(tokens) {
        show(&format!("\nOn {platform}:\n"));
        let player = Api::new(api.clone(), token);
        walk(platform, player, &mut Person, pace, report, &mut say).await;
    }
    Ok(())
}

/// Refuses a platform that is named twice: its player can't have the same offer again.
///
/// # Errors
/// It names the platform.
pub fn no_platform_twice(platforms: &[String]) -> Result<(), Error> {
    let mut rest = platforms;
    while let [first, others @ ..] = rest {
        if others.contains(first) {
            return Err(format!("--platform {first} is given twice").into());
        }
        rest = others;
    }
    Ok(())
}

/// Tries whether the report can be written, which should not take a walk to find out. What is there stays.
///
/// # Errors
/// It names the file.
pub fn try_report(file: &Path) -> Result<(), Error> {
    let is_new = !file.exists();
    let opened = File::options().create(true).append(true).open(file);
    opened.map_err(|error| format!("{}: {error}", file.display()))?;
    if is_new {
        std::fs::remove_file(file)?;
    }
    Ok(())
}

/// The token of the platform's player: from the environment, because a command line is seen by others.
///
/// # Errors
/// If there is none; it says which variable to set.
pub fn token(platform: &str) -> Result<String, Error> {
    let own = variable(platform);
    environment::text(&own)
        .or_else(|| environment::text("QA_TOKEN"))
        .ok_or_else(|| format!("set {own}, or QA_TOKEN, to a token of the player who tests").into())
}

/// The variable with the token of this platform's player.
fn variable(platform: &str) -> String {
    let upper = platform.to_ascii_uppercase();
    format!(
        "QA_TOKEN_{}",
        upper.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    )
}

/// An offer that a player can have once.
async fn once_per_player(system: &System) -> Result<String, Error> {
    let admin = system
        .function("admin")
        .ok_or("there is no function admin")?;
    let list = admin.invoke(&json!({"command": "offers.list"})).await?;
    let offers = list["offers"].as_array().into_iter().flatten();
    let mut once = offers.filter(|offer| offer["per_player"] == 1);
    let sku = once.next().and_then(|offer| offer["sku"].as_str());
    Ok(sku.ok_or("no offer is for once per player")?.to_owned())
}

/// One of the tester's two Amazon accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// It claims, and gets the content.
    First,
    /// It claims the same offer for the same game account, and gets nothing.
    Second,
}

impl Account {
    /// How the tester is told which one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "your first Amazon account",
            Self::Second => "your second Amazon account",
        }
    }
}

/// Does what only a person can do.
pub trait Tester {
    /// Opens this address, agrees, and signs in to Amazon with this account.
    ///
    /// # Errors
    /// If it can't be done.
    fn link(
        &mut self,
        start: &Url,
        account: Account,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Claims an offer of the game on Prime Gaming's site with this account: with the second account
    /// the one that the first has claimed.
    ///
    /// # Errors
    /// If it can't be done.
    fn claim(&mut self, account: Account) -> impl Future<Output = Result<(), Error>> + Send;

    /// Looks whether the game has given the content, and whether it can be used. `handed_out`: what the
    /// game was told to give.
    ///
    /// # Errors
    /// If the content is not there, or can't be used.
    fn use_content(&mut self, handed_out: &str) -> impl Future<Output = Result<(), Error>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_platform_has_a_variable_of_its_own() {
        assert_eq!(variable("pc"), "QA_TOKEN_PC");
        assert_eq!(variable("Console 5"), "QA_TOKEN_CONSOLE_5");
        let error = token("no such platform").expect_err("no token").to_string();
        assert!(error.contains("QA_TOKEN_NO_SUCH_PLATFORM"), "{error}");
    }
}
