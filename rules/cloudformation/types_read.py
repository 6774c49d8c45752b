from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Unknown
from gatekeeper.models.cloudformation import Template
from gatekeeper.rule import Reason, rule

_SHOWN = 6  # types that are named


@rule(
    "cfn-types-read",
    gate="security-posture",
    severity="high",
    seed="2.1 IaC Best Practices",
    where=lambda template: bool(template.node["Resources"].present),
)
def types_read(template: Template) -> Iterator[Unknown]:
    """Every resource of a template is of a type that the rules know.

    The rules about resources know the types of AWS by the names that Terraform has for them, and a template is read
    into those names (`gatekeeper explain cloudformation` lists them). A type that is in no table, a custom resource,
    and what a macro of the account makes of the template are seen by no rule. What is not seen is no pass: it is
    UNKNOWN here, once for each template, with the types by name.

    Good:
    ```yaml
    Resources:
      Orders:
        Type: AWS::SQS::Queue
      Ready:
        Type: AWS::CloudFormation::WaitConditionHandle
    ```

    Good, what SAM makes is known:
    ```yaml
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Orders:
        Type: AWS::Serverless::Function
        Properties: {Handler: orders.handle, Runtime: python3.13}
    ```

    Unknown, types that are in no table:
    ```yaml
    Resources:
      Field:
        Type: AWS::GroundStation::Config
      Seed:
        Type: Custom::DatabaseSeed
        Properties: {ServiceToken: !GetAtt Seeder.Arn}
    ```

    Unknown, a macro of the account may change everything:
    ```yaml
    Transform: [OurDefaults]
    Resources:
      Orders:
        Type: AWS::SQS::Queue
    ```
    """
    for macro in template.macros:
        words = macro.text if macro.known and macro.text else "a macro"
        yield Unknown(macro, f"{words} may change the template: what it makes is not seen", Reason.UNSUPPORTED_TOOL)
    if template.unread:
        types = list(dict.fromkeys(each.type for each in template.unread))
        more = f" and {len(types) - _SHOWN} more" if len(types) > _SHOWN else ""
        words = f"{len(template.unread)} resources are not judged, of types {', '.join(types[:_SHOWN])}{more}"
        if len(template.unread) == 1:
            words = f"{template.unread[0].name} is not judged, of type {types[0]}"
        yield Unknown(template.unread[0].node, words, Reason.UNSUPPORTED_TOOL)
