//! What the tests of faults share: every flow, ready to be run; what it answers on a good and on a
//! bad day; and the proof that nothing is lost, half written or done twice.

use it::{Answer, Reply, Studio, World, ids_of, status_of};
use serde_json::{Value, json};
use stand_in::Endpoint::Fulfill;
use stand_in::Fault;

use crate::link::support::{back_from_amazon, cookies, links, open, text};

/// What is done while something fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Check,
    Confirm,
    Callback,
    Unlink,
    Reconcile,
}

/// A system, and where its studio delivers itself, the studio.
pub(crate) struct System {
    pub(crate) world: World,
    pub(crate) studio: Option<Studio>,
}

/// What a flow answered.
#[derive(Debug)]
pub(crate) enum Outcome {
    Http(Answer),
    Run(Option<Value>),
}

/// One player, about to go through a flow.
pub(crate) struct Case<'s> {
    system: &'s System,
    pub(crate) flow: Flow,
    pub(crate) player: String,
    account: String,
    id: String,
    /// The browser's cookies, and the address that Amazon has sent it back to.
    browser: (String, String),
}

impl System {
    pub(crate) async fn new(has_studio: bool) -> Self {
        let (world, studio) = if has_studio {
            let (world, studio) = World::with_studio(&[]).await;
            (world, Some(studio))
        } else {
            (World::new().await, None)
        };
        world.offer("hat").await;
        Self { world, studio }
    }

    /// The player `number`, who has claimed one entitlement, just before `flow`.
    pub(crate) async fn ready(&self, flow: Flow, number: u32) -> Case<'_> {
        let Self { world, studio } = self;
        let (player, account) = (format!("p{number}"), format!("account-{number}"));
        let mut browser = (String::new(), String::new());
        if flow == Flow::Callback {
            let (at, back) = back_from_amazon(world, &player, &account, None).await;
            browser = (cookies(&at), back);
        } else {
            world.linked(&player, &account).await;
        }
        let id = world.amazon.claim(&account, "hat");
        match (flow, studio) {
            // With a token that has expired, so that a refresh is a part of it.
            (Flow::Check, _) => world.pass(3600),
            (Flow::Confirm, _) => {
                world.check(&player).await;
                world.pass(3600);
            }
            (Flow::Callback, _) => {}
            (Flow::Reconcile, Some(studio)) => {
                studio.script([Reply::status(500)]);
                let answer = world.check(&player).await;
                assert_eq!(status_of(&answer, &id), "pending");
                world.pass(3600);
            }
            (Flow::Unlink | Flow::Reconcile, _) => {
                let error = Fault::ItemResult("ERROR".to_owned());
                world.amazon.fault(Fulfill, error, 1);
                world.check(&player).await;
                if studio.is_none() {
                    world.confirm(&player, &[&id]).await;
                }
                assert_eq!(world.known_status(&player, &id).await, "delivered");
                world.pass(3600);
            }
        }
        world.forget();
        Case {
            system: self,
            flow,
            player,
            account,
            id,
            browser,
        }
    }
}

impl Case<'_> {
    pub(crate) async fn run(&self) -> Outcome {
        let world = &self.system.world;
        let call = |method, path| world.call_as(&self.player, method, path);
        Outcome::Http(match self.flow {
            Flow::Check => call("POST", "/v1/entitlements/check").send().await,
            Flow::Confirm => {
                let body = json!({"entitlement_ids": [self.id]});
                call("POST", "/v1/fulfillments").json(&body).send().await
            }
            Flow::Callback => open(world, &self.browser.0, &self.browser.1).await,
            Flow::Unlink => call("DELETE", "/v1/link").send().await,
            Flow::Reconcile => return Outcome::Run(world.try_reconcile().await),
        })
    }

    /// The answer is the one of a day without faults.
    pub(crate) fn is_good(&self, outcome: &Outcome, context: &str) {
        let studio = self.system.studio.is_some();
        match (self.flow, outcome) {
            (Flow::Check, Outcome::Http(answer)) => {
                let answer = answer.ok();
                assert_eq!(answer["fresh"], true, "{context}: {answer}");
                let status = if studio { "" } else { "pending" };
                assert_eq!(status_of(&answer, &self.id), status, "{context}");
            }
            (Flow::Confirm, Outcome::Http(answer)) => {
                let result = &answer.ok()["results"][0];
                assert_eq!(result["status"], "reported", "{context}");
            }
            (Flow::Callback, Outcome::Http(answer)) => assert_eq!(answer.status, 200, "{context}"),
            (Flow::Unlink, Outcome::Http(answer)) => assert_eq!(answer.status, 204, "{context}"),
            (_, Outcome::Run(run)) => {
                let good = json!({"taken": 1, "done": 1, "failed": 0, "left": 0});
                assert_eq!(run.as_ref(), Some(&good), "{context}");
            }
            (flow, outcome) => panic!("{flow:?} {outcome:?}"),
        }
    }

    /// The answer is one that the API promises while the database or Amazon is down.
    pub(crate) fn is_allowed(&self, outcome: &Outcome, context: &str) {
        let Outcome::Http(answer) = outcome else {
            return;
        };
        if answer.status == 503 && self.flow != Flow::Callback {
            assert_ne!(self.flow, Flow::Confirm, "{context}: always 200");
            answer.problem(503, "unavailable");
            assert!(answer.header("retry-after").is_some(), "{context}");
            return;
        }
        match self.flow {
            Flow::Check => {
                let answer = answer.ok();
                assert_eq!(answer["link"], "linked", "{context}");
                assert!(ids_of(&answer).len() <= 1, "{context}");
            }
            Flow::Confirm => {
                let status = answer.ok()["results"][0]["status"].clone();
                let known = ["pending", "delivered", "reported"];
                assert!(
                    known.contains(&status.as_str().unwrap_or_default()),
                    "{context}: {status}"
                );
            }
            Flow::Callback if answer.status == 503 => answer.page(503, "amazon_unavailable"),
            Flow::Callback if answer.status == 500 => answer.page(500, "internal"),
            Flow::Callback => assert_eq!(answer.status, 200, "{context}"),
            _ => assert_eq!(answer.status, 204, "{context}"),
        }
    }

    /// Whether the game was told that its confirmation is written down.
    fn was_confirmed(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Http(answer) if self.flow == Flow::Confirm => {
                answer.json()["results"][0]["status"] != "pending"
            }
            _ => false,
        }
    }

    /// Everything works again: what was claimed ends `reported`, delivered and told once.
    pub(crate) async fn ends_well(&self, outcome: &Outcome, context: &str) {
        self.ends_well_told(1, outcome, context).await;
    }

    /// The same, told so often.
    pub(crate) async fn ends_well_told(&self, times: u32, outcome: &Outcome, context: &str) {
        let System { world, studio } = self.system;
        let (player, id) = (self.player.as_str(), self.id.as_str());
        let was_confirmed = self.was_confirmed(outcome);
        match self.flow {
            Flow::Callback => self.ends_linked().await,
            Flow::Unlink => world.unlinked(player).await,
            _ => {}
        }
        let mut rounds = 0;
        loop {
            world.pass(120);
            let answer = world.check(player).await;
            if studio.is_none() && status_of(&answer, id) == "pending" {
                assert!(!was_confirmed, "{context}: pending again");
                world.confirm(player, &[id]).await;
            }
            world.reconcile().await;
            if world.known_status(player, id).await == "reported" {
                break;
            }
            rounds += 1;
            assert!(rounds < 6, "{context}: {:?}", world.history(player).await);
        }
        let told = world.amazon.fulfilled();
        let told: Vec<_> = told.iter().filter(|it| it.entitlement_id == id).collect();
        assert_eq!((told.len(), told[0].times), (1, times), "{context}");
        if let Some(studio) = studio {
            assert_eq!(studio.given()[id], 1, "{context}");
            let calls = studio.calls();
            let mut bodies: Vec<_> = calls.iter().filter(|call| call.id == id).collect();
            bodies.dedup_by(|a, b| a.body == b.body);
            assert_eq!(bodies.len(), 1, "{context}");
        }
        self.is_whole(context).await;
        world.contract_is_kept();
    }

    /// The browser comes back once more; who is not linked then begins anew.
    async fn ends_linked(&self) {
        let world = &self.system.world;
        world.pass(31);
        let again = self.run().await;
        let Outcome::Http(page) = &again else {
            panic!("{again:?}")
        };
        if page.status != 200 {
            world.linked(&self.player, &self.account).await;
        }
    }

    /// The player's row and the account's agree, and so do the tokens.
    async fn is_whole(&self, context: &str) {
        let world = &self.system.world;
        let player = world.player_item(&self.player).await;
        let accounts = links(world, "AMAZON#").await;
        let account = accounts.get(&world.amazon.account_id(&self.account));
        if self.flow == Flow::Unlink {
            assert!(account.is_none(), "{context}");
            assert!(!player.contains_key("tokens"), "{context}");
            return;
        }
        let account = account.unwrap_or_else(|| panic!("{context}: no account"));
        assert_eq!(text(&player, "status"), "linked", "{context}");
        assert!(player.contains_key("tokens"), "{context}");
        assert_eq!(text(account, "player_id"), self.player, "{context}");
        assert_eq!(
            text(&player, "link_id"),
            text(account, "link_id"),
            "{context}"
        );
    }
}
