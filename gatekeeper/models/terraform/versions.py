"""Version constraints, as Terraform reads them: which versions may be meant.

https://developer.hashicorp.com/terraform/language/expressions/version-constraints
"""

from __future__ import annotations

from typing import NamedTuple

from gatekeeper.node import regex

Version = tuple[int, ...]
_ONE = regex(r"\s*(=|!=|>=|<=|>|<|~>)?\s*v?(\d{1,9}(?:\.\d{1,9}){0,3})(?:[-+][\w.-]{0,60})?\s*\Z")
_LAST: Version = (10**9,)


class Range(NamedTuple):
    """From `low` to below `high`; both may be open."""

    low: Version = (0,)
    high: Version = _LAST

    def meets(self, since: Version, until: Version) -> bool:
        """Whether some version of `since` to below `until` is in it."""
        return _padded(self.low) < _padded(until) and _padded(since) < _padded(self.high)


def version(text: str) -> Version:
    """`1.2.3` as numbers. Raises ValueError."""
    found = _ONE.match(text)
    if not found or found[1]:
        raise ValueError(f"{text!r} is no version")
    return tuple(map(int, found[2].split(".")))


def allowed(constraint: str) -> Range:
    """The versions that a constraint allows, from the lowest to the highest; what is left out between is not said.

    Raises ValueError for what is no constraint.
    """
    low, high = Range()
    for part in constraint.split(","):
        found = _ONE.match(part)
        if not found:
            raise ValueError(f"{part.strip()!r} is no version constraint")
        given = tuple(map(int, found[2].split(".")))
        sign = found[1] or "="
        if sign in ("=", ">=", ">", "~>"):
            low = max(low, given, key=_padded)
        if sign == "=":
            high = min(high, _after(given), key=_padded)
        elif sign == "<":
            high = min(high, given, key=_padded)
        elif sign == "<=":
            high = min(high, _after(given), key=_padded)
        elif sign == "~>":
            high = min(high, _above(given), key=_padded)
    return Range(low, high)


def satisfies(text: str, constraint: str) -> bool:
    """Whether a version is one that the constraint allows. Raises ValueError."""
    given = version(text)
    for part in constraint.split(","):
        found = _ONE.match(part)
        if not found:
            raise ValueError(f"{part.strip()!r} is no version constraint")
        limit = tuple(map(int, found[2].split(".")))
        if not _holds(found[1] or "=", given, limit):
            return False
    return True


def _holds(sign: str, given: Version, limit: Version) -> bool:
    left, right = _padded(given), _padded(limit)
    if sign == "~>":
        return right <= left < _padded(_above(limit))
    return {
        "=": left == right, "!=": left != right, ">=": left >= right, "<=": left <= right, ">": left > right,
        "<": left < right,
    }[sign]  # fmt: skip


def _above(given: Version) -> Version:
    """What `~>` stops below: its last number may grow, the one before may not."""
    return (given[0] + 1,) if len(given) < 3 else (*given[:-2], given[-2] + 1)


def _after(given: Version) -> Version:
    return (*_padded(given)[:-1], _padded(given)[-1] + 1)


def _padded(given: Version) -> Version:
    return (*given, 0, 0, 0, 0)[:4]


def bounded(given: Range) -> bool:
    """Whether it ends somewhere above."""
    return _padded(given.high) < _padded(_LAST)
