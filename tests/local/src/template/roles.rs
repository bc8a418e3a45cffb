//! What the functions of a template may do: the policies of their roles.

use std::collections::BTreeSet;
use std::fmt;

use super::TemplateError;
use super::yaml::Node;

/// Actions of X-Ray can't be limited to a resource.
const WITHOUT_RESOURCES: &str = "xray:";

/// How the ARN of a deployment group begins, before the application's name.
const DEPLOYMENT_GROUP: &str =
    "arn:${AWS::Partition}:codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup:${";

/// One thing that one function may do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The function, by its binary's name; a further one of the same binary by its name in the template.
    pub function: String,
    /// The action, such as `dynamodb:GetItem`.
    pub action: String,
    /// The logical id of the resource, for an index with `/index/NAME` after it.
    pub resource: String,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            function,
            action,
            resource,
        } = self;
        write!(f, "{function} {action} {resource}")
    }
}

/// All that the functions' roles allow. Every role must be written in the template, with nothing but
/// `Allow`, whole names of actions, and resources of the template: only then is the list complete.
pub(super) fn permissions(root: &Node<'_>) -> Result<BTreeSet<Permission>, TemplateError> {
    let resources = root.need("Resources")?;
    let mut permissions = BTreeSet::new();
    let mut binaries = BTreeSet::new();
    for (logical_id, resource) in resources.entries()? {
        let kind = resource.need("Type")?;
        match kind.text()? {
            "AWS::Serverless::Function" => {}
            "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" | "AWS::IAM::RolePolicy" => {
                return Err(kind.error("must be a policy inside a role"));
            }
            _ => continue,
        }
        let properties = resource.need("Properties")?;
        let binary = resource.find(&["Metadata", "BuildProperties", "Binary"]);
        let binary = binary.ok_or_else(|| resource.error("a binary is missing"))?;
        let binary = binary.text()?;
        let function = if binaries.insert(binary) {
            binary
        } else {
            logical_id
        };
        if let Some(policies) = properties.get("Policies") {
            return Err(policies.error("must be in the function's role"));
        }
        let role = properties.need("Role")?;
        let name = role
            .tagged("GetAtt")
            .and_then(|text| text.strip_suffix(".Arn"))
            .ok_or_else(|| role.error("must be !GetAtt ROLE.Arn"))?;
        let role = resources.need(name)?.need("Properties")?;
        for (property, node) in role.entries()? {
            if !["AssumeRolePolicyDocument", "Policies"].contains(&property) {
                return Err(node.error("must not be there: the policies say all"));
            }
        }
        for policy in role.need("Policies")?.items()? {
            for statement in policy.need("PolicyDocument")?.need("Statement")?.items()? {
                for statement in choices(statement) {
                    permissions.extend(of_statement(function, &statement)?);
                }
            }
        }
    }
    Ok(permissions)
}

/// Both sides of `!If [CONDITION, STATEMENT, STATEMENT]`: a deployment may have either.
fn choices(statement: Node<'_>) -> Vec<Node<'_>> {
    let sides = statement.items().map(|parts| parts.into_iter().skip(1));
    let is_there = |side: &Node<'_>| side.reference() != Some("AWS::NoValue");
    match sides {
        Ok(sides) => sides.filter(is_there).collect(),
        Err(_) => vec![statement],
    }
}

fn of_statement(function: &str, statement: &Node<'_>) -> Result<Vec<Permission>, TemplateError> {
    for (part, node) in statement.entries()? {
        if !["Sid", "Effect", "Action", "Resource"].contains(&part) {
            return Err(node.error("must not be there"));
        }
    }
    let effect = statement.need("Effect")?;
    if effect.text()? != "Allow" {
        return Err(effect.error("must be Allow"));
    }
    let mut permissions = Vec::new();
    for action in one_or_more(statement.need("Action")?) {
        let name = action.text()?;
        if name.contains('*') {
            return Err(action.error("must be the whole name of one action"));
        }
        for resource in one_or_more(statement.need("Resource")?) {
            permissions.push(Permission {
                function: function.to_owned(),
                action: name.to_owned(),
                resource: if name.starts_with(WITHOUT_RESOURCES)
                    && resource.scalar().as_deref() == Some("*")
                {
                    "*".to_owned()
                } else {
                    resource_id(&resource)?
                },
            });
        }
    }
    Ok(permissions)
}

fn one_or_more(node: Node<'_>) -> Vec<Node<'_>> {
    node.items().unwrap_or_else(|_| vec![node])
}

/// `!Ref X` and `!GetAtt X.Arn` are `X`; `!Sub ${X.Arn}/index/NAME` is `X/index/NAME`; and a deployment
/// group of the stack's application at CodeDeploy is `APPLICATION/GROUP`.
fn resource_id(node: &Node<'_>) -> Result<String, TemplateError> {
    let of_index = |text: &str| {
        let (table, index) = text.strip_prefix("${")?.split_once(".Arn}/index/")?;
        (!index.contains(['*', '$'])).then(|| format!("{table}/index/{index}"))
    };
    let of_group = |text: &str| {
        let name = text.strip_prefix(DEPLOYMENT_GROUP)?.strip_suffix('}')?;
        let (application, group) = name.split_once("}/${")?;
        Some(format!("{application}/{group}"))
    };
    let attribute = node
        .tagged("GetAtt")
        .and_then(|text| text.strip_suffix(".Arn"));
    attribute
        .or_else(|| node.reference())
        .map(str::to_owned)
        .or_else(|| node.tagged("Sub").and_then(of_index))
        .or_else(|| node.tagged("Sub").and_then(of_group))
        .ok_or_else(|| {
            node.error(
                "must be !GetAtt RESOURCE.Arn, !Ref RESOURCE or !Sub ${TABLE.Arn}/index/NAME",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::super::Template;

    const TEMPLATE: &str = r"
Resources:
  Table: { Type: AWS::DynamoDB::Table }
  LinkFunction:
    Type: AWS::Serverless::Function
    Metadata: { BuildProperties: { Binary: link } }
    Properties: { Role: !GetAtt LinkRole.Arn }
  LinkRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Policies:
        - PolicyDocument:
            Statement:
              - { Effect: Allow, Action: [a:Get, a:Put], Resource: !GetAtt Table.Arn }
              - { Effect: Allow, Action: a:Query, Resource: [!Sub '${Table.Arn}/index/open', !Ref Secret] }
              - !If [IsTracing, { Effect: Allow, Action: xray:Put, Resource: '*' }, !Ref AWS::NoValue]
";

    #[test]
    fn every_action_is_listed_with_every_resource() {
        let permissions = Template::permissions(TEMPLATE).expect("it is complete");
        let lines: Vec<_> = permissions.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "link a:Get Table",
                "link a:Put Table",
                "link a:Query Secret",
                "link a:Query Table/index/open",
                "link xray:Put *"
            ]
        );
    }

    #[test]
    fn a_second_function_of_a_binary_has_its_own_name_and_a_group_is_a_resource() {
        const GROUP: &str = "!Sub 'arn:${AWS::Partition}:codedeploy:${AWS::Region}:\
             ${AWS::AccountId}:deploymentgroup:${Application}/${LinkGroup}'";
        let second = "  HookFunction:\n    Type: AWS::Serverless::Function\n    Metadata: { \
                      BuildProperties: { Binary: link } }\n    Properties: { Role: !GetAtt \
                      HookRole.Arn }\n";
        let role = format!(
            "  HookRole:\n    Type: AWS::IAM::Role\n    Properties:\n      Policies:\n        - \
             PolicyDocument:\n            Statement:\n              - {{ Effect: Allow, Action: a:Tell, \
             Resource: {GROUP} }}\n"
        );
        let text = format!("{TEMPLATE}{second}{role}");
        let lines = |text: &str| -> Vec<_> {
            let permissions = Template::permissions(text).expect("it is complete");
            permissions.iter().map(ToString::to_string).collect()
        };
        assert!(lines(&text).contains(&"HookFunction a:Tell Application/LinkGroup".to_owned()));
        let any = text.replace("${LinkGroup}", "*");
        assert!(Template::permissions(&any).is_err());
    }

    #[test]
    fn what_would_make_the_list_incomplete_is_an_error() {
        for (from, to, expected) in [
            ("a:Query", "'a:*'", "the whole name of one action"),
            ("!Ref Secret", "'*'", "must be !GetAtt RESOURCE.Arn"),
            ("xray:Put", "a:Put", "must be !GetAtt RESOURCE.Arn"),
            ("/index/open", "/index/*", "must be !GetAtt RESOURCE.Arn"),
            ("Effect: Allow", "Effect: Deny", "must be Allow"),
            ("Resource:", "NotResource:", "must not be there"),
            (
                "AssumeRolePolicyDocument: {}",
                "ManagedPolicyArns: [all]",
                "must not be there",
            ),
            (
                "Properties: { Role",
                "Properties: { Policies: [all], Role",
                "must be in the function's role",
            ),
            (
                "!GetAtt LinkRole.Arn",
                "arn:aws:iam::1:role/other",
                "must be !GetAtt ROLE.Arn",
            ),
            (
                "AWS::DynamoDB::Table",
                "AWS::IAM::Policy",
                "must be a policy inside a role",
            ),
        ] {
            let text = TEMPLATE.replacen(from, to, 1);
            let error = Template::permissions(&text).expect_err(to).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
