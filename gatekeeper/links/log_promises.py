"""How long documents say that logs are kept, and how long what keeps them is set to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

from gatekeeper.links.judged import GENERATED
from gatekeeper.links.logs import log_places
from gatekeeper.links.resources import terraform_resources
from gatekeeper.models import Subject
from gatekeeper.models.docs import Document
from gatekeeper.models.prometheus import duration
from gatekeeper.node import Node, regex
from gatekeeper.parsers.markdown import Table
from gatekeeper.project import Project

if TYPE_CHECKING:
    from gatekeeper.models.telemetry import LokiConfig
    from gatekeeper.models.terraform import Resource

FOREVER = float("inf")
_MAY = regex(r"retention|retained|kept", re.IGNORECASE)
_KEPT = regex(r"retention|retained|\bkept\b|\bkeep\b", re.IGNORECASE)
_RETENTION = regex(r"retention", re.IGNORECASE)
_WHERE = regex(r"destination|kept in|\bwhere\b|\bstore|storage|\bsink|backend|location|\btarget|\bplace", re.IGNORECASE)
_LOGS = regex(r"\blog(?:s|ging)?\b", re.IGNORECASE)
_DURATION = regex(
    r"(?:>=|≥|at least|min\.?|minimum)?[ ]{0,3}(\d{1,6}(?:\.\d{1,3})?)[ -]{0,3}"
    r"(hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|mo|years?|yrs?|y)\.?(?:[ ]?\(.{0,200}\))?\Z", re.IGNORECASE
)  # fmt: skip
_EVER = regex(r"(?:for ?ever|indefinite(?:ly)?|unlimited|never expires?|infinite)\.?\Z", re.IGNORECASE)
_UNITS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.0, "y": 365.0}
_DESTINATIONS = (
    ("cloudwatch", regex(r"cloud ?watch", re.IGNORECASE)),
    ("loki", regex(r"\bloki\b", re.IGNORECASE)),
    ("s3", regex(r"\bs3\b", re.IGNORECASE)),
    ("azure", regex(r"log analytics|azure monitor", re.IGNORECASE)),
    ("google", regex(r"cloud logging|stackdriver", re.IGNORECASE)),
)
_TYPES = {
    "cloudwatch": "aws_cloudwatch_log_group",
    "azure": "azurerm_log_analytics_workspace",
    "google": "google_logging_project_bucket_config",
}


class Promise(NamedTuple):
    """What a row of a table says: of which logs, in which destinations, kept for how many days."""

    source: Node
    destinations: tuple[str, ...]
    words: str
    days: float
    at: Node


class Kept(NamedTuple):
    """How long one place is set to keep logs, in days; None where that is not known."""

    name: str
    days: float | None
    at: Node


def promises(document: Document) -> list[Promise]:
    """The rows about logs that say how long they are kept."""
    text = document.source.text
    if not _MAY.search(text) or GENERATED in text:
        return []
    if not any("|" in line and _KEPT.search(line) for line in document.source.lines):
        return []  # no table with such a column
    return [each for table in document.parts.tables for each in _rows(table, _about_logs(table, document))]


def _about_logs(table: Table, document: Document) -> bool:
    """Whether a table speaks of logs: one of its columns does, or the heading above it."""
    if any(_LOGS.search(cell.text) for cell in table.header):
        return True
    around = [each for each in document.parts.sections if each.holds(table.node)]
    return bool(around) and _LOGS.search(around[-1].heading.text) is not None


def _rows(table: Table, about_logs: bool) -> Iterator[Promise]:
    kept = _column(table, _RETENTION) if _column(table, _RETENTION) >= 0 else _column(table, _KEPT)
    where = next((at for at, cell in enumerate(table.header) if at != kept and _WHERE.search(cell.text)), -1)
    for row in table.rows if kept >= 0 else ():
        if len(row) <= max(kept, where):
            continue
        days = days_of(row[kept].text)
        said = (row[where].text if where > 0 else "", row[0].text, row[kept].text.partition("(")[2])
        words, named = next(((text, found) for text in said if (found := _named(text))), ("", ()))
        # Loki keeps nothing but logs; of the others a row must say that it means logs.
        if days is not None and named and (about_logs or named == ("loki",) or _LOGS.search(row[0].text)):
            yield Promise(row[0], named, words if words != said[2] else ", ".join(named), days, row[kept])


def _named(text: str) -> tuple[str, ...]:
    return tuple(name for name, pattern in _DESTINATIONS if pattern.search(text))


def _column(table: Table, pattern: re.Pattern[str]) -> int:
    return next((at for at, cell in enumerate(table.header) if pattern.search(cell.text)), -1)


def days_of(text: str) -> float | None:
    """A time in days (`30 days`, `1 year`, `forever`); None for what is none."""
    text = text.strip()
    if _EVER.match(text):
        return FOREVER
    found = _DURATION.match(text)
    return float(found[1]) * _UNITS[found[2][0].lower()] if found else None


def _go_days(text: str) -> float | None:
    """A duration of Loki's (`744h`, `30d`) in days; 0 is for ever."""
    seconds = duration(text)
    if seconds is None:
        return None
    return seconds / 86_400 if seconds else FOREVER


def kept_in(destination: str, project: Project) -> list[Kept]:
    """The places of one kind that are declared here, and how long each keeps what it holds."""
    if destination == "loki":
        return list(_lokis(project))
    if destination == "s3":
        return list(_buckets(project))
    return [
        Kept(_text(each.name), _days(each.days, each.forever), each.at)
        for each in log_places(project)
        if each.type == _TYPES[destination]
    ]


def _days(node: Node, forever: bool) -> float | None:
    if forever:
        return FOREVER
    number = node.number if node.known and node.present else None
    if number is None:
        return 30.0 if not node.present else None  # what Azure and Google keep where nothing is said
    return float(number) if number else FOREVER


def _lokis(project: Project) -> Iterator[Kept]:
    kind = Subject.registry.get("telemetry.LokiConfig")
    for each in cast("list[LokiConfig]", project.all(kind)) if kind else ():
        enabled, period = each.enabled, each.period
        on = enabled.known and enabled.text.lower() in ("true", "yes", "on")
        days = FOREVER if not on or not period.present else _go_days(period.text)
        open_ = each.by_stream or (each.home.merged and not (on and period.present))
        yield Kept(each.name, None if open_ else days, period if period.present else each.node)


def _buckets(project: Project) -> Iterator[Kept]:
    """Buckets that are called after logs and have a lifecycle, which is what deletes from them."""
    for each in terraform_resources(project):
        if each.type == "aws_s3_bucket_lifecycle_configuration" and re.search(r"log|audit|trail", each.name.lower()):
            yield Kept(each.name, _expires(each), Node(each.name, each.node.source, each.span))


def _expires(lifecycle: Resource) -> float | None:
    rules = lifecycle.node["rule"]
    listed = list(rules) if rules.is_list else [rules] if rules.is_mapping else []
    found: list[float] = []
    for rule in listed:
        if rule["status"].known and rule["status"].text == "Disabled":
            continue
        if _of_some(rule):
            return None
        expiration = rule["expiration"]
        expiration = expiration[0] if expiration.is_list else expiration
        days = expiration["days"]
        if expiration.present and not (days.known and days.present and days.number):
            return None
        if expiration.present and days.number:
            found.append(float(days.number))
    return min(found) if found else FOREVER


def _of_some(rule: Node) -> bool:
    """Whether a rule of a lifecycle is about some objects only."""
    chosen = rule["filter"][0] if rule["filter"].is_list else rule["filter"]
    prefix = chosen["prefix"] if chosen["prefix"].present else rule["prefix"]
    others = any(chosen[name].present for name in ("and", "tag", "object_size_greater_than", "object_size_less_than"))
    return others or (prefix.present and not (prefix.known and not prefix.text))


def _text(node: Node) -> str:
    return node.text if node.known else node.expression.text if node.expression else ""
