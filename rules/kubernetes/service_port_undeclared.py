from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import pods_of, unsettled
from gatekeeper.models.kubernetes import Port, Service, Workload
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule


def _numbers_ports(service: Service, project: Project) -> bool:
    """Whether it sends to a port by number, of pods that are declared here and declare ports themselves."""
    return any(_number(port) is not None for port in service.ports) and any(
        _ports(workload) for workload in pods_of(service, project).workloads if not workload.batch
    )


@rule(
    "k8s-service-port-undeclared",
    gate="workload-reliability",
    severity="low",
    seed="7 Infrastructure code passes validation",
    where=_numbers_ports,
)
def service_port_undeclared(service: Service, project: Project) -> Iterator[Answer]:
    """Every port number that a Service sends to is among those that the pods declare.

    A container may listen to a port that it does not declare, so this is a hint and no proof; but where the pods
    declare some ports and not this one, it is most often the wrong number. Pods that declare no port at all are not
    judged.

    Bad:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: web}
      ports:
        # expect: declares 8080, not 3000
        - {port: 80, targetPort: 3000}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1.0.0", ports: [{containerPort: 8080}]}]
    ```

    Good, `port` counts where no targetPort is written:
    ```yaml
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec:
      selector: {app: web}
      ports:
        - {port: 8080}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1.0.0", ports: [{containerPort: 8080}]}]
    ```
    """
    for port in service.ports:
        number = _number(port)
        if number is None:
            continue
        for workload in pods_of(service, project).workloads:
            declared = sorted({each.number for each in _ports(workload) if each.number is not None})
            if workload.batch or not declared or number in declared:
                continue
            at = port["targetPort"] if port["targetPort"].present else port["port"]
            patch = unsettled(workload, project)
            if patch:
                yield Unknown(at, f"{patch.path} may patch the ports of {workload.name}")
            else:
                words = f"{workload.name} declares {', '.join(map(str, declared))}, not {number}"
                yield Finding(at, words, (Note(workload, "the pods that are selected"),))


def _number(port: Node) -> int | None:
    target = port["targetPort"] if port["targetPort"].present else port["port"]
    number = target.number
    return int(number) if number is not None else None


def _ports(workload: Workload) -> list[Port]:
    """The ports of the containers that run beside each other, native sidecars too."""
    return [port for each in workload.containers if each.role in ("app", "sidecar") for port in each.ports]
