"""Istanbul's `json-summary` (https://istanbul.js.org/docs/advanced/alternative-reporters/#json-summary): nyc, c8, Jest,
Vitest.

The files are added up; `total` is read only where no file is listed. Percentages are not read: of nothing they are 100.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from gatekeeper.models.evidence import json_text, tally
from gatekeeper.models.evidence.artifact import Artifact
from gatekeeper.models.evidence.facts import Coverage, Facts, Ratio

_Number = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class _Count(msgspec.Struct):
    total: _Number
    covered: _Number


class _Entry(msgspec.Struct):
    lines: _Count
    statements: _Count
    functions: _Count
    branches: _Count


def recognises(artifact: Artifact) -> bool:
    head = artifact.head
    first = next(iter(json_text.keys(head).values()), "")
    return first == "{" and all(word in head for word in (b'"lines"', b'"functions"', b'"branches"', b'"pct"'))


def read(artifact: Artifact) -> Iterator[Facts]:
    entries = artifact.json(dict[str, _Entry])
    files = {path: entry for path, entry in entries.items() if path != "total"}
    counted = [_ratios(path, entry) for path, entry in (files or entries).items()]
    yield Coverage(metrics=tally.not_empty(tally.total(counted)))


def _ratios(path: str, entry: _Entry) -> dict[str, Ratio]:
    counts = {
        "line": entry.lines,
        "statement": entry.statements,
        "function": entry.functions,
        "branch": entry.branches,
    }
    return {metric: tally.ratio(count.covered, count.total, path[:200]) for metric, count in counts.items()}
