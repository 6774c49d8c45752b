from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.links import deploys
from gatekeeper.models.docs import Document
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, absent, rule

_HEADING = (
    r"(?<!cpu )(?<!target )(?<!multi[- ])(?<!supported )(?<!processor )\barchitecture\b"
    r"(?! (?:decision|record|support)s?)"
    r"|\bsystem (?:design|overview|context|diagram)|\btopology\b"
    r"|\bhigh[- ]level (?:design|architecture)"
)


@rule(
    "docs-architecture",
    gate="documentation",
    severity="medium",
    seed="10. Documentation Delivered",
    where=lambda repository, project: deploys(project).deploys,
)
def architecture(repository: Repository, project: Project) -> Iterator[Answer]:
    """The architecture is described.

    Whoever takes over needs the parts, and how they hang together, before the code. A document counts that is called
    architecture, or one at the root or below docs with a heading Architecture, System overview, High-level design or
    Topology, with something below it: a title alone, a template or a `TODO` describes nothing. Whether it is right is
    not judged, and one module's architecture does not count. Many keep it in a wiki: it is a fault only where `owns` in
    gatekeeper.yaml names docs.

    Bad, it belongs here: # expect: 0 of 4 documents describe the architecture
    ```yaml gatekeeper.yaml
    owns: [docs]
    ```
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown README.md
    # App
    ~~~
    # architecture
    ~~~
    ## Architecture decision records
    ```
    ```markdown docs/architecture.md
    # Architecture
    ## Overview
    TODO: [describe the parts here]
    ```
    ```markdown docs/building.md
    # Building
    ## CPU architecture
    amd64 and arm64
    ```
    ```markdown modules/queue/README.md
    # Queue
    ## Architecture
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown README.md
    # App
    ## Architecture overview
    Two services and a queue.
    ```

    Unknown, nobody said where it is:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown README.md
    # App
    ```
    """
    documents = project.all(Document)
    if any(each.central and each.describes("architecture", _HEADING) for each in documents):
        return
    yield absent(project, "docs", f"0 of {len(documents)} documents describe the architecture")
