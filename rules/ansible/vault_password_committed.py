from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.models.ansible import Config
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule

_NAMED = ("vault_password_file", "vault_identity_list")


def _files(config: Config) -> list[tuple[str, Node]]:
    found = []
    for name in _NAMED:
        said = config.node["defaults"][name]
        for each in said.text.split(","):
            path = each.strip().rpartition("@")[2]
            if path and not path.startswith(("~", "/", "$")):
                found.append((posixpath.normpath(posixpath.join(posixpath.dirname(config.path), path)), said))
    return found


@rule(
    "ansible-vault-password-committed",
    gate="secrets",
    severity="critical",
    seed="6.2 Secrets Management",
    where=lambda config: any(config.node["defaults"][name].present for name in _NAMED),
)
def vault_password_committed(config: Config, project: Project) -> Iterator[Answer]:
    """The password of the vault is not in the repository.

    Whoever has both can read every secret that Vault encrypted. ansible.cfg may name a file outside of the repository,
    one that git ignores, or a program that fetches the password: a file that is executable, or starts with `#!`.

    Bad, beside the vault:
    ```ini ansible.cfg
    [defaults]
    # expect: .vault_pass is in the repository
    vault_password_file = .vault_pass
    ```
    ```text .vault_pass
    tr0ub4dor-3
    ```

    Good:
    ```ini ansible.cfg
    [defaults]
    vault_password_file = ~/.vault_pass
    ```

    Good, a program:
    ```ini ansible.cfg
    [defaults]
    vault_password_file = bin/vault-password
    ```
    ```text bin/vault-password
    #!/bin/sh
    pass show ansible/vault
    ```
    """
    for path, said in _files(config):
        if path not in project.tree or project.tree.executable(path):
            continue
        text = project.tree.source(path).text
        if text.strip() and not text.startswith(("#!", "$ANSIBLE_VAULT")):
            words = f"{path} is in the repository: whoever has it can read the vault"
            yield Finding(said, words, fix=Fix("remove it from the repository and its history, and rekey the vault"))
