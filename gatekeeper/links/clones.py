"""Which roots of Terraform are copies of one another: by the words of their resources, in one pass over all of them."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from gatekeeper.models.terraform import Directory, Resource
from gatekeeper.node import regex
from gatekeeper.project import Project

LEAST = 4  # resources of a copy
_SHARE = 0.8
_KEPT = 8  # roots that are remembered for one resource: more say nothing new
_QUOTED = regex(r'"(?:[^"\\\n]|\\.)*"')
_BLANK = regex(r"\s+")


class Copy(NamedTuple):
    """The root that another one repeats, and how many of its resources are the same."""

    other: Directory
    same: int
    total: int


def own_resources(directory: Directory) -> list[Resource]:
    """The resources that are written in the directory itself, not in a file it shares by a link."""
    shared = directory.module.configuration.links
    found = [each for each in directory.module.of(Resource) if not each.implied and each.path not in shared]
    mine = f"{directory.directory}/" if directory.directory else ""
    return [each for each in found if each.path.startswith(mine)] if len(found) >= LEAST else []


def copy_of(directory: Directory, project: Project) -> Copy | None:
    """The first root that a directory is a copy of; None for one that is none, and for the first of several."""
    return project.once("copied roots", _copies).get(directory.directory)


def _copies(project: Project) -> dict[str, Copy]:
    holders: dict[str, list[Directory]] = {}
    copies: dict[str, Copy] = {}
    for directory in project.all(Directory):
        if not directory.root or directory.example:
            continue
        words = {_words(each) for each in own_resources(directory)}
        if len(words) < LEAST:
            continue
        counted = Counter(id(other) for word in words for other in holders.get(word, ()))
        best = max(counted.values(), default=0)
        if best > _SHARE * len(words):
            other = next(each for word in words for each in holders.get(word, ()) if counted[id(each)] == best)
            copies[directory.directory] = Copy(other, best, len(words))
        for word in words:
            if len(holders.setdefault(word, [])) < _KEPT:
                holders[word].append(directory)
    return copies


def _words(block: Resource) -> str:
    """Its text without blanks, and without what stands in quotes in its body: names differ from copy to copy."""
    syntax = block.syntax
    body = _QUOTED.sub('""', syntax.home.text[syntax.header_end : syntax.end])
    return f"{block.name} {_BLANK.sub('', body)}"
