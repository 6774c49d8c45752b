"""What a repository's settings ask less of it than would be asked without them: said in every report, never hidden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from gatekeeper.rule import SEVERITIES, Rule
from gatekeeper.settings import BINDINGS, EvidenceSettings, Settings, Thresholds

_LESS_IS_STRICTER = ("critical", "high", "max_age", "drift_max_age", "api_max_age")


def relaxed(settings: Settings, rules: Iterable[Rule]) -> Iterator[str]:
    """Each relaxation in a few words; `rules` are those there are, with the severity they have by themselves."""
    yield from _rules(settings, {rule.id: rule.severity for rule in rules})
    if settings.select:
        yield f"judges only {', '.join(settings.select)}"
    if settings.ignore:
        yield f"ignores {', '.join(settings.ignore)}"
    if settings.exclude:
        yield f"excludes {', '.join(settings.exclude)}"
    if settings.fail_on:
        yield f"fail_on: {settings.fail_on}, for every gate"
    if settings.environments.nonproduction:
        yield f"takes {', '.join(settings.environments.nonproduction)} for no production"
    if settings.service.level == "C":
        yield "level C"
    for profile in settings.evidence.accept:
        asked, usual = settings.evidence.weakest(profile), EvidenceSettings().weakest(profile)
        if BINDINGS.index(asked) < BINDINGS.index(usual):
            yield f"{profile} accepts evidence that is {asked}, not {usual}"
    yield from _thresholds("thresholds", settings.thresholds, Thresholds())


def _rules(settings: Settings, usual: dict[str, str]) -> Iterator[str]:
    for name, changed in settings.rules.items():
        if changed.severity == "off":
            yield f"{name} is off"
        elif changed.severity and name in usual and _rank(changed.severity) < _rank(usual[name]):
            yield f"{name} counts as {changed.severity}, not {usual[name]}"


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _thresholds(path: str, asked: msgspec.Struct, usual: msgspec.Struct) -> Iterator[str]:
    for field in msgspec.structs.fields(asked):
        value, default = getattr(asked, field.name), getattr(usual, field.name)
        name = f"{path}.{field.name}"
        if isinstance(value, msgspec.Struct):
            yield from _thresholds(name, value, default)
        elif _less(field.name, value, default):
            shown = ", ".join(value) if isinstance(value, list) else f"{value:g}, not {default:g}"
            yield f"{name}: {shown}"


def _less(name: str, value: Any, default: Any) -> bool:
    """Whether a threshold asks less than it does by itself. A budget or a latency has no value of its own."""
    if name == "leave_out":
        return bool(value)
    if name == "min":
        return bool(value < default)
    return name in _LESS_IS_STRICTER and bool(value > default)
