"""Who takes part: what ships with gatekeeper, and the plugins that the person running it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import pluggy

from gatekeeper import catalogue
from gatekeeper.audit import Report
from gatekeeper.discover import Tree, Unreadable
from gatekeeper.hookspecs import Hooks, hookimpl
from gatekeeper.models import Subject
from gatekeeper.node import START, Fault, Source

# Which model reads a file, by its path. The model is imported when a file of its kind is met.
_READERS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), model)
    for pattern, model in (
        (r"(.*/)?((Docker|Container)file([._-][^/]*)?|[^/]*\.(docker|container)file)\Z", "docker"),
        (
            r".*(\.tf|\.tofu|\.tf\.json|\.tofu\.json|\.tfvars|\.tfvars\.json|\.tfbackend|\.tfstate(\.backup)?)\Z",
            "terraform",
        ),
        (r"(.*/)?(\.terraform\.lock|terragrunt)\.hcl\Z", "terraform"),
        (r"(.*/)?\.github/workflows/[^/]+\.ya?ml\Z", "pipeline"),
        (
            r"(.*/)?(\.gitlab-ci\.ya?ml|Jenkinsfile([._-][^/]*)?|azure-pipelines\.ya?ml|bitbucket-pipelines\.ya?ml)\Z",
            "pipeline",
        ),
        (r"(.*/)?\.circleci/config\.ya?ml\Z", "pipeline"),
        (r"(?!(.*/)?\.github/workflows/).*\.ya?ml(\.j2|\.tpl|\.gotmpl)?\Z", "kubernetes"),
        (r".*\.json\Z", "kubernetes"),
        (r"(?!(.*/)?\.github/workflows/).*\.(ya?ml|rules)\Z", "prometheus"),
        (r".*\.(md|markdown)\Z", "docs"),
    )
)


class BuiltIn:
    """The models, the catalogue and the formats that ship with gatekeeper."""

    @hookimpl
    def gatekeeper_read(self, source: Source, tree: Tree) -> Iterable[Subject | Fault] | None:
        models = [model for pattern, model in _READERS if pattern.match(source.path)]
        return self._read(models, source, tree) if models else None

    def _read(self, models: list[str], source: Source, tree: Tree) -> Iterator[Subject | Fault]:
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
    def gatekeeper_render(self, report: Report, format: str) -> str | None:
        if format not in FORMATS:
            return None
        rendered: str = import_module(f"gatekeeper.renderers.{format}").render(report)
        return rendered


def _technology(models: list[str]) -> str:
    """Whose file it is when it cannot be opened: clear where one model reads that name, else nobody's."""
    return models[0] if len(models) == 1 else ""


FORMATS = ("text", "json", "sarif", "markdown", "junit", "github", "gitlab")


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
