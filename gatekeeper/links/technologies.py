"""What the repository is built with, each technology with the places that show it.

What the models read shows it, and files by their names; never what a document says of it, and no test data. A client
library in a list of packages is a weak sign: the code can speak to it, and nobody need run it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from gatekeeper.discover import Unreadable
from gatekeeper.links.judged import holding, judged
from gatekeeper.models import Place, Spot, Subject, place
from gatekeeper.models.image import ImageReference
from gatekeeper.models.technologies import KINDS, Globs, Held, Known, Signs, table
from gatekeeper.node import Node, Source, regex
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.compose import Service
    from gatekeeper.models.docker import Stage
    from gatekeeper.models.kubernetes import Container, Object, Workload
    from gatekeeper.models.pipeline.ir import Step
    from gatekeeper.models.prometheus import RuleGroup
    from gatekeeper.models.terraform import Block, Resource


class Sign(NamedTuple):
    """The first place that shows a technology in one way, what is to be seen there, and all files where it is.

    `maybe`: it may mean something else.
    """

    at: Place
    what: str
    files: frozenset[str]
    maybe: bool = False


class Technology(NamedTuple):
    """A technology that is here, with its signs, the clearest first."""

    known: Known
    signs: tuple[Sign, ...]

    @property
    def name(self) -> str:
        return self.known.name

    @property
    def group(self) -> str:
        return self.known.group

    @property
    def maybe(self) -> bool:
        """Whether no sign is certain."""
        return all(sign.maybe for sign in self.signs)

    @property
    def shown_by(self) -> Sign:
        return self.signs[0]

    @property
    def files(self) -> frozenset[str]:
        """Every file that shows it."""
        return frozenset().union(*(sign.files for sign in self.signs))


def technologies(project: Project) -> list[Technology]:
    """The technologies of the table that this repository shows, in the order of the table."""

    def make(project: Project) -> list[Technology]:
        seen, files = _seen(project), _Files(project)
        found = (Technology(known, tuple(_signs(known, seen, files, project))) for known in table())
        return [each for each in found if each.signs]

    return project.once("technologies of the stack", make)


def _signs(known: Known, seen: _Seen, files: _Files, project: Project) -> Iterator[Sign]:
    """Its signs, those that are certain first."""
    yield from _subjects(known, project)
    yield from _named(known, seen)
    yield from files.named(known)
    yield from _texts(known, project)
    yield from (sign._replace(maybe=True) for sign in _named(known.maybe, seen))
    yield from files.packages(known)


# by what the models read


def _subjects(known: Known, project: Project) -> Iterator[Sign]:
    for name in known.subjects:
        kind = Subject.registry.get(name)
        found = [each for each in project.all(kind) if _counts(each, name)] if kind else []
        if found:
            yield Sign(_at(found[0]), _WORDS.get(name, name), frozenset(each.path for each in found))


_WORDS = {
    "terraform.Resource": "a resource", "terraform.Data": "a data source", "terraform.ModuleCall": "a module call",
    "terraform.Provider": "a provider", "terraform.TerraformSettings": "a terraform block",
    "terraform.Terragrunt": "a Terragrunt file", "cloudformation.Template": "a template",
    "pulumi.Project": "a project", "ansible.Play": "a play", "ansible.Task": "a task", "ansible.Config": "its settings",
    "docker.Dockerfile": "a Dockerfile", "compose.Service": "a Compose service", "helm.Chart": "a chart",
    "kubernetes.Workload": "a workload", "kubernetes.Kustomization": "a kustomization",
    "pipeline.GithubPipeline": "a workflow", "pipeline.GitlabPipeline": "a pipeline",
    "pipeline.JenkinsPipeline": "a pipeline", "kubernetes.Application": "an Application",
    "kubernetes.ApplicationSet": "an ApplicationSet", "kubernetes.AppProject": "an AppProject",
    "prometheus.RuleGroup": "a group of rules", "telemetry.BeatsConfig": "the configuration of a beat",
    "telemetry.LokiConfig": "its configuration", "telemetry.FluentdConfig": "its configuration",
    "telemetry.FluentBitConfig": "a configuration of Fluent Bit", "telemetry.LogstashConfig": "a pipeline of Logstash",
    "telemetry.PromtailConfig": "a configuration of Promtail",
}  # fmt: skip


def _counts(each: Subject, name: str) -> bool:
    """Whether a subject shows its technology: another front end makes the same subjects, and examples are nobody's."""
    if type(each).technology != name.partition(".")[0] or each.path.startswith(".devcontainer/"):
        return False
    if name.startswith("terraform."):
        module = getattr(each, "module", None)
        return not getattr(each, "implied", False) and not (module is not None and module.shown)
    if name == "prometheus.RuleGroup":  # Loki's rules are written alike
        return not any(_LOGQL.search(rule.expr.text) for rule in cast("RuleGroup", each).rules if rule.expr.known)
    return name != "compose.Service" or bool(getattr(each, "whole", True))


_LOGQL = regex(
    r"\}\s{0,40}(?:\|[=~]|!=|!~|\|\s{0,40}(?:json|logfmt|pattern|unpack|regexp|line_format)\b)|[(]\s{0,40}\{"
)


def _at(spot: Spot) -> Place:
    """Where it stands. A block of Terraform is not evaluated for it."""
    written = getattr(spot, "written_in", None)
    return Place(written, cast("Block", spot).span) if isinstance(written, Source) else place(spot)


class _Seen:
    """What is named, by the kind of name: the first place of each name, and the files that it stands in."""

    def __init__(self) -> None:
        self.names: dict[str, dict[str, tuple[Spot, set[str]]]] = {kind: {} for kind in KINDS}

    def add(self, kind: str, name: str, at: Spot) -> None:
        if name:
            files = self.names[kind].setdefault(name, (at, set()))[1]
            files.add(at.path if isinstance(at, Subject) else at.source.path)


_SAID = {
    "types": "{}", "providers": "provider {}", "keys": "{}", "stores": "secrets from {}", "images": "image {}",
    "charts": "chart {}", "actions": "action {}", "commands": "command {}", "variables": "{} is set",
}  # fmt: skip


def _named(known: Known | Signs, seen: _Seen) -> Iterator[Sign]:
    for kind in KINDS:
        globs: list[str] = getattr(known, kind)
        if not globs:
            continue
        wanted = Globs(f"{glob}/*" if kind == "groups" and "/" not in glob else glob for glob in globs)
        for name, (at, files) in seen.names[kind].items():
            if wanted.match(name):
                yield Sign(_at(at), _said(kind, name), frozenset(files))


def _said(kind: str, name: str) -> str:
    if kind == "groups":
        group, _, what = name.rpartition("/")
        return f"{what} of {group}" if group else what
    return _SAID[kind].format(name)


def _seen(project: Project) -> _Seen:
    seen = _Seen()
    for gather in (_of_terraform, _of_kubernetes, _of_containers, _of_charts, _of_pipelines):
        gather(project, seen)
    return seen


def _every(project: Project, name: str) -> list[Any]:
    kind = Subject.registry.get(name)
    return project.all(kind) if kind else []


def _of_terraform(project: Project, seen: _Seen) -> None:
    for name in ("terraform.Resource", "terraform.Data"):
        for each in sorted(_every(project, name), key=lambda each: bool(each.implied)):  # what is written comes first
            if not each.module.shown:
                seen.add("types", each.type, each)
                if each.type == "helm_release":
                    seen.add("charts", _chart(each.node["chart"]), each)
    for each in _every(project, "terraform.Provider"):
        if not each.module.shown:
            seen.add("providers", each.label, each)


def _of_kubernetes(project: Project, seen: _Seen) -> None:
    for each in cast("list[Object]", _every(project, "kubernetes.Object")):
        seen.add("groups", f"{each.group}/{each.kind}", each)
        keys = {**each.labels, **each.annotations}
        workloads = Subject.registry.get("kubernetes.Workload")
        if workloads and isinstance(each, workloads):
            template = cast("Workload", each).template
            keys = {**keys, **_keys(template.at("metadata.annotations")), **_keys(template.at("metadata.labels"))}
        for key in keys:
            seen.add("keys", key, each)
        for store in _stores(each):
            seen.add("stores", store, each)


def _keys(node: Node) -> dict[str, str]:
    return {key: "" for key, _ in node.items()} if node.whole and node.is_mapping else {}


def _stores(each: Object) -> Iterator[str]:
    """Where an object of External Secrets or of the CSI driver gets its secrets."""
    provider = each.spec["provider"]
    if each.kind == "SecretProviderClass" and provider.known:
        yield provider.text
        wanted = each.spec.at("parameters.objects")
        if provider.text == "aws" and wanted.known and "secretsmanager" in wanted.text:
            yield "aws secretsmanager"
    elif each.kind in ("SecretStore", "ClusterSecretStore") and provider.whole and provider.is_mapping:
        for name, settings in provider.items():
            yield name
            if name == "aws" and settings["service"].known and settings["service"].text == "SecretsManager":
                yield "aws secretsmanager"


def _of_containers(project: Project, seen: _Seen) -> None:
    for container in cast("list[Container]", _every(project, "kubernetes.Container")):
        if container.image.known:
            seen.add("images", _image(container.reference), container)
        for variable in _variables(container.node["env"]):
            seen.add("variables", variable, container)
    for service in cast("list[Service]", _every(project, "compose.Service")):
        if service.whole:
            seen.add("images", _image(_started(service, project)), service)
            for setting in service.environment:
                seen.add("variables", setting.name, service)
    for stage in cast("list[Stage]", _every(project, "docker.Stage")):
        base = stage.lineage[-1].base if stage.ships else None
        if isinstance(base, ImageReference):
            seen.add("images", _image(base), stage)


def _started(service: Service, project: Project) -> ImageReference | None:
    """The image that a service is started from, with what the `.env` beside its file and defaults put in."""
    text = service.image.expression.text if service.image.expression else service.image.text
    if "$" in text:
        beside = project.once(("env file", posixpath.dirname(service.path)), lambda project: _beside(service, project))
        text = _PUT_IN.sub(lambda found: beside.get(found[1] or found[3], found[2] or ""), text)
    return ImageReference.parse(text) if text else None


def _beside(service: Service, project: Project) -> dict[str, str]:
    path = posixpath.join(posixpath.dirname(service.path), ".env")
    try:
        text = project.tree.source(path).text[:_LONGEST] if path in project.tree else ""
    except Unreadable:
        return {}
    return {name: value.strip("\"'") for name, value in _ENV_LINE.findall(text)}


_PUT_IN = regex(r"\$(?:\{(\w{1,100})(?::?-([^{}$\n]{0,200}))?\}|(\w{1,100}))")
_ENV_LINE = regex(r"^(\w{1,100})=([^\s#]{0,300})", re.MULTILINE)


def _variables(env: Node) -> Iterator[str]:
    for entry in env if env.known and env.is_list else ():
        if entry.is_mapping and entry["name"].known:
            yield entry["name"].text


def _image(reference: ImageReference | None) -> str:
    if reference is None:
        return ""
    own = reference.repository.removeprefix("library/")
    return own if reference.registry == "docker.io" else f"{reference.registry}/{reference.repository}"


def _of_charts(project: Project, seen: _Seen) -> None:
    for chart in _every(project, "helm.Chart"):
        for dependency in chart.dependencies:
            seen.add("charts", dependency.name, dependency.node)
    for each in cast("list[Object]", _every(project, "kubernetes.Object")):
        if each.kind in _DELIVERS:
            for node in _deliveries(each):
                seen.add("charts", _chart(node), each)
    for each in _every(project, "kubernetes.Kustomization"):
        for entry in each.node["helmCharts"] if each.node["helmCharts"].is_list else ():
            seen.add("charts", _chart(entry["name"]), entry)
    for source in holding(project, (".yaml", ".yml", ".gotmpl"), "releases:", "chart:"):
        if _HELMFILE.match(source.path):
            for found in _RELEASE.finditer(source.text):
                seen.add("charts", found[1].rpartition("/")[2], Place(source, source.span(*found.span(1))))


_DELIVERS = frozenset({"Application", "ApplicationSet", "HelmRelease", "HelmChart", "OCIRepository"})
_HELMFILE = regex(r"(?:.*/)?helmfile(?:\.d/)?[^/]*\Z")
_RELEASE = regex(r"^[ \t-]{0,20}chart:[ ]*[\"']?([\w./:-]{1,200})", re.MULTILINE)


def _deliveries(each: Object) -> Iterator[Node]:
    """Where an object that has a chart installed names it."""
    spec = each.spec["template"]["spec"] if each.kind == "ApplicationSet" else each.spec
    if each.kind == "OCIRepository":
        yield spec["url"]
    elif each.kind in ("HelmRelease", "HelmChart"):
        chart = spec["chart"]
        yield chart["spec"]["chart"] if chart.is_mapping else chart
    else:
        several = spec["sources"]
        for source in (spec["source"], *(several if several.known and several.is_list else ())):
            yield source["chart"]


def _chart(node: Node) -> str:
    """The name of a chart, without where it comes from."""
    return node.text.rpartition("/")[2] if node.known else ""


def _of_pipelines(project: Project, seen: _Seen) -> None:
    for use in _every(project, "pipeline.Use"):
        if not use.local:
            seen.add("actions", use.slug, use)
    programs = {command.partition(" ")[0] for known in table() for command in known.commands}
    for step in cast("list[Step]", _every(project, "pipeline.Step")):
        for script in step.scripts:
            program, words = script.command.program, script.command.words
            if program in programs:
                second = next((word for word in words[1:] if not word.startswith("-")), "")
                seen.add("commands", program, script.place)
                seen.add("commands", f"{program} {second}", script.place)


# by files


class _Files:
    """The judged files: by their names, and lists of packages by what they name."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._paths = judged(project)
        self._packages: dict[str, tuple[Place, set[str]]] | None = None

    def named(self, known: Known) -> Iterator[Sign]:
        for each in known.files:
            glob, holds = (each.path, each.holds) if isinstance(each, Held) else (each, [])
            wanted = Globs([glob if "/" not in glob else f"*/{glob}"])
            found = [path for path in self._paths if wanted.match(self._name(path, glob)) and self._holds(path, holds)]
            if found:
                what = f"it holds {' and '.join(holds)}" if holds else "its name"
                source = self._project.tree.source(found[0])
                yield Sign(Place(source, source.span(0, 0)), what, frozenset(found))

    def _name(self, path: str, glob: str) -> str:
        return f"/{path}" if "/" in glob else path.rpartition("/")[2]

    def _holds(self, path: str, words: list[str]) -> bool:
        try:
            return not words or all(word in self._project.tree.source(path).text for word in words)
        except Unreadable:
            return False

    def packages(self, known: Known) -> Iterator[Sign]:
        if not known.packages:
            return
        if self._packages is None:
            self._packages = self._listed()
        wanted = Globs(known.packages)
        for name, (at, files) in self._packages.items():
            if wanted.match(name):
                yield Sign(at, f"package {name}", frozenset(files), maybe=True)

    def _listed(self) -> dict[str, tuple[Place, set[str]]]:
        found: dict[str, tuple[Place, set[str]]] = {}
        for path in self._paths:
            if not _MANIFEST.match(path):
                continue
            source = self._project.tree.source(path)
            try:
                text = source.text[:_LONGEST]
            except Unreadable:
                continue
            for each in _PACKAGE.finditer(text):
                if text.startswith(_INDIRECT, text.find("//", each.end(), each.end() + 60)):
                    continue  # go.mod lists what others need as well
                if each[1] not in found:
                    found[each[1]] = Place(source, source.span(*each.span(1))), set()
                found[each[1]][1].add(path)
        return found


_INDIRECT = "// indirect"
_LONGEST = 400_000  # characters of a list of packages
_MANIFEST = regex(
    r"(?:.*/)?(?:package\.json|[\w.-]{0,40}requirements[\w.-]{0,40}\.(?:txt|in)|pyproject\.toml|Pipfile|setup\.(?:py|cfg)"
    r"|go\.mod|pom\.xml|build\.gradle(?:\.kts)?|libs\.versions\.toml|Gemfile|[^/]*\.(?:csproj|fsproj)|Cargo\.toml"
    r"|Directory\.Packages\.props|composer\.json|mix\.exs)\Z"
)
_PACKAGE = regex(
    r"(?:^[ \t]*(?:require[ ]+)?|[\"'>:])([@A-Za-z][\w@./-]{1,120})(?=[\"'<:=~>\[ \t\n!;,]|\Z)", re.MULTILINE
)


def _texts(known: Known, project: Project) -> Iterator[Sign]:
    """What stands in the definitions of ECS tasks and in templates of CloudFormation: their values are texts."""
    for words in known.texts:
        found = [at for at in (_inside(each, words) for each in _definitions(project)) if at is not None]
        if found:
            yield Sign(found[0], words, frozenset(at.source.path for at in found))


class _Definition(NamedTuple):
    source: Source
    start: int
    text: str


def _definitions(project: Project) -> list[_Definition]:
    return project.once("texts of definitions", lambda project: [*_made_definitions(project)])


def _made_definitions(project: Project) -> Iterator[_Definition]:
    for each in cast("Iterable[Resource]", _every(project, "terraform.Resource")):
        home = each.syntax.home
        if each.type == "aws_ecs_task_definition" and not each.implied and not each.module.shown and home.text:
            yield _Definition(home.source, each.syntax.start, each.text)
    for each in _every(project, "cloudformation.Template"):
        yield _Definition(each.node.source, 0, each.node.source.text)


def _inside(each: _Definition, words: str) -> Place | None:
    at = each.text.find(words)
    start = each.start + at
    return Place(each.source, each.source.span(start, start + len(words))) if at >= 0 else None
