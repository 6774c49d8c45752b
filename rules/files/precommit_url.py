from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.files import Text, documents
from gatekeeper.models.pipeline.ir import text_of
from gatekeeper.rule import rule

_NAMES = (".pre-commit-config.yaml", ".pre-commit-config.yml")


@rule(
    "precommit-plain-url",
    gate="workflow-security",
    severity="medium",
    seed="6.1 Security Hardening",
    aliases=["zizmor:insecure-url-scheme"],
    where=lambda text: text.path.endswith(_NAMES),
)
def precommit_url(text: Text) -> Iterator[Finding]:
    """The hooks of pre-commit are fetched over a connection that nobody else can change.

    `http://` and `git://` are neither encrypted nor signed: whoever is on the way can hand out other code, which then
    runs on the machines of developers and in pipelines.

    Bad:
    ```yaml .pre-commit-config.yaml
    repos:
      # expect: git://
      - repo: git://github.com/psf/black
        rev: 24.10.0
        hooks: [{id: black}]
    ```

    Unknown, it cannot be read:
    ```yaml .pre-commit-config.yaml
    repos: [
    ```

    Good:
    ```yaml .pre-commit-config.yaml
    repos:
      - repo: https://github.com/psf/black
        rev: 24.10.0
        hooks: [{id: black}]
      - repo: local
        hooks: [{id: test, name: test, entry: make test, language: system}]
    ```
    """
    nodes = documents(text.node.source)
    for each in nodes[0]["repos"] if nodes and nodes[0]["repos"].is_list else ():
        url = text_of(each["repo"])
        if url.startswith(("http://", "git://")):
            scheme, _, rest = url.partition("://")
            yield Finding(each["repo"], f"{scheme}:// can be changed on the way", (), Fix(f"https://{rest}"))
