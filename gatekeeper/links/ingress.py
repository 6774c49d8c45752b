"""Where traffic from outside goes: from an Ingress or a route to a Service, its port, and the container behind it."""

from __future__ import annotations

from typing import TypeVar

from gatekeeper.links.outside import elsewhere
from gatekeeper.links.selectors import Rung, compatible, nearest, rung_of
from gatekeeper.models.kubernetes import Container, Inlet, Object, Service, Workload, builds, written
from gatekeeper.models.kubernetes.network import Backend
from gatekeeper.node import Node
from gatekeeper.project import Project

Kind = TypeVar("Kind", bound=Object)


def named(kind: type[Kind], name: str, near: Object, project: Project, namespace: str = "") -> list[Kind]:
    """The objects of that type and name that `near` means, the nearest ones; `namespace` where it says another."""
    wanted = namespace or near.namespace
    found = [each for each in project.by(kind, "object_name").get(name, ()) if compatible(each.namespace, wanted)]
    return nearest(near, found, project)[0]


def services_behind(backend: Backend, inlet: Inlet, project: Project) -> list[Service]:
    """The Services that a backend means."""
    return named(Service, backend.service, inlet, project, backend.namespace)


def port_of(service: Service, port: Node) -> Node | None:
    """The port of a Service that a number or a name means; None when it has no such port. Raises `Unresolved`."""
    for each in service.ports:
        if port.number is not None and each["port"].number == port.number:
            return each
        if port.text and each["name"].text == port.text:
            return each
    return None


def far(one: Object, other: Object, project: Project) -> bool:
    """Whether nothing but the name binds two objects: they stand apart, and one leaves its namespace open."""
    return one.namespace != other.namespace and rung_of(one, other, project.tree.once(builds)) == Rung.REPOSITORY


def maker_of(name: str, project: Project) -> str:
    """What makes a Service of that name although no manifest declares it, in words; '' when nothing here does."""
    for each in project.all(Object):
        if each.kind == "Canary" and each.group == "flagger.app":
            target = written(each.spec["targetRef"]["name"])
            called = written(each.spec["service"]["name"]) or target
            if name in (called, f"{called}-primary", f"{called}-canary"):
                return f"Flagger makes it for {each.name}"
        if each.kind == "Service" and each.group == "serving.knative.dev" and each.object_name == name:
            return f"Knative makes it for {each.name}"
    return ""


def elsewhere_or_none(project: Project) -> str:
    """Why a Service may exist that is not declared here; '' when that is not so."""
    return elsewhere(project, "Service", "ServiceEntry") or (
        "" if project.all(Service) else "no Service is declared here"
    )


def listening(workload: Workload, port: Node) -> Container | None:
    """The container that takes what comes to a Service's port, by its target; None when no container has that port.

    A container may listen to a number that it does not declare: then the only one that serves is taken.
    """
    target = port["targetPort"] if port["targetPort"].present else port["port"]
    serving = [each for each in workload.containers if each.role in ("app", "sidecar")]
    number = target.number
    for container in serving:
        if any(
            (each.number == number) if number is not None else (each.name == target.text) for each in container.ports
        ):
            return container
    apps = [each for each in serving if each.role == "app"]
    return apps[0] if number is not None and len(apps) == 1 else None
