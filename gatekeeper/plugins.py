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
from gatekeeper.node import START, Fault, Source
from gatekeeper.project import Project

_TERRAFORM = tuple(".tf .tofu .tfvars .tfbackend .tfstate .tfstate.backup .tf.json .tofu.json .tfvars.json".split())
_HCL_FILES = (".terraform.lock.hcl", "terragrunt.hcl")
_PIPELINES = (".gitlab-ci", "azure-pipelines", "bitbucket-pipelines")
_DOCKERFILES = ("dockerfile", "containerfile")
_YAML = (".yaml", ".yml")
_TEMPLATES = (".yaml.j2", ".yml.j2", ".yaml.tpl", ".yml.tpl", ".yaml.gotmpl", ".yml.gotmpl")


def models_of(path: str) -> tuple[str, ...]:
    """The models that read a file, by its path. A model is imported when a file of its kind is met."""
    path = path.lower()
    folder, _, name = path.rpartition("/")
    if path.startswith(".gatekeeper/"):
        return ("attestations",) if path.startswith(".gatekeeper/attestations/") and name.endswith(_YAML) else ()
    if name.endswith(_TERRAFORM) or name in _HCL_FILES:
        return ("terraform",)
    if name.partition(".")[0] == "jenkinsfile":
        return ("pipeline",)
    if name == "chart.yaml":
        return ("helm",)
    if name.endswith(_YAML):
        written_for = (
            f"/{folder}".endswith(("/.github/workflows", "/.circleci")) or name.rpartition(".")[0] in _PIPELINES
        )
        if written_for:
            return ("pipeline",)
        return ("kubernetes", "prometheus", "compose") if COMPOSE.match(name) else ("kubernetes", "prometheus")
    if name.endswith((".md", ".markdown")):
        return ("docs",)
    if name.endswith((*_TEMPLATES, ".json")) or name == "kustomization":
        return ("kubernetes",)
    if name.endswith(".rules"):
        return ("prometheus",)
    words = name.replace("-", ".").replace("_", ".").split(".")
    return ("docker",) if words[0] in _DOCKERFILES or words[-1] in _DOCKERFILES else ()


class BuiltIn:
    """The models, the catalogue and the formats that ship with gatekeeper."""

    @hookimpl
    def gatekeeper_read(self, source: Source, tree: Tree) -> Iterable[Subject | Fault] | None:
        models = models_of(source.path)
        return self._read(models, source, tree) if models else None

    def _read(self, models: tuple[str, ...], source: Source, tree: Tree) -> Iterator[Subject | Fault]:
        for model in models:
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
