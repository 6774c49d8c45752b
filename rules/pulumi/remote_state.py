from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Fix
from gatekeeper.models.pulumi import Project
from gatekeeper.rule import Answer, rule


@rule(
    "pulumi-remote-state",
    gate="iac-validation",
    severity="high",
    seed="2.1 IaC Best Practices: State management (remote state, state locking)",
    where=lambda project: project.node.at("backend.url").present,
)
def remote_state(project: Project) -> Iterator[Answer]:
    """State is kept where everybody who deploys finds it, and locked while it is changed.

    On one person's disk (`file://`) it is gone with the disk, and nobody else can deploy without making everything
    twice. Where Pulumi.yaml names no backend, whoever logs in chooses it, and nothing is judged.

    Bad:
    ```yaml Pulumi.yaml
    name: orders
    runtime: yaml
    backend:
      # expect: on one machine's disk
      url: file://~
    ```

    Good:
    ```yaml Pulumi.yaml
    name: orders
    runtime: yaml
    backend:
      url: s3://orders-state
    ```
    """
    url = project.node.at("backend.url")
    if url.text.startswith("file:"):
        words = "the state is kept on one machine's disk"
        yield Finding(url, words, fix=Fix("use Pulumi Cloud, or a bucket with versions: s3://, gs://, azblob://"))
