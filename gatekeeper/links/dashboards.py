"""The dashboards that the repository declares: Grafana's models, those of Terraform, those that are only named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from gatekeeper.links.judged import holding
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models.dashboards import Dashboard, Target, of_value
from gatekeeper.models.prometheus import written
from gatekeeper.node import Expression, Node, Source, regex
from gatekeeper.parsers import yaml
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.terraform import Resource

_BY_TERRAFORM = frozenset({
    "aws_cloudwatch_dashboard", "azurerm_portal_dashboard", "datadog_dashboard", "datadog_dashboard_json",
    "google_monitoring_dashboard", "grafana_dashboard", "newrelic_one_dashboard", "newrelic_one_dashboard_json",
})  # fmt: skip


class Listed(NamedTuple):
    """A dashboard: its nodes are absent where it does not say. `panels` is None when nobody can count them.

    `shows` says what its queries ask for, as far as that is recognised.
    """

    title: Node
    uid: Node
    description: Node
    panels: int | None
    node: Node
    shows: tuple[str, ...] = ()


def dashboards(project: Project) -> list[Listed]:
    """Every dashboard, in the order of the files."""
    return project.once("dashboards", lambda project: [*_written(project), *_by_terraform(project), *_fetched(project)])


def _written(project: Project) -> Iterator[Listed]:
    for each in project.all(Dashboard):
        if each.known:
            title, uid = each.at("title"), each.at("uid")
            yield Listed(title, uid, each.at("description"), len(each.panels), title, shows(each))


def _by_terraform(project: Project) -> Iterator[Listed]:
    read = {id(each.made_by) for each in project.all(Dashboard) if each.made_by is not None and each.known}
    for each in terraform_resources(project):
        if each.type not in _BY_TERRAFORM or id(each) in read or _file_of(each) in project.by(Dashboard, "path"):
            continue
        node = each.node
        title = next((node[name] for name in ("dashboard_name", "title", "name") if node[name].present), None)
        at = Node(each.name, node.source, each.span)
        yield Listed(title if title is not None else at, node["uid"], node["description"], None, at)


def _file_of(resource: Resource) -> str:
    """The file that holds the model of a dashboard of Terraform; '' when that is none, or not known."""
    written = resource.node["config_json"]
    of = getattr(written._value, "of", None)
    return of.source.path if isinstance(of, Node) and of.source.path.endswith(".json") else ""


def _fetched(project: Project) -> Iterator[Listed]:
    """Dashboards that are only named here: by the address or the number that they are fetched by."""
    for source in holding(project, (".yaml", ".yml"), "rafana"):
        if "gnetId:" not in source.text and "kind: GrafanaDashboard" not in source.text:
            continue
        for root in source.once(yaml.parse).nodes:
            for each in root.walk():
                named = _named(each)
                if named is not None:
                    yield Listed(named, each["spec"]["uid"], each["description"], None, named)


def _named(node: Node) -> Node | None:
    if not node.is_mapping:
        return None
    if node["kind"].known and node["kind"] == "GrafanaDashboard":
        spec = node["spec"]
        wanted = ("url", "grafanaCom", "configMapRef", "gzipJson", "jsonnet", "jsonnetLib")
        return node["metadata"]["name"] if any(spec[name].present for name in wanted) else None
    number = node["gnetId"]
    if number.known and number.value and "panels" not in node and node.key:
        return Node(node.source.slice(node.key).strip("\"'"), node.source, node.key)
    return None


def made_by_terraform(project: Project) -> Iterator[Dashboard]:
    """The dashboards whose model Terraform makes of values, or has as text; one in a file is read with the others."""
    kinds = [each for each in terraform_resources(project) if each.type == "grafana_dashboard"]
    if not kinds:
        return
    from gatekeeper.models.terraform.policy_documents import decoded

    for resource in kinds:
        for each in resource.instances or [resource]:
            written = each.node["config_json"]
            if not written.present or _file_of(resource):
                continue
            made = of_value(decoded(written), written, resource)
            if made is not None:
                yield made


# what they show

_HEALTH = regex(
    r"\b(?:up|probe_success)\b|[Ee]rr(?:or)?s?\b|_errors?_|_failed|_failures?|5\.\.|5\[0-9\]|availab|status_?(?:code|class)"
)
_LATENCY = regex(r"histogram_quantile|_(?:latency|duration|request_time|response_time)\w{0,40}|percentile")
_RATE = regex(r"\b[ir]?rate[ ]?\(|increase[ ]?\(|:\w{0,60}rate\d")
HEALTH, PERFORMANCE = "availability and errors", "latency and throughput"


def shows(dashboard: Dashboard) -> tuple[str, ...]:
    """What its queries ask for, of the two that everybody wants to see: by the words of its queries of metrics."""
    asked = [target.expr for target in dashboard.targets if target.asks_prometheus]
    found = [HEALTH] if any(_HEALTH.search(expr) for expr in asked) else []
    if any(_LATENCY.search(expr) for expr in asked) and any(_RATE.search(expr) for expr in asked):
        found.append(PERFORMANCE)
    return tuple(found)


# what they ask

_SOURCES = ("datasources:", "kind: GrafanaDatasource", "additionalDataSources:")


def provisioned(project: Project) -> frozenset[str]:
    """The names and uids of the data sources that this repository sets up in Grafana."""
    return project.once("provisioned data sources", lambda project: frozenset(_provisioned(project)))


def _provisioned(project: Project) -> Iterator[str]:
    for resource in terraform_resources(project):
        if resource.type == "grafana_data_source":
            yield from (written(resource.node[name]) for name in ("uid", "name") if resource.node[name].present)
    for source in holding(project, (".yaml", ".yml")):
        if any(words in source.text for words in _SOURCES):
            for root in source.once(yaml.parse).nodes:
                for node in (each for top in (root, *_inner(root)) for each in top.walk()):
                    yield from _sources_of(node)


def _inner(root: Node) -> Iterator[Node]:
    """What the texts of a file hold that set up data sources: those of a ConfigMap, or of a chart's values."""
    for each in root.texts():
        if "datasources:" in str(each.value):
            yield from yaml.parse(Source(root.source.path, str(each.value))).nodes


def _sources_of(node: Node) -> Iterator[str]:
    if not node.is_mapping:
        return
    for name in ("datasources", "additionalDataSources"):
        for each in node[name] if node[name].is_list else ():
            yield from (written(each[key]) for key in ("uid", "name") if each[key].present)
    if node["kind"].known and node["kind"] == "GrafanaDatasource":
        inner = node["spec"]["datasource"]
        yield from (written(at) for at in (inner["uid"], inner["name"], node["metadata"]["name"]) if at.present)


# where they lead

_UID = regex(r"/d(?:-solo)?/([A-Za-z0-9_-]{1,40})(?:/([a-z0-9_.-]{0,200}))?(?=[?/&#$]|\Z)")
_NO_SLUG = regex(r"[^a-z0-9]+")


class Led(NamedTuple):
    """What a link to a dashboard names, and the dashboard here that it means; `meant` is one that it seems to mean."""

    uid: str
    found: Dashboard | None
    meant: Dashboard | None = None


def leads(address: str, project: Project) -> Led | None:
    """The dashboard that an address of Grafana names by its uid; None for any other address."""
    match = _UID.search(address)
    if match is None:
        return None
    return named(match[1], match[2] or "", project)


def named(uid: str, slug: str, project: Project) -> Led:
    """The dashboard that a uid, and the words that links put behind it, name."""
    known: Mapping[str, Dashboard] = project.once("dashboards by uid", _by_uid)
    found = known.get(uid)
    if found is not None or not slug:
        return Led(uid, found)
    by_slug: Mapping[str, Dashboard] = project.once("dashboards by slug", _by_slug)
    return Led(uid, None, by_slug.get(slug.strip("-")))


def _by_uid(project: Project) -> dict[str, Dashboard]:
    return {each.uid: each for each in reversed(project.all(Dashboard)) if each.known and each.uid}


def _by_slug(project: Project) -> dict[str, Dashboard]:
    found: dict[str, Dashboard] = {}
    several: set[str] = set()
    for each in project.all(Dashboard):
        slug = slug_of(each.title) if each.known else ""
        if slug in found and found[slug].uid != each.uid:
            several.add(slug)
        found.setdefault(slug, each)
    return {slug: each for slug, each in found.items() if slug and each.uid and slug not in several}


def slug_of(title: str) -> str:
    """The words that Grafana puts behind the uid in its addresses."""
    return _NO_SLUG.sub("-", title.lower()).strip("-")


def targets(dashboard: Dashboard) -> list[Target]:
    """The queries of all of its panels."""
    return dashboard.targets


def targets_of(project: Project) -> list[Target]:
    """The queries of every dashboard that can be read."""
    return project.once(
        "queries of dashboards", lambda p: [t for each in p.all(Dashboard) if each.known for t in targets(each)]
    )


def unread(project: Project) -> Node | None:
    """Something in the place of a dashboard that could not be read."""
    fault = next((each for each in project.faults if each.technology == "dashboards"), None)
    if fault is None:
        return next((each.doubt for each in project.all(Dashboard) if each.doubt is not None), None)
    return Node(Expression(fault.source.path, fault.message), fault.source, fault.span)
