"""What documents say about getting data back: the sections on restoring, and on what to do after a disaster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from gatekeeper.links.in_force import holds
from gatekeeper.links.judged import documents
from gatekeeper.links.stores import SAYS_NOTHING, Store
from gatekeeper.models.docs import Document, Section, hollow
from gatekeeper.node import regex
from gatekeeper.project import Project

_RESTORE = regex(r"\brestor(?:e|es|ing|ation)\b|\brecover(?:y|ing)?\b|\bpoint[- ]in[- ]time\b|\bpitr\b", re.IGNORECASE)
_DATA = regex(
    r"\bback(?:ed)?[- ]?ups?\b|snapshot|\bdump|database|\bdata\b|volume|pg_restore|velero|restic|kopia"
    r"|point[- ]in[- ]time",
    re.IGNORECASE,
)
_PUT_BACK = regex(r"restor|point[- ]in[- ]time|pitr", re.IGNORECASE)
_COPY = regex(r"\bback(?:ed)?[- ]?ups?\b|snapshot|\bdump|pg_restore|restore (?:the )?(?:data|volume)", re.IGNORECASE)
_NOT_DATA = regex(
    r"password|account|error|panic|crash|deleted branch|secret|key rotation|session|package|dependenc|default|nuget"
    r"|npm",
    re.IGNORECASE,
)
_DISASTER = regex(
    r"(?<!TL;)\bDRP?\b|(?i:\bdisaster\b|business continuity|\bfail[- ]?over (?:plan|procedure)\b"
    r"|\bregion(?:al)? (?:loss|outage)\b)"
)
_ACTS = regex(
    r"\brestor(?:e|es|ed|ing)\b|\brecover(?:s|ed|ing)?\b|\bfail(?:s|ed|ing)?[- ]?over\b|\brebuil(?:d|ds|t|ding)\b"
    r"|\bre-?(?:deploy|create|provision)|\bpromote|terraform apply|pg_restore",
    re.IGNORECASE,
)
# Lines that say what is not there.
_LACKS = regex(
    r"\b(?:todo|tbd|fixme|coming soon|to be (?:written|done|defined|described|documented|decided)|not (?:yet )?"
    r"(?:documented|supported|possible|available|implemented|defined|described|written)"
    r"|(?:will|should|must|needs? to) (?:be )?(?:describe|document|define|written)"
    r"|(?:there is|there are|we have|has|have) no\b|cannot be)",
    re.IGNORECASE,
)
_SKIPPED = frozenset({"changelog", "adr"})


class Said(NamedTuple):
    """A section about something, in a document; `hollow` when it says nothing."""

    document: Document
    section: Section
    hollow: bool


def restoring(project: Project) -> list[Said]:
    """The sections that say how data is restored: by their heading, and by speaking of backups or what is in them."""

    def make(project: Project) -> list[Said]:
        found = _about(project, _RESTORE)
        return [each for each in found if _of_data(each)]

    return project.once("sections on restoring", make)


def disasters(project: Project) -> list[Said]:
    """The sections that say what to do after a disaster, by their heading or the title of their document."""
    return project.once("sections on disasters", lambda project: _about(project, _DISASTER))


def _of_data(said: Said) -> bool:
    """Whether data is what comes back: services and sessions recover too, and packages are restored."""
    if _PUT_BACK.search(said.section.heading.text) and _DATA.search(_called(said)):
        return True
    return _COPY.search(_called(said) if said.hollow else _words(said)) is not None


def _called(said: Said) -> str:
    return f"{said.document.title} {said.section.heading.text}"


def _words(said: Said) -> str:
    return f"{_called(said)}\n" + "\n".join(said.document.source.lines[said.section.first - 1 : said.section.last])


def acts(said: Said) -> bool:
    """Whether a section says something that is done: a restore, another region taken into use. Its headings alone say
    nothing, nor does what is still to be written."""
    return any(_ACTS.search(line) and not _LACKS.search(line) for line in _lines(said))


def shows(said: Said) -> bool:
    """Whether a section says how something is done: by a command, or by words for what is done."""
    parts = said.document.parts
    commands = [*(line for code in parts.codes for line in code.lines), *parts.spans]
    return acts(said) or any(said.section.holds(each) and " " in each.text for each in commands)


def is_about(said: Said, store: Store) -> bool:
    """Whether a section on restoring speaks of a data store: by its name, what kind it is, or what copies it."""
    words = _words(said).lower()
    if any(name in words for name in store.names - SAYS_NOTHING) or (not store.managed and _TOOL.search(words)):
        return True
    return (_OF_DATABASES if store.group == "Database" else _OF_VOLUMES).search(words) is not None


_TOOL = regex(r"\b(?:velero|k8up|restic|kopia|volsync|kasten|k10|longhorn|stash)\b")
_OF_DATABASES = regex(
    r"\b(?:databases?|db|rds|aurora|postgres(?:ql)?|pg_restore|psql|mysql|mariadb|mongo(?:db|restore)?|dynamodb"
    r"|cloud ?sql|cosmos|cnpg|pgbackrest|barman|wal-g|restore-db-\w+|restore-table\w*)\b"
)
_OF_VOLUMES = regex(r"\b(?:volumes?|disks?|pvcs?|files?|efs|ebs|snapshots?|restic|kopia|velero)\b")


_ADDRESS = regex(r"\]\([^()\n]{0,500}\)|https?://\S{1,500}")


def _lines(said: Said) -> list[str]:
    """The lines of a section without its headings."""
    lines = said.document.source.lines[said.section.first - 1 : said.section.last]
    headings = {each.node.span.line for each in said.document.parts.headings}
    return [_ADDRESS.sub("", line) for number, line in enumerate(lines, said.section.first) if number not in headings]


def _about(project: Project, pattern: re.Pattern[str]) -> list[Said]:
    found = []
    for document in documents(project):
        if document.kind in _SKIPPED or not any(map(pattern.search, _headings(document.source.lines))):
            continue
        if not holds(document):
            continue
        for section in document.parts.sections:
            heading = section.heading.text
            if pattern.search(heading) and not _NOT_DATA.search(heading):
                found.append(Said(document, section, hollow(document, section)))
    return found


def _headings(lines: list[str]) -> Iterator[str]:
    """The lines that may be headings: most documents need not be read any further."""
    for line, below in pairwise([*lines, ""]):
        if line.lstrip(" ")[:1] == "#" or (below and not below.strip("=- \t")):
            yield line
