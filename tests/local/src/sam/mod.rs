//! What `sam local` needs to run the functions in containers: the database and the stand-in where a
//! container reaches them, and a folder with a template, the functions, variables and events.
//!
//! The functions also run on the local system, as processes. There the events are prepared, and
//! `reconcile` is invoked every minute, which `sam local` does not do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use url::Url;

use crate::Error;
use crate::front::Leading;
use crate::system::{self, Binaries, System};
use crate::template::Template;

mod events;
mod folder;
mod libc;
mod network;

pub use events::Event;
use folder::Folder;
pub use folder::{SECRETS, architecture};
pub use network::{Bridge, Reach};

/// The port of `sam local start-api`, where none is asked for.
pub const DEFAULT_PORT: u16 = 3000;

/// The addresses of Amazon that functions call. They do not call the consent page: a browser does.
const CALLED: [&str; 6] = [
    "LWA_TOKEN_URL",
    "LWA_TOKENINFO_URL",
    "LWA_PROFILE_URL",
    "LWA_CODEPAIR_URL",
    "PRIME_GAMING_ENTITLEMENTS_URL",
    "PRIME_GAMING_FULFILL_URL",
];

/// Where the functions come from that run in the containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// From the same build as the local system's.
    Same(Binaries),
    /// From this folder, as `sam build` leaves it.
    Built(PathBuf),
}

/// How to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder to make for `sam local`.
    pub folder: PathBuf,
    /// The port of `sam local start-api`, which the links lead to.
    pub port: u16,
    /// Where the functions come from.
    pub code: Code,
    /// The SAM template.
    pub template: PathBuf,
    /// How containers reach this machine.
    pub reach: Reach,
}

/// All that `sam local` needs. It ends when it is dropped, and the folder with it.
#[derive(Debug)]
pub struct Sam {
    /// The events, ready to be sent.
    pub events: Vec<Event>,
    folder: Folder,
    port: u16,
    reach: Reach,
    _fronts: Vec<Leading>,
}

/// The settings for a [`System`] whose API is `sam local start-api` at this port. Others that are
/// `given` win.
///
/// # Errors
/// When `events/env.json` can't be read, or the webhook would have to be on this machine.
pub fn settings(
    port: u16,
    given: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut settings = events::behaviour()?;
    settings.extend(given);
    let value = |name: &str| settings.get(name).map_or("", String::as_str);
    if value("DELIVERY") == "webhook" && value("DELIVERY_WEBHOOK_URL").is_empty() {
        return Err(
            "with DELIVERY=webhook `sam` needs a DELIVERY_WEBHOOK_URL that leads elsewhere: in a \
                    container the functions refuse a webhook on this machine"
                .into(),
        );
    }
    settings.insert("PUBLIC_BASE_URL".to_owned(), base_url(port));
    Ok(settings)
}

/// The port that is asked for. For 0, this chooses a free one, because the links need it before `sam local`
/// takes it.
///
/// # Errors
/// When no port is free.
pub async fn port(asked: Option<u16>) -> std::io::Result<u16> {
    match asked {
        Some(0) => Ok(crate::gateway::bind(0).await?.local_addr()?.port()),
        Some(port) => Ok(port),
        None => Ok(DEFAULT_PORT),
    }
}

fn base_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

impl Sam {
    /// Makes everything for a system that was started with these [`settings`].
    ///
    /// # Errors
    /// When an event can't be prepared, the functions would not start in a container, or the folder
    /// can't be written.
    pub async fn start(system: &System, options: Options) -> Result<Self, Error> {
        let template = Template::read(&options.template)?;
        let folder = Folder::make(&options.folder)?;
        let executables = executables(&template, &options.code).await?;
        let (variables, fronts) = variables(system, &template, &options.reach).await?;
        let events =
            events::ready(system, &template, &Url::parse(&base_url(options.port))?).await?;

        let secret = variables.get("SECRETS_FILE").filter(|it| !it.is_empty());
        let executable_of = |function: &crate::template::Function| {
            let path = executables.get(&function.logical_id).cloned();
            path.ok_or_else(|| format!("there is no {}", function.logical_id).into())
        };
        folder.put_functions(&template, executable_of, secret.map(Path::new))?;
        folder.put_template(&options.template, &template)?;
        folder.put_options(options.port)?;
        folder.put_variables(variables)?;
        folder.put_events(&events)?;
        Ok(Self {
            events,
            folder,
            port: options.port,
            reach: options.reach,
            _fronts: fronts,
        })
    }

    /// Where `sam local` is to be run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The lines to copy.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut text = format!(
            "\n  cd {}\n\nOne event, and its answer:\n\n",
            self.folder().display()
        );
        let line = |event: &Event| {
            let Event { name, function, .. } = event;
            format!("sam local invoke {function} --event events/{name}.json")
        };
        let width = self.events.iter().map(|it| line(it).len()).max();
        for event in &self.events {
            let (line, width) = (line(event), width.unwrap_or_default());
            // Writing to a text can't fail.
            let _ = writeln!(text, "  {line:width$}  # {}", event.promise);
        }
        let _ = write!(
            text,
            "\nThe API at {}, for the game's calls and a browser:\n\n  sam local start-api\n",
            base_url(self.port)
        );
        if let Reach::None(reason) = &self.reach {
            let _ = write!(
                text,
                "\nThese lines need a container engine, and there is none here: {reason}\n\
                 Start one, and then this command again.\n"
            );
        }
        text
    }
}

/// The executable of each function for a container, by logical id.
async fn executables(template: &Template, code: &Code) -> Result<BTreeMap<String, PathBuf>, Error> {
    let binaries = match code {
        Code::Built(_) => BTreeMap::new(),
        Code::Same(_) if !cfg!(target_os = "linux") => {
            return Err(
                "containers need functions for Linux: build them with `sam build` and \
                        give the folder with --built, as docs/local.md shows"
                    .into(),
            );
        }
        Code::Same(binaries) => system::binaries(template, binaries).await?,
    };
    if let Some(reason) = match binaries.values().next() {
        Some(first) => libc::too_new(first).await,
        None => None,
    } {
        return Err(reason.into());
    }
    let executable = |function: &crate::template::Function| {
        let id = &function.logical_id;
        let path = match code {
            Code::Built(folder) => folder.join(id).join("bootstrap"),
            Code::Same(_) => binaries.get(&function.binary).cloned().unwrap_or_default(),
        };
        if path.is_file() {
            Ok((id.clone(), path))
        } else {
            Err(format!("there is no {}", path.display()).into())
        }
    };
    template.functions.iter().map(executable).collect()
}

/// The functions' variables, with the addresses by which a container reaches what the local system
/// started on loopback.
async fn variables(
    system: &System,
    template: &Template,
    reach: &Reach,
) -> Result<(BTreeMap<String, String>, Vec<Leading>), Error> {
    let mut variables = events::variables()?;
    for function in &template.functions {
        let set = system.variables_of(function);
        let declared = |name: &String| function.environment.contains_key(name);
        variables.extend(set.into_iter().filter(|(name, _)| declared(name)));
    }
    let mut fronts = Vec::new();
    let amazon = system.amazon.as_ref().map(stand_in::Amazon::base_url);
    let database = system.dynamodb_endpoint().to_owned();
    for (origin, names) in [
        (Some(database), ["AWS_ENDPOINT_URL_DYNAMODB"].as_slice()),
        (amazon, CALLED.as_slice()),
    ] {
        let url = origin.as_deref().map(Url::parse).transpose()?;
        // What is not on loopback was given, and is reached as it was given.
        let Some(url) = url.filter(prime_gaming::testing::net::is_loopback) else {
            continue;
        };
        let port = url.port().ok_or("an address has no port")?;
        let (outside, front) = reach.open(port).await?;
        fronts.extend(front);
        let inside = url.origin().ascii_serialization();
        for name in names {
            if let Some(value) = variables.get_mut(*name)
                && let Some(path) = value.strip_prefix(&inside)
            {
                *value = format!("{outside}{path}");
            }
        }
    }
    Ok((variables, fronts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn functions_that_sam_build_made_are_taken_from_its_folder() {
        let template = Template::read(&crate::template::project_template()).expect("the template");
        let built = tempfile::tempdir().expect("a folder");
        let code = Code::Built(built.path().to_owned());
        let missing = executables(&template, &code)
            .await
            .expect_err("nothing is there");
        assert!(missing.to_string().ends_with("/bootstrap"), "{missing}");
        for function in &template.functions {
            let folder = built.path().join(&function.logical_id);
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join("bootstrap"), "").expect("written");
        }
        let found = executables(&template, &code).await.expect("all are there");
        assert_eq!(found.len(), template.functions.len());
    }

    #[tokio::test]
    async fn the_port_that_is_printed_is_never_0() {
        assert_ne!(port(Some(0)).await.expect("a free port"), 0);
        assert_eq!(port(Some(3001)).await.expect("as it is"), 3001);
        assert_eq!(port(None).await.expect("as it is"), DEFAULT_PORT);
    }

    #[test]
    fn what_is_given_wins_but_for_the_address_that_is_printed() {
        let given = [
            ("INTAKE", "hold"),
            ("PUBLIC_BASE_URL", "https://prime.example.com"),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = settings(3001, given.into()).expect("events/env.json");
        assert_eq!(settings["INTAKE"], "hold");
        assert_eq!(settings["PUBLIC_BASE_URL"], "http://127.0.0.1:3001");
        assert_eq!(settings["DEVICE_LINKING"], "on");
        let places = ["LWA_TOKEN_URL", "AWS_ENDPOINT_URL_DYNAMODB", "SECRETS_FILE"];
        assert!(places.iter().all(|name| !settings.contains_key(*name)));

        let webhook = [("DELIVERY".to_owned(), "webhook".to_owned())];
        let error = super::settings(3001, webhook.into()).expect_err("no container reaches it");
        let expected =
            "with DELIVERY=webhook `sam` needs a DELIVERY_WEBHOOK_URL that leads elsewhere";
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
