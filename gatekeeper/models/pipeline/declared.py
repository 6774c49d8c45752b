"""What people say in `gatekeeper.yaml` that their own actions, scripts and jobs do: `pipeline.kinds`.

Settings stand above the models, so they are handed over with the tree of the repository.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol

from gatekeeper.discover import Tree

BY = "by gatekeeper.yaml"


class Said(Protocol):
    """One entry: what it means (globs), what that does, whether its failure counts, and where it goes."""

    pattern: str
    uses: str
    command: str
    script: str
    job: str
    kind: str
    blocking: bool
    environment: str


class Declared(NamedTuple):
    """One thing that somebody said."""

    kind: str
    blocking: bool
    environment: str


def told(tree: Tree) -> tuple[Said, ...]:
    """Every entry of the settings; none where nobody read any."""
    entries: tuple[Said, ...] = tree.told.get("pipeline.kinds", ())
    return entries


def of(tree: Tree, field: str, *texts: str) -> list[Declared]:
    """What is said of one of the texts: an action or template (`uses`), a command, a script or a job."""
    entries = told(tree)
    return list(_meant(entries, field, texts)) if entries else []


def _meant(entries: Iterable[Said], field: str, texts: Iterable[str]) -> Iterator[Declared]:
    for entry in entries:
        globs = [glob.lower() for glob in (entry.pattern, getattr(entry, field)) if glob]
        if any(_matches(text.lower(), glob) for text in texts if text for glob in globs):
            yield Declared(entry.kind, entry.blocking, entry.environment)


def _matches(text: str, glob: str) -> bool:
    """`./ops/deploy.sh` and `ops/deploy.sh` are one; a command may go on behind what is written."""
    plain = text.removeprefix("./")
    return fnmatchcase(text, glob) or fnmatchcase(plain, glob.removeprefix("./")) or fnmatchcase(text, f"{glob} *")
