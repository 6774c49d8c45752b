"""zizmor, and its JSON, version 1 (https://docs.zizmor.sh/usage/). It reads no configuration and asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from gatekeeper.analysers import files
from gatekeeper.analysers.tool import Output, Tool
from gatekeeper.analysers.workspace import Workspace
from gatekeeper.discover import Tree
from gatekeeper.models.evidence.artifact import Unusable, severity
from gatekeeper.models.evidence.facts import Problem, Scan
from gatekeeper.models.evidence.reported import some, words

_NOTHING_READ = 3
_FOUND = (0, 11, 12, 13, 14)  # by the gravest finding
_COMPLETED = b" completed "


class _Local(msgspec.Struct):
    verbatim_path: str = ""


class _Key(msgspec.Struct):
    local: _Local = msgspec.field(name="Local", default_factory=_Local)


class _Symbolic(msgspec.Struct):
    key: _Key
    annotation: str = ""
    kind: str = ""


class _Point(msgspec.Struct):
    row: int = 0


class _Location(msgspec.Struct):
    start_point: _Point


class _Concrete(msgspec.Struct):
    location: _Location


class _Place(msgspec.Struct):
    symbolic: _Symbolic
    concrete: _Concrete


class _Determinations(msgspec.Struct):
    severity: str = ""


class _Finding(msgspec.Struct):
    ident: str
    desc: str = ""
    determinations: _Determinations = msgspec.field(default_factory=_Determinations)
    locations: list[_Place] = []
    ignored: bool = False


def _choose(tree: Tree, paths: Sequence[str]) -> Workspace:
    return Workspace(tree, (path for path in paths if files.is_workflow(path) or files.is_action(path)))


def _calls(workspace: Workspace, folder: str) -> list[tuple[str, ...]]:
    options = ("--format=json-v1", "--offline", "--no-config", "--no-ignores", "--no-progress", "--color=never")
    return [(*options, *(f"{folder}/{path}" for path in sorted(workspace.texts)))]


def _read(outputs: Sequence[Output], workspace: Workspace) -> Scan:
    output = outputs[0]
    if output.code == _NOTHING_READ:
        raise Unusable("empty", f"zizmor could read none of {len(workspace.texts)} files")
    try:
        if output.code not in _FOUND:
            raise ValueError
        findings = msgspec.json.decode(output.out, type=list[_Finding])
    except (ValueError, RecursionError, msgspec.MsgspecError):
        message = f"zizmor ended with exit code {output.code} and no report in JSON"
        raise Unusable("tool-error", message) from None
    judged = set(_completed(output.err, workspace))
    problems = [problem for finding in findings if (problem := _problem(finding, workspace))]
    lost = len(findings) - len(problems)
    missed = (f"{words(path)}: zizmor did not read it to the end" for path in sorted(workspace.texts.keys() - judged))
    return Scan(
        kind="misconfiguration",
        targets=tuple(sorted(judged)),
        problems=tuple(problems),
        incomplete=(
            *some(missed),
            *((f"{lost} results name no file that was given to zizmor",) if lost else ()),
        ),
    )


def _completed(log: bytes, workspace: Workspace) -> Iterator[str]:
    """The files that it says it has gone through; it passes over one that it cannot parse."""
    for line in log.splitlines():
        _, said, path = line.partition(_COMPLETED)
        if said and (judged := workspace.path_of(path.decode("utf-8", "replace").strip())):
            yield judged


def _problem(finding: _Finding, workspace: Workspace) -> Problem | None:
    """At its primary place. What stands there is never read, since it may be a secret."""
    place = next((each for each in finding.locations if each.symbolic.kind == "Primary"), None)
    path = workspace.path_of(place.symbolic.key.local.verbatim_path) if place else ""
    if not place or not path:
        return None
    said = ": ".join(filter(None, (finding.desc, place.symbolic.annotation)))
    grave = finding.determinations.severity
    return Problem(
        id=words(finding.ident, 120),
        severity="low" if grave == "Informational" else severity(grave),
        message=workspace.quiet(said, path),
        path=path,
        line=max(place.concrete.location.start_point.row, 0) + 1,
        suppressed="a comment for zizmor" if finding.ignored else "",
    )


TOOL = Tool(
    name="zizmor",
    packages=("zizmor",),
    install="pipx install zizmor",
    reads="workflow of GitHub Actions",
    choose=_choose,
    calls=_calls,
    read=_read,
)
