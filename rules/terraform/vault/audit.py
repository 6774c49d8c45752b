from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.links.related import of_type
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, absent, rule

_CONFIGURES = ("vault_mount", "vault_auth_backend", "vault_policy")


def _configures(repository: Repository, project: Project) -> bool:
    return any(each.type in _CONFIGURES for each in terraform_resources(project))


@rule("tf-vault-audit", gate="logging", severity="high", seed="6.2 Secrets Management", where=_configures)
def audit(repository: Repository, project: Project) -> Iterator[Answer]:
    """Vault records who read which secret.

    Without an audit device nobody can say which secrets a stolen token opened, so all of them have to be replaced.
    Judged are repositories that set up Vault: mounts, ways to log in, policies. That no audit device is made here does
    not say that there is none: it is a fault only where `owns` in gatekeeper.yaml names infrastructure.

    Bad, it belongs here: # expect: no audit device
    ```yaml gatekeeper.yaml
    owns: [infrastructure]
    ```
    ```hcl main.tf
    resource "vault_mount" "secret" {
      path = "secret"
      type = "kv-v2"
    }
    ```

    Good:
    ```hcl
    resource "vault_mount" "secret" {
      path = "secret"
      type = "kv-v2"
    }
    resource "vault_audit" "file" {
      type    = "file"
      options = { file_path = "/vault/logs/audit.log" }
    }
    ```

    Unknown, nobody said where it is made:
    ```hcl
    resource "vault_mount" "secret" {
      path = "secret"
      type = "kv-v2"
    }
    ```
    """
    if not any(not each.module.shown for each in of_type("vault_audit", project)):
        yield absent(project, "infrastructure", "no audit device of Vault here")
