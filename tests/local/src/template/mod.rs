//! What the local system needs to know of `template.yaml`: tables, functions, routes.
//!
//! The file that is deployed is also the one that is run here, so a route, an index or a
//! variable that is missing in it is missing on the laptop too, before anything is shipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

mod parse;
mod roles;
mod yaml;

pub use roles::Permission;

/// The parts of a SAM template that the local system uses. Everything else in it is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Every `AWS::DynamoDB::Table`, in the file's order.
    pub tables: Vec<Table>,
    /// Every `AWS::Serverless::Function`, in the file's order.
    pub functions: Vec<Function>,
    /// What the HTTP API allows to pages of other origins, where it can allow something.
    pub cors: Option<CorsRules>,
}

/// What a page of an allowed origin may do, by the `CorsConfiguration` of an HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsRules {
    /// The methods that it may use.
    pub methods: Vec<String>,
    /// The headers that it may send.
    pub headers: Vec<String>,
    /// The headers of an answer that it may read.
    pub exposed: Vec<String>,
    /// How many seconds it may rely on this without asking again.
    pub max_age: u64,
}

/// An `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// The attributes that keys are made of.
    pub attributes: Vec<Attribute>,
    /// The table's own key.
    pub key: Key,
    /// Its local secondary indexes.
    pub local_indexes: Vec<Index>,
    /// Its global secondary indexes.
    pub global_indexes: Vec<Index>,
    /// The attribute that holds an item's time of expiry, where time to live is on.
    pub ttl_attribute: Option<String>,
}

/// An attribute that is part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute's name.
    pub name: String,
    /// `S`, `N` or `B`.
    pub kind: String,
}

/// The key of a table or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The partition key's attribute.
    pub hash: String,
    /// The sort key's attribute, where there is one.
    pub range: Option<String>,
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The index's name.
    pub name: String,
    /// What it is sorted by.
    pub key: Key,
    /// What it holds of each item.
    pub projection: Projection,
}

/// What an index holds of each item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// The whole item.
    All,
    /// The keys.
    KeysOnly,
    /// The keys and these attributes.
    Include(Vec<String>),
}

/// An `AWS::Serverless::Function` that is built from Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name here: the binary's, or for a further function of the same binary its name in the
    /// template.
    pub name: String,
    /// The binary's name: `Metadata.BuildProperties.Binary`.
    pub binary: String,
    /// The routes of its `HttpApi` events, in the file's order.
    pub routes: Vec<Route>,
    /// How often it is invoked by itself: the shortest rate of its schedules.
    pub every: Option<Duration>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its memory in MB.
    pub memory_mb: u32,
    /// The variables it is given, its own and those of `Globals`.
    pub environment: BTreeMap<String, Variable>,
}

/// A route of the HTTP API, like `POST /v1/link/sessions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method in capitals, or `ANY`.
    pub method: String,
    /// The path, with `{name}` for a variable part and `{name+}` for the rest.
    pub path: String,
}

/// What the template says about an environment variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// This text: written there, or the default of the parameter it refers to.
    Text(String),
    /// The name of the table with this logical id.
    Table(String),
    /// Something that only a deployment knows.
    Deployed,
}

/// Why a template could not be used.
#[derive(Debug)]
pub enum TemplateError {
    /// The file can't be read.
    Read(std::path::PathBuf, std::io::Error),
    /// It is not YAML.
    Yaml(serde_yaml_ng::Error),
    /// Something in it is missing, or of a form that is not understood.
    Content {
        /// Where, as keys joined by dots: `Resources.LinksTable.Properties.KeySchema`.
        at: String,
        /// What would be right.
        expected: String,
    },
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "can't read {}: {error}", path.display()),
            Self::Yaml(error) => write!(f, "the template is not YAML: {error}"),
            Self::Content { at, expected } => write!(f, "in the template, {at}: {expected}"),
        }
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Reads the template at `path`.
    ///
    /// # Errors
    /// When the file can't be read, or as [`Template::parse`].
    pub fn read(path: &Path) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| TemplateError::Read(path.to_owned(), error))?;
        Self::parse(&text)
    }

    /// Reads a template from its text.
    ///
    /// # Errors
    /// When it is not YAML, or a table or function in it lacks what every deployment needs.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        parse::template(&serde_yaml_ng::from_str(text).map_err(TemplateError::Yaml)?)
    }

    /// All that the roles of a template's functions allow, from the template's text.
    ///
    /// # Errors
    /// When it is not YAML, or a function may do something that is not said in whole names of
    /// actions and resources of the template.
    pub fn permissions(text: &str) -> Result<BTreeSet<Permission>, TemplateError> {
        let value = serde_yaml_ng::from_str(text).map_err(TemplateError::Yaml)?;
        roles::permissions(&yaml::Node::root(&value))
    }

    /// The names of the functions' binaries, each once.
    pub fn binaries(&self) -> impl Iterator<Item = String> {
        let first = self.functions.iter().filter(|it| it.name == it.binary);
        first.map(|it| it.binary.clone())
    }

    /// The first function that is made by the binary of this name.
    #[must_use]
    pub fn function(&self, binary: &str) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.binary == binary)
    }

    /// The variable that holds the name of the table with this logical id: `LINKS_TABLE` for
    /// `LinksTable`.
    #[must_use]
    pub fn table_variable(&self, logical_id: &str) -> Option<&str> {
        self.functions
            .iter()
            .flat_map(|function| &function.environment)
            .find_map(|(name, variable)| match variable {
                Variable::Table(table) if table == logical_id => Some(name.as_str()),
                _ => None,
            })
    }
}

/// Where the project's template is.
#[must_use]
pub fn project_template() -> std::path::PathBuf {
    crate::build::workspace().join("template.yaml")
}
