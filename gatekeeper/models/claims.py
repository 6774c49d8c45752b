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
    r"readiness|ready for production|quality gates?|completion report|pre-report|scorecard|hand-?off|go-?live"
    r"|security checklist|acceptance criteria|disaster recovery",
    re.IGNORECASE,
)
_TICK = regex(
    r"(?:✅|✔|✓|☑|âœ…|(?:pass(?:ed)?|yes|done|completed?|configured|ok|ready|approved|deployed|healthy|implemented|met"
    r"|tested|reviewed|attested)\b)",
    re.IGNORECASE,
)
_CHECKED = regex(r"gate|criteri|check|measure|requirement|area|item|component|document", re.I)
_STATUS = regex(r"status|result|state|done|tested|ready|health|complete|passed|check(?:ed)?|[✅✔✓☑]", re.I)
_MAY_CLAIM = regex(r"\[[xX]\]|[✅✔✓☑]|âœ…|\|[ \t]*(?:pass|yes|done|complete|ok|ready|approved)", re.I)
_SHORT = 3  # words; below, a name is recognised only in a document about readiness


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
            yield from _of(document, known)


def _of(document: Document, names: Names) -> Iterator[Claim]:
    about_readiness = bool(_READINESS.search(document.title)) or document.speaks_of(_READINESS.pattern)
    for node, sure in _ticked(document):
        words = folded(node.text)
        meant = names.get(words) or names.get(words.partition(":")[0].strip())
        if meant and (len(words.split()) >= _SHORT or (about_readiness and sure)):
            yield Claim(node, node.text, meant)


def _ticked(document: Document) -> Iterator[tuple[Node, bool]]:
    """What is ticked, and whether its place says that it is a row of a checklist: a table may list services as well."""
    for task in document.parts.tasks:
        if task.checked:
            yield task.node, True
    for table in document.parts.tables:
        sure = bool(table.header) and bool(_CHECKED.search(table.header[0].text))
        yield from ((node, sure) for node in _ticked_rows(table))
    for text in document.parts.texts:
        name, colon, answer = text.node.text.partition(":")
        in_table = document.source.line(text.node.span.line).lstrip().startswith("|")
        if colon and not in_table and _TICK.match(answer.strip()):
            yield Node(name.strip(), text.node.source, text.node.span), True


def _ticked_rows(table: Table) -> Iterator[Node]:
    """The first cell of each row that has a tick in a column of states."""
    columns = [number for number, cell in enumerate(table.header) if number and _STATUS.search(cell.text)]
    for row in table.rows:
        if row and any(number < len(row) and _TICK.match(row[number].text.strip()) for number in columns):
            yield row[0]


def folded(words: str) -> str:
    """Words as they are compared: in lower case, without marks around them or a remark in brackets behind them."""
    words = " ".join(words.casefold().split()).strip(" .:;*_`✅✔✓☑[]")
    if words.endswith(")"):
        words = words.rpartition("(")[0]
    return words.strip(" .:;*_`✅✔✓☑[]")
