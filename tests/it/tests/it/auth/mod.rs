//! Players' tokens: the header, the signature, the claims and the key sets.

pub(crate) mod claims;
mod header;
pub(crate) mod jwks;
pub(crate) mod support;
