"""What people write for a target, in words: `99.9%`, `< 500ms`, `p95 <= 0.3 s`, `three nines`."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from gatekeeper.node import regex

Indicator = Literal["availability", "latency", "error", "other"]

_ABOUT: tuple[tuple[Indicator, re.Pattern[str]], ...] = (
    ("other", regex(r"\b(?:freshness|throughput|durability|lag|error budget|saturation|utili[sz]ation|cpu"
                    r"|memory|coverage"
                    r"|recovery|rto|rpo|mttr|mttd|mtbf|test|build|deploy(?:ment)?s?|change failure|cache hit"
                    r"|cost|budget|correctness|quality|accuracy|satisfaction|csat|nps|acknowledg\w{0,8})\b", re.I)),
    ("latency", regex(r"\blatenc(?:y|ies)\b|\bresponse times?\b|\bdurations?\b|\bpercentile\b|\bp ?\d\d(?:[.,]?\d)?\b"
                      r"|\bttfb\b|\btime to first byte\b|\bantwortzeit\w{0,4}\b|\blatenz\b|\blatence\b", re.I)),
    ("error", regex(r"\berrors?\b|\berror[ _-]?rate\b|\b5xx\b|\bfailure[ _-]rate\b|\bfehler\w{0,6}\b"
                    r"|\bsuccess(?:es|ful)?\b|\bnon[- ]5xx\b|\bsuccès\b", re.I)),
    ("availability", regex(r"\bavailab(?:le|ility)\b|\buptime\b|\bverfügbar(?:keit)?\b|\bdisponibil(?:ité|idad|idade)\b"
                           r"|\breachab(?:le|ility)\b", re.I)),
)  # fmt: skip
_SUCCEEDS = regex(r"\bsuccess(?:es|ful)?\b|\bnon[- ]5xx\b|\bsuccès\b|\bwithout errors?\b|\berror[- ]free\b", re.I)
_PERCENT = regex(r"(?<![\d.,])(\d{1,3}(?:[.,]\d{1,6})?)[ ]{0,2}(?:%|percent\b)", re.I)
_DURATION = regex(
    r"(?<![\d.,\w])(\d{1,7}(?:[.,]\d{1,6})?)[ ]{0,2}"
    r"(ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|µs|us)\b", re.I
)  # fmt: skip
_UNITS = {"ms": 0.001, "mse": 0.001, "mil": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0,
          "hr": 3600.0, "hrs": 3600.0, "hou": 3600.0, "µs": 1e-6, "us": 1e-6}  # fmt: skip
_QUANTILE = regex(
    r"\bp[ ]?(\d\d(?:[.,]\d{1,2}|\d)?)(?![\d%])|\b(\d\d(?:[.,]\d{1,2})?)(?:th|st|nd|rd)?[ -]percentile", re.I
)
_MEDIAN = regex(r"\bmedian\b", re.I)
_NINES = regex(r"\b(two|three|four|five|six|[2-6])[ -]nines\b", re.I)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_COMPARATORS = (
    ("<=", regex(r"<=|=<|≤|\bat most\b|\bmax(?:imum)?\b|\bup to\b|\bno more than\b|\bwithin\b", re.I)),
    (">=", regex(r">=|=>|≥|\bat least\b|\bmin(?:imum)?\b|\bno less than\b", re.I)),
    ("<", regex(r"<|\bless than\b|\bunder\b|\bbelow\b|\bfaster than\b", re.I)),
    (">", regex(r">|\bmore than\b|\bover\b|\babove\b|\bgreater than\b", re.I)),
)
_ASIDE = regex(r"\([^()]{0,200}\)")
_PARTS = regex(r"[ ]/[ ]|;|,[ ]|[ ]and[ ]|[ ]\+[ ]|[ ]&[ ]", re.I)
_WINDOW = regex(r"(?<![\d.])(\d{1,4})[ -]{0,2}(m|min|minutes?|h|hours?|d|days?|w|weeks?|months?|quarters?)\b", re.I)
_SPANS = {"m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86_400, "day": 86_400, "w": 604_800,
          "week": 604_800, "month": 2_592_000, "quarter": 7_776_000}  # fmt: skip
_NAMED_SPANS = {"daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "per month": 2_592_000,
                "quarterly": 7_776_000}  # fmt: skip

_NOT_BARE = regex(r"[A-Za-z]{3}")  # words: what their number counts, nobody can tell
LIKELY = 0.5  # a share below it is one of failures, above it one of what went well


class Target(NamedTuple):
    """What is promised: `limit` in the base unit (of availability the least ratio, of errors the greatest, of a latency
    seconds), None where the words do not say it in a way that can be compared."""

    indicator: Indicator
    comparator: str
    limit: float | None
    quantile: float | None = None


def with_unit(target: str, *beside: str) -> str:
    """A target with the unit that its column says (`Target (ms)`), or that its number can only have (`99.9`)."""
    found = _BARE.search(target)
    if found is None or _PERCENT.search(target) or _DURATION.search(target) or _NINES.search(target):
        return target
    number = float(found[1].replace(",", "."))
    said = next((unit for words in beside for unit, pattern in _HEADED if pattern.search(words)), "")
    if not said and about(" ".join(beside)) in ("availability", "error"):
        said = "%" if 50 < number <= 100 else "ratio" if LIKELY < number < 1 else ""
    if said == "ratio":
        return f"{target[: found.start()]}{number * 100:.10g}%{target[found.end() :]}"
    return f"{target[: found.end()]} {said}{target[found.end() :]}" if said else target


_BARE = regex(r"(?<![\w.,])(\d{1,7}(?:[.,]\d{1,9})?)(?![\w.,])")
_HEADED = (
    ("%", regex(r"%|\bper ?cent(?:age)?\b|\bpct\b", re.I)),
    ("ms", regex(r"\bms\b|\bmillis(?:econds)?\b", re.I)),
    ("s", regex(r"\b(?:s|sec|secs|seconds)\b", re.I)),
    ("ratio", regex(r"\bratio\b|\bfraction\b", re.I)),
)


def about(words: str) -> Indicator:
    """What an indicator is about: whatever its words name first."""
    words = words.replace("_", " ")
    found = [
        (match.start(), at) for at, (_, pattern) in enumerate(_ABOUT) for match in [pattern.search(words)] if match
    ]
    return _ABOUT[min(found)[1]][0] if found else "other"


def targets(indicator: str, target: str) -> list[Target]:
    """What a row of a table promises, by the words of its indicator and of its target; empty where it has no number."""
    indicator, target = indicator[:500].replace("_", " "), target[:500].replace("_", " ")
    plain = _ASIDE.sub(" ", target)
    if not _states(plain):
        plain = target
    parts = [part for part in _PARTS.split(plain) if _states(part)]
    return [_target(indicator, part, alone=len(parts) == 1) for part in parts[:4]]


def _states(text: str) -> bool:
    bare = _BARE.search(text)
    said = any(pattern.search(text) for pattern in (_PERCENT, _DURATION, _NINES))
    return said or (bare is not None and not _NOT_BARE.search(text))


def _target(indicator: str, text: str, alone: bool) -> Target:
    kind = about(indicator) if alone or about(text) == "other" else about(text)
    kind = about(text) if kind == "other" and about(indicator) == "other" and not _named(indicator) else kind
    comparator = next((sign for sign, pattern in _COMPARATORS if pattern.search(text)), "")
    share = percent(text)
    if kind == "latency":
        return _latency(indicator, text, share, comparator)
    if kind == "error":
        return _errors(f"{indicator} {text}", share, comparator)
    if kind == "availability" and share is not None and share > LIKELY and comparator[:1] != "<":
        return Target(kind, comparator or ">=", share)
    return Target("other", comparator, None)


def _named(words: str) -> bool:
    """Whether an indicator is said to be something that we do not compare."""
    return _ABOUT[0][1].search(words) is not None


def _latency(indicator: str, text: str, share: float | None, comparator: str) -> Target:
    limit = seconds(text)
    bound = limit if limit is not None else seconds(indicator)
    said = quantile(text) or (share if limit is not None else None) or quantile(indicator)
    if bound is None or (comparator[:1] == ">" and limit is not None):
        return Target("latency", comparator, None, said)
    return Target("latency", comparator if comparator[:1] == "<" else "<", bound, said or share)


def _errors(words: str, share: float | None, comparator: str) -> Target:
    if share is None:
        return Target("error", comparator, None)
    if share > LIKELY:
        good = comparator[:1] != "<" and not (comparator[:1] == ">" and not _SUCCEEDS.search(words))
        return Target("error", "<=", round(1 - share, 12) if good else None)
    if comparator[:1] == ">" or _SUCCEEDS.search(words):
        return Target("error", comparator, None)
    return Target("error", comparator or "<", share)


def percent(text: str) -> float | None:
    """The first percentage as a ratio, nines in words included."""
    found = _PERCENT.search(text)
    if found:
        return round(float(found[1].replace(",", ".")) / 100, 12)
    nines = _NINES.search(text)
    if nines:
        number = _NUMBERS.get(nines[1].lower()) or int(nines[1])
        return round(1 - 10.0**-number, 12)
    return None


def seconds(text: str) -> float | None:
    """The first duration in seconds."""
    found = _DURATION.search(text)
    if not found:
        return None
    unit = found[2].lower()
    factor = _UNITS.get(unit[:3]) or _UNITS.get(unit[:2]) or _UNITS.get(unit[:1])
    return float(found[1].replace(",", ".")) * factor if factor else None


def quantile(text: str) -> float | None:
    """The percentile that is named, as a share: p95, p99.9, p999, 95th percentile, median."""
    found = _QUANTILE.search(text)
    if found:
        digits = (found[1] or found[2]).replace(",", ".")
        number = float(digits) / (1000 if len(digits) == 3 and "." not in digits else 100)
        return round(number, 6) if 0 < number < 1 else None
    return 0.5 if _MEDIAN.search(text) else None


_MEASURED = regex(
    r"\b(?:latenc(?:y|ies)|response times?|durations?|percentile|p ?\d\d(?:[.,]?\d)?|error(?:s| rate| ratio)?"
    r"|failure rate|success(?:ful)?(?: rate)?|availab\w{2,8}|uptime|requests?|rate|ratio|slo|sli|\d{1,5} ?m?s)\b", re.I
)  # fmt: skip


def subject(indicator: str) -> str:
    """What is left of an indicator's words without what is measured: `Gateway availability` is of a gateway."""
    plain = _MEASURED.sub(" ", _ASIDE.sub(" ", indicator[:200].replace("_", " ")))
    return " ".join(re.findall(r"[^\W\d_]+", plain))


def window(text: str) -> float | None:
    """What an objective is measured over, in seconds."""
    text = text[:300].lower()
    found = _WINDOW.search(text)
    if found:
        return float(found[1]) * _SPANS[found[2].rstrip("s") or "s"]
    return next((float(span) for name, span in _NAMED_SPANS.items() if name in text), None)
