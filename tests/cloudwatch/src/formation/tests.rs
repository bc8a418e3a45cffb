use serde_json::json;

use super::*;

const TEMPLATE: &str = r"
Parameters:
  Topic: { Type: String, Default: '' }
  Days: { Type: Number, Default: 30 }
  Needed: { Type: String }
Conditions:
  HasTopic: !Not [!Equals [!Ref Topic, '']]
  Both: !And [!Condition HasTopic, !Equals [!Ref Days, '30']]
Resources:
  Group: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Sub '/aws/${AWS::StackName}-a' } }
  Function: { Type: AWS::Serverless::Function }
  Thing:
    Type: Test
    Properties: PROPERTIES
  Conditional: { Type: Test, Condition: HasTopic }
";

fn things(properties: &str, stack: Stack) -> Result<Vec<Resource>, String> {
    Formation::new(&TEMPLATE.replace("PROPERTIES", properties), stack)
        .and_then(|formation| formation.resources("Test"))
        .map_err(|fault| fault.to_string())
}

#[track_caller]
fn resolved(properties: &str, stack: Stack) -> Json {
    let mut things = things(properties, stack).expect("it can be resolved");
    things.remove(0).properties
}

fn stack() -> Stack {
    Stack::new("prod")
}

#[test]
fn resolves_each_function() {
    let found = resolved("{ a: !Ref Days, b: [!Ref Group, 1.5], c: true }", stack());
    assert_eq!(
        found,
        json!({"a": "30", "b": ["/aws/prod-a", 1.5], "c": true})
    );
    let found = resolved(
        "{ a: !Sub '${AWS::StackName}, ${Function}, ${!literal}.' }",
        stack(),
    );
    assert_eq!(found, json!({"a": "prod, prod-Function, ${literal}."}));
    let handed = stack().with("Secret.Arn", "arn:1").with("Function", "f");
    let found = resolved(
        "{ a: !GetAtt Secret.Arn, b: !Sub '${Secret.Arn}/${Function}' }",
        handed,
    );
    assert_eq!(found, json!({"a": "arn:1", "b": "arn:1/f"}));
    let found = resolved(
        "{ a: !Join ['-', [a, !Ref Days, !Sub '${Group}']] }",
        stack(),
    );
    assert_eq!(found, json!({"a": "a-30-/aws/prod-a"}));
}

#[test]
fn a_condition_chooses() {
    let properties = "{ a: !If [HasTopic, [!Ref Topic], !Ref AWS::NoValue], b: !If [Both, 1, 2] }";
    assert_eq!(resolved(properties, stack()), json!({"b": 2}));
    let found = resolved(properties, stack().with("Topic", "arn:t"));
    assert_eq!(found, json!({"a": ["arn:t"], "b": 1}));
}

#[test]
fn a_resource_may_have_a_condition() {
    let ids = |stack: Stack| -> Vec<_> {
        let things = things("{}", stack).expect("it can be resolved");
        things.into_iter().map(|thing| thing.logical_id).collect()
    };
    assert_eq!(ids(stack()), ["Thing"]);
    assert_eq!(ids(stack().with("Topic", "t")), ["Thing", "Conditional"]);
}

#[test]
fn what_is_not_known_is_refused() {
    for (properties, fault) in [
        (
            "{ a: !Ref Other }",
            "Thing: a: Other refers to nothing that is known",
        ),
        (
            "{ a: !Ref Needed }",
            "Thing: a: Needed refers to nothing that is known",
        ),
        (
            "{ a: !GetAtt Function.Arn }",
            "Thing: a: Function.Arn refers to nothing that is known",
        ),
        (
            "{ a: !Sub '${AWS::Region}' }",
            "Thing: a: AWS::Region refers to nothing that is known",
        ),
        (
            "{ a: !Select [0, [b]] }",
            "Thing: a: the function !Select is not known",
        ),
        (
            "{ a: !Join [',', b] }",
            "Thing: a: !Join is known of a separator and a list of texts only",
        ),
        (
            "{ a: !Sub ['${b}', { b: c }] }",
            "Thing: a: !Sub is known of text only",
        ),
        (
            "{ a: !If [HasTopic, 1] }",
            "Thing: a: !If must have three elements",
        ),
        (
            "{ a: !If [Other, 1, 2] }",
            "Thing: a: Other refers to nothing that is known",
        ),
        (
            "{ a: { Ref: Days } }",
            "Thing: a: Ref is known in its short form only",
        ),
        ("{ a: !Sub '${b' }", "Thing: a: a ${ in the text has no end"),
    ] {
        let found = things(properties, stack()).err();
        assert_eq!(found.as_deref(), Some(fault), "{properties}");
    }
}
