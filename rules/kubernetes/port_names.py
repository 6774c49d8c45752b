from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gatekeeper import Finding, Unknown
from gatekeeper.models.kubernetes import Container, Object, Service, Workload
from gatekeeper.node import Node, regex
from gatekeeper.rule import Answer, rule

_NAME = regex(r"[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?\Z")
_LETTER = regex(r"[a-z]")


def _has_ports(each: Object) -> bool:
    if isinstance(each, Workload):
        return any(container.ports for container in each.containers)
    return isinstance(each, Service) and any(isinstance(port["targetPort"].value, str) for port in each.ports)


@rule(
    "k8s-port-names",
    gate="iac-validation",
    severity="medium",
    seed="7. Infrastructure code passes validation",
    aliases=["kube-linter:invalid-target-ports", "kube-score:container-ports-check"],
    where=_has_ports,
)
def port_names(each: Object) -> Iterator[Answer]:
    """Every port has a number and a name that the API takes.

    A port's name is at most 15 lower-case letters, digits and single hyphens, one letter among them; within a container
    each name stands once. The API refuses anything else, and so it does a port without a `containerPort`. The same
    holds for a name in a Service's `targetPort`.

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
              ports:
                # expect: 'metrics-prometheus' is no port name
                - {name: metrics-prometheus, containerPort: 9090}
                - {name: http, containerPort: 8080}
                # expect: two ports are called 'http'
                - {name: http, containerPort: 8081}
                # expect: no containerPort
                - name: admin
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec:
      selector: {app: app}
      ports:
        # expect: 'HTTP' is no port name
        - {port: 80, targetPort: HTTP}
    ```

    Unknown, a template that happens to be YAML:
    ```yaml
    apiVersion: v1
    kind: Pod
    metadata: {name: app}
    spec:
      containers:
        - name: app
          image: app:1.2.0
          ports:
            - containerPort: {{ .Port }}
            - containerPort: METRICS_PORT
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
              ports: [{name: http-metrics, containerPort: 9090}, {containerPort: 8080}]
            - name: proxy
              image: proxy:1.2.0
              ports: [{name: http, containerPort: 8081}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: app}
    spec: {selector: {app: app}, ports: [{port: 80, targetPort: http-metrics}, {port: 81, targetPort: "8080"}]}
    ```
    """
    if isinstance(each, Workload):
        for container in each.containers:
            yield from _of_container(container)
    elif isinstance(each, Service):
        for port in each.ports:
            target = port["targetPort"]
            if isinstance(target.value, str) and target.number is None:
                yield from _named(target)


def _of_container(container: Container) -> Iterator[Answer]:
    names = Counter(port.name for port in container.ports if port.name)
    for port in container.ports:
        name, number = port.node["name"], port.node["containerPort"]
        if name.text and names[port.name] > 1:
            names[port.name] = -1
        elif name.text and names[port.name] < 0:
            yield Finding(name, f"two ports are called {name.text!r}: the API refuses it")
        if name.text:
            yield from _named(name)
        if not number.present:
            yield Finding(port.node["name"], "the port has no containerPort: the API refuses it")
        elif number.is_mapping or _is_placeholder(number):
            yield Unknown(number, "the port is filled in before it is applied")
        elif number.number is None or not 0 < number.number < 65536:
            yield Finding(number, f"{number.text!r} is no port number: the API refuses it")


def _is_placeholder(name: Node) -> bool:
    """Whether it is a word such as CONTAINER_PORT, for which the reader is to write another."""
    return name.text.isupper() and "PORT" in name.text


def _named(name: Node) -> Iterator[Answer]:
    if _is_placeholder(name):
        yield Unknown(name, f"{name.text} is filled in before it is applied")
    elif not _NAME.match(name.text) or "--" in name.text or not _LETTER.search(name.text):
        yield Finding(name, f"{name.text!r} is no port name (15 of a-z, 0-9 and '-' at most): the API refuses it")
