from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project
from gatekeeper.models.catalog import Entity
from gatekeeper.rule import rule


@rule(
    "catalog-reference",
    gate="handoff",
    severity="medium",
    seed="Handoff Protocol",
    where=lambda entity, project: any(True for _ in entity.references()),
)
def catalog_reference(entity: Entity, project: Project) -> Iterator[Finding]:
    """What Backstage's catalogue names in this repository is there.

    The catalogue shows a component's pages, decisions and interface; where the folder or the file is gone, whoever is
    called at night finds an error. Meant are `backstage.io/techdocs-ref: dir:...`, `backstage.io/adr-location`,
    `$text` and the targets of a Location, as far as they are paths of this repository.

    Bad:
    ```yaml catalog-info.yaml
    apiVersion: backstage.io/v1alpha1
    kind: Component
    metadata:
      name: orders
      annotations:
        # expect: docs is not in this repository
        backstage.io/techdocs-ref: dir:docs
    spec: {type: service, lifecycle: production, owner: team-orders}
    ---
    apiVersion: backstage.io/v1alpha1
    kind: API
    metadata: {name: orders}
    spec:
      type: openapi
      owner: team-orders
      definition:
        # expect: api/openapi.yaml is not in this repository
        $text: ./api/openapi.yaml
    ```

    Good:
    ```yaml services/orders/catalog-info.yaml
    apiVersion: backstage.io/v1alpha1
    kind: Component
    metadata: {name: orders, annotations: {backstage.io/techdocs-ref: "dir:."}}
    spec: {type: service, lifecycle: production, owner: team-orders}
    ---
    apiVersion: backstage.io/v1alpha1
    kind: API
    metadata: {name: orders}
    spec: {type: openapi, owner: team-orders, definition: {$text: ../../api/openapi.json}}
    ```
    ```json api/openapi.json
    {"openapi": "3.1.0"}
    ```
    """
    for each in entity.references():
        there = project.tree.exists(each.path) if each.path else True
        if not there:
            yield Finding(each.node, f"{each.path} is not in this repository")
