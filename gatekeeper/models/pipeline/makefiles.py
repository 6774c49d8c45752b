"""Makefiles: the goals of a call, what stands in their recipes, and whether their failure is heard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gatekeeper.models.pipeline.ir import Step, normal
from gatekeeper.models.pipeline.scanners import YES, Blocking
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.node import Source, regex

_TARGET = regex(r"^([A-Za-z0-9_./% -]{1,200}?)[ \t]*::?(?![=:])([^\n#]*)", re.MULTILINE)


def targets(source: Source) -> dict[str, tuple[list[str], list[str]]]:
    """A Makefile's targets, each with what it depends on and the lines of its recipe."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    current: list[str] = []
    for line in source.text.replace("\\\n", " ").splitlines():
        if line.startswith("\t"):
            for name in current:
                found[name][1].append(line.strip())
            continue
        match = _TARGET.match(line)
        if match:
            current = match[1].split()
            for name in current:
                needed, _, recipe = match[2].partition(";")
                found.setdefault(name, ([], []))[0].extend(needed.split())
                found[name][1].extend([recipe.strip()] if recipe.strip() else [])
        elif line.strip() and not line.startswith("#"):
            current = []
    return found


def makefile(step: Step, folder: str | None) -> Source | None:
    if folder is None:
        return None
    workspace = step.job.pipeline.workspace
    names = ("GNUmakefile", "makefile", "Makefile")
    return next((s for name in names if (s := workspace.source(f"{folder}/{name}"))), None)


def goals_of(words: Sequence[str], folder: str | None) -> tuple[list[str], str | None, bool]:
    """The goals of a `make` call, the folder it runs in, and whether it names a makefile of its own."""
    goals: list[str] = []
    own = False
    rest = iter(words[1:])
    for word in rest:
        if word in ("-C", "--directory"):
            to = next(rest, "")
            folder = None if folder is None or EXPRESSION in to or "$" in to else normal(f"{folder}/{to}")
        elif word in ("-f", "--file", "--makefile"):
            own = True
            next(rest, "")
        elif word in ("-j", "-l", "-o", "-W", "-I"):
            following = next(rest, "")
            if following and not following.isdigit():
                goals.append(following)
        elif not word.startswith("-") and "=" not in word:
            goals.append(word)
    return goals, folder, own


def flags_of(words: Sequence[str]) -> str:
    """The letters of the short flags of a command."""
    return "".join(word[1:] for word in words[1:] if word[:1] == "-" and word[:2] != "--")


RUNS_NOTHING = frozenset("--just-print --dry-run --recon --touch --question --version --help".split())
_MAKEFLAGS = regex(
    r"^[ \t]*(?:export[ \t]+)?MAKEFLAGS[ \t]*[+:?]?=[^\n#]{0,200}?(?:-[a-z]{0,10}i|--ignore-errors)", re.MULTILINE
)
STOPS = regex(r"^[ \t]*\.SHELLFLAGS[ \t]*[:?]?=[^\n#]{0,100}-[a-z]{0,10}e", re.MULTILINE)


def ignores(
    words: Sequence[str], rules: Mapping[str, tuple[list[str], list[str]]], goals: Sequence[str], source: Source | None
) -> Blocking:
    """Whether make goes on when a recipe fails, or chooses between recipes."""
    if "i" in flags_of(words) or "--ignore-errors" in words:
        return Blocking("no", "make -i ignores failures")
    if ".IGNORE" in rules and (not rules[".IGNORE"][0] or set(goals) & set(rules[".IGNORE"][0])):
        return Blocking("no", "make ignores its failure (.IGNORE)")
    if source is not None and _MAKEFLAGS.search(source.text):
        return Blocking("no", "make ignores failures (MAKEFLAGS)")
    if source is not None and _twice(source, goals):
        return Blocking("unknown", "its makefile has more than one recipe for it")
    return YES


def _twice(source: Source, goals: Sequence[str]) -> bool:
    """Whether a makefile has two recipes for one of the goals: one of them is not the one that runs."""
    text = source.text
    heads = [m[1].split() for m in _TARGET.finditer(text) if text.startswith("\n\t", m.end())]
    return any(sum(goal in head for head in heads) > 1 for goal in goals)


def recipe_of(rules: dict[str, tuple[list[str], list[str]]], goal: str) -> list[str]:
    """The recipe lines of a goal and of what it depends on, dependencies first."""
    lines: list[str] = []
    done: set[str] = set()
    stack = [(goal, False)]
    while stack and len(done) < 100:
        name, expanded = stack.pop()
        if expanded:
            lines += rules[name][1]
        elif name in rules and name not in done:
            done.add(name)
            stack.append((name, True))
            stack += [(needed, False) for needed in reversed(rules[name][0])]
    return lines
