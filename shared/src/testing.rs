//! The inside of the library, for the tests of other crates and for the local system.
//!
//! The tests of `tests/*` set up rows, settings and clients that no request could set up. Code that
//! is deployed does not use this module: what a function needs is in the other public modules.

/// The clients of Login with Amazon and Prime Gaming.
pub mod amazon {
    pub use crate::amazon::*;
}

/// The settings.
pub mod config {
    pub use crate::config::*;

    /// The variables without which no function starts, each with a good value.
    pub const REQUIRED: [(&str, &str); 8] = [
        ("LINKS_TABLE", "links"),
        ("FULFILLMENTS_TABLE", "fulfillments"),
        ("OFFERS_TABLE", "offers"),
        ("ERASURES_TABLE", "erasures"),
        ("LWA_CLIENT_ID", "amzn1.application-oa2-client.test"),
        ("PLAYER_JWT_ISSUER", "https://accounts.example.com"),
        ("PLAYER_JWT_AUDIENCE", "prime-gaming"),
        (
            "SECRETS_ARN",
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:prime-gaming-a1b2c3",
        ),
    ];
}

/// The client of the studio's webhook.
pub mod delivery {
    pub use crate::delivery::*;
}

/// The form of log lines.
pub mod logging {
    pub use crate::logging::{Lines, subscriber};
}

/// The HTTP client, which the stand-ins' clients use as well.
pub mod net {
    pub use crate::net::*;
}

/// How secrets are encrypted before they are stored.
pub mod seal {
    pub use crate::seal::*;
}

/// The secret's fields, and where they are read.
pub mod secrets {
    pub use crate::secrets::*;
}

/// The tables: tests prepare rows with it, and try each condition.
pub mod store {
    pub use crate::store::*;
}
