from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.models.kubernetes.probes import FIELDS, probe
from gatekeeper.models.kubernetes.templates import REASON, stands_in
from gatekeeper.node import Node
from gatekeeper.rule import Answer, rule


def _probed(container: Container) -> list[tuple[str, Node]]:
    """The ports that its probes ask, by the probe's field."""
    asked = ((field, found.port) for field in FIELDS if (found := probe(container, field)))
    return [(field, port) for field, port in asked if port is not None and port.present]


@rule(
    "k8s-probe-port",
    gate="workload-reliability",
    severity="medium",
    seed="4.2 Kubernetes Deployment Template",
    where=lambda container: bool(_probed(container)),
)
def probe_port(container: Container, project: Project) -> Iterator[Answer]:
    """Every probe asks a port that its container declares.

    A port by name must be one of the container's own: the kubelet knows no other, the probe never succeeds, and the
    container is restarted for ever or never gets traffic. A port by number need not be declared, so a number that is
    missing is only a hint (graded low), and only where the container declares other ports and no container of the pod
    declares this one. kube-linter's liveness-port, readiness-port and startup-port are this rule's parts.

    Bad:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              ports: [{name: web, containerPort: 3000}]
              # expect: no port named 'http'
              livenessProbe: {httpGet: {path: /health, port: http}}
              # expect: declares 3000, not 8080
              readinessProbe: {httpGet: {path: /health, port: 8080}}
    ```

    Good:
    ```yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec:
      template:
        spec:
          containers:
            - name: app
              image: app:1.2.0
              ports: [{name: http, containerPort: 3000}]
              livenessProbe: {httpGet: {path: /health, port: http}}
              readinessProbe: {grpc: {port: 3000}}
            - name: undeclared
              image: app:1.2.0
              livenessProbe: {tcpSocket: {port: 9090}}
            - name: of-another-host
              image: app:1.2.0
              ports: [{containerPort: 80}]
              readinessProbe: {httpGet: {host: 127.0.0.1, path: /, port: 8081}}
    ```

    Unknown, a script replaces the word:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          ports: [{name: web, containerPort: 3000}]
          livenessProbe: {httpGet: {path: /health, port: HEALTH_PORT}}
    ```
    """
    for field, port in _probed(container):
        if port.is_mapping or stands_in(port.text):  # {{ .Port }}; no port's name is in capital letters
            yield Unknown(port, f"the port {REASON}")
            continue
        words = _wrong(container, port)
        if not words:
            continue
        patch = unsettled(container, project)
        by_number = port.number is not None
        see = tuple(Note(each.node, "a port that is declared") for each in container.ports[:1])
        if patch:
            yield Unknown(port, f"{patch.path} may patch the ports or the {field}")
        else:
            yield Finding(port, words, see, severity="low" if by_number else None)


def _wrong(container: Container, port: Node) -> str:
    number = port.number
    if number is None:
        if any(each.name == port.text for each in container.ports):
            return ""
        return f"{container.container_name} has no port named {port.text!r}: the probe never succeeds"
    own = sorted({each.number for each in container.ports if each.number is not None and each.protocol == "TCP"})
    if not own or any(each.number == number for other in container.workload.containers for each in other.ports):
        return ""
    return f"{container.container_name} declares {', '.join(map(str, own))}, not {number:g}"
