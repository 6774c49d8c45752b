from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project
from gatekeeper.links import compatible
from gatekeeper.links.together import applied_together
from gatekeeper.models.kubernetes import LabelSelector, Object, PodDisruptionBudget, Service, Workload
from gatekeeper.node import Unresolved
from gatekeeper.rule import rule

# Labels by which variants of one application differ: to send traffic to all of them is what such a Service is for.
_VARIANTS = frozenset("version app.kubernetes.io/version track release-track tier-version color slot variant".split())


def _selector(each: Object) -> LabelSelector | None:
    if isinstance(each, Service):
        return each.selector if each.selects else None
    return each.selector if isinstance(each, PodDisruptionBudget) and each.selector.requirements else None


def _selected(each: Object, project: Project) -> list[Workload]:
    """The workloads that it selects among those that are applied together with it."""
    selector = _selector(each)

    def make(project: Project) -> list[Workload]:
        return [
            workload
            for workload in (project.all(Workload) if selector else ())
            if applied_together(each, workload)
            and compatible(each.namespace, workload.namespace)
            and selector
            and selector.matches(workload.pod_labels)
        ]

    return project.once(("selected together", id(each)), make)


@rule(
    "k8s-selector-overlap",
    gate="workload-reliability",
    severity="low",
    seed="7. Infrastructure code passes validation",
    where=lambda each, project: bool(_selected(each, project)),
)
def selector_overlap(each: Object, project: Project) -> Iterator[Finding]:
    """Every Service and PodDisruptionBudget selects the pods of one application.

    Where a selector is too wide, a Service sends a part of its requests to a program that was never meant to answer
    them (the pods of a migration Job that has the same `app` label, say), and a budget counts pods of another
    application as if they could stand in. Judged are workloads that are applied together, in one file or one
    kustomization. Workloads that share an image, or differ in a label such as `version` or `track`, are variants of one
    application.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec:
      # expect: Deployment/web and Job/migrate
      selector: {app: web}
      ports: [{port: 80}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: batch/v1
    kind: Job
    metadata: {name: migrate}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {restartPolicy: Never, containers: [{name: migrate, image: "migrations:1.0.0"}]}
    ```

    Good:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0"}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web-canary}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.1.0"}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web-v2}
    spec:
      template:
        metadata: {labels: {app: web, version: v2}}
        spec: {containers: [{name: web, image: "web-v2:2.0.0"}]}
    ```
    """
    chosen = _selected(each, project)
    first = chosen[0]
    other = next((workload for workload in chosen[1:] if _unlike(first, workload)), None)
    if other is not None:
        see = (Note(first, "one of them"), Note(other, "the other"))
        words = f"it selects the pods of {first.name} and {other.name}, which are different programs"
        yield Finding(each.spec["selector"], words, see)


def _unlike(one: Workload, other: Workload) -> bool:
    """Whether two workloads are different applications: no image in common, and no label that says variant."""
    labels, others = one.pod_labels, other.pod_labels
    if any(labels.get(key) != others.get(key) for key in _VARIANTS):
        return False
    images, other_images = _images(one), _images(other)
    return bool(images and other_images) and not images & other_images


def _images(workload: Workload) -> set[str]:
    """The names of the images it runs; empty where one of them is not known."""
    found = set()
    for container in workload.containers:
        if container.role != "app":
            continue
        try:
            reference = container.reference
        except Unresolved:
            return set()
        if reference is None:
            return set()
        found.add(reference.name)
    return found
