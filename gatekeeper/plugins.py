"""Who takes part: what ships with gatekeeper, and the plugins that the person running it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import pluggy

from gatekeeper import catalogue
from gatekeeper.audit import Report
from gatekeeper.discover import Tree, Unreadable
from gatekeeper.hookspecs import Hooks, hookimpl
from gatekeeper.models import Subject
from gatekeeper.models.files import COMPOSE
from gatekeeper.models.pipeline_files import tool_of
from gatekeeper.node import START, Fault, Source, regex
from gatekeeper.project import Project

_TERRAFORM = tuple(".tf .tofu .tfvars .tfbackend .tfstate .tfstate.backup .tf.json .tofu.json .tfvars.json".split())
_HCL_FILES = (".terraform.lock.hcl", "terragrunt.hcl")
_DOCKERFILES = ("dockerfile", "containerfile")
_YAML = (".yaml", ".yml")
# Ansible's files by their place; by what it holds, a list at the top of a YAML file: nothing else here has one.
_ANSIBLE = regex(
    r"(?:.*/)?(?:(?:group_vars|host_vars)/.*|inventor(?:y|ies)/(?:.*/)?(?:[^/]*(?:\.ya?ml|\.ini)|[^/.]*)"
    r"|(?:tasks|handlers|defaults|vars|meta)/.*\.ya?ml"
    r"|\.?ansible\.cfg|hosts(?:\.ini|\.ya?ml)?|inventory(?:\.ini|\.ya?ml)?|galaxy\.ya?ml"
    r"|(?:[\w.-]{0,60}[_-])?requirements\.ya?ml)\Z"
)
_LIST = regex(r"(?:[ \t\r]*(?:#[^\n]*|---[^\n]*)?\n)*[ ]{0,8}-[ \n]")
# Collectors of logs, metrics and traces: by name where they have a syntax of their own; a YAML file without any of
# these words configures none.
_COLLECTOR = regex(r".*\.(?:alloy|river)\Z|.*(?:fluent|td-agent|logstash|vector|promtail|alloy).*\.(?:conf|toml|cfg)\Z")
_COLLECTS = (
    "pipelines:", "exporters:", "sinks:", "clients:", "filebeat", "metricbeat", "heartbeat", "limits_config",
    "[OUTPUT]", "[INPUT]", "[FILTER]", "[PARSER]", "[SERVICE]", "<match", "<source>", "forward_to", "outputs:",
    "loki.source", "otelcol.",
)  # fmt: skip
# Service level objectives: what formats of their own begin with, and words without which a table holds none.
_OBJECTIVES = ("openslo/v1", "openslo.com/v", "prometheus/v1", "sloth.slok.dev/", "pyrra.dev/v1")
_PROMISES = ("SLO", "SLI", "ervice level ", "ervice-level ", "ervice Level ")
_STACKS = (".yaml", ".yml", ".json", ".template", ".yaml.j2", ".yml.j2", ".json.j2")
_STACK = "AWSTemplateFormatVersion"
_TEMPLATES = (".yaml.j2", ".yml.j2", ".yaml.tpl", ".yml.tpl", ".yaml.gotmpl", ".yml.gotmpl")


def models_of(path: str) -> tuple[str, ...]:
    """The models that read a file, by its path. A model is imported when a file of its kind is met."""
    path = path.lower()
    name = path.rpartition("/")[2]
    if path.startswith(".gatekeeper/"):
        return ("attestations",) if path.startswith(".gatekeeper/attestations/") and name.endswith(_YAML) else ()
    if name.endswith(_TERRAFORM) or name in _HCL_FILES:
        return ("terraform",)
    tool = tool_of(path)
    if tool:
        return ("kubernetes", "pipeline") if tool in ("Tekton", "Concourse") else ("pipeline",)
    if name == "chart.yaml":
        return ("helm",)
    if name.endswith(_YAML):
        if name.startswith("pulumi."):
            return ("pulumi",)
        also = ("compose",) if COMPOSE.match(name) else ("ansible",) if _ANSIBLE.match(path) else ()
        return ("kubernetes", "prometheus", *also)
    if name.endswith((".md", ".markdown")):
        return ("docs",)
    if name.endswith((*_TEMPLATES, ".json")) or name == "kustomization":
        return ("kubernetes",)
    return ("prometheus",) if name.endswith(".rules") else _by_name(path, name)


def _by_name(path: str, name: str) -> tuple[str, ...]:
    """The models that read files without an ending that says what they are."""
    words = name.replace("-", ".").replace("_", ".").split(".")
    if name == "codeowners":
        return ("codeowners",)
    if words[0] in _DOCKERFILES or words[-1] in _DOCKERFILES:
        return ("docker",)
    if _COLLECTOR.match(path):
        return ("telemetry",)
    return ("ansible",) if _ANSIBLE.match(path) else ()


class BuiltIn:
    """The models, the catalogue and the formats that ship with gatekeeper."""

    @hookimpl
    def gatekeeper_read(self, source: Source, tree: Tree) -> Iterable[Subject | Fault] | None:
        models = ("cloudformation",) if _is_cloudformation(source) else models_of(source.path)
        return self._read(models, source, tree) if models else None

    def _read(self, models: tuple[str, ...], source: Source, tree: Tree) -> Iterator[Subject | Fault]:
        for model in (*models, *_by_content(source, models)):
            try:
                yield from import_module(f"gatekeeper.models.{model}").read(source, tree)
            except Unreadable as error:
                yield Fault(source, START, f"cannot be read: {error}", technology=_technology(models))
            except (
                Exception
            ) as error:  # a mistake of ours in one model: its criteria become ERROR, the others are judged
                words = f"gatekeeper failed on this file ({type(error).__name__}: {error})"
                yield Fault(source, START, words, reason="tool-error", technology=model)

    @hookimpl
    def gatekeeper_catalogues(self) -> Iterable[Path]:
        return (catalogue.home(),)

    @hookimpl
    def gatekeeper_collect(self, project: Project) -> Iterable[Subject | Fault]:
        from gatekeeper.models.evidence import FOLDER, Revision

        yield Revision()
        if "terraform" in project.technologies():
            yield from import_module("gatekeeper.links.dashboards").made_by_terraform(project)
            yield from import_module("gatekeeper.links.slos").made_by_terraform(project)
        if not project.technologies().isdisjoint(("terraform", "cloudformation")):
            yield from import_module("gatekeeper.links.alerting").made_by_terraform(project)
        if project.profile == "pre-commit":
            return
        folders = project.settings.evidence.folders
        if folders or project.tree.below(FOLDER):
            from gatekeeper.models.evidence.collect import collect
            from gatekeeper.models.evidence.signed import verifier

            yield from collect(project.tree, folders, verifier(project.tree))
        yield from _claims(project)

    @hookimpl
    def gatekeeper_render(self, report: Report, format: str) -> str | None:
        if format not in FORMATS:
            return None
        rendered: str = import_module(f"gatekeeper.renderers.{format}").render(report)
        return rendered


def _is_cloudformation(source: Source) -> bool:
    """Whether a file is a template of CloudFormation, which it says itself: its name says nothing."""
    path = source.path.lower()
    if path.endswith("cdk.json"):
        return path.rpartition("/")[2] == "cdk.json"
    if not path.endswith(_STACKS) or path.endswith(_TERRAFORM) or path.startswith((".gatekeeper/", ".github/")):
        return False
    try:
        if "Resources" not in source.text or ("AWS::" not in source.text and _STACK not in source.text):
            return False
    except Unreadable:  # whoever reads files of that name says so
        return False
    from gatekeeper.models.cloudformation import holds_template  # most repositories have none

    return holds_template(source)


def _by_content(source: Source, models: tuple[str, ...]) -> tuple[str, ...]:
    """The models that read a file for what it holds, beside those that do for its name."""
    if models[:1] not in (("kubernetes",), ("docs",)):
        return ()
    try:
        text = source.text
    except Unreadable:  # the first model says so
        return ()
    if models[0] == "docs":
        return ("slo",) if "|" in text and any(word in text for word in _PROMISES) else ()
    also = ("dashboards",) if _may_hold_dashboard(text) else ()
    if any(word in text for word in _OBJECTIVES):
        also = ("slo", *also)
    if source.path.endswith(_YAML) and any(word in text for word in _COLLECTS):
        also = ("telemetry", *also)
    if "receiver" in text and any(word in text for word in ("route", "contactPoints", "policies")):
        also = ("alertmanager", *also)
    if "noDataState" in text or "datasourceUid" in text:  # rules that Grafana evaluates itself
        also = ("grafana", *also)
    if "backstage.io/" in text and source.path.endswith(_YAML):
        also = ("catalog", *also)
    if "ansible" not in models and source.path.endswith(_YAML) and _LIST.match(text):
        return ("ansible", *also)
    return also


def _may_hold_dashboard(text: str) -> bool:
    """Whether Grafana's words are there: its panels and their schema, or those of its second schema."""
    if "schemaVersion" in text:
        return "panels" in text
    return "dashboard.grafana.app/" in text or ('"elements"' in text and '"vizConfig"' in text)


def _claims(project: Project) -> Iterator[Subject]:
    """Ticks in documents that speak of gates; the names of the gates are read only where there is a document."""
    if "docs" in project.technologies():
        from gatekeeper import gates
        from gatekeeper.links.judged import documents
        from gatekeeper.models.claims import claims

        yield from claims(documents(project), lambda: gates.names(catalogue.home(), project.settings.claims))


def _technology(models: tuple[str, ...]) -> str:
    """Whose file it is when it cannot be opened: clear where one model reads that name, else nobody's."""
    return models[0] if len(models) == 1 else ""


FORMATS = ("text", "json", "sarif", "markdown", "junit", "github", "gitlab", "html", "report")


class NoSuchPlugin(Exception):
    """A plugin was named that is not installed."""


def manager(names: Iterable[str] = ()) -> pluggy.PluginManager:
    """The plugin manager with what is built in and the plugins named. Raises `NoSuchPlugin`."""
    plugins = pluggy.PluginManager("gatekeeper")
    plugins.add_hookspecs(Hooks)
    plugins.register(BuiltIn(), "built-in")
    wanted = list(names)
    if wanted:
        from importlib.metadata import entry_points

        installed = {entry.name: entry for entry in entry_points(group="gatekeeper")}
        for name in wanted:
            if name not in installed:
                there = ", ".join(sorted(installed)) or "none is installed"
                raise NoSuchPlugin(f"no plugin {name!r}; installed here: {there}")
            plugins.register(installed[name].load(), name)
    return plugins
