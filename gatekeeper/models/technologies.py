"""The technologies a repository may be built with: how each is recognised and by what documents call it.

The table stands in technologies.yaml beside this file; its head says what each key means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import msgspec

TABLE = Path(__file__).with_name("technologies.yaml")
GROUPS = ("Cloud", "IaC", "Containers", "CI/CD", "Monitoring", "Logging", "Secrets", "Service Mesh")
# The kinds of signs that name something by globs, from those that say most.
KINDS = ("types", "providers", "groups", "keys", "stores", "images", "charts", "actions", "commands", "variables")


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is a sign when it holds all of these words."""

    path: str
    holds: list[str]


class Signs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Globs by the kind of thing they are held against."""

    types: list[str] = []
    providers: list[str] = []
    groups: list[str] = []
    keys: list[str] = []
    stores: list[str] = []
    images: list[str] = []
    charts: list[str] = []
    actions: list[str] = []
    commands: list[str] = []
    variables: list[str] = []


class Judges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rules judge it. `technologies` are those of what the rules judge, `types` globs of types of Terraform's
    resources; `without` takes ids away."""

    folders: list[str] = []
    technologies: list[str] = []
    ids: list[str] = []
    types: list[str] = []
    without: list[str] = []


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True, kw_only=True):
    """A row of the table."""

    name: str
    group: str
    words: list[str]
    subjects: list[str] = []
    types: list[str] = []
    providers: list[str] = []
    groups: list[str] = []
    keys: list[str] = []
    stores: list[str] = []
    images: list[str] = []
    charts: list[str] = []
    actions: list[str] = []
    commands: list[str] = []
    variables: list[str] = []
    files: list[str | Held] = []
    texts: list[str] = []
    packages: list[str] = []
    maybe: Signs = msgspec.field(default_factory=Signs)
    rules: Judges = msgspec.field(default_factory=Judges)
    note: str = ""

    @cached_property
    def named(self) -> re.Pattern[str]:
        """What a document calls it."""
        return re.compile(rf"(?<![\w-])(?:{'|'.join(self.words)})(?![\w])", re.IGNORECASE)


class Globs:
    """Several globs as one pattern; those that begin with `!` take away. Names are held against them in lower case."""

    def __init__(self, globs: Iterable[str]) -> None:
        every = [glob.lower() for glob in globs]
        self._wanted = _joined(glob for glob in every if not glob.startswith("!"))
        self._unwanted = _joined(glob[1:] for glob in every if glob.startswith("!"))

    def __bool__(self) -> bool:
        return self._wanted is not None

    def match(self, name: str) -> bool:
        if self._wanted is None or not self._wanted.match(name.lower()):
            return False
        return self._unwanted is None or not self._unwanted.match(name.lower())


def _joined(globs: Iterable[str]) -> re.Pattern[str] | None:
    patterns = [translate(glob) for glob in globs]
    return re.compile("|".join(patterns)) if patterns else None


@lru_cache(maxsize=1)
def table() -> tuple[Known, ...]:
    """Every technology that is recognised, by group. Read when first asked for."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows = yaml.load(TABLE.read_text("utf-8"), loader)  # noqa: S506  # a safe loader, of a file of ours
    return tuple(msgspec.convert(rows, list[Known]))
