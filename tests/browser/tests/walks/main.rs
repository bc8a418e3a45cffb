//! Players walk through the pages in a real browser.

mod again;
mod console;
mod game;
mod pages;
mod pictures;
mod prime_gaming;
mod strangers;
mod support;
mod tabs;
