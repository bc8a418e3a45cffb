//! The way in from the Prime Gaming page, over a login page of the studio's.

use super::browser::Page;
use super::html::Form;
use super::story::Story;
use super::{Account, Failure, failed, must};

impl Story {
    pub(super) async fn link_from_prime_gaming(
        &mut self,
        account: Account<'_>,
        say: &mut impl FnMut(&str),
    ) -> Result<(), Failure> {
        let page = self.come_to_login(say).await?;
        let page = self.log_in(&page, account, say).await?;
        let sent = self.agree("GET /link/continue", &page, say).await?;
        self.consent(&sent, say).await
    }

    /// The player opens the address that stands on the Prime Gaming page.
    async fn come_to_login(&mut self, say: &mut impl FnMut(&str)) -> Result<Page, Failure> {
        const LINK: &str = "GET /link";
        let address = self.api.join("/link").map_err(failed(LINK, "an address"))?;
        let arrived = self.browser.open(&address).await;
        let arrived = arrived.map_err(failed(LINK, "302 to the studio's login page"))?;
        let with_ticket = arrived
            .location
            .as_ref()
            .is_some_and(|to| to.query_pairs().any(|(name, _)| name == "login_ticket"));
        must(
            arrived.status == 302 && with_ticket,
            LINK,
            "302 to the studio's login page, with a login ticket",
            arrived.describe(),
        )?;
        say("the player came from Prime Gaming, and was sent to the studio's login page");

        const LOGIN: &str = "the studio's login page";
        let mut page = self.follow(&arrived, LOGIN).await?;
        if page.status == 303 {
            page = self.follow(&page, LOGIN).await?;
        }
        must(page.status == 200, LOGIN, "200", page.describe())?;
        Ok(page)
    }

    /// The studio logs the player in, and its server says so.
    async fn log_in(
        &mut self,
        page: &Page,
        account: Account<'_>,
        say: &mut impl FnMut(&str),
    ) -> Result<Page, Failure> {
        const LOGIN: &str = "logging in at the studio";
        let mut form = Form::all(&page.text).into_iter().next().unwrap_or_default();
        let usable = form.fill("name", account.name) && form.fill("password", account.password);
        must(
            usable,
            LOGIN,
            "a form with a name and a password",
            "another one",
        )?;
        let sent = self.browser.submit(page, &form).await;
        let sent = sent.map_err(failed(LOGIN, "303 to /link/continue"))?;
        let goes_on = sent
            .location
            .as_ref()
            .is_some_and(|to| to.origin() == self.api.origin() && to.path() == "/link/continue");
        must(
            sent.status == 303 && goes_on,
            LOGIN,
            "303 to /link/continue",
            sent.describe(),
        )?;
        say("the player logged in there, and the studio's server said who it was");
        self.follow(&sent, "GET /link/continue").await
    }
}
