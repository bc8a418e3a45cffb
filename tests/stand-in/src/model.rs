//! The things the stand-in knows: clients, accounts, tokens, what was asked and done.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::faults::Endpoint;
use crate::secrets::fingerprint;

/// Scope for the player's entitlements.
pub const SCOPE_PRIME: &str = "games::prime";
/// Scope for the player's id.
pub const SCOPE_PROFILE: &str = "profile";

/// The scopes that Login with Amazon documents, and Prime Gaming's.
pub const SCOPES: [&str; 4] = [SCOPE_PRIME, SCOPE_PROFILE, "profile:user_id", "postal_code"];

/// An application registered with Login with Amazon.
#[derive(Clone, Serialize, Deserialize)]
pub struct Client {
    /// At most 100 bytes.
    pub client_id: String,
    /// `None`: a public client, which gets no refresh token in the browser flow.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Allowed return URLs; `redirect_uri` must be one of them to the letter, or fit
    /// [`Client::ANY_LOOPBACK_CALLBACK`] if that is listed.
    #[serde(default)]
    pub return_urls: Vec<String>,
    /// What this client may ask for. Asking for anything else is `invalid_scope`.
    #[serde(default)]
    pub allowed_scopes: Vec<String>,
}

impl Client {
    /// As a return URL: any `http://` loopback host and port with the path `/link/callback`, for
    /// systems that get a free port.
    pub const ANY_LOOPBACK_CALLBACK: &'static str = "http://localhost:*/link/callback";
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("client_id", &self.client_id)
            .field(
                "client_secret",
                &self.client_secret.as_ref().map(|_| "[redacted]"),
            )
            .field("return_urls", &self.return_urls)
            .field("allowed_scopes", &self.allowed_scopes)
            .finish()
    }
}

/// What the player does on the consent page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Allows everything that was asked for.
    Approve,
    /// Cancels.
    Refuse,
    /// Allows only these of the scopes that were asked for. None of them is a refusal.
    GrantOnly(Vec<String>),
}

impl Consent {
    /// The scopes granted out of those asked for; `None` is a refusal.
    pub(crate) fn granted(self, asked: &[String]) -> Option<Vec<String>> {
        let scopes: Vec<String> = match self {
            Consent::Approve => asked.to_vec(),
            Consent::Refuse => Vec::new(),
            Consent::GrantOnly(only) => asked
                .iter()
                .filter(|scope| only.contains(scope))
                .cloned()
                .collect(),
        };
        (!scopes.is_empty()).then_some(scopes)
    }
}

/// How Amazon behaves, within and beyond what the contract promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Life of new access tokens, in seconds (3600).
    pub access_token_seconds: u64,
    /// Length of new tokens, in bytes, 64 to 2048 (400).
    pub token_bytes: usize,
    /// A refresh answers a new refresh token, and the old one dies at once (`false`).
    pub rotate_refresh_tokens: bool,
    /// Token answers carry no refresh token (`false`).
    pub omit_refresh_token: bool,
    /// What tokeninfo says as `aud` instead of the client id.
    pub tokeninfo_aud: Option<String>,
    /// What tokeninfo says as `user_id` instead of the account's.
    pub tokeninfo_user_id: Option<String>,
    /// What the profile says as `user_id` instead of the account's.
    pub profile_user_id: Option<String>,
    /// Fulfilled entitlements stay in the list as `NOOP` instead of leaving it (`false`).
    pub noop_after_fulfillment: bool,
    /// Life of new device pairs, in seconds (600).
    pub device_expires_seconds: u64,
    /// Shortest time between two polls of a new device pair, in seconds (30).
    pub device_interval_seconds: u64,
    /// New device pairs come with an address that has the code in it (`false`).
    pub device_complete_uri: bool,
    /// An account that is signed in and agreed before: no consent page is shown, and the browser is
    /// sent back at once.
    pub agreed_before: Option<String>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour {
            access_token_seconds: 3600,
            token_bytes: 400,
            rotate_refresh_tokens: false,
            omit_refresh_token: false,
            tokeninfo_aud: None,
            tokeninfo_user_id: None,
            profile_user_id: None,
            noop_after_fulfillment: false,
            device_expires_seconds: 600,
            device_interval_seconds: 30,
            device_complete_uri: false,
            agreed_before: None,
        }
    }
}

impl Behaviour {
    /// The same with these fields changed, given as JSON.
    ///
    /// # Errors
    /// There is no such field, or it can't have this value.
    pub fn with(&self, change: &Map<String, Value>) -> Result<Self, String> {
        let mut whole = serde_json::json!(self);
        for (name, value) in change {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).map_err(|error| error.to_string())
    }
}

/// One request to one of Amazon's addresses.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Counts up from 0 over the life of the stand-in.
    pub id: u64,
    /// Where it went.
    pub endpoint: Endpoint,
    /// The HTTP method.
    pub method: String,
    /// When it arrived: milliseconds since 1970 on the stand-in's clock.
    pub at_ms: u64,
    /// What it carried: the objects `query`, `form`, `body` and `headers`, as far as there is
    /// something in them, and `account`, the short name, where a token tells it. Secrets appear as
    /// their [`fingerprint`].
    pub summary: Value,
    /// The status of the answer; `None` while there is none, and for ever if it was a reset.
    pub status: Option<u16>,
}

/// An entitlement that was reported to Prime Gaming.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfillment {
    /// Which entitlement.
    pub entitlement_id: String,
    /// Whose: `amzn1.account.…`.
    pub account_id: String,
    /// The `FulfillmentAddress` of the latest report.
    pub address: String,
    /// How many reports Amazon took in: 1 when all goes well.
    pub times: u32,
}

/// What an account has claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The account's short name.
    pub account: String,
    /// `amzn1.account.…`.
    pub account_id: String,
    /// In the order in which it claimed.
    pub claims: Vec<Claim>,
}

/// An entitlement of an account. One without an id or an SKU, as tests make them, is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Amazon's id of it.
    pub entitlement_id: String,
    /// The offer.
    pub sku: String,
    /// The word that says what to do with it, such as `FULFILL`.
    pub instruction: String,
    /// How many reports of it Amazon took in.
    pub fulfilled: u32,
}

/// A device pair as a test or the player sees it; the device code stays with the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DevicePair {
    /// What the player types in.
    pub user_code: String,
    /// `pending`, `approved`, `denied`, `expired` or `used`.
    pub status: &'static str,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) entitlements: Vec<Entitlement>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Entitlement {
    /// The element as Prime Gaming lists it; may be broken on purpose.
    pub(crate) element: Value,
    pub(crate) fulfilled: bool,
}

impl Entitlement {
    /// A field of the element, where it is a text.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.element.get(field)?.as_str()
    }
}

/// An authorization code.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) expires_ms: u64,
    pub(crate) used: bool,
    /// Whether the answer that it was used for got lost.
    #[serde(default)]
    pub(crate) unheard: bool,
    pub(crate) revoked: bool,
}

/// An access token. One that was revoked is removed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) client_id: String,
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) issued_ms: u64,
    pub(crate) expires_ms: u64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Refresh {
    pub(crate) client_id: String,
    pub(crate) account: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) life: Life,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Life {
    Alive,
    /// Its successor was answered to the client: using this one again is the client's fault.
    Replaced,
    /// Its successor was issued in an answer that got lost: using this one again is all a client
    /// can do.
    ReplacedUnheard,
    /// The player removed the app.
    Revoked,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) user_code: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_ms: u64,
    pub(crate) interval_ms: u64,
    pub(crate) last_poll_ms: Option<u64>,
    pub(crate) answer: DeviceAnswer,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum DeviceAnswer {
    Pending,
    Approved {
        account: String,
        scopes: Vec<String>,
    },
    Denied,
    Used,
}

impl Device {
    pub(crate) fn pair(&self, now_ms: u64) -> DevicePair {
        let status = match self.answer {
            DeviceAnswer::Used => "used",
            DeviceAnswer::Denied => "denied",
            _ if now_ms >= self.expires_ms => "expired",
            DeviceAnswer::Pending => "pending",
            DeviceAnswer::Approved { .. } => "approved",
        };
        DevicePair {
            user_code: self.user_code.clone(),
            status,
        }
    }
}

/// Field and parameter names whose values never appear in records.
const SECRET_NAMES: [&str; 9] = [
    "access_token",
    "authorization",
    "client_secret",
    "code",
    "code_verifier",
    "cookie",
    "device_code",
    "refresh_token",
    "x-amz-access-token",
];

/// The value as a record may show it.
pub(crate) fn shown(name: &str, value: &str) -> String {
    if SECRET_NAMES.contains(&name) {
        fingerprint(value)
    } else {
        value.to_owned()
    }
}
