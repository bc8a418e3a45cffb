//! Random identifiers and secrets.

use prime_gaming::domain::Timestamp;
use ring::rand::SystemRandom;

/// `N` bytes that can't be guessed.
///
/// # Panics
/// When the system has no randomness to give; nothing sensible can be done then.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    ring::rand::generate(&SystemRandom::new())
        .expect("the system has randomness")
        .expose()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A random identifier in the form of a UUID, as Lambda's request ids are.
pub(crate) fn uuid() -> String {
    let mut bytes: [u8; 16] = bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

/// The root of an X-Ray trace that begins now.
pub(crate) fn trace_root(now: Timestamp) -> String {
    format!("1-{:08x}-{}", now.as_seconds(), hex(&bytes::<12>()))
}

/// What Lambda tells a function of the trace that its invocation belongs to.
pub(crate) fn trace_id(now: Timestamp) -> String {
    format!(
        "Root={};Parent={};Sampled=0",
        trace_root(now),
        hex(&bytes::<8>())
    )
}
