//! Players walk through the pages in a real browser.

mod again;
mod game;
mod pages;
mod pictures;
mod prime_gaming;
mod strangers;
mod support;
mod tabs;
