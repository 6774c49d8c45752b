"""Markdown documents: what each is for, and the sections people look for in it.

A document is recognised by its path and title, a runbook also by its headings where it is called like an alert. What
the sections of a runbook are about says `document_parts`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import islice

from gatekeeper.discover import Tree
from gatekeeper.models import Subject
from gatekeeper.models.document_parts import DEPLOYMENT, INCIDENT, Part, part_of
from gatekeeper.node import START, Fault, Node, Source, Span, cached_property, regex
from gatekeeper.parsers import markdown
from gatekeeper.parsers.markdown import Link, Section

__all__ = ["Document", "Link", "Runbook", "Section", "empty", "hollow", "read", "told"]

_INCIDENT = regex(r"symptom|\bmeaning|impact|diagnos|investigat|triage|mitigat|remediat|escalat", re.I)
_ALERT_NAME = regex(r"(?=[A-Z]{0,99}[a-z0-9])[A-Za-z][a-z0-9]*[A-Z][A-Za-z0-9]*\Z")
_OF_AN_ALERT = (  # headings by which a file that is called like an alert is its runbook
    regex(r"^#{2,4}[ \t][^\n]{0,40}(?:diagnos|investigat|troubleshoot|triage|symptom|meaning)", re.I | re.M),
    regex(r"^#{2,4}[ \t][^\n]{0,40}(?:mitigat|remediat|resol|recover)", re.I | re.M),
)

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

    def describes(self, kind: str, words: str) -> bool:
        """Whether it is of a kind, or has a heading that matches a pattern, and something stands below that."""
        if self.kind == "changelog" or "template" in self.path.lower():
            return False
        if self.kind == kind and not hollow(self):
            return True
        if not re.search(words, self.source.text, re.IGNORECASE):
            return False
        meant = [each for each in self.parts.sections if re.search(words, each.heading.text, re.IGNORECASE)]
        return any(not hollow(self, section) for section in meant)

    @property
    def anchors(self) -> frozenset[str]:
        return self.parts.anchors

    @property
    def schema(self) -> tuple[Part, ...]:
        """The parts that its sections are told apart by."""
        return INCIDENT

    def sections(self, about: str) -> list[Section]:
        """The sections about something (`diagnosis`, `rollback`, ...), without those inside another of them."""
        found: list[Section] = []
        for section, part in self._parted:
            inside = bool(found) and found[-1].holds(section.heading.node)
            if not inside and part == about:
                found.append(section)
        return found

    def tells(self, about: str) -> bool:
        """Whether it has a section about something, or a paragraph that opens with bold words for it."""
        return bool(self.sections(about)) or about in self._labelled

    @cached_property
    def _labelled(self) -> frozenset[str]:
        return frozenset(part_of(label, self.schema) for label in _labels(self))

    @cached_property
    def _parted(self) -> list[tuple[Section, str]]:
        """Its sections, each with what it is about; the title names none."""
        return [(section, self._about(section)) for section in self.parts.sections]

    def _about(self, section: Section) -> str:
        is_title = section is self.parts.sections[0] and section.heading.text == self.title
        return "" if is_title else part_of(section.heading.text, self.schema)

    @cached_property
    def swallowed(self) -> list[Node]:
        """Lines that are meant as headings and belong to a code block that is never closed."""
        code = self.parts.codes[-1] if self.parts.codes else None
        if code is None or self.source.line(code.node.span.end_line).lstrip(" >").startswith(("```", "~~~")):
            return []
        return [line for line in code.lines if line.text.startswith("## ")]

    def commands(self, section: Section | None = None) -> Iterator[Node]:
        """What looks like a command, in code blocks and in running text, in one section or in all."""
        for code in self.parts.codes:
            if code.language in _SHELLS:
                yield from (line for line in _joined(code.lines) if section is None or section.holds(line))
        for span in self.parts.spans:
            if (section is None or section.holds(span)) and _COMMAND.match(span.text):
                yield span


def _labels(document: Document) -> Iterator[str]:
    """The bold words that open paragraphs and have something behind or below them; not those in code or comments."""
    codes = {line.span.line for code in document.parts.codes for line in code.lines}
    lines = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), document.source.text).splitlines()
    for number, line in enumerate(lines, 1):
        found = _LABEL.match(line) if number not in codes else None
        if found is None:
            continue
        rest = line[found.end() :].strip(" :-–—*_")
        below = next((each for each in lines[number : number + _NEAR] if each.strip()), "")
        opens_another = bool(_LABEL.match(below)) or below.startswith("#")
        if not empty(rest or ("" if opens_another else below.strip(" >*+-"))):
            yield found[1]


_NEAR = 20  # lines
_COMMENT = regex(r"<!--.*?(?:-->|\Z)", re.DOTALL)


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


_LABEL = regex(r"^[ \t>*+-]{0,6}(?:\d{1,2}[.)][ ])?(?:\*\*|__)([A-Za-z][^*_\n]{2,60}?)[:.]?(?:\*\*|__)", re.MULTILINE)
_MAY_LINK = regex(r"\]\(|\]:|<(?:a|img)\b", re.IGNORECASE)
_SHELLS = frozenset({"", "bash", "sh", "shell", "console", "zsh", "terminal", "shell-session", "powershell"})
_COMMAND = regex(r"(?:\$ |sudo )?(?:\./|/|[\w.-]{1,40})[\w./-]{0,80} \S")


class Runbook(Document):
    """A procedure for whoever is on call or deploys."""

    technology = "docs"
    example_path = "docs/runbooks/service.md"

    @property
    def schema(self) -> tuple[Part, ...]:
        return DEPLOYMENT if self.deploys else INCIDENT

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
    def severity(self) -> Node | None:
        """How urgent it says it is, as written, first where it names a level; None when it does not say."""
        from gatekeeper.models.stated import all_stated

        said = list(islice(all_stated(self, "severity|priority|urgency|alert level"), _MOST))
        levels = [each for each in said if LEVEL.search(each.text)]
        return next(iter([*levels, *(each for each in said if empty(each.text)), *said]), None)

    @cached_property
    def _speaks_of_incidents(self) -> bool:
        return any(_INCIDENT.search(heading.text) for heading in self.parts.headings)


LEVEL = regex(
    r"\b(?:[ps]?[0-5]|sev(?:erity)?[- ]?[0-5]|critical|page|emergency|urgent|blocker|fatal|disaster|high|major|error"
    r"|medium|moderate|average|normal|warn(?:ing)?|minor|low|notice|info(?:rmational)?|none)\b",
    re.IGNORECASE,
)
_MOST = 20  # places where a severity may stand
_RUNBOOK_WORD = regex(r"^(?:runbook|playbook)\W+", re.IGNORECASE)
_DEPLOYMENT_STEM = regex(
    r"(?:runbook[-_])?(?:production[-_])?(?:deploy(?:ment|ments|ing)?|releas(?:e|ing)|rollout)"
    r"(?:[-_](?:to[-_])?(?:prod(?:uction)?|procedure|runbook|playbook))?"
)


_PLACEHOLDER = regex(
    r"(?:to[ -]?do|t\.?b\.?[da]\.?|fixme|xxx|wip|work in progress|coming soon|fill (?:this |me )?in|placeholder"
    r"|(?:to be|not yet) (?:done|defined|added|written|completed|determined|documented|decided|filled in)"
    r"|lorem ipsum\b.*|n/?a|not applicable|under construction|(?:step )?\d{1,3}"
    r"|(?:add|describe|document|insert|write|list|explain|provide|put|enter)\b.{0,100}\bhere"
    r"|what is the (?:issue|change) that we['’]?re\b.{0,100}|what becomes easier or (?:more )?difficult\b.{0,100}"
    r")[\s.:!?…]*(?:\(.{0,80}\))?",
    re.IGNORECASE,
)
_TODO = regex(r"(?:to[ -]?do|tbd|fixme)\b[ ]*[:\-–—]", re.IGNORECASE)
_BRACKETED = regex(r"\[[^\[\]]{1,80}\]|<[A-Za-z][^<>]{0,80}>|\{\{[^{}]{1,80}\}\}|\{[A-Za-z][^{}]{2,200}\}")


def hollow(document: Document, section: Section | None = None, dead: Collection[str] = ()) -> bool:
    """Whether nothing in a section, its subsections and code included, goes beyond placeholders."""
    return told(document, section, dead) == ""


def told(document: Document, section: Section | None = None, dead: Collection[str] = ()) -> str:
    """What a section tells, or a whole document: `words`, only an `image`, or nothing.

    `dead` are targets of links that lead nowhere: neither they nor what only points at them tell anything.
    """
    parts = document.parts
    codes = (line for code in parts.codes for line in code.lines)
    if any(_within(section, line) and not empty(line.text) for line in codes):
        return "words"
    links = [link for link in document.links if _within(section, link.node)]
    lost = [link for link in links if link.target in dead or _NOWHERE.fullmatch(link.target.strip())]
    if any(not link.is_image and link not in lost for link in links):
        return "words"
    labels = {id(row[0]) for table in parts.tables for row in table.rows if len(row) > 1 and len(row[0].text) < _LABEL_}
    for text in parts.texts:
        if _within(section, text.node) and id(text.node) not in labels and not empty(_unlinked(text.node, lost)):
            return "words"
    return "image" if any(link.is_image and link not in lost for link in links) else ""


_NOWHERE = regex(r"#?|(?:to-?do|tbd|url|link|here|x{2,})|<.*>|\[.*\]", re.IGNORECASE)
_LABEL_ = 25  # characters; a longer first cell is no label
_POINTS = regex(
    r"(?:please )?(?:see|refer to|look at|check|follow|go to|read|as in|details|more|documentation|docs)?"
    r"(?: (?:the|this|our|also|page|here|in|at|for|details|document|guide|instructions|is|of))*",
    re.IGNORECASE,
)


def _within(section: Section | None, node: Node) -> bool:
    return section is None or section.holds(node)


def _unlinked(node: Node, lost: list[Link]) -> str:
    """A text without the words of links that lead nowhere, and without what only points at them."""
    lines = range(node.span.line, max(node.span.line, node.span.end_line) + 1)
    words = [each.text for each in lost if each.text and each.node.span.line in lines]
    text = node.text
    for each in words:
        text = text.replace(each, "", 1)
    rest = " ".join(text.split()).strip(" .:,;")
    return "" if words and _POINTS.fullmatch(rest) else text


def empty(text: str) -> bool:
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
    document = _runbook(source) or _decision(source) or Document(source)
    if len(source.text) > markdown.SIZE:
        yield from document.parts.faults
    else:
        yield document


def _decision(source: Source) -> Document | None:
    if not _ADR_FOLDER.search(source.path) or Document(source).kind != "adr":
        return None
    from gatekeeper.models.decisions import Decision  # most repositories have none

    return Decision(source)


def _runbook(source: Source) -> Runbook | None:
    stem = source.path.rpartition("/")[2].rpartition(".")[0]
    if _INDEX.fullmatch(stem):
        return None
    title = markdown.title_of(source.text)
    if _RUNBOOK_PATH.search(source.path) or _RUNBOOK_TITLE.match(title) or _DEPLOYMENT_TITLE.match(title):
        return Runbook(source)
    if _ALERT_NAME.match(stem) and all(words.search(source.text) for words in _OF_AN_ALERT):
        return Runbook(source)
    return None
