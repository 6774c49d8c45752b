"""What a platform's API answers, as it is saved: one page, or several one after another, or its refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable

T = TypeVar("T")

_MOST_PAGES = 100
_LARGEST = 16_000_000  # bytes of a file of several pages: each of them is copied
_BOM = b"\xef\xbb\xbf"
_NEXT = re.compile(r"trailing characters \(byte (\d+)\)")  # msgspec's words; from 1: where a second begins


def is_list(artifact: Artifact) -> bool:
    """Whether the outermost thing is a list, if it is JSON."""
    return artifact.head.removeprefix(_BOM).lstrip().startswith(b"[")


def pages(artifact: Artifact, kind: type[T]) -> Iterator[T]:
    """The JSON documents of a file: `gh api --paginate` writes one page after another. Raises `Unusable`."""
    rest = artifact
    for _ in range(_MOST_PAGES):
        try:
            page, end = rest.json(kind), None
        except Unusable as error:
            more = _NEXT.search(str(error))
            if more is None:
                raise
            if len(artifact.data) > _LARGEST:
                raise Unusable("unreadable", f"holds several JSON documents in more than {_LARGEST:,} bytes") from None
            end = int(more[1]) - 1 + (len(_BOM) if rest.head.startswith(_BOM) else 0)
            page = Artifact(artifact.source, rest.data[:end]).json(kind)
        yield page
        if end is None:
            return
        rest = Artifact(artifact.source, rest.data[end:])
    raise Unusable("unreadable", f"holds more than {_MOST_PAGES} JSON documents, one after another")


def each(artifact: Artifact, kind: type[T]) -> Iterator[T]:
    """The answers of a file, one a page, or all in one list (`gh api --paginate --slurp`). Raises `Unusable`."""
    one_or_list: type[T | list[T]] = kind | list[kind]  # type: ignore[valid-type,assignment]  # a union is made when run
    for page in pages(artifact, one_or_list):
        yield from page if isinstance(page, list) else (page,)


def is_refusal(artifact: Artifact, topic: str) -> bool:
    """Whether GitHub refused a question: its answer then is a message and a page of the documentation on a topic."""
    keys = json_text.keys(artifact.head)
    return "message" in keys and f"docs.github.com/rest/{topic}" in keys.get("documentation_url", "")


def refused(message: str | None) -> Unusable:
    said = reported.words(message)
    return Unusable("tool-error", f"GitHub did not answer what was asked, but: {said or 'nothing'}")
