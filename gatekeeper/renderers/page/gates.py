"""The gate table, and below each gate its criteria with what they rest on and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gatekeeper.audit import Report
from gatekeeper.gates import Criterion, Gate, Status
from gatekeeper.renderers.page.findings import Findings
from gatekeeper.renderers.page.markup import (
    NOTHING,
    Markup,
    Section,
    anchor,
    badge,
    code,
    counted,
    element,
    joined,
    text,
)
from gatekeeper.renderers.page.proof import Proofs

SETTLED = (Status.PASS, Status.NOT_APPLICABLE)  # need no look, and begin closed


def section(report: Report, findings: Findings) -> Section:
    """The table of all gates."""
    proofs = Proofs(report)
    head = (element("th", text(word), scope="col") for word in ("Gate", "Criteria", "Result", "Status"))
    bodies = (_gate(gate, proofs, None if report.shown.quiet else findings) for gate in report.gates)
    table = element("table", element("thead", element("tr", *head)), *bodies, class_="gates", aria_label="Gates")
    return Section("gates", "Gates", table if report.gates else NOTHING)


def _gate(gate: Gate, proofs: Proofs, findings: Findings | None) -> Markup:
    row = element(
        "tr",
        element("th", text(gate.title), scope="row"),
        element("td", text(gate.statement), class_="statement"),
        element("td", text(gate.result), class_="result"),
        element("td", badge(gate.status.value), class_="status"),
    )
    summary = element("summary", text(_census(gate.criteria)))
    worst_first = sorted(gate.criteria, key=lambda each: WORST_FIRST.index(each.status))
    details = element(
        "details", summary, *(_criterion(gate, each, proofs, findings) for each in worst_first), class_="gate"
    )
    inside = element("tr", element("td", details, colspan="4"), class_="inside")
    return element("tbody", row, inside, id=anchor(gate.id))


def _census(criteria: Iterable[Criterion]) -> str:
    """How many criteria, and what they came to, worst first."""
    statuses = Counter(criterion.status for criterion in criteria)
    counts = [f"{statuses[status]} {status.value}" for status in WORST_FIRST if statuses[status]]
    return f"{counted(statuses.total(), 'criterion', 'criteria')}: {', '.join(counts)}"


WORST_FIRST = (
    Status.FAIL,
    Status.ERROR,
    Status.UNKNOWN,
    Status.WAIVED,
    Status.ATTESTED,
    Status.PASS,
    Status.NOT_APPLICABLE,
)


def _criterion(gate: Gate, criterion: Criterion, proofs: Proofs, findings: Findings | None) -> Markup:
    heading = element("h3", text(criterion.statement), Markup(" "), code(criterion.id))
    result = element("span", text(criterion.result), class_="result")
    summary = element("summary", badge(criterion.status.value), Markup(" "), heading, Markup(" "), result)
    found = findings.of(criterion.id, criterion) if findings else NOTHING
    return element(
        "details",
        summary,
        element("div", proofs.of(criterion), found, class_="body"),
        class_="criterion",
        id=address(gate, criterion),
        data_status=criterion.status.value,
        open=criterion.status not in SETTLED,
    )


def address(gate: Gate, criterion: Criterion) -> str:
    """The fragment at which a criterion stands on the page."""
    return anchor(f"{gate.id}.{criterion.id}")


def open_questions(report: Report) -> Section:
    """What is not proven, and what would settle it."""
    number = sum(criterion.open for gate in report.gates for criterion in gate.criteria)
    return Section("not-proven", f"Not proven ({number})", joined(map(_open, report.gates)))


def _open(gate: Gate) -> Markup:
    items = [_question(gate, criterion) for criterion in gate.criteria if criterion.open]
    return joined((element("h3", text(gate.title)), element("ul", *items, class_="open"))) if items else NOTHING


def _question(gate: Gate, criterion: Criterion) -> Markup:
    why = ", ".join(filter(None, (criterion.result, criterion.reason)))
    return element(
        "li",
        badge(criterion.status.value),
        Markup(" "),
        element("a", text(criterion.statement), href=f"#{address(gate, criterion)}"),
        element("p", text(why), class_="why"),
        element("p", text(f"next: {criterion.next_step}"), class_="next") if criterion.next_step else NOTHING,
    )
