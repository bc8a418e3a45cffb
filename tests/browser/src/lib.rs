//! The local system in a real browser: Debian's Chromium, which chromedriver steers.
//!
//! Everything is on loopback, and the browser is told that nothing else has a name. Where Chromium
//! is not installed the tests are skipped, each by name; where the variable `CI` is `true` they fail
//! instead.

mod attacker;
mod browser;
mod driver;
mod game;
mod screenshots;
mod walk;
mod world;

pub use attacker::Attacker;
pub use browser::{Browser, Tab, keys};
pub use game::GameSite;
pub use screenshots::folder;
pub use walk::{Player, Walk, walk, walk_alone, walk_with_console};
