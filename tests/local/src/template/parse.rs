//! From YAML to [`Template`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde_yaml_ng::Value;

use super::yaml::Node;
use super::{
    Attribute, CorsRules, Function, Index, Key, Projection, Route, Table, Template, TemplateError,
    Variable,
};

/// SAM's default, where neither the function nor `Globals` names a time-out.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;

/// SAM's default, where neither the function nor `Globals` names a memory size.
const DEFAULT_MEMORY_MB: u64 = 128;

pub(super) fn template(value: &Value) -> Result<Template, TemplateError> {
    let root = Node::root(value);
    let globals = root.find(&["Globals", "Function"]);
    let mut template = Template {
        tables: Vec::new(),
        functions: Vec::new(),
        cors: None,
    };
    let mut found = Vec::new();
    for (logical_id, resource) in root.need("Resources")?.entries()? {
        match resource.need("Type")?.text()? {
            "AWS::DynamoDB::Table" => template.tables.push(table(logical_id, &resource)?),
            "AWS::Serverless::Function" => found.push((logical_id, resource)),
            "AWS::Serverless::HttpApi" => template.cors = cors(&resource)?,
            _ => {}
        }
    }
    // After all tables are known: variables refer to them.
    for (logical_id, resource) in found {
        let mut function = function(
            logical_id,
            &resource,
            &root,
            globals.as_ref(),
            &template.tables,
        )?;
        if template.function(&function.binary).is_some() {
            logical_id.clone_into(&mut function.name);
        }
        template.functions.push(function);
    }
    Ok(template)
}

/// The rules in `CorsConfiguration: !If [CONDITION, RULES, !Ref AWS::NoValue]`, or in RULES alone.
fn cors(api: &Node<'_>) -> Result<Option<CorsRules>, TemplateError> {
    let Some(configuration) = api.find(&["Properties", "CorsConfiguration"]) else {
        return Ok(None);
    };
    let rules = match configuration.items() {
        Ok(choice) => choice
            .into_iter()
            .nth(1)
            .ok_or_else(|| configuration.error("must be !If with three elements"))?,
        Err(_) => configuration,
    };
    let list = |name: &str| -> Result<Vec<String>, TemplateError> {
        let items = rules.need(name)?.items()?;
        let texts = items.iter().map(|item| item.text().map(str::to_owned));
        texts.collect()
    };
    Ok(Some(CorsRules {
        methods: list("AllowMethods")?,
        headers: list("AllowHeaders")?,
        exposed: list("ExposeHeaders")?,
        max_age: rules.need("MaxAge")?.number()?,
    }))
}

fn table(logical_id: &str, resource: &Node<'_>) -> Result<Table, TemplateError> {
    let properties = resource.need("Properties")?;
    let attributes = properties
        .need("AttributeDefinitions")?
        .items()?
        .iter()
        .map(|definition| {
            let kind = definition.need("AttributeType")?;
            if !["S", "N", "B"].contains(&kind.text()?) {
                return Err(kind.error("must be S, N or B"));
            }
            Ok(Attribute {
                name: definition.need("AttributeName")?.text()?.to_owned(),
                kind: kind.text()?.to_owned(),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let ttl_attribute = match properties.get("TimeToLiveSpecification") {
        Some(ttl) if ttl.need("Enabled")?.scalar().as_deref() == Some("true") => {
            Some(ttl.need("AttributeName")?.text()?.to_owned())
        }
        _ => None,
    };
    Ok(Table {
        logical_id: logical_id.to_owned(),
        key: key(&properties.need("KeySchema")?, &attributes)?,
        local_indexes: indexes(&properties, "LocalSecondaryIndexes", &attributes)?,
        global_indexes: indexes(&properties, "GlobalSecondaryIndexes", &attributes)?,
        attributes,
        ttl_attribute,
    })
}

fn key(schema: &Node<'_>, attributes: &[Attribute]) -> Result<Key, TemplateError> {
    let (mut hash, mut range) = (None, None);
    for part in schema.items()? {
        let at = part.need("AttributeName")?;
        let name = at.text()?;
        if !attributes.iter().any(|attribute| attribute.name == name) {
            return Err(at.error("must be one of the table's AttributeDefinitions"));
        }
        let kind = part.need("KeyType")?;
        match kind.text()? {
            "HASH" => hash = Some(name.to_owned()),
            "RANGE" => range = Some(name.to_owned()),
            _ => return Err(kind.error("must be HASH or RANGE")),
        }
    }
    let hash = hash.ok_or_else(|| schema.error("a HASH key is missing"))?;
    Ok(Key { hash, range })
}

fn indexes(
    properties: &Node<'_>,
    kind: &str,
    attributes: &[Attribute],
) -> Result<Vec<Index>, TemplateError> {
    let Some(indexes) = properties.get(kind) else {
        return Ok(Vec::new());
    };
    indexes
        .items()?
        .iter()
        .map(|index| {
            let projection = index.need("Projection")?;
            let projected = projection.need("ProjectionType")?;
            Ok(Index {
                name: index.need("IndexName")?.text()?.to_owned(),
                key: key(&index.need("KeySchema")?, attributes)?,
                projection: match projected.text()? {
                    "ALL" => Projection::All,
                    "KEYS_ONLY" => Projection::KeysOnly,
                    "INCLUDE" => Projection::Include(
                        projection
                            .need("NonKeyAttributes")?
                            .items()?
                            .iter()
                            .map(|name| Ok(name.text()?.to_owned()))
                            .collect::<Result<_, _>>()?,
                    ),
                    _ => return Err(projected.error("must be ALL, KEYS_ONLY or INCLUDE")),
                },
            })
        })
        .collect()
}

fn function(
    logical_id: &str,
    resource: &Node<'_>,
    root: &Node<'_>,
    globals: Option<&Node<'_>>,
    tables: &[Table],
) -> Result<Function, TemplateError> {
    let properties = resource.need("Properties")?;
    let binary = resource
        .find(&["Metadata", "BuildProperties", "Binary"])
        .ok_or_else(|| resource.error("Metadata.BuildProperties.Binary must name the binary"))?;
    let setting = |name: &str, default: u64| -> Result<u64, TemplateError> {
        match properties
            .get(name)
            .or_else(|| globals.and_then(|globals| globals.get(name)))
        {
            None => Ok(default),
            Some(node) => match node.reference() {
                None => node.number(),
                Some(parameter) => root
                    .find(&["Parameters", parameter, "Default"])
                    .ok_or_else(|| {
                        node.error(format!("{parameter} must be a parameter with a default"))
                    })?
                    .number(),
            },
        }
    };

    // A function's own variables win over those of `Globals`, as in SAM.
    let mut environment = BTreeMap::new();
    for owner in globals.into_iter().chain([&properties]) {
        let Some(variables) = owner.find(&["Environment", "Variables"]) else {
            continue;
        };
        for (name, value) in variables.entries()? {
            environment.insert(name.to_owned(), variable(&value, root, tables));
        }
    }
    Ok(Function {
        logical_id: logical_id.to_owned(),
        name: binary.text()?.to_owned(),
        binary: binary.text()?.to_owned(),
        routes: routes(&properties)?,
        every: every(&properties)?,
        timeout: Duration::from_secs(setting("Timeout", DEFAULT_TIMEOUT_SECONDS)?),
        memory_mb: u32::try_from(setting("MemorySize", DEFAULT_MEMORY_MB)?).unwrap_or(u32::MAX),
        environment,
    })
}

fn routes(properties: &Node<'_>) -> Result<Vec<Route>, TemplateError> {
    let Some(events) = properties.get("Events") else {
        return Ok(Vec::new());
    };
    let mut routes = Vec::new();
    for (_, event) in events.entries()? {
        if event.need("Type")?.text()? != "HttpApi" {
            continue;
        }
        let route = event.need("Properties")?;
        let path = route.need("Path")?;
        if !path.text()?.starts_with('/') {
            return Err(path.error("must begin with /"));
        }
        let method = route.need("Method")?.text()?.to_ascii_uppercase();
        routes.push(Route {
            method,
            path: path.text()?.to_owned(),
        });
    }
    Ok(routes)
}

/// The shortest of the rates at which the function is invoked by itself.
fn every(properties: &Node<'_>) -> Result<Option<Duration>, TemplateError> {
    let Some(events) = properties.get("Events") else {
        return Ok(None);
    };
    let mut every = None;
    for (_, event) in events.entries()? {
        let expression = match event.need("Type")?.text()? {
            "Schedule" => event.need("Properties")?.need("Schedule")?,
            "ScheduleV2" => event.need("Properties")?.need("ScheduleExpression")?,
            _ => continue,
        };
        let rate = rate(expression.text()?)
            .ok_or_else(|| expression.error("must be rate(NUMBER minutes|hours|days)"))?;
        every = Some(every.map_or(rate, |shortest: Duration| shortest.min(rate)));
    }
    Ok(every)
}

/// `rate(1 minute)`, `rate(5 minutes)`, `rate(2 hours)`, `rate(1 day)`.
fn rate(expression: &str) -> Option<Duration> {
    let inner = expression.strip_prefix("rate(")?.strip_suffix(')')?;
    let (number, unit) = inner.split_once(' ')?;
    let unit = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 24 * 3600,
        _ => return None,
    };
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    Some(Duration::from_secs(number.checked_mul(unit)?))
}

fn variable(value: &Node<'_>, root: &Node<'_>, tables: &[Table]) -> Variable {
    if let Some(text) = value.scalar() {
        return Variable::Text(text);
    }
    let Some(name) = value.reference() else {
        return Variable::Deployed;
    };
    if tables.iter().any(|table| table.logical_id == name) {
        return Variable::Table(name.to_owned());
    }
    match root
        .find(&["Parameters", name, "Default"])
        .and_then(|default| default.scalar())
    {
        Some(default) => Variable::Text(default),
        None => Variable::Deployed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r"
Parameters:
  Scope: { Type: String, Default: 'games::prime profile' }
  Seconds: { Type: Number, Default: 5 }
  ClientId: { Type: String }
Globals:
  Function:
    Timeout: 28
    Environment:
      Variables: { LWA_SCOPE: !Ref Scope, DELIVERY: webhook }
Resources:
  LinksTable:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub '${AWS::StackName}-links'
      AttributeDefinitions:
        - { AttributeName: pk, AttributeType: S }
        - { AttributeName: due_at, AttributeType: N }
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      LocalSecondaryIndexes:
        - IndexName: open
          KeySchema:
            - { AttributeName: pk, KeyType: HASH }
            - { AttributeName: due_at, KeyType: RANGE }
          Projection: { ProjectionType: INCLUDE, NonKeyAttributes: [sku] }
      TimeToLiveSpecification: { AttributeName: ttl, Enabled: true }
  Role: { Type: AWS::IAM::Role }
  LinkFunction:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: link } }
    Properties:
      MemorySize: !Ref Seconds
      Environment:
        Variables:
          DELIVERY: confirm
          LINKS_TABLE: !Ref LinksTable
          CHECK_MIN_INTERVAL_SECONDS: !Ref Seconds
          LWA_CLIENT_ID: !Ref ClientId
          SECRETS_ARN: !GetAtt Secret.Arn
      Events:
        Callback: { Type: HttpApi, Properties: { Path: /link/callback, Method: get } }
        Nightly: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(1 day) } }
";

    #[test]
    fn reads_tables_functions_and_variables() {
        let template = Template::parse(TEMPLATE).expect("the template is complete");
        let table = &template.tables[0];
        assert_eq!(
            (table.key.hash.as_str(), table.key.range.as_ref()),
            ("pk", None)
        );
        assert_eq!(
            table.local_indexes[0].projection,
            Projection::Include(vec!["sku".to_owned()])
        );
        assert_eq!(table.local_indexes[0].key.range.as_deref(), Some("due_at"));
        assert_eq!(table.ttl_attribute.as_deref(), Some("ttl"));
        assert_eq!(template.table_variable("LinksTable"), Some("LINKS_TABLE"));

        let function = template.function("link").expect("it is there");
        assert_eq!((function.timeout.as_secs(), function.memory_mb), (28, 5));
        assert_eq!(
            function.routes,
            [Route {
                method: "GET".to_owned(),
                path: "/link/callback".to_owned()
            }]
        );
        assert_eq!(function.every, Some(Duration::from_secs(24 * 3600)));
        let text = |value: &str| Variable::Text(value.to_owned());
        assert_eq!(
            function.environment["LWA_SCOPE"],
            text("games::prime profile")
        );
        assert_eq!(function.environment["DELIVERY"], text("confirm"));
        assert_eq!(
            function.environment["CHECK_MIN_INTERVAL_SECONDS"],
            text("5")
        );
        assert_eq!(
            function.environment["LINKS_TABLE"],
            Variable::Table("LinksTable".to_owned())
        );
        assert_eq!(function.environment["LWA_CLIENT_ID"], Variable::Deployed);
        assert_eq!(function.environment["SECRETS_ARN"], Variable::Deployed);
    }

    #[test]
    fn errors_say_where_and_what() {
        let fault = |from: &str, to: &str| {
            Template::parse(&TEMPLATE.replacen(from, to, 1))
                .expect_err("it is broken")
                .to_string()
        };
        assert_eq!(
            fault("Binary: link", "Other: link"),
            "in the template, Resources.LinkFunction: \
             Metadata.BuildProperties.Binary must name the binary"
        );
        assert_eq!(
            fault("AttributeType: N", "AttributeType: X"),
            "in the template, Resources.LinksTable.Properties.AttributeDefinitions.1.AttributeType: \
             must be S, N or B"
        );
        assert_eq!(
            fault("Method: get", "Verb: get"),
            "in the template, Resources.LinkFunction.Properties.Events.Callback.Properties: \
             Method is missing"
        );
        assert_eq!(
            fault("rate(1 day)", "rate(1 fortnight)"),
            "in the template, \
             Resources.LinkFunction.Properties.Events.Nightly.Properties.ScheduleExpression: \
             must be rate(NUMBER minutes|hours|days)"
        );
        let without_rules = "Resources:\n  Api: { Type: AWS::Serverless::HttpApi, Properties: { \
                             CorsConfiguration: !If [HasCorsOrigins, { AllowMethods: [GET] }] } }";
        assert_eq!(
            fault("Resources:", without_rules),
            "in the template, Resources.Api.Properties.CorsConfiguration.1: AllowHeaders is missing"
        );
        assert!(fault("Resources:", "Other:").contains("Resources is missing"));
        assert!(fault("Globals:", "  - [").contains("not YAML"));
    }
}
