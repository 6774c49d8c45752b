"""Evidence: what CI artifacts, servers and other tools say about a revision, and how it is bound to it."""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

from gatekeeper.models import Subject
from gatekeeper.models.evidence.facts import Facts, Scan
from gatekeeper.node import START, Node, Source, Span

FOLDER = ".gatekeeper/evidence"


class Revision(Subject):
    """The state of the repository that is judged: the one subject of rules over evidence. Something must be counted."""

    technology = "evidence"
    example_path = f"{FOLDER}/evidence.json"
    measured = True

    def __init__(self) -> None:
        super().__init__(Node(None, Source(".", ""), START))

    @property
    def name(self) -> str:
        return "revision"


class Origin(msgspec.Struct, frozen=True):
    """Where evidence comes from, and who says so: a signed manifest, a manifest, the artifact itself, or nobody.

    `commit` is what it is about, `about` which part of the repository (a folder, an image); `made` is when.
    """

    binding: Literal["signed", "manifest", "itself", "unbound"] = "unbound"
    commit: str = ""
    dirty: bool | None = None
    made: datetime.datetime | None = None
    about: str = ""
    command: str = ""
    exit_code: int | None = None
    repository: str = ""
    run: str = ""
    signer: str = ""


class Trouble(msgspec.Struct, frozen=True):
    """Why evidence proves nothing: a reason of the closed list, and words."""

    reason: str
    message: str
    line: int = 1


class Evidence(Subject):
    """One thing that one artifact says: its facts and origin; or, with a `trouble`, why it says nothing."""

    technology = "evidence"

    def __init__(
        self,
        source: Source,
        format: str,
        origin: Origin,
        facts: Facts | None = None,
        trouble: Trouble | None = None,
    ) -> None:
        line = trouble.line if trouble else facts.line if facts else 1
        super().__init__(Node(None, source, Span(line, 1, line, 1)))
        self.format = format
        self.origin = origin
        self.facts = facts
        self.trouble = trouble

    @property
    def name(self) -> str:
        return f"{self.path} ({self.format})" if self.format else self.path


class Analysed(Subject):
    """What another analyser said of this working copy when it ran beside us; `scan` is None when it said nothing."""

    technology = "evidence"
    late = True
    measured = True

    def __init__(self, tool: str, version: str, scan: Scan | None, reason: str = "", message: str = "") -> None:
        super().__init__(Node(None, Source(".", ""), START))
        self.tool = tool
        self.version = version
        self.scan = scan
        self.reason = reason
        self.message = message

    @property
    def name(self) -> str:
        return self.tool
