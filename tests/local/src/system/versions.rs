//! How to run the functions of one version, and those of another one beside it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::settings::Settings;
use crate::runtime::Spec;
use crate::template::{self, Template};
use crate::{Error, build};

/// Another version of the service, built before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its SAM template, for what its functions know of settings.
    pub template: PathBuf,
    /// Where its functions' binaries are.
    pub binaries: PathBuf,
}

/// How to run each function of this version, by the name of its binary.
pub(super) fn specs(
    template: &Template,
    binaries: &BTreeMap<String, PathBuf>,
    settings: &Settings,
    max_instances: usize,
) -> BTreeMap<String, Spec> {
    let make = |function: &template::Function| {
        let spec = Spec {
            env: settings.of(function),
            timeout: function.timeout,
            memory_mb: function.memory_mb,
            max_instances,
            ..Spec::new(&function.binary, &binaries[&function.binary])
        };
        (function.binary.clone(), spec)
    };
    // Of two functions of one binary the local system runs the first: CodeDeploy, which invokes the
    // other one, is not here.
    let first = template.functions.iter().filter(|it| it.name == it.binary);
    first.map(make).collect()
}

/// The functions of another version, with the same settings.
pub(super) fn specs_of(
    version: &Version,
    settings: &Settings,
    max_instances: usize,
) -> Result<BTreeMap<String, Spec>, Error> {
    let template = Template::read(&version.template)?;
    let binaries = build::prebuilt(template.binaries(), &version.binaries)?;
    let settings = settings.for_version(&template);
    let mut specs = specs(&template, &binaries, &settings, max_instances);
    for spec in specs.values_mut() {
        spec.name.push_str("-other");
    }
    Ok(specs)
}
