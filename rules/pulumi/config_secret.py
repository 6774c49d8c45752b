from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.credentials import named_like_a_credential
from gatekeeper.models.pulumi import Setting
from gatekeeper.rule import Answer, rule


def _holds_secret(setting: Setting) -> bool:
    return ":" not in setting.name and named_like_a_credential(setting.name)


@rule(
    "pulumi-config-secret",
    gate="secrets",
    severity="medium",
    seed="6.2 Secrets Management",
    where=_holds_secret,
)
def config_secret(setting: Setting) -> Iterator[Answer]:
    """Configuration that holds a password, key or token is declared a secret.

    Pulumi then refuses a value that is not encrypted, and keeps it encrypted in the state and out of what it prints.
    Without it `pulumi config set` writes the value in clear text into the file of the stack, which is committed.

    Bad:
    ```yaml Pulumi.yaml
    name: orders
    runtime: yaml
    config:
      # expect: dbPassword is not declared a secret
      dbPassword:
        type: string
    ```

    Good:
    ```yaml Pulumi.yaml
    name: orders
    runtime: nodejs
    config:
      dbPassword: {type: string, secret: true}
      tokenLifetime: {type: integer, default: 60}
      aws:region: eu-west-1
    ```
    """
    if not setting.secret:
        yield Finding(setting, f"{setting.name} is not declared a secret", fix=Fix("add `secret: true`"))
