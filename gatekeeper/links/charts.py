"""The charts that this repository has installed, and what it sets of their values: by Helm itself, Flux, Argo CD, k3s
or Terraform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.aside import aside, aside_of
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models import Spot, Subject
from gatekeeper.models.prometheus import written
from gatekeeper.node import Node
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.helm import Chart, Dependency
    from gatekeeper.models.kubernetes import Object
    from gatekeeper.models.terraform import Resource

_DEEPEST = 8  # levels of values that are looked at
_INSTALLING = frozenset({"HelmRelease", "HelmChart", "Application", "ApplicationSet"})


class Installed(NamedTuple):
    """One chart: its name without where it comes from, and the values that are written here, by their dotted paths.

    `doubt` says why it may not be installed in production.
    """

    name: str
    at: Spot
    values: dict[str, str]
    doubt: str = ""

    def off(self, *switches: str) -> str:
        """The first of its values that switches one of some parts off; '' when none does."""
        endings = tuple(f"{switch}.enabled" for switch in switches)
        return next((path for path, text in self.values.items() if path.endswith(endings) and text == "false"), "")


def installed_charts(project: Project) -> list[Installed]:
    return project.once("installed charts", lambda p: [*_by_objects(p), *_by_charts(p), *_by_terraform(p)])


# by objects of a cluster


def _by_objects(project: Project) -> Iterator[Installed]:
    kind = cast("type[Object] | None", Subject.registry.get("kubernetes.Object"))
    for each in project.all(kind) if kind else ():
        if each.kind in _INSTALLING:
            doubt = "it is suspended" if written(each.spec["suspend"]) == "true" else aside_of(each)
            for name, values in _of_object(each, project):
                yield Installed(name.rpartition("/")[2], each, values, doubt)


def _of_object(each: Object, project: Project) -> Iterator[tuple[str, dict[str, str]]]:
    spec = each.spec["template"]["spec"] if each.kind == "ApplicationSet" else each.spec
    if each.kind in ("Application", "ApplicationSet"):
        several = spec["sources"]
        for source in (spec["source"], *(several if several.is_list else ())):
            if source.is_mapping and source["chart"].present:
                helm = source["helm"]
                values = helm["valuesObject"] if helm["valuesObject"].present else helm["values"]
                yield written(source["chart"]), {**_values(values), **_listed(helm["parameters"])}
        return
    values = _values(spec["values"] if spec["values"].present else spec["valuesContent"])
    chart = spec["chart"]
    if chart.present:
        yield written(chart["spec"]["chart"] if chart.is_mapping else chart), values
    elif spec["chartRef"].is_mapping:
        yield _fetched(written(spec["chartRef"]["name"]), project), values


def _fetched(name: str, project: Project) -> str:
    """The chart that an OCIRepository or a HelmChart of some name fetches."""
    kind = cast("type[Object] | None", Subject.registry.get("kubernetes.Object"))
    for each in project.by(kind, "object_name").get(name, ()) if kind and name else ():
        if each.kind == "OCIRepository":
            return written(each.spec["url"])
    return ""


# by charts


def _by_charts(project: Project) -> Iterator[Installed]:
    kind = cast("type[Chart] | None", Subject.registry.get("helm.Chart"))
    for chart in project.all(kind) if kind else ():
        values = _values(chart.values) if chart.values is not None else {}
        for each in chart.dependencies:
            off = _switched_off(each, values)
            doubt = f"{off} switches it off" if off else aside(chart.path)
            own = f"{each.alias or each.name}."
            below = {path.removeprefix(own): text for path, text in values.items() if path.startswith(own)}
            yield Installed(each.name, each.node, below, doubt)


def _switched_off(each: Dependency, values: dict[str, str]) -> str:
    """The value that leaves a chart out: the first of its conditions that is written, else tags of which none is on.

    https://helm.sh/docs/topics/charts/#tags-and-condition-fields-in-dependencies
    """
    for path in written(each.node["condition"]).split(","):
        if path.strip() in values:
            return path.strip() if values[path.strip()] == "false" else ""
    tags = each.node["tags"]
    said = {f"tags.{written(tag)}" for tag in (tags if tags.is_list else ())} & values.keys()
    return min(said) if said and all(values[tag] == "false" for tag in said) else ""


# by Terraform


def _by_terraform(project: Project) -> Iterator[Installed]:
    for each in terraform_resources(project):
        if each.type == "helm_release":
            doubt = aside(each.path) if each.times else "how often it is there is not known"
            yield Installed(written(each.node["chart"]).rpartition("/")[2], each, _of_release(each), doubt)


def _of_release(release: Resource) -> dict[str, str]:
    values = release.node["values"]
    found: dict[str, str] = {}
    for each in values if values.is_list else ():
        found |= _values(each)
    return found | _listed(release.node["set"])


# values


def _listed(node: Node) -> dict[str, str]:
    """Values that are given one by one: `{name: a.b, value: c}`."""
    each = list(node) if node.is_list else [node]
    return {written(one["name"]): written(one["value"]).lower() for one in each if one.is_mapping}


def _values(node: Node) -> dict[str, str]:
    """The values of a mapping by their paths, in lower case; they may be a text in YAML."""
    if node.known and isinstance(node.value, str):
        from gatekeeper.models.embedded import inside

        return {path: text for root in inside(node).documents().nodes for path, text in _leaves(root)}
    return dict(_leaves(node))


def _leaves(node: Node, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for key, value in node.items() if node.whole and node.is_mapping and depth < _DEEPEST else ():
        below = f"{path}.{key}" if path else key
        if value.is_mapping:
            yield from _leaves(value, below, depth + 1)
        elif not value.is_list:
            yield below, written(value).lower()
