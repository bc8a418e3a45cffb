//! The steps, on one platform.

use std::time::{Duration, Instant};

use prime_gaming::Clock;
use serde_json::Value;

use super::{Account, Api, Report, Step, Tester};
use crate::Error;

/// How the walk waits for what takes its time.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long it waits for a step.
    pub patience: Duration,
    /// The time between two looks.
    pub between: Duration,
}

/// Makes all steps for the player of this platform. The first step that fails ends it, and is in the
/// report, too. `say` is told of each step when it is done.
pub async fn walk(
    platform: &str,
    api: Api,
    tester: &mut impl Tester,
    pace: Pace,
    report: &mut Report,
    mut say: impl FnMut(&Step),
) {
    let mut walk = Walk {
        api,
        pace,
        claimed: Value::Null,
    };
    for step in STEPS {
        let (began, clock) = (Clock::system().now(), Instant::now());
        let outcome = walk.step(step, tester).await;
        let step = Step {
            platform: platform.to_owned(),
            name: step.name(),
            began,
            took: clock.elapsed(),
            requests: walk.api.requests(),
            outcome: outcome.map_err(|error| error.to_string()),
        };
        say(&step);
        let is_failed = step.outcome.is_err();
        report.steps.push(step);
        if is_failed {
            return;
        }
    }
}

/// The steps in their order.
const STEPS: [Name; 7] = [
    Name::Link,
    Name::Claim,
    Name::Fulfill,
    Name::Unlink,
    Name::LinkAgain,
    Name::SecondAccount,
    Name::End,
];

#[derive(Clone, Copy)]
enum Name {
    Link,
    Claim,
    Fulfill,
    Unlink,
    LinkAgain,
    SecondAccount,
    End,
}

impl Name {
    const fn name(self) -> &'static str {
        match self {
            Self::Link => "Link",
            Self::Claim => "Claim on the site, and see it in the game",
            Self::Fulfill => "Use the content, and report it",
            Self::Unlink => "Unlink",
            Self::LinkAgain => "Link again: nothing is given twice",
            Self::SecondAccount => "The same offer from a second Amazon account is refused",
            Self::End => "Unlink at the end",
        }
    }
}

struct Walk {
    api: Api,
    pace: Pace,
    /// The entitlement that was claimed with the first account.
    claimed: Value,
}

impl Walk {
    async fn step(&mut self, step: Name, tester: &mut impl Tester) -> Result<String, Error> {
        match step {
            Name::Link => {
                if self.api.link_status().await? != "unlinked" {
                    self.api.unlink().await?;
                }
                self.link(tester, Account::First).await
            }
            Name::Claim => {
                // What was claimed before is not what is claimed now.
                self.fresh_check().await?;
                let known = ids(&self.api.history().await?);
                tester.claim(Account::First).await?;
                self.claimed = self.wait_for_new(&known).await?;
                match text(&self.claimed, "status") {
                    "held" => Err(format!("it is held: {}", text(&self.claimed, "reason")).into()),
                    status => Ok(format!("{} is {status}", text(&self.claimed, "sku"))),
                }
            }
            Name::Fulfill => self.fulfill(tester).await,
            Name::Unlink | Name::End => self.unlink().await,
            Name::LinkAgain => {
                self.link(tester, Account::First).await?;
                self.fresh_check().await?;
                let id = text(&self.claimed, "entitlement_id").to_owned();
                let status = self.status(&id).await?;
                if status == "reported" {
                    Ok("linked; the entitlement is still reported".to_owned())
                } else {
                    Err(format!("the entitlement is {status}, not reported").into())
                }
            }
            Name::SecondAccount => {
                self.unlink().await?;
                self.link(tester, Account::Second).await?;
                self.fresh_check().await?;
                let known = ids(&self.api.history().await?);
                tester.claim(Account::Second).await?;
                let second = self.wait_for_new(&known).await?;
                let [sku, claimed] = [&second, &self.claimed].map(|it| text(it, "sku"));
                if sku != claimed {
                    return Err(format!("{sku} was claimed, and not {claimed} again").into());
                }
                match (text(&second, "status"), text(&second, "reason")) {
                    ("held", "duplicate_offer") => Ok("held, duplicate_offer".to_owned()),
                    (status, reason) => Err(format!("it is {status} {reason}").into()),
                }
            }
        }
    }

    async fn link(&mut self, tester: &mut impl Tester, account: Account) -> Result<String, Error> {
        let start = self.api.start_linking().await?;
        tester.link(&start, account).await?;
        self.wait("linked", async |api| {
            let status = api.link_status().await?;
            Ok((status == "linked").then(|| "linked".to_owned()))
        })
        .await
    }

    async fn unlink(&mut self) -> Result<String, Error> {
        self.api.unlink().await?;
        match self.api.link_status().await?.as_str() {
            "unlinked" => Ok("unlinked".to_owned()),
            status => Err(format!("the link is {status}").into()),
        }
    }

    async fn fulfill(&mut self, tester: &mut impl Tester) -> Result<String, Error> {
        let claimed = &self.claimed;
        let id = text(claimed, "entitlement_id").to_owned();
        let handed_out = format!("{} {}", text(claimed, "sku"), claimed["content"]);
        tester.use_content(&handed_out).await?;
        // Where the game confirms by itself, or a webhook delivers, nothing is left to confirm.
        if self.status(&id).await? == "pending" {
            self.api.confirm(&id).await?;
        }
        self.wait("reported to Amazon", async |api| {
            let history = api.history().await?;
            let found = history.iter().find(|it| text(it, "entitlement_id") == id);
            let is_reported = found.is_some_and(|it| text(it, "status") == "reported");
            Ok(is_reported.then(|| "used in the game, and reported to Amazon".to_owned()))
        })
        .await
    }

    async fn status(&mut self, id: &str) -> Result<String, Error> {
        let history = self.api.history().await?;
        let found = history.iter().find(|it| text(it, "entitlement_id") == id);
        Ok(found.map_or("unknown", |it| text(it, "status")).to_owned())
    }

    /// A check that Amazon has answered.
    async fn fresh_check(&mut self) -> Result<(), Error> {
        self.wait("a check that Amazon answers", async |api| {
            let check = api.check().await?;
            Ok((check["fresh"] == true).then_some(()))
        })
        .await
    }

    /// Checks until there is an entitlement that is not among the `known` ones.
    async fn wait_for_new(&mut self, known: &[String]) -> Result<Value, Error> {
        self.wait("a new entitlement", async |api| {
            api.check().await?;
            api.forget_last();
            let history = api.history().await?;
            let is_new = |it: &&Value| !known.iter().any(|id| id == text(it, "entitlement_id"));
            Ok(history.iter().find(is_new).cloned())
        })
        .await
    }

    /// Looks again and again, until there is something to see.
    async fn wait<T>(
        &mut self,
        what: &str,
        mut look: impl AsyncFnMut(&mut Api) -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let began = Instant::now();
        loop {
            if let Some(found) = look(&mut self.api).await? {
                return Ok(found);
            }
            self.api.forget_last();
            if began.elapsed() >= self.pace.patience {
                let waited = began.elapsed().as_secs();
                return Err(format!("waited {waited} s for {what}, and it did not come").into());
            }
            tokio::time::sleep(self.pace.between).await;
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn ids(history: &[Value]) -> Vec<String> {
    let ids = history
        .iter()
        .map(|it| text(it, "entitlement_id").to_owned());
    ids.collect()
}
