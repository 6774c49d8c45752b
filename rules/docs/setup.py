from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Project
from gatekeeper.links import deploys
from gatekeeper.models.docs import Document
from gatekeeper.models.files import Repository
from gatekeeper.rule import Answer, absent, rule

_HEADING = (
    r"\b(?:set[ -]?up|setting up|install|installation|installing|getting started|quick[ -]?start|prerequisites"
    r"|local development|development (?:guide|environment)|how to (?:run|build|start)|build(?:ing)? (?:and|from|the)"
    r"|run(?:ning)? (?:it|the (?:app|application|service|project|demo|stack)|locally))\b|^development\Z"
)


@rule(
    "docs-setup",
    gate="documentation",
    severity="medium",
    seed="10. Documentation Delivered",
    where=lambda repository, project: deploys(project).deploys,
)
def setup(repository: Repository, project: Project) -> Iterator[Answer]:
    """Setting up a working environment is described.

    A person who joins, and one who has to fix something tonight, start there. A document counts that is called setup,
    installation, getting started or the like, or one with such a heading (also Prerequisites, Development, Running
    locally), at the root or below docs, with more below it than placeholders; whether the steps work is not judged. It
    is a fault only where `owns` in gatekeeper.yaml names docs.

    Bad, it belongs here: # expect: 0 of 3 documents say how to set up
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
    It is a service.
    ## Installation
    TBD
    ```
    ```markdown docs/setup.md
    # Setup
    ```
    ```markdown CHANGELOG.md
    # Changelog
    ## Installation
    Works on arm64.
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown README.md
    # App
    ## Running locally
    make up
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
    if any(each.central and each.describes("setup", _HEADING) for each in documents):
        return
    yield absent(project, "docs", f"0 of {len(documents)} documents say how to set up an environment")
