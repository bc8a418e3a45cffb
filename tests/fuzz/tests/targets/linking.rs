//! What players and strangers do on the way to Amazon and back, in any order.

use std::collections::BTreeSet;

use fuzz::{fuzz, runtime, text};
use it::{Browser, World, hidden_inputs};
use prime_gaming::auth::presentable;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use stand_in::Consent;
use url::Url;

use crate::acceptable;

/// Names: what is shown fits, can be seen, and stays as it is when it is read again.
#[test]
fn names() {
    let structured = vec(text(), 0..4).prop_map(|parts| parts.concat().into_bytes());
    fuzz("names", structured, |input| {
        let name = String::from_utf8_lossy(input);
        let Some(shown) = presentable(&name) else {
            return;
        };
        assert!((1..=40).contains(&shown.chars().count()), "{shown:?}");
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert_eq!(presentable(&shown).as_ref(), Some(&shown));
        let start = shown.trim_end_matches('…');
        let clean: String = name.chars().filter(|c| !c.is_control()).collect();
        assert!(clean.contains(start), "{shown:?} is not in {name:?}");
    });
}

/// What the form and the callbacks of one ticket must answer.
#[derive(Default)]
struct Expected {
    /// The addresses that Amazon would send the browser back to, and the endings so far.
    attempts: Vec<(String, Option<u16>)>,
    linked: bool,
}

/// One ticket, its own browser and a stranger's.
struct Play<'w> {
    world: &'w World,
    mine: Browser<'w>,
    other: Browser<'w>,
    start: String,
    my_form: Vec<(String, String)>,
    other_form: Vec<(String, String)>,
    expected: Expected,
}

impl Play<'_> {
    /// The player says yes.
    async fn yes(&mut self) {
        let answer = self.mine.post("/link/start", &self.my_form).await;
        acceptable(&answer);
        if self.expected.linked {
            answer.page(200, "Your Amazon account is linked");
            return;
        }
        assert_eq!(answer.status, 303, "{answer:?}");
        let attempt = (answer.location().to_owned(), None);
        self.expected.attempts.push(attempt);
    }

    /// The player comes back from Amazon with the answer to the `nth` attempt.
    async fn back(&mut self, nth: usize, consent: &Consent, account: &str) {
        let newest = self.expected.attempts.len().saturating_sub(1);
        let Some((authorize, ending)) = self.expected.attempts.get_mut(nth) else {
            return;
        };
        let address = self.mine.answer(authorize, account, consent);
        let stranger = self.other.get(&address).await;
        stranger.page(403, "wrong_browser");
        let answer = self.mine.get(&address).await;
        acceptable(&answer);
        let status = match (*ending, consent) {
            (Some(ending), _) => ending,
            (None, _) if nth != newest => 400,
            (None, Consent::Approve) => 200,
            (None, _) => 403,
        };
        answer.page(status, "</html>");
        if nth == newest {
            *ending = Some(status);
            self.expected.linked |= status == 200;
        }
    }

    /// A stranger says yes after the player.
    async fn stranger(&mut self) {
        let answer = self.other.post("/link/start", &self.other_form).await;
        let opened = self.other.get(&self.start).await;
        answer.page(400, "invalid_ticket");
        opened.page(400, "invalid_ticket");
    }
}

/// Steps on the way, one letter each: `Y` the player says yes; `C` and `N` the player comes back
/// from Amazon with a yes or a no to the attempt that the digit behind it names; `O` the player
/// opens the page; `S` a stranger, who has seen the page as well, says yes once the player has.
/// Other letters mean nothing.
#[test]
fn walks() {
    let step = prop_oneof![
        3 => Just("Y".to_owned()),
        3 => "[CN][0-3]",
        1 => select(vec!["O".to_owned(), "S".to_owned()]),
    ];
    let structured = vec(step, 1..8).prop_map(|steps| steps.concat().into_bytes());
    let runtime = runtime();
    let world = runtime.block_on(World::new());
    let players = std::cell::Cell::new(0);
    fuzz("walks", structured, |input| {
        players.set(players.get() + 1);
        let player = format!("p{}", players.get());
        runtime.block_on(play(&world, &player, &input[..input.len().min(24)]));
    });
}

async fn play(world: &World, player: &str, steps: &[u8]) {
    let (mut mine, mut other) = (world.browser(), world.browser());
    let start = mine.start_url(player, None).await;
    let my_form = hidden_inputs(&mine.get(&start).await.body);
    let other_form = hidden_inputs(&other.get(&start).await.body);
    let mut play = Play {
        world,
        mine,
        other,
        start,
        my_form,
        other_form,
        expected: Expected::default(),
    };
    let mut steps = steps.iter();
    while let Some(step) = steps.next() {
        match step {
            b'Y' => play.yes().await,
            b'O' => play.mine.get(&play.start).await.page(200, "<form"),
            b'S' if !play.expected.attempts.is_empty() => play.stranger().await,
            b'C' | b'N' => {
                let nth = steps.next().copied().unwrap_or_default();
                let consent = if *step == b'C' {
                    Consent::Approve
                } else {
                    Consent::Refuse
                };
                let nth = usize::from(nth.wrapping_sub(b'0'));
                play.back(nth, &consent, &format!("account-{player}")).await;
            }
            _ => {}
        }
    }
    play.agrees(player).await;
}

impl Play<'_> {
    /// The game is told what the pages said, and each way to Amazon was a different one.
    async fn agrees(&self, player: &str) {
        let link = self.world.call_as(player, "GET", "/v1/link").send().await;
        let linked = link.ok()["status"] == "linked";
        assert_eq!(linked, self.expected.linked);
        let states: BTreeSet<_> = self
            .expected
            .attempts
            .iter()
            .map(|(authorize, _)| Url::parse(authorize).expect("an address"))
            .filter_map(|url| {
                Some(
                    url.query_pairs()
                        .find(|(name, _)| name == "state")?
                        .1
                        .into_owned(),
                )
            })
            .collect();
        assert_eq!(states.len(), self.expected.attempts.len());
    }
}
