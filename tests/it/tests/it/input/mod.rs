//! Bodies, queries, cookies, headers and paths from outside.

mod bodies;
mod requests;
