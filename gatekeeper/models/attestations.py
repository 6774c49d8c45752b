"""Attestations: a person's dated statement that a criterion is met or not, `.gatekeeper/attestations/*.yaml`.

criterion: restore-tested
statement: Restored the snapshot of 2026-09-29 into a scratch account, row counts compared, 41 min
result: met                            # or not-met
by: {name: A. Dba, email: dba@example.com, role: dba}
on: 2026-09-30
expires: 2026-12-29
at_commit: 9c1f2ab                     # optional: what the statement is about
covers: [infra/rds.tf, docs/runbooks/] # optional: it ends when one of these changes
links: ["https://example.com/OPS-411"] # optional
ticket: OPS-411                        # optional
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gatekeeper.days import day
from gatekeeper.discover import Tree
from gatekeeper.globs import covers
from gatekeeper.meant import meant
from gatekeeper.models import Subject
from gatekeeper.node import START, Fault, Node, Source, Span, regex
from gatekeeper.parsers import yaml

FOLDER = ".gatekeeper/attestations"

_COMMIT = regex(r"[0-9a-fA-F]{7,64}\Z")
_PLACEHOLDER = regex(
    r"(?:to[ -]?do|tbd|tba|fixme|xxx|n/?a|\?{1,9}|-{1,9}|\.{2,9}|…"
    r"|<[^<>]{0,80}>|\[[^\[\]]{0,80}\]|\{\{[^{}]{0,80}\}\})[.:!?]?\Z"
    r"|(?:todo|tbd|fixme)[ ]?[:\-–—]",
    re.IGNORECASE,
)
_EMAIL = regex(r"[^\s@<>\x00-\x1f]+@[^\s@<>\x00-\x1f]+\Z")
_GLOBS, _GLOB = 100, 500  # how many, and how long


class Problem(NamedTuple):
    """What is wrong in an attestation, and where."""

    at: Node
    words: str


class Attestation(Subject):
    """What one person states about one criterion. With a `problem` it never holds, and what it says may be missing.

    `at_commit` is in lower case and perhaps abbreviated. `covers` are globs: `*` within a name, `**` for any folders;
    what names a folder covers all below it.
    """

    technology = "attestations"
    late = True
    example_path = f"{FOLDER}/restore.yaml"

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        by = node["by"]
        self.criterion = node["criterion"].text.strip()
        self.statement = node["statement"].text.strip()
        self.result = node["result"].text
        self.met = self.result == "met"
        self.email = by["email"].text.strip()
        self.by = by["name"].text.strip() or self.email
        self.role = by["role"].text.strip()
        self.on = day(node["on"].text)
        self.expires = day(node["expires"].text)
        self.at_commit = _verbatim(node["at_commit"]).lower()
        self.covers = tuple(each.text for each in node["covers"])
        self.links = tuple(each.text for each in node["links"])
        self.ticket = node["ticket"].text
        self.problems = tuple(_problems(node))

    @property
    def problem(self) -> str:
        """Why it is malformed, every fault with its line; '' when it is not."""
        return "; ".join(f"line {(each.at.key or each.at.span).line}: {each.words}" for each in self.problems)

    @property
    def span(self) -> Span:
        return self.node["criterion"].mark

    def last_day(self, days: int) -> datetime.date:
        """The last day it holds when statements are accepted for so many days: its own end, or an earlier one."""
        if self.on is None or self.expires is None:
            return datetime.date.min
        return min(self.expires, self.on + datetime.timedelta(min(days, (datetime.date.max - self.on).days)))

    def covering(self, path: str) -> bool:
        """Whether one of its globs means the path."""
        return any(covers(glob, path) for glob in self.covers)


def read(source: Source, tree: Tree) -> Iterator[Subject | Fault]:
    """The attestation of a file; of each document, where it holds several."""
    documents = source.once(yaml.parse)
    repeated = [] if documents.faults else yaml.twice(source)
    for node in documents.nodes:
        attestation = Attestation(node)
        attestation.problems += tuple(Problem(node, f"{key!r} stands twice, on line {line}") for key, line in repeated)
        yield attestation
    for fault in documents.faults:
        yield fault._replace(technology="attestations")
    if not documents.nodes and not documents.faults:
        yield Fault(source, START, "holds no attestation; `gatekeeper attest` writes one", technology="attestations")


def _verbatim(node: Node) -> str:
    """A scalar as it is written: commits of digits alone are no numbers (0123456, 1234e56)."""
    return node.source.slice(node.span) if isinstance(node.value, (int, float)) else node.text


# what is wrong


def _problems(node: Node) -> Iterator[Problem]:
    if not node.is_mapping:
        yield Problem(node, "expected a mapping with criterion, statement, result, by, on and expires")
        return
    yield from _strange(node, _FIELDS)
    for name, (required, wrong) in _FIELDS.items():
        if node[name].present:
            yield from (Problem(at, f"{name}: {words}") for at, words in wrong(node[name]))
        elif required:
            yield Problem(node[name], f"needs {name!r}")
    on, expires = day(node["on"].text), day(node["expires"].text)
    if on and expires and expires < on:
        yield Problem(node["expires"], f"expires: {expires} is before {on}, the day it was made")
    if node["covers"].present and not node["at_commit"].present:
        yield Problem(node["covers"], "covers: needs at_commit, the commit since which these must not have changed")


def _strange(node: Node, known: Iterable[str]) -> Iterator[Problem]:
    for key, child in node.items():
        if key not in known:
            hint = meant(key, known, f"expected one of {', '.join(known)}", shown=repr)
            yield Problem(child, f"no field {key!r} here; {hint}")


def _wrong_text(node: Node) -> Iterator[Problem]:
    if node.is_list or node.is_mapping or not node.text.strip():
        yield Problem(node, "expected a text")
    elif _PLACEHOLDER.match(node.text.strip()):
        yield Problem(node, f"{node.text.strip()!r} stands for what is yet to be written")


def _wrong_result(node: Node) -> Iterator[Problem]:
    if node.text not in ("met", "not-met"):
        yield Problem(node, f"no {node.text!r} here; expected met or not-met")


def _wrong_person(node: Node) -> Iterator[Problem]:
    if not node.is_mapping:
        yield Problem(node, "expected who: {name: ..., email: ..., role: ...}")
        return
    fields = ("name", "email", "role")
    yield from _strange(node, fields)
    for name in fields:
        if node[name].present:
            yield from _wrong_text(node[name])
    if not (node["name"].present or node["email"].present):
        yield Problem(node, "needs a name or an email")
    if node["email"].present and not _EMAIL.match(node["email"].text.strip()):
        yield Problem(node["email"], f"{node['email'].text!r} is no email address")


def _wrong_date(node: Node) -> Iterator[Problem]:
    if day(node.text) is None:
        yield Problem(node, f"{node.text!r} is no date; write YYYY-MM-DD")


def _wrong_commit(node: Node) -> Iterator[Problem]:
    if not _COMMIT.match(_verbatim(node)):
        yield Problem(node, "expected the id of a commit, at least its first 7 digits")


def _wrong_globs(node: Node) -> Iterator[Problem]:
    if not node.is_list or not 0 < len(node) <= _GLOBS:
        yield Problem(node, f"expected a list of 1 to {_GLOBS} globs")
        return
    for each in node:
        steps = each.text.split("/")
        if not isinstance(each.value, str) or not each.value or len(each.value) > _GLOB:
            yield Problem(each, f"expected a glob of at most {_GLOB} characters")
        elif ".." in steps or "." in steps or not steps[0] or "" in steps[:-1]:
            yield Problem(each, f"{each.value!r} is no path below the root; write it from there: infra/**/*.tf")


def _wrong_links(node: Node) -> Iterator[Problem]:
    if not node.is_list:
        yield Problem(node, "expected a list of URLs")
    for each in node:
        if not isinstance(each.value, str) or not each.value.startswith(("https://", "http://")):
            yield Problem(each, "expected a URL, https://...")


_FIELDS: dict[str, tuple[bool, Callable[[Node], Iterator[Problem]]]] = {
    "criterion": (True, _wrong_text),
    "statement": (True, _wrong_text),
    "result": (True, _wrong_result),
    "by": (True, _wrong_person),
    "on": (True, _wrong_date),
    "expires": (True, _wrong_date),
    "at_commit": (False, _wrong_commit),
    "covers": (False, _wrong_globs),
    "links": (False, _wrong_links),
    "ticket": (False, _wrong_text),
}


# which paths it covers
