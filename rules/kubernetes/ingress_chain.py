from __future__ import annotations

from collections.abc import Iterator

from gatekeeper import Finding, Note, Project, Unknown
from gatekeeper.links import pods_of, unsettled
from gatekeeper.links.ingress import listening, port_of, services_behind
from gatekeeper.links.outside import PODS, elsewhere
from gatekeeper.models.kubernetes import Container, Inlet, Service
from gatekeeper.models.kubernetes.network import Backend
from gatekeeper.node import Node
from gatekeeper.rule import Answer, Place, Reason, place, rule


def _links(inlet: Inlet, project: Project) -> list[tuple[Backend, Service, Node]]:
    """The backends whose Service and port are here, each once."""
    found: dict[tuple[int, int], tuple[Backend, Service, Node]] = {}
    for backend in inlet.backends:
        for service in services_behind(backend, inlet, project):
            port = port_of(service, backend.port)
            if port is not None and service.selects:
                found.setdefault((id(service), id(port)), (backend, service, port))
    return list(found.values())


@rule(
    "k8s-ingress-chain",
    gate="workload-reliability",
    severity="medium",
    seed="7 Infrastructure code passes validation",
    where=lambda inlet, project: bool(_links(inlet, project)),
)
def ingress_chain(inlet: Inlet, project: Project) -> Iterator[Answer]:
    """Every Ingress leads to a container that says when it is ready.

    The chain is Ingress (or route), Service, port, target port, container, readiness probe. Where a link is missing the
    visitor gets an error: 503 when the Service selects no pod or names a port that none has, and errors at each
    deployment when the container at its end has no readiness probe, because it gets traffic before it can answer. A
    target port that is a number need not be declared; the pod's only container is taken then. Pods that run to
    completion (a chart's tests) serve nobody and are left aside. The Service itself is judged by k8s-ingress-backend
    and k8s-service-selects-nothing.

    Bad:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop}
    spec:
      # expect: no readiness probe
      defaultBackend: {service: {name: web, port: {number: 80}}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - {name: web, image: "web:1.0.0", ports: [{name: http, containerPort: 8080}]}
            - {name: proxy, image: "proxy:1.0.0", readinessProbe: {tcpSocket: {port: 9000}}}
    ```

    Bad, nobody listens:
    ```yaml
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: shop}
    spec:
      # expect: no port named 'http'
      defaultBackend: {service: {name: web, port: {number: 80}}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0", ports: [{name: web, containerPort: 8080}]}]}
    ```

    Good:
    ```yaml
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: shop}
    spec: {rules: [{backendRefs: [{name: web, port: 80}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web}
    spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1.0.0", readinessProbe: {httpGet: {path: /ready, port: 8080}}}]}
    ```
    """
    unprobed: dict[Place, list[Container]] = {}
    for backend, service, port in _links(inlet, project):
        workloads = [each for each in pods_of(service, project).workloads if not each.batch]
        if not workloads:
            yield _no_pods(backend, service, project)
        for workload in workloads:
            container = listening(workload, port)
            target = port["targetPort"]
            if container is None and target.present and target.number is None:
                patch = unsettled(workload, project)
                if patch:
                    yield Unknown(backend.node, f"{patch.path} may patch the ports of {workload.name}")
                else:
                    words = f"Service {service.object_name} leads to no port named '{target.text}' of {workload.name}"
                    yield Finding(backend.node, words, (Note(target, "here"),))
            elif container is None:
                words = (
                    f"which container of {workload.name} listens to {(target if target.present else port['port']).text}"
                )
                yield Unknown(backend.node, f"nothing says {words}")
            elif container.asked_for("readinessProbe") and not container.node["readinessProbe"].present:
                patch = unsettled(container, project)
                if patch:
                    yield Unknown(backend.node, f"{patch.path} may patch the probes of {container.name}")
                else:
                    unprobed.setdefault(place(backend.node), []).append(container)
    for at, containers in unprobed.items():
        more = f" (and {len(containers) - 1} more)" if len(containers) > 1 else ""
        words = f"{containers[0].name}{more} has no readiness probe: visitors reach it before it can answer"
        yield Finding(at, words, tuple(Note(each, "the container at the end") for each in containers))


def _no_pods(backend: Backend, service: Service, project: Project) -> Answer:
    other = elsewhere(project, *PODS)
    if other:
        words = f"the pods of Service {service.object_name} may come from elsewhere: {other}"
        return Unknown(backend.node, words, Reason.NOT_OWNED_HERE)
    if unsettled(service, project):
        return Unknown(backend.node, f"a patch changes the selector of Service {service.object_name}")
    return Finding(backend.node, f"Service {service.object_name} selects no pod here", (Note(service, "this one"),))
