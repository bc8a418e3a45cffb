//! What is said in more than one place, and what arrives from the gateway.

mod deployment;
mod documents;
mod events;
mod odd_events;
mod routes;
mod runbook;
mod tables;
