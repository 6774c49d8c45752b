"""LCOV's tracefile (https://man.archlinux.org/man/geninfo.1, "FILES").

Records of one file are merged. Where a record lists no line, branch or function, its own totals (LF and LH, ...) stand
in for them; everywhere else they are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from gatekeeper.models.evidence import tally
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Coverage, Facts, Ratio
from gatekeeper.models.evidence.tally import Tally, whole

_LINE = 10**9
_TOTALS = {"LF": "line", "LH": "line", "BRF": "branch", "BRH": "branch", "FNF": "function", "FNH": "function"}
_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\n]*\n)*+(?:TN|SF):")
_SECOND = re.compile(rb"^(?:end_of_record|(?:DA|FN|FNL|FNF|LF|BRDA|BRF|VER):)", re.MULTILINE)


def recognises(artifact: Artifact) -> bool:
    head = artifact.head
    return bool(_FIRST.match(head) and re.search(rb"^SF:", head, re.MULTILINE) and _SECOND.search(head))


def read(artifact: Artifact) -> Iterator[Facts]:
    report = _Report()
    stream, number = artifact.stream(), 1
    for number, line in enumerate(iter(stream.readline, b""), 1):
        key, _, rest = line.decode("utf-8", "replace").strip("\ufeff \t\r\n").partition(":")
        report.take(key, rest, number)
    if report.path is not None:
        raise Unusable("unreadable", "ends within a record: expected `end_of_record`", number)
    files = [report.ratios(path) for path in report.counts.files]
    yield Coverage(metrics=tally.not_empty(tally.total(files)))


class _Report:
    """What was counted so far; `path` is the file of the record at hand, None between records."""

    def __init__(self) -> None:
        self.counts = Tally()
        self.path: str | None = None
        self._stated: dict[tuple[str, str], int] = {}  # a file's own totals, the largest of its records
        self._kinds: dict[str, Callable[[str, str, int], None]] = {
            "DA": self._line, "BRDA": self._branch, "FN": self._function, "FNDA": self._called,
            "FNA": self._alias,
        }  # fmt: skip

    def take(self, key: str, rest: str, number: int) -> None:
        if key == "SF":
            self._begin(rest, number)
        elif key == "end_of_record":
            self.path = None
        elif key in self._kinds or key in _TOTALS:
            if self.path is None:
                raise Unusable("unreadable", f"{key} outside a record: expected `SF:` and a file before it", number)
            if key in _TOTALS:
                value = whole(rest, f"`{key}`", number, _LINE)
                self._stated[self.path, key] = max(value, self._stated.get((self.path, key), 0))
            else:
                self._kinds[key](self.path, rest, number)

    def ratios(self, path: str) -> dict[str, Ratio]:
        found = self.counts.ratios(path)
        for key, metric in _TOTALS.items():
            if key.endswith("F") and metric not in found:
                covered = self._stated.get((path, f"{key[:-1]}H"), 0)
                found[metric] = tally.ratio(covered, self._stated.get((path, key), 0), path[:200])
        return found

    def _begin(self, path: str, number: int) -> None:
        if self.path is not None:
            raise Unusable("unreadable", "a record within a record: expected `end_of_record` before `SF:`", number)
        if not path:
            raise Unusable("unreadable", "expected a file behind `SF:`", number)
        self.path = path
        self.counts.file(path, number)

    def _line(self, path: str, rest: str, number: int) -> None:
        line, hit, *_ = *rest.split(",", 2), ""
        hits = whole(hit, "how often a line was run", number)
        self.counts.count(path, "line", whole(line, "a line", number, _LINE), hits > 0, number)

    def _branch(self, path: str, rest: str, number: int) -> None:
        identity, comma, taken = rest.rpartition(",")
        if identity.count(",") < 2 or not comma:
            raise Unusable("unreadable", "expected `BRDA:<line>,<block>,<branch>,<taken>`", number)
        hits = 0 if taken == "-" else whole(taken, "how often a branch was taken", number)
        self.counts.count(path, "branch", hash(identity), hits > 0, number)

    def _function(self, path: str, rest: str, number: int) -> None:
        match = re.fullmatch(r"\d{1,9},(?:\d{1,9},)?(.+)", rest, re.ASCII)
        if not match:
            raise Unusable("unreadable", "expected `FN:<line>,<name>`", number)
        self.counts.count(path, "function", hash(match[1]), False, number)

    def _called(self, path: str, rest: str, number: int) -> None:
        hits, _, name = rest.partition(",")
        called = whole(hits, "how often a function was called", number) > 0
        self.counts.count(path, "function", hash(name), called, number)

    def _alias(self, path: str, rest: str, number: int) -> None:
        """LCOV 2.2: a function's index, how often it was called, and one of its names."""
        index, _, more = rest.partition(",")
        hits = whole(more.partition(",")[0], "how often a function was called", number)
        self.counts.count(path, "function", whole(index, "the index of a function", number, _LINE), hits > 0, number)
