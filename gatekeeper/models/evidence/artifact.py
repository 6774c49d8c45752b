"""One file of evidence, as bytes that are mapped, not copied: reports of 100 MB are read in bounded memory."""

from __future__ import annotations

import io
from functools import cached_property
from mmap import mmap
from typing import Any, BinaryIO, TypeVar, cast

import msgspec

from gatekeeper.models.evidence.facts import Grade
from gatekeeper.node import Source

T = TypeVar("T")

_CHUNK = 1_000_000  # bytes

_WORDS: dict[str, Grade] = {
    "critical": "critical", "blocker": "critical",
    "high": "high", "important": "high", "major": "high",
    "medium": "medium", "moderate": "medium",
    "low": "low", "minor": "low", "negligible": "low",
}  # fmt: skip


class Unusable(Exception):
    """Evidence that proves nothing. `reason` is one of the reasons of UNKNOWN; the message says what was expected."""

    def __init__(self, reason: str, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.reason = reason
        self.line = line


class Artifact:
    """A file of evidence: its `data`, and its `source` for places. Whoever reads it keeps no reference to the data."""

    def __init__(self, source: Source, data: bytes | mmap) -> None:
        self.source = source
        self.data = data

    @property
    def name(self) -> str:
        return self.source.path.rpartition("/")[2]

    @cached_property
    def head(self) -> bytes:
        """The first 4 KB: what a format is recognised by."""
        return bytes(self.data[:4096])

    @cached_property
    def sha256(self) -> str:
        import hashlib

        return hashlib.sha256(self.data).hexdigest()

    def stream(self) -> BinaryIO:
        """The data as a file, from its beginning."""
        if isinstance(self.data, bytes):
            return io.BytesIO(self.data)
        self.data.seek(0)
        return cast("BinaryIO", self.data)

    def json(self, kind: type[T]) -> T:
        """The data as JSON of a type: fields that the type does not name are passed over unread. Raises `Unusable`."""
        data: Any = self.data if isinstance(self.data, bytes) else memoryview(self.data)
        if self.head[:3] == b"\xef\xbb\xbf":
            data = memoryview(data)[3:]
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.ValidationError as error:
            raise Unusable("unreadable", f"not the JSON that was expected: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unusable("unreadable", f"not valid JSON: {error}") from None
        except RecursionError:
            raise Unusable("unreadable", "nests too deeply to be read") from None

    def line_of(self, words: bytes, nth: int = 1) -> int:
        """The line on which some bytes stand for the nth time; 1 when they do not. Only for places that are shown."""
        at = -1
        for _ in range(nth):
            at = self.data.find(words, at + 1)
            if at < 0:
                return 1
        return line_breaks(self.data, 0, at) + 1


def line_breaks(data: bytes | mmap, start: int, end: int) -> int:
    """How many stand from `start` to `end`. A mapping is counted in copies of a megabyte."""
    return sum(data[at : min(at + _CHUNK, end)].count(b"\n") for at in range(start, end, _CHUNK))


def severity(word: str | None) -> Grade | None:
    """A tool's own word for a severity as ours; None for `unknown`, `none` and what nobody knows."""
    return _WORDS.get((word or "").strip().lower())


def severity_of_score(score: float | None) -> Grade | None:
    """A CVSS v3 base score as a severity (https://www.first.org/cvss/v3.1/specification-document, table 14)."""
    if score is None or score <= 0:
        return None
    return "critical" if score >= 9 else "high" if score >= 7 else "medium" if score >= 4 else "low"
