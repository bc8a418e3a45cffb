//! The folder that `sam local` works in: a template, the functions with their secret, the variables
//! and the events.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::events::Event;
use crate::lock::Lock;
use crate::template::Template;
use crate::{Error, private};

/// Where a function finds its own files in a container.
const IN_CONTAINER: &str = "/var/task";

/// The file of the secret, beside a function's executable.
pub const SECRETS: &str = "secrets.json";

/// The folder, which only its owner can read. It is removed when it is dropped, because the secret and
/// tokens are in it.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Of a file beside the folder: another run would replace the folder.
    _lock: Lock,
}

impl Folder {
    /// Makes the folder, in place of one that a run may have left that has ended.
    pub(super) fn make(path: &Path) -> Result<Self, Error> {
        let path = std::path::absolute(path)?;
        let parent = path.parent().ok_or("the root can't be replaced")?;
        fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        let lock = Lock::take(&path.with_extension("lock"), || {
            format!(
                "another `local -- sam` uses {}; end it first",
                path.display()
            )
        })?;
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lays out each function as `sam build` does, with the secret beside it.
    pub(super) fn put_functions(
        &self,
        template: &Template,
        executable_of: impl Fn(&crate::template::Function) -> Result<PathBuf, Error>,
        secret: Option<&Path>,
    ) -> Result<(), Error> {
        let secret = secret.map(fs::read).transpose()?;
        for function in &template.functions {
            let folder = self.path.join(&function.logical_id);
            fs::create_dir_all(&folder)?;
            let (from, to) = (executable_of(function)?, folder.join("bootstrap"));
            // A link costs no space, but does not reach another file system.
            fs::hard_link(&from, &to)
                .or_else(|_| fs::copy(&from, &to).map(drop))
                .map_err(|error| format!("{}: {error}", from.display()))?;
            if let Some(secret) = &secret {
                private::create(&folder.join(SECRETS), secret)?;
            }
        }
        Ok(())
    }

    /// Writes the project's template with each function's code where [`Self::put_functions`] put it.
    pub(super) fn put_template(&self, source: &Path, template: &Template) -> Result<(), Error> {
        let mut value: serde_yaml_ng::Value =
            serde_yaml_ng::from_str(&fs::read_to_string(source)?)?;
        for function in &template.functions {
            let name = function.logical_id.as_str();
            value["Resources"][name]["Properties"]["CodeUri"] = name.into();
        }
        let text = serde_yaml_ng::to_string(&value)?;
        Ok(private::create(
            &self.path.join("template.yaml"),
            text.as_bytes(),
        )?)
    }

    /// Writes the options of `sam local`, which it reads beside the template.
    pub(super) fn put_options(&self, port: u16) -> std::io::Result<()> {
        let common = format!(
            "env_vars = \"env.json\"\nparameter_overrides = \"Architecture={}\"\n",
            architecture()
        );
        let text = format!(
            "version = 0.1\n\n[default.local_invoke.parameters]\n{common}\n\
             [default.local_start_api.parameters]\n{common}port = {port}\nwarm_containers = \"LAZY\"\n"
        );
        private::create(&self.path.join("samconfig.toml"), text.as_bytes())
    }

    /// Writes the variables, for all functions.
    pub(super) fn put_variables(
        &self,
        mut variables: BTreeMap<String, String>,
    ) -> std::io::Result<()> {
        if variables
            .get("SECRETS_FILE")
            .is_some_and(|it| !it.is_empty())
        {
            let file = format!("{IN_CONTAINER}/{SECRETS}");
            variables.insert("SECRETS_FILE".to_owned(), file);
        }
        let text = pretty(&json!({ "Parameters": variables }));
        private::create(&self.path.join("env.json"), text.as_bytes())
    }

    pub(super) fn put_events(&self, events: &[Event]) -> std::io::Result<()> {
        let folder = self.path.join("events");
        fs::create_dir_all(&folder)?;
        events.iter().try_for_each(|event| {
            let file = folder.join(format!("{}.json", event.name));
            private::create(&file, pretty(&event.payload).as_bytes())
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("{} could not be removed: {error}", self.path.display());
        }
    }
}

/// The template's word for this machine's processor.
#[must_use]
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_an_earlier_run_is_replaced_and_ones_own_does_not_stay() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("sam");
        fs::create_dir_all(path.join("LinkFunction")).expect("a folder");
        fs::write(path.join("LinkFunction/secrets.json"), "old").expect("written");
        let folder = Folder::make(&path).expect("it is made");
        assert_eq!(fs::read_dir(&path).expect("it is there").count(), 0);
        folder.put_options(3001).expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode =
                |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o700);
            assert_eq!(mode(&path.join("samconfig.toml")), 0o600);
        }
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_another_run_uses_is_left_to_it() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("sam");
        let folder = Folder::make(&path).expect("it is made");
        folder.put_options(3001).expect("written");
        let second = Folder::make(&path).expect_err("it is in use").to_string();
        assert!(second.ends_with("/sam; end it first"), "{second}");
        assert!(path.join("samconfig.toml").exists());
        drop(folder);
        Folder::make(&path).expect("it is made again");
    }

    #[test]
    fn the_secret_is_where_a_container_has_it() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::make(&place.path().join("sam")).expect("it is made");
        let given = [("SECRETS_FILE", "/tmp/x/secrets.json"), ("INTAKE", "open")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        folder.put_variables(given.into()).expect("written");
        let text = fs::read_to_string(folder.path().join("env.json")).expect("it is there");
        let file: Value = serde_json::from_str(&text).expect("JSON");
        let expected = json!({"SECRETS_FILE": "/var/task/secrets.json", "INTAKE": "open"});
        assert_eq!(file["Parameters"], expected);
    }
}
