"""JUnit XML, for the test tab of a CI server: a gate is a test suite, a criterion a test case.

FAIL is a failure; UNKNOWN and ERROR are errors, because they are not passed; WAIVED and N/A are skipped.
"""

from __future__ import annotations

from gatekeeper.audit import Report
from gatekeeper.gates import Criterion, Gate, Status
from gatekeeper.renderers.places import is_repository
from gatekeeper.renderers.sanitise import visible, xml_text
from gatekeeper.waivers import Reported

_ELEMENTS = {
    Status.FAIL: "failure",
    Status.UNKNOWN: "error",
    Status.ERROR: "error",
    Status.WAIVED: "skipped",
    Status.NOT_APPLICABLE: "skipped",
}


def render(report: Report) -> str:
    every = [criterion for gate in report.gates for criterion in gate.criteria]
    suites = "\n".join(_suite(gate, report) for gate in report.gates)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="gatekeeper"{_counts(every)}>\n{suites}\n</testsuites>\n'
    )


def _counts(criteria: list[Criterion] | tuple[Criterion, ...]) -> str:
    kinds = [_ELEMENTS.get(criterion.status) for criterion in criteria]
    failures, errors, skipped = (kinds.count(kind) for kind in ("failure", "error", "skipped"))
    return f' tests="{len(kinds)}" failures="{failures}" errors="{errors}" skipped="{skipped}"'


def _suite(gate: Gate, report: Report) -> str:
    cases = "\n".join(_case(gate, criterion, report) for criterion in gate.criteria)
    return f'  <testsuite name="{xml_text(gate.title)}"{_counts(gate.criteria)}>\n{cases}\n  </testsuite>'


def _case(gate: Gate, criterion: Criterion, report: Report) -> str:
    name = xml_text(f"{criterion.id}: {criterion.statement}")
    opening = f'    <testcase classname="{xml_text(gate.id)}" name="{name}"'
    element = _ELEMENTS.get(criterion.status)
    if element is None:
        return f"{opening}/>"
    message = xml_text(", ".join(filter(None, (criterion.status.value, criterion.result, criterion.reason))))
    kind = "" if element == "skipped" else f' type="{criterion.status.value}"'
    body = xml_text("\n".join(_lines(criterion, report)))
    inner = f'      <{element} message="{message}"{kind}>{body}</{element}>'
    return f"{opening}>\n{inner}\n    </testcase>"


def _lines(criterion: Criterion, report: Report) -> list[str]:
    lines = [_line(each) for each in report.findings if each.rule.id == criterion.id]
    return [*lines, f"next: {criterion.next_step}"] if criterion.next_step else lines


def _line(each: Reported) -> str:
    where = "repository" if is_repository(each.at) else f"{visible(each.at.source.path)}:{each.at.span.line}"
    return f"{where}: {each.severity}: {visible(each.finding.message)}{' (waived)' if each.waiver else ''}"
