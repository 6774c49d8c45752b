"""Whether logs are written with fields that can be searched: what configuration shows, and what only hints at it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.discover import Unreadable
from gatekeeper.links.judged import judged
from gatekeeper.models import Subject
from gatekeeper.models.trial import for_trial
from gatekeeper.node import START, Node, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.compose import Service, Setting
    from gatekeeper.models.kubernetes import Container, Workload
    from gatekeeper.models.kubernetes.objects import EnvVar
    from gatekeeper.models.telemetry import Collector, Component

# Files that configure a logger, and the words in them that make it write JSON.
_CONFIGURES = (
    (regex(r"(?:.*/)?logback[\w.-]{0,60}\.xml\Z"),
     regex(r"(?:Logstash|Json|JSON|Ecs|Stackdriver|Structured)[A-Za-z]{0,30}(?:Encoder|Layout|Formatter)"
           r"|LoggingEventCompositeJsonEncoder|structured-(?:console|file)-appender")),
    (regex(r"(?:.*/)?log4j2?[\w.-]{0,60}\.(?:xml|properties|ya?ml|json)\Z"),
     regex(r"JsonTemplateLayout|JsonLayout|JSONLayout|EcsLayout|JSONEventLayout")),
    (regex(r"(?:.*/)?appsettings[\w.-]{0,60}\.json\Z"),
     regex(r"JsonFormatter|JsonConsole|\"FormatterName\"[ ]{0,4}:[ ]{0,4}\"[Jj]son\"|EcsTextFormatter")),
    (regex(r"(?:.*/)?application[\w.-]{0,60}\.(?:ya?ml|properties)\Z"),
     regex(r"logging\.structured\.format|^[ ]{1,12}structured:[ ]*\n[ ]{1,16}format:|quarkus\.log\.console\.json",
           re.MULTILINE)),
    (regex(r"(?:.*/)?(?:logging|log_config|logconfig|gunicorn|uvicorn)[\w.-]{0,60}\.(?:ini|conf|cfg|ya?ml|json|toml)\Z"),
     regex(r"pythonjsonlogger|jsonlogger|JsonFormatter|JSONFormatter|JSONRenderer")),
)  # fmt: skip
_MANIFESTS = regex(
    r"(?:.*/)?(?:package\.json|requirements[\w.-]{0,40}\.txt|pyproject\.toml|Pipfile|go\.mod|pom\.xml|build\.gradle"
    r"(?:\.kts)?|Gemfile|Cargo\.toml|[\w.-]{1,80}\.csproj)\Z"
)
_LIBRARIES = regex(
    r"\"(pino|winston|bunyan)\"|(structlog|python-json-logger|loguru)\b|(go\.uber\.org/zap|rs/zerolog|sirupsen/logrus)"
    r"|(logstash-logback-encoder|ecs-logging|quarkus-logging-json)"
    r"|['\"](lograge|semantic_logger|rails_semantic_logger)['\"]|(tracing-subscriber)|(Serilog)\b"
)
_VARIABLE = regex(r"(?:[A-Z]+_){0,3}LOG(?:GING|GER|S)?_(?:FORMAT|FORMATTER|ENCODING|STYLE|TYPE|OUTPUT_FORMAT)\Z")
_FLAG = regex(
    r"--?(?:[a-z]{1,20}[.-])?log(?:ging|ger)?[-_.]?(?:format|encoding|style|formatter|encoder)[= ]json\b|--json-logs?\b"
)
_LONGEST = 400_000


_NOT_LIVE = regex(r"(?:^|[-_./])(?:tests?|dev|development|local|samples?|examples?)(?=[-_./]|\Z)", re.IGNORECASE)
_OFF = regex(r"^[ \t]*[#!;].*$|^.*[=:][ \t]*false[ \t]*$", re.MULTILINE)
_COMMENT = regex(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_APPENDER = regex(
    r"<(?:appender|Console|Socket|File|RollingFile|Async)\b[^<>]{0,300}?\bname=[\"']([^\"'<>]{1,100})[\"']"
)
_FORMATTER = regex(r"\bformatter[\"']?[ \t]{0,9}[:=][ \t]{0,9}[\"']?([\w-]{1,60})")
# What runs beside the services of whoever deploys here, and logs as its makers chose.
_MADE_BY_OTHERS = regex(
    r"(?:^|/)(?:prom|grafana|argoproj|jetstack|fluxcd|istio|bitnami|hashicorp|envoyproxy|ingress-nginx|traefik"
    r"|kube-state-metrics|metrics-server|oauth2-proxy|coredns|cilium|dexidp|velero)/|(?:^|/)(?:traefik|nginx|envoy"
    r"|prometheus|grafana|alertmanager|vault|consul|oauth2-proxy)(?=[:@]|\Z)|registry\.k8s\.io/|quay\.io/prometheus/"
)


class Shown(NamedTuple):
    """What shows that logs are structured: in words, where, and of which service; '' where it is of all."""

    words: str
    at: Node
    service: str = ""


class Asked(NamedTuple):
    """The services whose logs are asked about, by name, and those of them of which something shows it."""

    services: dict[str, Subject]
    shown: frozenset[str]


def proofs(project: Project) -> list[Shown]:
    """What configuration here shows."""
    return project.once("structured logs", lambda project: list(_proofs(project)))


def asked(project: Project) -> Asked:
    """Each service: those that a cluster serves, else those that Compose builds; not what others made."""
    services = _services(project)
    found = proofs(project)
    if any(not each.service for each in found):
        return Asked(services, frozenset(services))
    return Asked(services, frozenset(each.service for each in found) & services.keys())


def _services(project: Project) -> dict[str, Subject]:
    workloads = Subject.registry.get("kubernetes.Workload")
    found: dict[str, Subject] = {}
    if workloads and project.all(workloads):
        from gatekeeper.links.measured import keeps_data
        from gatekeeper.links.shown import served

        found = {each.object_name: each for each in served(project) if not (keeps_data(each) or _of_others(each))}
    services = Subject.registry.get("compose.Service")
    built = cast("list[Service]", project.all(services)) if services and not found else []
    return found or {each.service_name: each for each in built if each["build"].present and not each.development}


def _of_others(workload: Workload) -> bool:
    image = next((each.image for each in workload.containers), None)
    return image is not None and image.known and _MADE_BY_OTHERS.search(image.text) is not None


def _proofs(project: Project) -> Iterator[Shown]:
    collectors = Subject.registry.get("telemetry.Collector")
    found = cast("list[Collector]", project.all(collectors)) if collectors else []
    every = [each for collector in found if not collector.trial for each in collector.components]
    used = {name for each in every for name in _parsers_of(each)}
    for each in every:
        if _parses(each) and (each.kind != "parser" or each.id in used):
            yield Shown("what ships the logs reads JSON", each.at)
    workloads = Subject.registry.get("kubernetes.Workload")
    for workload in cast("list[Workload]", project.all(workloads)) if workloads else ():
        if not for_trial(workload.path) and not _of_others(workload):
            for container in workload.containers:
                yield from _of_container(container)
    services = Subject.registry.get("compose.Service")
    for service in cast("list[Service]", project.all(services)) if services else ():
        if not service.development:
            yield from _of_settings(service.environment, service.service_name)
    yield from _of_files(project)


def _of_files(project: Project) -> Iterator[Shown]:
    """Files that set up a logger: of one service where a folder is called like it, else of all."""
    services = _services(project)
    for path in judged(project):
        for name, words in _CONFIGURES:
            if name.match(path) and not _NOT_LIVE.search(path) and _writes(path, words, project):
                service = next((step for step in path.split("/")[:-1] if step in services), "")
                at = Node(None, project.tree.source(path), START)
                yield Shown(f"{posixpath.basename(path)} writes JSON", at, service)


def _writes(path: str, words: re.Pattern[str], project: Project) -> bool:
    """Whether what writes JSON is named in a file, outside its comments, and used."""
    text = _text(path, project)
    if not words.search(text):
        return False
    text = _COMMENT.sub("", text) if path.endswith(".xml") else _OFF.sub("", text)
    found = words.search(text)
    if found is None:
        return False
    appenders = _APPENDER.findall(text[: found.start()]) if path.endswith(".xml") else []
    if appenders:
        return any(f"ref={quote}{appenders[-1]}{quote}" in text for quote in "\"'")
    formatters = _FORMATTER.findall(text)
    above = " ".join(text[: found.start()].split("\n")[-2:])
    return not formatters or any(re.search(rf"\b{re.escape(name)}\b", above) for name in formatters)


def _of_container(container: Container) -> Iterator[Shown]:
    service = container.workload.object_name
    yield from _of_settings(container.env, service)
    for field in ("args", "command"):
        words = container.node[field]
        for each in words if words.is_list else ():
            if each.known and _FLAG.search(each.text):
                yield Shown(f"the arguments of {container.name}", each, service)


def _of_settings(settings: Iterable[EnvVar | Setting], service: str) -> Iterator[Shown]:
    for name, value in ((each.name, each.value) for each in settings):
        if _VARIABLE.match(name) and value.known and value.text.lower() in ("json", "ecs", "logstash", "gelf"):
            yield Shown(f"{name} of {service}", value, service)


def _parsers_of(each: Component) -> Iterator[str]:
    """The parsers that an input or a filter uses; what Docker wraps around a line is none of the line's own."""
    for key, nodes in each.values.items() if each.kind in ("input", "filter") else ():
        if key in ("parser", "multiline.parser"):
            yield from (part.strip() for node in nodes if node.known for part in node.text.split(","))


def _parses(each: Component) -> bool:
    """Whether a component takes its lines for JSON."""
    if each.kind == "parser":
        held = each.get("format")
        return held is not None and held.known and held.text.lower() == "json" and "docker" not in each.id.lower()
    if each.kind in ("source", "filter"):
        kinds = [part.type for part in each.parts if part.kind == "parse"]
        if "json" in kinds:
            return True
    if each.kind == "scrape":
        stages = each.get("pipeline_stages")
        return stages is not None and stages.is_list and any(stage.is_mapping and "json" in stage for stage in stages)
    if each.type == "remap":
        return _says(each, "source", "parse_json")
    if each.kind == "receiver":
        operators = each.get("operators")
        listed = list(operators) if operators is not None and operators.is_list else []
        return any(one.is_mapping and one["type"].known and one["type"].text == "json_parser" for one in listed)
    return False


def _says(each: Component, key: str, words: str) -> bool:
    held = each.get(key)
    return held is not None and held.known and words in held.text.lower()


def hints(project: Project) -> list[str]:
    """The libraries among the dependencies that can write JSON: whether they do stands in code."""

    def make(project: Project) -> list[str]:
        found: dict[str, None] = {}
        for path in judged(project):
            if _MANIFESTS.match(path):
                for match in _LIBRARIES.finditer(_text(path, project)):
                    found[next(group for group in match.groups() if group)] = None
        return list(found)

    return project.once("structured hints", make)


def _text(path: str, project: Project) -> str:
    try:
        return project.tree.source(path).text[:_LONGEST]
    except Unreadable:
        return ""
