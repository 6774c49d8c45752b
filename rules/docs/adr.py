from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.links import deploys
from gatekeeper.models.docs import Document, hollow
from gatekeeper.models.files import Repository
from gatekeeper.node import regex
from gatekeeper.rule import Answer, absent, rule

# The first record that tools write, before anything was decided.
_OF_RECORDS = regex(r"\b(?:record|use|adopt|keep)\b.{0,40}\barchitectur\w{1,3} decision", re.IGNORECASE)


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
    number below `adr`, `decisions` or the like, with more in it than a template's placeholders; the record that tools
    write first, that decisions are recorded, is none alone. That there is none here does not say that there is none: it
    is a fault only where `owns` in gatekeeper.yaml names adr. What is decided, and whether it is followed, is not
    judged.

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

    Bad, what a tool wrote and a template: # expect: only the record that decisions are recorded
    ```yaml gatekeeper.yaml
    owns: [adr]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown docs/adr/0001-record-architecture-decisions.md
    # 1. Record architecture decisions
    ## Decision
    We will keep them here.
    ```
    ```markdown docs/adr/0002-title.md
    # {short title}
    ## Context
    {Describe the context}
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
    records = [document for document in project.all(Document) if document.kind == "adr"]
    told = [document for document in records if not hollow(document)]
    if any(not _OF_RECORDS.search(document.title) for document in told):
        return
    words = "only the record that decisions are recorded is here" if told else "no decision record here"
    yield absent(project, "adr", words if told or not records else f"{words} that says anything")
