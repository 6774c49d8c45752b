"""Schedules of cron, as Kubernetes and the operators of backups read them: whether one is any, and how far apart its
runs are.

Five fields, six where the first is for seconds, or a word such as `@daily`; https://pkg.go.dev/github.com/robfig/cron
says what they may hold. Sunday is 0 there, and 7 is refused.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from gatekeeper.node import regex

MINUTE, HOUR, DAY = 60, 3_600, 86_400

_WORDS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS = "sun mon tue wed thu fri sat".split()
_ZONE = regex(r"(?:CRON_)?TZ=\S{1,60}[ \t]+")
_EVERY = regex(r"@every[ \t]+((?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|s|us|ns)){1,6})\Z")
_PIECE = regex(r"(\d{1,9}(?:\.\d{1,9})?)(h|ms|m|s|us|ns)")
_UNITS = {"h": HOUR, "m": MINUTE, "s": 1, "ms": 0.001, "us": 0, "ns": 0}
_RANDOM = regex(r"@(?:yearly|annually|monthly|weekly|daily|hourly)-random\Z")  # K8up chooses the moment
_FIRST = datetime.date(2024, 1, 1)
_YEARS = 4 * 366  # days that are looked through: a leap year is among them
_LONGEST = 200  # characters


class Cron(NamedTuple):
    """A schedule: what is wrong with it, '' for nothing; else the longest time between two runs in seconds, None when
    it hardly ever runs."""

    fault: str = ""
    gap: int | None = None


@lru_cache(maxsize=1024)
def cron(text: str, seconds_first: bool = False) -> Cron:
    """What a schedule comes to."""
    text = text.strip()
    zone = _ZONE.match(text)
    text = text[zone.end() :].strip() if zone else text
    if len(text) > _LONGEST:
        return Cron("longer than any schedule")
    if text.startswith("@"):
        return _of_word(text)
    fields = text.split()
    if seconds_first and len(fields) in (5, 6):
        return _with_seconds(fields)
    if len(fields) != 5:
        return Cron(f"has {len(fields)} {'field' if len(fields) == 1 else 'fields'}, not 5")
    return _of_fields(fields)


def _of_word(text: str) -> Cron:
    if text in _WORDS:
        return _of_fields(_WORDS[text].split())
    if _RANDOM.match(text):
        return Cron(gap=_of_fields(_WORDS[text.removesuffix("-random")].split()).gap)
    every = _EVERY.match(text)
    if every is None:
        return Cron("is no word that is known")
    return Cron(gap=max(1, int(sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(every[1])))))


def _with_seconds(fields: list[str]) -> Cron:
    """Of six fields the first is for seconds; of five too, and the weekday is left out."""
    if _values(fields[0], "second", 0, 59) is None:
        return Cron(f"{fields[0]!r} is no second")
    return _of_fields([*fields[1:], "*"] if len(fields) == 5 else fields[1:])


def _of_fields(fields: list[str]) -> Cron:
    found: list[frozenset[int]] = []
    for text, (name, least, most) in zip(fields, _FIELDS, strict=True):
        values = _values(text, name, least, most)
        if values is None:
            return Cron(f"{text!r} is no {name}")
        found.append(values)
    minutes, hours, days, months, weekdays = found
    of_day = sorted(60 * hour + minute for hour in hours for minute in minutes)
    either = not any(_all(field) for field in (fields[2], fields[4]))
    return Cron(gap=_gap(of_day, list(_days(days, months, weekdays, either))))


def _days(days: frozenset[int], months: frozenset[int], weekdays: frozenset[int], either: bool) -> Iterator[int]:
    """The days on which it runs, counted from the first that is looked at. Of day and weekday one is enough where both
    are written."""
    for number in range(_YEARS):
        date = _FIRST + datetime.timedelta(days=number)
        by_day, by_weekday = date.day in days, date.isoweekday() % 7 in weekdays
        if date.month in months and (by_day or by_weekday if either else by_day and by_weekday):
            yield number


def _all(field: str) -> bool:
    """Whether a field is one that leaves the choice of days to the other: `*`, and not `*/2`."""
    return not {"*", "?", "*/1"}.isdisjoint(field.split(","))


def _gap(of_day: list[int], days: list[int]) -> int | None:
    """The longest time between two runs, in seconds: within a day, or from the last run of one to the first of the
    next."""
    if len(days) < 2:
        return None
    within = max((later - earlier for earlier, later in pairwise(of_day)), default=0)
    between = max(later - earlier for earlier, later in pairwise(days))
    return MINUTE * max(within, 24 * 60 * between - of_day[-1] + of_day[0])


def _values(text: str, name: str, least: int, most: int) -> frozenset[int] | None:
    """The values that a field names: `*`, `5`, `1-5`, `*/15`, `mon,wed`; None when it is none."""
    found: set[int] = set()
    for part in text.split(","):
        values = _range(part, name, least, most)
        if not values:
            return None
        found.update(values)
    return frozenset(found)


def _range(part: str, name: str, least: int, most: int) -> range | None:
    span, slash, by = part.partition("/")
    step = _number(by, "") if slash else 1
    if step is None or step < 1:
        return None
    if span in ("*", "?"):
        return range(least, most + 1, step)
    first, dash, last = span.partition("-")
    begin = _number(first, name)
    end = _number(last, name) if dash else (most if slash else begin)
    if begin is None or end is None or not least <= begin <= end <= most:
        return None
    return range(begin, end + 1, step)


def _number(text: str, name: str) -> int | None:
    if name == "month" and text.lower() in _MONTHS:
        return _MONTHS.index(text.lower()) + 1
    if name == "weekday" and text.lower() in _DAYS:
        return _DAYS.index(text.lower())
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None
