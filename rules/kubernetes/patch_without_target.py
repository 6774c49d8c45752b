from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper import Finding, Fix, Project, Unknown
from gatekeeper.models.kubernetes import Kustomization, built, written
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule

if TYPE_CHECKING:
    from gatekeeper.models.kubernetes.building import Build


def _builds(each: Kustomization, project: Project) -> list[Build]:
    return [build for build in project.tree.once(built) if each.path in build.files]


def _names_one(at: Node) -> bool:
    """Whether a patch is for one object by its name, and not for whatever a target may fit."""
    return not at.is_mapping or _NAME.match(written(at["name"])) is not None


_NAME = re.compile(r"[\w-]+\Z")


@rule(
    "k8s-patch-without-target",
    gate="iac-validation",
    severity="medium",
    seed="7. Infrastructure code passes validation",
    where=lambda each, project: bool(each.patches) and bool(_builds(each, project)),
)
def patch_without_target(each: Kustomization, project: Project) -> Iterator[Answer]:
    """Every patch of a kustomization finds the object it is meant for.

    A patch by `target` that fits nothing does nothing, in silence: the limit, the replica count or the security
    context it was to set is not there. One that names its object stops the build. Both are what is left when an
    object is renamed. A target without a name, or with an expression for one, is for whatever there may be, and is
    not meant. A patch of a component is at fault only where none of its users has the object; where a base is remote,
    a chart is rendered or a plugin makes objects, the object may well be theirs.

    Bad:
    ```yaml kustomization.yaml
    resources: [deployment.yaml]
    patches:
      # expect: name ap,
      - target: {kind: Deployment, name: ap}
        patch: |-
          - {op: replace, path: /spec/replicas, value: 3}
    ```
    ```yaml deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {replicas: 1}
    ```

    Bad, a patch that names its object:
    ```yaml kustomization.yaml
    resources: [deployment.yaml]
    patches: [{path: patch.yaml}]
    ```
    ```yaml patch.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      # expect: Deployment/other
      name: other
    spec: {replicas: 3}
    ```
    ```yaml deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {replicas: 1}
    ```

    Good, a component that one of its users has the object for:
    ```yaml a/kustomization.yaml
    resources: [deployment.yaml]
    components: [../scaled]
    ```
    ```yaml a/deployment.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {replicas: 1}
    ```
    ```yaml b/kustomization.yaml
    resources: [config.yaml]
    components: [../scaled]
    ```
    ```yaml b/config.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app}
    ```
    ```yaml scaled/kustomization.yaml
    apiVersion: kustomize.config.k8s.io/v1alpha1
    kind: Component
    patches:
      - target: {kind: Deployment}
        patch: |-
          - {op: replace, path: /spec/replicas, value: 3}
    ```

    Good, for every Deployment there may be:
    ```yaml kustomization.yaml
    resources: [config.yaml]
    patches:
      - target: {kind: Deployment}
        patch: |-
          - {op: replace, path: /spec/replicas, value: 3}
    ```
    ```yaml config.yaml
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: app}
    ```

    Unknown:
    ```yaml kustomization.yaml
    resources: ["https://github.com/example/app//deploy?ref=v1"]
    patches:
      - target: {kind: Deployment, name: app}
        patch: |-
          - {op: replace, path: /spec/replicas, value: 3}
    ```
    """
    using = _builds(each, project)
    seen = set()
    for idle in (idle for build in using for idle in build.idle if idle.by == each.path):
        place = (idle.at.source.path, idle.at.span)
        if place in seen or not _names_one(idle.at):
            continue
        seen.add(place)
        if not all(any(place == (other.at.source.path, other.at.span) for other in build.idle) for build in using):
            continue
        hidden = next((gap for build in using for gap in build.gaps if gap.at.span != idle.at.span), None)
        if hidden is not None:
            yield Unknown(idle.at, f"{idle.message}; it may be in what is not built ({hidden.message})")
        else:
            yield Finding(idle.at, idle.message, fix=Fix("name the object as it is called now, or remove the patch"))
