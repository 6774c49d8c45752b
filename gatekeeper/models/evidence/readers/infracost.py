"""Infracost's JSON (`infracost breakdown --format json`): what each resource costs in a month.

https://www.infracost.io/docs/features/cli_commands/ has the command. Amounts are decimals in strings. What depends on
use has none: it is counted as unpriced, as is what has no price in the list and what Infracost does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import fsum
from typing import Annotated

from msgspec import Meta, Struct

from gatekeeper.models.evidence import json_text, reported
from gatekeeper.models.evidence.artifact import Artifact, Unusable
from gatekeeper.models.evidence.facts import Estimate, Facts, Price

_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,40})?")
_CENT = 0.01
_DEEPEST = 50
_TOP = {"currency", "totalMonthlyCost", "totalHourlyCost", "diffTotalMonthlyCost", "timeGenerated"}


class _Part(Struct, rename="camel"):
    name: str = ""
    monthly_cost: str | None = None
    price_not_found: bool = False


class _Resource(Struct, rename="camel"):
    name: str
    resource_type: str | None = None
    monthly_cost: str | None = None
    cost_components: list[_Part] | None = None
    subresources: list[_Resource] | None = None


class _Breakdown(Struct, rename="camel"):
    resources: list[_Resource]


class _Past(Struct):
    resources: list[_Resource] | None = None


class _Trouble(Struct):
    message: str = ""


class _ProjectMetadata(Struct):
    errors: list[_Trouble] | None = None


class _Project(Struct, rename="camel"):
    name: str = ""
    metadata: _ProjectMetadata | None = None
    breakdown: _Breakdown | None = None
    past_breakdown: _Past | None = None


class _Metadata(Struct, rename="camel"):
    vcs_commit_sha: str | None = None


class _Summary(Struct, rename="camel"):
    total_unsupported_resources: Annotated[int, Meta(ge=0, le=10**9)] | None = None


class _Report(Struct, rename="camel"):
    currency: str
    projects: list[_Project]
    total_monthly_cost: str | None
    metadata: _Metadata | None = None
    time_generated: str | None = None
    summary: _Summary | None = None


def recognises(artifact: Artifact) -> bool:
    keys = json_text.keys(artifact.head)
    if keys.get("projects", "").strip("[") or "projects" not in keys:
        return False
    return bool(keys.keys() & _TOP) or b'"pastBreakdown"' in artifact.head or b'"breakdown"' in artifact.head


def read(artifact: Artifact) -> Iterator[Facts]:
    report = artifact.json(_Report)
    if not re.fullmatch(r"[A-Z]{3}", report.currency):
        said = reported.words(report.currency, 20)
        raise Unusable("unreadable", f"the currency is {said!r}; three letters as in USD were expected")
    resources = [resource for project in report.projects for resource in _resources(project)]
    if not resources:
        raise Unusable("empty", "no resource was estimated")
    sums = [_Sum(resource) for resource in resources]
    total, parts = _total([one.monthly for one in sums]), sum(one.priced for one in sums)
    _compare("the total", report.total_monthly_cost, total, parts)
    past = [each.past_breakdown.resources or [] for each in report.projects if each.past_breakdown is not None]
    unsupported = report.summary.total_unsupported_resources if report.summary else None
    yield Estimate(
        tool="Infracost",
        commit=reported.revision(report.metadata.vcs_commit_sha) if report.metadata else "",
        made=reported.moment(report.time_generated),
        currency=report.currency,
        total=total,
        unpriced=sum(one.unpriced for one in sums) + (unsupported or 0),
        unfound=sum(one.unfound for one in sums),
        unsupported=unsupported or 0,
        before=_total([_Sum(resource).monthly for resources in past for resource in resources]),
        rows=tuple(one.price for one in sums),
    )


def _resources(project: _Project) -> list[_Resource]:
    errors = project.metadata.errors if project.metadata else None
    name = reported.words(project.name, 60) or "a project"
    if errors:
        said = reported.words(errors[0].message) or "it does not say why"
        raise Unusable("tool-error", f"Infracost did not estimate {name}: {said}")
    if project.breakdown is None:
        raise Unusable("unreadable", f"{name} has no `breakdown`: it was not estimated")
    return project.breakdown.resources


class _Sum:
    """One resource, recounted from its parts: the sum of those with a price, and how many have one and have none."""

    def __init__(self, resource: _Resource) -> None:
        self.resource = resource
        self.priced = self.unpriced = self.unfound = 0
        self.monthly = self._add(resource)

    @property
    def price(self) -> Price:
        kind = self.resource.resource_type or self.resource.name.rpartition(".")[0].rpartition(".")[2]
        return Price(reported.words(self.resource.name), reported.words(kind, 80), self.monthly)

    def _add(self, resource: _Resource, depth: int = 0) -> float | None:
        if depth > _DEEPEST:
            raise Unusable("unreadable", f"resources nest more than {_DEEPEST} deep")
        parts = resource.cost_components or []
        below = resource.subresources or []
        before = self.priced
        if not parts and not below:
            return self._count(_amount(resource.monthly_cost, resource.name))
        amounts = [
            self._count(None if part.price_not_found else _amount(part.monthly_cost, part.name)) for part in parts
        ]
        self.unfound += sum(part.price_not_found for part in parts)
        amounts += [self._add(one, depth + 1) for one in below]
        total = _total(amounts)
        _compare(reported.words(resource.name, 80), resource.monthly_cost, total, self.priced - before)
        return total

    def _count(self, amount: float | None) -> float | None:
        self.priced += amount is not None
        self.unpriced += amount is None
        return amount


def _total(amounts: list[float | None]) -> float | None:
    priced = [amount for amount in amounts if amount is not None]
    return fsum(priced) if priced else None


def _amount(text: str | None, name: str) -> float | None:
    if text is None:
        return None
    if not _AMOUNT.fullmatch(text):
        said = f"{reported.words(name, 80)} costs {reported.words(text, 40)!r}"
        raise Unusable("unreadable", f"{said}; an amount of money that is not negative was expected")
    return float(text)


def _compare(what: str, claimed: str | None, counted: float | None, parts: int) -> None:
    """Raises `Unusable` for a sum that differs by more than a cent for each of its parts."""
    said = _amount(claimed, what)
    if abs((said or 0) - (counted or 0)) > _CENT * max(parts, 1):
        raise Unusable(
            "unreadable", f"{what} is said to be {said or 0:.2f} a month, but its parts come to {counted or 0:.2f}"
        )
