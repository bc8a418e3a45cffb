//! One browser: what a player does with it, and what the player sees.

use std::path::Path;
use std::time::Duration;

use local::Error;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;
use url::Url;

use crate::driver::{Driver, Session};

/// Keys that have no character, as WebDriver writes them.
pub mod keys {
    /// Moves to the next thing that takes keys.
    pub const TAB: &str = "\u{e004}";
    /// Presses what the keys go to.
    pub const ENTER: &str = "\u{e007}";
}

/// How long a page may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// How soon is looked again for what is not there yet.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How WebDriver writes a reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A Chromium with a profile of its own, which no other browser shares. Its methods panic where the
/// browser can't do what is asked.
pub struct Browser {
    session: Session,
    _profile: TempDir,
}

/// A tab of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(String);

impl Browser {
    pub(crate) async fn start(driver: &Driver) -> Result<Self, Error> {
        let profile = tempfile::tempdir()?;
        Ok(Self {
            session: driver.session(profile.path()).await?,
            _profile: profile,
        })
    }

    pub(crate) async fn quit(&self) -> Result<(), Error> {
        self.session.send(Method::DELETE, "", None).await.map(drop)
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.session.send(Method::GET, path, None).await;
        answer.unwrap_or_else(|error| panic!("the browser: {error}"))
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.session.send(Method::POST, path, Some(body)).await;
        answer.unwrap_or_else(|error| panic!("the browser: {error}"))
    }

    async fn text_of(&self, path: &str) -> String {
        let text = self.get(path).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Does what leads to another page, and waits until that page is there. Commands do not wait by
    /// themselves for what a click brings about.
    async fn move_on(&self, action: impl Future<Output = Value>) {
        let before = self.page_now().await;
        action.await;
        let what = "another page";
        self.until(what, async || {
            let now = self.page_now().await;
            now.is_some() && now != before
        })
        .await;
    }

    /// What no other page has, once it is complete.
    async fn page_now(&self) -> Option<Value> {
        let script = "return document.readyState === 'complete' ? performance.timeOrigin : null";
        let call = json!({ "script": script, "args": [] });
        // There may be no page just now.
        let page = self.session.send(Method::POST, "/execute/sync", Some(call));
        page.await.ok().filter(|page| !page.is_null())
    }

    async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !condition().await {
            assert!(Instant::now() < end, "{what} did not come");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Opens an address, as if it was typed.
    pub async fn open(&self, url: &str) {
        self.move_on(self.post("/url", json!({ "url": url }))).await;
    }

    /// Where it is.
    pub async fn url(&self) -> Url {
        let text = self.text_of("/url").await;
        Url::parse(&text).unwrap_or_else(|_| panic!("no address: {text}"))
    }

    /// The button that leads back.
    pub async fn back(&self) {
        self.move_on(self.post("/back", json!({}))).await;
    }

    /// The button that leads forward again.
    pub async fn forward(&self) {
        self.move_on(self.post("/forward", json!({}))).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.move_on(self.post("/refresh", json!({}))).await;
    }

    /// The tab that is in front.
    pub async fn tab(&self) -> Tab {
        Tab(self.text_of("/window").await)
    }

    /// Opens a tab, and brings it to the front.
    pub async fn new_tab(&self) -> Tab {
        let made = self.post("/window/new", json!({ "type": "tab" })).await;
        let tab = Tab(made["handle"].as_str().unwrap_or_default().to_owned());
        self.show(&tab).await;
        tab
    }

    /// Brings a tab to the front.
    pub async fn show(&self, tab: &Tab) {
        self.post("/window", json!({ "handle": tab.0 })).await;
    }

    /// Looks into the page's first frame, until a tab is shown.
    pub async fn into_frame(&self) {
        self.post("/frame", json!({ "id": 0 })).await;
    }

    async fn find(&self, css: &str) -> String {
        let by = json!({ "using": "css selector", "value": css });
        let found = self.post("/element", by).await;
        found[ELEMENT].as_str().unwrap_or_default().to_owned()
    }

    /// How many elements there are.
    pub async fn count(&self, css: &str) -> usize {
        let by = json!({ "using": "css selector", "value": css });
        let found = self.post("/elements", by).await;
        found.as_array().map_or(0, Vec::len)
    }

    /// The text that is seen of the first such element.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find(css).await;
        self.text_of(&format!("/element/{element}/text")).await
    }

    /// The page's heading.
    pub async fn heading(&self) -> String {
        self.text("h1").await
    }

    /// An attribute of the first such element, as the page writes it.
    pub async fn attribute(&self, css: &str, name: &str) -> String {
        let element = self.find(css).await;
        let path = format!("/element/{element}/attribute/{name}");
        self.text_of(&path).await
    }

    /// Clicks the first such element, which leads to another page.
    pub async fn follow(&self, css: &str) {
        let element = self.find(css).await;
        let path = format!("/element/{element}/click");
        self.move_on(self.post(&path, json!({}))).await;
    }

    /// Clicks the first such element, which leads nowhere.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        let path = format!("/element/{element}/click");
        self.post(&path, json!({})).await;
    }

    /// Clicks it twice, as fast as a hand does, and before an answer can come.
    pub async fn double_click(&self, css: &str) {
        let element = self.find(css).await;
        let press = json!({ "type": "pointerDown", "button": 0 });
        let release = json!({ "type": "pointerUp", "button": 0 });
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": [
            { "type": "pointerMove", "origin": { ELEMENT: element }, "x": 0, "y": 0 },
            press, release, { "type": "pause", "duration": 80 }, press, release,
        ] });
        // The second click must not find the next page.
        self.delay(1500).await;
        let clicks = json!({ "actions": [mouse] });
        self.post("/actions", clicks).await;
        self.delay(0).await;
    }

    /// Presses a key twice, as fast as a hand does, and before an answer can come.
    pub async fn press_twice(&self, key: &str) {
        let press = json!({ "type": "keyDown", "value": key });
        let release = json!({ "type": "keyUp", "value": key });
        let pause = json!({ "type": "pause", "duration": 80 });
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": [
            press, release, pause, press, release,
        ] });
        // The second press must not find the next page.
        self.delay(1500).await;
        self.post("/actions", json!({ "actions": [keyboard] }))
            .await;
        self.delay(0).await;
    }

    /// Lets every answer take at least this many milliseconds.
    async fn delay(&self, milliseconds: u32) {
        let network = json!({
            "offline": false, "latency": milliseconds,
            "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.devtools("Network.emulateNetworkConditions", network)
            .await;
    }

    /// Waits until the first such element has this text.
    pub async fn shows(&self, css: &str, text: &str) {
        let script = format!("return document.querySelector('{css}')?.innerText ?? ''");
        let call = json!({ "script": script, "args": [] });
        self.until(text, async || {
            let call = Some(call.clone());
            let seen = self.session.send(Method::POST, "/execute/sync", call);
            // There may be no page just now.
            seen.await.is_ok_and(|seen| seen == text)
        })
        .await;
    }

    /// Waits until one of such elements has this in its text, also if it is out of view or in a drawing.
    pub async fn shows_among(&self, css: &str, text: &str) {
        let script = "const [css, text] = arguments; \
                      const all = [...document.querySelectorAll(css)]; \
                      return all.some((it) => it.textContent.includes(text))";
        let call = json!({ "script": script, "args": [css, text] });
        self.until(&format!("{text} in {css}"), async || {
            self.post("/execute/sync", call.clone()).await == true
        })
        .await;
    }

    /// Clicks the first such element in the middle of the window, where nothing that sticks to its edge
    /// is above it.
    pub async fn press(&self, css: &str) {
        let script = "document.querySelector(arguments[0])?.scrollIntoView({ block: 'center' })";
        let call = json!({ "script": script, "args": [css] });
        self.post("/execute/sync", call).await;
        self.click(css).await;
    }

    /// Files that the page gives away go into this directory from now on.
    pub async fn download_into(&self, directory: &Path) {
        let place = json!({ "behavior": "allow", "downloadPath": directory });
        self.devtools("Browser.setDownloadBehavior", place).await;
    }

    /// Waits for a file that the page gives away, and reads it.
    pub async fn downloaded(&self, file: &Path) -> Vec<u8> {
        // It has this name only when it is complete.
        self.until(&format!("{}", file.display()), async || file.is_file())
            .await;
        std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// Types into the first such element, in place of what it holds.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        let at = format!("/element/{element}");
        self.post(&format!("{at}/clear"), json!({})).await;
        self.post(&format!("{at}/value"), json!({ "text": text }))
            .await;
    }

    /// Presses a key, wherever keys go to.
    pub async fn key(&self, key: &str) {
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": [
            { "type": "keyDown", "value": key }, { "type": "keyUp", "value": key },
        ] });
        self.post("/actions", json!({ "actions": [keyboard] }))
            .await;
    }

    /// Runs a script as the browser's own tools do, which no policy of the page forbids.
    pub async fn run(&self, script: &str) -> Value {
        let call = json!({ "script": script, "args": [] });
        self.post("/execute/sync", call).await
    }

    /// Asks for pages in this language from now on.
    pub async fn speak(&self, language: &str) {
        let agent = self.run("return navigator.userAgent").await;
        let as_ever = json!({ "userAgent": agent, "acceptLanguage": language });
        self.devtools("Emulation.setUserAgentOverride", as_ever)
            .await;
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let call = json!({ "cmd": command, "params": parameters });
        self.post("/goog/cdp/execute", call).await
    }

    /// The cookies that the page's address gets, as the browser describes them.
    pub async fn cookies(&self) -> Vec<Value> {
        let cookies = self.get("/cookie").await;
        cookies.as_array().cloned().unwrap_or_default()
    }

    /// What the console says since it was last asked: breaches of policies among it.
    pub async fn console(&self) -> Vec<String> {
        let lines = self.post("/se/log", json!({ "type": "browser" })).await;
        let lines = lines.as_array().into_iter().flatten();
        lines
            .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
            // The browser's own pages, such as a new tab's, are not what is tested.
            .filter(|line| !line.starts_with("chrome://"))
            .collect()
    }

    /// The paths to which forms were sent since this was last asked, also where no answer came.
    pub async fn posts(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({ "type": "performance" })).await;
        let mut posts = Vec::new();
        for line in log.as_array().into_iter().flatten() {
            let text = line["message"].as_str().unwrap_or_default();
            let event: Value = serde_json::from_str(text).unwrap_or_default();
            let request = &event["message"]["params"]["request"];
            let sent = event["message"]["method"] == "Network.requestWillBeSent";
            if sent && request["method"] == "POST" {
                let url = request["url"].as_str().unwrap_or_default();
                posts.push(
                    Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned()),
                );
            }
        }
        posts
    }

    pub(crate) async fn try_devtools(&self, command: &str, parameters: Value) -> Option<Value> {
        let call = json!({ "cmd": command, "params": parameters });
        let path = "/goog/cdp/execute";
        self.session.send(Method::POST, path, Some(call)).await.ok()
    }
}
