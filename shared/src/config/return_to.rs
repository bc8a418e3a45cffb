//! Where a browser may be sent after linking: the allow-list for `return_to`, which prevents an open
//! redirect.

use url::Url;

use super::vars::acceptable_url;
use crate::net::is_loopback;

/// The longest accepted `return_to`, in bytes.
const MAX_RETURN_TO_BYTES: usize = 2048;

/// Schemes that are never a game's app: a browser would run or show them by itself, or open another
/// app with them. Those of the web are compared as origins.
const NEVER_CUSTOM: [&str; 12] = [
    "javascript",
    "data",
    "file",
    "blob",
    "vbscript",
    "intent",
    "about",
    "ftp",
    "http",
    "https",
    "ws",
    "wss",
];

/// The allow-list of `LINK_RETURN_ORIGINS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnOrigins(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    /// An exact web origin.
    Origin(url::Origin),
    /// A custom scheme, in lower case and without the colon.
    Scheme(String),
}

/// A `return_to` that is not on the allow-list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReturnTo {
    /// Longer than 2,048 bytes.
    #[error("`return_to` must be at most 2048 bytes")]
    TooLong,
    /// Not an absolute URL, or one that two programs could read differently.
    #[error(
        "`return_to` must be an absolute URL without control characters, spaces, backslashes or a user name"
    )]
    Malformed,
    /// A proper URL, but not of a listed origin or scheme.
    #[error("`return_to` must be under one of the origins or schemes in LINK_RETURN_ORIGINS")]
    NotListed,
}

impl ReturnOrigins {
    /// Reads the comma-separated list. http origins are for loopback only, and only where the
    /// system is `local`.
    pub(super) fn parse(list: &str, local: bool) -> Result<Self, Vec<String>> {
        let mut entries = Vec::new();
        let mut faults = Vec::new();
        let texts = list
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        for (index, text) in texts.enumerate() {
            match Entry::parse(text, local) {
                Ok(entry) => entries.push(entry),
                Err(rule) => faults.push(format!("entry {}: {rule}", index + 1)),
            }
        }
        if faults.is_empty() {
            Ok(Self(entries))
        } else {
            Err(faults)
        }
    }

    /// The URL in `text`, if a browser may be sent there.
    ///
    /// # Errors
    /// Says which rule it breaks.
    pub fn check(&self, text: &str) -> Result<Url, InvalidReturnTo> {
        if text.len() > MAX_RETURN_TO_BYTES {
            return Err(InvalidReturnTo::TooLong);
        }
        // Browsers and URL parsers disagree about these, and could read two different hosts.
        if text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        {
            return Err(InvalidReturnTo::Malformed);
        }
        let url = Url::parse(text).map_err(|_| InvalidReturnTo::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidReturnTo::Malformed);
        }
        if self.0.iter().any(|entry| entry.allows(&url)) {
            Ok(url)
        } else {
            Err(InvalidReturnTo::NotListed)
        }
    }
}

impl Entry {
    fn parse(text: &str, local: bool) -> Result<Self, &'static str> {
        if let Some(scheme) = text.strip_suffix(':') {
            let scheme = scheme.to_ascii_lowercase();
            let well_formed = scheme.starts_with(|c: char| c.is_ascii_lowercase())
                && scheme
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
            if !well_formed || NEVER_CUSTOM.contains(&scheme.as_str()) {
                return Err("a custom scheme must be an app's own, like `mygame:`");
            }
            return Ok(Self::Scheme(scheme));
        }
        let url = acceptable_url(text)
            .filter(|url| url.path() == "/" && url.query().is_none())
            .ok_or("must be an https origin like `https://play.example.com`, or a custom scheme like `mygame:`")?;
        if url.scheme() == "http" && !local {
            return Err("http is allowed only where PUBLIC_BASE_URL is a loopback address");
        }
        Ok(Self::Origin(url.origin()))
    }

    fn allows(&self, url: &Url) -> bool {
        match self {
            Self::Origin(origin) => {
                (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)))
                    && url.origin() == *origin
            }
            Self::Scheme(scheme) => url.scheme() == scheme,
        }
    }
}
