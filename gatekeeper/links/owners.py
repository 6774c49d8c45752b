"""Who owns a path, by the repository's CODEOWNERS: of the patterns that mean it, the last one says.

Patterns are those of .gitignore without `!`, `[...]` and escapes, which code owners do not know.
https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase, translate

from gatekeeper.links.judged import judged
from gatekeeper.models import Subject
from gatekeeper.models.codeowners import PLACES, OwnerLine
from gatekeeper.project import Project

_MOST = 30_000_000  # pairs of patterns and paths that are looked at
_ENOUGH = 400  # files of one kind that are asked about


def owners_of(path: str, project: Project) -> tuple[str, ...]:
    """Who owns a path; empty when the file says nobody, or there is no such file."""
    return project.once(("owners", path), lambda project: _owners(path, project))


def _owners(path: str, project: Project) -> tuple[str, ...]:
    lines = project.once("code owners", lambda project: [*reversed(project.all(OwnerLine))])
    line = next((line for line in lines if _means(line.pattern, path)), None)
    return () if line is None else tuple(owner for owner in line.owners if "@" in owner)


def _means(pattern: str, path: str) -> bool:
    """Whether a pattern means a file: itself, or a folder above it. At most steps times steps."""
    if pattern.startswith(("!", "[")):
        return False
    folder = pattern.endswith("/")
    wanted = pattern.strip("/").split("/")
    if not pattern.startswith("/") and len(wanted) == 1:
        wanted.insert(0, "**")
    steps = path.split("/")
    reached = {0}  # how many steps of the path the pattern's first steps may take up
    for step in wanted:
        if step == "**":
            reached = set(range(min(reached), len(steps) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(steps) and fnmatchcase(steps[at], step)}
    deepest = len(steps) - 1 if folder else len(steps)
    if wanted[-1] == "*" and len(wanted) > 1:
        return len(steps) in reached  # `docs/*` means the files in it, not those further down
    return any(0 < at <= deepest for at in reached)


def means_something(line: OwnerLine, project: Project) -> bool | None:
    """Whether a line's pattern means any file that is here; None where there are too many of both to look."""
    pattern = line.pattern
    bare = pattern.strip("/")
    if not bare or bare in ("*", "**") or bare in PLACES:
        return True
    tree = project.tree
    if not any(mark in bare for mark in "*?"):
        if pattern.startswith("/") or "/" in bare:
            return bare in tree.folders or (bare in tree and not pattern.endswith("/"))
        steps = project.once("steps of paths", lambda project: (_steps(project.tree.folders), _names(project)))
        return bare in steps[0] or (bare in steps[1] and not pattern.endswith("/"))
    if len(project.all(OwnerLine)) * len(tree.paths) > _MOST:
        return None
    last = bare.rpartition("/")[2]
    fixed = bare[: min(bare.find(mark) for mark in "*?" if mark in bare)].rpartition("/")[0]
    likely = re.compile(translate(last)) if last not in ("*", "**") and not pattern.endswith("/") else None
    for path in tree.paths:
        if fixed and "/" in bare and not path.startswith(f"{fixed}/"):
            continue
        if likely is not None and not any(likely.match(step) for step in path.split("/")):
            continue
        if _means(pattern, path):
            return True
    return False


def _steps(folders: set[str]) -> frozenset[str]:
    return frozenset(folder.rpartition("/")[2] for folder in folders)


def _names(project: Project) -> frozenset[str]:
    return frozenset(path.rpartition("/")[2] for path in project.tree.paths)


_CRITICAL = (
    ("pipelines", (".github/workflows/", ".gitlab-ci.yml", "Jenkinsfile", ".circleci/", "azure-pipelines.yml")),
    ("the owners themselves", PLACES),
)


def unowned(project: Project) -> Iterator[tuple[str, str]]:
    """What decides about production and has no owner, Terraform aside: in words, and the first such file."""
    for words, starts in _CRITICAL:
        yield from _first(words, [path for path in judged(project) if path.startswith(starts)], project)
    kind = Subject.registry.get("kubernetes.Workload")
    yield from _first("manifests", [*dict.fromkeys(each.path for each in project.all(kind))] if kind else [], project)


def _first(words: str, paths: list[str], project: Project) -> Iterator[tuple[str, str]]:
    found = next((path for path in paths[:_ENOUGH] if not owners_of(path, project)), None)
    if found is not None:
        yield words, found
