from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import compatible, elsewhere, unsettled
from gatekeeper.links.scaling import replicated
from gatekeeper.links.selectors import rung_of
from gatekeeper.models.kubernetes import Service, Workload, builds, written
from gatekeeper.rule import Answer, Reason, rule


@rule(
    "k8s-statefulset-service",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    aliases=["kube-score:statefulset-has-servicename"],
    where=lambda workload: workload.kind == "StatefulSet" and workload.group == "apps",
)
def statefulset_service(workload: Workload, project: Project) -> Iterator[Answer]:
    """Every StatefulSet names a headless Service that selects its pods.

    What makes a StatefulSet's pods different from others is that each has a name of its own in DNS; it has one only
    where `serviceName` names a Service with `clusterIP: None` that selects the pod. Members that look for each other
    by that name find nobody otherwise. A StatefulSet that names none is graded low, and
    so is a Service that is not headless where there is but one pod: not all of them need the names.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue}
    spec:
      # expect: not headless
      serviceName: queue
      selector: {matchLabels: {app: queue}}
      template:
        metadata: {labels: {app: queue}}
        spec: {containers: [{name: queue, image: "queue:3.1.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: queue}
    spec: {selector: {app: queue}, ports: [{port: 5672}]}
    ```

    Bad, it selects others:
    ```yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue}
    spec:
      # expect: does not select
      serviceName: queue
      selector: {matchLabels: {app: queue}}
      template:
        metadata: {labels: {app: queue}}
        spec: {containers: [{name: queue, image: "queue:3.1.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: queue}
    spec: {clusterIP: None, selector: {app: rabbit}, ports: [{port: 5672}]}
    ```

    Bad, there is none:
    ```yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue}
    spec:
      # expect: no Service queue-headless
      serviceName: queue-headless
      selector: {matchLabels: {app: queue}}
      template:
        metadata: {labels: {app: queue}}
        spec: {containers: [{name: queue, image: "queue:3.1.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: queue}
    spec: {selector: {app: queue}, ports: [{port: 5672}]}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue}
    spec:
      serviceName: queue
      selector: {matchLabels: {app: queue}}
      template:
        metadata: {labels: {app: queue}}
        spec: {containers: [{name: queue, image: "queue:3.1.0"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: queue}
    spec: {clusterIP: None, selector: {app: queue}, ports: [{port: 5672}]}
    ```

    Unknown, no Service is declared here:
    ```yaml
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: queue}
    spec:
      serviceName: queue
      selector: {matchLabels: {app: queue}}
      template:
        metadata: {labels: {app: queue}}
        spec: {containers: [{name: queue, image: "queue:3.1.0"}]}
    ```
    """
    at = workload.spec["serviceName"]
    if not at.text:
        patch = unsettled(workload, project)
        words = "no serviceName: its pods have no names of their own in DNS"
        yield Unknown(workload, f"{patch.path} may set it") if patch else Finding(workload, words, severity="low")
        return
    services = _named(at.text, workload, project)
    other = elsewhere(project)
    if services:
        yield from _fits(workload, services[0], project)
    elif other:
        yield Unknown(at, f"{at.text} may come from elsewhere: {other}", Reason.NOT_OWNED_HERE)
    elif not project.all(Service):
        yield Unknown(at, "no Service is declared here", Reason.NOT_OWNED_HERE)
    else:
        yield Finding(at, f"there is no Service {at.text} here: its pods have no names of their own in DNS")


def _fits(workload: Workload, service: Service, project: Project) -> Iterator[Answer]:
    at, see = workload.spec["serviceName"], (Note(service, "the Service"),)
    name = service.object_name
    if service.spec["selector"].present and not service.selector.matches(workload.pod_labels):
        if unsettled(service, project) or unsettled(workload, project):
            yield Unknown(at, "a kustomization may add labels to selectors and pods")
        else:
            yield Finding(at, f"Service {name} does not select these pods: they have no names of their own in DNS", see)
    elif written(service.spec["clusterIP"]) != "None":
        words = f"Service {name} is not headless: the pods have no names of their own in DNS"
        yield Finding(at, words, see, severity=None if replicated(workload, project) else "low")


def _named(name: str, workload: Workload, project: Project) -> list[Service]:
    """The Services of that name, the nearest first."""
    graph = project.tree.once(builds)
    found = [
        each
        for each in project.by(Service, "object_name").get(name, ())
        if compatible(each.namespace, workload.namespace)
    ]
    return sorted(found, key=lambda each: rung_of(workload, each, graph))
