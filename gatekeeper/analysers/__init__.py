"""Other analysers, run beside our rules: each a program in an environment of its own, its results facts.

A program never sees the repository. What it is to judge is copied, without its configuration, into a folder of its own;
it runs with an empty home, a short environment, and limits of time and memory. Its answer is kept by content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

NAMES: tuple[str, ...] = ("checkov", "zizmor", "hadolint", "trivy")


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
    ("checkov", "CKV_K8S_35"): "wants secrets as files; section 6.2 of the document prescribes secretKeyRef",
    ("checkov", "CKV_K8S_40"): "wants a UID of 10000 or above; the image of section 4.1 of the document runs as 1001",
}


def set_aside(tool: str, id: str) -> str:
    """Why a check of a tool has no effect: it contradicts the document. '' for the others."""
    return _SET_ASIDE.get((tool, id), "")


def run(
    names: Sequence[str],
    tree: Tree,
    paths: Sequence[str],
    programs: Mapping[str, str],
    progress: Callable[[str], None] | None = None,
) -> list[Analysis]:
    """What each of the named analysers says of `paths`, all at once, in the order of `names`.

    `programs` are the user's own paths of programs, by name. Whatever a tool does wrong is in its analysis.
    """
    from functools import partial
    from queue import SimpleQueue
    from threading import Thread

    done: SimpleQueue[tuple[str, Analysis]] = SimpleQueue()
    analyses: dict[str, Analysis] = {}
    for name in dict.fromkeys(names):
        # The tree reads its files when they are first asked for: that is done here, not in several threads at once.
        begun = _begin(name, tree, paths)
        if isinstance(begun, Analysis):
            done.put((name, begun))
            continue
        work = partial(_analysis, *begun, tree.root, programs.get(name, ""))
        # A daemon, so that an interrupt need not wait for it; the programs are ended when Python ends.
        Thread(target=lambda name=name, work=work: done.put((name, work())), daemon=True).start()
    while len(analyses) < len(set(names)):
        if progress:
            progress(f"waiting for {', '.join(name for name in dict.fromkeys(names) if name not in analyses)}")
        name, analysis = done.get()
        analyses[name] = analysis
    return [analyses[name] for name in names]


def _begin(name: str, tree: Tree, paths: Sequence[str]) -> tuple[Tool, Workspace] | Analysis:
    """The tool and what it is to judge; an analysis where there is no need to ask it."""
    from importlib import import_module

    if name not in NAMES:
        return Analysis(name, reason="unsupported-tool", message=f"it is none of {', '.join(NAMES)}")
    tool: Tool = import_module(f"gatekeeper.analysers.{name}").TOOL
    workspace = tool.choose(tree, paths)
    if workspace.texts:
        return tool, workspace
    if missed := workspace.incomplete(3):
        reason = "unreadable" if workspace.unread else "template-unrendered"
        return Analysis(name, reason=reason, message="; ".join(missed))
    return Analysis(name, reason="empty", message=f"there is no {tool.reads} here")


def _analysis(tool: Tool, workspace: Workspace, root: Path, named: str) -> Analysis:
    """Run one tool, or find what it said before."""
    from time import monotonic

    begun = monotonic()
    analysis = _saved(lambda about: _asked(tool, workspace, root, named, about), Analysis(tool.name))
    return replace(analysis, files=len(workspace.texts), seconds=monotonic() - begun)


def _saved(ask: Callable[[Analysis], Analysis], about: Analysis) -> Analysis:
    """What comes of asking; whatever goes wrong with a tool costs its answer alone."""
    try:
        return ask(about)
    except Unusable as error:
        return replace(about, reason=error.reason, message=str(error))
    except Exception as error:
        return replace(about, reason="tool-error", message=f"its answer could not be had: {type(error).__name__}")


def _asked(tool: Tool, workspace: Workspace, root: Path, named: str, about: Analysis) -> Analysis:
    from gatekeeper.analysers import program
    from gatekeeper.analysers.sandbox import sandbox

    path = program.find(tool, root, named)
    with sandbox(path, tool, root) as room:
        known = replace(about, version=program.version(path, tool) or room.version())
        return _saved(lambda about: _answered(tool, workspace, path, room, about), known)


def _answered(tool: Tool, workspace: Workspace, program: Path, room: Sandbox, about: Analysis) -> Analysis:
    from gatekeeper.analysers import cache

    kept = cache.Cache(workspace.tree.root)
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
