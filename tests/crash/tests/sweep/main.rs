//! Every use case, disturbed at every request that it makes.

mod callback;
mod check;
mod confirm;
mod erase;
mod form;
mod kit;
mod offers;
mod operators;
mod reconcile;
mod reseal;
mod succession;
mod unlink;
mod versions;
mod webhook;
