//! The ids of players, accounts, entitlements, offers and links, each checked where it enters.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

/// Why a text is not the id it should be: the sentence says what would be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct IdError {
    what: &'static str,
    rule: &'static str,
}

impl IdError {
    /// What would be right.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        self.rule
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes `text` if it is one.
            ///
            /// # Errors
            /// Says what would be right.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) {
                    Ok(Self(text))
                } else {
                    Err(IdError { what: $what, rule: $rule })
                }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// The studio's own id of a player, from the player's token.
    PlayerId,
    "player_id",
    "1 to 128 visible ASCII characters",
    |text| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

id!(
    /// Login with Amazon's `user_id` (`amzn1.account.…`), unique per security profile.
    AmazonUserId,
    "user_id",
    "1 to 256 visible ASCII characters",
    |text| (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
);

id!(
    /// Prime Gaming's id of one claim of one offer. Its form is not documented, so anything
    /// printable is taken, up to what fits into a DynamoDB key.
    EntitlementId,
    "entitlement_id",
    "1 to 512 bytes without control characters",
    |text| (1..=512).contains(&text.len()) && !text.chars().any(char::is_control)
);

id!(
    /// The studio's own id of an offer's content. The alphabet is Amazon's.
    Sku,
    "sku",
    "1 to 128 letters, digits, '-', '_', ':' or '.'",
    |text| (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:.".contains(&b))
);

id!(
    /// Names one link: new whenever a player links, so that what belongs to an earlier link can
    /// be told apart.
    LinkId,
    "link_id",
    "a random token of 43 characters",
    |text| text.len() == 43
);

impl LinkId {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(random_token())
    }
}

/// 256 random bits, as 43 characters that need no escaping in URLs, cookies and forms.
///
/// # Panics
/// If the operating system has no randomness to give; nothing safe can be done then.
#[must_use]
pub fn random_token() -> String {
    let mut bytes = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether `text` has the form of a [`random_token`].
#[must_use]
pub fn is_random_token(text: &str) -> bool {
    text.len() == 43
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn player_ids_are_visible_ascii() {
        assert!(PlayerId::new("player-1").is_ok());
        assert!(PlayerId::new("x".repeat(128)).is_ok());
        for wrong in ["", "a b", "tab\t", "é", &"x".repeat(129)] {
            assert!(PlayerId::new(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn skus_use_amazons_alphabet() {
        assert!(Sku::new("Game:season-1_hat.v2").is_ok());
        for wrong in ["", "a/b", "a b", "ä", &"x".repeat(129)] {
            assert!(Sku::new(wrong).is_err(), "{wrong:?}");
        }
        let error = Sku::new("a/b").expect_err("slash is not allowed");
        assert_eq!(
            error.to_string(),
            "sku must be 1 to 128 letters, digits, '-', '_', ':' or '.'"
        );
    }

    #[test]
    fn random_tokens_differ_and_need_no_escaping() {
        let (one, two) = (random_token(), random_token());
        assert_ne!(one, two);
        assert_eq!(one.len(), 43);
        assert!(
            one.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
    }

    #[test]
    fn a_random_token_is_256_bits_in_base64url() {
        assert!(is_random_token(&random_token()));
        for wrong in ["", "a", &"a".repeat(42), &"a".repeat(44), &"+".repeat(43)] {
            assert!(!is_random_token(wrong), "{wrong}");
        }
    }
}
