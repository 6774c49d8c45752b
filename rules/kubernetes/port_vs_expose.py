from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import dockerfile_of, unsettled
from gatekeeper.models.kubernetes import Container
from gatekeeper.rule import Answer, rule

if TYPE_CHECKING:
    from gatekeeper.models.docker import Port


def _both_say(container: Container, project: Project) -> bool:
    """Whether it declares ports, and its image is certainly built here and exposes some."""
    if container.role != "app" or not _declared(container):
        return False
    link = dockerfile_of(container, project)
    return link is not None and link.certain and bool(link.stage.exposed)


@rule(
    "k8s-port-vs-expose",
    gate="workload-reliability",
    severity="medium",
    seed="4.1 Dockerfile Best Practices",
    where=_both_say,
)
def port_vs_expose(container: Container, project: Project) -> Iterator[Answer]:
    """A container declares ports that its image exposes.

    Both `containerPort` and EXPOSE are documentation, so one that lacks a port is no fault. But where both are written
    and have not one port in common, one of them was forgotten when the other changed, and it is mostly the one that the
    Service and the probes use. Judged are containers whose image is certainly built from a Dockerfile of this
    repository; ports of the base image are not seen.

    Bad:
    ```dockerfile order-service/Dockerfile
    FROM node:20-alpine
    EXPOSE 3000
    CMD ["node", "server.js"]
    ```
    ```yaml k8s/order-service.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: order-service}
    spec:
      template:
        spec:
          containers:
            - name: order-service
              image: order-service:1.4.2
              ports:
                # expect: exposes 3000
                - containerPort: 8080
    ```

    Good:
    ```dockerfile order-service/Dockerfile
    FROM node:20-alpine
    ARG PORT=3000
    EXPOSE ${PORT} 9000-9100
    CMD ["node", "server.js"]
    ```
    ```yaml k8s/order-service.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: order-service}
    spec:
      template:
        spec:
          containers:
            - {name: order-service, image: "order-service:1.4.2", ports: [{containerPort: 3000}, {containerPort: 8081}]}
            - {name: metrics, image: "order-service:1.4.2", ports: [{containerPort: 9090}]}
    ```

    Unknown, the build chooses the port:
    ```dockerfile order-service/Dockerfile
    FROM node:20-alpine
    ARG PORT
    EXPOSE $PORT
    CMD ["node", "server.js"]
    ```
    ```yaml k8s/order-service.yaml
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: order-service}
    spec:
      template:
        spec:
          containers: [{name: order-service, image: "order-service:1.4.2", ports: [{containerPort: 8080}]}]
    ```
    """
    link = dockerfile_of(container, project)
    assert link
    declared, exposed = _declared(container), link.stage.exposed
    if any(port.known and port.first <= number <= port.last for port in exposed for number in declared):
        return
    at = container.ports[0].node["containerPort"]
    patch = unsettled(container, project)
    if patch:
        yield Unknown(at, f"{patch.path} may patch the ports")
    elif not all(port.known for port in exposed):
        yield Unknown(at, f"which port {link.dockerfile.path} exposes is known only when it is built")
    else:
        words = f"the image exposes {_shown(exposed)}, not {', '.join(map(str, declared))}"
        yield Finding(at, words, (Note(exposed[0].node, link.why),))


def _shown(exposed: tuple[Port, ...]) -> str:
    return ", ".join(str(each.first) if each.first == each.last else f"{each.first}-{each.last}" for each in exposed)


def _declared(container: Container) -> list[int]:
    return [port.number for port in container.ports if port.number is not None]
