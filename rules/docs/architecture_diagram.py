from __future__ import annotations

import re
from collections.abc import Iterator

from gatekeeper import Finding, Fix, Project
from gatekeeper.links import deploys
from gatekeeper.models.docs import Document
from gatekeeper.models.files import Repository
from gatekeeper.node import regex
from gatekeeper.rule import rule

_DRAWN = frozenset(
    {
        "mermaid",
        "plantuml",
        "puml",
        "d2",
        "dot",
        "graphviz",
        "ditaa",
        "structurizr",
        "c4plantuml",
        "nomnoml",
        "blockdiag",
    }
)
_DRAWING = regex(
    r"\.(?:drawio|puml|plantuml|mmd|mermaid|d2|dot|excalidraw|dsl|vsdx?)\b|@startuml|\{\{<\s*mermaid|diagrams\.net|lucid(?:chart|\.app)|excalidraw|miro\.com|structurizr",
    re.IGNORECASE,
)
_BADGE = regex(r"shields\.io|badge|badgen|codecov|coveralls|\.svg\?branch=|logo", re.IGNORECASE)
_LINES = regex(r"[┌└├│─╔║▼→]|\+-{3,}\+|-{2,}>|\|\s+v\b|={2,}>")


@rule(
    "docs-architecture-diagram",
    gate="documentation",
    severity="low",
    seed="10. Documentation Delivered",
    where=lambda repository, project: deploys(project).deploys and bool(_described(project)),
)
def architecture_diagram(repository: Repository, project: Project) -> Iterator[Finding]:
    """The architecture is drawn.

    How the parts hang together is seen at a glance, or pieced together for an hour. Counts in any document on the
    architecture: an image, Mermaid, PlantUML, D2, Graphviz, a drawing's file or link, and boxes of characters. Judged
    only where such a document is here (docs-architecture); whether an image is there is asked by docs-links.

    Bad: # expect: none of 1 documents on the architecture has a diagram
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ```markdown docs/architecture.md
    # Architecture
    ![build](https://img.shields.io/badge/build-passing-green)
    Two services and a queue.
    ~~~mermaid
    ~~~
    ```

    Good:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ````markdown docs/architecture.md
    # Architecture
    ```mermaid
    graph LR; web --> queue
    ```
    ````

    Good, boxes of characters beside a page of words:
    ```yaml k8s/app.yaml
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    ```
    ````markdown docs/architecture/overview.md
    # Overview
    ```
    +-----+      +-------+
    | web | ---> | queue |
    +-----+      +-------+
    ```
    ````
    ```markdown docs/architecture/words.md
    # In words
    ```
    """
    described = _described(project)
    if not any(_draws(document) for document in described):
        fix = Fix("a Mermaid block is shown by GitHub and GitLab as it is")
        yield Finding(described[0], f"none of {len(described)} documents on the architecture has a diagram", fix=fix)


def _described(project: Project) -> list[Document]:
    return project.once(
        "documents on the architecture",
        lambda project: [each for each in project.all(Document) if each.central and each.kind == "architecture"],
    )


def _draws(document: Document) -> bool:
    parts = document.parts
    if any(code.language in _DRAWN and any(line.text for line in code.lines) for code in parts.codes):
        return True
    if any(link.is_image and not _BADGE.search(link.target) for link in parts.links):
        return True
    return bool(_DRAWING.search(document.source.text)) or any(
        sum(1 for line in code.lines if _LINES.search(line.text)) > 1 for code in parts.codes
    )
