//! Reads variables one by one and collects their faults.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::{
    Color, ConfigError, DeliveryConfig, Fault, FulfillmentAddress, Intake, REQUIRED_SCOPES,
    ReturnOrigins, SecretsSource,
};
use crate::net::{Reach, is_loopback};

const URL_RULE: &str =
    "must be an https URL (http only to a loopback address) without user name and fragment";

/// The reader. Each method reads one setting. For a faulty one it keeps the fault and returns a
/// placeholder, which is never used, because [`Vars::finish`] then returns the faults.
pub(super) struct Vars<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<Fault>,
    /// Whether stand-ins for Amazon may be where a container reaches its host.
    stand_ins_on_host: bool,
}

impl<'a> Vars<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            lookup,
            faults: Vec::new(),
            stand_ins_on_host: false,
        }
    }

    /// In a container that the SAM CLI starts on the developer's machine, loopback is the container
    /// itself, and the stand-ins for Amazon are on its host. Only there the addresses of Amazon may
    /// be http to that host. The SAM CLI sets `AWS_SAM_LOCAL`; Lambda does not, and no template of ours
    /// declares it. A deployment also has no loopback address for its API, which `local` says.
    pub(super) fn allow_stand_ins_on_host(&mut self, local: bool) {
        self.stand_ins_on_host = local && self.get("AWS_SAM_LOCAL").as_deref() == Some("true");
    }

    /// `config`, if no setting has a fault.
    pub(super) fn finish<T>(self, config: T) -> Result<T, ConfigError> {
        if self.faults.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError {
                faults: self.faults,
            })
        }
    }

    /// The value; an empty one counts as unset.
    fn get(&self, variable: &'static str) -> Option<String> {
        (self.lookup)(variable).filter(|value| !value.is_empty())
    }

    fn fault(&mut self, variable: &'static str, sentence: impl Into<String>) {
        self.faults.push(Fault {
            variable,
            sentence: sentence.into(),
        });
    }

    fn required(&mut self, variable: &'static str, what: &str) -> Option<String> {
        let value = self.get(variable);
        if value.is_none() {
            self.fault(variable, format!("is missing: it should be {what}"));
        }
        value
    }

    pub(super) fn table(&mut self, variable: &'static str) -> String {
        let name = self
            .required(variable, "the name of a DynamoDB table")
            .unwrap_or_default();
        let fits = (3..=255).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        if !name.is_empty() && !fits {
            self.fault(
                variable,
                "must be a table's name: 3 to 255 letters, digits, '_', '.' or '-'",
            );
        }
        name
    }

    pub(super) fn client_id(&mut self, variable: &'static str) -> String {
        let what = "the client id of the Login with Amazon security profile";
        self.required(variable, what)
            .map(|id| self.checked_client_id(variable, id))
            .unwrap_or_default()
    }

    pub(super) fn optional_client_id(&mut self, variable: &'static str) -> Option<String> {
        self.get(variable)
            .map(|id| self.checked_client_id(variable, id))
    }

    fn checked_client_id(&mut self, variable: &'static str, id: String) -> String {
        if id.len() > 100 || !id.bytes().all(|b| b.is_ascii_graphic()) {
            self.fault(variable, "must be 1 to 100 visible ASCII characters");
        }
        id
    }

    pub(super) fn text(&mut self, variable: &'static str, what: &str) -> String {
        let text = self.required(variable, what).unwrap_or_default();
        self.checked_text(variable, text)
    }

    pub(super) fn text_or(&mut self, variable: &'static str, default: &str) -> String {
        let text = self.get(variable).unwrap_or_else(|| default.to_owned());
        self.checked_text(variable, text)
    }

    fn checked_text(&mut self, variable: &'static str, text: String) -> String {
        if text.len() > 1024 || text.trim() != text || text.chars().any(char::is_control) {
            self.fault(
                variable,
                "must be at most 1024 bytes, without control characters, and without spaces around it",
            );
        }
        text
    }

    /// An address of Amazon.
    pub(super) fn amazon_url(&mut self, variable: &'static str, default: &'static str) -> Url {
        let is_host = |url: &Url| self.stand_ins_on_host && is_container_host(url);
        let on_host = self.get(variable).and_then(|text| bare_url(&text));
        if let Some(url) = on_host.filter(is_host) {
            return url;
        }
        self.optional_url(variable)
            .unwrap_or_else(|| Url::parse(default).expect("the defaults are URLs"))
    }

    pub(super) fn optional_url(&mut self, variable: &'static str) -> Option<Url> {
        let text = self.get(variable)?;
        let url = acceptable_url(&text);
        if url.is_none() {
            self.fault(variable, URL_RULE);
        }
        url
    }

    pub(super) fn base_url(&mut self, variable: &'static str) -> Option<Url> {
        let url = self.optional_url(variable)?;
        if url.query().is_some() {
            self.fault(
                variable,
                "must be scheme, host and port, and at most a path: without a query",
            );
        }
        Some(url)
    }

    pub(super) fn scope(&mut self, variable: &'static str) -> String {
        let scope = self
            .get(variable)
            .unwrap_or_else(|| REQUIRED_SCOPES.join(" "));
        let all_there = REQUIRED_SCOPES
            .iter()
            .all(|required| scope.split(' ').any(|word| word == *required));
        if !all_there || !scope.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            self.fault(
                variable,
                "must be scopes separated by spaces, `games::prime` and `profile` among them",
            );
        }
        scope
    }

    pub(super) fn fulfillment_address(&mut self, variable: &'static str) -> FulfillmentAddress {
        match self.get(variable) {
            None => FulfillmentAddress::Word("Player".to_owned()),
            Some(value) if value == "{player_id}" => FulfillmentAddress::PlayerId,
            Some(word) => {
                // A brace is a misspelt placeholder, and would be sent to Amazon.
                if word.len() > 128 || word.chars().any(|c| c.is_control() || "{}".contains(c)) {
                    self.fault(
                        variable,
                        "must be `{player_id}`, or a fixed word of at most 128 bytes without braces",
                    );
                }
                FulfillmentAddress::Word(word)
            }
        }
    }

    pub(super) fn return_origins(&mut self, variable: &'static str, local: bool) -> ReturnOrigins {
        let list = self.get(variable).unwrap_or_default();
        match ReturnOrigins::parse(&list, local) {
            Ok(origins) => origins,
            Err(faults) => {
                for fault in faults {
                    self.fault(variable, fault);
                }
                ReturnOrigins::default()
            }
        }
    }

    pub(super) fn topic(&mut self, variable: &'static str) -> Option<String> {
        let topic = self.get(variable)?;
        if !topic.starts_with("arn:") || !topic.bytes().all(|b| b.is_ascii_graphic()) {
            self.fault(variable, "must be the ARN of an SNS topic");
        }
        Some(topic)
    }

    /// A name that pages show.
    pub(super) fn shown_name(&mut self, variable: &'static str) -> Option<String> {
        let name = self.get(variable)?;
        if name.chars().count() > 64 || name.trim() != name || name.chars().any(char::is_control) {
            self.fault(
                variable,
                "must be at most 64 characters, without control characters, and without spaces around it",
            );
        }
        Some(name)
    }

    pub(super) fn color(&mut self, variable: &'static str) -> Option<Color> {
        let color = Color::parse(&self.get(variable)?);
        if color.is_none() {
            self.fault(variable, "must be a colour written as `#1b5fc1`");
        }
        color
    }

    pub(super) fn support_url(&mut self, variable: &'static str) -> Option<Url> {
        let text = self.get(variable)?;
        let url = acceptable_url(&text).or_else(|| mail_address(&text));
        if url.is_none() {
            self.fault(
                variable,
                "must be an https URL, or an address like `mailto:help@studio.example`",
            );
        }
        url
    }

    pub(super) fn switch(&mut self, variable: &'static str) -> bool {
        match self.get(variable).as_deref() {
            Some("on") => true,
            None | Some("off") => false,
            Some(_) => {
                self.fault(variable, "must be `on` or `off`");
                false
            }
        }
    }

    pub(super) fn seconds(&mut self, variable: &'static str, default: u64, most: u64) -> Duration {
        let seconds = match self.get(variable) {
            None => Some(default),
            Some(text) => text.parse().ok().filter(|seconds| *seconds <= most),
        };
        if seconds.is_none() {
            self.fault(
                variable,
                format!("must be a whole number of seconds from 0 to {most}"),
            );
        }
        Duration::from_secs(seconds.unwrap_or(default))
    }

    pub(super) fn delivery(
        &mut self,
        variable: &'static str,
        url_variable: &'static str,
        private_variable: &'static str,
        local: bool,
    ) -> DeliveryConfig {
        let private = self.switch(private_variable);
        match self.get(variable).as_deref() {
            None | Some("confirm") => DeliveryConfig::Confirm,
            Some("webhook") => {
                let set = self.required(
                    url_variable,
                    "the address of the studio's backend, because DELIVERY is `webhook`",
                );
                let url = set.and_then(|_| self.optional_url(url_variable));
                match url.as_ref().and_then(Reach::of_host) {
                    Some(reach) if local || reach.is_allowed(private) => {}
                    Some(Reach::Private) => self.fault(
                        url_variable,
                        format!("is a private address: only {private_variable}=on allows it"),
                    ),
                    Some(_) => self.fault(
                        url_variable,
                        "may be a loopback, link-local or reserved address only where \
                         PUBLIC_BASE_URL is a loopback one",
                    ),
                    None => {}
                }
                url.map_or(DeliveryConfig::Confirm, |url| DeliveryConfig::Webhook {
                    url,
                    private,
                })
            }
            Some(_) => {
                self.fault(variable, "must be `confirm` or `webhook`");
                DeliveryConfig::Confirm
            }
        }
    }

    pub(super) fn intake(&mut self, variable: &'static str) -> Intake {
        match self.get(variable).as_deref() {
            None | Some("open") => Intake::Open,
            Some("hold") => Intake::Hold,
            Some(_) => {
                self.fault(variable, "must be `open` or `hold`");
                Intake::Hold
            }
        }
    }

    pub(super) fn secrets(
        &mut self,
        arn_variable: &'static str,
        file_variable: &'static str,
        local: bool,
    ) -> SecretsSource {
        let file = self.get(file_variable);
        if file.is_some() && !local {
            self.fault(
                file_variable,
                format!("is allowed only where PUBLIC_BASE_URL is a loopback address: use {arn_variable}"),
            );
        }
        match (self.get(arn_variable), file) {
            (Some(arn), None) => {
                let is_secret = arn.starts_with("arn:") && arn.contains(":secretsmanager:");
                if !is_secret || !arn.bytes().all(|b| b.is_ascii_graphic()) {
                    self.fault(
                        arn_variable,
                        "must be the ARN of a secret in AWS Secrets Manager",
                    );
                }
                SecretsSource::Arn(arn)
            }
            (None, Some(file)) => SecretsSource::File(PathBuf::from(file)),
            (Some(_), Some(file)) => {
                self.fault(
                    arn_variable,
                    format!("and {file_variable} are both set: exactly one of them must be"),
                );
                SecretsSource::File(PathBuf::from(file))
            }
            (None, None) => {
                self.fault(
                    arn_variable,
                    format!(
                        "is missing: it should be the ARN of a secret in AWS Secrets Manager \
                         (or, only local, {file_variable} a file)"
                    ),
                );
                SecretsSource::Arn(String::new())
            }
        }
    }
}

/// The `mailto` URL in `text`.
fn mail_address(text: &str) -> Option<Url> {
    let well_formed = text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains('#');
    let url = Url::parse(text).ok().filter(|_| well_formed)?;
    (url.scheme() == "mailto" && url.path().contains('@')).then_some(url)
}

/// The URL in `text`, if it follows [`URL_RULE`].
pub(super) fn acceptable_url(text: &str) -> Option<Url> {
    let url = bare_url(text)?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    secure.then_some(url)
}

/// The URL in `text`, if it has a host, and neither a user name nor a fragment.
fn bare_url(text: &str) -> Option<Url> {
    if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
    {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (bare && url.has_host()).then_some(url)
}

/// Whether `url` is http to where a container reaches its host: the gateway of a bridge, which has a
/// private address, or the name that container engines give the host.
fn is_container_host(url: &Url) -> bool {
    let named = url.host_str() == Some("host.docker.internal");
    url.scheme() == "http" && (named || Reach::of_host(url) == Some(Reach::Private))
}
