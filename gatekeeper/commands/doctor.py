"""What gatekeeper runs with: versions, plugins, where each setting comes from, which other tools are here; and what the
repository is built with."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gatekeeper.commands.arguments import profile, settings_of
from gatekeeper.commands.audit import check_root
from gatekeeper.project import Project
from gatekeeper.renderers.sanitise import visible
from gatekeeper.settings import ANALYSERS, Settings

EXAMPLES = """\
examples:
  gatekeeper doctor
  gatekeeper doctor ../shop
"""

_PARTS = (
    "msgspec",
    "pluggy",
    "pyyaml",
    "tree-sitter",
    "tree-sitter-hcl",
    "python-hcl2",
    "dockerfile-parse",
    "markdown-it-py",
    "promql-parser",
    "defusedxml",
)
_TOOLS = ("git", "ssh-keygen", "terraform", "helm", "kustomize", "promtool")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("root", nargs="?", default=".", metavar="ROOT")
    parser.add_argument("--isolated", action="store_true", help="without the repository's gatekeeper.yaml")


def run(options: argparse.Namespace) -> int:
    root = Path(options.root)
    check_root(root)
    sections = {
        "versions": _versions(),
        "plugins installed": _plugins(),
        "settings": _settings(root, options.isolated),
        "tools on PATH": _tools(),
        "analysers (--with)": _analysers(root),
        "renderers (--render)": _renderers(root),
        "technologies here": _technologies(root, options.isolated),
    }
    print(
        "\n\n".join("\n".join([title, *(f"  {visible(line)}" for line in lines)]) for title, lines in sections.items())
    )
    return 0


def _versions() -> Iterator[str]:
    from importlib.metadata import PackageNotFoundError, packages_distributions, version

    import yaml

    from gatekeeper import __version__

    yield f"{'gatekeeper':18} {__version__}   {Path(__file__).parent.parent}"
    yield f"{'python':18} {platform.python_version()}   {sys.executable}"
    for part in _PARTS:
        try:
            yield f"{part:18} {version(part)}"
        except PackageNotFoundError:
            yield f"{part:18} not installed"
    yield f"{'YAML':18} {'libyaml' if hasattr(yaml, 'CBaseLoader') else 'pure Python: slow'}"
    if len(set(packages_distributions().get("hcl2", ()))) > 1:
        yield "hcl2 is installed twice (python-hcl2 and bc-python-hcl2): give checkov an environment of its own"


def _plugins() -> Iterator[str]:
    from importlib.metadata import entry_points

    found = [f"{entry.name:18} {entry.value}" for entry in entry_points(group="gatekeeper")]
    yield from sorted(found) or ["none; a plugin is loaded when --plugin NAME asks for it"]


def _settings(root: Path, isolated: bool) -> Iterator[str]:
    settings, origin = settings_of(root, isolated)
    yield f"file: {root / origin}" if origin else "file: none"
    default = Settings()
    for field in msgspec.structs.fields(Settings):
        value = getattr(settings, field.name)
        where = origin if value != getattr(default, field.name) else "default"
        yield f"{field.name:18} {msgspec.json.encode(value).decode()}   ({where})"
    yield f"{'profile in force':18} {profile(None, settings)}   ({_profile_origin(settings, origin)})"


def _profile_origin(settings: Settings, origin: str) -> str:
    if settings.profile:
        return origin
    event = os.environ.get("GITHUB_EVENT_NAME") or os.environ.get("CI_PIPELINE_SOURCE")
    return f"the CI event {event}" if event else "default"


def _tools() -> Iterator[str]:
    for tool in _TOOLS:
        yield f"{tool:18} {shutil.which(tool) or 'not found'}"


def _analysers(root: Path) -> Iterator[str]:
    """Which program `--with` would run for each analyser, or why none."""
    from importlib import import_module

    from gatekeeper.analysers.program import find
    from gatekeeper.models.evidence.artifact import Unusable

    for name in ANALYSERS:
        try:
            yield f"{name:18} {find(import_module(f'gatekeeper.analysers.{name}').TOOL, root)}"
        except Unusable as error:
            yield f"{name:18} none: {error}"


def _renderers(root: Path) -> Iterator[str]:
    """Which program `--render` would run, or why none."""
    from gatekeeper.analysers import helm
    from gatekeeper.analysers.program import find
    from gatekeeper.models.evidence.artifact import Unusable

    try:
        path = find(helm.TOOL, root)
        yield f"{'helm':18} {path}   {helm.version_of(path, root)}"
    except Unusable as error:
        yield f"{'helm':18} none: {error}"


def _technologies(root: Path, isolated: bool) -> Iterator[str]:
    """What the repository is built with, each with the file that shows it."""
    from gatekeeper.links.technologies import technologies
    from gatekeeper.models.technologies import table

    project = _read(root, isolated)
    found = technologies(project)
    for each in found:
        at, more = each.shown_by.at, len(each.files) - 1
        files = "1 more file" if more == 1 else f"{more} more files"
        what = f"{each.shown_by.what}{f'; and in {files}' if more else ''}"
        doubt = "perhaps: " if each.maybe else ""
        yield f"{each.name:20} {at.source.path}:{at.span.line}   {doubt}{what}"
    names = {each.name for each in found}
    yield f"no sign of: {', '.join(known.name for known in table() if known.name not in names) or 'none'}"
    yield f"looked for in {_count(len(project.tree.paths))}{_not_read(project)}"


def _count(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _not_read(project: Project) -> str:
    """How many files could not be read, and the first of them; '' when all could."""
    faults = {fault.source.path: fault.message for fault in project.faults}
    if not faults:
        return ""
    path, message = next(iter(faults.items()))
    return f", of which {len(faults)} could not be read as they stand: {path} ({message})"


def _read(root: Path, isolated: bool) -> Project:
    """The repository as an audit reads it; no rule is run."""
    from gatekeeper.audit import Request, read
    from gatekeeper.commands.emit import Progress
    from gatekeeper.discover import discover
    from gatekeeper.plugins import manager

    progress = Progress()
    settings, _ = settings_of(root, isolated)
    shown = progress if sys.stderr.isatty() else None
    try:
        return read(discover(root), manager().hook, Request(root, settings, profile="pre-commit", progress=shown))
    finally:
        progress.end()
