//! The whole system: an embedded DynamoDB, the stand-in for Amazon, the functions, the gateway.
//!
//! A setting that is given wins over what the local system would set, so any part can be
//! replaced by another one: where all of Amazon's addresses are given no stand-in is started, and
//! where DynamoDB's is given no database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::build::{self, Features, Profile, Target};
use crate::console::{Console, Place};
use crate::dynamo::{self, Embedded, Storage};
use crate::gateway::{self, Beside, Cors, Gateway};
use crate::lock::Lock;
use crate::log::Log;
use crate::runtime::Function;
use crate::template::{Template, project_template};
use crate::{Error, runtime};

mod offers;
mod schedule;
mod secrets;
mod settings;
mod tokens;
mod versions;
mod watched;

use schedule::Schedules;
use secrets::Secrets;
use settings::{CORS_ORIGINS, Settings};
pub use settings::{from_environment, known_names};
use stand_in::Amazon;
use tokens::Tokens;
use url::Url;
pub use versions::Version;
use watched::Between;

/// Where the functions' binaries come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binaries {
    /// Cargo builds them.
    Build(Profile, Features),
    /// They are in this directory.
    Prebuilt(PathBuf),
}

/// How to start a [`System`].
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway's port; 0 takes a free one.
    pub port: u16,
    /// Where data is kept between runs. Without it everything is in memory.
    pub data_dir: Option<PathBuf>,
    /// The SAM template.
    pub template: PathBuf,
    /// Where the functions' binaries come from.
    pub binaries: Binaries,
    /// Another version of the service, which serves every second invocation of each function, as
    /// during a roll-out. A function that it does not have is always served by this version.
    pub other: Option<Version>,
    /// Settings that win over the local system's own: see [`from_environment`].
    pub settings: BTreeMap<String, String>,
    /// How many processes each function may have.
    pub max_instances: usize,
    /// Whether functions are invoked at the rates of the template's schedules.
    pub schedules: bool,
    /// Whether there is a console: its page, and proxies between the functions and what they ask.
    pub console: bool,
    /// Where the lines go that functions and gateway write.
    pub log: Log,
}

impl Default for Options {
    /// A free port, in memory, the project's template with its schedules, binaries built for tests
    /// with this program's profile, no settings, no console, no log.
    fn default() -> Self {
        Self {
            port: 0,
            data_dir: None,
            template: project_template(),
            binaries: Binaries::Build(Profile::own(), Features::for_tests()),
            other: None,
            settings: BTreeMap::new(),
            max_instances: runtime::DEFAULT_INSTANCES,
            schedules: true,
            console: false,
            log: Log::none(),
        }
    }
}

/// The running system. It ends when it is dropped; [`System::stop`] ends it in order.
#[derive(Debug)]
pub struct System {
    /// Where the API is: `http://127.0.0.1:PORT`.
    pub base_url: String,
    /// The stand-in for Amazon, unless all of Amazon's addresses were given.
    pub amazon: Option<Amazon>,
    /// The SKUs that there were offers for at the start.
    pub skus: Vec<String>,
    gateway: Gateway,
    functions: BTreeMap<String, Function>,
    settings: Settings,
    tokens: Arc<Tokens>,
    webhook_secret: Option<String>,
    schedules: Schedules,
    console: Option<Console>,
    /// What stands between the functions and what they ask.
    _between: Between,
    database: Option<Embedded>,
    /// On the data directory.
    _lock: Option<Lock>,
    /// Holds the secrets' file where nothing is kept between runs; removed when dropped.
    _temporary: Option<tempfile::TempDir>,
}

impl System {
    /// Builds the functions and starts everything.
    ///
    /// # Errors
    /// When the port is taken, something does not build, or a function can't start; the message
    /// says which, and what the function wrote.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let template = Template::read(&options.template)?;
        // The port is taken first: that it is not free should not take a build to find out.
        let listener = gateway::bind_for(options.port, "the API").await?;
        let port = listener.local_addr()?.port();
        let base_url = format!("http://127.0.0.1:{port}");
        let lock = options.data_dir.as_deref().map(lock_data).transpose()?;
        let binaries = binaries(&template, &options.binaries).await?;

        let temporary = match &options.data_dir {
            Some(_) => None,
            None => Some(tempfile::tempdir()?),
        };
        let data = options
            .data_dir
            .as_deref()
            .or(temporary.as_ref().map(tempfile::TempDir::path));
        let data = std::path::absolute(data.ok_or("there is no directory for data")?)?;

        let mut settings = Settings::new(&template, options.settings);
        settings.set_default("PUBLIC_BASE_URL", &base_url);
        let secrets = Secrets::prepare(&mut settings, &data)?;
        let mut onlooker = None;
        let mut log = options.log;
        if options.console {
            let looking = watched::onlooker(&options.template, &template, &mut settings)?;
            log = looking.log(log);
            onlooker = Some(looking);
        }

        let database = if settings.is_given("AWS_ENDPOINT_URL_DYNAMODB") {
            None
        } else {
            let storage = match options.data_dir {
                Some(_) => Storage::File(data.join("dynamodb.sqlite")),
                None => Storage::Memory,
            };
            let database = Embedded::start(storage).await?;
            settings.set_default("AWS_ENDPOINT_URL_DYNAMODB", &database.endpoint);
            Some(database)
        };
        let amazon = if settings.needs_amazon() {
            let data_file = options.data_dir.as_ref().map(|_| data.join("amazon.json"));
            Some(start_amazon(&mut settings, &secrets, data_file).await?)
        } else {
            None
        };
        let client = dynamo::client_from(settings.variables());
        dynamo::create_tables(&client, &template, |id| settings.table_name(id)).await?;

        let mut between = Between::default();
        between
            .start_backend(onlooker.as_ref(), &mut settings, &secrets)
            .await?;
        let mut specs = versions::specs(&template, &binaries, &settings, options.max_instances);
        if let Some(onlooker) = &onlooker {
            let services =
                between.services(&template, &settings, database.as_ref(), amazon.as_ref());
            between
                .stand_before(onlooker, &mut specs, &services)
                .await?;
        }
        let mut others = match &options.other {
            Some(other) => versions::specs_of(other, &settings, options.max_instances)?,
            None => BTreeMap::new(),
        };
        let functions = specs.into_iter().map(|(name, spec)| {
            let other = others.remove(&name);
            let witness = onlooker.as_ref().map(|it| it.witness(log.clone()));
            let function = Function::in_turn(spec, other, log.clone(), witness);
            (name, function)
        });
        let functions = functions.collect();
        warm(&functions).await?;
        let skus = offers::seed(&functions).await?;
        if let Some(amazon) = &amazon {
            amazon.set_offers(skus.clone());
        }
        let tokens = Arc::new(Tokens::new(&settings, &secrets));
        let routes = template
            .functions
            .iter()
            .flat_map(|function| {
                function
                    .routes
                    .iter()
                    .map(|route| (&function.binary, route))
            })
            .map(|(binary, route)| (route.clone(), functions[binary].clone()))
            .collect();
        let schedules = if options.schedules {
            schedules(&template, &functions, &log)
        } else {
            Schedules::default()
        };
        let cors = match &template.cors {
            Some(rules) => Cors::new(rules, settings.get(CORS_ORIGINS).unwrap_or_default())?,
            None => Cors::default(),
        };
        let mut console = None;
        let mut beside = Beside::default();
        if let Some(onlooker) = onlooker {
            beside.witness = Some(onlooker.gateway(log.clone()));
            beside.look = Some(onlooker.other_games());
            let place = Place {
                api: base_url.clone(),
                amazon: amazon.clone(),
                functions: functions.clone(),
                offers: skus.clone(),
                has_own_database: database.is_some(),
                ..watched::place(&settings, &tokens)
            };
            let started = Console::new(onlooker, place).await?;
            if options.schedules {
                started.bridge_first_minute().await;
            }
            beside.pages = started.routes(port);
            console = Some(started);
        }
        let gateway = Gateway::start(listener, routes, cors, log, beside)?;
        Ok(Self {
            base_url,
            amazon,
            skus,
            gateway,
            functions,
            settings,
            tokens,
            webhook_secret: secrets.delivery_webhook_secret,
            schedules,
            console,
            _between: between,
            database,
            _lock: lock,
            _temporary: temporary,
        })
    }

    /// The function that is made by the binary of this name.
    #[must_use]
    pub fn function(&self, binary: &str) -> Option<&Function> {
        self.functions.get(binary)
    }

    /// The console, if there is one.
    #[must_use]
    pub fn console(&self) -> Option<&Console> {
        self.console.as_ref()
    }

    /// The setting that the functions have under this name.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name)
    }

    /// What deliveries are signed with, where the studio's backend delivers.
    #[must_use]
    pub fn webhook_secret(&self) -> Option<&str> {
        let delivers = self.setting("DELIVERY") == Some("webhook");
        self.webhook_secret.as_deref().filter(|_| delivers)
    }

    /// The variables that a function of the template is given.
    #[must_use]
    pub fn variables_of(&self, function: &crate::template::Function) -> BTreeMap<String, String> {
        self.settings.of(function)
    }

    /// Where the database is that the functions use.
    #[must_use]
    pub fn dynamodb_endpoint(&self) -> &str {
        self.settings
            .get("AWS_ENDPOINT_URL_DYNAMODB")
            .unwrap_or_default()
    }

    /// A client of the database that the functions use.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        dynamo::client_from(self.settings.variables())
    }

    /// The token of a player, valid for a day.
    ///
    /// # Errors
    /// When the studio's own keys are configured, so that only the studio can issue tokens.
    pub fn player_token(&self, player_id: &str, name: &str) -> Result<String, Error> {
        self.tokens.player(player_id, name)
    }

    /// The token of a game server, valid for a day.
    ///
    /// # Errors
    /// When the studio's own keys are configured, so that only the studio can issue tokens.
    pub fn server_token(&self) -> Result<String, Error> {
        self.tokens.server()
    }

    /// Ends everything in order: what answers first, what it stands on last.
    pub async fn stop(self) {
        self.gateway.stop().await;
        drop(self.schedules);
        for function in self.functions.values() {
            function.stop().await;
        }
        if let Some(amazon) = self.amazon {
            amazon.shutdown().await;
        }
        if let Some(database) = self.database {
            database.stop().await;
        }
    }
}

/// Makes the data directory, and locks it: a second system would write over the first one's data.
fn lock_data(directory: &Path) -> Result<Lock, Error> {
    std::fs::create_dir_all(directory)
        .map_err(|error| format!("can't make {}: {error}", directory.display()))?;
    Lock::take(&directory.join("lock"), || {
        format!(
            "another local system uses the data in {}; end it, or choose another folder with --data-dir",
            directory.display()
        )
    })
}

/// Where each function's binary is, by its name.
pub(crate) async fn binaries(
    template: &Template,
    source: &Binaries,
) -> Result<BTreeMap<String, PathBuf>, Error> {
    let names = template.binaries();
    Ok(match source {
        Binaries::Build(profile, features) => {
            let targets: Vec<_> = names.map(Target::Function).collect();
            build::cargo_build(&targets, *profile, *features).await?
        }
        Binaries::Prebuilt(directory) => build::prebuilt(names, directory)?,
    })
}

/// The return URL, as the service makes it: without a port that is the scheme's own.
fn callback(base_url: &str) -> String {
    let callback = format!("{base_url}/link/callback");
    // What is wrong with the address, the functions say.
    Url::parse(&callback).map_or(callback, String::from)
}

async fn start_amazon(
    settings: &mut Settings,
    secrets: &Secrets,
    data_file: Option<PathBuf>,
) -> Result<Amazon, Error> {
    let base_url = settings.get("PUBLIC_BASE_URL").unwrap_or_default();
    let callback = callback(base_url);
    let amazon = Amazon::start(stand_in::Options { port: 0, data_file }).await?;
    let scopes = stand_in::SCOPES.map(str::to_owned);
    let website = settings.get("LWA_CLIENT_ID").unwrap_or_default();
    if let Some(device) = settings
        .get("LWA_DEVICE_CLIENT_ID")
        .filter(|id| *id != website)
    {
        amazon.register_client(stand_in::Client {
            client_id: device.to_owned(),
            client_secret: secrets.lwa_device_client_secret.clone(),
            return_urls: Vec::new(),
            allowed_scopes: scopes.to_vec(),
        });
    }
    amazon.register_client(stand_in::Client {
        client_id: website.to_owned(),
        client_secret: secrets.lwa_client_secret.clone(),
        return_urls: vec![callback],
        allowed_scopes: scopes.to_vec(),
    });
    for (name, value) in amazon.settings() {
        settings.set_default(name, &value);
    }
    Ok(amazon)
}

fn schedules(template: &Template, functions: &BTreeMap<String, Function>, log: &Log) -> Schedules {
    let mut schedules = Schedules::default();
    for function in &template.functions {
        if let Some(every) = function.every {
            schedules.add(functions[&function.binary].clone(), every, log.clone());
        }
    }
    schedules
}

/// Starts a process of each function, so that one that can't start is noticed now.
async fn warm(functions: &BTreeMap<String, Function>) -> Result<(), Error> {
    let mut starts = tokio::task::JoinSet::new();
    for function in functions.values() {
        let function = function.clone();
        starts.spawn(async move {
            let started = function.warm().await;
            started
                .map_err(|error| format!("the function {} can't start: {error}", function.name()))
        });
    }
    while let Some(started) = starts.join_next().await {
        started??;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_return_url_leaves_out_the_port_that_its_scheme_has_anyway() {
        for (base_url, expected) in [
            ("http://127.0.0.1:80", "http://127.0.0.1/link/callback"),
            (
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080/link/callback",
            ),
        ] {
            assert_eq!(callback(base_url), expected);
        }
    }
}
