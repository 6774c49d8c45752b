"""The requirements that documents number (NFR-001, REQ-12), and what else speaks of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gatekeeper.discover import VENDORED, Unreadable
from gatekeeper.links.judged import documents
from gatekeeper.models import Place
from gatekeeper.models.decisions import Decision
from gatekeeper.models.docs import Document, Runbook
from gatekeeper.node import Node, Source, regex
from gatekeeper.project import Project
from gatekeeper.settings import FILE

_NUMBER = r"[A-Z]{0,6}[-_]?\d{1,5}(?:\.\d{1,4}){0,3}(?![0-9A-Za-z])"
_ID = regex(rf"\b(?:(?:N?FR|REQ|RQ|SLR|SRS|UR|BR)[-_]|NFR[ ]?){_NUMBER}")
_SHOWS = regex(
    r"(?:^|/)\.[^/]+/|template|example|sample", re.IGNORECASE
)  # how requirements are written: tools, templates
_WORDS = 500  # characters that are kept of what stands beside an id


class Requirement(NamedTuple):
    """A numbered requirement: its id and the words beside it, as far as they are kept, where it is first written."""

    id: str
    words: str
    at: Node


def requirements(project: Project) -> list[Requirement]:
    """Every requirement that a document numbers, once, in the order of the files."""
    return project.once("requirements", lambda project: list(_all(project).values()))


def _all(project: Project) -> dict[str, Requirement]:
    found: dict[str, Requirement] = {}
    for document in sorted(documents(project), key=_answers):  # what requires it comes before what answers it
        if document.kind != "changelog" and not _SHOWS.search(document.path) and _ID.search(document.source.text):
            for each in _of(document):
                found.setdefault(each.id, each)
    return found


def _answers(document: Document) -> bool:
    """Whether a document says what was done about requirements, and not what they are."""
    return document.kind == "adr" or isinstance(document, Runbook)


def _of(document: Document) -> Iterator[Requirement]:
    for table in document.parts.tables:
        for row in table.rows:
            named = next((cell for cell in row if _ID.match(cell.text)), None)
            if named is not None:
                beside = next((cell.text for cell in row if cell is not named and cell.text), "")
                yield from _in(named, beside)
    for heading in document.parts.headings:
        yield from _in(heading.node, "")
    for text in document.parts.texts:
        yield from _in(text.node, "")


def _in(node: Node, beside: str) -> Iterator[Requirement]:
    ids = _ID.findall(node.text)
    if not ids:
        return
    rest = node.text.partition(ids[0])[2].lstrip(" :.-–—)]") if len(ids) == 1 else node.text
    words = " ".join((rest or beside).split())[:_WORDS]
    for id in dict.fromkeys(map(plain_id, ids)):
        yield Requirement(id, words, node)


def plain_id(written: str) -> str:
    """A number as it is compared: `nfr_001` and `NFR 001` are `NFR-001`."""
    text = _SEPARATOR.sub("-", written.strip().upper())
    return text if "-" in text or not _ID.fullmatch(text) else f"NFR-{text[3:]}"


_SEPARATOR = regex(r"[-_ ]")


def answering(id: str, project: Project) -> list[str]:
    """The criteria that the settings name for a requirement."""
    return next((names for key, names in project.settings.requirements.items() if plain_id(key) == id), [])


# what speaks of them

# Files in which a number stands because somebody did something about it: code, tests, alerts, objectives, statements.
_MADE = regex(
    r"(?:.*\.(?:ya?ml|tf|tofu|hcl|js|mjs|cjs|ts|tsx|jsx|py|go|java|kt|kts|scala|groovy|rb|rs|cs|fs|php|swift|ex|exs|sh|bash"
    r"|ps1|feature|robot|rules|libsonnet|jsonnet|sql|toml|rego|bats|c|cc|cpp|h|hpp)|(?:.*/)?(?:Jenkinsfile|Makefile|justfile"
    r"|Dockerfile))\Z",
    re.IGNORECASE,
)
_LISTS = regex(
    r"(?:.*[/_.-])?(?:requirements?|reqs|nfrs?|prd|srs|backlog|roadmap|changelog|mkdocs)(?:[_.-].*)?\Z", re.IGNORECASE
)
# Folders whose files say what is wanted, what was changed and what others may ask for.
_SAID = frozenset(
    "doc docs documentation requirements reqs specifications changelog changelogs changes releasenotes".split()
) | {"issue_template", "release-notes"}
_SPOKEN = regex(rf"(?<![A-Z0-9])(?:(?:N?FR|REQ|RQ|SLR|SRS|UR|BR)[-_]|NFR[ ]?){_NUMBER}", re.IGNORECASE)
# A line that puts it off, or says that it is not kept, answers nothing.
_PUT_OFF = regex(
    r"\b(?:to-?do|fixme|xxx|tbd|wip|hack)\b"
    r"|\b(?:not|never)[ ](?:yet[ ])?(?:been[ ])?(?:met|done|implemented|covered|tested|addressed|supported|fulfilled)\b"
    r"|(?:n['’]t|not)[ ](?:yet[ ])?(?:meet|satisfy|fulfil|cover|implement|address)|out[ ]of[ ]scope|deferred|postponed"
    r"|violat|\bxit\b|\bxdescribe\b|\.(?:skip|todo|failing)\b|xfail|@(?:skip|ignore|disabled|wip)\b",
    re.IGNORECASE,
)
# A test that is not run: beside its name, or in one of the lines around it.
_SKIPPED = regex(
    r"@(?:pytest\.mark\.|unittest\.)?(?:skip|xfail|expectedFailure|Disabled|Ignore)\b(?!if)|\bt\.Skip\w{0,3}\(|\.(?:skip|todo)\("
    r"|pytest\.skip\(|\bxit\(|\bxdescribe\(|#\[ignore\]|\[Ignore"
)
_BEFORE, _BEHIND = 4, 2  # lines around a number in which a test says that it is not run
_LONGEST = 400_000  # characters of a file that are looked through
_MOST_FILES = 20_000
_STATEMENTS = ".gatekeeper/attestations"
_STANDS = frozenset({"", "accepted"})


def spoken_of(project: Project) -> dict[str, Place]:
    """For each requirement that something else than the documents which require it speaks of, where that stands.

    That is a file in which it was acted upon: code, a test that is run, an alert, an objective, a load test, an
    attestation that is not over; and of documents a decision record that stands, or a runbook. Another list of
    requirements is none of these, and neither is a line that puts it off.
    """
    return project.once("requirements spoken of", _spoken_of)


def _spoken_of(project: Project) -> dict[str, Place]:
    wanted = {each.id for each in requirements(project)}
    found: dict[str, Place] = {}
    for path in (*project.tree.below(_STATEMENTS), *project.tree.paths[:_MOST_FILES]) if wanted else ():
        if wanted <= found.keys():
            break
        if not _acts(path):
            continue
        source = project.tree.source(path)
        try:
            text = source.text[:_LONGEST]
        except Unreadable:
            continue
        for hit in _SPOKEN.finditer(text):
            id = plain_id(hit[0])
            if id in wanted and id not in found and _answers_it(source, hit.start(), project):
                found[id] = Place(source, source.span(*hit.span()))
    home = {each.id: each.at.source.path for each in requirements(project)}
    for document in filter(_stands, documents(project)):
        for each in _of(document):
            if home.get(each.id) != document.path and not _PUT_OFF.search(each.at.text):
                found.setdefault(each.id, Place(document.source, each.at.span))
    return found


def _stands(document: Document) -> bool:
    """Whether it is a runbook, or a decision that was not rejected, given up or only proposed."""
    standing = document.standing if isinstance(document, Decision) else ""
    return _answers(document) and standing in _STANDS


def _answers_it(source: Source, at: int, project: Project) -> bool:
    """Whether the line at a place of a text does something about what it names: not where it puts it off."""
    number = source.span(at, at).line
    if _PUT_OFF.search(source.line(number)):
        return False
    if source.path.startswith(f"{_STATEMENTS}/"):
        return not _is_over(source.text, project)
    around = range(max(1, number - _BEFORE), min(len(source.lines), number + _BEHIND) + 1)
    return not any(_SKIPPED.search(source.line(each)) for each in around)


def _is_over(text: str, project: Project) -> bool:
    """Whether a statement has expired, or says that something is not met."""
    ends, result = _EXPIRES.search(text), _RESULT.search(text)
    return bool((ends and ends[1] < project.today.isoformat()) or (result and result[1].lower() != "met"))


_EXPIRES = regex(r"^expires:[ \t]*[\"']?(\d{4}-\d\d-\d\d)", re.MULTILINE)
_RESULT = regex(r"^result:[ \t]*[\"']?([\w-]{1,20})", re.MULTILINE)


def _acts(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    steps = folder.lower().split("/")
    if path == FILE or not _MADE.match(path) or _LISTS.match(name):
        return False
    return VENDORED.isdisjoint(steps) and _SAID.isdisjoint(steps)
