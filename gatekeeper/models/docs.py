"""Markdown documents: what each is for, and the sections people look for in it.

A document is recognised by its path and title. Headings are matched by what they say, not by one template's words: of
108 published runbooks none has the headings of one common template, 103 have the same sections under other names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.node import START, Fault, Node, Source, Span, regex
from gatekeeper.parsers import markdown
from gatekeeper.parsers.markdown import Link, Section

__all__ = ["Document", "Link", "Runbook", "Section", "hollow", "read"]

# What a section is about, by words of its heading. The first that matches names it.
_ABOUT: tuple[tuple[str, str], ...] = (
    ("rollback", r"roll(?:ing)?[ -]?back|back(?:ing)?[ -]?out|\brevert|\bundo\b|downgrad"),
    ("escalation", r"escalat|on[ -]?call|\bcontacts?\b|who to (?:call|ask|contact)|\bsupport\b|\bowners?\b"),
    ("follow-up", r"post[ -]?(?:incident|mortem)|follow[ -]?up|prevent|lessons"),
    ("verification", r"post[ -]?deploy|\bverif(?:y|ication)|smoke[ -]?test|\bvalidat"),
    ("diagnosis", r"diagnos|investigat|troubleshoot|\bdebug|triage|root[ -]?cause|\bcauses?\b|\banalys|\bchecks?\b"
                  r"|how to (?:find|identify|detect|check)|first steps|initial (?:steps|response|actions)"),
    ("resolution", r"resolution|\bresolv|mitigat|remediat|\bfix|recover|\brepair|workaround|solution|what to do"
                   r"|\bactions?\b|how to (?:fix|resolve|solve|respond)|\bsteps\b|procedure|\bresponse\b|\bcorrect"),
    ("impact", r"impact|\beffects?\b|consequence|blast radius|affected"),
    ("symptoms", r"symptom|meaning|overview|summary|description|\balerts?\b|trigger|what (?:does|is|happen)|\bproblem\b"
                 r"|\bdetection\b|\bcontext\b|\babout\b|background|introduction"),
)  # fmt: skip
_INCIDENT = regex(r"symptom|\bmeaning|impact|diagnos|investigat|triage|mitigat|remediat|escalat", re.I)
_ALERT_NAME = regex(r"[A-Z]?[a-z0-9]+(?:[A-Z]+[a-z0-9]*)+\Z|(?:[A-Z]+[a-z0-9]*){2,}\Z")

_ADR_FOLDER = regex(r"(?:^|/)(?:adrs?|decisions?|decision[-_]records?|architecture[-_]decisions?|rfcs?/adrs?)/", re.I)
_ADR_NAME = regex(r"(?:adr[-_]?)?\d{1,5}[-_].+|adr[-_].+", re.I)
_RUNBOOK_PATH = regex(r"(?:^|/)(?:runbooks?|playbooks?)/|(?:^|/)[^/]*(?:runbook|playbook)[^/]*\Z", re.I)
_RUNBOOK_TITLE = regex(r"(?:runbook|playbook)\b[ ]*(?:[:\-–—]|\Z)|.*\b(?:runbook|playbook)\Z", re.I)
_INDEX = regex(r"_?index|readme|(?:.*[-_.])?template.*|contributing|summary", re.I)
_DEPLOYS = regex(r"deploy(?:ment|ing|s)?\b|roll[ -]?out|releas(?:e|ing)\b|go[ -]?live", re.I)
_DEPLOYMENT_TITLE = regex(
    r"(?:.{0,80}\b)?deploy(?:ment|ing)?[ ](?:procedure|runbook|playbook|checklist|process|to[ ]prod(?:uction)?)\b", re.I
)
_CENTRAL = frozenset({"", "docs", "doc", "documentation", ".github"})
_KINDS = (
    ("architecture", r"(?:^|/)(?:[^/]*[-_])?(?:architecture|arc42|system[-_]?(?:design|overview)|c4)"
                     r"(?:[-_][^/]*)?(?:/|\.)"),
    ("contributing", r"(?:^|/)(?:contributing|development|developers?|hacking|building)\.|(?:^|/)contributing/"),
    ("changelog", r"(?:^|/)(?:changelog|changes|history|news|release[-_]?notes)\b"),
    ("setup", r"(?:^|/)(?:[^/]*[-_])?(?:setup|install(?:ation|ing)?|getting[-_]?started|quick[-_]?start|local[-_]?dev"
              r"(?:elopment)?|environment|onboarding)(?:[-_][^/]*)?(?:/|\.)"),
    ("readme", r"(?:^|/)readme(?:\.[a-z]{2})?\."),
)  # fmt: skip


class Document(Subject):
    """A Markdown file. Its parts are read when first asked for."""

    technology = "docs"
    example_path = "docs/runbooks/service.md"

    def __init__(self, source: Source) -> None:
        super().__init__(Node(None, source, START))
        self.source = source

    @cached_property
    def stem(self) -> str:
        """The file's name without its ending."""
        return self.path.rpartition("/")[2].rpartition(".")[0]

    @cached_property
    def title(self) -> str:
        return markdown.title_of(self.source.text)

    @cached_property
    def kind(self) -> str:
        """What it is for: adr, architecture, contributing, changelog, setup, readme, or other."""
        if _ADR_FOLDER.search(self.path):
            return "adr" if _ADR_NAME.match(self.stem) and not _INDEX.fullmatch(self.stem) else "other"
        return next((kind for kind, pattern in _KINDS if re.search(pattern, self.path, re.IGNORECASE)), "other")

    @property
    def central(self) -> bool:
        """Whether it speaks for the whole repository: it lies at the root or among the documents, and is no record."""
        folder = self.path.rpartition("/")[0].lower()
        return folder in _CENTRAL or (folder.startswith(("docs/", "doc/")) and self.kind not in ("adr", "changelog"))

    @cached_property
    def parts(self) -> markdown.Document:
        return self.source.once(markdown.parse)

    @property
    def span(self) -> Span:
        """Its first heading."""
        headings = self.parts.headings
        return headings[0].node.span if headings else self.source.line_span(1)

    @cached_property
    def links(self) -> list[Link]:
        """Its links and images. A text that cannot hold any is not read for them."""
        return self.parts.links if _MAY_LINK.search(self.source.text) else []

    def speaks_of(self, words: str) -> bool:
        """Whether one of its headings matches a pattern, in any case."""
        if not re.search(words, self.source.text, re.IGNORECASE):
            return False
        return any(re.search(words, heading.text, re.IGNORECASE) for heading in self.parts.headings)

    @property
    def anchors(self) -> frozenset[str]:
        return self.parts.anchors

    def sections(self, about: str) -> list[Section]:
        """The sections about something (`diagnosis`, `rollback`, ...), without those inside another of them."""
        found: list[Section] = []
        for section in self.parts.sections:
            inside = bool(found) and found[-1].holds(section.heading.node)
            if not inside and self._about(section) == about:
                found.append(section)
        return found

    def _about(self, section: Section) -> str:
        is_title = section is self.parts.sections[0] and section.heading.text == self.title
        return "" if is_title else about(section.heading.text)

    def commands(self, section: Section | None = None) -> Iterator[Node]:
        """What looks like a command, in code blocks and in running text, in one section or in all."""
        for code in self.parts.codes:
            if code.language in _SHELLS:
                yield from (line for line in _joined(code.lines) if section is None or section.holds(line))
        for span in self.parts.spans:
            if (section is None or section.holds(span)) and _COMMAND.match(span.text):
                yield span


def _joined(lines: list[Node]) -> Iterator[Node]:
    """The commands of a block: comments left out, lines that end with a backslash continued by the next."""
    waiting: list[Node] = []
    for line in lines:
        waiting.append(line)
        if line.text.endswith("\\") and len(waiting) < 100:
            continue
        text = " ".join(part.text.rstrip("\\").strip() for part in waiting).removeprefix("$ ")
        if text and not text.startswith("#"):
            yield Node(text, waiting[0].source, waiting[0].span)
        waiting = []


_MAY_LINK = regex(r"\]\(|\]:|<(?:a|img)\b", re.IGNORECASE)
_SHELLS = frozenset({"", "bash", "sh", "shell", "console", "zsh", "terminal", "shell-session", "powershell"})
_COMMAND = regex(r"(?:\$ |sudo )?(?:\./|/|[\w.-]{1,40})[\w./-]{0,80} \S")


class Runbook(Document):
    """A procedure for whoever is on call or deploys."""

    technology = "docs"
    example_path = "docs/runbooks/service.md"

    @cached_property
    def deploys(self) -> bool:
        """Whether it says how to deploy, rather than what to do when something breaks."""
        if _DEPLOYMENT_TITLE.match(self.title) or _DEPLOYMENT_STEM.fullmatch(self.stem.lower()):
            return True
        return bool(_DEPLOYS.match(_RUNBOOK_WORD.sub("", self.title))) and not self._speaks_of_incidents

    @cached_property
    def incident(self) -> bool:
        """Whether it says what to do when something breaks: by its sections, or because it is called like an alert."""
        return not self.deploys and (self._speaks_of_incidents or _ALERT_NAME.match(self.stem) is not None)

    @cached_property
    def _speaks_of_incidents(self) -> bool:
        return any(_INCIDENT.search(heading.text) for heading in self.parts.headings)


_RUNBOOK_WORD = regex(r"^(?:runbook|playbook)\W+", re.IGNORECASE)
_DEPLOYMENT_STEM = regex(
    r"(?:runbook[-_])?(?:production[-_])?(?:deploy(?:ment|ments|ing)?|releas(?:e|ing)|rollout)"
    r"(?:[-_](?:to[-_])?(?:prod(?:uction)?|procedure|runbook|playbook))?"
)


def about(heading: str) -> str:
    """What a section is about, by its heading: one of the names of `_ABOUT`, '' when none fits."""
    return next((name for name, pattern in _ABOUT if re.search(pattern, heading, re.IGNORECASE)), "")


_PLACEHOLDER = regex(
    r"(?:to[ -]?do|t\.?b\.?[da]\.?|fixme|xxx|wip|work in progress|coming soon|fill (?:this |me )?in|placeholder"
    r"|(?:to be|not yet) (?:done|defined|added|written|completed|determined|documented|decided|filled in)"
    r"|lorem ipsum\b.*)[\s.:!…]*(?:\(.{0,80}\))?",
    re.IGNORECASE,
)
_TODO = regex(r"(?:to[ -]?do|tbd|fixme)\b[ ]*[:\-–—]", re.IGNORECASE)
_BRACKETED = regex(r"\[[^\[\]]{1,80}\]|<[A-Za-z][^<>]{0,80}>|\{\{[^{}]{1,80}\}\}")


def hollow(document: Document, section: Section) -> bool:
    """Whether nothing in a section, its subsections and code included, goes beyond placeholders."""
    parts = document.parts
    if any(section.holds(link.node) for link in parts.links):
        return False
    if any(not _empty(line.text) for code in parts.codes for line in code.lines if section.holds(line)):
        return False
    return all(_empty(text.node.text) for text in parts.texts if section.holds(text.node))


def _empty(text: str) -> bool:
    """Whether a line says nothing: `TODO`, `TBD: write this`, `[Step 1]`, `On-call: [contact]`."""
    text = text.strip().lstrip("#/").lstrip()
    if not text or _TODO.match(text):
        return True
    rest, found = _BRACKETED.subn("", text)
    rest = rest.strip(" .,;|?…-–—*")
    if found and (not rest or (rest.endswith(":") and len(rest) < 40)):
        return True
    return not rest or _PLACEHOLDER.fullmatch(rest) is not None


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The document of a Markdown file; the parts of it are read when a rule asks for them."""
    document = _runbook(source) or Document(source)
    if len(source.text) > markdown.SIZE:
        yield from document.parts.faults
    else:
        yield document


def _runbook(source: Source) -> Runbook | None:
    stem = source.path.rpartition("/")[2].rpartition(".")[0]
    if _INDEX.fullmatch(stem):
        return None
    title = markdown.title_of(source.text)
    if _RUNBOOK_PATH.search(source.path) or _RUNBOOK_TITLE.match(title) or _DEPLOYMENT_TITLE.match(title):
        return Runbook(source)
    return None
