"""Which program an analyser is: never one that the scanned repository brings along."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from gatekeeper.analysers.tool import Program
from gatekeeper.models.evidence.artifact import Unusable

_VERSION = re.compile(r"\d+(?:\.\d+)+[\w.+-]*")


def find(tool: Program, root: Path) -> Path:
    """The program: as GATEKEEPER_<NAME> names it, of pipx or uv, or on PATH.

    Raises `Unusable` when there is none, and for one that lies in the repository at `root`, whatever leads to it.
    """
    variable = f"GATEKEEPER_{tool.name.upper()}"
    named = os.environ.get(variable, "")
    places = [Path(os.path.abspath(os.path.expanduser(named)))] if named else [*environments(tool), *on_path(tool.name)]
    hit = next(filter(None, map(_executable, places)), None)
    if hit is None and named:
        raise Unusable("tool-error", f"{variable} names {named}, which is no program")
    if hit is None:
        raise Unusable("tool-error", f"{tool.name} is not installed; {tool.install}, or name it with {variable}")
    if is_inside(hit, root):
        raise Unusable("tool-error", f"{hit} is part of the repository that is judged, and is not run; {tool.install}")
    return hit


def environments(tool: Program) -> Iterator[Path]:
    """Where uv and pipx would have put it."""
    home = os.path.expanduser("~")
    data = os.environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    folders = (
        os.environ.get("UV_TOOL_DIR") or f"{data}/uv/tools",
        f"{os.environ['PIPX_HOME']}/venvs" if os.environ.get("PIPX_HOME") else f"{data}/pipx/venvs",
        f"{home}/.local/pipx/venvs",
    )
    for folder in folders:
        for package in tool.packages:
            yield Path(folder) / package / "bin" / tool.name


def on_path(name: str) -> Iterator[Path]:
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        yield Path(os.path.abspath(folder or ".")) / name


def is_inside(path: Path, root: Path) -> bool:
    """Whether a path is below the root, as written or with its links followed."""
    top = os.path.realpath(root)
    ways = (os.path.realpath(path), os.path.join(os.path.realpath(path.parent), path.name), os.path.abspath(path))
    return any(way == top or way.startswith(top.rstrip(os.sep) + os.sep) for way in ways)


def safe_path(root: Path) -> str:
    """PATH without what is relative and what lies in the repository: programs start others."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(each for each in folders if os.path.isabs(each) and not is_inside(Path(each), root))


def version(program: Path, tool: Program) -> str:
    """The version by the metadata of the environment that a script belongs to; '' where it has none.

    Asking the program would do as well, but some need seconds to say it.
    """
    try:
        with open(program, "rb") as file:
            is_script = file.read(2) == b"#!"
    except OSError:
        return ""
    if not is_script:
        return ""
    packages = Path(os.path.realpath(program)).parent.parent
    for package in tool.packages:
        pattern = f"lib/python*/site-packages/{package.replace('-', '_')}-*.dist-info"
        for found in packages.glob(pattern):
            return found.name.removesuffix(".dist-info").rpartition("-")[2]
    return ""


def version_in(said: str) -> str:
    """The first thing in a program's words that looks like a version."""
    found = _VERSION.search(said[:2000])
    return found[0] if found else ""


def _executable(path: Path) -> Path | None:
    found = shutil.which(str(path))
    return Path(found) if found else None
