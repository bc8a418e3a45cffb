//! From "delivered" to "reported": confirmations, webhooks, reports, `reconcile`.

mod attention;
mod confirm;
mod parking;
mod reconcile;
mod reconcile_cost;
mod webhook;
mod webhook_example;
mod withdrawn;
