//! A tester of the local system, who clicks by itself.

use url::Url;

use super::{Account, Tester};
use crate::Error;
use crate::demo::{Browser, Form, Page};

/// Amazon leads a browser through hosts of its own before it asks.
const MOST_REDIRECTS: usize = 5;

/// Two Amazon accounts at the stand-in, and the browser of who has them.
pub struct Script {
    browser: Browser,
    amazon: Url,
    sku: String,
    accounts: [String; 2],
}

impl Script {
    /// `amazon`: the stand-in's address. `player`: names the accounts. `sku`: the offer to claim.
    #[must_use]
    pub fn new(amazon: Url, player: &str, sku: &str) -> Self {
        Self {
            browser: Browser::new(crate::http_client()),
            amazon,
            sku: sku.to_owned(),
            accounts: ["first", "second"].map(|which| format!("{player}-{which}")),
        }
    }

    fn account(&self, account: Account) -> &str {
        match account {
            Account::First => &self.accounts[0],
            Account::Second => &self.accounts[1],
        }
    }

    /// Follows where the page sends the browser, until there is a page to read.
    async fn follow(&mut self, mut page: Page) -> Result<Page, Error> {
        for _ in 0..MOST_REDIRECTS {
            let Some(to) = &page.location else { break };
            page = self.browser.open(to).await?;
        }
        Ok(page)
    }

    async fn submit(&mut self, page: &Page, form: &Form) -> Result<Page, Error> {
        let answer = self.browser.submit(page, form).await?;
        let page = self.follow(answer).await?;
        if page.status == 200 {
            Ok(page)
        } else {
            Err(page.describe().into())
        }
    }
}

fn first_form(page: &Page) -> Result<Form, Error> {
    let form = Form::all(&page.text).into_iter().next();
    form.ok_or_else(|| format!("no form: {}", page.describe()).into())
}

impl Tester for Script {
    async fn link(&mut self, start: &Url, account: Account) -> Result<(), Error> {
        let page = self.browser.open(start).await?;
        let consent = self.submit(&page, &first_form(&page)?).await?;
        let mut form = first_form(&consent)?;
        if !form.fill("account", self.account(account)) || !form.press("decision", "allow") {
            return Err(format!("no consent page: {}", consent.describe()).into());
        }
        self.submit(&consent, &form).await.map(drop)
    }

    async fn claim(&mut self, account: Account) -> Result<(), Error> {
        let page = self.browser.open(&self.amazon).await?;
        let mut form = first_form(&page)?;
        if !form.fill("account", self.account(account)) || !form.fill("sku", &self.sku) {
            return Err(format!("no page to claim on: {}", page.describe()).into());
        }
        self.submit(&page, &form).await.map(drop)
    }

    async fn use_content(&mut self, handed_out: &str) -> Result<(), Error> {
        if handed_out.contains(&self.sku) {
            Ok(())
        } else {
            Err(format!("{} was claimed, and handed out was {handed_out}", self.sku).into())
        }
    }
}
