//! The whole system on one machine, without a container engine and without AWS.
//!
//! What is deployed is what runs: the real Lambda binaries, each behind a Lambda Runtime API of
//! its own, the routes, tables and variables of `template.yaml`, and HTTP turned into the events
//! that API Gateway sends. Around them stand an embedded DynamoDB and the stand-in for Amazon.
//!
//! - [`system`] puts it together; [`demo`] plays the whole story on it, [`qa`] makes Amazon's
//!   tests before launch, [`support`] is a page over the function `admin`, [`studio`] is the example of a login page beside it, behind a [`front`].
//! - [`console`] is a page to play with the whole system; what is played there can be replayed.
//! - [`sam`] is what `sam local` needs to run the functions in containers, [`samples`] are the events
//!   of `events/`.
//! - [`template`], [`build`], [`dynamo`], [`runtime`] and [`gateway`] are its parts. The
//!   integration tests and the benchmark use them on their own.
//! - A [`proxy`] between a function and a service shows each request, and disturbs it on demand; a
//!   [`webhook`] receiver is the studio's backend.

pub mod build;
pub mod console;
pub mod demo;
pub mod dynamo;
mod environment;
pub mod front;
pub mod gateway;
pub mod introduction;
pub mod json;
mod lock;
pub mod log;
pub mod odd;
mod private;
pub mod proxy;
pub mod qa;
mod random;
pub mod runtime;
pub mod sam;
pub mod samples;
pub mod studio;
pub mod support;
pub mod system;
pub mod template;
pub mod terminal;
pub mod tools;
pub mod webhook;

/// The AWS region that everything here claims to be in.
pub const REGION: &str = "us-east-1";

/// The AWS account that everything here claims to belong to.
pub const ACCOUNT: &str = "123456789012";

/// What is wrong, as a sentence.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Why a request got no answer, with the causes: the first error alone says only that sending failed. The
/// address is left out, because it may hold a secret.
pub(crate) fn unanswered(error: reqwest::Error) -> Error {
    prime_gaming::testing::net::chain(&error.without_url()).into()
}

/// The client for everything here: the functions' own, which follows no redirects and whose
/// requests end within 10 seconds unless they say otherwise.
pub(crate) fn http_client() -> reqwest::Client {
    prime_gaming::testing::net::client(None)
        .expect("without an extra certificate nothing can be wrong")
}
