from __future__ import annotations

import posixpath
from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.models.kubernetes import Kustomization, Workload, changing
from gatekeeper.models.pipeline.environments import Class, classify
from gatekeeper.rule import Answer, Reason, rule


def _variant(each: Kustomization) -> str:
    return each.folder or "."


def _before(each: Kustomization, project: Project) -> list[str]:
    """The builds beside a production one that are for an environment before it."""
    if not each.folder or classify(posixpath.basename(each.folder)) is not Class.PROD:
        return []
    above = posixpath.dirname(each.folder)
    built = project.once("variants", lambda project: {workload.variant for workload in project.all(Workload)})
    return sorted(
        one for one in built if posixpath.dirname(one) == above and classify(posixpath.basename(one)) is Class.NONPROD
    )


@rule(
    "k8s-env-parity",
    gate="environments",
    severity="low",
    seed="2.1 IaC Best Practices",
    where=lambda each, project: bool(_before(each, project)),
)
def env_parity(each: Kustomization, project: Project) -> Iterator[Answer]:
    """What production runs, an environment before it runs too.

    A workload that only the overlay of production adds is met for the first time by production: nobody has seen it
    start, and no test has talked to it. Compared are the overlays beside each other whose folders are called like
    environments (`prod`, and `dev`, `staging`, ...): each kind and name that production builds is to be built by one of
    the others. Other replicas, tags and resources are what overlays are for.

    Bad:
    ```yaml base/kustomization.yaml
    resources: [app.yaml]
    ```
    ```yaml base/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ```
    ```yaml overlays/staging/kustomization.yaml
    resources: [../../base]
    ```
    ```yaml overlays/prod/kustomization.yaml
    resources: [../../base, cache.yaml]
    ```
    ```yaml overlays/prod/cache.yaml
    apiVersion: apps/v1
    kind: Deployment
    # expect: only production
    metadata: {name: cache}
    spec: {template: {spec: {containers: [{name: cache, image: "cache:2.0.1"}]}}}
    ```

    Good:
    ```yaml base/kustomization.yaml
    resources: [app.yaml]
    ```
    ```yaml base/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ```
    ```yaml overlays/staging/kustomization.yaml
    resources: [../../base]
    ```
    ```yaml overlays/prod/kustomization.yaml
    resources: [../../base]
    replicas: [{name: app, count: 3}]
    ```

    Unknown, what staging builds cannot be told:
    ```yaml overlays/staging/kustomization.yaml
    resources: ["https://github.com/example/app//deploy?ref=v1", job.yaml]
    ```
    ```yaml overlays/staging/job.yaml
    apiVersion: batch/v1
    kind: Job
    metadata: {name: seed}
    spec: {template: {spec: {containers: [{name: seed, image: "seed:1.2.0"}]}}}
    ```
    ```yaml overlays/prod/kustomization.yaml
    resources: [app.yaml]
    ```
    ```yaml overlays/prod/app.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: app, image: "app:1.2.0"}]}}}
    ```
    """
    before = _before(each, project)
    tried = {(one.kind, one.object_name) for one in project.all(Workload) if one.variant in before}
    gaps = {fault.source.path.rpartition("/")[0] for fault in project.faults if fault.technology == "kubernetes"}
    for workload in project.all(Workload):
        if workload.variant != _variant(each) or (workload.kind, workload.object_name) in tried:
            continue
        if gaps & set(before) or any(one in project.tree.once(changing) for one in before):
            yield Unknown(workload, f"what {before[0]} builds is not known in full", Reason.TEMPLATE_UNRENDERED)
        else:
            yield Finding(workload, f"only production runs {workload.object_name}: none of {', '.join(before)} does")
