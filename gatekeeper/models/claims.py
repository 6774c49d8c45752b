"""Ticks in hand-written checklists and reports: what people say is done, to be held against what the gates say.

Only the exact names of a checklist's rows are recognised; short ones (`Monitoring`) only in a document that speaks of
readiness, because tables of features use the same words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from gatekeeper.models import Subject
from gatekeeper.models.docs import Document
from gatekeeper.node import Node, regex
from gatekeeper.parsers.markdown import Table

_READINESS = regex(
    r"readiness|ready for (?:production|deployment)|quality gates?|completion report|pre-report|scorecard|hand-?off"
    r"|go-?live|security checklist|acceptance criteria|disaster recovery|deployment status",
    re.IGNORECASE,
)
_MARKS = "✅✔✓☑\ufe0f"
_WORDS = (
    "pass(?:ed)?|yes|done|completed?|configured|ok|ready|approved|deployed|healthy|implemented|met|tested|reviewed"
    "|attested"
)
# A tick, a word that says so, or both; behind it nothing but a remark in brackets, behind a dash, or a number.
_DONE = regex(
    rf"(?:(?:[{_MARKS}]|âœ…)+[ ]*(?:(?:{_WORDS})\b)?|(?:{_WORDS})\b)[ ]*[{_MARKS}]*(?:[ ]*[(,;.–—-].*|[ ]*\d.*)?\Z",
    re.IGNORECASE,
)
_CHECKED = regex(r"gate|criteri|check|measure|requirement|area|item|component|document|category|aspect", re.I)
_STATUS = regex(rf"status|result|state|done|tested|ready|health|complete|passed|check(?:ed)?|[{_MARKS}]", re.I)
_MAY_CLAIM = regex(rf"\[[xX]\]|[{_MARKS}]|âœ…|\|[ \t]*(?:{_WORDS})|:\**[ \t]*(?:{_WORDS})", re.I)
_SHORT = 3  # words; below, a name is recognised only in a document about readiness
EVERYTHING = "*"  # what the verdict on the whole repository is called


class Claim(Subject):
    """One tick: its words, and the gates and criteria (`meant`) that these words name."""

    technology = "claims"
    example_path = "docs/readiness.md"
    late = True

    def __init__(self, node: Node, words: str, meant: tuple[str, ...]) -> None:
        super().__init__(node)
        self.words = words
        self.meant = meant

    @property
    def name(self) -> str:
        return f"{self.path}: {self.words}"


Names = Mapping[str, tuple[str, ...]]  # the gates and criteria for each known name, as `folded` writes it


def claims(documents: Iterable[Document], names: Callable[[], Names]) -> Iterator[Claim]:
    """The claims of some documents. `names` is asked only where something is ticked."""
    ticked = [document for document in documents if _MAY_CLAIM.search(document.source.text)]
    if ticked:
        known = names()
        for document in ticked:
            if _names_one(document.source.text, known):
                yield from _of(document, known)


_SIGNS = (  # that `_READINESS` may match
    "readiness", "ready for", "quality gate", "completion report", "pre-report", "scorecard", "handoff", "hand-off",
    "golive", "go-live", "checklist", "acceptance criteria", "disaster recovery", "deployment status",
)  # fmt: skip
_UNMARKED = str.maketrans("", "", "*_`[]")


def _names_one(text: str, names: Names) -> bool:
    """Whether a text can hold a name that counts in it: to look for them costs less than to read its tables."""
    words = " ".join(text.casefold().translate(_UNMARKED).split())
    shortest = 1 if any(sign in words for sign in _SIGNS) else _SHORT
    return any(name in words for name in names if len(name.split()) >= shortest)


def _of(document: Document, names: Names) -> Iterator[Claim]:
    about_readiness = bool(_READINESS.search(document.title)) or document.speaks_of(_READINESS.pattern)
    found: dict[int, Claim] = {}
    for node, sure in _ticked(document):
        name = folded(node.text)
        meant = names.get(name, ())
        remark = len(node.text.split()) > len(name.split()) + 1
        if meant and (len(name.split()) >= _SHORT or (about_readiness and sure and not remark)):
            found.setdefault(node.span.line, Claim(node, _shown(node.text), meant))
    whole = [claim for claim in found.values() if EVERYTHING in claim.meant]
    for claim in found.values():
        # Whoever says it of several things, or in a document about something else, does not say it of the repository.
        if EVERYTHING not in claim.meant or (len(whole) == 1 and _READINESS.search(document.title)):
            yield claim


def _ticked(document: Document) -> Iterator[tuple[Node, bool]]:
    """What is ticked, and whether its place says that it is a row of a checklist: a table may list services as well."""
    lines = document.source
    tasks = {task.node.span.line for task in document.parts.tasks}
    for task in document.parts.tasks:
        name, colon, remark = task.node.text.partition(":")
        struck = "~~" in lines.line(task.node.span.line)
        if task.checked and not struck and (not colon or _DONE.match(remark.strip())):
            yield Node(name, task.node.source, task.node.span), True
    for table in document.parts.tables:
        sure = bool(table.header) and bool(_CHECKED.search(table.header[0].text))
        yield from ((node, sure) for node in _ticked_rows(table))
    for text in document.parts.texts:
        name, colon, answer = text.node.text.partition(":")
        line = text.node.span.line
        if colon and line not in tasks and not lines.line(line).lstrip().startswith("|"):
            yield from _answered(name, answer.strip(), text.node)


def _answered(name: str, answer: str, node: Node) -> Iterator[tuple[Node, bool]]:
    """`Name: done`; or `Status: production ready`, where the answer is the name."""
    if _DONE.match(answer):
        yield Node(name.strip(), node.source, node.span), True
    elif folded(name).endswith("status"):
        yield Node(answer, node.source, node.span), True


def _ticked_rows(table: Table) -> Iterator[Node]:
    """The first cell of each row that has a tick in a column of states."""
    columns = [number for number, cell in enumerate(table.header) if number and _STATUS.search(cell.text)]
    for row in table.rows:
        if row and any(number < len(row) and _DONE.match(row[number].text.strip()) for number in columns):
            yield row[0]


def _shown(words: str) -> str:
    return words.strip(f" *_:{_MARKS}")


_REMARK = regex(r"(.*?)[ ](?:\(([^()]{0,80})\)|[-–—][ ]+.{0,200})\Z")


def folded(words: str) -> str:
    """Words as they are compared: in lower case, without marks around them or a remark behind them.

    A remark in brackets is a number or one word (`41/41`, `CodeQL`); more words may be about something else.
    """
    words = " ".join(words.casefold().split()).strip(f" .:;*_`[]{_MARKS}").removeprefix("âœ…").strip()
    remark = _REMARK.match(words)
    if remark and (remark[2] is None or len(remark[2].split()) < 2 or any(map(str.isdigit, remark[2]))):
        words = remark[1]
    return words.strip(f" .:;*_`[]{_MARKS}")
