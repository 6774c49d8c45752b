"""The head of the page: whose readiness, the verdict in words, what it is about, and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gatekeeper.audit import Report
from gatekeeper.gates import Status
from gatekeeper.renderers.page.gates import WORST_FIRST
from gatekeeper.renderers.page.markup import (
    NOTHING,
    Markup,
    anchor,
    badge,
    code,
    counted,
    element,
    joined,
    pairs,
    text,
)

BEST_FIRST = tuple(reversed(WORST_FIRST[:-1]))


def title(report: Report) -> str:
    return report.settings.service.name or "this repository"


def header(report: Report) -> Markup:
    verdict = element("p", text(report.verdict), class_=f"verdict {anchor(report.verdict)}")
    words = element("p", text(_explained(report)), class_="explained")
    judged = report.shown.table
    return element(
        "header",
        element("p", text("gatekeeper"), class_="brand"),
        element("h1", text(title(report))),
        *((verdict, words) if judged else ()),
        pairs(_facts(report)),
        _counts(report) if judged else NOTHING,
    )


def _explained(report: Report) -> str:
    """Why that is the verdict."""
    gates = Counter(gate.status for gate in report.gates)
    open_ = sum(1 for gate in report.gates if gate.required and gate.status is Status.UNKNOWN)
    said = [
        (gates[Status.FAIL], "fails", "fail"),
        (gates[Status.ERROR], "could not be judged", "could not be judged"),
        (open_, "is not proven and has to be", "are not proven and have to be"),
        (gates[Status.WAIVED], "is waived", "are waived"),
    ]
    parts = [f"{counted(number, 'gate')} {one if number == 1 else many}" for number, one, many in said if number]
    return "; ".join(parts) or "no gate stands in the way"


def _facts(report: Report) -> Iterable[tuple[str, Markup]]:
    commit, service = report.commit, report.settings.service
    state = " (dirty: tracked files differ from it)" if commit and commit.dirty else ""
    yield "Commit", joined((code(commit.id), text(state))) if commit else text("none: not checked out by git")
    yield "Profile", text(report.profile)
    yield "Level of service", text(service.level)
    yield "Owner", text(service.owner)
    yield "Judged on", element("time", text(str(report.project.today)), datetime=str(report.project.today))
    yield "Settings relax", text("; ".join(report.relaxed))
    yield "By", text(f"gatekeeper {report.version}, {counted(len(report.rules), 'rule')}")


def _counts(report: Report) -> Markup:
    criteria = Counter(criterion.status for gate in report.gates for criterion in gate.criteria)
    gates = Counter(gate.status for gate in report.gates)
    asked = sum(criteria[status] for status in BEST_FIRST)
    decided = asked - criteria[Status.UNKNOWN] - criteria[Status.ERROR]
    share = f" ({decided * 100 // asked} %)" if asked else ""
    head = ("Status", "Gates", "Criteria")
    rows = (
        element("tr", element("th", badge(status.value), scope="row"), *_cells(gates[status], criteria[status]))
        for status in WORST_FIRST
        if gates[status] or criteria[status]
    )
    table = element(
        "table",
        element("thead", element("tr", *(element("th", text(word), scope="col") for word in head))),
        element("tbody", *rows),
        class_="counts",
        aria_label="Counts",
    )
    words = element("p", text(f"{decided} of {counted(asked, 'criterion', 'criteria')} decided{share}"))
    return element("div", words, _bar(criteria), table, class_="tally")


def _cells(*numbers: int) -> Iterable[Markup]:
    return (element("td", text(str(number))) for number in numbers)


def _bar(criteria: Counter[Status]) -> Markup:
    """The criteria by status, best first, each as wide as their share. Says nothing that the table does not."""
    at, pieces = 0, []
    for status in BEST_FIRST:
        width = criteria[status]
        pieces.append(
            element("rect", x=str(at), y="0", width=str(width), height="1", class_=anchor(status.value))
            if width
            else NOTHING
        )
        at += width
    return element("svg", *pieces, viewBox=f"0 0 {max(at, 1)} 1", preserveAspectRatio="none", aria_hidden="true")
