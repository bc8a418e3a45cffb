//! The addresses that Amazon is to be given.

use super::Patient;
use crate::config::Config;
use crate::domain::Finding;
use crate::http::address;

/// The allowed return URL, as it is sent to Login with Amazon.
pub(super) fn return_url(config: &Config) -> Option<String> {
    let base = config.base_url()?;
    Some(address(base, "/link/callback").to_string())
}

pub(super) async fn for_amazon(patient: &Patient<'_>) -> Finding {
    tell(&patient.deployment.config)
}

fn tell(config: &Config) -> Finding {
    let (Some(base), Some(return_url)) = (config.base_url(), return_url(config)) else {
        return Finding::unwell(
            "the settings do not tell this function the address of the API",
            "Take the addresses from the stack's outputs LwaAllowedReturnUrl and ApiUrl, and deploy the \
             template again.",
        );
    };
    let linking = address(base, "/link");
    let mut detail = format!(
        "allowed return URL for the security profile: {return_url}; allowed origin: {}; linking URL for \
         Prime Gaming: {linking}",
        base.origin().ascii_serialization()
    );
    if config.players.login_url.is_none() {
        detail += ", which answers 404 until PlayerLoginUrl is set";
    }
    Finding::well(detail)
}
