//! The flows, over real HTTP to an embedded DynamoDB and a stand-in for Amazon.

mod attacks;
mod auth;
mod check;
mod contract;
mod devices;
mod examples;
mod faults;
mod fulfillment;
mod input;
mod link;
mod offers;
mod operations;
mod store;
mod story;
mod tokens;
