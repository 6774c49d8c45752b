from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.catalog import OWNED, Entity
from gatekeeper.rule import Fix, Reason, rule


@rule(
    "catalog-owner",
    gate="handoff",
    severity="medium",
    seed="Handoff Protocol",
    where=lambda entity: entity.kind in OWNED,
)
def catalog_owner(entity: Entity) -> Iterator[Finding | Unknown]:
    """What stands in Backstage's catalogue has an owner.

    The catalogue is where people look up whom to call. Backstage refuses a component without `spec.owner`; a
    placeholder (`unknown`, `guests`, `TODO`) is taken, and leads to nobody. Whether the group that is named exists
    there is not known here.

    Bad:
    ```yaml catalog-info.yaml
    apiVersion: backstage.io/v1alpha1
    kind: Component
    # expect: names no owner
    metadata: {name: orders}
    spec: {type: service, lifecycle: production}
    ```

    Bad, nobody:
    ```yaml catalog-info.yaml
    apiVersion: backstage.io/v1alpha1
    kind: System
    metadata: {name: shop}
    spec:
      # expect: the owner unknown is nobody
      owner: unknown
    ```

    Good:
    ```yaml catalog-info.yaml
    apiVersion: backstage.io/v1alpha1
    kind: Component
    metadata: {name: orders}
    spec: {type: service, lifecycle: production, owner: "group:team-orders"}
    ---
    apiVersion: backstage.io/v1alpha1
    kind: Group
    metadata: {name: team-orders}
    spec: {type: team, children: []}
    ```

    Unknown, a name that says nothing:
    ```yaml catalog-info.yaml
    apiVersion: backstage.io/v1alpha1
    kind: Component
    metadata: {name: orders}
    spec: {type: service, lifecycle: production, owner: team}
    ```

    Unknown:
    ```yaml skeleton/catalog-info.yaml
    apiVersion: backstage.io/v1alpha1
    kind: Component
    metadata: {name: orders}
    spec: {type: service, lifecycle: production, owner: "${{ values.owner }}"}
    ```
    """
    if entity.owned:
        return
    owner = entity.owner
    if owner.present and "{{" in owner.text:
        yield Unknown(owner, "the owner is filled in by a template", Reason.TEMPLATE_UNRENDERED)
    elif entity.who == "perhaps":
        yield Unknown(owner, f"whether anybody is called {owner.text} is not known", Reason.NEEDS_HUMAN)
    elif owner.present and owner.text.strip():
        yield Finding(owner, f"the owner {owner.text} is nobody", fix=Fix("name the group that answers for it"))
    else:
        yield Finding(entity, "names no owner", fix=Fix("name the group that answers for it: spec.owner"))
