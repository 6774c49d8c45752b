"""The command line with which a tool would leave a report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gatekeeper.models.pipeline.report_tables import Tool
from gatekeeper.models.pipeline.shell import EXPRESSION
from gatekeeper.node import regex

_BARE = regex(r"[\w@%+=:,./\x1a${}*?~^!\[\]-]+\Z")


def line(tool: Tool, before: Sequence[str], words: Sequence[str], at: int, kept: bool) -> str:
    """The command line that leaves a report: `at` of its words say which tool it is, `before` stands in front of them.

    `kept` when its standard output goes to a file already.
    """
    rest = _rest(tool, words, at)
    end = rest.index("--") if "--" in rest else len(rest)
    if tool.name == "cargo test":  # what stands behind `--` means something else to nextest
        parts = [shown(before), tool.instead, shown(rest[:end])]
    elif tool.instead:
        parts = [shown(before), tool.instead, shown(rest)]
    elif tool.last:
        parts = [shown(before), shown(words[:at]), shown(rest[:end]), tool.add, shown(rest[end:])]
    else:
        parts = [tool.front, shown(before), shown(words[:at]), tool.add, shown(rest)]
    to = f"> {tool.to}" if tool.to and not kept else ""
    return " ".join(part for part in (*parts, to) if part)


def addable(tool: Tool, words: Sequence[str], at: int) -> bool:
    """Whether more options behind the command are all it takes."""
    return not (tool.instead or tool.to or tool.front) and len(_rest(tool, words, at)) == len(words) - at


def _rest(tool: Tool, words: Sequence[str], at: int) -> list[str]:
    given_anew = set[str]() if tool.repeats else {*tool.choosers.split(), *tool.outputs.split()}
    return _without(words[at:], given_anew)


def _without(words: Sequence[str], options: set[str]) -> list[str]:
    """The words without options that the advice gives anew, and their values."""
    kept: list[str] = []
    value = False
    for word in words:
        flag, given, _ = word.partition("=")
        if flag not in options and not (value and not word.startswith("-")):
            kept.append(word)
        value = flag in options and not given
    return kept


def shown(words: Sequence[str]) -> str:
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    plain = word.replace(EXPRESSION, "…")
    return plain if _BARE.match(word) else "'" + plain.replace("'", "'\\''") + "'"


_NAMED = regex(r"\b(\w+)(\.(?:xml|json|sarif))\b")


def numbered(tool: Tool, advice: str, names: Counter[str]) -> str:
    """The advice, with its file numbered where others of the job, which `names` counts, would write the same."""
    options = tool.add or tool.instead
    if not options:
        return advice
    names[options] += 1
    apart = _NAMED.sub(rf"\1-{names[options]}\2", options) if names[options] > 1 else options
    return advice.replace(options, apart)
