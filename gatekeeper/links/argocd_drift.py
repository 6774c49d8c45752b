"""What a controller of the cluster writes into objects that Argo CD syncs, where the repository writes it too."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from gatekeeper.links.argocd_files import objects_of
from gatekeeper.models.kubernetes import Application, Object, VirtualService, written
from gatekeeper.models.kubernetes.mesh import is_rollout, strategy_of
from gatekeeper.models.kubernetes.network import listed
from gatekeeper.node import Node
from gatekeeper.project import Project

_INJECTED = "cert-manager.io/inject-"
_WEBHOOKS = frozenset({"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"})


class Drift(NamedTuple):
    """A field that the repository and somebody else write, and where the repository does."""

    object: Object
    field: str
    writer: str
    at: Node


def drifting(each: Application, project: Project) -> list[Drift]:
    """The fields of an Application's objects that do not stay as they are written. Raises `Unresolved`."""
    made = objects_of(each, project)
    found = [drift for one in made for drift in _bundles(one)]
    found += [drift for one in made if is_rollout(one) for drift in _weights(one, made)]
    return [drift for drift in found if not _ignored(drift.object, each, project)]


def _bundles(each: Object) -> Iterator[Drift]:
    if not any(key.startswith(_INJECTED) for key in each.annotations):
        return
    places = [each.spec["conversion"]["webhook"]["clientConfig"]["caBundle"], each.spec["caBundle"]]
    if each.kind in _WEBHOOKS:
        places = [webhook["clientConfig"]["caBundle"] for webhook in listed(each.node["webhooks"])]
    yield from (Drift(each, "caBundle", "cert-manager", node) for node in places if node.present)


def _weights(rollout: Object, made: list[Object]) -> Iterator[Drift]:
    """The weights of the routes that an Argo Rollout moves through Istio."""
    istio = strategy_of(rollout).node["trafficRouting"]["istio"]
    names = [istio["virtualService"]["name"], *(each["name"] for each in listed(istio["virtualServices"]))]
    wanted = {written(name) for name in names if name.present}
    for one in made:
        if isinstance(one, VirtualService) and one.object_name in wanted:
            weight = next((to.weight for to in one.destinations if to.weight.present), None)
            if weight is not None:
                yield Drift(one, "weight", "Argo Rollouts", weight)


def _ignored(made: Object, each: Application, project: Project) -> bool:
    for one in listed(each.spec["ignoreDifferences"]):
        kind, group = written(one["kind"]), written(one["group"])
        if fnmatchcase(made.kind, kind) and fnmatchcase(made.group, group or made.group):
            return True
    return any(_covers(key, made) for key in project.once("ignored by argocd", _configured))


def _configured(project: Project) -> list[str]:
    """The keys of Argo CD's own settings that say what is not compared."""
    found = []
    for each in project.by(Object, "object_name").get("argocd-cm", ()):
        data = each.node["data"]
        found += [key for key in (data.value if data.is_mapping else ()) if "customizations" in key]
    return found


def _covers(key: str, made: Object) -> bool:
    name = key.rpartition(".ignoreDifferences.")[2]
    return key == "resource.customizations" or name in ("all", f"{made.group}_{made.kind}")
