"""What the options of a tester, scanner or validator make it leave, by its row of the table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatekeeper.models.pipeline import report_tables
from gatekeeper.models.pipeline.report_tables import Tool
from gatekeeper.models.pipeline.shell import EXPRESSION


class Left(NamedTuple):
    """What a run leaves.

    `state`: `report` (one that a gate reads, or the best this tool has), `other` (one that no gate reads), `log` (it is
    printed and not kept), `nothing`, `unknown`. `format` is what it is written in, or what is not known; `path` where
    it goes, '' when the files do not say; `kind` the evidence it becomes.
    """

    state: str
    format: str = ""
    path: str = ""
    kind: str = ""


_ORDER = ("report", "unknown", "other", "log", "nothing")


def best(tool: Tool, words: Sequence[str], kept: str) -> Left:
    found = list(_candidates(tool, words, kept))
    return min(found, key=lambda left: _ORDER.index(left.state), default=Left("nothing"))


def _candidates(tool: Tool, words: Sequence[str], kept: str) -> Iterator[Left]:
    outputs = [_file(value) for value in values(words, tool.outputs)]
    to = next((path for path in outputs if path not in ("stdout", "stderr", "-", "console", "")), kept)
    for option, kind in report_tables.kinds(tool.files).items():
        for value in values(words, option):
            yield _written(tool, kind, option.lstrip("-"), value)
    for flag, kind in report_tables.kinds(tool.flags).items():
        if flag in words:
            yield _written(tool, kind, flag.lstrip("-"), to)
    for written in values(words, tool.choosers, tool.last):
        for value in written.split(",") if ";" not in written else [written]:
            yield from _chosen(tool, value, to)


def _chosen(tool: Tool, value: str, to: str) -> Iterator[Left]:
    """What one value of an option leaves that chooses a format: `junit`, `sarif=grype.sarif`, `trx;LogFileName=a`."""
    format, _, rest = re.sub("[;=]", "\0", value, count=1).partition("\0")
    formats = report_tables.kinds(tool.formats)
    path = _file(rest) or to or report_tables.values(tool.defaults).get(format, "")
    if EXPRESSION in format or "$" in format:
        yield Left("unknown", "which format it writes is known only at run time")
    elif format in formats:
        yield _written(tool, formats[format], format, path)
    elif "junit" in format.lower() or "xunit" in format.lower():  # a reporter's package: it names its own file
        yield Left("report", format, path or "its report", "junit")
    elif format and format not in tool.plain.split():
        yield Left("unknown", f"what {format} writes is not known")


def _written(tool: Tool, kind: str, format: str, path: str) -> Left:
    if not path:
        return Left("log", format)
    return Left("report" if kind or not tool.kind else "other", format, path.replace(EXPRESSION, "…"), kind)


def _file(value: str) -> str:
    """The path in the value of an option for outputs: `junit.xml`, `mochaFile=junit.xml`, `console,checkov.sarif`."""
    return value.rpartition(",")[2].partition(";")[0].rpartition("=")[2]


def values(words: Sequence[str], names: str, greedy: bool = False) -> Iterator[str]:
    """The values that options of these names are given: `--name value`, `--name=value`, `--name:value`."""
    wanted = names.split()
    for index, word in enumerate(words):
        flag, _, value = re.sub("[=:]", "\0", word, count=1).partition("\0") if word[:1] == "-" else ("", "", "")
        if flag not in wanted:
            continue
        if flag != word:
            yield value
            continue
        for following in words[index + 1 : None if greedy else index + 2]:
            if following.startswith("-") and following != "-":
                break
            yield following
