"""What documents tell their readers to run of this repository: targets of make, scripts of package.json, files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gatekeeper.discover import Unreadable
from gatekeeper.links.judged import judged
from gatekeeper.models.docs import Document
from gatekeeper.models.pipeline.kinds import unwrap
from gatekeeper.models.pipeline.makefiles import goals_of, targets
from gatekeeper.models.pipeline.packages import script_of, scripts_of
from gatekeeper.models.pipeline.shell import commands
from gatekeeper.node import Node, regex
from gatekeeper.project import Project

_SCRIPTS = (".sh", ".bash", ".py", ".rb", ".pl", ".ps1", ".mjs", ".js", ".ts")
_INTERPRETERS = frozenset("bash sh zsh source . python python3 node ruby pwsh".split())
_OPEN = regex(r"[<>\[\]{}$*\x1a…]|\.\.\.|(?:^|/)(?:path|your|my|some|example)[-_/]", re.IGNORECASE)
_MAKE_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\Z")
# Commands after which the rest of a block happens elsewhere: in another repository, machine or container.
_LEAVES = regex(
    r"\bgit\s+clone\b|\bssh\b|\bdocker\s+(?:exec|run)\b|\bkubectl\s+(?:exec|run|debug)\b|\bpushd\b|\bcurl\b|\bwget\b|\btar\b"
    r"|\bunzip\b|\bvagrant\b|\bgh\s+repo\s+clone\b|\bheroku\b|\bcf\s+ssh\b|\bnpx?\s+create"
    r"|\bdocker[- ]compose\s+(?:exec|run)\b"
    r"|\bsu\s+-|\bchroot\b|\bdegit\b|\bgit\s+checkout\b"
)
_MOST_FILES = 400


class Told(NamedTuple):
    """One thing that a document tells its readers to run: what it is, its name, and where."""

    what: str  # make target, package script, script
    name: str
    at: Node


def told_in(document: Document, project: Project) -> list[Told]:
    """What the commands of a document run of the repository, as far as it is known that they run in it."""
    if not _MAY.search(document.source.text):
        return []
    return project.once(("told in", id(document)), lambda project: _told_in(document))


def _told_in(document: Document) -> list[Told]:
    found: list[Told] = []
    other = bool(_OTHER_PACKAGE.search(document.source.text))
    away = 0  # the last line of a block that leaves the repository
    blocks = [(code.node.span.line, code.node.span.end_line, code.node.text) for code in document.parts.codes]
    for node in document.commands():
        line = node.span.line
        block = next((b for b in blocks if b[0] <= line <= b[1]), None)
        if block and _LEAVES.search(block[2]):
            away = block[1]
        if line <= away or len(node.text) > 1000 or not _MAY.search(node.text):
            continue
        found += (told for told in _in_line(node) if not (other and told.what == "package script"))
    return found


# Words by which a page speaks of a package that its reader makes, not of this one.
_OTHER_PACKAGE = regex(
    r"\"scripts\"|\b(?:npm|pnpm|yarn|bun)\s+(?:init|create)\b|\bnpx\s+create|\bcd\s+my[-_]|\bgenerate\s+my"
)


_MAY = regex(
    r"\b(?:make|npm|yarn|pnpm)\s|\.(?:sh|bash|py|rb|pl|ps1|js|ts)\b|(?:^|[\s`])\.?/?(?:bin|scripts?|hack|tools)/",
    re.MULTILINE,
)


def _in_line(node: Node) -> Iterator[Told]:
    for command in commands(node.text)[:20]:
        words = unwrap(command.words)
        if not words or words[0] in ("cd", "pushd"):
            if words and len(words) > 1 and words[1] not in (".", "./"):
                return  # what follows runs in a folder that may be any
            continue
        yield from _of(words, command.words, node)


def _of(words: Sequence[str], written: Sequence[str], at: Node) -> Iterator[Told]:
    if words[0] == "make":
        goals, folder, own = goals_of(words, ".")
        if folder == "." and not own:
            yield from (Told("make target", goal, at) for goal in goals[:10] if _MAKE_NAME.match(goal))
    elif words[0] in ("npm", "yarn", "pnpm"):
        name = script_of(words)
        if name and not _OPEN.search(name) and ("run" in words[:3] or name in ("start", "test")):
            yield Told("package script", name, at)
    else:
        path = _script(words, written)
        if path and not _OPEN.search(path):
            yield Told("script", path, at)


def _script(words: Sequence[str], written: Sequence[str]) -> str:
    """The path of the script that a command runs; '' for a program, or what lies outside."""
    path = next((word for word in written if "/" in word and word.rpartition("/")[2] == words[0]), "")
    if words[0] in _INTERPRETERS:
        path = next((word for word in words[1:2] if not word.startswith("-")), "")
        if "/" not in path and not path.endswith(_SCRIPTS):
            return ""
    in_folder = path.endswith(_SCRIPTS) or path.startswith(("./", "bin/", "scripts/", "script/", "hack/"))
    outside = path.startswith(("/", "~", "..")) or "://" in path or "@" in path
    return path if path and in_folder and not outside else ""


class Runs(NamedTuple):
    """What there is to run: names; and why there may be more."""

    names: frozenset[str]
    doubt: str = ""


def make_targets(project: Project) -> Runs:
    """Every target of every makefile here."""
    return project.once("make targets", _make_targets)


_MADE = regex(
    r"^[^\t#\n=:]{0,200}\$[({][^\n=]{0,200}:(?!=)|^[ \t]*\$\(eval\b|^[ \t]*-?include[ \t]+([^\n#]+)", re.MULTILINE
)
_LITERAL = regex(r"[\w./-]+\Z")  # of `setup $(CONFIG):`, setup
_TARGET_NAME = regex(r"^([^\s#:=$%][^\n#:=$]{0,500}?)[ \t]*::?(?!=)", re.MULTILINE)


def _make_targets(project: Project) -> Runs:
    names: set[str] = set()
    doubt = ""
    for path in _called(
        project, lambda name: name.lower() in ("makefile", "gnumakefile") or name.endswith((".mk", ".mak"))
    ):
        source = project.tree.source(path)
        try:
            names |= set(source.once(targets))
            text = source.text
        except Unreadable:
            doubt = f"{path} cannot be read"
            continue
        for found in _TARGET_NAME.finditer(text):
            names.update(found[1].split())
        for found in _MADE.finditer(text):
            if not found[1]:
                names.update(word for word in found[0].partition(":")[0].split() if _LITERAL.match(word))
            included = (found[1] or "").split()
            if not included or any("$" in each or not _is_there(each, project) for each in included):
                doubt = doubt or f"{path} makes targets by `{found[0].strip()[:40]}`"
    return Runs(frozenset(names), doubt)


def _is_there(path: str, project: Project) -> bool:
    name = path.rpartition("/")[2]
    return path in project.tree or name in project.once("names of files", _names) or "*" in path


def package_scripts(project: Project) -> Runs:
    """Every script of every package.json here."""

    def make(project: Project) -> Runs:
        names: set[str] = set()
        for path in _called(project, lambda name: name == "package.json"):
            names |= set(project.tree.source(path).once(scripts_of))
        return Runs(frozenset(names))

    return project.once("package scripts", make)


def _called(project: Project, meant: Callable[[str], object]) -> list[str]:
    return [path for path in judged(project) if meant(path.rpartition("/")[2])][:_MOST_FILES]


def _names(project: Project) -> frozenset[str]:
    return frozenset(path.rpartition("/")[2] for path in project.tree.paths)


def missing(told: Told, document: Document, project: Project) -> tuple[str, str] | None:
    """What is not there, in words, and why it may be all the same; None where it is."""
    if told.what == "script":
        return _no_script(told, document, project)
    runs = make_targets(project) if told.what == "make target" else package_scripts(project)
    if told.name in runs.names:
        return None
    if not runs.names:
        return f"no {told.what} {told.name}", runs.doubt or "nothing here declares any"
    if told.what == "make target" and (_built(told.name, project) or _matches(told.name, runs.names)):
        return None
    return f"no {told.what} {told.name}", runs.doubt


def _built(name: str, project: Project) -> bool:
    return project.tree.exists(name)


def _matches(name: str, names: frozenset[str]) -> bool:
    """Whether a pattern of a makefile (`deploy-%`) makes the target."""
    patterns = [each for each in names if "%" in each]
    return any(
        name.startswith(head) and name.endswith(tail) for head, _, tail in (each.partition("%") for each in patterns)
    )


def _no_script(told: Told, document: Document, project: Project) -> tuple[str, str] | None:
    path = posixpath.normpath(told.name)
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(document.path), path))
    tree = project.tree
    if tree.exists(path) or tree.exists(beside) or any(each.endswith(f"/{path}") for each in tree.paths):
        return None
    name, folder = path.rpartition("/")[2], path.partition("/")[0]
    near = posixpath.join(posixpath.dirname(document.path), folder)
    ours = told.name.startswith("./") or folder in _OURS or tree.exists(folder) or tree.exists(near)
    if "/" in path and not ours:
        return None  # of something that was unpacked, or that this repository stands in
    if "." not in name and "/" not in path:
        return None  # a program that was built
    created = re.search(
        rf"(?:>|-o|--output|cat|tee|cp|mv|touch|chmod|nano|vim?)[^\n`]{{0,80}}{re.escape(name)}", document.source.text
    )
    if created or f"{path.rpartition('/')[0]}/" in _ignored_text(project):
        return None
    return f"no {path}", ""


_OURS = ("scripts", "script", "hack")


def _ignored_text(project: Project) -> str:
    try:
        return project.tree.source(".gitignore").text if ".gitignore" in project.tree else ""
    except Unreadable:
        return ""


__all__ = ["Runs", "Told", "make_targets", "missing", "package_scripts", "told_in"]
