from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.cloudformation import Parameter
from gatekeeper.node import regex
from gatekeeper.rule import rule

_SECRET = regex(
    r"(?:.*[a-z0-9_-])?(?:password|passwd|passphrase|secret[_-]?(?:access[_-]?)?key|client[_-]?secret|api[_-]?key"
    r"|private[_-]?key|(?:auth|access|api|oauth|bearer)[_-]?token)\Z",
    re.IGNORECASE,
)


def _takes_secret(parameter: Parameter) -> bool:
    if not _SECRET.match(parameter.parameter) or parameter.node["AllowedValues"].present:
        return False
    return parameter.kind.startswith("String")


@rule(
    "cfn-parameter-hidden",
    gate="secrets",
    severity="medium",
    seed="6.2 Secrets Management",
    where=lambda parameter: _takes_secret(parameter),
)
def parameter_hidden(parameter: Parameter) -> Iterator[Finding]:
    """Parameters that take a secret are hidden.

    Without `NoEcho: true` whoever may look at the stack reads the value in the console and with `describe-stacks`, and
    so does everything that keeps what these give out. Meant are parameters whose name says that they are a password, a
    key or a token; those that name an entry of the parameter store, or choose among a few values, are not.

    Bad:
    ```yaml
    Parameters:
      # expect: DBPassword is shown
      DBPassword:
        Type: String
    Resources:
      Topic: {Type: "AWS::SNS::Topic"}
    ```

    Bad, switched off:
    ```yaml
    Parameters:
      ApiKey:
        Type: String
        # expect: ApiKey is shown
        NoEcho: false
    Resources:
      Topic: {Type: "AWS::SNS::Topic"}
    ```

    Good:
    ```yaml
    Parameters:
      DBPassword:
        Type: String
        NoEcho: true
      GitHubAuthToken:
        Type: AWS::SSM::Parameter::Value<String>
        Default: /build/github
      DBPasswordLength:
        Type: Number
      MayChangePassword:
        Type: String
        AllowedValues: ["true", "false"]
    Resources:
      Topic: {Type: "AWS::SNS::Topic"}
    ```
    """
    if not parameter.hidden:
        written = parameter.node["NoEcho"]
        at = written if written.present else parameter
        yield Finding(at, f"{parameter.name} is shown to whoever may look at the stack", fix=Fix("set NoEcho: true"))
