"""Other analysers, run beside our rules: each a program in an environment of its own, its results facts.

A program never sees the repository. What it is to judge is copied, without its configuration, into a folder of its own;
it runs with an empty home, a short environment, and limits of time and memory. Its answer is kept by content.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from gatekeeper.discover import Tree
from gatekeeper.models.evidence.artifact import Unusable
from gatekeeper.models.evidence.facts import Scan

if TYPE_CHECKING:
    from gatekeeper.analysers.sandbox import Sandbox
    from gatekeeper.analysers.tool import Tool
    from gatekeeper.analysers.workspace import Workspace

NAMES: tuple[str, ...] = ("checkov", "zizmor", "actionlint", "hadolint", "shellcheck", "trivy")


class Analysis(msgspec.Struct, frozen=True):
    """What one analyser came to. Without a `scan` nothing is proven: `reason` (of UNKNOWN) and `message` say why, and
    what to do about it. `files` were given to it; those that it judged are the scan's targets. `seconds` is how long
    this took, `cached` whether the answer is that of an earlier run on the same content."""

    tool: str
    version: str = ""
    scan: Scan | None = None
    reason: str = ""
    message: str = ""
    files: int = 0
    seconds: float = 0.0
    cached: bool = False


_SET_ASIDE = {
    ("checkov", "CKV_K8S_35"): "wants secrets as files; the checklist takes secrets from the environment by reference",
    ("checkov", "CKV_K8S_40"): "wants a UID of 10000 or above; the checklist's own image runs as 1001",
}


def set_aside(tool: str, id: str) -> str:
    """Why a check of a tool has no effect: it contradicts the checklist. '' for the others."""
    return _SET_ASIDE.get((tool, id), "")


def start(names: Sequence[str], tree: Tree, paths: Sequence[str]) -> Callable[[], list[Analysis]]:
    """Start the named analysers on `paths`, all at once; gives what waits for their answers, in the order of `names`.

    The tree is asked here alone, since it is not made for several threads: once this returns, it is the caller's again.
    Whatever a tool does wrong is in its analysis.
    """
    from threading import Thread

    said: dict[str, Analysis] = {}
    running: list[Thread] = []

    def work(tool: Tool, workspace: Workspace) -> None:
        said[tool.name] = _analysis(tool, workspace)

    for name in dict.fromkeys(names):
        try:
            begun = _begin(name, tree, paths)
        except Exception as error:  # of ours or of the tool: it costs this analysis alone, and shows as its reason
            said[name] = _failed(Analysis(name), error)
            continue
        # A daemon, so that an interrupt need not wait for it; the programs are ended when Python ends.
        running.append(Thread(target=work, args=begun, daemon=True))
        running[-1].start()

    def answers() -> list[Analysis]:
        for thread in running:
            thread.join()
        return [said[name] for name in names]

    return answers


def _begin(name: str, tree: Tree, paths: Sequence[str]) -> tuple[Tool, Workspace]:
    """The tool and what it is to judge. Raises `Unusable` where there is no need to ask it."""
    from importlib import import_module

    if name not in NAMES:
        raise Unusable("unsupported-tool", f"it is none of {', '.join(NAMES)}")
    tool: Tool = import_module(f"gatekeeper.analysers.{name}").TOOL
    workspace = tool.choose(tree, paths)
    if workspace.texts:
        return tool, workspace
    if missed := workspace.incomplete(3):
        raise Unusable("unreadable" if workspace.unread else "template-unrendered", "; ".join(missed))
    raise Unusable("empty", f"there is no {tool.reads} here")


def _analysis(tool: Tool, workspace: Workspace) -> Analysis:
    """Run one tool, or find what it said before."""
    from time import monotonic

    begun = monotonic()
    analysis = _saved(lambda about: _asked(tool, workspace, about), Analysis(tool.name))
    return replace(analysis, files=len(workspace.texts), seconds=monotonic() - begun)


def _saved(ask: Callable[[Analysis], Analysis], about: Analysis) -> Analysis:
    try:
        return ask(about)
    except Exception as error:  # as above
        return _failed(about, error)


def _failed(about: Analysis, error: Exception) -> Analysis:
    """Whatever goes wrong with a tool costs its answer alone."""
    if isinstance(error, Unusable):
        return replace(about, reason=error.reason, message=str(error))
    return replace(about, reason="tool-error", message=f"its answer could not be had: {type(error).__name__}")


def _asked(tool: Tool, workspace: Workspace, about: Analysis) -> Analysis:
    from gatekeeper.analysers import program
    from gatekeeper.analysers.sandbox import sandbox

    path = program.find(tool, workspace.root)
    with sandbox(path, tool, workspace.root) as room:
        known = replace(about, version=program.version(path, tool) or room.version())
        return _saved(lambda about: _answered(tool, workspace, path, room, about), known)


def _answered(tool: Tool, workspace: Workspace, program: Path, room: Sandbox, about: Analysis) -> Analysis:
    from gatekeeper.analysers import cache

    kept = cache.Cache(workspace.root)
    key = cache.key(tool.name, str(program), about.version, tool.calls(workspace, "."), workspace.hashes())
    held = kept.get(key) if tool.by_content else None
    scan = held or _ran(tool, workspace, room)
    if tool.by_content and not held and not workspace.damaged:
        kept.put(key, scan)
    return replace(about, scan=_completed(scan, workspace, about), cached=held is not None)


def _ran(tool: Tool, workspace: Workspace, room: Sandbox) -> Scan:
    workspace.write(room.tree)
    scan = tool.read([room.run(call) for call in tool.calls(workspace, str(room.tree))], workspace)
    if scan.targets:
        return scan
    raise Unusable("empty", "; ".join(["it judged none of the files it was given", *scan.incomplete[:3]]))


def _completed(scan: Scan, workspace: Workspace, about: Analysis) -> Scan:
    """The answer, old or new, with what the tool cannot say: which files it was not given, and that this is so now."""
    import datetime

    return replace(
        scan,
        tool=about.tool,
        version=about.version,
        incomplete=(*workspace.incomplete(), *scan.incomplete),
        made=scan.made or datetime.datetime.now(datetime.UTC),
    )
