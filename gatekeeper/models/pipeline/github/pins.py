"""Which commit a tag of a well-known action means, by a table made from the actions' own git tags."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).with_name("action_pins.tsv")


class Pin(NamedTuple):
    """A commit, and the version that it is."""

    commit: str
    version: str


@lru_cache(maxsize=1)
def _pins() -> dict[tuple[str, str], Pin]:
    rows = (line.split("\t") for line in _TABLE.read_text("utf-8").splitlines() if line[:1] not in ("", "#"))
    return {(slug, tag): Pin(commit, version) for slug, tag, commit, version in rows}


def pin_of(slug: str, tag: str) -> Pin | None:
    """What the table holds for `owner/name@tag`, also for an action in a folder of that repository."""
    repository = "/".join(slug.lower().split("/")[:2])
    return _pins().get((repository, tag))
