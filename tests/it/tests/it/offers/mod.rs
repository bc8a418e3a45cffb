//! The offers that an operator stores, and their content.

mod commands;
mod content;
