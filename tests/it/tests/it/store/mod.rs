//! The conditions of the tables, write by write.

mod admission;
pub(crate) mod kit;
mod links;
mod offers;
mod parking;
mod reports;
