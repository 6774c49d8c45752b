"""Records of decisions: what each says of its number and status, and which took its place."""

from __future__ import annotations

import re
from functools import cached_property

from gatekeeper.models.docs import Document, Section, hollow
from gatekeeper.models.stated import stated
from gatekeeper.node import Node, regex
from gatekeeper.parsers.markdown import Link

_NUMBER = regex(r"(?:adr[-_]?)?0{0,6}(\d{1,6})(?=[-_.]|\Z)", re.IGNORECASE)
_DATED = regex(r"(?:adr[-_]?)?(?:19|20)\d\d[-_]?[01]\d")
# Words of a status, and what each says of the decision. The first that a text holds counts.
_WORDS = (
    ("superseded", r"supersed(?!es|ing)|superced(?!es|ing)|replaced|obsolet"),
    ("rejected", r"reject|declin|withdrawn|abandon|not (?:accepted|adopted|approved)|won'?t|disapprov|invalid"),
    ("deprecated", r"deprecat|retired|expired|outdated|archived|no longer|inactive"),
    ("proposed", r"propos|not yet (?:accept|decid|approv|agreed|adopt|final)|unconfirmed|incomplete"
                 r"|to be (?:decided|determined|confirmed|discussed|reviewed|agreed|defined)|draft|pending|in review"
                 r"|under (?:review|discussion|consideration)|deferred|on hold|\brfc\b"
                 r"|work in progress|\bwip\b|in progress|discuss|open\b|postponed|review|trial|planned|future"
                 r"|in development|suggest|awaiting|provisional|unresolved|undecided|idea|experiment"),
    ("accepted", r"accept|approv|adopt|agreed|implement|decided|final|active|done|complete|amend|in use|in force|live"
                 r"|resolved|current|confirmed|enact|applied|valid|ratif|closed|merged|signed|decision made|passed"
                 r"|effective|updated|supersedes|in effect|published|released|informational|decision|ok\b|yes\b|✅"),
)  # fmt: skip
_CHOICE = regex(r"[{\[<]|\w[ ]?(?:\||/)[ ]?\w.{0,80}(?:\||/)[ ]?\w")
_BY = regex(r"(?:supersed\w{0,2}|superced\w{0,2}|replaced|obsoleted)\s+(?:in part )?(?:by|with)\b:?", re.IGNORECASE)
_SECTION = {
    "context": r"context|problem|background|motivation|issue|summary|introduction|overview|goal|why|situation"
    r"|question|drivers|requirements|description|purpose|user story|in the context",
    "decision": r"decision|outcome|resolution|solution|proposal|conclusion|we (?:will|decided)|chosen|recommendation"
    r"|approach|choice|how\b|implementation|plan\b|design",
    "consequences": r"consequence|implication|impact|result|trade-?off|pros|cons\b|outcome|risk|positive|negative"
    r"|advantages|benefits|effects|follow|conclusion|drawback|limitation",
}
# One sentence may say all three: "In the context of ..., we decided ... to achieve ..., accepting ...".
_SENTENCE = ("in the context of", "decided", "accepting")


class Decision(Document):
    """A record of one decision (ADR)."""

    technology = "docs"
    example_path = "docs/adr/0001-decision.md"

    @cached_property
    def number(self) -> int | None:
        """Its number, by the name of its file; None for one that is called by its date, or by words alone."""
        found = None if _DATED.match(self.stem) else _NUMBER.match(self.stem)
        return int(found[1]) if found else None

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @cached_property
    def status(self) -> Node | None:
        """What it says of its status, as written."""
        return stated(self, "status|state")

    @cached_property
    def standing(self) -> str:
        """What that comes to: accepted, proposed, rejected, deprecated, superseded; '' where nobody can tell."""
        if self.status is None or self.placeholder:
            return ""
        text = self.status.text.lower()
        return next((name for name, words in _WORDS if re.search(words, text)), "")

    @property
    def placeholder(self) -> bool:
        """Whether the status is still the choice that a template offers."""
        if self.status is None:
            return False
        text = self.status.text
        named = sum(1 for name, words in _WORDS if re.search(words, text.lower()))
        return named > 2 and bool(_CHOICE.search(text))

    @cached_property
    def successors(self) -> list[Node | Link]:
        """What is said to have taken its place: links, else the numbers of records."""
        by = _BY.search(self.status.text) if self.status is not None else None
        if self.status is None or by is None:
            return []
        said = self.status.text[by.end() :]
        first, last = self.status.span.line, max(self.status.span.end_line, self.status.span.line)
        linked = [link for link in self.links if first <= link.node.span.line <= last and link.text in said]
        if linked:
            return list(linked)
        found = re.match(
            r"\W{0,4}(?:adr|decision|record|no\.?|number)?[-_ #:]{0,3}0{0,6}(\d{1,6})\b(?![-/.]\d)", said, re.IGNORECASE
        )
        return [Node(found[1], self.source, self.status.span)] if found else []

    def empty(self) -> list[str]:
        """Which of context, decision and consequences have headings with nothing below them."""
        meant = {name: _sections_on(words, self) for name, words in _SECTION.items()}
        return [name for name, found in meant.items() if found and all(hollow(self, each) for each in found)]

    def missing(self) -> list[str]:
        """Which of context, decision and consequences it has no heading for."""
        places = [self.source.text[:10_000].lower().find(words) for words in _SENTENCE]
        if 0 <= places[0] < places[1] < places[2]:
            return []
        headings = " \n".join(heading.text for heading in self.parts.headings[0:60])
        bold = "\n".join(each.node.text[:60] for each in self.parts.texts[:200])
        return [
            name for name, words in _SECTION.items() if not re.search(words, headings, re.I) and not _opens(words, bold)
        ]


def _sections_on(words: str, decision: Decision) -> list[Section]:
    found = [each for each in decision.parts.sections if re.search(words, each.heading.text, re.IGNORECASE)]
    return [each for each in found if each.heading.text != decision.title]


def _opens(words: str, lines: str) -> bool:
    """Whether a paragraph opens with a word and a colon, as a heading would: `Context: ...`."""
    return re.search(rf"^(?:{words})\w{{0,3}}[ ]?[:.\-–—]", lines, re.IGNORECASE | re.MULTILINE) is not None
