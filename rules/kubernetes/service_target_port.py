from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import pods_of, unsettled
from gatekeeper.models.kubernetes import Port, Service, Workload
from gatekeeper.models.kubernetes.templates import REASON, stands_in
from gatekeeper.rule import Answer, rule


def _names_ports(service: Service, project: Project) -> bool:
    """Whether it names a port of pods that are declared here."""
    named = any(
        isinstance(port["targetPort"].value, str) and not port["targetPort"].text.isdigit() for port in service.ports
    )
    return named and any(not workload.batch for workload in pods_of(service, project).workloads)


@rule(
    "k8s-service-target-port",
    gate="workload-reliability",
    severity="high",
    seed="7 Infrastructure code passes validation",
    where=_names_ports,
)
def service_target_port(service: Service, project: Project) -> Iterator[Answer]:
    """Every port that a Service names is a port of the pods it selects.

    A Service whose `targetPort` is a name that none of the pod's containers declares has no endpoints: connections
    are refused. A number is another matter, because a container may listen to a port that it does not declare: see
    k8s-service-port-undeclared. Judged against the nearest workloads that the Service selects; pods
    that run to completion (the tests of a chart bear its labels) serve nobody and are left aside.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: web}
      ports:
        # expect: no port named 'http'
        - {port: 80, targetPort: http}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1.0.0", ports: [{name: web, containerPort: 8080}]}]
    ```

    Good, beside the test of a chart:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: web}
      ports:
        - {port: 80, targetPort: http}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1.0.0", ports: [{name: http, containerPort: 8080}]}]
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: web-test, labels: {app: web}, annotations: {helm.sh/hook: test}}
    spec: {restartPolicy: Never, containers: [{name: curl, image: "curl:8.1.0"}]}
    ```

    Unknown, a script replaces the word:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80, targetPort: PORT}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0", ports: [{containerPort: 8080}]}]}
    ```
    """
    for port in service.ports:
        target = port["targetPort"]
        if not isinstance(target.value, str) or target.text.isdigit():
            continue
        for workload in pods_of(service, project).workloads:
            if workload.batch or any(each.name == target.text for each in _ports(workload)):
                continue
            patch = unsettled(workload, project)
            if patch:
                yield Unknown(target, f"{patch.path} may patch the ports of {workload.name}")
            elif stands_in(target.text):  # no port's name is in capital letters
                yield Unknown(target, f"{target.text} {REASON}")
            else:
                words = f"{workload.name} has no port named {target.text!r}: connections are refused"
                yield Finding(target, words, (Note(workload, "the pods that are selected"),))


def _ports(workload: Workload) -> list[Port]:
    """The ports of the containers that run beside each other, native sidecars too."""
    return [port for each in workload.containers if each.role in ("app", "sidecar") for port in each.ports]
