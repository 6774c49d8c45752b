"""Counting what a coverage report lists: each line, branch and function of a file once, however often it is listed."""

from __future__ import annotations

from array import array
from collections import Counter

from gatekeeper.models.evidence.artifact import Unusable
from gatekeeper.models.evidence.facts import Ratio

FILES = 300_000  # the limits of what is counted: more is no report of one repository
LINES = 2_000_000  # of each metric in one file
RECORDS = 20_000_000


def whole(text: str | None, what: str, line: int, most: int = 10**20) -> int:
    """A number that was counted, from 0 to `most`. Raises `Unusable` for anything else."""
    written = (text or "").strip()
    if len(written) <= 20 and written.isascii() and written.isdigit() and (number := int(written)) <= most:
        return number
    raise Unusable("unreadable", f"expected {what}, a whole number, not {written[:30]!r}", line)


def ratio(covered: int, total: int, what: str) -> Ratio:
    """Raises `Unusable` when more is covered than there is."""
    if covered > total:
        raise Unusable("unreadable", f"{what}: {covered} covered of {total}")
    return Ratio(covered, total)


class Tally:
    """What was seen and what was covered, by file and metric. Where one thing is listed twice, one hit is enough.

    A thing is known by its number within file and metric, which fits 64 bits.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], array[int]] = {}
        self._hit: dict[tuple[str, str], array[int]] = {}
        self._records = 0
        self.files: dict[str, None] = {}

    def file(self, path: str, line: int) -> None:
        """A file that the report names, even when there is nothing to count in it. Raises `Unusable` past the limit."""
        self.files[path] = None
        if len(self.files) > FILES:
            raise Unusable("unreadable", f"names more than {FILES} files", line)

    def count(self, path: str, metric: str, thing: int, hit: bool, line: int) -> None:
        """One thing of a file. Raises `Unusable` past the limits; `line` is where the artifact lists it."""
        key = (path, metric)
        seen = self._seen.get(key)
        if seen is None:
            seen, self._hit[key] = self._seen.setdefault(key, array("q")), array("q")
        seen.append(thing)
        if hit:
            self._hit[key].append(thing)
        self._records += 1
        if len(seen) > LINES or self._records > RECORDS:
            raise Unusable("unreadable", f"lists more than {LINES} of one file, or {RECORDS} in all", line)

    def has(self, path: str, metric: str) -> bool:
        return (path, metric) in self._seen

    def ratios(self, path: str) -> dict[str, Ratio]:
        """What was counted in one file, by metric."""
        return {
            metric: Ratio(len(set(self._hit[path, metric])), len(set(self._seen[path, metric])))
            for metric in ("line", "branch", "function")
            if self.has(path, metric)
        }


def total(ratios: list[dict[str, Ratio]]) -> dict[str, Ratio]:
    """The sums by metric. A metric of which there is nothing to count is left out."""
    covered: Counter[str] = Counter()
    countable: Counter[str] = Counter()
    for each in ratios:
        for metric, part in each.items():
            covered[metric] += part.covered
            countable[metric] += part.total
    return {metric: Ratio(covered[metric], number) for metric, number in countable.items() if number}


def not_empty(metrics: dict[str, Ratio]) -> dict[str, Ratio]:
    """The metrics, when there is anything to judge in them. Raises `Unusable`: coverage of nothing is no coverage."""
    if not metrics:
        raise Unusable("empty", "lists no line that could have been covered")
    return metrics
