"""The manifest that binds artifacts to a commit: an in-toto Statement (https://in-toto.io/Statement/v1), one a file.

It says by hash which files came of which command, at which commit, when, and how the command ended. Whoever controls
the job can write a false one; a signature shows whose job it was.
"""

from __future__ import annotations

import datetime

import msgspec

from gatekeeper.models.evidence.artifact import Artifact, Unusable

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://github.com/gatekeeper-lint/gatekeeper/evidence/v1"


class Digest(msgspec.Struct, rename="camel"):
    git_commit: str = ""


class Judged(msgspec.Struct):
    """The repository, and the commit that is checked out."""

    name: str
    digest: Digest


class Tool(msgspec.Struct):
    name: str = ""
    version: str = ""


class Piece(msgspec.Struct):
    """An artifact: its path from the manifest's own folder, and the sha256 of its bytes in hexadecimal."""

    path: str
    sha256: str


class CiRun(msgspec.Struct):
    """The pipeline run that made it."""

    url: str = ""
    id: str = ""
    attempt: str = ""
    job: str = ""


class Predicate(msgspec.Struct, rename="camel", kw_only=True):
    """`kind` is a format; `about` which part of the repository it is about; `exit_code` None when nothing was run."""

    kind: str
    about: str = ""
    tool: Tool = msgspec.field(default_factory=Tool)
    command: str = ""
    exit_code: int | None = None
    started_at: datetime.datetime | None = None
    finished_at: datetime.datetime
    dirty: bool | None = None
    files: list[Piece]
    run: CiRun = msgspec.field(default_factory=CiRun)


class Manifest(msgspec.Struct, rename="camel", kw_only=True):
    type: str = msgspec.field(name="_type", default=STATEMENT)
    subject: list[Judged]
    predicate_type: str = PREDICATE
    predicate: Predicate

    @property
    def commit(self) -> str:
        return self.subject[0].digest.git_commit

    @property
    def repository(self) -> str:
        return self.subject[0].name.removeprefix("git+")


def recognises(artifact: Artifact) -> bool:
    return PREDICATE.encode() in artifact.data[:65536]


def read(artifact: Artifact) -> Manifest:
    """The manifest that a file holds. Raises `Unusable`."""
    manifest = artifact.json(Manifest)
    if manifest.type != STATEMENT or manifest.predicate_type != PREDICATE:
        raise Unusable("unreadable", f"expected an in-toto Statement with predicateType {PREDICATE}")
    if len(manifest.subject) != 1:
        raise Unusable("unreadable", f"expected one subject, the commit; there are {len(manifest.subject)}")
    if manifest.predicate.finished_at.tzinfo is None:
        raise Unusable("unreadable", "finishedAt has no time zone: nobody can tell how old it is")
    if not manifest.predicate.files:
        raise Unusable("empty", "names no file")
    return manifest


def write(manifest: Manifest) -> str:
    """Its JSON, indented, with a line break at the end."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2).decode() + "\n"
