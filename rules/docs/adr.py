from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.links import deploys
from gatekeeper.models.docs import Document
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, absent, rule


@rule(
    "docs-adr",
    gate="documentation",
    severity="medium",
    seed="1.2 Document architecture decisions (ADR)",
    where=lambda repository, project: deploys(project).deploys,
)
def adr(repository: Repository, project: Project) -> Iterator[Answer]:
    """Architecture decisions are written down.

    Why it is built so is asked long after those who decided have left. A decision record is a Markdown file with a
    number below `adr`, `decisions` or the like. That there is none here does not say that there is none: it is a fault
    only where `owns` in gatekeeper.yaml names adr. What is decided, and whether it is followed, is not judged.

    Bad, they belong here: # expect: no decision record
    ```yaml gatekeeper.yaml
    owns: [adr]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown docs/adr/template.md
    # Title
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown docs/architecture/decisions/0001-use-postgres.md
    # 1. Use PostgreSQL
    ## Status
    Accepted
    ```

    Unknown, nobody said where they are:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    """
    if not any(document.kind == "adr" for document in project.all(Document)):
        yield absent(project, "adr", "no decision record here")
