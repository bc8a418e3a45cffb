//! The whole story by itself, over real HTTP: what a game calls, and what a player clicks.

use crate::Error;
use crate::system::System;

mod browser;
mod calls;
mod html;
mod prime_gaming;
mod story;

pub use browser::{Browser, Page};
pub use html::{Form, links};

/// The player of the story: id and name.
const PLAYER: (&str, &str) = ("demo-player", "Robin");

/// The step that did not go as it should.
#[derive(Debug)]
pub struct Failure {
    /// What was tried.
    pub step: &'static str,
    /// What should have happened.
    pub expected: String,
    /// What happened.
    pub got: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\n  expected: {}\n  got:      {}",
            self.step, self.expected, self.got
        )
    }
}

impl std::error::Error for Failure {}

/// Plays the story on `system`, and says each step when it is done.
///
/// # Errors
/// The first step that fails.
pub async fn play(system: &System, say: impl FnMut(&str)) -> Result<(), Failure> {
    play_at(&system.base_url, system, say).await
}

/// Plays the story on another API with the same database, secret and Amazon as `system`.
///
/// # Errors
/// The first step that fails.
pub async fn play_at(api: &str, system: &System, mut say: impl FnMut(&str)) -> Result<(), Failure> {
    let delivery = system.setting("DELIVERY").unwrap_or_default();
    must(
        delivery != "webhook",
        "the setting DELIVERY",
        "confirm: in the demo the game gives the content and confirms it",
        delivery,
    )?;
    let mut story = story::Story::new(api, system, PLAYER)?;
    story.link(&mut say).await?;
    story.claim(&mut say).await?;
    story.check_and_confirm(&mut say).await?;
    story.look_back(&mut say).await?;
    story.unlink(&mut say).await
}

/// A player, an Amazon account, and where the two are linked.
#[derive(Clone)]
pub struct Linking<'a> {
    /// Where the API is.
    pub api: &'a str,
    /// Where the stand-in is.
    pub amazon: &'a str,
    /// The player's token.
    pub token: String,
    /// The name that the page shows.
    pub name: &'a str,
    /// The account's short name at the stand-in.
    pub account: &'a str,
}

/// Links a player with an Amazon account, with all that the game and the browser do for it.
///
/// # Errors
/// The first step that fails.
pub async fn link(linking: Linking<'_>) -> Result<(), Failure> {
    let mut story = story::Story::of(linking, String::new())?;
    story.link(&mut |_: &str| {}).await
}

/// How a player logs in at the studio.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// What goes into the field `name`.
    pub name: &'a str,
    /// What goes into the field `password`.
    pub password: &'a str,
    /// The player whose account it is: id, and the name that the question shows.
    pub player: (&'a str, &'a str),
}

/// Links a player who comes from the Prime Gaming page, over the studio's login page that the
/// setting `PLAYER_LOGIN_URL` names, and says each step when it is done.
///
/// # Errors
/// The first step that fails.
pub async fn link_from_prime_gaming(
    system: &System,
    account: Account<'_>,
    mut say: impl FnMut(&str),
) -> Result<(), Failure> {
    let mut story = story::Story::new(&system.base_url, system, account.player)?;
    story.link_from_prime_gaming(account, &mut say).await
}

/// Turns what went wrong on the way into the failure of a step.
fn failed<E: Into<Error>>(step: &'static str, expected: &str) -> impl Fn(E) -> Failure {
    let expected = expected.to_owned();
    move |error| Failure {
        step,
        expected: expected.clone(),
        got: error.into().to_string(),
    }
}

/// A step's outcome must be so.
fn must(
    truth: bool,
    step: &'static str,
    expected: impl Into<String>,
    got: impl Into<String>,
) -> Result<(), Failure> {
    if truth {
        Ok(())
    } else {
        Err(Failure {
            step,
            expected: expected.into(),
            got: got.into(),
        })
    }
}
