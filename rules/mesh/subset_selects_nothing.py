from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Project, Unknown
from gatekeeper.links import compatible, unsettled
from gatekeeper.links.mesh import resolved
from gatekeeper.links.outside import PODS, elsewhere
from gatekeeper.models.kubernetes import DestinationRule, Service, Workload, texts
from gatekeeper.rule import Answer, Reason, rule


def _behind(rule_: DestinationRule, project: Project) -> list[Workload]:
    """Every workload here behind the Services that it is about, near or far."""
    services: list[Service] = resolved(rule_.host.text, rule_, project)[0]
    return [
        each
        for each in project.all(Workload)
        if any(
            service.selector.matches(each.pod_labels) and compatible(service.namespace, each.namespace)
            for service in services
        )
    ]


@rule(
    "mesh-subset-selects-nothing",
    gate="workload-reliability",
    severity="medium",
    seed="7 Infrastructure code passes validation",
    where=lambda rule_, project: bool(rule_.subsets) and bool(_behind(rule_, project)),
)
def subset_selects_nothing(rule_: DestinationRule, project: Project) -> Iterator[Answer]:
    """Every subset of a DestinationRule is some of its Service's pods.

    A subset whose labels no pod has is an empty one: whoever is sent there gets 503. All the pods that the Service
    selects are looked at, in the whole repository; where more may come from elsewhere the answer is not known. Rules
    for hosts of which no pod is here are not judged.

    Bad:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: reviews}
    spec:
      host: reviews
      subsets:
        - {name: v1, labels: {version: v1}}
        # expect: version=v2
        - {name: v2, labels: {version: v2}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: reviews}
    spec: {selector: {app: reviews}, ports: [{port: 9080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: reviews}
    spec:
      template:
        metadata: {labels: {app: reviews, version: v1}}
        spec: {containers: [{name: reviews, image: "reviews:1.0.0"}]}
    ```

    Good:
    ```yaml
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: reviews}
    spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: all}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: reviews}
    spec: {selector: {app: reviews}, ports: [{port: 9080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: reviews}
    spec:
      template:
        metadata: {labels: {app: reviews, version: v1}}
        spec: {containers: [{name: reviews, image: "reviews:1.0.0"}]}
    ```
    """
    workloads = _behind(rule_, project)
    for name, subset in rule_.subsets.items():
        labels = texts(subset["labels"])
        if any(labels.items() <= each.pod_labels.items() for each in workloads):
            continue
        for node in subset["labels"].walk():
            node.value  # noqa: B018  # what is filled in later may match
        at = subset["labels"] if subset["labels"].present else subset
        other = elsewhere(project, *PODS)
        if other:
            yield Unknown(at, f"the pods of subset {name} may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
        elif any(unsettled(each, project) for each in workloads):
            yield Unknown(at, "a kustomization may add labels to pods")
        else:
            words = ", ".join(f"{key}={value}" for key, value in labels.items())
            yield Finding(at, f"no pod of {rule_.host.text} has {words}: subset {name} is empty")
