//! The functions' settings: what is given, else what the local system sets, else what the
//! template says.

use std::collections::{BTreeMap, BTreeSet};

use crate::template::{Function, Template, Variable};

/// The variables that tell where Amazon is.
const AMAZON: [&str; 7] = [
    "LWA_AUTHORIZE_URL",
    "LWA_TOKEN_URL",
    "LWA_TOKENINFO_URL",
    "LWA_PROFILE_URL",
    "LWA_CODEPAIR_URL",
    "PRIME_GAMING_ENTITLEMENTS_URL",
    "PRIME_GAMING_FULFILL_URL",
];

/// The variables of the AWS SDK that say who we are and where.
const AWS: [&str; 5] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// The variables of the AWS SDK that lead to stand-ins.
const AWS_ENDPOINTS: [&str; 2] = [
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
];

/// The origins whose pages may call the API, separated by commas. It is the gateway's, and stands for
/// the template's parameter `CorsOrigins`; no function sees it.
pub(super) const CORS_ORIGINS: &str = "CORS_ORIGINS";

/// What the local system sets where nothing is given. What only a running part can tell, such as
/// its address, is added at the start.
const LOCAL: [(&str, &str); 5] = [
    ("LWA_CLIENT_ID", "amzn1.application-oa2-client.local"),
    ("PLAYER_JWT_ISSUER", "https://accounts.studio.example"),
    ("PLAYER_JWT_AUDIENCE", "prime-gaming"),
    ("LINK_RETURN_ORIGINS", "mygame:"),
    ("DELIVERY", "confirm"),
];

/// The names of all settings that can be given: what the template's functions know, what the AWS
/// SDK reads, and the gateway's one.
#[must_use]
pub fn known_names(template: &Template) -> BTreeSet<String> {
    let of_functions = template
        .functions
        .iter()
        .flat_map(|function| function.environment.keys());
    let others = AWS.iter().chain(&AWS_ENDPOINTS).chain([&CORS_ORIGINS]);
    let others = others.map(|name| (*name).to_owned());
    of_functions.cloned().chain(others).collect()
}

/// Those of [`known_names`] to which the process environment gives a value.
#[must_use]
pub fn from_environment(template: &Template) -> BTreeMap<String, String> {
    let names = known_names(template);
    crate::environment::settings(names.iter().map(String::as_str))
}

/// All settings of a running system.
#[derive(Clone)]
pub(super) struct Settings {
    /// What was given, and what the local system sets.
    values: BTreeMap<String, String>,
    given: BTreeSet<String>,
    /// The variables that some function knows, with what the template says of them.
    declared: BTreeMap<String, Variable>,
}

impl std::fmt::Debug for Settings {
    /// Leaves the values out: some may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Settings {
    pub(super) fn new(template: &Template, mut given: BTreeMap<String, String>) -> Self {
        given.retain(|_, value| !value.is_empty());
        // Real credentials are for a real AWS: the embedded database is not told about them.
        let real = ["AWS_ENDPOINT_URL_DYNAMODB", "SECRETS_ARN"]
            .iter()
            .any(|name| given.contains_key(*name));
        if !real {
            given.retain(|name, _| !AWS.contains(&name.as_str()));
        }
        let declared = template
            .functions
            .iter()
            .flat_map(|function| function.environment.clone());
        let mut settings = Self {
            given: given.keys().cloned().collect(),
            values: given,
            declared: declared.collect(),
        };
        for (name, value) in LOCAL {
            settings.set_default(name, value);
        }
        // Credentials belong together: some of one kind and some of another are of no use.
        if !settings.is_given("AWS_ACCESS_KEY_ID") {
            for (name, value) in crate::runtime::aws_variables() {
                settings.set_default(&name, &value);
            }
        } else if let Some(region) = settings.get("AWS_DEFAULT_REGION").map(str::to_owned) {
            settings.set_default("AWS_REGION", &region);
        } else {
            settings.set_default("AWS_REGION", crate::REGION);
        }
        settings
    }

    /// Sets what was not given.
    pub(super) fn set_default(&mut self, name: &str, value: &str) {
        self.values
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
    }

    /// The same values for the functions of another version.
    pub(super) fn for_version(&self, template: &Template) -> Self {
        let functions = template.functions.iter();
        let declared = functions.flat_map(|function| function.environment.clone());
        Self {
            declared: declared.collect(),
            ..self.clone()
        }
    }

    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.contains(name)
    }

    /// A setting's value: given, or set here, or what the template says.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .or_else(|| match self.declared.get(name)? {
                Variable::Text(text) if !text.is_empty() => Some(text),
                Variable::Table(logical_id) => Some(logical_id),
                Variable::Text(_) | Variable::Deployed => None,
            })
    }

    /// Whether a function would ask an address of Amazon that was not given.
    pub(super) fn needs_amazon(&self) -> bool {
        AMAZON
            .iter()
            .any(|name| self.declared.contains_key(*name) && !self.is_given(name))
    }

    /// The name of the table with this logical id.
    pub(super) fn table_name(&self, logical_id: &str) -> String {
        let variable = self
            .declared
            .iter()
            .find_map(|(name, variable)| match variable {
                Variable::Table(table) if table == logical_id => Some(name),
                _ => None,
            });
        variable
            .and_then(|name| self.get(name))
            .unwrap_or(logical_id)
            .to_owned()
    }

    /// Everything that was given or set here.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        self.values.clone()
    }

    /// A function's variables: those that the template declares for it, as in Lambda, and what
    /// leads the AWS SDK to the stand-ins.
    pub(super) fn of(&self, function: &Function) -> BTreeMap<String, String> {
        let declared = function.environment.keys().map(String::as_str);
        declared
            .chain(AWS)
            .chain(AWS_ENDPOINTS)
            .filter_map(|name| Some((name.to_owned(), self.get(name)?.to_owned())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r"
Parameters:
  Name: { Type: String, Default: name }
Resources:
  LinksTable:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
  LinkFunction:
    Type: AWS::Serverless::Function
    Metadata: { BuildProperties: { Binary: link } }
    Properties:
      Environment:
        Variables:
          LINKS_TABLE: !Ref LinksTable
          PLAYER_NAME_CLAIM: !Ref Name
          LWA_CLIENT_ID: !Ref Client
          LWA_TOKEN_URL: https://api.amazon.com/auth/o2/token
          SECRETS_ARN: !Ref Secret
";

    fn settings(given: &[(&str, &str)]) -> (Settings, Template) {
        let template = Template::parse(TEMPLATE).expect("the template is complete");
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        (Settings::new(&template, given.collect()), template)
    }

    #[test]
    fn given_wins_over_local_wins_over_the_template() {
        let (mut settings, template) = settings(&[("PLAYER_NAME_CLAIM", "nick")]);
        settings.set_default("PLAYER_NAME_CLAIM", "local");
        settings.set_default("LWA_TOKEN_URL", "http://127.0.0.1:1/token");
        let env = settings.of(&template.functions[0]);
        assert_eq!(env["PLAYER_NAME_CLAIM"], "nick");
        assert_eq!(env["LWA_TOKEN_URL"], "http://127.0.0.1:1/token");
        assert_eq!(env["LINKS_TABLE"], "LinksTable");
        assert_eq!(env["LWA_CLIENT_ID"], "amzn1.application-oa2-client.local");
        // Not declared for it, and known only to a deployment.
        assert!(!env.contains_key("DELIVERY") && !env.contains_key("SECRETS_ARN"));
    }

    #[test]
    fn amazon_is_needed_until_all_its_addresses_are_given() {
        assert!(settings(&[]).0.needs_amazon());
        assert!(
            !settings(&[("LWA_TOKEN_URL", "https://other.example/token")])
                .0
                .needs_amazon()
        );
    }

    #[test]
    fn credentials_are_used_only_with_a_database_that_may_need_them() {
        let mine = ("AWS_ACCESS_KEY_ID", "mine");
        let (embedded, _) = settings(&[mine]);
        assert_eq!(embedded.get("AWS_ACCESS_KEY_ID"), Some("local"));
        let (other, _) = settings(&[mine, ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")]);
        assert_eq!(other.get("AWS_ACCESS_KEY_ID"), Some("mine"));
        assert_eq!(other.get("AWS_SESSION_TOKEN"), None);
        assert_eq!(other.get("AWS_REGION"), Some("us-east-1"));
    }

    #[test]
    fn a_table_has_the_name_that_is_given() {
        assert_eq!(settings(&[]).0.table_name("LinksTable"), "LinksTable");
        assert_eq!(
            settings(&[("LINKS_TABLE", "mine")])
                .0
                .table_name("LinksTable"),
            "mine"
        );
    }
}
