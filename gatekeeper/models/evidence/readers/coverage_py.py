"""coverage.py's `coverage json` (https://coverage.readthedocs.io/en/latest/commands/cmd_json.html), and slipcover's.

Lines and branches are counted from the lists of each file. `percent_covered` mixes both and is not read, nor are the
totals. Its time has no zone and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from gatekeeper.models.evidence import json_text, reported, tally
from gatekeeper.models.evidence.artifact import Artifact
from gatekeeper.models.evidence.facts import Coverage, Facts, Ratio

_Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class _Meta(msgspec.Struct):
    version: str = ""
    software: str = "coverage.py"
    branch_coverage: bool = False


class _Summary(msgspec.Struct):
    num_branches: _Count = 0
    covered_branches: _Count = 0


class _File(msgspec.Struct):
    executed_lines: list[int]
    missing_lines: list[int]
    summary: _Summary
    executed_branches: list[tuple[int, int]] | None = None  # coverage.py names them since 7.0
    missing_branches: list[tuple[int, int]] | None = None


class _Report(msgspec.Struct):
    meta: _Meta
    files: dict[str, msgspec.Raw]  # decoded one at a time: their lists of lines are all there is in a large report


def recognises(artifact: Artifact) -> bool:
    head = artifact.head
    keys = json_text.keys(head)
    named = keys.get("meta") == "{" and b'"branch_coverage"' in head
    return named or (keys.get("files") == "{" and b'"executed_lines"' in head and b'"missing_lines"' in head)


def read(artifact: Artifact) -> Iterator[Facts]:
    report = artifact.json(_Report)
    files = [_ratios(path, _file(artifact, raw)) for path, raw in report.files.items()]
    yield Coverage(
        metrics=tally.not_empty(tally.total(files)),
        tool=reported.words(report.meta.software, 50),
        version=reported.words(report.meta.version, 50),
    )


def _file(artifact: Artifact, raw: msgspec.Raw) -> _File:
    return Artifact(artifact.source, bytes(raw)).json(_File)


def _ratios(path: str, file: _File) -> dict[str, Ratio]:
    lines = _ratio(set(file.executed_lines), set(file.missing_lines))
    if file.executed_branches is None or file.missing_branches is None:
        stated = file.summary
        branches = tally.ratio(stated.covered_branches, stated.num_branches, f"branches of {path[:200]}")
    else:
        branches = _ratio(set(file.executed_branches), set(file.missing_branches))
    return {"line": lines, "branch": branches}


def _ratio(executed: set[int] | set[tuple[int, int]], missing: set[int] | set[tuple[int, int]]) -> Ratio:
    """What is listed as both was not all run: it counts as missing."""
    return Ratio(len(executed - missing), len(executed | missing))
