//! The player posts the form before Amazon a second time.

use std::time::Duration;

use crash::{Outcome, Player, Question, Scenario, World, settle, sweep};
use url::Url;

use crate::kit::claim_all;

/// Longer than any request lives.
const LATER: Duration = Duration::from_secs(40);

struct Form {
    /// What the player does next: comes back from Amazon on the first way, or posts the form once
    /// more.
    comes_back: bool,
}

impl Scenario for Form {
    /// The page, and the address to which the first way leads back.
    type Ready<'w> = (Question, Url);

    fn function(&self) -> &'static str {
        "link"
    }

    /// Read the ticket, start the attempt.
    fn least(&self) -> usize {
        2
    }

    async fn prepare<'w>(&self, player: &mut Player<'w>) -> Outcome<(Question, Url)> {
        claim_all(player);
        let question = player.ask().await?;
        let first = player.agree(&question).await?;
        Ok((question, first))
    }

    async fn act<'w>(&self, player: &mut Player<'w>, ready: &mut (Question, Url)) -> Outcome {
        player.send(&ready.0).await.map(drop)
    }

    /// Either the first way leads to a link, or the second post has made it void: then the form
    /// leads to Amazon again.
    async fn recover<'w>(&self, player: &mut Player<'w>, ready: (Question, Url)) -> Outcome {
        let (question, first) = ready;
        player.world.pass(LATER).await?;
        let came_back = if self.comes_back {
            player.open(&first).await?.status
        } else {
            400
        };
        match came_back {
            200 => {}
            400 => {
                let back = player.agree(&question).await?;
                let void = player.open(&first).await?.status;
                let linked = player.open(&back).await?.status;
                if (void, linked) != (400, 200) {
                    return Err(format!("the first way says {void}, the last {linked}"));
                }
            }
            other => return Err(format!("the first way says {other}")),
        }
        let again = player.send(&question).await?;
        if again.status != 200 {
            return Err(format!("linked, and the form says {}", again.describe()));
        }
        settle(player).await
    }
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_second_post_of_the_form() {
    let world = World::start().await;
    sweep(&world, Form { comes_back: false }).await;
    world.stop().await;
}

#[tokio::test]
#[ignore = "slow: CI runs it"]
async fn a_second_post_of_the_form_before_the_first_comes_back() {
    let world = World::start().await;
    sweep(&world, Form { comes_back: true }).await;
    world.stop().await;
}
