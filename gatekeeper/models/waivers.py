"""Excuses: comments in the files, waivers in the settings, the lines of a baseline. Each names its last day."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import ClassVar, Literal

import msgspec

from gatekeeper.days import day
from gatekeeper.models import Subject
from gatekeeper.node import START, Node, Source, regex

LONGEST = 90  # days that an excuse may last
LONGEST_FOR_CRITICAL = 14  # days that it may last for what is critical
BASELINE = ".gatekeeper/baseline.jsonl"

Kind = Literal["inline", "settings", "baseline"]


class Excuse(Subject):
    """What asks for a fault to be excused, whether it does so properly or not.

    `rules` are ids or aliases whose findings it means; else `criterion` is what it excuses as a whole. `by` is who
    answers for it, `on` the first day it holds, `end` the last, None when nobody can tell.
    """

    technology = "files"
    example_path = "Dockerfile"
    late = True
    kind: ClassVar[Kind] = "inline"

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.rules: tuple[str, ...] = ()
        self.criterion = ""
        self.reason = ""
        self.by = ""
        self.approved_by = ""
        self.on: datetime.date | None = None
        self.end: datetime.date | None = None
        self.ticket = ""

    @property
    def scope(self) -> str:
        """Where it holds, in words."""
        return self.path

    def problem(self, today: datetime.date) -> str:
        """Why it does not count; '' when it does."""
        return self._fault() or self._untimely(today)

    def days(self, today: datetime.date) -> int:
        """How long it lasts, from its first day; where it names none, how long it still does."""
        return (self.end - (self.on or today)).days if self.end else 0

    def _fault(self) -> str:
        raise NotImplementedError

    def _untimely(self, today: datetime.date) -> str:
        if self.end is None:
            return "has no end"
        if self.end < today:
            return f"expired on {self.end}"
        if self.on and self.on > today:
            return f"begins on {self.on}, which is to come"
        if self.days(today) > LONGEST:
            return f"{'lasts' if self.on else 'ends in'} {self.days(today)} days: at most {LONGEST} are allowed"
        return ""


_MARK = regex(r"(?:#|//|/\*|<!--)[ \t]*gatekeeper:[ \t]*(\S.*)$")
_MARK_IN_MARKDOWN = regex(r"<!--[ \t]*gatekeeper:[ \t]*(\S.*)$")  # the others are text, or code that is quoted
_FORM = regex(r"ignore(-file)?\[([^\]]*)\]((?:[ \t]+(?:until|by)=\S+)*)(?:[ \t]+--[ \t]*(.*))?")
_COMMENT = regex(r"\s*(?:#|//|/\*|<!--)")


class Suppression(Excuse):
    """A comment: `ignore[rule-id] until=2027-01-31 by=ana -- reason`. `line` is the line it is about: its own, or that
    of the statement below when it stands alone."""

    def __init__(self, source: Source, number: int, words: str) -> None:
        super().__init__(Node(words, source, source.line_span(number)))
        form = _FORM.match(words)
        said = dict(word.split("=", 1) for word in form[3].split()) if form else {}
        self.whole_file = bool(form and form[1])
        self.rules = tuple(name.strip() for name in form[2].split(",") if name.strip()) if form else ()
        self.reason = _closed(form[4] or "") if form else ""
        self.by = said.get("by", "")
        self.end = day(said.get("until", ""))
        self.line = source.once(_statements)[number - 1]
        self._until = said.get("until", "")

    @property
    def name(self) -> str:
        return f"{self.path}: ignore{'-file' if self.whole_file else ''}[{', '.join(self.rules)}]"

    @property
    def scope(self) -> str:
        return self.path if self.whole_file else f"{self.path}:{self.line}"

    def _fault(self) -> str:
        if not self.rules:
            return "not understood; write ignore[rule-id] until=YYYY-MM-DD -- reason"
        if self.end is None:
            return f"until={self._until} is no date" if self._until else "has no end: add until=YYYY-MM-DD"
        return "" if self.reason else "has no reason: add -- and why"


def suppressions(source: Source) -> Iterator[Suppression]:
    """The suppression comments of a file."""
    if "gatekeeper:" not in source.text:
        return
    mark = _MARK_IN_MARKDOWN if source.path.lower().endswith((".md", ".markdown")) else _MARK
    for number, line in enumerate(source.lines, 1):
        found = mark.search(line) if "gatekeeper:" in line else None
        if found:
            yield Suppression(source, number, found[1].strip())


def _statements(source: Source) -> list[int]:
    """For each line, the next one that is neither blank nor a comment, itself included; the last one at the end."""
    below = len(source.lines)
    found = []
    for number in range(below, 0, -1):
        line = source.line(number)
        below = number if line.strip() and not _COMMENT.match(line) else below
        found.append(below)
    return found[::-1]


def _closed(words: str) -> str:
    """The words of a comment without what closes it."""
    return words.rstrip().removesuffix("-->").removesuffix("*/").strip()


class Waiver(Excuse):
    """An entry of `waivers` in the settings: of the findings of one rule, or of one criterion as a whole.

    `glob` (of paths), `subject` (a name) and `fingerprint` narrow it; '' does not.
    """

    kind = "settings"

    def __init__(
        self, node: Node, *, rule: str, criterion: str, reason: str, by: str, approved_by: str,
        on: datetime.date | None, until: datetime.date | None, ticket: str = "", glob: str = "", subject: str = "",
        fingerprint: str = "",
    ) -> None:  # fmt: skip
        super().__init__(node)
        self.rules = (rule,) if rule else ()
        self.criterion = criterion
        self.reason, self.by, self.approved_by, self.ticket = reason, by, approved_by, ticket
        self.on, self.end = on, until
        self.glob, self.subject, self.fingerprint = glob, subject, fingerprint

    @property
    def name(self) -> str:
        return f"waiver of {self.criterion or ', '.join(self.rules)}"

    @property
    def scope(self) -> str:
        narrowed = " ".join(filter(None, (self.glob, self.subject, self.fingerprint)))
        return narrowed or ("as a whole" if self.criterion else "everywhere")

    def _fault(self) -> str:
        if bool(self.rules) == bool(self.criterion):
            return "needs either rule or criterion"
        if self.criterion and (self.glob or self.subject or self.fingerprint):
            return "waives a criterion as a whole: leave out path, subject and fingerprint, or name a rule"
        for field in ("reason", "by", "approved_by"):
            if not getattr(self, field).strip():
                return f"{field} is empty"
        return ""


class Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One line of a baseline, as it is written."""

    fingerprint: str
    rule: str
    path: str
    subject: str
    severity: str
    since: datetime.date
    until: datetime.date
    by: str
    reason: str


class Baselined(Excuse):
    """One line of the baseline: a finding that was there before. `entry` is None when the line cannot be read."""

    kind = "baseline"

    def __init__(self, node: Node, entry: Entry | None, fault: str = "") -> None:
        super().__init__(node)
        self.entry = entry
        self._broken = fault
        if entry:
            self.rules = (entry.rule,)
            self.reason, self.by = entry.reason, entry.by
            self.on, self.end = entry.since, entry.until

    @property
    def name(self) -> str:
        return f"baseline {self.entry.fingerprint}" if self.entry else "baseline"

    @property
    def scope(self) -> str:
        return " ".join(dict.fromkeys((self.entry.path, self.entry.subject))) if self.entry else self.path

    def _fault(self) -> str:
        if self.entry is None:
            return self._broken
        for field in ("fingerprint", "rule", "reason", "by"):
            if not getattr(self.entry, field).strip():
                return f"{field} is empty"
        return ""


_BROKEN_LINES = 20  # after so many the rest is not read: it is no baseline


def baseline(source: Source) -> Iterator[Baselined]:
    """The lines of a baseline. Raises what `source.text` raises."""
    broken = 0
    for number, line in enumerate(source.lines, 1):
        if not line.strip():
            continue
        node = Node(None, source, source.line_span(number))
        try:
            yield Baselined(node, msgspec.json.decode(line, type=Entry))
        except ValueError as error:  # msgspec's own errors, and text that is no UTF-8
            broken += 1
            stop = "; the lines below are not read" if broken == _BROKEN_LINES else ""
            yield Baselined(node, None, f"is no line of a baseline: {_in_our_words(error)}{stop}")
            if stop:
                return


def unread(source: Source, words: str) -> Baselined:
    """That a baseline is there which cannot be read."""
    return Baselined(Node(None, source, START), None, f"cannot be read: {words}")


def _in_our_words(error: ValueError) -> str:
    words = str(error).replace("`", "")
    return words[:1].lower() + words[1:]
