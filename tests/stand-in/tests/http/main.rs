//! The stand-in as a client meets it: over real HTTP.

mod control;
mod device;
mod faults;
mod linking;
mod pages;
mod prime_gaming;
mod support;
mod tokens;
