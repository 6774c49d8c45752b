"""The controls of the filter. They are hidden until the script, which makes them work, has run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gatekeeper.audit import Report
from gatekeeper.renderers.page.gates import WORST_FIRST
from gatekeeper.renderers.page.markup import NOTHING, Markup, element, text, void
from gatekeeper.rule import SEVERITIES


def controls(report: Report) -> Markup:
    """A field for words, a box for each status and severity that occurs, and what to open or close all with."""
    statuses = Counter(criterion.status.value for gate in report.gates for criterion in gate.criteria)
    severities = Counter(each.severity for each in report.findings)
    field = element(
        "label", text("Filter "), void("input", type="search", id="words", placeholder="rule, file, words"),
        class_="words",
    )  # fmt: skip
    return element(
        "div",
        field,
        _boxes("Status", "status", ((each.value, statuses[each.value]) for each in WORST_FIRST)),
        _boxes("Severity", "severity", ((each, severities[each]) for each in (*reversed(SEVERITIES), "off"))),
        element("p", _button("open", "Open all"), _button("close", "Close all"), class_="buttons"),
        element("p", id="shown", role="status"),
        role="search",
        class_="filter",
        id="filter",
        hidden=True,
    )


def _boxes(legend: str, name: str, choices: Iterable[tuple[str, int]]) -> Markup:
    boxes = [_box(name, value, number) for value, number in choices if number]
    return element("fieldset", element("legend", text(legend)), *boxes) if boxes else NOTHING


def _box(name: str, value: str, number: int) -> Markup:
    box = void("input", type="checkbox", name=name, value=value, checked=True)
    return element("label", box, text(f" {value} "), element("small", text(f"{number:,}")))


def _button(id: str, words: str) -> Markup:
    return element("button", text(words), type="button", id=f"{id}-all")
